"""`libretto run`: run an orchestration to its end."""

import click
from controller.entrypoints.cli.session import output_option, session


@click.command(name="run")
@click.argument("target")
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE")
@output_option
@click.pass_context
def command(ctx: click.Context, target: str, params: tuple[str, ...], form: str) -> None:
    """Run TARGET."""
    import orjson

    from controller.entrypoints.cli.drive import drive
    from controller.runtime.admit import admit
    from controller.wiring.definitions import find
    from controller.wiring.local import new_run_id, person

    with session(ctx) as opened:
        local = opened.local
        found = find(target, local.stores.objects)
        values = {}
        for p in params:
            key, _, value = p.partition("=")
            try:
                values[key] = orjson.loads(value)
            except orjson.JSONDecodeError:
                values[key] = value
        uid = new_run_id()
        spec = admit(
            found.entry,
            found.catalog,
            local.stores.blobs,
            uid=uid,
            parameters=values,
            requester=person().id,
            now=local.clock.now(),
            max_parallel=local.configuration.max_parallel,
            files=found.files,
        )
        ctx.exit(drive(opened, spec, form=form))
