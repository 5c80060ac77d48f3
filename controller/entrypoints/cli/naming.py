"""How do people name a run, a step or a checkpoint? The arguments that verbs share, with what a shell may complete."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from controller.entrypoints.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])

MOST_RUNS = 50
"""Runs that a shell offers, the latest ones."""


def run_argument(*, required: bool = True, default: str | None = None) -> Callable[[F], F]:
    """Add RUN: the beginning of an id, or `latest`."""
    return click.argument("run", required=required and default is None, default=default, shell_complete=_runs)


def step_argument(function: F) -> F:
    """Add STEP, which may be left out: `step`, `step[3]`, `step/childstep`."""
    return click.argument("step", required=False, shell_complete=_steps)(function)


def attempt_option(function: F) -> F:
    """Add --attempt: what the person saw fail."""
    text = "Attempt that you saw fail; refused where another one is present. Default: not compared."
    return click.option("--attempt", type=click.IntRange(min=1), metavar="NUMBER", help=text)(function)


def gate_argument(function: F) -> F:
    """Add GATE, which may be left out: the step that waits at its checkpoint."""
    return click.argument("gate", required=False, shell_complete=_gates)(function)


def _runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    from controller.entrypoints.cli.overview import rows_of
    from controller.entrypoints.cli.wording import short

    def runs(session: "Session") -> list[CompletionItem]:
        return [
            CompletionItem(short(row.spec.uid), help=f"{row.spec.orchestration} {row.state}")
            for row in rows_of(session)[:MOST_RUNS]
        ]

    found = [CompletionItem("latest"), *_seen(ctx, runs)]
    return [item for item in found if item.value.startswith((incomplete, incomplete.upper()))]


def _steps(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    def steps(session: "Session") -> list[CompletionItem]:
        member = session.look.member(session.look.find(ctx.params["run"]))
        return [CompletionItem(step) for step in member.steps if step.startswith(incomplete)]

    return _seen(ctx, steps)


def _gates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    from controller.engine.status import open_gates

    def gates(session: "Session") -> list[CompletionItem]:
        state = session.look.member(session.look.find(ctx.params["run"])).state
        return [CompletionItem(one.gate, help=one.question) for one in open_gates(state)]

    return [item for item in _seen(ctx, gates) if item.value.startswith(incomplete)]


def _seen(ctx: click.Context, look: "Callable[[Session], list[CompletionItem]]") -> list[CompletionItem]:
    """Look into the state directory, or at the cluster, that the unfinished command names.

    What cannot be read completes nothing.
    """
    from controller.entrypoints.cli.main import addressed
    from controller.entrypoints.cli.session import is_cluster, session
    from controller.errors import LibrettoError

    # While a shell completes, the command that would have said it does not run.
    ctx.obj = addressed(ctx.find_root().params)

    def seen() -> list[CompletionItem]:
        try:
            with session(ctx, read_only=True) as opened:
                return look(opened)
        except LibrettoError:
            return []

    if not is_cluster(ctx.obj):
        return seen()
    import asyncio

    from controller.adapters.cluster import fiber

    return asyncio.run(fiber.run(seen))
