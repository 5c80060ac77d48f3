"""`run` on a cluster: what it needs is published there, or is published first; then it is an object."""

from pathlib import Path
from typing import Any

import click

from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import Session
from controller.errors import Refused

Json = dict[str, Any]


def run_there(session: Session, target: str, wishes: Json, *, publish: bool, form: str, wait: bool) -> int:
    """Make a Run of a path, `name` or `name@version`, look on until it settles, and return the exit code.

    `wishes` are further members of its spec. Raises Refused where files differ from what is published.
    """
    from controller.definition.parameters import resolve_parameters
    from controller.entrypoints.cli.on_cluster import look_on, make_run
    from controller.wiring.definitions import find

    found = find(target, session.local.stores.objects)
    # What cannot begin is not made.
    resolve_parameters(found.entry.spec, wishes.get("parameters") or {})
    version = target.partition("@")[2]
    if Path(target).exists():
        _as_published(session, target, found, publish=publish, form=form)
        version = found.entry.spec.version
    elif publish:
        raise click.UsageError(f"--publish is about files, and {target} is none")
    reference = {"name": found.entry.spec.name or "", **({"version": version} if version else {})}
    return look_on(session, make_run(session, reference, wishes, form=form), form=form, wait=wait)


def _as_published(session: Session, target: str, found: Any, *, publish: bool, form: str) -> None:
    from controller.runtime.phrases import listed
    from controller.wiring.publishing import publish_found, unpublished

    if not publish:
        other = unpublished(session.local, found)
        if other:
            raise Refused(
                f"{target} is not what is published: {listed(other, 6)}. Nothing was made.",
                hint=f"{command_line('run', target, '--publish')} publishes it first; "
                f"{command_line('diff', target)} shows what differs",
            )
        return
    changes = publish_found(session.local, found)
    if form == "text":
        fresh = [f"{one.name} {one.version}".strip() for one in changes if one.change != "unchanged"]
        click.echo(f"published {listed(fresh, 6)}" if fresh else "all of it is published already")
