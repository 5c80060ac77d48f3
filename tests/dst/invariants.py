"""What must hold of every world when it is over, whatever happened on the way."""

from collections import Counter

from controller.machine.chain import check
from controller.model.attempt import AttemptKey
from controller.model.record import Record, decode
from controller.model.states import Role
from controller.runtime.member import Member
from tests.dst.world import World


def violations(world: World) -> list[str]:
    """Return everything that is wrong with a world that has come to its end."""
    found = [f"{key} was started {times} times" for key, times in world.machine.launches.items() if times > 1]
    for member in world.members():
        if not member.state.run.settled:
            found.append(f"run {world.path(member.spec.uid)!r} is {member.state.run}")
        found += _ledger(world, member)
    return found + _slots(world) + _unrecorded(world)


def _ledger(world: World, member: Member) -> list[str]:
    report = check(world.disk.ledgers[member.spec.uid].records)
    if report.broken is not None:
        return [f"ledger of {member.spec.uid}: {report.broken}"]
    records = [link.record for link in report.links]
    return _order(member, records) + _once(records) + _decisions(records) + _children(world, member, records)


def _order(member: Member, records: list[Record]) -> list[str]:
    """No step starts before its dependencies are done."""
    done: set[str] = set()
    found = []
    for record in records:
        if record.step is None:
            continue
        step = record.step.partition("[")[0]
        if record.kind in ("StepStarted", "StepExpanded"):
            needed = {member.graph.steps[one].id for one in member.graph.steps[member.graph.by_id[step]].dependencies}
            if missing := needed - done:
                found.append(f"{record.step} started in record {record.seq} before {sorted(missing)}")
        if record.target in ("Succeeded", "Skipped") and "[" not in record.step:
            done.add(step)
    return found


def _unrecorded(world: World) -> list[str]:
    """Whatever was started is in the ledger, and nothing runs on when all is over."""
    kinds = {"StepStarted": Role.DO, "IntentRecorded": Role.DO, "UndoAttempted": Role.UNDO}
    told = set()
    for run, ledger in world.disk.ledgers.items():
        for record in map(decode, ledger.records):
            role = Role((record.data or {})["role"]) if record.kind == "StrayFound" else kinds.get(record.kind)
            if role is not None and record.step is not None:
                told.add(AttemptKey(run, record.step, role, record.attempt or 0))
    runs = {member.spec.uid for member in world.members()}
    # A child run of which its parent never heard has no ledger; all that can be done about its attempts is to end them.
    ran = [key for key in world.machine.launches if key.run in runs]
    found = [f"{key} ran and no record says so" for key in ran if key not in told]
    now = world.clock.monotonic()
    living = [
        key for key, one in world.machine.attempts.items() if key not in world.machine.ended and one.ends_at > now
    ]
    return found + [f"{key} still runs" for key in living]


def _once(records: list[Record]) -> list[str]:
    """At most one effective success per step and generation (finalizers: per verdict)."""
    successes: Counter[tuple[str, int]] = Counter()
    generation = 0
    for record in records:
        generation += record.kind in ("RunReopened", "UndoStarted")
        if record.kind == "GateModified":
            # The whole step runs again: its instances may succeed once more.
            successes = Counter(
                {key: times for key, times in successes.items() if not key[0].startswith(f"{record.step}[")}
            )
        if record.target == "Succeeded" and record.step is not None:
            successes[(record.step, generation)] += 1
    return [f"{step} succeeded {times} times" for (step, _), times in successes.items() if times > 1]


def _decisions(records: list[Record]) -> list[str]:
    """A decision is about the gate as it was last opened, and nothing else."""
    opened: dict[str | None, int] = {}
    found = []
    for record in records:
        if record.kind == "GateOpened":
            opened[record.step] = record.seq
        elif record.kind.startswith("Gate") and (record.data or {})["request"] != opened[record.step]:
            found.append(f"record {record.seq} decides on another request than {opened[record.step]}")
    return found


def _children(world: World, member: Member, records: list[Record]) -> list[str]:
    """Every child run is the one that its parent's ledger names."""
    named = {(record.data or {}).get("child") for record in records if record.kind == "StepStarted"}
    made = [
        spec.uid
        for spec in world.disk.runs.values()
        if spec.parent == member.spec.uid and spec.uid in world.disk.ledgers
    ]
    return [f"run {uid} belongs to no record of its parent" for uid in made if uid not in named]


def _slots(world: World) -> list[str]:
    """Never more steps at once than the run allows."""
    limits = {member.spec.uid: member.graph.max_parallel for member in world.members()}
    running: Counter[str] = Counter()
    found = []
    for word, key in world.machine.log:
        if key.role is Role.UNDO or key.run not in limits:
            continue
        running[key.run] += 1 if word == "start" else -1
        if running[key.run] > limits[key.run]:
            found.append(f"{running[key.run]} steps of {world.path(key.run)!r} ran at once")
    return found
