"""What the operator tells couriers beside their work."""

from controller.adapters.cluster.jobs.place import Courier
from controller.entrypoints.courier import settings as courier_settings
from controller.model.agent import AgentSpec, Process
from tests.unit.adapters.cluster.jobs.pods import PLACE, rendered
from tests.unit.adapters.cluster.jobs.test_render import containers, pod_of, seen


def test_couriers_are_told_only_what_they_do_not_know() -> None:
    usual = containers(rendered())
    names = {"LIBRETTO_STAGE_BUDGET_S", "LIBRETTO_PUBLISH_BUDGET_S", "LIBRETTO_FIRST_WAIT_S", "LIBRETTO_MESSAGE_BYTES"}
    names |= {"LIBRETTO_RESULTS_CA"}
    assert not names & (seen(usual["stage"]).keys() | seen(usual["courier"]).keys())
    resources = {"requests": {"cpu": "50m"}, "limits": {"memory": "256Mi"}}
    told = Courier(60, 1200, 250, 2048, resources, lambda: "-----BEGIN CERTIFICATE-----\n")
    job = rendered(AgentSpec(process=Process(argv=["a"])), PLACE._replace(courier=told))
    assert pod_of(job)["terminationGracePeriodSeconds"] == 1200 + 10
    for name in ("stage", "courier"):
        container = containers(job)[name]
        assert container["resources"] == resources
        assert {name: value for name, value in seen(container).items() if name in names} == {
            "LIBRETTO_STAGE_BUDGET_S": "60",
            "LIBRETTO_PUBLISH_BUDGET_S": "1200",
            "LIBRETTO_FIRST_WAIT_S": "0.25",
            "LIBRETTO_MESSAGE_BYTES": "2048",
            "LIBRETTO_RESULTS_CA": "-----BEGIN CERTIFICATE-----\n",
        }


def test_what_the_operator_takes_for_granted_is_what_couriers_do() -> None:
    theirs, ours = courier_settings.Settings("/libretto/step"), Courier()
    assert (theirs.stage_budget_s, theirs.publish_budget_s) == (ours.stage_budget_s, ours.publish_budget_s)
    assert (theirs.first_wait_s * 1000, theirs.message_bytes) == (ours.first_wait_ms, ours.message_bytes)
