"""What became of an attempt, as its Job and pods say? The pod's terminal status decides; the Job's only where there is none."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from controller.adapters.cluster.jobs.message import Message, parse
from controller.adapters.cluster.names import attempt_key
from controller.model.attempt import AttemptKey, Collected, Finished, Lost
from controller.model.states import OutcomeClass

Json = Mapping[str, Any]

MOST_DISRUPTIONS = 10
"""How often the platform may take an attempt away before that is its failure."""

LONGEST_WORD = 300
"""Characters of a program's last word that become part of the reason."""

WRONG_INPUT = 64
"""Exit status of `stage` for what can never be staged."""

NOTHING = Collected(None, None, ())


class Queued(NamedTuple):
    """The program does not run yet."""

    has_pod: bool
    reason: str = ""
    """What it waits for, as the kubelet or the scheduler say it."""


class Running(NamedTuple):
    """The program runs, or its courier hands over what it left."""

    started_at: int


class Ended(NamedTuple):
    """The attempt ended."""

    outcome: Finished | Lost
    message: Message = Message(NOTHING)


Verdict = Queued | Running | Ended


def judge(
    job: Json | None, pods: Sequence[Json], *, key: AttemptKey | None = None, stopped_as: OutcomeClass | None = None
) -> Verdict:
    """Return how an attempt stands. `stopped_as` says what it ends as if it was we who stopped it.

    Without a Job `key` must be given. Of several pods the newest that the platform did not take away counts.
    """
    attempt = key if key is not None else attempt_key(job or {})
    gone = [pod for pod in pods if _disrupted(pod)]
    living = [pod for pod in pods if not _disrupted(pod)]
    if living:
        return _of_pod(attempt, max(living, key=_age), stopped_as, job)
    if len(gone) >= MOST_DISRUPTIONS:
        reason = f"the platform took it away {len(gone)} times: {_disruption(gone[-1])}"
        return _finished(attempt, OutcomeClass.FAILED, reason, max(gone, key=_age))
    if job is None:
        if stopped_as is not None:
            return _finished(attempt, stopped_as, "stopped on request", None)
        return Ended(Lost(attempt, "its Job was deleted while it ran"))
    failed, complete = _condition(job, "Failed"), _condition(job, "Complete")
    if failed is not None:
        return _of_failed_job(attempt, failed, gone, stopped_as, job)
    if complete is not None:
        # The Job controller saw its end, and nobody else can any more.
        return Ended(Lost(attempt, "its pod was deleted before anybody saw what it handed over"))
    if job["metadata"].get("deletionTimestamp"):
        if stopped_as is not None:
            return _finished(attempt, stopped_as, "stopped on request", None)
        return Ended(Lost(attempt, "its Job is being deleted"))
    return Queued(has_pod=False, reason=_disruption(gone[-1]) if gone else "")


def _of_failed_job(
    key: AttemptKey, failed: Json, gone: Sequence[Json], stopped_as: OutcomeClass | None, job: Json
) -> Ended:
    reason = f"{failed.get('reason', 'Failed')}: {failed.get('message', 'its Job failed')}"
    if stopped_as is not None:
        return _finished(key, stopped_as, "stopped on request", None)
    if gone:
        return _finished(key, OutcomeClass.DISRUPTED, _disruption(gone[-1]), gone[-1])
    if failed.get("reason") == "DeadlineExceeded":
        return _finished(key, OutcomeClass.TIMEOUT, reason, None)
    del job
    return Ended(Lost(key, f"its pod is gone ({reason})"))


def _of_pod(key: AttemptKey, pod: Json, stopped_as: OutcomeClass | None, job: Json | None) -> Verdict:
    status = pod.get("status") or {}
    phase = status.get("phase")
    main = _container(status.get("containerStatuses"), "main")
    if phase not in ("Succeeded", "Failed"):
        if job is None and pod["metadata"].get("deletionTimestamp") and stopped_as is None:
            return Ended(Lost(key, "its Job was deleted while it ran"))
        started = _started(main)
        return Running(started) if started is not None else Queued(True, _waits_for(status))
    stage = _terminated(_container(status.get("initContainerStatuses"), "stage"))
    if stage is not None and stage.get("exitCode", 0) != 0:
        return _not_staged(key, pod, stage, stopped_as)
    message = _message(status)
    collected = message or Message(NOTHING)
    ended = _terminated(main)
    if status.get("reason") == "DeadlineExceeded":
        if stopped_as is not None:
            return _finished(key, stopped_as, "stopped on request", pod, collected)
        return _finished(key, OutcomeClass.TIMEOUT, "took longer than its attempt may take", pod, collected)
    if ended is None:
        return _without_end(key, pod, status, stopped_as, collected)
    code = int(ended.get("exitCode", 0))
    if code != 0:
        if stopped_as is not None and code in (137, 143):
            return _finished(key, stopped_as, "stopped on request", pod, collected)
        return _finished(key, OutcomeClass.FAILED, _exit(ended, code), pod, collected, code)
    return _published(key, pod, status, message)


def _published(key: AttemptKey, pod: Json, status: Json, message: Message | None) -> Ended:
    """The program said success; whether it is one hangs on what its courier handed over."""
    courier = _terminated(_container(status.get("initContainerStatuses"), "courier"))
    failure: str | None = None
    if courier is None:
        failure = "its courier did not end: what it left is not known to be complete"
    elif message is None:
        failure = "what its courier told is not whole"
    elif courier.get("exitCode", 0) != 0:
        problems = message.collected.problems
        failure = problems[0] if problems else f"its courier ended with exit {courier.get('exitCode')}"
    if failure is not None:
        return _finished(key, OutcomeClass.PUBLISH_FAILED, failure, pod, message or Message(NOTHING))
    assert message is not None
    return _finished(key, None, "", pod, message, 0)


def _not_staged(key: AttemptKey, pod: Json, stage: Json, stopped_as: OutcomeClass | None) -> Ended:
    if stopped_as is not None:
        return _finished(key, stopped_as, "stopped on request", pod)
    told = parse(stage.get("message", ""))
    code = int(stage["exitCode"])
    why = (told.rejected if told is not None else None) or f"its inputs could not be staged (exit {code})"
    failure = OutcomeClass.REJECTED if code == WRONG_INPUT else OutcomeClass.FAILED
    return _finished(key, failure, why, pod, exit_code=None if code == WRONG_INPUT else 75)


def _without_end(key: AttemptKey, pod: Json, status: Json, stopped_as: OutcomeClass | None, message: Message) -> Ended:
    """The pod ended, but of the program nothing is known: a node that went away, or a pod that never started one."""
    why = f"{status.get('reason') or 'the pod failed'}: {status.get('message') or 'its program left no trace'}"
    if stopped_as is not None:
        return _finished(key, stopped_as, "stopped on request", pod, message)
    never = _container(status.get("containerStatuses"), "main")
    if never is None or "waiting" in (never.get("state") or {}):
        return _finished(key, OutcomeClass.REJECTED, why, pod, message)
    return Ended(Lost(key, why), message)


def _finished(
    key: AttemptKey,
    failure: OutcomeClass | None,
    reason: str,
    pod: Json | None,
    message: Message | None = None,
    exit_code: int | None = None,
) -> Ended:
    status = (pod or {}).get("status") or {}
    main = _terminated(_container(status.get("containerStatuses"), "main")) or {}
    started = _time(main.get("startedAt")) or _time(status.get("startTime")) or 0
    ended = _time(main.get("finishedAt")) or started
    finished = Finished(key, failure, reason, exit_code, started, ended, max(0, ended - started))
    return Ended(finished, message or Message(NOTHING))


def _exit(ended: Json, code: int) -> str:
    reason = ended.get("reason")
    if reason == "OOMKilled":
        return f"exit {code}: it used more memory than its limit (OOMKilled)"
    if code > 128 and reason != "Error":
        return f"exit {code} ({reason})"
    # What a program leaves as its last word, as calls of http agents do.
    said = str(ended.get("message") or "").strip().split("\n")[0][:LONGEST_WORD]
    return f"exit {code}: {said}" if said else f"exit {code}"


def _message(status: Json) -> Message | None:
    courier = _terminated(_container(status.get("initContainerStatuses"), "courier"))
    return parse(courier.get("message", "")) if courier is not None else None


def _waits_for(status: Json) -> str:
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting")
        if waiting is not None and waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return f"{waiting['reason']}: {waiting.get('message', container['name'])}"
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason')}: {condition.get('message', '')}"
    return ""


def _disrupted(pod: Json) -> bool:
    """Whether the platform took the pod away: then the Job controller makes another one."""
    status = pod.get("status") or {}
    if not any(one["type"] == "DisruptionTarget" and one["status"] == "True" for one in status.get("conditions") or ()):
        return False
    main = _terminated(_container(status.get("containerStatuses"), "main"))
    # Ended well before it was taken away.
    return status.get("phase") != "Succeeded" and (main is None or main.get("exitCode") != 0)


def _disruption(pod: Json) -> str:
    for one in (pod.get("status") or {}).get("conditions") or ():
        if one["type"] == "DisruptionTarget":
            return f"{one.get('reason', 'DisruptionTarget')}: {one.get('message', 'the pod was taken away')}"
    return "the pod was taken away"


def _condition(job: Json, kind: str) -> Json | None:
    for one in (job.get("status") or {}).get("conditions") or ():
        if one["type"] == kind and one["status"] == "True":
            return dict(one)
    return None


def _container(statuses: Sequence[Json] | None, name: str) -> Json | None:
    return next((one for one in statuses or () if one["name"] == name), None)


def _terminated(container: Json | None) -> Json | None:
    return None if container is None else (container.get("state") or {}).get("terminated")


def _started(container: Json | None) -> int | None:
    state = (container or {}).get("state") or {}
    found = state.get("running") or state.get("terminated")
    return _time(found.get("startedAt")) if found else None


def _age(pod: Json) -> tuple[str, str]:
    return pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]


def _time(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp() * 1000)
