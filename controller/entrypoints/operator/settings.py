"""What is the operator told by its environment? Everything is checked before anything is started."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from controller.adapters.cluster.jobs.place import KEPT_S, Courier
from controller.errors import ConfigurationInvalid

T = TypeVar("T")

PREFIX = "LIBRETTO_"

_LEAST_JOB_TTL_S, _MOST_JOB_TTL_S = 7_200, 31_536_000
"""Two hours to a year. A takeover, which takes up to an hour with the longest Lease, must not look like a time without a leader."""

_LONGEST_TTL_S = 3_153_600_000
"""A hundred years: beyond that somebody mistook the unit."""


class S3(NamedTuple):
    """An S3-compatible bucket; credentials come by the usual `AWS_*` variables."""

    bucket: str
    endpoint: str | None
    region: str
    allow_http: bool


class Settings(NamedTuple):
    """The settings of one operator process; `docs/spec/operator.md` has the table for people."""

    namespaces: tuple[str, ...] = ()
    """Namespaces that are looked after; empty: all."""
    shard: int = 0
    shards: int = 1
    """Of `shards` operators this one leads the namespaces of `shard`, by a hash of their names."""
    lease_namespace: str = "default"
    """Where the Lease of the shard is."""
    lease_seconds: int = 15
    """How long a Lease holds that nobody renews: after so long another one takes over from a leader that died. 15 is what
    Kubernetes' own components use; a leader that cannot renew for two thirds of it stops by itself."""
    pod_name: str = "operator"
    pod_uid: str = "local"
    """Who holds the Lease, besides a nonce of the process."""
    image: str = "libretto"
    """Image of the courier: this very image."""
    image_pull_policy: str = "IfNotPresent"
    default_image: str = "libretto"
    """Image in which agents with `process` run."""
    results_url: str = ""
    """Where couriers reach the results service; empty: only small results and inputs."""
    results_certificate: Path | None = None
    results_key: Path | None = None
    """Files by which the results service speaks TLS; without them it speaks plain HTTP."""
    results_ca: Path | None = None
    """File with the certificates of who signed that of the results service: couriers are told them."""
    courier: Courier = Courier()
    """What couriers are told beside their work."""
    blobs: str = "configmap"
    """Where large content goes: configmap, s3 or store."""
    s3: S3 | None = None
    store_url: str = ""
    """Address of libretto-store, for `blobs=store`."""
    store_token: str = "/var/run/libretto/token"  # noqa: S105 - where it is
    """File with the token of the operator's account for libretto-store."""
    log_level: str = "INFO"
    log_format: str = "json"
    max_active_runs: int = 0
    """Root runs of a namespace at one time; 0: not limited."""
    max_jobs: int = 0
    """Attempts of a namespace at one time; 0: not limited."""
    max_parallel: int = 1
    """Steps of a run at one time where neither its orchestration nor the run itself says."""
    run_ttl_seconds: int = 0
    """Seconds after which a settled run goes that does not say; 0: never."""
    job_ttl_seconds: int = KEPT_S
    """Seconds for which an ended Job stays, with its pod and its logs. Where nobody led for longer, runs with attempts that have
    no Job are held."""
    pod_defaults: Mapping[str, Any] = {}
    """Pod fields of every step, in the form of an agent's `pod`."""
    events_on_success: bool = False
    """Also post a Kubernetes Event when a run succeeds."""
    otlp_endpoint: str = ""
    """Where traces go; empty: nowhere."""
    port: int = 8080
    """Metrics and probes."""
    results_port: int = 8090
    """The results service."""


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings. Raises ConfigurationInvalid with every problem at once."""
    reader = _Reader(environment)
    shards = reader.number("SHARDS", 1, least=1)
    blobs = reader.choice("BLOBS", "configmap", ("configmap", "s3", "store"))
    found = Settings(
        namespaces=tuple(name.strip() for name in reader.text("NAMESPACES", "").split(",") if name.strip()),
        shard=reader.number("SHARD", 0),
        shards=shards,
        lease_namespace=reader.text("LEASE_NAMESPACE", "default"),
        lease_seconds=reader.number("LEASE_SECONDS", 15, least=2, most=3600),
        pod_name=reader.text("POD_NAME", "operator"),
        pod_uid=reader.text("POD_UID", "local"),
        image=reader.text("IMAGE", "libretto"),
        image_pull_policy=reader.choice("IMAGE_PULL_POLICY", "IfNotPresent", ("Always", "IfNotPresent", "Never")),
        default_image=reader.text("DEFAULT_IMAGE", "") or reader.text("IMAGE", "libretto"),
        results_url=reader.text("RESULTS_URL", ""),
        results_certificate=reader.path("RESULTS_TLS_CERTIFICATE"),
        results_key=reader.path("RESULTS_TLS_KEY"),
        results_ca=reader.path("RESULTS_CA"),
        courier=reader.courier(),
        blobs=blobs,
        s3=reader.s3() if blobs == "s3" else None,
        store_url=reader.text("STORE_URL", ""),
        store_token=reader.text("STORE_TOKEN_FILE", "") or Settings().store_token,
        log_level=reader.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format=reader.choice("LOG_FORMAT", "json", ("json", "text")),
        max_active_runs=reader.number("MAX_ACTIVE_RUNS", 0),
        max_jobs=reader.number("MAX_JOBS", 0),
        max_parallel=reader.number("MAX_PARALLEL", 1, least=1, most=1000),
        run_ttl_seconds=reader.number("RUN_TTL_SECONDS", 0, most=_LONGEST_TTL_S),
        job_ttl_seconds=reader.number("JOB_TTL_SECONDS", KEPT_S, least=_LEAST_JOB_TTL_S, most=_MOST_JOB_TTL_S),
        pod_defaults=reader.json("POD_DEFAULTS"),
        events_on_success=reader.flag("EVENTS_ON_SUCCESS"),
        otlp_endpoint=reader.text("OTLP_ENDPOINT", ""),
        port=reader.number("PORT", 8080, most=65535),
        results_port=reader.number("RESULTS_PORT", 8090, most=65535),
    )
    if found.shard >= shards:
        reader.problems.append(f"{PREFIX}SHARD is {found.shard}; with {shards} shards it is at most {shards - 1}")
    if (found.results_certificate is None) != (found.results_key is None):
        reader.problems.append(f"{PREFIX}RESULTS_TLS_CERTIFICATE and {PREFIX}RESULTS_TLS_KEY belong together")
    if blobs == "store" and not found.store_url:
        reader.problems.append(f"{PREFIX}STORE_URL is missing; {PREFIX}BLOBS=store needs it")
    if reader.problems:
        raise ConfigurationInvalid("; ".join(reader.problems), hint="set the chart's values, or the variables")
    return found


class _Reader:
    """Reads variables and remembers what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self._environment.get(PREFIX + name, default)

    def number(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
        text = self.text(name, str(default))
        return self._checked(
            name, text, default, lambda: int(text), lambda value: least <= value <= most, f"{least} to {most}"
        )

    def choice(self, name: str, default: str, words: tuple[str, ...]) -> str:
        text = self.text(name, default)
        return self._checked(name, text, default, lambda: text, lambda value: value in words, " or ".join(words))

    def flag(self, name: str) -> bool:
        return self.choice(name, "false", ("true", "false")) == "true"

    def json(self, name: str) -> Mapping[str, Any]:
        text = self.text(name, "") or "{}"
        return self._checked(name, text, {}, lambda: orjson.loads(text), lambda it: isinstance(it, dict), "an object")

    def path(self, name: str) -> Path | None:
        text = self.text(name, "")
        return Path(text) if text else None

    def courier(self) -> Courier:
        usual = Courier()
        return Courier(
            self.number("COURIER_STAGE_BUDGET_S", usual.stage_budget_s, least=10, most=86_400),
            self.number("COURIER_PUBLISH_BUDGET_S", usual.publish_budget_s, least=600, most=86_400),
            self.number("COURIER_FIRST_WAIT_MS", usual.first_wait_ms, least=10, most=15_000),
            self.number("COURIER_MESSAGE_BYTES", usual.message_bytes, least=512, most=4096),
            self.json("COURIER_RESOURCES") or usual.resources,
        )

    def s3(self) -> S3:
        bucket = self.text("S3_BUCKET", "")
        if not bucket:
            self.problems.append(f"{PREFIX}S3_BUCKET is missing; {PREFIX}BLOBS=s3 needs it")
        return S3(
            bucket,
            self.text("S3_ENDPOINT", "") or None,
            self.text("S3_REGION", "us-east-1"),
            self.flag("S3_ALLOW_HTTP"),
        )

    def _checked(
        self, name: str, text: str, default: T, read: Callable[[], T], fits: Callable[[T], bool], expected: str
    ) -> T:
        try:
            value = read()
        except ValueError:
            value = None
        if value is None or not fits(value):
            self.problems.append(f"{PREFIX}{name} is {text!r}; expected {expected}")
            return default
        return value
