"""`libretto clean`: remove old runs, and the contents that only they needed."""

from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.session import emit, output_option, session

if TYPE_CHECKING:
    from controller.adapters.retention import Cleaned
    from controller.model.retention import Retention


@click.command(name="clean", epilog="Example: libretto clean --age 30d --dry-run")
@click.option("--age", metavar="DURATION", help="Remove settled runs that ended longer ago, e.g. 30d.")
@click.option("--runs", type=click.IntRange(min=0), help="Keep at most that many settled runs.")
@click.option("--size", metavar="SIZE", help="Keep all runs together below this, e.g. 2GiB.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@output_option
@click.pass_context
def command(ctx: click.Context, age: str | None, runs: int | None, size: str | None, dry_run: bool, form: str) -> None:
    """Remove settled runs beyond the limits, the oldest first, and then blobs that nothing refers to any more.

    Limits that are not given come from the settings (`retention`); without any, only unused blobs go. Runs that are not
    settled, or that somebody uses, stay. `libretto export` keeps a run before it goes.
    """
    from controller.entrypoints.cli.session import only_here
    from controller.wiring.cleaning import clean

    only_here(
        ctx, "on a cluster a run goes spec.ttlSecondsAfterFinished after its end, or with: kubectl delete run NAME"
    )
    with session(ctx, read_only=dry_run, existing=True) as opened:
        limits = _limits(opened.local.configuration.limits, age, runs, size)
        cleaned = clean(opened.local, limits, dry_run=dry_run)
    if form != "text":
        emit(_value(cleaned, dry_run=dry_run), form)
    else:
        _tell(cleaned, dry_run=dry_run)


def _limits(settings: "Retention", age: str | None, runs: int | None, size: str | None) -> "Retention":
    from controller.adapters.configuration import parse_size
    from controller.model.duration import parse_duration

    try:
        return settings._replace(
            age_ms=settings.age_ms if age is None else parse_duration(age),
            runs=settings.runs if runs is None else runs,
            size=settings.size if size is None else parse_size(size),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _tell(cleaned: "Cleaned", *, dry_run: bool) -> None:
    from controller.entrypoints.cli.wording import clock, short
    from controller.runtime.phrases import counted, size_text

    done = "would remove" if dry_run else "removed"
    freed = sum(one.tree.size for one in cleaned.removed) + cleaned.blob_bytes
    if not (cleaned.removed or cleaned.blobs or cleaned.busy):
        click.echo("nothing to remove: everything is within the limits and in use")
        return
    parts = [counted(len(cleaned.removed), "run"), counted(cleaned.blobs, "unused blob")]
    click.echo(f"{done} {' and '.join(parts)}: {size_text(freed)}")
    for one in cleaned.removed:
        ended = clock(one.tree.ended_at, "%Y-%m-%d %H:%M")
        children = f", {counted(len(one.tree.runs) - 1, 'child run')}" if len(one.tree.runs) > 1 else ""
        click.echo(f"  {short(one.tree.root)}  ended {ended}, {size_text(one.tree.size)}{children}  ({one.limit})")
    for tree in cleaned.busy:
        click.echo(f"  {short(tree.root)}  stays: it is in use")


def _value(cleaned: "Cleaned", *, dry_run: bool) -> dict[str, Any]:
    return {
        "dryRun": dry_run,
        "removed": [
            {"root": one.tree.root, "runs": list(one.tree.runs), "bytes": one.tree.size, "limit": one.limit}
            for one in cleaned.removed
        ],
        "busy": [tree.root for tree in cleaned.busy],
        "blobs": cleaned.blobs,
        "blobBytes": cleaned.blob_bytes,
    }
