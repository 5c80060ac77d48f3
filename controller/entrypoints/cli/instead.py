"""What can a person do with a run in the state that it is in? Commands to paste, and nothing that would be refused."""

from controller.engine.outlook import failed
from controller.engine.status import open_gates
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.wording import short
from controller.model.states import RunState
from controller.runtime.member import Member


def instead(member: Member) -> str | None:
    """Return one line with what is possible; None where nothing is."""
    offered = possible(member)
    return f"possible: {' · '.join(offered)}" if offered else None


def possible(member: Member) -> list[str]:
    """Return the commands that the run would take now."""
    state, run = member.state, short(member.spec.uid)
    match state.run:
        case RunState.FAILED if state.reason == "UndoIncomplete":
            return [command_line("resume", run)]
        case RunState.FAILED:
            found = [command_line("retry", run, member.name(unit)) for unit in failed(state)[:1]]
            return [*found, command_line("abort", run), command_line("undo", run)]
        case RunState.SUCCEEDED | RunState.ABORTED:
            return [command_line("undo", run)]
        case RunState.ROLLED_BACK:
            return []
        case RunState.ROLLING_BACK:
            return [command_line("resume", run)]
        case _:
            gates = [command_line("approve", run, gate.gate) for gate in open_gates(state)[:1]]
            return [*gates, command_line("abort", run), command_line("abort", run, "--undo")]
