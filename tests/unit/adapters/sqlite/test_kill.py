"""A writer that is killed at any moment: what it said is durable is there, and nothing is torn."""

import subprocess
import sys
from pathlib import Path

import pytest

from controller.adapters.sqlite import LocalStores
from controller.model.digest import digest_bytes
from tests.contract.machine import ROOT
from tests.contract.scenarios import record
from tests.fakes.clock import SettableClock

WRITER = """
import sys
from pathlib import Path
from controller.adapters.clock import SystemClock
from controller.adapters.sqlite import LocalStores
from tests.contract.scenarios import write
stores = LocalStores.open(Path(sys.argv[1]), SystemClock(), lambda _: True)
first = stores.ledger.head("run-1")[0] + 1
while True:
    for content in (b"small %d" % first, b"large %d" % first * 1000):
        stores.blobs.put(content)
    stores.ledger.append([write("run-1", first, 5)])
    stores.ledger.flush()
    first += 5
    print(first, flush=True)
"""


@pytest.mark.parametrize("groups", [[1, 2, 3], [30, 31, 7]], ids=["at the start", "while it seals"])
def test_what_was_acknowledged_survives(tmp_path: Path, groups: list[int]) -> None:
    for count in groups:
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(count):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
        stores = LocalStores.open(tmp_path, SettableClock(), lambda _: True)
        records = list(stores.ledger.read("run-1"))
        assert records == [record(number) for number in range(len(records))]
        assert len(records) >= acknowledged
        assert len(records) % 5 == 0
        for first in range(0, len(records), 5):
            for content in (b"small %d" % first, b"large %d" % first * 1000):
                assert stores.blobs.get(digest_bytes(content)) == content
        assert stores.database.rows("PRAGMA integrity_check") == [("ok",)]
        stores.close()
