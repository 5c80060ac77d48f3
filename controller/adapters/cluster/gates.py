"""Does an approval count? Whose it is the API server has proved; how many, of whom and until when is decided here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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

    def weigh(self, run: Mapping[str, Any] | None, approval: Json, all_of_run: Iterable[Json]) -> Quorum:
        """Return whether an approval of a run counts, together with the others that are there."""
        if not self._protected(approval["metadata"]["namespace"]):
            return Quorum(UNPROTECTED)
        if _unproved(approval):
            return Quorum(UNPROVED)
        spec = approval["spec"]
        if approval["kind"] != "Approval":
            return Quorum(None)
        if (expires := spec.get("expiresAt")) and expires <= self._now():
            return Quorum(f"it expired at {expires}")
        if spec["decision"] == "reject":
            return Quorum(None)
        gate = _gate(run, spec)
        needs = (gate or {}).get("needs")
        if run is None or not needs:
            return Quorum(None)
        if (refusal := self._refusal(run, spec, needs)) is not None:
            return Quorum(refusal)
        return self._counted(run, approval, needs, all_of_run)

    def _counted(self, run: Mapping[str, Any], approval: Json, needs: Json, all_of_run: Iterable[Json]) -> Quorum:
        """Count the different people who approved the very same, the oldest first."""
        spec, same = approval["spec"], ("gate", "digest", "request", "decision", "modification")
        agreeing: dict[str, None] = {}
        for other in sorted(all_of_run, key=_age):
            given = other["spec"]
            if other["kind"] != "Approval" or any(given.get(member) != spec.get(member) for member in same):
                continue
            expired = given.get("expiresAt") and given["expiresAt"] <= self._now()
            if not expired and not _unproved(other) and self._refusal(run, given, needs) is None:
                agreeing[given["approver"]["name"]] = None
        wanted = needs.get("count", 1)
        people = list(agreeing)
        if len(people) < wanted:
            return Quorum(f"{len(people)} of {wanted} approvals are there ({', '.join(people)})")
        # The one that completes the quorum is the decision; those before it are named with it.
        if people[wanted - 1] != spec["approver"]["name"]:
            return Quorum("others completed the quorum", tuple(people))
        return Quorum(None, tuple(people[: wanted - 1]))

    @staticmethod
    def _refusal(run: Mapping[str, Any], spec: Json, needs: Json) -> str | None:
        approver = spec["approver"]
        groups: Sequence[str] = needs.get("groups") or ()
        if groups and not set(groups) & set(approver.get("groups") or ()):
            return f"{approver['name']} is in none of the groups {', '.join(groups)}"
        if not needs.get("separateRequester"):
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


def _gate(run: Mapping[str, Any] | None, spec: Mapping[str, Any]) -> Json | None:
    status = (run or {}).get("status") or {}
    name = spec["gate"].rpartition("/")[2]
    for gate in status.get("gates") or ():
        if gate["gate"].rpartition("/")[2] == name and gate["request"] == spec["request"]:
            return dict(gate)
    return None


def _age(one: Json) -> tuple[str, str]:
    return one["metadata"]["creationTimestamp"], one["metadata"]["name"]
