"""Shards as Libretto wrote them once, byte by byte: every later one reads them. The file is never made anew."""

import json
from pathlib import Path
from typing import Any

from controller.adapters.cluster.ledger_store import Sealed
from controller.adapters.cluster.unsealing import joined
from controller.engine.evolve import fold
from controller.model.states import RunState
from tests.unit.engine.graphs import graph

GOLDEN = Path(__file__).parent / "golden" / "shards.json"


def test_a_merged_and_a_single_shard_of_schema_1_fold_to_the_same_state() -> None:
    kept: dict[str, Any] = json.loads(GOLDEN.read_text())
    sealed = Sealed(kept["sealed"]["sequence"], kept["sealed"]["head"], kept["sealed"]["count"])
    found = joined(kept["maps"], "RUN", sealed)
    assert [record.decode() for record in found.records] == kept["records"]
    assert found.contents == kept["contents"]
    state = fold(graph("a b<-a"), "RUN", found.records)
    assert (state.run, state.succeeded, state.chain.head) == (RunState.SUCCEEDED, 2, sealed.head)
