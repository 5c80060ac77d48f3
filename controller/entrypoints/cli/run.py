"""`libretto run`: run an orchestration to its end."""

import click


@click.command(name="run")
@click.argument("target")
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE")
@click.pass_context
def command(ctx: click.Context, target: str, params: tuple[str, ...]) -> None:
    """Run TARGET."""
    import orjson

    from controller.runtime.admit import admit
    from controller.runtime.driver import Driver
    from controller.wiring.definitions import find
    from controller.wiring.local import Local, new_run_id, person

    local = Local.open(ctx.obj)
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

    def on_records(member, links):
        for link in links:
            r = link.record
            click.echo(
                f"{r.seq:4} {member.spec.orchestration} {r.kind:20} {r.step or '-':24} {r.target or ''} {r.summary or ''}"
            )

    driver = Driver(local.toolbox(uid), spec, on_records=on_records)
    driver.start()
    while not driver.root.state.run.settled:
        driver.turn()
    driver.close()
    click.echo(driver.root.state.run)
