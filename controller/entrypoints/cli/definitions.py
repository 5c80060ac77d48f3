"""`libretto definitions`: what is published, publishing, and the life of published versions."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import emit, output_option, session

if TYPE_CHECKING:
    from controller.ports.object_store import Published


@click.group(name="definitions", epilog="Example: libretto definitions publish definitions --activate")
def command() -> None:
    """Publish definitions and move them through their life: draft, active, deprecated, archived.

    A published orchestration can be run, and played by others, by its name; without a version the latest active one is
    meant. Runs keep their own snapshot, whatever becomes of the definition.
    """


@command.command(name="list", epilog="Example: libretto definitions list --all")
@click.option("--all", "everything", is_flag=True, help="Archived versions and agents as well.")
@output_option
@click.pass_context
def list_(ctx: click.Context, everything: bool, form: str) -> None:
    """List what is published, the newest version of each first."""
    with session(ctx, read_only=True) as opened:
        found = list(opened.local.stores.objects.definitions())
    shown = [one for one in found if everything or (one.kind == "Orchestration" and one.lifecycle != "archived")]
    shown = _newest_first(shown)
    if form != "text":
        emit([_value(one) for one in shown], form)
    elif shown:
        _table(shown)
    else:
        hidden = f" (with --all: {len(found)})" if found else ""
        click.echo(f"nothing is published{hidden}; {command_line('definitions', 'publish', 'PATH')} publishes")


def _newest_first(found: "Sequence[Published]") -> "list[Published]":
    from controller.definition.versions import precedence

    by_version = sorted(found, key=lambda one: precedence(one.version or "0.0.0"), reverse=True)
    return sorted(by_version, key=lambda one: (one.kind != "Orchestration", one.name))


def _table(shown: "Sequence[Published]") -> None:
    from controller.entrypoints.cli.layout import table
    from controller.entrypoints.cli.wording import clock

    rows = []
    for one in shown:
        title = one.resource["spec"].get("displayName") or ""
        kind = "agent" if one.kind == "Agent" else one.version
        owner = one.owner or "-"
        updated = clock(one.updated_at, "%Y-%m-%d %H:%M")
        rows.append((one.name, kind, one.lifecycle, owner, one.organization, updated, title))
    heads = ("NAME", "VERSION", "STATE", "OWNER", "ORGANIZATION", "UPDATED", "TITLE")
    click.echo("\n".join(table(heads, rows)))


def _value(one: "Published") -> dict[str, Any]:
    from controller.model.record import time_text

    spec = one.resource["spec"]
    return {
        "kind": one.kind,
        "name": one.name,
        "version": one.version or None,
        "lifecycle": one.lifecycle,
        "owner": one.owner or None,
        "organization": one.organization,
        "displayName": spec.get("displayName"),
        "description": spec.get("description"),
        "files": dict(one.files),
        "createdAt": time_text(one.created_at),
        "updatedAt": time_text(one.updated_at),
    }


@command.command(epilog="Example: libretto definitions publish definitions --activate")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--activate", is_flag=True, help="Make it active at once; default: a draft.")
@output_option
@click.pass_context
def publish(ctx: click.Context, path: Path, activate: bool, form: str) -> None:
    """Validate PATH (a definition file or folder) and publish its orchestrations, with the agents that they call.

    A version must be raised as far as its change demands: a step or parameter that is removed or renamed, or a new
    required parameter, needs a new major version. The same version with other content is taken only from a draft.
    Exit code 3, and nothing is published, when something is wrong.
    """
    from controller.wiring.publishing import publish_files

    with session(ctx) as opened:
        changes = publish_files(opened.local, path, activate=activate or opened.remote is not None)
    if form != "text":
        emit([change._asdict() for change in changes], form)
        return
    orchestrations = [change for change in changes if change.kind == "Orchestration"]
    agents = [change for change in changes if change.kind == "Agent"]
    for change in orchestrations:
        after = f", after {change.after}" if change.after else ""
        click.echo(f"{change.name} {change.version} {change.change}: {change.lifecycle}{after}")
    if agents:
        fresh = [change.name for change in agents if change.change != "unchanged"]
        same = len(agents) - len(fresh)
        parts = [f"published {', '.join(fresh)}"] if fresh else []
        parts += [f"{same} unchanged"] if same else []
        click.echo(f"  agents   {'; '.join(parts)}")
    for change in orchestrations:
        target = f"{change.name}@{change.version}"
        if change.lifecycle == "draft":
            click.echo(f"  next     {command_line('definitions', 'activate', target)}")
        elif change.change != "unchanged":
            click.echo(f"  next     {command_line('run', target)}")


def _lifecycle_verb(verb: str, text: str) -> None:
    @command.command(name=verb, help=text, epilog=f"Example: libretto definitions {verb} nightly@1.0.0")
    @click.argument("name", metavar="NAME[@VERSION]")
    @output_option
    @click.pass_context
    def move(ctx: click.Context, name: str, form: str) -> None:
        from controller.wiring.publishing import move_published

        plain, _, version = name.partition("@")
        with session(ctx, existing=True) as opened:
            before, lifecycle = move_published(opened.local, plain, version or None, verb)
        if form != "text":
            emit({**_value(before._replace(lifecycle=lifecycle)), "before": before.lifecycle}, form)
        else:
            click.echo(f"{before.name} {before.version}: {before.lifecycle} -> {lifecycle}")


_lifecycle_verb("activate", "Let a draft or deprecated version take part in `latest`.")
_lifecycle_verb("deprecate", "Take an active version out of `latest`; whoever names it exactly still gets it.")
_lifecycle_verb("archive", "Put a version away for good. Runs that were started with it keep their snapshot.")
