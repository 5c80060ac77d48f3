"""Random runs: whatever happens, in whatever order, the invariants hold, and what can end does end."""

from typing import Any

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.engine.units import index_of, unit_name
from controller.model.graph import Graph
from controller.model.run import GateStatus
from controller.model.states import OutcomeClass, RunState, StepState, Verb, Verdict
from tests.unit.engine.answers import digest
from tests.unit.engine.random_graphs import graphs, sketch
from tests.unit.engine.world import World

ENDS = ("ok", "ok receipt", "exit 1", "exit 1 receipt", "exit 3", "exit 64", "exit 75", "Lost", "Timeout", "Disrupted")
CHILD_ENDS = ("Succeeded run", "Failed run", "Aborted run", "RolledBack run", "Lost")
ANSWERS: tuple[Any, ...] = (
    ev.Skip("ConditionFalse"),
    ev.Hit(digest("cached"), digest("input"), {"run": "OLD"}),
    ev.Hit(digest("seed"), digest("input"), {"run": "OLD"}, seed=True),
    ev.Refused(OutcomeClass.REJECTED, "bad template"),
    ev.Refused(OutcomeClass.CONTRACT_VIOLATED, "wrong", ("$.x is missing",)),
)
BY_HAND = (
    fx.AcquireSlots,
    fx.Persist,
    fx.StartStep,
    fx.StartChild,
    fx.StartUndo,
    fx.PrepareStep,
    fx.DecidePhase,
    fx.ComputeOutputs,
    fx.CombineInstances,
)


class AnyRun(RuleBasedStateMachine):
    """One run in a world where everything that can happen does."""

    world: World

    @initialize(
        graph=graphs(),
        prepare=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(ANSWERS), max_size=2),
        lists=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)),
        phases=st.dictionaries(st.sampled_from(["p0", "p1", "p2"]), st.sampled_from([False, "no such step"])),
        undo=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["keep irreversible", "nothing"])),
        mute=st.sets(st.sampled_from(BY_HAND), max_size=2),
        parent=st.sampled_from([None, "PARENT"]),
    )
    def begin(self, graph: Graph, **tables: Any) -> None:
        self.world = World(graph, **tables)
        note(sketch(graph))
        self.world.tell()

    @precondition(lambda self: self.world.known_running())
    @rule(data=st.data(), words=st.sampled_from(ENDS), child=st.sampled_from(CHILD_ENDS))
    def end(self, data: st.DataObject, words: str, child: str) -> None:
        unit, role, _ = key = data.draw(st.sampled_from(self.world.known_running()))
        name, plays = unit_name(self.world.graph, unit), self.world.graph.steps[index_of(unit)].child
        said = child if plays and role == "do" else words
        self.world.deliver(key, {name: said, f"undo {name}": said})

    @precondition(lambda self: self.world.unanswered)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        self.world.answer(data.draw(st.integers(0, len(self.world.unanswered) - 1)))

    @rule(seconds=st.sampled_from([0, 1, 2, 4, 10, -3]))
    def wait(self, seconds: int) -> None:
        self.world.later(seconds * 1000)

    @precondition(lambda self: self.world.wake_at is not None)
    @rule()
    def wait_for_timer(self) -> None:
        self.world.later(max(0, (self.world.wake_at or 0) - self.world.now))

    @precondition(lambda self: self.world.state.gates)
    @rule(data=st.data(), verdict=st.sampled_from(Verdict), stale=st.booleans(), patch=st.booleans())
    def decide(self, data: st.DataObject, verdict: Verdict, *, stale: bool, patch: bool) -> None:
        name = unit_name(self.world.graph, data.draw(st.sampled_from(sorted(self.world.state.gates))))
        changes: dict[str, Any] = {"request": 0} if stale else {}
        if patch and verdict is Verdict.MODIFY:
            changes["patch"] = digest("patch")
        self.world.decide(verdict, name, **changes)

    @rule(
        verb=st.sampled_from([Verb.RETRY, Verb.RETRY, Verb.RETRY, *Verb]),
        step=st.sampled_from([None, None, "a", "b", "c", "a[0]", "b[1]", "z", "nobody"]),
        delay=st.sampled_from([0, 0, 2_000, 900_000]),
        undo=st.booleans(),
        stop=st.booleans(),
        patch=st.sampled_from([None, digest("patch")]),
    )
    def command(self, verb: Verb, step: str | None, delay: int, patch: str | None, *, undo: bool, stop: bool) -> None:
        self.world.command(verb, step, delay_ms=delay, undo=undo, stop=stop, patch=patch)

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @rule(lost=st.integers(1, 6))
    def crash(self, lost: int) -> None:
        self.world.crash(lost)

    @rule(data=st.data(), words=st.sampled_from(ENDS))
    def repeat_something_old(self, data: st.DataObject, words: str) -> None:
        units = sorted(self.world.state.units)
        if units:
            unit = data.draw(st.sampled_from(units))
            old = self.world.state.unit(unit).attempt - 1
            for role in ("do", "undo"):
                self.world.tell(self.world.ended(unit_name(self.world.graph, unit), words, role, old))  # type: ignore[arg-type]

    @rule(data=st.data(), count=st.integers(0, 2))
    def see_gates_of_child(self, data: st.DataObject, count: int) -> None:
        children = [step for step in self.world.graph.steps if step.child and not step.foreach]
        if children:
            step = data.draw(st.sampled_from(children))
            gates = tuple(
                GateStatus(gate=f"g{one}", run="C", digest=digest(one), request=one, question="?")
                for one in range(count)
            )
            self.world.tell(ev.ChildGatesSeen(self.world.unit(step.id), gates))

    @invariant()
    def decisions_are_answered_once(self) -> None:
        answered = [effect.id for effect in self.world.effects if isinstance(effect, fx.AnswerDecision)]
        assert sorted(answered) == list(range(1, self.world.decisions + 1))

    @invariant()
    def attempts_of_one_key_start_once(self) -> None:
        started = [one for one in self.world.started if not one.startswith("undo")]
        assert len(started) == len(set(started))

    def teardown(self) -> None:
        world = getattr(self, "world", None)
        if world is None:
            return
        if world.state.suspended:
            world.command(Verb.RESUME)
        state = world.play()
        assert state.run.settled, (state.run, state.suspended, state.asked, state.holding, state.waiting)
        assert state.reason != "Deadlocked" or any(
            state.unit(step.index << 14).state is StepState.ABORTED for step in world.graph.steps
        )
        if state.run is RunState.ROLLED_BACK:
            # What only tidied up is not undone.
            units = [unit for unit in state.units if index_of(unit) < world.graph.ordinary]
            left = [unit for unit in units if state.unit(unit).receipts and state.unit(unit).undo == "Idle"]
            assert [unit for unit in left if unit_name(world.graph, unit) not in world.undo] == []


TestAnyRun = AnyRun.TestCase
TestAnyRun.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
