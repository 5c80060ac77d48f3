"""One run in detail: where it stands, what runs, what waits for whom, what failed."""

from collections.abc import Mapping
from typing import Any

from controller.engine.outlook import failed
from controller.engine.status import open_gates, status_of
from controller.engine.units import index_of
from controller.engine.wanted import running
from controller.entrypoints.cli.gauge import Gauge, Said, complain, in_facts, in_words
from controller.entrypoints.cli.instead import possible
from controller.entrypoints.cli.layout import facts
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import age, brief, clock, one_line, short, wait
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from controller.runtime.member import Member
from controller.runtime.phrases import counted

MOST_LISTED = 10
"""Steps of a kind that are listed one by one."""


def details(session: Session, member: Member) -> dict[str, Any]:
    """Return a run in detail, for programs."""
    spec, state = member.spec, member.state
    said = Gauge(session, spec.root, complain).look([member])
    return {
        "run": spec.uid,
        "root": spec.root,
        "parent": spec.parent,
        "orchestration": spec.orchestration,
        "version": spec.version,
        "definition": spec.definition,
        "requester": spec.requester,
        "createdAt": spec.created_at,
        "task": spec.task,
        "requestMetadata": spec.request_metadata,
        "driven": session.local.leadership.held(spec.root),
        "running": [
            {"step": member.name(unit), "role": role.value, "attempt": attempt}
            | in_facts(said.get(member.key(unit, role, attempt)))
            for unit, role, attempt in running(state)
        ],
        "status": status_of(state).model_dump(mode="json", by_alias=True),
        "phases": [
            {"id": phase.id, "state": known.state if (known := state.phases.get(number)) else "pending"}
            for number, phase in enumerate(member.graph.phases)
        ],
        "failed": [
            {"step": member.name(unit), "attempts": state.unit(unit).attempt, "reason": state.unit(unit).reason}
            for unit in failed(state)
        ],
        "waiting": {member.name(unit): time for unit, time in sorted(state.waiting.items())},
        "possible": possible(member),
    }


def detail_lines(session: Session, member: Member) -> list[str]:
    """Return a run in detail, for people."""
    spec, state, now = member.spec, member.state, session.local.clock.now()
    since = state.ended_at or state.first_started_at or spec.created_at
    paused = ", paused" if state.suspended else ""
    reason = f" ({state.reason})" if state.reason else ""
    over = f"{age(now - since)} ago" if state.run.settled else f"since {age(now - since)}"
    title = f"{spec.orchestration} {spec.version}, run {short(spec.uid)}: {state.run}{reason}{paused}, {over}"
    said = Gauge(session, spec.root, complain).look([member])
    lines = [*_steps(member, said), *_people(member, now), *_failures(member), *_later(member, now)]
    if state.message:
        lines.insert(0, ("because", one_line(state.message)))
    if not state.run.settled:
        driven = session.local.leadership.held(spec.root)
        lines.append(
            (
                "driven by",
                ("another process" if session.remote is None else "the operator")
                if driven
                else f"nobody: {command_line('resume', short(spec.root))}",
            )
        )
    lines.append(("ledger", f"{counted(state.chain.next, 'record')}, head {brief(state.chain.head)}"))
    lines += [("" if number else "possible", command) for number, command in enumerate(possible(member))]
    return [title, *facts(lines)]


def _steps(member: Member, told: Mapping[AttemptKey, Said]) -> list[tuple[str, str]]:
    state, graph = member.state, member.graph
    said = [f"{state.succeeded + state.skipped} of {counted(graph.ordinary, 'step')} done"]
    said += [
        f"{number} {word}" for number, word in ((state.cached, "from the cache"), (state.skipped, "skipped")) if number
    ]
    lines = [("steps", ", ".join(said))]
    here = [
        phase.id
        for number, phase in enumerate(graph.phases)
        if (known := state.phases.get(number)) and known.state == "open"
    ]
    if here and not state.run.settled:
        lines.append(("phase", " and ".join(here)))
    units = [unit for unit, word in sorted(state.frontier.items()) if word == "Running"]
    lines += _listed("running", [_running(member, unit, told) for unit in units])
    return lines


def _running(member: Member, unit: int, said: Mapping[AttemptKey, Said]) -> str:
    known, name = member.state.unit(unit), member.name(unit)
    step = member.graph.steps[index_of(unit)]
    if known.instances >= 0:
        return f"{name}: {known.instances - known.open_instances} of {known.instances} instances ended"
    if step.child and known.child is not None:
        return f"{name}: child run {short(known.child.run)}"
    told = in_words(said.get(member.key(unit, Role.DO, known.attempt)))
    return f"{name}: attempt {known.attempt} of {step.retry.max_attempts}" + (f", {told}" if told else "")


def _people(member: Member, now: int) -> list[tuple[str, str]]:
    gates = open_gates(member.state)
    return _listed(
        "waits for",
        [
            f'{gate.gate}, severity {gate.severity}, since {age(now - gate.opened_at)}: "{one_line(gate.question)}"'
            f" ({' · '.join(gate.actions)})"
            for gate in gates
        ],
    )


def _failures(member: Member) -> list[tuple[str, str]]:
    units = failed(member.state)
    return _listed("failed", [f"{member.name(unit)}: {one_line(member.state.unit(unit).reason)}" for unit in units])


def _later(member: Member, now: int) -> list[tuple[str, str]]:
    times = sorted((time, unit) for unit, time in member.state.waiting.items())
    return _listed(
        "again at", [f"{clock(time)} (in {wait(max(0, time - now))}): {member.name(unit)}" for time, unit in times]
    )


def _listed(label: str, texts: list[str]) -> list[tuple[str, str]]:
    shown = [("" if number else label, text) for number, text in enumerate(texts[:MOST_LISTED])]
    if len(texts) > MOST_LISTED:
        shown.append(("", f"and {len(texts) - MOST_LISTED} more"))
    return shown
