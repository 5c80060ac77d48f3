"""Attempt: one try at a step, as runner and runtime speak about it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from controller.model.agent import AgentSpec
from controller.model.digest import Digest
from controller.model.states import OutcomeClass, Role


class AttemptKey(NamedTuple):
    """What makes an attempt unique; every effect carries it, so that repeating one never doubles it."""

    run: str
    """Uid of the run (a child has its own)."""
    step: str
    """Step id with its instance, e.g. `load` or `load[3]`."""
    role: Role
    attempt: int
    """Counts from 1 and only grows, across generations; do and undo count apart."""

    def __str__(self) -> str:
        return f"{self.run}/{self.step}/{self.role}-{self.attempt}"


class StagedFile(NamedTuple):
    """A blob that the runner puts into the attempt's directory before it starts."""

    path: str
    """Relative, below the attempt's directory, e.g. `inputs/extract/rows.csv`."""
    digest: Digest


class Launch(NamedTuple):
    """Everything that a runner needs to start one attempt."""

    key: AttemptKey
    agent: AgentSpec
    agent_files: Mapping[str, Digest]
    """Files beside the agent's file, by relative path."""
    input: bytes
    """Content of `input.json`."""
    input_digest: Digest
    staged: Sequence[StagedFile] = ()
    environment: Mapping[str, str] = {}
    """The contract's variables: LIBRETTO_RUN, LIBRETTO_STEP, LIBRETTO_ATTEMPT, LIBRETTO_IDEMPOTENCY_KEY, TRACEPARENT."""
    timeout_ms: int | None = None
    queue_timeout_ms: int | None = None
    argv: Sequence[str] | None = None
    """Replaces the agent's argv (an undo with a program of its own)."""
    at_most_once: bool = False
    """Whether it may be started once only, so that no platform starts it again by itself."""
    slots: Sequence[str] = ()
    """Keys of the slots that span runs which it has by its definition."""


class Refusal(NamedTuple):
    """An attempt that could not be started and never will."""

    key: AttemptKey
    reason: str


class KnownAttempt(NamedTuple):
    """An attempt that the runner has a trace of."""

    key: AttemptKey
    input_digest: Digest
    running: bool


class Started(NamedTuple):
    """The program runs."""

    key: AttemptKey
    at: int


class Progress(NamedTuple):
    """The program said how far it is."""

    key: AttemptKey
    done: int
    total: int


class Finished(NamedTuple):
    """The attempt ended. `failure` is None when its program said success; its results are not yet looked at."""

    key: AttemptKey
    failure: OutcomeClass | None
    reason: str
    exit_code: int | None
    started_at: int
    ended_at: int
    duration_ms: int


class Lost(NamedTuple):
    """Nobody can tell whether the attempt ran to its end."""

    key: AttemptKey
    reason: str


Observation = Started | Progress | Finished | Lost | KnownAttempt
"""KnownAttempt: one that nobody here asked for has come to light."""


class CollectedArtifact(NamedTuple):
    """A file that the attempt left below `artifacts/`."""

    name: str
    """Relative path below `artifacts/`, `/`-separated."""
    location: str
    """Where the runner keeps it; only a BlobStore of the same technology reads it."""
    size: int


class Collected(NamedTuple):
    """What an ended attempt left behind, before any check."""

    output: bytes | None
    """Content of `output.json`; None when there is none."""
    receipt: bytes | None
    """Content of `receipt.json`; None when there is none."""
    artifacts: Sequence[CollectedArtifact]
    problems: Sequence[str] = ()
    """What keeps the results from being published, e.g. a secret inside an artifact."""
    mapped: bool = False
    """Whether `output` is the output of the step already, as the ledger keeps it, rather than the agent's answer."""


class Result(NamedTuple):
    """What a successful attempt handed over, by digest. Content lies in the BlobStore."""

    output_digest: Digest
    """Digest of the result document `{"output": value, "artifacts": {name: digest}}`."""
    receipt_digest: Digest | None = None
    warnings: tuple[str, ...] = ()
    data: Mapping[str, Any] | None = None
    """Further members for the record, e.g. sizes."""
