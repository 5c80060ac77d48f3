"""What the environment may say: every variable good and bad, and all that is wrong said at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.cluster.jobs.place import Courier
from controller.entrypoints.operator.settings import S3, Settings, settings_from
from controller.errors import ConfigurationInvalid


def named(**variables: str) -> dict[str, str]:
    return {f"LIBRETTO_{name}": value for name, value in variables.items()}


def refused(environment: Mapping[str, str]) -> str:
    with pytest.raises(ConfigurationInvalid) as told:
        settings_from(environment)
    assert told.value.hint
    return told.value.message


def test_without_variables_everything_has_its_default() -> None:
    assert settings_from({"PATH": "/bin", "LIBRETTO": "nothing of ours"}) == Settings()


GOOD: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"NAMESPACES": "a, b ,,c"}, {"namespaces": ("a", "b", "c")}),
    ({"NAMESPACES": " "}, {"namespaces": ()}),
    ({"SHARD": "2", "SHARDS": "3"}, {"shard": 2, "shards": 3}),
    ({"LEASE_NAMESPACE": "libretto"}, {"lease_namespace": "libretto"}),
    ({"LEASE_SECONDS": "2"}, {"lease_seconds": 2}),
    ({"LEASE_SECONDS": "3600"}, {"lease_seconds": 3600}),
    ({"POD_NAME": "operator-0", "POD_UID": "u"}, {"pod_name": "operator-0", "pod_uid": "u"}),
    ({"IMAGE": "i:1"}, {"image": "i:1", "default_image": "i:1"}),
    ({"IMAGE": "i:1", "DEFAULT_IMAGE": "d:1"}, {"image": "i:1", "default_image": "d:1"}),
    ({"IMAGE": "i:1", "DEFAULT_IMAGE": ""}, {"image": "i:1", "default_image": "i:1"}),
    *(({"IMAGE_PULL_POLICY": word}, {"image_pull_policy": word}) for word in ("Always", "IfNotPresent", "Never")),
    ({"RESULTS_URL": "http://results:8090"}, {"results_url": "http://results:8090"}),
    (
        {"RESULTS_TLS_CERTIFICATE": "/tls.crt", "RESULTS_TLS_KEY": "/tls.key", "RESULTS_CA": "/ca.crt"},
        {"results_certificate": Path("/tls.crt"), "results_key": Path("/tls.key"), "results_ca": Path("/ca.crt")},
    ),
    ({"RESULTS_TLS_CERTIFICATE": "", "RESULTS_TLS_KEY": "", "RESULTS_CA": ""}, {}),
    (
        {
            "COURIER_STAGE_BUDGET_S": "10",
            "COURIER_PUBLISH_BUDGET_S": "86400",
            "COURIER_FIRST_WAIT_MS": "15000",
            "COURIER_MESSAGE_BYTES": "512",
            "COURIER_RESOURCES": '{"limits": {"memory": "1Gi"}}',
        },
        {"courier": Courier(10, 86_400, 15_000, 512, {"limits": {"memory": "1Gi"}})},
    ),
    ({"COURIER_RESOURCES": "{}"}, {}),
    ({"BLOBS": "configmap"}, {"blobs": "configmap"}),
    ({"BLOBS": "store", "STORE_URL": "http://store"}, {"blobs": "store", "store_url": "http://store"}),
    ({"STORE_TOKEN_FILE": "/token"}, {"store_token": "/token"}),
    ({"STORE_TOKEN_FILE": ""}, {}),
    ({"BLOBS": "s3", "S3_BUCKET": "b"}, {"blobs": "s3", "s3": S3("b", None, "us-east-1", False)}),
    (
        {
            "BLOBS": "s3",
            "S3_BUCKET": "b",
            "S3_ENDPOINT": "http://s3",
            "S3_REGION": "eu-central-1",
            "S3_ALLOW_HTTP": "true",
        },
        {"blobs": "s3", "s3": S3("b", "http://s3", "eu-central-1", True)},
    ),
    ({"S3_BUCKET": "unused"}, {}),
    *(({"LOG_LEVEL": word}, {"log_level": word}) for word in ("DEBUG", "INFO", "WARNING", "ERROR")),
    ({"LOG_FORMAT": "text"}, {"log_format": "text"}),
    ({"MAX_ACTIVE_RUNS": "0", "MAX_JOBS": "1000000"}, {"max_jobs": 1_000_000}),
    ({"MAX_ACTIVE_RUNS": "7"}, {"max_active_runs": 7}),
    ({"MAX_PARALLEL": "1000", "RUN_TTL_SECONDS": "86400"}, {"max_parallel": 1000, "run_ttl_seconds": 86_400}),
    ({"JOB_TTL_SECONDS": "7200"}, {"job_ttl_seconds": 7_200}),
    ({"JOB_TTL_SECONDS": "31536000"}, {"job_ttl_seconds": 31_536_000}),
    ({"POD_DEFAULTS": '{"nodeSelector": {"a": "b"}}'}, {"pod_defaults": {"nodeSelector": {"a": "b"}}}),
    ({"POD_DEFAULTS": ""}, {}),
    ({"EVENTS_ON_SUCCESS": "true"}, {"events_on_success": True}),
    ({"OTLP_ENDPOINT": "http://traces:4318"}, {"otlp_endpoint": "http://traces:4318"}),
    ({"PORT": "65535", "RESULTS_PORT": "0"}, {"port": 65535, "results_port": 0}),
]


@pytest.mark.parametrize(("variables", "expected"), GOOD)
def test_a_variable_says_one_thing(variables: dict[str, str], expected: dict[str, Any]) -> None:
    assert settings_from(named(**variables)) == Settings()._replace(**expected)


BAD = [
    ("COURIER_STAGE_BUDGET_S", "9", "expected 10 to 86400"),
    ("COURIER_PUBLISH_BUDGET_S", "599", "expected 600 to 86400"),
    ("COURIER_FIRST_WAIT_MS", "9", "expected 10 to 15000"),
    ("COURIER_MESSAGE_BYTES", "4097", "expected 512 to 4096"),
    ("COURIER_RESOURCES", "[]", "expected an object"),
    ("SHARD", "-1", "expected 0 to 1000000"),
    ("SHARD", "one", "expected 0 to 1000000"),
    ("SHARDS", "0", "expected 1 to 1000000"),
    ("LEASE_SECONDS", "1", "expected 2 to 3600"),
    ("LEASE_SECONDS", "3601", "expected 2 to 3600"),
    ("LEASE_SECONDS", "15s", "expected 2 to 3600"),
    ("LEASE_SECONDS", "", "expected 2 to 3600"),
    ("IMAGE_PULL_POLICY", "always", "expected Always or IfNotPresent or Never"),
    ("BLOBS", "disk", "expected configmap or s3 or store"),
    ("LOG_LEVEL", "LOUD", "expected DEBUG or INFO or WARNING or ERROR"),
    ("LOG_FORMAT", "xml", "expected json or text"),
    ("MAX_ACTIVE_RUNS", "-1", "expected 0 to 1000000"),
    ("MAX_ACTIVE_RUNS", "1000001", "expected 0 to 1000000"),
    ("MAX_JOBS", "1.5", "expected 0 to 1000000"),
    ("MAX_PARALLEL", "0", "expected 1 to 1000"),
    ("MAX_PARALLEL", "1001", "expected 1 to 1000"),
    ("RUN_TTL_SECONDS", "-1", "expected 0 to 3153600000"),
    ("JOB_TTL_SECONDS", "7199", "expected 7200 to 31536000"),
    ("JOB_TTL_SECONDS", "31536001", "expected 7200 to 31536000"),
    ("JOB_TTL_SECONDS", "7d", "expected 7200 to 31536000"),
    ("POD_DEFAULTS", "[]", "expected an object"),
    ("POD_DEFAULTS", "null", "expected an object"),
    ("POD_DEFAULTS", "{", "expected an object"),
    ("EVENTS_ON_SUCCESS", "yes", "expected true or false"),
    ("PORT", "65536", "expected 0 to 65535"),
    ("RESULTS_PORT", "http", "expected 0 to 65535"),
]


@pytest.mark.parametrize(("name", "value", "expected"), BAD)
def test_a_wrong_variable_is_named_with_its_value_and_what_it_may_be(name: str, value: str, expected: str) -> None:
    assert refused(named(**{name: value})) == f"LIBRETTO_{name} is {value!r}; {expected}"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SHARD": "3", "SHARDS": "3"}, "LIBRETTO_SHARD is 3; with 3 shards it is at most 2"),
        ({"SHARD": "1"}, "LIBRETTO_SHARD is 1; with 1 shards it is at most 0"),
        ({"BLOBS": "store"}, "LIBRETTO_STORE_URL is missing; LIBRETTO_BLOBS=store needs it"),
        ({"BLOBS": "s3"}, "LIBRETTO_S3_BUCKET is missing; LIBRETTO_BLOBS=s3 needs it"),
        (
            {"BLOBS": "s3", "S3_BUCKET": "b", "S3_ALLOW_HTTP": "1"},
            "LIBRETTO_S3_ALLOW_HTTP is '1'; expected true or false",
        ),
    ],
)
def test_variables_that_do_not_fit_together(variables: dict[str, str], expected: str) -> None:
    assert refused(named(**variables)) == expected


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = {name: value for name, value, _ in BAD if name != "BLOBS"} | {"BLOBS": "s3"}
    found = set(re.findall(r"LIBRETTO_(\w+) is", refused(named(**wrong))))
    assert found == {name for name in wrong if name != "BLOBS"} | {"S3_BUCKET"}


@pytest.mark.parametrize("alone", ["RESULTS_TLS_CERTIFICATE", "RESULTS_TLS_KEY"])
def test_a_certificate_and_its_key_belong_together(alone: str) -> None:
    assert "LIBRETTO_RESULTS_TLS_CERTIFICATE and LIBRETTO_RESULTS_TLS_KEY belong together" in refused(
        named(**{alone: "/file"})
    )
