"""Child runs: made of the parent's snapshot, told to the parent by what they came to."""

from controller.definition.mapping import map_output
from controller.definition.parameters import resolve_parameters
from controller.engine.decide_attempt import child_digest
from controller.engine.events import ChildEnded
from controller.engine.semantic import semantic_digest
from controller.engine.units import instance_of, unit_of
from controller.model.attempt import Result
from controller.model.digest import Digest
from controller.model.run import RunSpec
from controller.runtime.contents import Contents
from controller.runtime.contract import broken_by, lateness
from controller.runtime.member import Member


def child_spec(parent: Member, unit: int, attempt: int, parameters: dict[str, object], now: int) -> RunSpec:
    """Return the child of an attempt: the same uid for the same parent, step and attempt.

    Raises ParametersInvalid, NotFound.
    """
    step, name = parent.step(unit), parent.name(unit)
    definition = parent.snapshot.child(parent.spec.definition, step.id)
    entry = parent.snapshot.orchestration(definition)
    target = step.orchestration
    inherits = target is not None and target.inherit_conversation
    return RunSpec(
        uid=child_digest(parent.spec.uid, name, attempt),
        root=parent.spec.root,
        parent=parent.spec.uid,
        parent_step=name,
        parent_attempt=attempt,
        orchestration=entry.spec.name or "",
        version=entry.spec.version,
        owner=entry.owner,
        organization=entry.organization,
        definition=definition,
        snapshot=parent.spec.snapshot,
        parameters=resolve_parameters(entry.spec, parameters),
        requester=parent.spec.requester,
        created_at=now,
        max_parallel=parent.spec.max_parallel,
        conversation=parent.conversation(unit) if inherits else None,
    )


def child_ended(parent: Member, unit: int, child: Member, contents: Contents, now: int) -> ChildEnded:
    """Return what the parent is told of a settled child: its output, without ids and times, checked and mapped."""
    state = child.state
    result: Result | None = None
    broken: tuple[str, ...] = ()
    if state.outputs is not None:
        step = parent.step(unit)
        answer = {
            "status": str(state.run),
            "results": contents.get(state.outputs),
            "parameters": child.spec.parameters,
        }
        output, artifacts = map_output(step.output_mapping, answer), _artifacts(child, contents)
        if instance_of(unit) < 0:
            broken = broken_by(step.contract, output, artifacts, contents)
        result = Result(contents.put_result(output, artifacts), warnings=lateness(parent, unit, now))
    return ChildEnded(
        unit,
        child.spec.parent_attempt or 0,
        state.run,
        child.spec.uid,
        state.chain.head,
        semantic_digest(state),
        result,
        state.message or state.reason,
        max(0, state.ended_at - state.first_started_at),
        broken,
    )


def _artifacts(child: Member, contents: Contents) -> dict[str, Digest]:
    found: dict[str, Digest] = {}
    for step in child.graph.steps[: child.graph.ordinary]:
        known = child.state.unit(unit_of(step.index))
        for name, digest in contents.artifacts(known.output).items():
            found[f"{step.id}/{name}"] = digest
    return found
