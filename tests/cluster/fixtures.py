"""Fixtures of the cluster, as a pytest plugin: `config.pluginmanager.import_plugin("tests.cluster.fixtures")`.

All workers of one test run share one control plane; whoever ends last ends it.
"""

import os
import secrets
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.cluster import definitions, evidence, given, machine, tenancy
from tests.cluster.control_plane import ControlPlane
from tests.cluster.node import RealNode
from tests.cluster.shared_process_node import SharedProcessNode
from tests.cluster.writing import leave_namespace, make_namespace

_BEGUN = pytest.StashKey[dict[Path, int]]()
"""Where each audit log ended when a test began; a log that is not listed is the test's own."""

_OPEN: list[ControlPlane] = []
"""The session's control plane, once it is there: a test's own fixtures are made only after the hook that asks."""


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """etcd, API server, controller manager and scheduler, without any node; or the cluster that a person gives to the tests."""
    theirs = given.cluster()
    if theirs is not None:
        yield theirs
        theirs.close()
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    for_node = not machine.skipped() and machine.refusal() is None
    opened = ControlPlane(tenancy.enter(f"test-{run[:12]}" if run else None, for_node=for_node))
    _OPEN.append(opened)
    yield opened
    _OPEN.remove(opened)
    opened.close()


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with the project's custom resources, policies and roles."""
    definitions.install(control_plane)
    return control_plane


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of its own; it goes away afterwards, nobody waits for that."""
    name = f"test-{secrets.token_hex(4)}"
    make_namespace(control_plane, name)
    yield name
    leave_namespace(control_plane, name)


@pytest.fixture(scope="session")
def process_node(control_plane: ControlPlane) -> SharedProcessNode:
    """A node that plays pods as processes. Where both nodes are, a pod says by `nodeSelector` which one it wants."""
    if isinstance(control_plane, given.GivenCluster):
        control_plane.leave_out("it needs a node of ours, whose certificate this cluster would not trust")
    return SharedProcessNode(control_plane)


@pytest.fixture(scope="session")
def real_node(control_plane: ControlPlane) -> RealNode:
    """A real kubelet with containerd; Services and their names work on it."""
    if isinstance(control_plane, given.GivenCluster):
        control_plane.leave_out("it needs a node of ours, whose certificate this cluster would not trust")
    if machine.skipped():
        pytest.skip("LIBRETTO_SKIP_NODE=1: no real node")
    try:
        return RealNode(control_plane)
    except machine.NodeUnavailable as problem:
        pytest.fail(str(problem))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_BEGUN] = {each.audit_log: each.audit_log.stat().st_size for each in _OPEN if each.audit_log.exists()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    used = _used(item)
    if used and report.failed and call.when != "teardown":
        namespace = getattr(item, "funcargs", {}).get("namespace")
        begun = item.stash.get(_BEGUN, {}).get(used.audit_log, 0)
        report.sections.extend(evidence.gather(used, begun, namespace))
    return report


def _used(item: pytest.Item) -> ControlPlane | None:
    """The control plane of this test, once it is there; one of its own comes before the shared one."""
    listed = getattr(item, "funcargs", {}).values()
    found = [each for each in listed if isinstance(each, ControlPlane) and not isinstance(each, given.GivenCluster)]
    return next((each for each in found if each not in _OPEN), found[0] if found else None)
