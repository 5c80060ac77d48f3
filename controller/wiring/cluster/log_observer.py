"""What of a run stands in the log? One line for each transition that a person cares about."""

import logging
from typing import Any

from controller.wiring.cluster.notices import notices
from controller.wiring.cluster.observer import Json, Told, Unconcerned

log = logging.getLogger("libretto.runs")


class LogObserver(Unconcerned):
    """Implements Observer: a line says what happened, and its fields say to what. Values of inputs and outputs are in none."""

    def recorded(self, told: Told) -> None:
        for notice in notices(told):
            record = notice.record
            fields: dict[str, Any] = {
                "event": notice.reason,
                **_place(told.run),
                "orchestration": told.member.spec.orchestration,
                "record": record.seq,
                "actor": record.actor.id,
            }
            if record.step is not None:
                fields["step"] = record.step
            if record.attempt is not None:
                fields["attempt"] = record.attempt
            log.log(
                logging.WARNING if notice.warning else logging.INFO,
                "%s: %s",
                _name(told.run),
                notice.text,
                extra={"fields": fields},
            )

    def unprotected(self, run: Json, message: str) -> None:
        fields = {"event": "ApprovalsUnprotected", **_place(run)}
        log.warning("%s: decisions do not count: %s", _name(run), message, extra={"fields": fields})

    def unreachable(self, run: Json, message: str) -> None:
        fields = {"event": "NodeUnreachable", **_place(run)}
        log.warning("%s: %s", _name(run), message, extra={"fields": fields})

    def stalled(self, run: Json, reason: str, message: str) -> None:
        fields = {"event": "Stalled", **_place(run), "reason": reason}
        log.warning("%s: it does not go on: %s: %s", _name(run), reason, message, extra={"fields": fields})


def _place(run: Json) -> dict[str, str]:
    metadata = run["metadata"]
    return {"namespace": metadata["namespace"], "run": metadata["name"], "uid": metadata["uid"]}


def _name(run: Json) -> str:
    return f"run {run['metadata']['name']} in {run['metadata']['namespace']}"
