"""What every ObjectStore promises."""

import pytest

from controller.errors import DiskFull, NotFound
from controller.model.digest import digest_bytes
from tests.contract import scenarios
from tests.contract.machine import Machine
from tests.contract.scenarios import command, decision, published, spec, write
from tests.fakes.clock import START


def test_a_run_is_created_once(machine: Machine) -> None:
    objects = machine.stores.objects
    first = spec(parameters={"x": 1})
    assert objects.create_run(first) is True
    assert objects.create_run(spec(parameters={"x": 2})) is False
    assert (objects.run("run-1"), objects.run("run-2")) == (first, None)


@pytest.mark.requirement("DEF-010")
def test_a_run_keeps_the_values_of_its_parameters(machine: Machine) -> None:
    machine.crash(scenarios.make_objects)
    run = machine.stores.objects.run("run-1")
    assert run is not None
    assert run.parameters == {"quarter": "Q3", "limit": 2.5, "tags": ["a", None]}


def test_runs_are_listed_newest_first_with_their_status(machine: Machine) -> None:
    objects = machine.stores.objects
    for uid, created_at in (("b", START + 1), ("a", START + 2), ("c", START), ("d", START + 1)):
        objects.create_run(spec(uid, created_at=created_at))
    last = write("c", 0, 2)
    machine.stores.ledger.append([last])
    listed = objects.runs()
    assert [run.uid for run, _ in listed] == ["a", "d", "b", "c"]
    assert [status for _, status in listed] == [None, None, None, last.status]


def test_children_are_listed_oldest_first(machine: Machine) -> None:
    objects = machine.stores.objects
    objects.create_run(spec("root"))
    for uid in ("z", "m", "a"):
        objects.create_run(spec(uid, root="root", parent="root", parent_step="load", parent_attempt=1))
    objects.create_run(spec("grandchild", root="root", parent="m"))
    assert [run.uid for run in objects.children("root")] == ["z", "m", "a"]
    assert [run.uid for run in objects.children("m")] == ["grandchild"]
    assert objects.children("a") == []


def test_a_removed_run_leaves_nothing(machine: Machine) -> None:
    stores = machine.stores
    for uid in ("run-1", "run-2"):
        stores.objects.create_run(spec(uid))
        stores.ledger.append([write(uid, 0, 200)])
        stores.decisions.submit(decision(uid))
        stores.decisions.submit(command(uid))
    stores.objects.delete_run("run-1")
    stores.objects.delete_run("unknown")
    assert [run.uid for run, _ in stores.objects.runs()] == ["run-2"]
    assert (stores.ledger.head("run-1")[0], stores.ledger.head("run-2")[0]) == (-1, 199)
    assert (list(stores.ledger.read("run-1")), stores.ledger.status("run-1")) == ([], None)
    assert (len(stores.decisions.pending("run-1")), len(stores.decisions.pending("run-2"))) == (0, 2)
    assert stores.objects.create_run(spec("run-1")) is True


@pytest.mark.requirement("DEF-059")
def test_publishing_inserts_or_replaces(machine: Machine) -> None:
    objects = machine.stores.objects
    assert objects.publish(published()) is True
    changed = published(created_at=START + 9, updated_at=START + 9)
    spec_ = {**changed.resource["spec"], "displayName": "Nightly load of the books", "description": "Rewritten"}
    changed = changed._replace(resource={**changed.resource, "spec": spec_})
    assert objects.publish(changed) is False
    (found,) = objects.definitions()
    assert (found.version, found.resource["spec"]) == ("1.0.0", spec_)
    assert (found.created_at, found.updated_at) == (START, START + 9)


def test_definitions_differ_by_kind_owner_organization_name_and_version(machine: Machine) -> None:
    objects = machine.stores.objects
    definitions = [
        published(kind="Agent", name="loader", version="", files={"load.py": digest_bytes(b"code")}),
        published(version="1.0.0"),
        published(version="1.0.0", owner="finance"),
        published(version="1.0.0", owner="finance", organization="europe"),
        published(version="1.1.0"),
        published(name="weekly"),
    ]
    assert [objects.publish(definition) for definition in reversed(definitions)] == [True] * 6
    assert sorted(objects.definitions()) == sorted(definitions)
    assert [(one.kind, one.name, one.version) for one in objects.definitions()] == [
        (one.kind, one.name, one.version) for one in definitions
    ]
    assert [one.kind for one in objects.definitions("Agent")] == ["Agent"]
    assert len(objects.definitions("Orchestration")) == 5


@pytest.mark.requirement("DEF-060")
@pytest.mark.parametrize("lifecycle", ["active", "deprecated", "archived", "draft"])
def test_a_definition_moves_through_its_lifecycle(machine: Machine, lifecycle: str) -> None:
    objects = machine.stores.objects
    definition = published()
    objects.publish(definition)
    objects.publish(published(version="2.0.0"))
    objects.set_lifecycle(definition, lifecycle, START + 5)
    assert objects.definitions() == [
        definition._replace(lifecycle=lifecycle, updated_at=START + 5),
        published(version="2.0.0"),
    ]


def test_what_is_not_published_has_no_lifecycle(machine: Machine) -> None:
    with pytest.raises(NotFound, match=r"nightly 1\.0\.0"):
        machine.stores.objects.set_lifecycle(published(), "active", START)


@pytest.mark.requirement("DEF-061")
def test_archiving_a_definition_does_not_reach_its_runs(machine: Machine) -> None:
    stores = machine.stores
    snapshot = stores.blobs.put(b'{"steps":["the old ones"]}')
    stores.objects.publish(published(lifecycle="active"))
    run = spec(snapshot=snapshot)
    stores.objects.create_run(run)
    stores.objects.publish(published(resource={"steps": ["the new ones"]}))
    stores.objects.set_lifecycle(published(), "archived", START + 1)
    assert [one.lifecycle for one in stores.objects.definitions()] == ["archived"]
    assert stores.objects.run("run-1") == run
    assert stores.blobs.get(run.snapshot) == b'{"steps":["the old ones"]}'


def test_objects_are_durable_at_once(machine: Machine) -> None:
    machine.crash(scenarios.make_objects)
    assert machine.stores.objects.run("run-1") is not None
    assert machine.stores.objects.definitions() == [published()]


def test_a_full_disk_refuses(machine: Machine) -> None:
    objects = machine.stores.objects
    large = {"text": "x" * 100_000}
    with machine.full():
        with pytest.raises(DiskFull):
            objects.create_run(spec(parameters=large))
        with pytest.raises(DiskFull):
            objects.publish(published(resource=large))
    assert (objects.runs(), objects.definitions()) == ([], [])
