"""Which runs were left before their end, so that somebody can go on with them?"""

from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import Session
from controller.model.run import RunSpec, RunStatus
from controller.runtime.phrases import counted


def unfinished(session: Session) -> list[tuple[RunSpec, RunStatus | None]]:
    """Return the roots that have not settled and that nobody drives, oldest first."""
    left = [
        (spec, status)
        for spec, status in session.local.stores.objects.runs()
        if spec.parent is None and (status is None or not status.state.settled)
    ]
    return [(spec, status) for spec, status in reversed(left) if not session.local.leadership.held(spec.uid)]


def reminder(session: Session) -> str | None:
    """Return one line about runs that were left; None where there are none."""
    left = len(unfinished(session))
    return f"{counted(left, 'run was', 'runs were')} left unfinished: {command_line('resume')}" if left else None
