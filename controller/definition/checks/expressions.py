"""Do the conditions and lists written in CEL compile, and can what they name be known by then?"""

from collections.abc import Collection, Sequence

from controller.definition.expression import Expression, Kind, check
from controller.definition.findings import Findings, Part
from controller.definition.order import Order
from controller.model.document import Path
from controller.model.orchestration import OrchestrationSpec


def check_expressions(spec: OrchestrationSpec, order: Order, findings: Findings) -> None:
    """`when` and `foreach` of steps, `when` of phases."""
    written = any(placed.step.when or placed.step.foreach for placed in order.steps)
    if not written and not any(placed.phase.when for placed in order.phases):
        return
    ids = [placed.step.id for placed in order.steps]
    keys = [parameter.key for parameter in spec.parameters]
    checker = _Checker(ids, keys, findings)
    for placed in order.steps:
        texts: tuple[tuple[str, str | None, Kind], ...] = (
            ("when", placed.step.when, "condition"),
            ("foreach", placed.step.foreach, "items"),
        )
        for field, text, kind in texts:
            if text is not None:
                before = order.ids_before(placed.position)
                checker.check((*placed.path, field), text, kind, before, f'step "{placed.step.id}" starts')
    for phase in order.phases:
        if phase.phase.when is not None:
            before = order.ids_before_entry(phase.entry)
            checker.check(
                (*phase.path, "when"), phase.phase.when, "condition", before, f'phase "{phase.phase.id}" starts'
            )


class _Checker:
    def __init__(self, ids: Sequence[str], keys: Sequence[str], findings: Findings) -> None:
        self._ids = ids
        self._keys = keys
        self._findings = findings

    def check(self, path: Path, text: str, kind: Kind, before: Collection[str], when: str) -> None:
        """Report what is wrong with one expression; `before` are the steps that have surely settled by then."""
        mistakes = check(text, self._ids, self._keys, kind)
        for mistake in mistakes:
            message = f"{path[-1]}: {mistake.message}"
            self._findings.add(path, message, "Expression", mistake.hint, part=Part(text, mistake.column))
        compiled = Expression.parse(text) if not mistakes else None
        if isinstance(compiled, Expression):
            for id_ in sorted(compiled.steps - set(before)):
                message = f'{path[-1]}: "{id_}" has not surely settled when {when}'
                hint = f'add "{id_}" to dependsOn' if path[1] != "phases" else None
                self._findings.add(path, message, "NotAnAncestor", hint, part=Part(text, text.find(id_) + 1, len(id_)))
