"""What became of an attempt, as its Job and pods say? The pod's terminal status decides; the Job's only where there is none."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from controller.adapters.cluster.jobs import pod_status
from controller.adapters.cluster.jobs.pod_end import KILLED, ended_well, exit_of, of_ended
from controller.adapters.cluster.jobs.verdict import STOPPED, Case, Ended, Queued, Running, Verdict, finished
from controller.adapters.cluster.names import attempt_key
from controller.model.attempt import AttemptKey, Lost
from controller.model.states import OutcomeClass

__all__ = ["Ended", "Queued", "Running", "Verdict", "has_told", "judge", "taken_away"]

Json = Mapping[str, Any]

MOST_DISRUPTIONS = 10
"""How often the platform may take an attempt away before that is its failure."""

_NODE_SILENT = ("DeletionByPodGC", "DeletionByTaintManager")
"""Reasons of a disruption whose node can have run more than it told."""


def judge(
    job: Json | None,
    pods: Sequence[Json],
    *,
    key: AttemptKey | None = None,
    stopped_as: OutcomeClass | None = None,
    taken: Collection[str] = (),
) -> Verdict:
    """Return how an attempt stands.

    `stopped_as` says what it ends as if it was we who stopped it. `taken` are uids of pods that `taken_away` named before
    and that may be gone by now. Without a Job `key` must be given. Of several pods the newest that the platform did not
    take away counts, unless an earlier one ended well: the first result stands.
    """
    case = Case(key if key is not None else attempt_key(job or {}), job, stopped_as)
    ordered = sorted(pods, key=pod_status.age)
    gone = [pod for pod in ordered if _is_taken(pod, job)]
    rest = [pod for pod in ordered if not _is_taken(pod, job)]
    decisive = next(filter(ended_well, rest), rest[-1] if rest else None)
    if decisive is not None and pod_status.phase(decisive) in pod_status.TERMINAL:
        return of_ended(case, decisive)
    disruptions = len({*taken, *taken_away(job, gone)})
    if stopped_as is None and disruptions >= MOST_DISRUPTIONS:
        reason = f"the platform took it away {disruptions} times" + (f": {_disruption(gone[-1])}" if gone else "")
        ended = finished(case, OutcomeClass.FAILED, reason, gone[-1] if gone else None)
        return ended._replace(goes_on=pod_status.is_active(job))
    if decisive is not None:
        return _of_living(case, decisive)
    return _of_taken(case, gone[-1]) if gone else _without_pod(case)


def taken_away(job: Json | None, pods: Sequence[Json]) -> set[str]:
    """Return the uids of the pods that the platform took away: whoever looks again must remember them, for they vanish."""
    return {pod["metadata"]["uid"] for pod in pods if _is_taken(pod, job)}


def has_told(job: Json | None, pods: Sequence[Json]) -> bool:
    """Whether one of these pods ended by itself: then what became of the attempt does not hang on pods that are not known."""
    return any(pod_status.phase(pod) in pod_status.TERMINAL and not _is_taken(pod, job) for pod in pods)


def _without_pod(case: Case) -> Verdict:
    job = case.job
    if job is not None and pod_status.is_active(job):
        return Queued(has_pod=False, reason="its Job is suspended" if _is_suspended(job) else "")
    if case.stopped_as is not None:
        return finished(case, case.stopped_as, STOPPED, None)
    if job is None:
        return Ended(Lost(case.key, "its Job was deleted while it ran"))
    failed = pod_status.holds(job, "Failed") or pod_status.holds(job, "FailureTarget")
    if failed is not None:
        reason = f"{failed.get('reason', 'Failed')}: {failed.get('message', 'its Job failed')}"
        if failed.get("reason") == "DeadlineExceeded":
            return finished(case, OutcomeClass.TIMEOUT, reason, None)
        return Ended(Lost(case.key, f"its pod is gone ({reason})"))
    if pod_status.holds(job, "Complete") or pod_status.holds(job, "SuccessCriteriaMet"):
        # The Job controller saw its end, and nobody else can any more.
        return Ended(Lost(case.key, "its pod was deleted before anybody saw what it handed over"))
    return Ended(Lost(case.key, "its Job is being deleted"))


def _of_taken(case: Case, pod: Json) -> Verdict:
    """No pod is left but such as the platform took away: the Job controller makes another one, if it may."""
    job, why = case.job, _disruption(pod)
    if case.stopped_as is not None:
        return finished(case, case.stopped_as, STOPPED, pod)._replace(goes_on=pod_status.is_active(job))
    if job is None or job["metadata"].get("deletionTimestamp"):
        return Ended(Lost(case.key, f"its Job was deleted while it ran, after its pod was taken away ({why})"))
    if not (job.get("spec") or {}).get("podFailurePolicy"):
        # A program that may run once only.
        if _may_have_run(pod):
            return Ended(Lost(case.key, why))
        return finished(case, OutcomeClass.DISRUPTED, why, pod)
    if pod_status.is_active(job):
        return Queued(has_pod=False, reason=why)
    ended = pod_status.terminated(pod_status.main(pod))
    if ended is not None and ended["exitCode"] not in (0, *KILLED):
        return finished(case, OutcomeClass.FAILED, exit_of(pod, ended), pod, ended["exitCode"])
    return finished(case, OutcomeClass.DISRUPTED, why, pod)


def _of_living(case: Case, pod: Json) -> Verdict:
    if case.job is None and pod["metadata"].get("deletionTimestamp") and case.stopped_as is None:
        return Ended(Lost(case.key, "its Job was deleted while it ran"))
    started = pod_status.started_at(pod_status.main(pod))
    if started is not None:
        return Running(started)
    disrupted = pod_status.holds(pod, "DisruptionTarget") is not None
    return Queued(True, _disruption(pod) if disrupted else pod_status.waits_for(pod))


def _is_taken(pod: Json, job: Json | None) -> bool:
    """Whether the platform took the pod away, and nothing came of it."""
    if pod_status.phase(pod) == "Failed" and pod_status.holds(pod, "DisruptionTarget") is not None:
        return not ended_well(pod)
    # A queue suspends the Job to give its place to another; the Job controller deletes the pod.
    suspended = job is not None and _is_suspended(job) and bool(pod["metadata"].get("deletionTimestamp"))
    return suspended and pod_status.phase(pod) != "Succeeded"


def _may_have_run(pod: Json) -> bool:
    disruption = pod_status.holds(pod, "DisruptionTarget") or {}
    if disruption.get("reason") in _NODE_SILENT and (pod.get("spec") or {}).get("nodeName"):
        return True
    return not pod_status.is_waiting(pod_status.main(pod))


def _disruption(pod: Json) -> str:
    found = pod_status.holds(pod, "DisruptionTarget")
    if found is None:
        return "its Job is suspended"
    return f"{found.get('reason', 'DisruptionTarget')}: {found.get('message', 'the pod was taken away')}"


def _is_suspended(job: Json) -> bool:
    return bool((job.get("spec") or {}).get("suspend"))
