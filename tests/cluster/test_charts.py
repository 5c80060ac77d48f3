"""The charts install what they say: nothing more is allowed than is needed, bad values are refused in words."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.entrypoints.operator.settings import Settings, settings_from
from tests.cluster.chart_values import POD, VALUES, pods
from tests.cluster.charts import CHARTS, MONITORING, STAMPS, ChartRefused, named, render

Json = dict[str, Any]


def rules(objects: list[Json]) -> Iterator[Json]:
    for each in objects:
        yield from each.get("rules", ()) if each["kind"].endswith("Role") else ()


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_no_permission_is_wider_than_a_name(values: Json) -> None:
    for rule in rules(render("libretto", values)):
        assert "*" not in json.dumps(rule)
        assert not {"secrets", "serviceaccounts", "pods/exec", "pods/log", "nodes"} & set(rule["resources"])
        assert not {"approve", "escalate", "bind", "impersonate", "restore"} & set(rule["verbs"])


def test_in_namespaces_nothing_of_the_whole_cluster_is_made() -> None:
    objects = render("libretto", VALUES["some namespaces"])
    assert not [each["kind"] for each in objects if each["kind"].startswith("Cluster")]
    roles = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in objects if each["kind"] == "Role"}
    assert roles == {("libretto-system", "libretto-leases"), ("team-a", "libretto"), ("team-b", "libretto")}


def test_leases_only_in_its_own_namespace() -> None:
    objects = render("libretto", {})
    assert "leases" not in json.dumps(named(objects, "ClusterRole")["rules"])
    assert named(objects, "Role")["metadata"]["namespace"] == "libretto-system"


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_every_pod_is_as_closed_as_it_can_be(values: Json) -> None:
    templates = list(pods(render("libretto", values)))
    assert templates
    for template in templates:
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsUser"] == 65532
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert {"requests", "limits"} <= set(container["resources"])
            assert {"livenessProbe", "readinessProbe"} <= set(container)


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_disruption_budget_only_where_it_does_not_block_a_drain(replicas: int) -> None:
    kinds = [each["kind"] for each in render("libretto", {"replicas": replicas})]
    assert ("PodDisruptionBudget" in kinds) is (replicas > 1)


def test_a_shard_has_its_own_deployment() -> None:
    objects = render("libretto", VALUES["shards"])
    told = [
        (each["metadata"]["name"], _environment(each)["LIBRETTO_SHARD"], _environment(each)["LIBRETTO_SHARDS"])
        for each in objects
        if each["kind"] == "Deployment"
    ]
    assert told == [(f"libretto-{number}", str(number), "3") for number in range(3)]


def test_the_operator_reads_what_the_chart_writes() -> None:
    environment = _environment(named(render("libretto", {**VALUES["everything"], "shards": 1}), "Deployment"))
    asked = _Asked(environment)
    settings = settings_from(asked)
    assert settings.namespaces == ("team-a",)
    assert (settings.max_active_runs, settings.max_jobs) == (10, 200)
    assert (settings.max_parallel, settings.run_ttl_seconds) == (4, 86400)
    assert (settings.lease_seconds, settings.job_ttl_seconds) == (60, 86400)
    assert (settings.image, settings.default_image) == ("libretto:0.1.0", "python:3.13")
    assert (settings.log_level, settings.log_format) == ("DEBUG", "text")
    assert settings.pod_defaults == POD
    assert settings.courier._replace(resources={}) == (60, 86_400, 1000, 2048, {}, settings.courier.authority)
    assert settings.courier.resources["requests"] == {
        "cpu": "50m",
        "memory": "32Mi",
        "ephemeral-storage": "16Mi",
    }
    assert settings.events_on_success
    assert settings.otlp_endpoint == "http://otel:4318"
    assert settings.results_url == settings.store_url == "http://libretto-store.libretto-system.svc:8090"
    unread = {name for name in environment if name.startswith("LIBRETTO_")} - asked.names
    assert not unread


def test_what_the_chart_says_by_itself_is_what_the_operator_does_by_itself() -> None:
    environment = _environment(named(render("libretto", {}), "Deployment"))
    told, usual = settings_from(environment), Settings()
    assert (told.lease_seconds, told.job_ttl_seconds) == (usual.lease_seconds, usual.job_ttl_seconds) == (15, 604800)
    assert (told.max_parallel, told.run_ttl_seconds) == (usual.max_parallel, usual.run_ttl_seconds)


def test_a_bucket_and_its_keys_reach_the_operator() -> None:
    deployment = named(render("libretto", VALUES["a bucket"]), "Deployment")
    asked = settings_from(_environment(deployment)).s3
    assert asked is not None
    assert asked == ("runs", "http://s3:9000", "us-east-1", True)
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    keys = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"] if "AWS_" in each["name"]}
    assert {each["name"] for each in keys.values()} == {"keys"}
    assert keys["AWS_SECRET_ACCESS_KEY"]["optional"] is False


@pytest.mark.parametrize(("kind", "tokens"), [("a store", 1), ("a bucket", 0), ("defaults", 0)])
def test_only_for_a_store_the_operator_has_a_token_that_says_who_it_is(kind: str, tokens: int) -> None:
    spec = named(render("libretto", VALUES[kind]), "Deployment")["spec"]["template"]["spec"]
    sources = [one for volume in spec["volumes"] for one in volume.get("projected", {}).get("sources", ())]
    audiences = [one["serviceAccountToken"].get("audience") for one in sources if "serviceAccountToken" in one]
    assert audiences.count("libretto-results") == tokens
    mounts = {one["mountPath"] for one in spec["containers"][0]["volumeMounts"]}
    assert ("/var/run/libretto" in mounts) is bool(tokens)
    assert Settings().store_token == "/var/run/libretto/token"


def test_a_mirror_serves_every_image_and_the_pods_of_steps_too() -> None:
    objects = render("libretto", VALUES["a mirror"])
    environment = _environment(named(objects, "Deployment"))
    image = "mirror.example.org/apps/libretto@sha256:" + "a" * 64
    assert {container["image"] for template in pods(objects) for container in template["spec"]["containers"]} == {image}
    assert environment["LIBRETTO_IMAGE"] == environment["LIBRETTO_DEFAULT_IMAGE"] == image
    assert json.loads(environment["LIBRETTO_POD_DEFAULTS"]) == {"imagePullSecrets": [{"name": "mirror"}]}


def test_alerts_and_dashboard_name_only_metrics_that_are_documented() -> None:
    documented = set(
        re.findall(r"^\| `((?:libretto|orchestration)_\w+)`", (CHARTS / "libretto/README.md").read_text(), re.MULTILINE)
    )
    objects = render("libretto", VALUES["everything"], served=[MONITORING])
    alerts = [rule for group in named(objects, "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    board = json.loads(named(objects, "ConfigMap", "libretto-dashboard")["data"]["libretto.json"])
    expressions = [rule["expr"] for rule in alerts]
    expressions += [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    used = {name for text in expressions for name in re.findall(r"\b(?:libretto|orchestration)_\w+", text)}
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in used} == documented


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    objects = render("libretto", VALUES["everything"], served=[MONITORING])
    for group in named(objects, "PrometheusRule")["spec"]["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["runbook_url"] == f"https://wiki.example.org/libretto#{rule['alert']}"
            assert {"summary", "description"} <= set(rule["annotations"])
    without = render("libretto", {"metrics": {"rules": {"enabled": True}}})
    assert "runbook_url" not in json.dumps(without)


def test_the_operator_reaches_its_store_also_where_it_plays_elsewhere() -> None:
    objects = render("libretto", {"blobs": {"kind": "store"}, "watchNamespaces": ["team-a"]})
    results, _ = named(objects, "NetworkPolicy", "libretto-store")["spec"]["ingress"]
    operator, teams = results["from"]
    labels = named(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert operator["podSelector"]["matchLabels"].items() <= labels.items()
    assert teams["namespaceSelector"]["matchExpressions"][0]["values"] == ["team-a"]
    alone, _ = named(objects, "NetworkPolicy", "libretto")["spec"]["ingress"]
    assert alone["from"] == [teams]


@pytest.mark.parametrize(("kind", "serves"), [("a certificate", "operator"), ("a store with a certificate", "store")])
def test_who_serves_results_has_the_key_and_the_operator_says_who_signed(kind: str, serves: str) -> None:
    objects = render("libretto", VALUES[kind])
    keys = {}
    for template in pods(objects):
        [container] = template["spec"]["containers"]
        mounted = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert mounted["results-tls"] == "/etc/libretto/tls"
        [volume] = [one for one in template["spec"]["volumes"] if one["name"] == "results-tls"]
        assert volume["secret"]["secretName"] == "libretto-results"
        keys[container["name"]] = {one["path"] for one in volume["secret"]["items"]}
    both = {"ca.crt", "tls.crt", "tls.key"}
    assert keys == {"operator": {"ca.crt"}, serves: both}
    settings = settings_from(_environment(named(objects, "Deployment")))
    name = "libretto" if serves == "operator" else "libretto-store"
    assert settings.results_url == f"https://{name}.libretto-system.svc:8090"
    assert settings.results_ca == Path("/etc/libretto/tls/ca.crt")
    assert (settings.results_key is not None) == (serves == "operator")
    if serves == "store":
        assert settings.store_url == settings.results_url
        store = _environment(named(objects, "StatefulSet"))
        assert store["LIBRETTO_STORE_TLS_KEY"] == "/etc/libretto/tls/tls.key"


REFUSED: Mapping[str, tuple[str, Json, str]] = {
    "a misspelt value": ("libretto", {"replica": 2}, "replica"),
    "a misspelt value in a group": ("libretto", {"image": {"tagg": "1"}}, "tagg"),
    "no replica": ("libretto", {"replicas": 0}, "replicas"),
    "a store that does not exist": ("libretto", {"blobs": {"kind": "disk"}}, "kind"),
    "a bucket without a name": ("libretto", {"blobs": {"kind": "s3"}}, "bucket"),
    "a digest that is none": ("libretto", {"image": {"digest": "latest"}}, "digest"),
    "a namespace that cannot be": ("libretto", {"watchNamespaces": ["Team A"]}, "watchNamespaces"),
    "a field that no pod of a step may have": ("libretto", {"steps": {"pod": {"hostNetwork": True}}}, "hostNetwork"),
    "a pod that runs as root": ("libretto", {"steps": {"pod": {"runAsUser": 0}}}, "runAsUser"),
    "couriers that give up soon": (
        "libretto",
        {"steps": {"courier": {"publishTimeoutSeconds": 60}}},
        "publishTimeoutSeconds",
    ),
    "a Lease that cannot be renewed in time": ("libretto", {"lease": {"durationSeconds": 1}}, "durationSeconds"),
    "Jobs that go before anybody looked": (
        "libretto",
        {"steps": {"ttlSecondsAfterFinished": 60}},
        "ttlSecondsAfterFinished",
    ),
    "a message that no kubelet keeps": ("libretto", {"steps": {"courier": {"messageBytes": 9000}}}, "messageBytes"),
    "a variable of ours": ("libretto", {"extraEnv": [{"name": "LIBRETTO_SHARD", "value": "1"}]}, "extraEnv"),
    "no operator": ("libretto-crds", {"operators": []}, "operators"),
    "an operator without account": ("libretto-crds", {"operators": [{"namespace": "a"}]}, "serviceAccounts"),
    "a word for stamps": ("libretto-crds", {"admission": {"stamps": True}}, "stamps"),
}


@pytest.mark.parametrize(("chart", "values", "named_in_it"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_by_name(chart: str, values: Json, named_in_it: str) -> None:
    with pytest.raises(ChartRefused, match="schema") as refusal:
        render(chart, values)
    assert named_in_it in str(refusal.value)


class _Asked(dict[str, str]):
    """Remembers which variables were read."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        if key == "LIBRETTO_BLOBS":
            self.names.add("LIBRETTO_STORE_URL")
        return super().get(key, default)


def _environment(deployment: Json) -> dict[str, str]:
    """The variables as a kubelet gives them to the container."""
    fields = {"metadata.namespace": "libretto-system", "metadata.name": "libretto-0", "metadata.uid": "u"}
    found: dict[str, str] = {}
    for each in deployment["spec"]["template"]["spec"]["containers"][0]["env"]:
        if "secretKeyRef" in each.get("valueFrom", {}):
            continue
        value = each["value"] if "value" in each else fields[each["valueFrom"]["fieldRef"]["fieldPath"]]
        found[each["name"]] = re.sub(r"\$\((\w+)\)", lambda name: found[name[1]], value)
    return found


def test_the_schema_is_for_every_helm() -> None:
    for chart in ("libretto", "libretto-crds"):
        assert "draft-07" in json.loads((CHARTS / chart / "values.schema.json").read_text())["$schema"]


def test_the_charts_have_the_version_of_the_project() -> None:
    project = re.search(r'^version = "(.+)"', (CHARTS.parent / "pyproject.toml").read_text(), re.MULTILINE)
    assert project
    for chart in ("libretto", "libretto-crds"):
        told = yaml.safe_load((CHARTS / chart / "Chart.yaml").read_text())
        assert (told["version"], told["appVersion"]) == (project[1], project[1])


def test_definitions_stay_when_the_chart_goes() -> None:
    objects = render("libretto-crds", served=[STAMPS])
    kinds = [each for each in objects if each["kind"] == "CustomResourceDefinition"]
    assert len(kinds) == 5
    assert {each["metadata"]["annotations"]["helm.sh/resource-policy"] for each in kinds} == {"keep"}
    gone = render("libretto-crds", {"crds": {"keep": False}})
    assert "resource-policy" not in json.dumps(gone)
