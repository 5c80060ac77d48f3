"""What the verbs share: the opened state directory, finding runs, and the forms of output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from controller.runtime.look import Look
    from controller.wiring.local import Local

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Session:
    """An opened state directory."""

    local: "Local"
    look: "Look"


@contextmanager
def session(ctx: click.Context, *, read_only: bool = False) -> Iterator[Session]:
    """Open the state directory of the command line; close it afterwards."""
    from controller.runtime.look import Look
    from controller.wiring.local import Local

    local = Local.open(ctx.obj, read_only=read_only)
    try:
        yield Session(local, Look(local.stores.objects, local.stores.ledger, local.stores.blobs))
    finally:
        local.close()


def output_option(function: F) -> F:
    """Add `-o text|json|yaml`."""
    choice = click.Choice(["text", "json", "yaml"])
    return click.option("-o", "--output", "form", type=choice, default="text", help="Form of the output.")(function)


def emit(value: Any, form: str) -> None:
    """Print a JSON value for programs, as JSON or YAML."""
    if form == "yaml":
        import yaml

        click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)
    else:
        import orjson

        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
