"""`python -m tests.cluster up|operator|down`: a cluster for trying things out, until it is told to end."""

import argparse
import os
import sys
from typing import NoReturn

from tests.cluster import definitions, operators, tenancy
from tests.cluster.binaries import BinariesMissing
from tests.cluster.building import BuildFailed
from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.machine import NodeUnavailable
from tests.cluster.node import RealNode
from tests.cluster.operators import free_port
from tests.cluster.shared_process_node import SharedProcessNode
from tests.cluster.waiting import NeverCame

USUAL = "try"

_TOLD = (BinariesMissing, BuildFailed, KubectlFailed, NeverCame, NodeUnavailable, tenancy.ClusterFailed)
"""What a person can do something about, or report: the text is enough."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("what", choices=["up", "operator", "down"])
    parser.add_argument("--name", default=USUAL, help="several clusters may stand side by side (default: try)")
    parser.add_argument("--node", choices=["process", "real"], help="where pods run (default: nowhere)")
    parser.add_argument("--definitions", action="store_true", help="with the project's custom resources and policies")
    arguments = parser.parse_args()
    try:
        if arguments.what == "up":
            _up(arguments.name, arguments.node, with_definitions=arguments.definitions)
        elif arguments.what == "operator":
            _operator(arguments.name)
        else:
            _down(arguments.name)
    except _TOLD as problem:
        sys.exit(str(problem))


def _up(name: str, node: str | None, *, with_definitions: bool) -> None:
    control_plane = ControlPlane(tenancy.enter(name, for_node=node == "real", stays=True))
    if node == "real":
        RealNode(control_plane)
    elif node == "process":
        SharedProcessNode(control_plane)
    if with_definitions:
        definitions.install(control_plane)
    print(f"kubeconfig: {control_plane.kubeconfig}")
    print(f"export KUBECONFIG={control_plane.kubeconfig}")
    if with_definitions:
        command = "make cluster-operator" if name == USUAL else f"python -m tests.cluster operator --name {name}"
        print(f"an operator for it, in another terminal, until Ctrl-C: {command}")
    control_plane.close()


def _operator(name: str) -> NoReturn:
    """Become an operator of all namespaces, with the account and the rights that the chart gives it."""
    found = tenancy.running(name)
    if found is None:
        sys.exit(f"no cluster {name} is up: make cluster-up NODE=process")
    control_plane = ControlPlane(found)
    operators.grant(control_plane, operators.NAMESPACE)
    settings = {
        **operators.settings_for(control_plane, free_port(), free_port()),
        "LIBRETTO_LEASE_NAMESPACE": operators.NAMESPACE,
    }
    control_plane.close()
    os.execve(sys.executable, [sys.executable, *operators.PROGRAM], {**os.environ, **settings})


def _down(name: str) -> None:
    found = tenancy.running(name)
    if found is None:
        print(f"no cluster {name} is up")
    else:
        ControlPlane(found).end()


if __name__ == "__main__":
    main()
