"""Runs as rows: where each stands, since when, and what it waits for."""

from typing import Any, NamedTuple

from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import one_line, short
from controller.model.run import RunSpec, RunStatus
from controller.model.states import RunState
from controller.runtime.phrases import counted

MOST_STEPS = 3
"""Running steps that are named in a row."""


class Row(NamedTuple):
    """A run, as far as one line goes."""

    spec: RunSpec
    status: RunStatus | None
    """None: nothing is recorded yet."""
    driven: bool

    @property
    def state(self) -> RunState:
        return RunState.PENDING if self.status is None else self.status.state

    @property
    def since(self) -> int:
        """When it came into this state, as exactly as the status tells; milliseconds since the epoch."""
        status = self.status
        if status is None:
            return self.spec.created_at
        if self.state.settled and status.ended_at:
            return status.ended_at
        if status.gates:
            return min(gate.opened_at for gate in status.gates)
        return status.started_at or self.spec.created_at

    @property
    def steps(self) -> str:
        return "-" if self.status is None else f"{self.status.progress.settled}/{self.status.progress.total}"

    @property
    def took_ms(self) -> int | None:
        if self.status is None or self.status.ended_at is None or self.status.started_at is None:
            return None
        return self.status.ended_at - self.status.started_at

    def waits_for(self) -> str:
        """Return what must happen next, and by whom."""
        status = self.status
        if self.state is RunState.FAILED and status is not None:
            return one_line(f"a person: {status.message or status.reason}")
        if self.state.settled:
            return ""
        if status is not None and status.gates:
            gate = status.gates[0]
            more = f" (and {status.gate_count - 1} more)" if status.gate_count > 1 else ""
            return f"{gate.gate}: {' · '.join(gate.actions)}{more}"
        if status is not None and status.suspended:
            return f"{command_line('resume', short(self.spec.root))} (paused)"
        if not self.driven:
            return f"{command_line('resume', short(self.spec.root))} (nobody drives it)"
        running = [step for step, word in status.frontier.items() if word == "Running"] if status is not None else []
        named = ", ".join(running[:MOST_STEPS])
        return named + (
            f" and {counted(len(running) - MOST_STEPS, 'more', 'more')}" if len(running) > MOST_STEPS else ""
        )

    def facts(self) -> dict[str, Any]:
        """Return what programs are told."""
        spec = self.spec
        return {
            "run": spec.uid,
            "parent": spec.parent,
            "orchestration": spec.orchestration,
            "version": spec.version,
            "organization": spec.organization,
            "requester": spec.requester,
            "createdAt": spec.created_at,
            "state": str(self.state),
            "driven": self.driven,
            "status": None if self.status is None else self.status.model_dump(mode="json", by_alias=True),
        }


def rows_of(session: Session, *, children: bool = False) -> list[Row]:
    """Return all runs, newest first; child runs only when asked for."""
    held = session.local.leadership.held
    return [
        Row(spec, status, not (status is not None and status.state.settled) and held(spec.root))
        for spec, status in session.local.stores.objects.runs()
        if children or spec.parent is None
    ]
