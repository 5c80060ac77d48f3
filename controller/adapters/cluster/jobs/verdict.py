"""What can be said of an attempt: it waits, it runs, it has ended."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.adapters.cluster.jobs import pod_status
from controller.adapters.cluster.jobs.message import NO_MESSAGE, Message, message_of
from controller.model.attempt import AttemptKey, Finished, Lost
from controller.model.states import OutcomeClass

Json = Mapping[str, Any]

STOPPED = "stopped on request"


class Queued(NamedTuple):
    """The program does not run yet, or not any more and will be started again."""

    has_pod: bool
    reason: str = ""
    """What it waits for, as the kubelet or the scheduler say it."""


class Running(NamedTuple):
    """The program runs, or its courier hands over what it left."""

    started_at: int


class Ended(NamedTuple):
    """The attempt ended."""

    outcome: Finished | Lost
    message: Message = NO_MESSAGE
    goes_on: bool = False
    """Whether the Job controller would start its program again all the same: the Job must be deleted."""


Verdict = Queued | Running | Ended


class Case(NamedTuple):
    """What is known beside the pods."""

    key: AttemptKey
    job: Json | None
    stopped_as: OutcomeClass | None
    """What it ends as because it was we who stopped it."""


def finished(
    case: Case, failure: OutcomeClass | None, reason: str, pod: Json | None, exit_code: int | None = None
) -> Ended:
    """Return the end of an attempt, with the times and the message of its pod."""
    status = {} if pod is None else pod_status.status_of(pod)
    main = {} if pod is None else pod_status.terminated(pod_status.main(pod)) or {}
    created = None if case.job is None else case.job["metadata"].get("creationTimestamp")
    started = pod_status.time_of(main.get("startedAt") or status.get("startTime") or created) or 0
    ended = max(started, pod_status.time_of(main.get("finishedAt")) or started)
    finished = Finished(case.key, failure, reason, exit_code, started, ended, ended - started)
    return Ended(finished, (None if pod is None else message_of(pod)) or NO_MESSAGE)
