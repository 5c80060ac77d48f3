"""Somebody may act on an Event, or there is none: gates, failures, stalls, and success where it is wanted."""

import re
from pathlib import Path
from typing import Any, cast

from controller.adapters.cluster.events import EventPoster, Happening, event_name
from controller.adapters.simulated_runner import Scripted, SimulatedClock
from controller.model.states import OutcomeClass
from controller.wiring.cluster import notices
from controller.wiring.cluster.event_observer import EventObserver
from tests.behaviour.rehearsal import START, Rehearsal
from tests.unit.wiring.cluster.watched import Watched, run_object

BAD = Scripted(50, failure=OutcomeClass.FAILED, reason="exit 1", exit_code=1)


class Kept:
    def __init__(self) -> None:
        self.told: list[Happening] = []

    def tell(self, happening: Happening) -> None:
        self.told.append(happening)

    def reasons(self) -> list[str]:
        return [one.reason for one in self.told]


def observer(kept: Kept, **options: Any) -> EventObserver:
    return EventObserver(cast("EventPoster", kept), SimulatedClock(START), **options)


def chain(**last: Any) -> dict[str, Any]:
    return {"name": "chain", "steps": [{"id": "a"}, {"id": "b", "dependsOn": ["a"], **last}]}


def test_a_run_that_goes_well_has_none() -> None:
    kept = Kept()
    Watched(Rehearsal(), observer(kept)).play(chain())
    assert kept.told == []


def test_success_is_told_where_it_is_wanted() -> None:
    kept = Kept()
    Watched(Rehearsal(), observer(kept, on_success=True)).play(chain())
    assert [(one.reason, one.warning) for one in kept.told] == [("RunSucceeded", False)]


def test_only_the_last_failure_of_a_step_is_told() -> None:
    kept = Kept()
    spec = chain(retry={"maxAttempts": 2})
    Watched(Rehearsal(lambda launch: BAD if launch.key.step == "b" else Scripted()), observer(kept)).play(spec)
    assert [(one.reason, one.note, one.warning) for one in kept.told] == [
        ("StepFailed", '"b" failed: exit 1', True),
        ("RunFailed", 'the run failed: step "b" failed', True),
    ]
    job = kept.told[0].related
    assert job is not None
    assert (job["kind"], job["name"][:17]) == ("Job", "run-of-chain-b-2-")
    assert kept.told[0].annotations["libretto.dev/record"] == "7"


def test_instances_that_fail_alike_are_one_series() -> None:
    kept = Kept()
    steps = [{"id": "a", "foreach": "[1, 2, 3]", "retry": {"maxAttempts": 1}}]
    Watched(Rehearsal(lambda _: BAD), observer(kept)).play({"name": "each", "steps": steps})
    names = [event_name(one) for one in kept.told if one.reason == "StepFailed"]
    assert (len(names), len(set(names)), len(set(names[:3]))) == (4, 2, 1)


def test_a_gate_is_told_when_it_opens() -> None:
    kept = Kept()
    Watched(Rehearsal(), observer(kept)).play(chain(checkpointAfter={"question": "Is it good?"}))
    assert [(one.reason, one.note, one.warning) for one in kept.told] == [
        ("ApprovalNeeded", '"b" waits for a decision: Is it good?', False)
    ]


def test_stalls_are_told_though_no_record_says_so() -> None:
    kept = Kept()
    watched = Watched(Rehearsal(), observer(kept))
    run = run_object(watched.rehearsal.admit(chain()))
    for _ in range(2):
        watched.observer.stalled(run, "NotFound", 'no agent "worker"')
    watched.observer.stalled(run, "DefinitionInvalid", "steps: empty")
    watched.observer.unprotected(run, "install the policies")
    watched.observer.unreachable(run, "node n1 does not answer")
    assert [(one.reason, one.note) for one in kept.told[1:3]] == [
        ("Stalled", 'NotFound: no agent "worker"'),
        ("Stalled", "DefinitionInvalid: steps: empty"),
    ]
    assert len({event_name(one) for one in kept.told}) == 4


def test_the_documentation_lists_every_reason() -> None:
    text = (Path(__file__).resolve().parents[4] / "docs" / "spec" / "observing.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)` \| (Normal|Warning) \|", text, re.MULTILINE))
    rules = [rule for rule in notices._RULES.values() if rule.event or rule.reason == "RunSucceeded"]
    expected = {(rule.reason, "Warning" if rule.warning else "Normal") for rule in rules}
    told = {(reason, "Warning") for reason in ("Stalled", "ApprovalsUnprotected", "NodeUnreachable")}
    assert documented == expected | told
