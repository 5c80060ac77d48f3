"""Everything outside of the engine, simulated: runner, children, people, stores, clock. Answers effects from tables.

It speaks as people would: `world.end("a", "exit 1 receipt")`. Every pass is held to the invariants.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.engine.events import Event
from controller.engine.evolve import fold
from controller.engine.passes import run_pass
from controller.engine.reduce import create
from controller.engine.state import State, Unit
from controller.engine.transitions import UndoState
from controller.engine.units import index_of, unit_name, unit_named
from controller.engine.wanted import intents, running
from controller.machine.chain import Link
from controller.model.attempt import Result
from controller.model.digest import Digest
from controller.model.graph import Graph
from controller.model.record import Actor, Record
from controller.model.states import OutcomeClass, Role, RunState, StepState, Verb, Verdict
from tests.fakes.clock import START
from tests.unit.engine.answers import Answers, Key, digest
from tests.unit.engine.invariants import Watch

ANN = Actor("person", "ann")
BOB = Actor("person", "bob")

MOST_BATCHES = 500
"""More than any pass needs: who comes here goes in a circle."""


class World(Answers):
    """A run, and everything around it."""

    def __init__(
        self,
        graph: Graph,
        *,
        prepare: Mapping[str, Any] = {},
        lists: Mapping[str, int] = {},
        phases: Mapping[str, bool | str] = {},
        undo: Mapping[str, str] = {},
        mute: Iterable[type] = (),
        parent: str | None = None,
        watched: bool = True,
    ) -> None:
        self.now = START
        super().__init__(graph, prepare, lists, phases, undo)
        self.mute = set(mute)
        """Effects that are answered only by hand."""
        self.over: dict[Key, tuple[Digest, str]] = {}
        """What has ended, and how."""
        self.fate: dict[Key, str] = {}
        self.effects: list[fx.Effect] = []
        self.unanswered: list[fx.Effect] = []
        self.links: list[Link] = []
        self.wake_at: int | None = None
        self.decisions = 0
        self.last_pass = 0
        """Records of the last pass."""
        self.watch = Watch(graph, "RUN") if watched else None
        first = create(graph, "RUN", digest("parameters"), ANN, self.now, parent=parent)
        self.state = first.state
        self._keep(first.records)

    @property
    def records(self) -> list[Record]:
        return [link.record for link in self.links]

    def unit(self, name: str) -> int:
        unit = unit_named(self.graph, name)
        assert unit is not None, name
        return unit

    def known(self, name: str) -> Unit:
        return self.state.unit(self.unit(name))

    # What can happen.

    def tell(self, *events: Event) -> list[fx.Effect]:
        """Play one pass, and return what the engine asked for."""
        asked: list[fx.Effect] = []
        before = len(self.links)
        played = run_pass(self.state, events, self.now)
        try:
            batch = next(played)
            for _ in range(MOST_BATCHES):
                self._keep(batch.links)
                asked += batch.effects
                self.state = batch.state
                batch = played.send([answer for effect in batch.effects for answer in self._answers(effect)])
            raise AssertionError(f"a pass without an end: {asked[-5:]}")
        except StopIteration as stop:
            self.state, self.wake_at = stop.value.state, stop.value.wake_at
            self._keep(stop.value.links)
        self.effects += asked
        self.last_pass = len(self.links) - before
        if self.watch is not None:
            self.watch.look(self.state, self.now)
        return asked

    def end(self, name: str, words: str = "ok", role: Role = Role.DO) -> list[fx.Effect]:
        """End the present attempt of a step; see `ended` for the words."""
        known = self.known(name)
        key = (self.unit(name), role, known.attempt if role is Role.DO else known.undo_attempt)
        if key not in self.running:
            return self.tell(self.ended(name, words, *key[1:]))
        # An attempt ends once: whoever looks again sees the same.
        words = self.fate.setdefault(key, words)
        self.over[key] = self.running.pop(key), words
        return self.tell(self.ended(name, words, *key[1:]))

    def ended(self, name: str, words: str, role: Role, attempt: int) -> Event:
        """`ok`, `exit N`, a class (`Lost`), or how a child settled (`Failed run`); `receipt` and `7s` may follow."""
        unit, said = self.unit(name), words.split()
        receipt = digest("receipt", name, attempt) if "receipt" in said else None
        took = next((int(word[:-1]) * 1000 for word in said if word[:-1].isdecimal() and word.endswith("s")), 0)
        if "run" in said:
            state = RunState(said[0])
            result = Result(digest("output", name)) if state is RunState.SUCCEEDED else None
            child = f"child-{name}-{attempt}"
            return ev.ChildEnded(unit, attempt, state, child, digest("head"), digest("child", name), result, "", took)
        if said[0] == "ok":
            warnings = ("late: 5s",) if "late" in said else ()
            result = Result(digest("output", name), receipt, warnings)
            return ev.AttemptEnded(unit, role, attempt, None, result=result, duration_ms=took)
        failure = OutcomeClass.FAILED if said[0] == "exit" else OutcomeClass(said[0])
        code = int(said[1]) if said[0] == "exit" else None
        return ev.AttemptEnded(unit, role, attempt, failure, words, code, None, receipt, duration_ms=took)

    def later(self, milliseconds: int) -> list[fx.Effect]:
        """Let time pass."""
        self.now += milliseconds
        return self.tell(ev.Woken())

    def decide(self, verdict: Verdict, name: str, **changes: Any) -> list[fx.Effect]:
        """Decide on the open gate of a step."""
        gate = self.known(name).gate
        self.decisions += 1
        about = (gate.digest, gate.request) if gate is not None else (digest("nothing"), 0)
        event = ev.GateDecided(self.decisions, name, *about, verdict, BOB)
        return self.tell(event._replace(**changes))

    def command(self, verb: Verb, step: str | None = None, **more: Any) -> list[fx.Effect]:
        """Command something of the run."""
        self.decisions += 1
        return self.tell(ev.Commanded(self.decisions, verb, BOB, step, **more))

    def crash(self, lost: int) -> list[fx.Effect]:
        """Restart, where the last records of the last pass were never stored: its effects came first."""
        kept = len(self.links) - min(lost, self.last_pass)
        self.links = self.links[:kept]
        if self.watch is not None:
            self.watch = Watch(self.graph, "RUN")
            self.watch.take(self.links)
        self.state = fold(self.graph, "RUN", [link.content for link in self.links])
        for key in [key for key in self.over if self._knows(key) or self._is_new(key)]:
            self.running[key], self.fate[key] = self.over.pop(key)
        return self.restart(adopt=False)

    def restart(self, *, adopt: bool = True) -> list[fx.Effect]:
        """Kill the process that drives the run, and start another: only ledger and runner are left.

        What the runner has started and the ledger does not know is told at once, or only when it would be started.
        """
        self.unanswered.clear()
        self.state = fold(self.graph, "RUN", [link.content for link in self.links])
        events: list[Event] = []
        for key, given in sorted(self.running.items()):
            if adopt and self._is_new(key):
                events.append(ev.Launched(*key, given, adopted=True))
        found = set(self.running)
        lost = [(unit, role, attempt) for unit, role, attempt in running(self.state)]
        lost += [(unit, Role.DO, attempt) for unit, attempt in intents(self.state)]
        events.append(ev.Restarted())
        for key in lost:
            if key not in found:
                events.append(ev.AttemptEnded(*key, OutcomeClass.LOST, "no trace of it"))
        return self.tell(*events)

    # Playing on its own.

    def play(
        self,
        outcomes: Mapping[str, str | Sequence[str]] = {},
        *,
        order: Random | None = None,
        most: int = 100_000,
    ) -> State:
        """Deliver what runs, in FIFO or in random order, approve every gate, let time pass, until the run settles."""
        for _ in range(most):
            if not self.moves(outcomes, order):
                return self.state
        raise AssertionError(f"still {self.state.run} after {most} turns")

    def moves(self, outcomes: Mapping[str, str | Sequence[str]], order: Random | None) -> bool:
        """Let one thing happen; False when nothing can."""
        if self.state.run is RunState.PENDING:
            self.tell()
        elif self.unanswered:
            self.answer(0 if order is None else order.randrange(len(self.unanswered)))
        elif keys := self.known_running():
            key = order.choice(keys) if order is not None else keys[0]
            self.deliver(key, outcomes)
        elif self.state.gates:
            self.decide(Verdict.APPROVE, unit_name(self.graph, min(self.state.gates)))
        elif self.wake_at is not None:
            self.now = max(self.now, self.wake_at)
            self.tell(ev.Woken())
        else:
            return False
        return True

    def known_running(self) -> list[Key]:
        """Return what runs and what the run knows of."""
        return [key for key in sorted(self.running) if self._knows(key)]

    def _is_new(self, key: Key) -> bool:
        known = self.state.unit(key[0])
        return key[2] > (known.attempt if key[1] is Role.DO else known.undo_attempt)

    def _knows(self, key: Key) -> bool:
        unit, role, attempt = key
        known = self.state.unit(unit)
        if role is Role.UNDO:
            return known.undo is UndoState.RUNNING and known.undo_attempt == attempt
        return known.state is StepState.RUNNING and known.attempt == attempt

    def deliver(self, key: Key, outcomes: Mapping[str, str | Sequence[str]] = {}) -> None:
        """End an attempt as the table says: one word for all attempts, or one per attempt; the default is `ok`."""
        unit, role, attempt = key
        name = unit_name(self.graph, unit)
        said = outcomes.get(name if role is Role.DO else f"undo {name}", "ok")
        words = said if isinstance(said, str) else said[min(attempt, len(said)) - 1]
        if self.graph.steps[index_of(unit)].child and role is Role.DO:
            words = {"ok": "Succeeded run"}.get(words, words)
        self.end(name, words, role)

    def answer(self, number: int = 0) -> list[fx.Effect]:
        """Answer an effect that is answered only by hand."""
        return self.tell(*self.answer_to(self.unanswered.pop(number)))

    def _answers(self, effect: fx.Effect) -> list[Event]:
        if type(effect) in self.mute:
            self.unanswered.append(effect)
            return []
        return self.answer_to(effect)

    def _keep(self, links: Sequence[Link]) -> None:
        self.links += links
        if self.watch is not None:
            self.watch.take(links)


def steps_of(state: State) -> dict[str, StepState]:
    """Return the state of every step by id."""
    return {step.id: state.unit(step.index << 14).state for step in state.graph.steps}
