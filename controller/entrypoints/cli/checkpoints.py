"""Which checkpoint is decided, and what hangs on it?"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from controller.engine.outlook import released
from controller.engine.status import open_gates
from controller.entrypoints.cli.address import Target, locate
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.records import DECISIONS, last_of
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import age, brief, one_line, short
from controller.errors import AlreadyDecided, Ambiguous, NotFound, Refused
from controller.model.run import GateStatus, RunSpec
from controller.model.states import Verdict
from controller.runtime.member import Member
from controller.runtime.phrases import counted

MOST_RELEASED = 8
"""Steps that are listed one by one."""


class Checkpoint(NamedTuple):
    """An open checkpoint, and where it is."""

    named: RunSpec
    """The run that the person named."""
    holder: RunSpec
    """The run that holds it: the named one or a child."""
    step: str
    """Its step inside `holder`."""
    status: GateStatus
    releases: list[str]
    """Steps that wait for it, in FIFO order, those of its own run first."""
    left_out: int
    """How many more there are."""


def choose(session: Session, spec: RunSpec, gate: str | None, digest: str | None) -> Checkpoint:
    """Return the checkpoint that a person means.

    Raises Ambiguous, AlreadyDecided, Refused, NotFound.
    """
    member = session.look.member(spec)
    found = open_gates(member.state)
    if gate is not None:
        target = locate(session, member, gate)
        found = [one for one in found if one.gate == target.path]
        if not found:
            raise _not_open(session, target)
    elif not found:
        raise already_decided(session, spec) or Refused(
            f"run {short(spec.uid)} is {member.state.run} and waits for no decision. Nothing was changed."
        )
    elif len(found) > 1:
        listed = "\n".join(f"  {one.gate}  {one_line(one.question)}  ({', '.join(one.actions)})" for one in found)
        raise Ambiguous(
            f"run {short(spec.uid)} waits for {len(found)} decisions:\n{listed}",
            hint=f"name one, e.g. {command_line('approve', short(spec.uid), found[0].gate)}",
        )
    (status,) = found
    if digest is not None and not (status.digest.startswith(digest) or status.digest.endswith(f":{digest}")):
        raise Refused(
            f'"{status.gate}" is about {status.digest} now, not {digest}. Nothing was changed.',
            hint=f"look at it with: {command_line('show', short(spec.uid), status.gate)}",
        )
    return _found(session, member, status)


def _found(session: Session, member: Member, status: GateStatus) -> Checkpoint:
    target = locate(session, member, status.gate)
    names = list(_released(session, member, status.gate))
    shown = names[:MOST_RELEASED]
    return Checkpoint(member.spec, target.member.spec, target.name, status, shown, len(names) - len(shown))


def _released(session: Session, member: Member, path: str) -> Iterator[str]:
    """Yield what waits for a step, and what waits for the steps of the parents that play its run."""
    while path:
        target = locate(session, member, path)
        path = path.rpartition("/")[0]
        for unit in released(target.member.state, target.unit):
            name = target.member.name(unit)
            yield f"{path}/{name}" if path else name


def _not_open(session: Session, target: Target) -> Exception:
    decided = already_decided(session, target.member.spec, target.name)
    if decided is not None:
        return decided
    known = target.member.state.unit(target.unit)
    if target.member.steps[target.name.partition("[")[0]].checkpoint_after is None:
        return NotFound(f'"{target.path}" has no checkpoint')
    return Refused(f'the checkpoint of "{target.path}" is not open: the step is {known.state}. Nothing was changed.')


def already_decided(session: Session, spec: RunSpec, step: str | None = None) -> AlreadyDecided | None:
    """Return the error that tells of the last decision on a step, or in a run and its children; None where there is none."""
    runs = [spec] if step is not None else session.look.tree(spec)
    found = [last_of(session, one.uid, frozenset(DECISIONS), step) for one in runs]
    records = [record for record in found if record is not None]
    if not records:
        return None
    last = max(records, key=lambda record: record.time)
    ago = age(session.local.clock.now() - last.time)
    who = f" by {last.actor.id}" if last.actor.type == "person" else ", for nobody decided in time,"
    return AlreadyDecided(
        f"already decided: {DECISIONS[last.kind]}{who} {ago} ago (record {last.seq}). Nothing was changed."
    )


def describe(checkpoint: Checkpoint, verdict: Verdict, patch: Mapping[str, Any] | None) -> list[str]:
    """Return the lines that say what is being decided."""
    status, run = checkpoint.status, short(checkpoint.named.uid)
    lines = [
        f"You {verdict}: step {status.gate} of run {run}",
        f"  output   {brief(status.digest)}   (shown with: {command_line('show', run, status.gate)})",
    ]
    steps = ", ".join(checkpoint.releases) + (f" and {checkpoint.left_out} more" if checkpoint.left_out else "")
    match verdict:
        case Verdict.APPROVE:
            lines.append(f"  releases {steps or 'the end of the run'}")
        case Verdict.REJECT:
            what = counted(len(checkpoint.releases) + checkpoint.left_out, "step")
            lines.append(f"  ends     the run as Aborted; {what} will not be reached{f' ({steps})' if steps else ''}")
        case Verdict.MODIFY:
            changes = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in _leaves(patch or {})]
            lines.append(f"  changes  {one_line(', '.join(changes)) or 'nothing'}, and the step is done again")
    return lines


def _leaves(patch: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in patch.items():
        name = f"{above}{key}"
        found += _leaves(value, f"{name}.") if isinstance(value, dict) and value else [(name, value)]
    return found
