"""What people decide and command in a simulation, and when."""

from controller.engine.status import open_gates
from controller.model.decision import Command, Decision
from controller.model.outcomes import CommandGiven, GateAnswer, Outcomes
from controller.model.record import Actor
from controller.model.run import GateStatus
from controller.model.states import Verdict
from controller.runtime.driver import Driver
from controller.runtime.simulation.addresses import Addresses

SOMEBODY = "simulation"
"""Name of a person that the file does not name."""

_APPROVES = GateAnswer(decision="approve")


class ScriptedPeople:
    """Answers checkpoints and gives commands as an outcomes file says."""

    def __init__(self, driver: Driver, outcomes: Outcomes, addresses: Addresses, *, approve_all: bool = False) -> None:
        """`approve_all` approves what the file has no answer for; otherwise it stays open."""
        self._driver = driver
        self._outcomes = outcomes
        self._addresses = addresses
        self._approve_all = approve_all
        self._openings: dict[tuple[str, str], list[int]] = {}
        """(run, gate) -> the records that opened it."""
        self._answers: dict[tuple[str, int], tuple[int, GateStatus, GateAnswer]] = {}
        """(run, record that opened it) -> when an open gate is answered, and how."""
        self._commands = list(outcomes.commands)
        self._given: list[tuple[int, str]] = []
        """Id of what was submitted, and what it was, for people."""

    @property
    def done(self) -> bool:
        """Whether nothing more is to be commanded."""
        return not self._commands

    def act(self) -> bool:
        """Submit what is due by now. Return whether anything was."""
        self._look()
        now = self._driver.tools.clock.now()
        due = [key for key, (at, _, _) in self._answers.items() if at <= now]
        for key in due:
            _, gate, answer = self._answers.pop(key)
            self._decide(gate, answer)
        return self._command(now) or bool(due)

    def next_due(self) -> int | None:
        """Return when somebody does something, as far as time alone decides; None: nobody will."""
        times = [at for at, _, _ in self._answers.values()]
        if self._commands and self._commands[0].when == "running" and self._started():
            times.append(self._started() + self._commands[0].at_ms)
        return min(times, default=None)

    def refusals(self) -> list[str]:
        """Return what was refused, with the reason."""
        answers = ((what, self._driver.tools.decisions.answered(number)) for number, what in self._given)
        return [f"{what} was refused: {one.refusal}" for what, one in answers if one is not None and one.refusal]

    def _look(self) -> None:
        state = self._driver.root.state
        if not state.gates and not state.child_gates:
            return
        for gate in open_gates(state):
            name = gate.gate.rpartition("/")[2]
            openings = self._openings.setdefault((gate.run, name), [])
            if gate.request in openings:
                continue
            openings.append(gate.request)
            answer = self._outcomes.decision(self._addresses.of(gate.run, name), len(openings))
            if answer is None and self._approve_all:
                answer = _APPROVES
            if answer is not None and answer.decision != "lapse":
                self._answers[gate.run, gate.request] = (gate.opened_at + answer.after_ms, gate, answer)

    def _decide(self, gate: GateStatus, answer: GateAnswer) -> None:
        name = gate.gate.rpartition("/")[2]
        decision = Decision(
            0,
            gate.run,
            name,
            gate.digest,
            gate.request,
            Verdict(answer.decision),
            Actor("person", answer.by or SOMEBODY),
            answer.comment,
            answer.modifications,
        )
        self._given.append((self._driver.tools.decisions.submit(decision), f"{answer.decision} at {gate.gate}"))

    def _command(self, now: int) -> bool:
        if not self._commands or not self._may_command(self._commands[0], now):
            return False
        given = self._commands.pop(0)
        command = Command(
            0,
            self._run(given),
            given.verb,
            Actor("person", given.by or SOMEBODY),
            given.step,
            given.comment,
            given.modifications,
            given.delay_ms,
            given.output,
            given.undo,
            given.stop,
        )
        what = f"{given.verb} {given.step or ''}".strip()
        self._given.append((self._driver.tools.decisions.submit(command), what))
        return True

    def _may_command(self, given: CommandGiven, now: int) -> bool:
        """What was submitted before must be answered, so that the order stays and a settled run has moved on."""
        if any(self._driver.tools.decisions.answered(number) is None for number, _ in self._given[-1:]):
            return False
        if given.when == "running":
            return 0 < self._started() <= now - given.at_ms
        member = self._driver.members.get(self._run(given))
        return member is not None and member.state.run.settled and self._driver.root.state.run.settled

    def _run(self, given: CommandGiven) -> str:
        paths = {self._addresses.path(uid): uid for uid in self._driver.members}
        return paths.get(given.run.replace("@1/", "/").removesuffix("@1"), "")

    def _started(self) -> int:
        return self._driver.root.state.first_started_at
