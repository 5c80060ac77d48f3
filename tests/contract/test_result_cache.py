"""What every ResultCache promises."""

import pytest

from controller.model.digest import digest_bytes
from tests.contract.machine import Machine
from tests.contract.scenarios import KEY, entry
from tests.fakes.clock import START

OTHER = digest_bytes(b"other key")


@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "waiting"])
def test_an_entry_is_found_by_its_key(machine: Machine, flushed: bool) -> None:
    cache = machine.stores.cache
    cache.put(entry())
    if flushed:
        machine.stores.ledger.flush()
    assert cache.get(KEY, START) == entry()
    assert cache.get(OTHER, START) is None


@pytest.mark.requirement("DEF-039")
@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "waiting"])
@pytest.mark.parametrize(("after", "found"), [(0, True), (599_999, True), (600_000, False), (10**12, False)])
def test_an_entry_expires(machine: Machine, flushed: bool, after: int, found: bool) -> None:
    cache = machine.stores.cache
    cache.put(entry(ttl=600_000))
    if flushed:
        machine.stores.ledger.flush()
    assert (cache.get(KEY, START + after) is not None) is found


def test_a_hit_does_not_lengthen_its_life(machine: Machine) -> None:
    cache = machine.stores.cache
    cache.put(entry(ttl=1000))
    for after in (100, 500, 999):
        assert cache.get(KEY, START + after) is not None
        machine.stores.ledger.flush()
    assert cache.get(KEY, START + 1000) is None


def test_a_newer_entry_replaces_an_older_one(machine: Machine) -> None:
    cache = machine.stores.cache
    newer = entry(stored_at=START + 5000)._replace(run="run-2")
    cache.put(entry(ttl=1000))
    machine.stores.ledger.flush()
    cache.put(newer)
    assert cache.get(KEY, START + 5000) == newer
    machine.stores.ledger.flush()
    assert cache.get(KEY, START + 5000) == newer


def test_entries_survive_the_process_and_serve_others(machine: Machine) -> None:
    machine.stores.cache.put(entry())
    machine.stores.ledger.flush()
    assert machine.another().cache.get(KEY, START) == entry()


def test_the_least_recently_used_is_dropped(machine: Machine) -> None:
    cache = machine.stores.cache
    keys = [digest_bytes(b"%d" % number) for number in range(2003)]
    for key in keys[:2000]:
        cache.put(entry(key))
    machine.stores.ledger.flush()
    assert cache.get(keys[0], START) is not None
    machine.stores.ledger.flush()
    for key in keys[2000:]:
        cache.put(entry(key))
    machine.stores.ledger.flush()
    dropped = [number for number, key in enumerate(keys) if cache.get(key, START) is None]
    assert dropped == [1, 2, 3]
