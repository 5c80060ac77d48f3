"""`libretto export`: a run with everything that proves it, in one file; or what happened in it, to be played again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.files import WRITTEN
from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import session

if TYPE_CHECKING:
    from controller.runtime.proof.verify import Verification


@click.command(name="export", epilog="Example: libretto export latest -o run.zip")
@run_argument(default="latest")
@click.option("-o", "--output", "target", type=WRITTEN, help="File to write.")
@click.option("--outcomes", type=WRITTEN, help="Write an outcomes file for `simulate`.")
@click.pass_context
def command(ctx: click.Context, run: str, target: Path | None, outcomes: Path | None) -> None:
    """Write RUN (default: the latest) as a bundle: definitions, inputs, ledger, results, artifacts, receipts and logs.

    Exporting twice gives the same bytes. `libretto verify FILE` proves the bundle anywhere, offline. A run that is not
    sound is not exported (exit code 8). With --outcomes alone, no bundle is written.
    """
    from controller.adapters.bundle import write
    from controller.entrypoints.cli.verification import told
    from controller.entrypoints.cli.wording import short, titled
    from controller.errors import VerificationFailed
    from controller.runtime.phrases import counted, size_text
    from controller.runtime.proof.bundle import members
    from controller.wiring.evidence import stored, verify_run

    with session(ctx, read_only=True) as opened:
        root = opened.look.root(opened.look.find(run))
        found = verify_run(opened.local, root)
        if not found.sound:
            lines = "\n".join(told(f"run {titled(root.uid)}", found, anchored=True))
            raise VerificationFailed(
                f"only a sound run is exported\n{lines}", hint=command_line("verify", short(root.uid))
            )
        evidence = stored(opened.local, root)
        if outcomes is not None:
            from controller.runtime.outcomes_of import outcomes_of

            _write_outcomes(outcomes, outcomes_of(evidence, found).to_value())
            click.echo(f"{outcomes}: outcomes of {_title(found)}")
            click.echo(f"  {command_line('simulate', _definition(root.orchestration), '--outcomes', str(outcomes))}")
        if target is not None or outcomes is None:
            place = target or Path(f"{root.orchestration}-{short(root.uid)}.zip")
            size = write(place, members(evidence, found))
            goes_on = found.runs[0].state is None or not found.runs[0].state.run.settled
            click.echo(f"{place}: {_title(found)}, {counted(found.records, 'record')}, {size_text(size)}")
            if goes_on:
                click.echo("  the run goes on: this is what it was just now")
            click.echo(f"  head     {found.runs[0].head}")
            click.echo(f"  verify   {command_line('verify', str(place))}")


def _title(found: "Verification") -> str:
    from controller.entrypoints.cli.wording import titled

    spec = found.runs[0].spec
    children = len(found.runs) - 1
    more = f" with {children} child run{'s' if children > 1 else ''}" if children else ""
    return f"{spec.orchestration} {spec.version}, run {titled(spec.uid)}{more}"


def _definition(name: str) -> str:
    folder = Path("definitions") / name
    return str(folder) if folder.is_dir() else name


def _write_outcomes(path: Path, value: dict[str, object]) -> None:
    import orjson

    from controller.adapters.documents.write import replace_file, to_yaml

    as_json = path.suffix == ".json"
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n" if as_json else to_yaml(value)
    replace_file(path, text)
