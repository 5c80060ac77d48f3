"""`libretto verify`: is what is left of a run what once happened?"""

import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.session import emit, is_cluster, output_option
from controller.entrypoints.cli.wording import titled

if TYPE_CHECKING:
    from controller.runtime.proof.verify import Verification

_DIGEST = "blake3:[0-9a-f]{64}"


@click.command(name="verify", epilog="Example: libretto verify latest")
@click.argument("subject", required=False, metavar="[RUN|FILE|DIRECTORY]")
@click.option("--head", metavar="DIGEST", help="A head that was noted elsewhere: the chain must still hold it.")
@output_option
@click.pass_context
def command(ctx: click.Context, subject: str | None, head: str | None, form: str) -> None:
    """Verify a run, an exported bundle, or a state directory; offline, and trusting nothing that was not hashed.

    Without an argument all runs of the state directory are verified. A changed, dropped or reordered byte is found. A
    cut tail of an unfinished run, or a chain that was rewritten as a whole, shows only against an anchor: --head.
    Exit code 8 when something is wrong.
    """
    from controller.entrypoints.cli.exits import NOT_VERIFIED
    from controller.entrypoints.cli.verification import as_value, told

    whole = _is_whole(ctx, subject)
    if head is not None and whole:
        raise click.UsageError("--head is about one run: name it, or its bundle")
    if head is not None and re.fullmatch(_DIGEST, head) is None:
        raise click.UsageError("--head takes a whole digest, blake3: and 64 hex digits")
    verified = list(_verified(ctx, subject, head))
    sound = all(found.sound for _, found in verified)
    if form != "text":
        emit([as_value(name, found) for name, found in verified], form)
    else:
        if whole:
            click.echo(_overall(verified))
        for name, found in verified:
            for line in told(name, found, anchored=head is not None or whole):
                click.echo(f"  {line}" if whole else line)
    if not sound:
        sys.exit(NOT_VERIFIED)


def _overall(verified: "list[tuple[str, Verification]]") -> str:
    from controller.runtime.phrases import counted

    broken = sum(not found.sound for _, found in verified)
    trees = counted(len(verified), "run tree")
    if broken:
        return f"BROKEN: {broken} of {trees}"
    return f"sound: {trees}, {counted(sum(found.records for _, found in verified), 'record')}"


def _verified(ctx: click.Context, subject: str | None, head: str | None) -> "Iterator[tuple[str, Verification]]":
    from controller.wiring.evidence import verify_file

    if subject is not None and Path(subject).is_file():
        yield subject, verify_file(Path(subject), head)
    elif subject is not None and not _is_whole(ctx, subject):
        yield from _one_run(ctx, subject, head)
    elif is_cluster(ctx.obj):
        yield from _namespace(ctx)
    else:
        yield from _state_directory(ctx.obj if subject is None else str(_state_in(Path(subject))))


def _is_whole(ctx: click.Context, subject: str | None) -> bool:
    """Return whether all runs are meant. On a cluster a folder of the name of a run is no state directory."""
    return subject is None or (Path(subject).is_dir() and not is_cluster(ctx.obj))


def _one_run(ctx: click.Context, name: str, head: str | None) -> "Iterator[tuple[str, Verification]]":
    from controller.entrypoints.cli.session import session
    from controller.errors import NotFound
    from controller.wiring.evidence import verify_run

    if Path(name).suffix:
        raise NotFound(f"{name} does not exist", hint="libretto export RUN -o FILE.zip writes a bundle")
    with session(ctx, read_only=True) as opened:
        root = opened.look.root(opened.look.find(name))
        yield f"run {titled(root.uid)}", verify_run(opened.local, root, head)


def _state_in(folder: Path) -> Path:
    """A project's folder stands for the state directory in it."""
    inside = folder / ".libretto"
    return inside if inside.is_dir() and not (folder / "state.db").exists() else folder


def _namespace(ctx: click.Context) -> "Iterator[tuple[str, Verification]]":
    from controller.entrypoints.cli.session import session
    from controller.wiring.evidence import verify_run

    with session(ctx, read_only=True) as opened:
        objects = opened.local.stores.objects
        # What has begun: before that there is nothing to verify.
        for uid in [spec.uid for spec, status in objects.runs() if spec.parent is None and status is not None]:
            root = opened.look.find(uid)
            yield f"run {titled(uid)}  {root.orchestration} {root.version}", verify_run(opened.local, root)


def _state_directory(state: str | None) -> "Iterator[tuple[str, Verification]]":
    from controller.wiring.evidence import verify_run
    from controller.wiring.local import Local

    local = Local.open(state, read_only=True)
    with closing(local):
        for spec, _ in local.stores.objects.runs():
            if spec.parent is None:
                yield f"run {spec.uid}  {spec.orchestration} {spec.version}", verify_run(local, spec)
