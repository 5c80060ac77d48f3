"""Decisions in memory; a submission is durable at once, answers with the group."""

from collections.abc import Sequence
from functools import partial

from controller.model.decision import Answer, Command, Decision
from tests.fakes.disk import Disk


class InMemoryDecisionSource:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._seen = -1

    def submit(self, decision: Decision | Command) -> int:
        self._disk.commit()
        self._disk.last_decision += 1
        identity = self._disk.last_decision
        self._disk.decisions[identity] = decision._replace(id=identity)
        return identity

    def pending(self, run: str) -> Sequence[Decision | Command]:
        answers = self._disk.answers
        return [one for one in self._disk.decisions.values() if one.run == run and one.id not in answers]

    def answer(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            if answer.id in self._disk.decisions and answer.id not in self._disk.answers:
                self._disk.answers[answer.id] = answer
                self._disk.change(partial(self._disk.answers.pop, answer.id, None))

    def answered(self, decision: int) -> Answer | None:
        return self._disk.answers.get(decision)

    def changed(self) -> bool:
        seen, self._seen = self._seen, self._disk.last_decision
        return seen != self._seen
