"""What verbs do otherwise on a cluster: the operator drives, so a person makes objects and looks on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.session import Session, emit
from controller.errors import NotFound, Refused
from controller.model.states import RunState

if TYPE_CHECKING:
    from controller.adapters.cluster.following import Following
    from controller.entrypoints.cli.follow import Source
    from controller.wiring.remote import Remote

Json = dict[str, Any]

LOOK_S = 0.1
"""Between two looks at a run that nobody has taken up yet: an operator takes some 20 ms."""

PATIENCE_LOOKS = 50
"""After so many a person is told what is waited for."""

NEWS_S = 0.25
"""A terminal is redrawn at least so often."""


def make_run(session: Session, reference: Json, spec: Json, *, form: str) -> str:
    """Make the object of a run, and return its uid."""
    from controller.adapters.cluster import fiber
    from controller.adapters.cluster.names import slug
    from controller.adapters.cluster.resources import RUNS

    remote = session.remote
    assert remote is not None
    body = {
        "apiVersion": RUNS.api_version,
        "kind": RUNS.kind,
        "metadata": {"generateName": f"{slug(reference['name'], 40)}-", "namespace": remote.namespace},
        "spec": {
            "orchestrationRef": reference,
            "requestedBy": _requester(remote),
            **{name: value for name, value in spec.items() if value},
        },
    }
    made = fiber.wait(remote.client.create(RUNS, remote.namespace, body))
    remote.stores.runs.take(made)
    if form == "text":
        click.echo(f"run {made['metadata']['name']} made in namespace {remote.namespace}")
    return str(made["metadata"]["uid"])


def _requester(remote: "Remote") -> Json:
    groups = list(remote.who.groups())
    return {"username": remote.person().id, **({"groups": groups} if groups else {})}


def look_on(session: Session, uid: str, *, form: str, wait: bool) -> int:
    """Show a run until it settles, and return its exit code. Raises Refused when it cannot begin."""
    from controller.entrypoints.cli.follow import follow

    remote = session.remote
    assert remote is not None
    code = _begun(remote, uid, form)
    if code is not None:
        return code
    root = remote.stores.objects.run(uid)
    assert root is not None  # it was just looked at
    return follow(session, root, form=form, wait=wait)


def _begun(remote: "Remote", uid: str, form: str) -> int | None:
    """Wait until the operator has taken a run up; return its exit code where it has settled without ever beginning."""
    from controller.entrypoints.cli import exits

    looks = 0
    while True:
        found = remote.stores.runs.owner_of(uid) if not looks else remote.stores.runs.refresh(uid)
        name, status = found["metadata"]["name"], found.get("status") or {}
        if status.get("snapshot"):
            return None
        state = RunState(status.get("state") or RunState.PENDING)
        if state.settled:
            if form == "text":
                click.echo(f"{state}: {status.get('message') or status.get('reason') or ''}")
            else:
                emit({"run": uid, "name": name, "status": status}, form)
            return exits.BY_STATE[state]
        stalled = next((one for one in status.get("conditions") or () if one["type"] == "Stalled"), None)
        if stalled is not None and stalled["status"] == "True":
            raise Refused(
                f"run {name} does not begin: {stalled['message']}",
                hint=f"it begins once that is mended; or: kubectl -n {remote.namespace} delete run {name}",
            )
        looks += 1
        if looks == PATIENCE_LOOKS:
            click.echo(f"waiting for an operator that takes up run {name} (kubectl get leases -A)", err=True)
        remote.pause(LOOK_S)


class _Watched:
    """News of a run tree, as the watches bring them."""

    def __init__(self, following: "Following", name: str) -> None:
        self._following = following
        self._name = name

    def driven(self) -> bool:
        """The operator drives whatever is there."""
        if self._following.gone:
            raise NotFound(f"run {self._name} was deleted")
        return True

    def news(self) -> bool:
        return self._following.news()

    def pause(self) -> None:
        from controller.adapters.cluster import fiber

        fiber.wait(self._following.pause(NEWS_S))


@contextmanager
def following(remote: "Remote", root: str, say: Callable[[str], None]) -> "Iterator[Source]":
    """Look on while the operator drives a tree; `say` is told why there is nothing to see just now."""
    from controller.adapters.cluster import fiber
    from controller.adapters.cluster.following import Following

    found = remote.stores.runs.owner_of(root)
    one = Following(remote.client, remote.stores.runs, found, say)
    fiber.wait(one.begin())
    try:
        yield _Watched(one, found["metadata"]["name"])
    finally:
        fiber.wait(one.end())
