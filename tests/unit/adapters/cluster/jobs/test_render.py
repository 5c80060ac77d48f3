"""A rendered Job: what is ours in it, what is the agent's, and what the program finds after the kubelet has read it."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.jobs.render import render
from controller.adapters.cluster.names import EFFECT, effect_digest, job_name
from controller.model.agent import AgentSpec, Http, Image, Process
from controller.model.attempt import StagedFile
from controller.model.digest import digest_bytes
from controller.model.pod import EnvVar, Pod
from tests.cluster.process_node.environment import expand
from tests.unit.adapters.cluster.jobs.pods import DIGEST, KEY, PLACE, Json, launch, rendered

GOLDEN = Path(__file__).parent / "golden" / "image.json"
PROCESS = AgentSpec(process=Process(argv=["./bin/load", "--all", "$(HOME) costs $$5"], env={"PRICE": "$$5 $(HOME)"}))
CALL = AgentSpec(http=Http(url="https://api.example/load", headers={"X-A": "$(b)"}))
FILES = {"bin/load": DIGEST}


def pod_of(job: Json) -> Json:
    spec: Json = job["spec"]["template"]["spec"]
    return spec


def containers(job: Json) -> dict[str, Json]:
    pod = pod_of(job)
    return {one["name"]: one for one in [*pod["initContainers"], *pod["containers"]]}


def seen(container: Json) -> dict[str, str]:
    """Variables as the program sees them: the kubelet replaces references by variables before them."""
    found: dict[str, str] = {"HOME": "/elsewhere"}
    for one in container["env"]:
        if "value" in one:
            found[one["name"]] = expand(one["value"], found)
    return found


def test_a_job_is_as_it_was_agreed() -> None:
    agent = AgentSpec(
        image=Image(name="registry.example/tool:4", args=["--fast"], env={"LEVEL": "info"}),
        pod=Pod.model_validate(
            {
                "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "api", "key": "token"}}}],
                "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "256Mi"}},
                "nodeSelector": {"pool": "batch"},
            }
        ),
    )
    made = launch(
        agent,
        {"quarter": 3},
        staged=[StagedFile("inputs/extract/rows.csv", DIGEST)],
        environment={"LIBRETTO_STEP": "load[3]", "TRACEPARENT": "00-ab-cd-01"},
        timeout_ms=90_500,
    )
    text = json.dumps(render(made, PLACE), indent=2) + "\n"
    assert text == GOLDEN.read_text(), f"if this is meant, write it into {GOLDEN}:\n{text}"


@pytest.mark.requirement("K8S-008")
def test_its_name_and_its_mark_are_those_of_the_attempt() -> None:
    job = rendered()
    assert job["metadata"]["name"] == job_name(KEY, PLACE.run_name)
    assert job["metadata"]["annotations"][EFFECT] == effect_digest(KEY, launch().input_digest)


def test_the_effect_does_not_depend_on_how_the_job_is_written() -> None:
    upgraded = PLACE._replace(image="registry.example/libretto:2", default_image="x", ttl_seconds=1, results_url="")
    other = rendered(place=upgraded)
    assert other["metadata"]["annotations"][EFFECT] == rendered()["metadata"]["annotations"][EFFECT]
    assert other != rendered()


@pytest.mark.requirement("K8S-010")
@pytest.mark.parametrize(
    "agent", [AgentSpec(image=Image(name="tool")), PROCESS, CALL], ids=["image", "process", "http"]
)
def test_no_container_may_do_anything_it_need_not(agent: AgentSpec) -> None:
    made = render(launch(agent)._replace(agent_files=FILES), PLACE)
    assert not isinstance(made, str)
    pod = pod_of(made)
    for name, one in containers(made).items():
        security = one["securityContext"]
        assert security["runAsNonRoot"]
        assert not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        ours = name != "main" or agent is CALL
        assert security.get("readOnlyRootFilesystem", False) == ours
        token = any(mount["name"] == "libretto-token" for mount in one["volumeMounts"])
        assert token == (name != "main")
        assert one["resources"]["requests"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsUser"] == 65_532
    assert {next(iter(set(volume) - {"name"})) for volume in pod["volumes"]} == {"emptyDir", "projected"}


VALUES = st.text(st.sampled_from("$()a{}HOME%\\\"' "), max_size=24)


@given(VALUES, VALUES, VALUES)
def test_the_kubelet_replaces_nothing_in_what_is_given(payload: str, argument: str, variable: str) -> None:
    process = Process(argv=["tool", argument], env={"GIVEN": variable})
    attempt = launch(AgentSpec(process=process), payload, environment={"LIBRETTO_STEP": variable})
    job = render(attempt, PLACE)
    assert not isinstance(job, str)
    by_name = containers(job)
    assert seen(by_name["stage"])["LIBRETTO_INPUT"].encode() == attempt.input
    main = by_name["main"]
    variables = seen(main)
    assert (variables["GIVEN"], variables["LIBRETTO_STEP"]) == (variable, variable)
    assert [expand(part, variables) for part in main["command"]] == ["tool", argument]


@given(VALUES)
def test_an_undo_runs_what_was_said_and_nothing_is_replaced_in_it(argument: str) -> None:
    job = rendered(AgentSpec(image=Image(name="tool", command=["run"], args=["--do"])), argv=["undo", argument])
    main = containers(job)["main"]
    assert [expand(part, {"HOME": "/x"}) for part in main["command"]] == ["undo", argument]
    assert "args" not in main


def test_a_call_is_made_by_our_own_image() -> None:
    main = containers(rendered(CALL))["main"]
    assert main["image"] == PLACE.image
    assert main["command"][-1] == "call"
    call = json.loads(seen(main)["LIBRETTO_CALL"])
    assert (call["url"], call["headers"]) == ("https://api.example/load", {"X-A": "$(b)"})


def test_a_process_runs_in_the_default_image_with_its_files_beside_it() -> None:
    job = render(launch(PROCESS)._replace(agent_files=FILES), PLACE)
    assert not isinstance(job, str)
    by_name = containers(job)
    main = by_name["main"]
    assert main["image"] == PLACE.default_image
    assert main["command"][:2] == ["/libretto/agent/bin/load", "--all"]
    assert main["workingDir"] == "/libretto/step"
    (file,) = json.loads(seen(by_name["stage"])["LIBRETTO_STAGED"])
    assert file == {"path": "agent/bin/load", "digest": DIGEST, "mode": 0o755}


def test_an_image_comes_before_a_process_and_a_process_before_a_call() -> None:
    everything = AgentSpec(image=Image(name="tool"), process=Process(argv=["a"]), http=Http(url="https://a.example"))
    assert containers(rendered(everything))["main"]["image"] == "tool"
    without = everything.model_copy(update={"image": None})
    assert containers(rendered(without))["main"]["command"] == ["a"]


def test_small_contents_travel_in_the_job() -> None:
    content = "$$ and $(HOME)"
    digest = digest_bytes(content.encode())
    place = PLACE._replace(inline={digest: content}.get, results_url="")
    staged = [StagedFile("inputs/a/b.txt", digest)]
    stage = containers(rendered(place=place, staged=staged))["stage"]
    assert orjson.loads(seen(stage)["LIBRETTO_STAGED"]) == [
        {"path": "step/inputs/a/b.txt", "digest": digest, "mode": 0o644, "text": content}
    ]


def test_what_is_large_is_named_by_digest() -> None:
    stage = containers(rendered(place=PLACE._replace(input_blob=DIGEST, staged_blob=DIGEST)))["stage"]
    variables = seen(stage)
    assert (variables["LIBRETTO_INPUT_BLOB"], variables["LIBRETTO_STAGED_BLOB"]) == (DIGEST, DIGEST)
    assert "LIBRETTO_INPUT" not in variables


@pytest.mark.requirement("K8S-011")
@pytest.mark.parametrize(("timeout_ms", "seconds"), [(1, 1), (1000, 1), (1001, 2), (3_600_000, 3600)])
def test_the_time_of_an_attempt_is_that_of_its_pod(timeout_ms: int, seconds: int) -> None:
    # That of the Job would delete the pod, with its logs and all that it left.
    job = rendered(timeout_ms=timeout_ms)
    assert pod_of(job)["activeDeadlineSeconds"] == seconds
    assert "activeDeadlineSeconds" not in job["spec"]


def test_without_a_timeout_there_is_no_deadline() -> None:
    assert "activeDeadlineSeconds" not in pod_of(rendered())


@pytest.mark.parametrize(("grace", "seconds"), [("10s", 610), ("500ms", 601), ("1500ms", 602), ("2m", 720)])
def test_the_courier_has_ten_minutes_after_the_program(grace: str, seconds: int) -> None:
    job = rendered(AgentSpec(process=Process.model_validate({"argv": ["a"], "gracePeriod": grace})))
    assert pod_of(job)["terminationGracePeriodSeconds"] == seconds


def test_a_variable_is_there_once_and_the_contract_wins() -> None:
    pod = Pod(env=[EnvVar(name="LEVEL", value="debug"), EnvVar(name="TRACEPARENT", value="mine")])
    agent = AgentSpec(image=Image(name="tool", env={"LEVEL": "info", "LIBRETTO_STEP": "mine"}), pod=pod)
    environment = {"LIBRETTO_STEP": "load", "TRACEPARENT": "00-1"}
    env = containers(rendered(agent, environment=environment))["main"]["env"]
    assert {one["name"]: one["value"] for one in env} == {
        "LEVEL": "debug",
        "LIBRETTO_STEP": "load",
        "TRACEPARENT": "00-1",
        "LIBRETTO_DIR": "/libretto/step",
    }
    assert len(env) == 4


def mounting(path: str, **further: Any) -> Pod:
    volume = {"name": "keys", "secret": {"secretName": "keys"}}
    mount = {"name": "keys", "mountPath": path}
    return Pod.model_validate({"volumes": [volume], "volumeMounts": [mount], **further})


def test_a_folder_of_the_agents_own_may_replace_tmp() -> None:
    main = containers(rendered(AgentSpec(image=Image(name="tool"), pod=mounting("/tmp"))))["main"]
    assert [mount["name"] for mount in main["volumeMounts"]] == ["libretto", "keys"]


def test_secret_headers_come_from_the_pod() -> None:
    http = Http(url="https://a.example", headers_from_env={"A": "KEY"}, headers_from_file={"B": "/keys/b"})
    secret = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "api", "key": "key"}}}
    main = containers(rendered(AgentSpec(http=http, pod=mounting("/keys", env=[secret]))))["main"]
    call = json.loads(seen(main)["LIBRETTO_CALL"])
    assert (call["headersFromEnv"], call["headersFromFile"]) == ({"A": "KEY"}, {"B": "/keys/b"})
    assert secret in main["env"]


def test_who_asks_for_disk_without_a_limit_has_none() -> None:
    # The kubelet would take those of our containers for the whole pod's.
    pod = Pod.model_validate({"resources": {"requests": {"ephemeral-storage": "5Gi"}}})
    for agent, limited in (
        (AgentSpec(image=Image(name="tool"), pod=pod), False),
        (AgentSpec(image=Image(name="tool")), True),
    ):
        for one in containers(rendered(agent)).values():
            assert ("ephemeral-storage" in one["resources"].get("limits", {})) == limited


def test_a_queue_is_named_on_the_job_only() -> None:
    job = rendered(AgentSpec(image=Image(name="tool"), pod=Pod(queue="batch")))
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "batch"
    assert "kueue.x-k8s.io/queue-name" not in job["spec"]["template"]["metadata"]["labels"]


CLUSTERLESS = PLACE._replace(results_url="")


@pytest.mark.parametrize(
    ("agent", "further", "place", "says"),
    [
        (AgentSpec(), {}, PLACE, "neither `image` nor `process` nor `http`"),
        (CALL, {"argv": ["undo"]}, PLACE, "an http agent cannot run a program"),
        (PROCESS, {}, PLACE, "./bin/load is not among the agent's files"),
        (AgentSpec(process=Process(argv=["./../x"])), {}, PLACE, "./../x is not among the agent's files"),
        (AgentSpec(process=Process(argv=["a"], from_env={"KEY": "X"})), {}, PLACE, "KEY must come from a Secret"),
        (AgentSpec(process=Process(argv=["a"], from_file={"KEY": "x"})), {}, PLACE, "KEY must come from a Secret"),
        (
            AgentSpec(process=Process(argv=["a"], working_directory="data")),
            {},
            PLACE,
            "write `step` or an absolute path",
        ),
        (AgentSpec(process=Process(argv=["a", "\0"])), {}, PLACE, "holds a NUL character"),
        (AgentSpec(process=Process(argv=["a"], env={"A=B": "x"})), {}, PLACE, "environment variables: 'A=B'"),
        (AgentSpec(image=Image(name="a", env={"": "x"})), {}, PLACE, "environment variables: ''"),
        (AgentSpec(image=Image(name="a", env={"A": "\0"})), {}, PLACE, "environment variables: 'A'"),
        (AgentSpec(image=Image(name="a")), {"argv": []}, PLACE, "argv is empty"),
        (AgentSpec(image=Image(name="a")), {"argv": [""]}, PLACE, "argv is empty"),
        (AgentSpec(http=Http(url="http://a", headers_from_env={"A": "KEY"})), {}, PLACE, "KEY must come from a Secret"),
        (AgentSpec(http=Http(url="http://a", headers_from_file={"A": "/k/a"})), {}, PLACE, "so that /k/a lies in it"),
        (
            AgentSpec(http=Http(url="http://a", headers_from_file={"A": "/k/../etc/a"}), pod=mounting("/k")),
            {},
            PLACE,
            "so that /k/../etc/a lies in it",
        ),
        (AgentSpec(image=Image(name="a")), {"staged": [StagedFile("../a", DIGEST)]}, PLACE, "not a path below"),
        (AgentSpec(image=Image(name="a")), {"staged": [StagedFile("a//b", DIGEST)]}, PLACE, "not a path below"),
        (AgentSpec(image=Image(name="a")), {"staged": [StagedFile("a", DIGEST)]}, CLUSTERLESS, "results.enabled"),
    ],
)
def test_what_can_never_run_is_refused_with_its_reason(agent: AgentSpec, further: Json, place: Any, says: str) -> None:
    found = render(launch(agent, **further), place)
    assert isinstance(found, str)
    assert says in found
    assert "\n" not in found
