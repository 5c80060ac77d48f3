"""What became of an attempt whose pod has ended? Its program, its courier and the kubelet each have a say."""

from collections.abc import Mapping
from typing import Any

from controller.adapters.cluster.jobs import pod_status
from controller.adapters.cluster.jobs.message import NO_MESSAGE, message_of, parse
from controller.adapters.cluster.jobs.verdict import STOPPED, Case, Ended, finished
from controller.adapters.cluster.names import STOPPED_AS
from controller.model.attempt import Lost
from controller.model.states import OutcomeClass

Json = Mapping[str, Any]

LONGEST_WORD = 300
"""Characters of a program's last word that become part of the reason."""

WRONG_INPUT = 64
"""Exit status of `stage` for what can never be staged."""

TRY_AGAIN = 75
"""Exit status that stands for a failure of ours before the program ran: another try may end better."""

KILLED = (137, 143)
"""Exit statuses of SIGKILL and SIGTERM."""

_NEVER_STARTS = ("no such file or directory", "not found", "permission denied", "exec format error", "not a directory")
"""What a runtime says of a command that this image will never run."""


def of_ended(case: Case, pod: Json) -> Ended:
    """Return what became of an attempt by its pod, which is in a terminal phase."""
    case = case._replace(stopped_as=case.stopped_as or _noted(pod))
    ended = pod_status.terminated(pod_status.main(pod))
    if pod_status.status_of(pod).get("reason") == "DeadlineExceeded":
        return _out_of_time(case, pod)
    stage = pod_status.terminated(pod_status.ours(pod, "stage"))
    if stage is not None and stage["exitCode"] != 0:
        return _not_staged(case, pod, stage)
    if ended is None:
        return _without_end(case, pod)
    if ended["exitCode"] == 0:
        return _published(case, pod)
    return _failed(case, pod, ended)


def ended_well(pod: Json) -> bool:
    """Whether a pod has ended, its program with success and in time, and handed over what it left."""
    ended = pod_status.terminated(pod_status.main(pod))
    late = pod_status.status_of(pod).get("reason") == "DeadlineExceeded"
    well = ended is not None and ended["exitCode"] == 0 and not late
    return pod_status.phase(pod) in pod_status.TERMINAL and well and _publishing_failed(pod) is None


def exit_of(pod: Json, ended: Json) -> str:
    """Return in one line how a program ended that did not say success."""
    code, reason = ended["exitCode"], ended.get("reason")
    if reason == "OOMKilled":
        return f"exit {code}: it used more memory than its limit (OOMKilled)"
    if why := pod_status.own_reason(pod):
        return f"exit {code}: {why}"
    if code in KILLED and pod["metadata"].get("deletionTimestamp"):
        return f"exit {code}: its pod was deleted"
    # What a program leaves as its last word, as calls of http agents do.
    said = str(ended.get("message") or "").strip().split("\n")[0][:LONGEST_WORD]
    return f"exit {code}: {said}" if said else f"exit {code}"


def _out_of_time(case: Case, pod: Json) -> Ended:
    if case.stopped_as is not None:
        return finished(case, case.stopped_as, STOPPED, pod)
    waits = pod_status.waits_for(pod)
    reason = "took longer than its attempt may take" + (f", and did not begin: {waits}" if waits else "")
    return finished(case, OutcomeClass.TIMEOUT, reason, pod)


def _failed(case: Case, pod: Json, ended: Json) -> Ended:
    code, kind = int(ended["exitCode"]), ended.get("reason")
    asked = pod["metadata"].get("deletionTimestamp") is not None or code in KILLED
    if case.stopped_as is not None and asked and kind != "OOMKilled":
        return finished(case, case.stopped_as, STOPPED, pod)
    if kind == "ContainerStatusUnknown":
        why = ended.get("message") or "its container was not there any more when its node looked"
        return Ended(Lost(case.key, f"nobody saw its end: {why}"), message_of(pod) or NO_MESSAGE)
    if kind in ("StartError", "ContainerCannotRun"):
        why = f"its program could not be started: {ended.get('message') or kind}"
        if any(word in why for word in _NEVER_STARTS):
            return finished(case, OutcomeClass.REJECTED, why, pod)
        return finished(case, OutcomeClass.FAILED, why, pod, TRY_AGAIN)
    return finished(case, OutcomeClass.FAILED, exit_of(pod, ended), pod, code)


def _published(case: Case, pod: Json) -> Ended:
    """The program said success; whether it is one hangs on what its courier handed over."""
    failure = _publishing_failed(pod)
    if failure is not None:
        return finished(case, OutcomeClass.PUBLISH_FAILED, failure, pod)
    # Taken away after all was done: the Job controller counts that as nothing done.
    disrupted = pod_status.phase(pod) == "Failed" and pod_status.holds(pod, "DisruptionTarget") is not None
    again = disrupted and pod_status.is_active(case.job)
    return finished(case, None, "", pod, 0)._replace(goes_on=again)


def _publishing_failed(pod: Json) -> str | None:
    courier, message = pod_status.terminated(pod_status.ours(pod, "courier")), message_of(pod)
    if courier is None:
        return "its courier did not end: what it left is not known to be complete"
    code, word = courier["exitCode"], courier.get("reason")
    if message is None:
        told = f"ended with exit {code} ({word}) and told nothing" if code else "told nothing"
        why = pod_status.own_reason(pod)
        return f"its courier {told} that is whole" + (f" ({why})" if why else "")
    if code == 0:
        return None
    problems = message.collected.problems
    return problems[0] if problems else f"its courier ended with exit {code} ({word})"


def _not_staged(case: Case, pod: Json, stage: Json) -> Ended:
    if case.stopped_as is not None:
        return finished(case, case.stopped_as, STOPPED, pod)
    told = parse(stage.get("message", ""))
    code = int(stage["exitCode"])
    where = pod_status.own_reason(pod) or stage.get("reason", "Error")
    why = (told.rejected if told is not None else None) or f"its inputs could not be staged (exit {code}, {where})"
    if code == WRONG_INPUT:
        return finished(case, OutcomeClass.REJECTED, why, pod)
    return finished(case, OutcomeClass.FAILED, why, pod, TRY_AGAIN)


def _without_end(case: Case, pod: Json) -> Ended:
    """The pod ended, but of the program nothing is known: a node that went away, or one that did not take the pod."""
    why = pod_status.own_reason(pod) or "the pod failed and its program left no trace"
    if case.stopped_as is not None:
        return finished(case, case.stopped_as, STOPPED, pod)
    if pod_status.is_waiting(pod_status.main(pod)):
        return finished(case, OutcomeClass.DISRUPTED, f"its program was not started: {why}", pod)
    return Ended(Lost(case.key, why), message_of(pod) or NO_MESSAGE)


def _noted(pod: Json) -> OutcomeClass | None:
    """What a stop of ours wrote on the pod, before this process remembered anything."""
    noted = (pod["metadata"].get("annotations") or {}).get(STOPPED_AS)
    return OutcomeClass(noted) if noted in {one.value for one in OutcomeClass} else None
