"""Do child runs belong to the steps that play them, and did they come to what their parents recorded?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controller.definition.snapshot import Snapshot
from controller.engine.decide_attempt import child_digest
from controller.engine.semantic import semantic_digest
from controller.engine.state import State
from controller.engine.units import unit_of
from controller.errors import NotFound
from controller.model.digest import digest_value, short
from controller.model.record import Record
from controller.model.run import RunSpec
from controller.runtime.proof.contents import Contents
from controller.runtime.proof.finding import Finding
from controller.runtime.proof.fold import DAMAGES, states
from controller.runtime.proof.words import told

if TYPE_CHECKING:
    from controller.runtime.proof.verify import Examined


def paths(specs: Sequence[RunSpec]) -> Mapping[str, str]:
    """Return uid -> path in the tree: empty for the root, `kpi` for the child of its first attempt, else `kpi@2`."""
    found: dict[str, str] = {}
    for spec in specs:
        step = spec.parent_step or spec.uid
        own = step if spec.parent_attempt in (None, 1) else f"{step}@{spec.parent_attempt}"
        above = found.get(spec.parent or "", "")
        found[spec.uid] = "" if not found else f"{above}/{own}" if above else own
    return found


def examine_children(runs: "Sequence[Examined]", snapshot: Snapshot | None, contents: Contents) -> Iterator[Finding]:
    """Yield everything that is wrong between parents and children."""
    by_uid = {run.spec.uid: run for run in runs}
    for run in runs[1:]:
        parent = by_uid.get(run.spec.parent or "")
        for problem in _belongs(run.spec, None if parent is None else parent.spec, runs[0].spec, snapshot):
            yield Finding(problem, run.path)
    for run in runs:
        for link in run.links:
            told_of = (link.record.data or {}).get("child")
            if told_of is None:
                continue
            uid = told_of if isinstance(told_of, str) else told_of.get("run")
            child = by_uid.get(uid)
            problems = [f"its child run {uid} is not there"] if child is None else []
            if child is not None and child.whole and not isinstance(told_of, str):
                problems = list(_ended(link.record, told_of, child, contents))
            for problem in problems:
                yield Finding(problem, run.path, link.record.seq, told(link.record))


def _belongs(spec: RunSpec, parent: RunSpec | None, root: RunSpec, snapshot: Snapshot | None) -> Iterator[str]:
    if parent is None:
        yield f"run {spec.uid} belongs to no run of the tree"
        return
    step, attempt = spec.parent_step or "", spec.parent_attempt or 0
    if spec.uid != child_digest(parent.uid, step, attempt):
        yield f"run {spec.uid} is not the child of attempt {attempt} of {step}"
    if (spec.root, spec.snapshot) != (root.uid, root.snapshot):
        yield f"run {spec.uid} belongs to another tree"
    if snapshot is not None:
        try:
            expected = snapshot.child(parent.definition, step.partition("[")[0])
        except NotFound as error:
            yield error.message
        else:
            if spec.definition != expected:
                yield f"it plays definition {spec.definition}, but {step} plays {expected}"


def _ended(record: Record, told_of: Mapping[str, Any], child: "Examined", contents: Contents) -> Iterator[str]:
    head = told_of.get("head")
    place = next((number for number, link in enumerate(child.links) if link.digest == head), None)
    if place is None:
        yield f"its child run ended with head {head}, but no record of it is that"
        return
    if child.start is None:
        return  # told where its definition should be
    try:
        *_, state = states(child.start, child.links[: place + 1])
    except DAMAGES as error:  # the child's own examination says what does not fold
        yield f"what its child run came to cannot be told: {error}"
        return
    if not state.run.settled:
        yield f"its child run was {state.run} at that head, not at its end"
    semantic = semantic_digest(state)
    if told_of.get("semantic") != semantic:
        yield f"its child run's semantic digest is {semantic}, but the record says {told_of.get('semantic')}"
    if record.output_digest is not None:
        yield from _output(record, child.spec, state, contents)


def _output(record: Record, child: RunSpec, state: State, contents: Contents) -> Iterator[str]:
    """The output of a step that plays an orchestration is made of nothing but its child's."""
    if state.outputs is None:
        yield "its child run has no outputs"
        return
    try:
        output = {"status": state.run, "results": contents.value(state.outputs), "parameters": child.parameters}
        artifacts = {}
        for step in state.graph.steps[: state.graph.ordinary]:
            result = state.unit(unit_of(step.index)).output
            if result is not None:
                for name, digest in contents.value(result)["artifacts"].items():
                    artifacts[f"{step.id}/{name}"] = digest
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # told where the blob is named
    expected = digest_value({"output": output, "artifacts": artifacts})
    if expected != record.output_digest:
        yield f"its child run came to {short(expected)}, but the record says outputDigest {short(record.output_digest or '')}"
