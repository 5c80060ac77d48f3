"""Does an approval count? Whose it is the API server has proved; how many, of whom and until when is decided here."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from controller.model.run import GateNeeds

Json = dict[str, Any]

ACCOUNT = "system:serviceaccount:"
"""How the user names of service accounts begin."""

UNPROTECTED = "nothing proves who decides: install the admission policies of the chart libretto-crds, then decide again"

UNPROVED = "it was made while nothing proved who decides: decide again"
"""Of a decision that once was UNPROTECTED, and says so in its status: that it is proved now whose decisions are says nothing
about this one.
"""


class Quorum(NamedTuple):
    """Who decided together."""

    missing: str | None
    """Why an approval does not count yet, in one line; None: it counts."""
    others: tuple[str, ...] = ()
    """Who approved the same before."""


class Gates:
    """Weighs the approvals of a run's open gates. `protected` tells whether the API server refuses forged ones now."""

    def __init__(self, protected: Callable[[str], bool], now: Callable[[], str]) -> None:
        """`protected` is asked about a namespace; `now` is the present time as RFC 3339 in UTC."""
        self._protected = protected
        self._now = now

    def weigh(
        self, run: Mapping[str, Any] | None, approval: Json, all_of_run: Iterable[Json], needs: GateNeeds | None
    ) -> Quorum:
        """Return whether an approval of a run counts, together with the others that are there. `needs` is what its gate
        asks for.
        """
        if not self._protected(approval["metadata"]["namespace"]):
            return Quorum(UNPROTECTED)
        if _unproved(approval):
            return Quorum(UNPROVED)
        spec = approval["spec"]
        if approval["kind"] != "Approval":
            return Quorum(None)
        if self._expired(spec):
            return Quorum(f"it expired at {spec['expiresAt']}")
        if spec["decision"] == "reject":
            return Quorum(None)
        if run is None or needs is None:
            return Quorum(None)
        if (refusal := self._refusal(run, spec, needs)) is not None:
            return Quorum(refusal)
        return self._counted(run, approval, needs, all_of_run)

    def _counted(self, run: Mapping[str, Any], approval: Json, needs: GateNeeds, all_of_run: Iterable[Json]) -> Quorum:
        """Count the different people who approved the very same, the oldest first."""
        spec, same = approval["spec"], ("gate", "digest", "request", "decision", "modification")
        agreeing: dict[str, None] = {}
        for other in sorted(all_of_run, key=_age):
            given = other["spec"]
            if other["kind"] != "Approval" or any(given.get(member) != spec.get(member) for member in same):
                continue
            if not self._expired(given) and not _unproved(other) and self._refusal(run, given, needs) is None:
                agreeing[given["approver"]["name"]] = None
        wanted = needs.count
        people = list(agreeing)
        if len(people) < wanted:
            return Quorum(f"{len(people)} of {wanted} approvals are there ({', '.join(people)})")
        # The one that completes the quorum is the decision; those before it are named with it.
        if people[wanted - 1] != spec["approver"]["name"]:
            return Quorum("others completed the quorum", tuple(people))
        return Quorum(None, tuple(people[: wanted - 1]))

    def _expired(self, spec: Json) -> bool:
        expires = spec.get("expiresAt")
        return expires is not None and _moment(expires) <= _moment(self._now())

    @staticmethod
    def _refusal(run: Mapping[str, Any], spec: Json, needs: GateNeeds) -> str | None:
        approver = spec["approver"]
        groups = needs.groups
        if groups and not set(groups) & set(approver.get("groups") or ()):
            return f"{approver['name']} is in none of the groups {', '.join(groups)}"
        if not needs.separate_requester:
            return None
        asked = ((run.get("spec") or {}).get("requestedBy") or {}).get("username")
        if asked is None:
            return "nobody proved who asked for the run, so nobody can be shown to be somebody else"
        if asked == approver["name"]:
            return f"{asked} asked for the run and may not approve it"
        if asked.startswith(ACCOUNT) and not groups:
            return f"{asked} is an account: who stands behind it is not known, so the checkpoint must name groups"
        return None


def _unproved(approval: Json) -> bool:
    return (approval.get("status") or {}).get("waiting") in (UNPROTECTED, UNPROVED)


def _moment(text: str) -> datetime:
    """Return a time of RFC 3339, which may be told with any offset."""
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:  # a leap second: the earliest of all, so that what cannot be compared is over
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _age(one: Json) -> tuple[str, str]:
    return one["metadata"]["creationTimestamp"], one["metadata"]["name"]
