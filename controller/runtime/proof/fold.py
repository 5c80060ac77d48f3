"""Do the records of a ledger fold by the engine's tables and keep to its rules?"""

from collections.abc import Iterator, Sequence

from controller.engine.evolve import evolve
from controller.engine.state import State
from controller.engine.units import unit_named
from controller.errors import LibrettoError
from controller.machine.chain import Chain, Link
from controller.model.record import Record
from controller.model.run import RunSpec
from controller.model.states import RunState, StepState
from controller.runtime.proof.finding import Finding
from controller.runtime.proof.rules import violated
from controller.runtime.proof.words import told

DAMAGES = (LibrettoError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What folding a record can raise whose members are not what their kind needs."""


def states(start: State, links: Sequence[Link]) -> Iterator[State]:
    """Yield the state after each record. Raises one of `DAMAGES` for records that do not fold."""
    state = start
    for link in links:
        state = evolve(state, link.record)._replace(chain=Chain(link.record.seq + 1, link.digest))
        yield state


def examine(start: State, links: Sequence[Link], spec: RunSpec, path: str) -> tuple[State, list[Finding]]:
    """Return the state after the last record that folds, and all that is wrong until then."""
    state, findings = start, []
    for link in links:
        record = link.record
        try:
            broken = list(violated(state, record, spec))
            findings += [Finding(problem, path, record.seq, told(record)) for problem in broken]
            after = evolve(state, record)._replace(chain=Chain(record.seq + 1, link.digest))
        except DAMAGES as error:
            words = error.message if isinstance(error, LibrettoError) else f"it does not fold: {error!r}"
            findings.append(Finding(words, path, record.seq, told(record)))
            break
        findings += [Finding(problem, path, record.seq, told(record)) for problem in _edge(state, after, record)]
        state = after
    return state, findings


def _edge(before: State, after: State, record: Record) -> Iterator[str]:
    old: StepState | RunState
    new: StepState | RunState
    if record.step is not None:
        unit = unit_named(before.graph, record.step)
        if unit is None:
            return
        old, new = before.unit(unit).state, after.unit(unit).state
    else:
        old, new = before.run, after.run
    expected = (old, new) if old is not new else (None, None)
    if (record.source, record.target) != expected:
        said = f"{record.source} to {record.target}" if record.source else "no change"
        yield f"it says {said}, but the records make it {old} to {new}" if old is not new else f"it says {said}"
