"""Nothing is wrong with what runs leave that crashed, lost steps, were undone, retried and aborted; and it can be told."""

import io

import orjson
import pytest

from controller.adapters.bundle import Container, encode
from controller.model.digest import Digest
from controller.runtime.outcomes_of import outcomes_of
from controller.runtime.proof.bundle import members, verify_bundle
from controller.runtime.proof.evidence import StoredEvidence
from controller.runtime.proof.verify import verify
from controller.runtime.report.gather import facts_of
from controller.runtime.report.markdown import to_markdown
from controller.runtime.report.page import to_page
from controller.runtime.report.values import report_value
from tests.dst.generate import generate
from tests.dst.search import stormy
from tests.fakes.ledger_store import InMemoryLedgerStore
from tests.fakes.object_store import InMemoryObjectStore

SEEDS = 60


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_run_through_a_storm_is_sound(seed: int) -> None:
    world = stormy(generate(seed), seed)
    world.play()
    disk = world.disk

    def content(digest: Digest) -> bytes | None:
        return disk.blobs.get(digest)

    evidence = StoredEvidence(
        world.spec, InMemoryObjectStore(disk), InMemoryLedgerStore(disk), content, lambda _, __: ()
    )
    verification = verify(evidence)
    assert verification.findings == []
    bundle = b"".join(encode(members(evidence, verification)))
    assert verify_bundle(Container(io.BytesIO(bundle))).findings == []
    facts = facts_of(evidence, verification, world.clock.now())
    assert to_page(facts).endswith("</html>\n")
    assert to_markdown(facts).startswith("# ")
    orjson.dumps(report_value(facts))
    assert outcomes_of(evidence, verification).semantic_digest == verification.runs[0].semantic
