"""`libretto pause`: let a run stand still."""

import click

from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import output_option


@click.command(name="pause", epilog="Example: libretto pause latest")
@run_argument()
@click.option("--stop", is_flag=True, help="Stop running steps too; that uses none of their attempts.")
@click.option("--comment", metavar="TEXT", help="Why; it is kept in the ledger.")
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, stop: bool, comment: str | None, form: str) -> None:
    """Pause RUN with its child runs: nothing new starts until `libretto resume`. Running steps end by themselves.

    The process that drives the run ends when nothing of it runs any more.
    """
    from controller.entrypoints.cli.answers import submit
    from controller.entrypoints.cli.instead import instead
    from controller.entrypoints.cli.session import emit, session
    from controller.entrypoints.cli.wording import short
    from controller.errors import Refused
    from controller.model.decision import Command
    from controller.model.states import Verb

    with session(ctx) as opened:
        if stop and opened.remote is not None:
            raise click.UsageError("--stop: on a cluster steps that run always end by themselves")
        spec = opened.look.root(opened.look.find(run))
        wish = Command(0, spec.uid, Verb.SUSPEND, opened.local.person(), comment=comment, stop=stop)
        answer, driven, _ = submit(opened, spec, wish)
        if answer.record is None:
            raise Refused(f"{answer.refusal}. Nothing was changed.", hint=instead(opened.look.member(spec)))
        if form != "text":
            emit(
                {"run": spec.uid, "verb": "pause", "actor": wish.actor.id, "record": answer.record, "driven": driven},
                form,
            )
            return
        steps = " Running steps are stopped." if stop else " Running steps end by themselves."
        click.echo(
            f"run {short(spec.uid)} paused by {wish.actor.id} as record {answer.record}.{steps if driven else ''}"
        )
        click.echo(f"  go on  {command_line('resume', short(spec.uid))}")
