"""What of a run becomes a Kubernetes Event? Gates, failures, stalls, and success where it is wanted: what somebody may act on."""

from typing import Any

from controller.adapters.cluster.events import EventPoster, Happening, reference
from controller.adapters.cluster.gates import UNPROTECTED
from controller.adapters.cluster.names import DOMAIN, job_name
from controller.adapters.cluster.resources import JOBS
from controller.adapters.cluster.status import APPROVALS_UNPROTECTED, NODE_UNREACHABLE
from controller.ports.clock import Clock
from controller.wiring.cluster.notices import Notice, notices
from controller.wiring.cluster.observer import Json, Told, Unconcerned

RECORD = f"{DOMAIN}/record"
"""Annotation: the ledger record that an Event tells of."""

DEFINITION = f"{DOMAIN}/definition"
"""Annotation: digest of what the run executes."""


class EventObserver(Unconcerned):
    """Implements Observer: gives the poster what it posts when there is time."""

    def __init__(self, poster: EventPoster, clock: Clock, *, on_success: bool = False) -> None:
        self._poster = poster
        self._clock = clock
        self._on_success = on_success

    def recorded(self, told: Told) -> None:
        for notice in notices(told):
            if notice.event or (self._on_success and notice.reason == "RunSucceeded"):
                self._poster.tell(self._happening(told, notice))

    def stalled(self, run: Json, reason: str, message: str) -> None:
        self._poster.tell(self._of(run, "Stalled", f"{reason}: {message}", reason))

    def unprotected(self, run: Json, message: str) -> None:
        self._poster.tell(self._of(run, APPROVALS_UNPROTECTED, message, UNPROTECTED))

    def unreachable(self, run: Json, message: str) -> None:
        self._poster.tell(self._of(run, NODE_UNREACHABLE, message, NODE_UNREACHABLE))

    def _happening(self, told: Told, notice: Notice) -> Happening:
        record, spec = notice.record, told.member.spec
        related: dict[str, Any] | None = None
        if notice.job is not None:
            namespace = told.run["metadata"]["namespace"]
            name = job_name(notice.job, told.run["metadata"]["name"])
            related = {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "namespace": namespace, "name": name}
        # Instances that fail alike are one series; every gate and every end of a run stands for itself.
        alike = record.step is not None and notice.reason in ("StepFailed", "ChangeRemains")
        step, bracket, _ = str(record.step).partition("[")
        about = step + bracket if alike else f"{record.step}#{record.seq}"
        return Happening(
            reference(told.run),
            notice.reason,
            notice.text,
            notice.warning,
            record.time,
            about,
            related=related,
            annotations={RECORD: str(record.seq), DEFINITION: spec.definition},
        )

    def _of(self, run: Json, reason: str, note: str, about: str) -> Happening:
        return Happening(reference(run), reason, note, True, self._clock.now(), about)
