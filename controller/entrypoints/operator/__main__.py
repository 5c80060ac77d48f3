"""Start an operator: `python -m controller.entrypoints.operator`."""

import asyncio
import os
import sys

import uvloop

from controller.adapters.cluster.connection import Connection
from controller.entrypoints.operator.logs import configure
from controller.entrypoints.operator.process import OperatorProcess
from controller.entrypoints.operator.settings import settings_from
from controller.errors import ConfigurationInvalid


def main() -> None:
    """Run until SIGTERM. Exit code 2 where the settings are wrong."""
    environment = dict(os.environ)
    try:
        settings = settings_from(environment)
        connection = _connection(environment)
        configure(settings.log_level, settings.log_format)

        async def run() -> None:
            await OperatorProcess(settings, connection).run()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
    except ConfigurationInvalid as error:
        sys.stderr.write(f"{error.message}\n" + (f"  {error.hint}\n" if error.hint else ""))
        sys.exit(2)


def _connection(environment: dict[str, str]) -> Connection:
    if environment.get("KUBECONFIG"):
        from controller.adapters.cluster.kubeconfig import from_kubeconfig

        return from_kubeconfig(environment["KUBECONFIG"]).connection
    return Connection.in_cluster(environment)


if __name__ == "__main__":
    main()
