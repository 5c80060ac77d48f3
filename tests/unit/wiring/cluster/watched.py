"""A pretended run, told to an observer as the operator tells it."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.machine.chain import Link
from controller.model.run import RunSpec
from controller.runtime.driver import Driver
from controller.runtime.member import Member
from controller.runtime.spans import Spans
from controller.wiring.cluster.observer import Observer, Told
from tests.behaviour.rehearsal import Rehearsal


def run_object(spec: RunSpec) -> dict[str, Any]:
    metadata = {"name": f"run-of-{spec.orchestration}", "namespace": "space", "uid": spec.uid, "resourceVersion": "1"}
    return {"apiVersion": "libretto.dev/v1alpha1", "kind": "Run", "metadata": metadata, "spec": {}, "status": {}}


class Watched:
    """Tells an observer of each batch of records at once."""

    def __init__(self, rehearsal: Rehearsal, observer: Observer) -> None:
        self.rehearsal = rehearsal
        self.observer = observer
        self.told: list[Told] = []
        self._spans: dict[str, Spans] = {}

    def play(self, spec: Mapping[str, Any], *others: Mapping[str, Any]) -> Driver:
        """Play an orchestration until it settles or waits for a person."""
        admitted = self.rehearsal.admit(spec, {}, *others)
        driver = Driver(self.rehearsal.tools(), admitted, on_records=self._recorded)
        driver.start()
        return self.rehearsal.go_on(
            driver, lambda one: one.root.state.run.settled or one.root.state.run == "AwaitingApproval"
        )

    def _recorded(self, member: Member, links: Sequence[Link]) -> None:
        spans = self._spans.get(member.spec.uid)
        if spans is None:
            spans = self._spans[member.spec.uid] = Spans(member, links)
        told = Told("space", run_object(member.spec), member, links, spans.feed(links))
        self.told.append(told)
        self.observer.recorded(told)
