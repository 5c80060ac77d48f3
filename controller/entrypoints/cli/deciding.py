"""Deciding at a checkpoint: what is decided, by whom, and what became of it. `approve`, `reject` and `modify` share it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from controller.entrypoints.cli.naming import gate_argument, run_argument
from controller.entrypoints.cli.session import output_option
from controller.model.states import Verdict

F = TypeVar("F", bound=Callable[..., Any])

DONE = {Verdict.APPROVE: "approved", Verdict.REJECT: "rejected", Verdict.MODIFY: "modified"}


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    run_argument(),
    gate_argument,
    click.option("--comment", metavar="TEXT", help="Why; it is kept in the ledger."),
    click.option(
        "--digest", metavar="DIGEST", help="Decide only if this is what is to be decided (its beginning will do)."
    ),
    output_option,
    click.pass_context,
)


def decision_options(function: F) -> F:
    """Add what all three take."""
    decorated: Any = function
    for decorate in _OPTIONS[::-1]:
        decorated = decorate(decorated)
    return cast(F, decorated)


def decide(
    ctx: click.Context,
    verdict: Verdict,
    *,
    run: str,
    gate: str | None,
    comment: str | None,
    digest: str | None,
    form: str,
    settings: tuple[str, ...] = (),
    file: Path | None = None,
) -> None:
    """Submit the decision, wait until it is recorded, and show what it does."""
    from controller.entrypoints.cli.answers import submit
    from controller.entrypoints.cli.checkpoints import already_decided, choose, describe
    from controller.entrypoints.cli.exits import WAITING
    from controller.entrypoints.cli.patches import patch_from
    from controller.entrypoints.cli.session import emit, session
    from controller.errors import Refused
    from controller.model.decision import Decision

    patch = patch_from(settings, file)
    with session(ctx, existing=True) as opened:
        spec = opened.look.find(run)
        checkpoint = choose(opened, spec, gate, digest)
        shown = describe(checkpoint, verdict, patch)
        if form == "text":
            click.echo("\n".join(shown))
        status = checkpoint.status
        wish = Decision(
            0,
            status.run,
            checkpoint.step,
            status.digest,
            status.request,
            verdict,
            opened.local.person(),
            comment,
            patch,
        )
        answer, driven, waits = submit(opened, checkpoint.holder, wish)
        if answer.record is None and waits is None:
            raise already_decided(opened, checkpoint.holder, checkpoint.step) or Refused(
                f"{answer.refusal}. Nothing was changed."
            )
        if form == "text" and waits is not None:
            click.echo(f"{DONE[verdict]} by {wish.actor.id}; it does not count yet: {waits}")
        elif form == "text":
            click.echo(
                f"{DONE[verdict]} by {wish.actor.id} as record {answer.record}. {_next(verdict, spec.root, driven)}"
            )
        else:
            emit(
                {
                    "run": status.run,
                    "root": spec.root,
                    "gate": status.gate,
                    "verdict": verdict,
                    "actor": wish.actor.id,
                    "digest": status.digest,
                    "request": status.request,
                    "record": answer.record,
                    "releases": checkpoint.releases,
                    "driven": driven,
                    **({"waits": waits} if waits is not None else {}),
                },
                form,
            )
    if waits is not None:
        sys.exit(WAITING)


def _next(verdict: Verdict, root: str, driven: bool) -> str:
    from controller.entrypoints.cli.pasting import command_line
    from controller.entrypoints.cli.wording import short

    if not driven:
        return f"Nobody drives the run; it goes on with: {command_line('resume', short(root))}"
    return {
        Verdict.APPROVE: "The run goes on.",
        Verdict.REJECT: "The run ends.",
        Verdict.MODIFY: "The step is done again.",
    }[verdict]
