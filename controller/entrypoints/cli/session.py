"""What the verbs share: the opened state directory, finding runs, and the forms of output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from controller.errors import Forbidden, LibrettoError

if TYPE_CHECKING:
    from controller.runtime.look import Look
    from controller.wiring.local import Local
    from controller.wiring.remote import Remote

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Session:
    """An opened state directory, or a namespace of a cluster."""

    local: "Local"
    look: "Look"

    @property
    def remote(self) -> "Remote | None":
        """The cluster, where the session is on one."""
        return getattr(self.local, "remote", None)

    @property
    def driver(self) -> str:
        """Who drives a run that is driven elsewhere, in words."""
        return "the process that drives the run" if self.remote is None else "the operator"


@contextmanager
def session(ctx: click.Context, *, read_only: bool = False, existing: bool = False) -> Iterator[Session]:
    """Open the state directory of the command line; close it afterwards.

    `existing` is for verbs about runs that are there: where nothing was ever run, nothing is made either.
    """
    from controller.runtime.look import Look
    from controller.wiring.local import Local

    if is_cluster(ctx.obj):
        with cluster_session(ctx.obj) as opened:
            yield opened
        return
    if existing and not read_only:
        from pathlib import Path

        from controller.adapters.state_directory import StateDirectory

        read_only = not StateDirectory.find(ctx.obj, Path.cwd()).exists
    local = Local.open(ctx.obj, read_only=read_only)
    try:
        yield Session(local, Look(local.stores.objects, local.stores.ledger, local.stores.blobs))
    except (SystemExit, click.exceptions.Exit):
        # How verbs end with an exit code.
        local.close()
        raise
    except BaseException:
        # Closing may fail for the same reason, e.g. a full disk; the first error is the one to tell.
        with suppress(LibrettoError):
            local.close()
        raise
    local.close()


def only_here(ctx: click.Context, hint: str) -> None:
    """Refuse a verb that is about a state directory where the command line names a cluster. Raises Refused."""
    from controller.errors import Refused

    if is_cluster(ctx.obj):
        raise Refused(f"`libretto {ctx.info_name}` is about a state directory on this machine", hint=hint)


def is_cluster(target: object) -> bool:
    """Return whether what the command line names is a cluster, and not a state directory."""
    return target is not None and not isinstance(target, str)


@contextmanager
def cluster_session(target: Any) -> Iterator[Session]:
    """Connect to the cluster of the command line; the connection is closed afterwards."""
    from typing import cast

    from controller.entrypoints.cli import wording
    from controller.entrypoints.cli.cluster_look import ClusterLook
    from controller.wiring.remote import Remote

    remote = Remote.open(target)
    wording.NAMES = remote.names
    stores = remote.stores
    try:
        yield Session(cast("Local", remote), ClusterLook(remote, stores.objects, stores.ledger, stores.blobs))
    except Forbidden as error:
        from controller.entrypoints.cli.permissions import explained

        raise explained(error) from error
    finally:
        remote.close()


def output_option(function: F) -> F:
    """Add `-o text|json|yaml`."""
    choice = click.Choice(["text", "json", "yaml"])
    return click.option("-o", "--output", "form", type=choice, default="text", help="Form of the output.")(function)


def emit(value: Any, form: str) -> None:
    """Print a JSON value for programs, as JSON or YAML."""
    import orjson

    if form == "yaml":
        import yaml

        # By way of JSON: words of a closed vocabulary are texts to a program, whatever they are here.
        plain = orjson.loads(orjson.dumps(value))
        click.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).encode(), nl=False)
    else:
        # As bytes: what programs read is UTF-8 in every locale.
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
