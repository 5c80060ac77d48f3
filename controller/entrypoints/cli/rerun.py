"""`libretto rerun`: a new run of what an earlier one ran, from the beginning or from one step on."""

import sys
from pathlib import Path

import click

from controller.entrypoints.cli.files import READ
from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.session import output_option


@click.command(name="rerun", epilog="Example: libretto rerun latest --from load")
@run_argument()
@click.option(
    "--from", "step", metavar="STEP", help="Do this step and all that follow from it again; reuse the others."
)
@click.option("--param", "texts", multiple=True, metavar="KEY=VALUE", help="Another value for a parameter.")
@click.option(
    "--params",
    "file",
    type=READ,
    metavar="FILE",
    help="Other values (YAML, JSON).",
)
@click.option("--no-wait", is_flag=True, help="End with exit code 7 where only a person's decision is missing.")
@output_option
@click.pass_context
def command(
    ctx: click.Context, run: str, step: str | None, texts: tuple[str, ...], file: Path | None, no_wait: bool, form: str
) -> None:
    """Start a new run of exactly the definition and agents that RUN had, with its parameters.

    With --from, the outputs of all succeeded steps that do not follow from STEP are taken from RUN, so only the rest is
    done; RUN itself stays as it is. Checkpoints of reused steps are asked again.
    """
    from controller.entrypoints.cli.address import locate
    from controller.entrypoints.cli.drive import drive
    from controller.entrypoints.cli.parameters import given
    from controller.entrypoints.cli.session import session
    from controller.runtime.rerun import rerun
    from controller.wiring.local import new_run_id

    with session(ctx, existing=True) as opened:
        member = opened.look.member(opened.look.find(run))
        if step is not None:
            locate(opened, member, step)
        spec = rerun(
            member,
            uid=new_run_id(),
            requester=opened.local.person().id,
            now=opened.local.clock.now(),
            parameters=given(texts, file),
            step=step,
        )
        if opened.remote is not None:
            from controller.entrypoints.cli.on_cluster import look_on, make_run

            earlier = opened.remote.stores.runs.owner_of(member.spec.uid)["metadata"]["name"]
            wishes = {"parameters": spec.parameters, "rerunOf": earlier, "seeds": dict(spec.seeds)}
            reference = {"name": spec.orchestration, "version": spec.version}
            made = make_run(opened, reference, wishes, form=form)
            sys.exit(look_on(opened, made, form=form, wait=not no_wait))
        sys.exit(drive(opened, spec, form=form, wait=not no_wait))
