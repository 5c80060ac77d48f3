"""Whether an approval counts: how many are needed, of whom, of whom not, and until when."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.gates import UNPROTECTED, Gates, Quorum
from controller.model.run import GateNeeds

Json = dict[str, Any]

NOW = "2026-01-01T12:00:00.000Z"
RUN: Json = {"spec": {"requestedBy": {"username": "rita"}}}
TWO = GateNeeds(count=2)
OF_SRE = GateNeeds(groups=["sre", "admins"])
NOT_RITA = GateNeeds(separate_requester=True)


def approval(person: str, at: int = 0, groups: tuple[str, ...] = (), **spec: Any) -> Json:
    """An approval that was created so many seconds after the others."""
    metadata = {"name": f"{person}-{at}", "namespace": "space", "creationTimestamp": f"2026-01-01T00:00:{at:02d}Z"}
    body = {"gate": "a", "digest": "d", "request": 3, "decision": "approve", **spec}
    return {
        "kind": "Approval",
        "metadata": metadata,
        "spec": {**body, "approver": {"name": person, "groups": [*groups]}},
        "status": {},
    }


def weighed(
    one: Json, needs: GateNeeds | None, *others: Json, run: Json | None = RUN, protected: bool = True
) -> Quorum:
    """Weigh an approval among others."""
    return Gates(lambda _: protected, lambda: NOW).weigh(run, one, [*others, one], needs)


# How many


def test_where_nothing_is_needed_one_is_enough() -> None:
    assert weighed(approval("mara"), None) == Quorum(None)
    assert weighed(approval("mara"), GateNeeds()) == Quorum(None)


def test_the_last_one_completes_the_quorum_and_names_the_others() -> None:
    mara, joe, ann = approval("mara", 1), approval("joe", 2), approval("ann", 3)
    three = GateNeeds(count=3)
    assert weighed(mara, three) == Quorum("1 of 3 approvals are there (mara)")
    assert weighed(joe, three, mara) == Quorum("2 of 3 approvals are there (mara, joe)")
    assert weighed(ann, three, joe, mara) == Quorum(None, ("mara", "joe"))
    assert weighed(mara, three, joe, ann).missing == "others completed the quorum"


@pytest.mark.requirement("K8S-017")
def test_one_person_is_one_person() -> None:
    assert weighed(approval("mara", 2), TWO, approval("mara", 1)).missing == "1 of 2 approvals are there (mara)"


@pytest.mark.requirement("K8S-018")
@pytest.mark.parametrize(
    "other",
    [
        {"gate": "b"},
        {"digest": "e"},
        {"request": 4},
        {"decision": "reject"},
        {"decision": "modify", "modification": {"x": 1}},
        {"modification": {"x": 1}},
    ],
    ids=str,
)
def test_only_who_decides_the_very_same_is_counted(other: Json) -> None:
    assert weighed(approval("mara", 2), TWO, approval("joe", 1, **other)).missing == "1 of 2 approvals are there (mara)"


def test_two_may_modify_together_if_they_say_the_same() -> None:
    same: Json = {"decision": "modify", "modification": {"limit": 3}}
    assert weighed(approval("mara", 2, **same), TWO, approval("joe", 1, **same)) == Quorum(None, ("joe",))


def test_an_intervention_is_no_approval() -> None:
    command = approval("joe", 1) | {"kind": "Intervention"}
    assert weighed(approval("mara", 2), TWO, command).missing == "1 of 2 approvals are there (mara)"
    assert weighed(command, TWO) == Quorum(None)


def test_one_rejection_is_enough() -> None:
    needs = GateNeeds(count=3, groups=["sre"], separate_requester=True)
    assert weighed(approval("mara", decision="reject"), needs) == Quorum(None)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12), st.integers(1, 5))
def test_no_order_of_approvals_counts_before_there_are_enough_people(people: list[str], count: int) -> None:
    there: list[Json] = []
    counted = []
    for at, person in enumerate(people):
        one = approval(person, at)
        quorum = weighed(one, GateNeeds(count=count), *there)
        there.append(one)
        if quorum.missing is None:
            counted.append(quorum.others)
            assert len({person, *quorum.others}) == count
    assert bool(counted) == (len(set(people)) >= count)


# Of whom


@pytest.mark.requirement("K8S-017")
def test_who_is_in_none_of_the_groups_does_not_count() -> None:
    assert weighed(approval("mara"), OF_SRE).missing == "mara is in none of the groups sre, admins"
    assert weighed(approval("mara", groups=("dev",)), OF_SRE).missing is not None
    assert weighed(approval("mara", groups=("dev", "admins")), OF_SRE) == Quorum(None)


def test_who_does_not_count_completes_nothing() -> None:
    needs = GateNeeds(count=2, groups=["sre"])
    mara = approval("mara", 2, ("sre",))
    assert weighed(mara, needs, approval("joe", 1)).missing == "1 of 2 approvals are there (mara)"
    assert weighed(mara, needs, approval("joe", 1, ("sre",))) == Quorum(None, ("joe",))


@pytest.mark.requirement("K8S-017")
def test_who_asked_for_the_run_may_not_approve_it() -> None:
    assert weighed(approval("rita"), NOT_RITA).missing == "rita asked for the run and may not approve it"
    assert weighed(approval("mara"), NOT_RITA) == Quorum(None)
    assert weighed(approval("rita"), GateNeeds()) == Quorum(None)
    both = GateNeeds(count=2, separate_requester=True)
    assert weighed(approval("mara", 2), both, approval("rita", 1)).missing == "1 of 2 approvals are there (mara)"


@pytest.mark.parametrize("spec", [{}, {"requestedBy": None}, {"requestedBy": {}}])
def test_where_nobody_proved_who_asked_nobody_is_somebody_else(spec: Json) -> None:
    assert "nobody proved who asked for the run" in str(weighed(approval("mara"), NOT_RITA, run={"spec": spec}).missing)


def test_who_stands_behind_an_account_is_not_known() -> None:
    run: Json = {"spec": {"requestedBy": {"username": "system:serviceaccount:ci:robot"}}}
    assert "is an account" in str(weighed(approval("mara"), NOT_RITA, run=run).missing)
    named = GateNeeds(groups=["sre"], separate_requester=True)
    assert weighed(approval("mara", groups=("sre",)), named, run=run) == Quorum(None)
    robot = approval("system:serviceaccount:ci:robot", groups=("sre",))
    assert "may not approve it" in str(weighed(robot, named, run=run).missing)


def test_of_a_run_that_is_gone_the_engine_says_that() -> None:
    assert weighed(approval("mara"), TWO, run=None) == Quorum(None)


# Until when


@pytest.mark.parametrize(
    "until",
    [
        "2026-01-01T11:59:59Z",
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00.000Z",
        "2026-01-01T13:00:00+02:00",
        "2026-01-01T07:00:00-05:00",
        "2026-01-01t11:00:00z",
        "2016-12-31T23:59:60Z",
    ],
)
def test_what_expired_does_not_count(until: str) -> None:
    assert weighed(approval("mara", expiresAt=until), None).missing == f"it expired at {until}"
    assert weighed(approval("mara", decision="reject", expiresAt=until), None).missing is not None
    assert weighed(approval("joe", 2), TWO, approval("mara", 1, expiresAt=until)).missing is not None


@pytest.mark.parametrize(
    "until",
    [
        "2026-01-01T12:00:01Z",
        "2026-01-01T12:00:00.001Z",
        "2026-01-01T11:00:00-02:00",
    ],
)
def test_what_has_not_expired_counts(until: str) -> None:
    assert weighed(approval("mara", expiresAt=until), None) == Quorum(None)
    assert weighed(approval("joe", 2), TWO, approval("mara", 1, expiresAt=until)) == Quorum(None, ("mara",))


# Whether anybody can know


def test_where_nothing_refuses_forgeries_nothing_counts() -> None:
    rejection = approval("mara", decision="reject")
    command = approval("mara") | {"kind": "Intervention"}
    for one in (approval("mara"), rejection, command):
        assert weighed(one, None, protected=False) == Quorum(UNPROTECTED)


def test_protection_is_asked_about_the_namespace_of_the_approval() -> None:
    asked: list[str] = []

    def protected(namespace: str) -> bool:
        asked.append(namespace)
        return True

    Gates(protected, lambda: NOW).weigh(RUN, approval("mara"), [], None)
    assert asked == ["space"]
