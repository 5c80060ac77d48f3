"""Which outputs and parameters of a run are known before it begins, and what decides about the others?"""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.definition.expression import Expression
from controller.definition.expression_names import Mistake
from controller.definition.template import Reference, references
from controller.engine.state import Unit
from controller.engine.units import unit_of
from controller.model.digest import Digest
from controller.model.states import StepState
from controller.runtime.member import Member

Open = Mapping[str, tuple[str, ...]]
"""Parameter -> steps that decide about it."""


class Known:
    """Keeps what is known in the state of a member, so that the rules of a real run can be asked about it."""

    def __init__(self, member: Member, path: str, open_parameters: Open) -> None:
        self.member = member
        self.path = path
        self._parameters = open_parameters
        self._open: set[str] = set()
        self.lost: set[str] = set()
        """Steps that fail for certain, or are never reached."""

    def name(self, step: str) -> str:
        """Return a step as seen from the top."""
        return f"{self.path}/{step}" if self.path else step

    def succeeded(self, step: str, output: Digest | None, how: str) -> None:
        """The output of a step is known."""
        self._put(step, Unit(StepState.SUCCEEDED, how=how, output=output))

    def skipped(self, step: str) -> None:
        """The step is skipped: its output is null."""
        self._put(step, Unit(StepState.SKIPPED, how="skipped"))

    def open(self, step: str) -> None:
        """Nobody can tell the output yet."""
        self._open.add(step)

    @property
    def complete(self) -> bool:
        """Whether all outputs of ordinary steps are known."""
        return not self._open and not self.lost

    def _put(self, step: str, unit: Unit) -> None:
        state = self.member.state
        self.member.state = state._replace(units=state.units.set(unit_of(state.graph.by_id[step]), unit))

    def deciding_expression(self, text: str) -> tuple[str, ...]:
        """Return the steps that decide about the value of an expression; none: it can be evaluated now."""
        expression = Expression.parse(text)
        if isinstance(expression, Mistake):
            return ()
        keys: Iterable[str] = expression.parameters
        if any(name.root == "parameters" and name.name is None for name in expression.names):
            keys = self._parameters
        return self._deciding(expression.steps, keys)

    def deciding_value(self, value: Any) -> tuple[str, ...]:
        """Return the steps that decide about a value with templates."""
        found = [found for _, found in references(value) if isinstance(found, Reference) and found.path]
        steps = {one.path[0] for one in found if one.root == "steps"}
        return self._deciding(steps, {one.path[0] for one in found if one.root == "parameters"})

    def deciding_input(self, step: str) -> tuple[str, ...]:
        """Return the steps that decide about everything that an attempt of the step is given."""
        definition = self.member.steps[step]
        sources = {*definition.depends_on, *(one.step for one in definition.inputs)}
        value = definition.input.model_dump() if definition.orchestration is None else {}
        return tuple(dict.fromkeys([*self._deciding(sources, ()), *self.deciding_value(value)]))

    def _deciding(self, steps: Iterable[str], parameters: Iterable[str]) -> tuple[str, ...]:
        order = self.member.graph.by_id
        found = [self.name(step) for step in sorted(self._open.intersection(steps), key=order.__getitem__)]
        for key in sorted(set(parameters)):
            found += self._parameters.get(key, ())
        return tuple(dict.fromkeys(found))
