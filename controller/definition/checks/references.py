"""Does every `{{ template }}` name a value that is there when it is filled in?"""

from collections.abc import Callable, Collection
from typing import Any

from controller.definition.checks.dependencies import unknown_ids_are_excused
from controller.definition.findings import Findings, Part, did_you_mean
from controller.definition.order import Order, Placed
from controller.definition.template import ROOTS, Reference, TemplateMistake, references
from controller.model.document import Path
from controller.model.orchestration import OrchestrationSpec

_INSTANCE = frozenset({"item", "index"})
_SECRETS = frozenset({"env", "secret", "secrets", "vault"})


def check_references(spec: OrchestrationSpec, order: Order, findings: Findings) -> None:
    """Unknown parameters, steps and roots; steps that do not run before; values of the run in a payload."""
    scope = _Scope(spec, order, findings)
    for placed in order.steps:
        step, path = placed.step, placed.path
        scope.check(step.input.payload, (*path, "input", "payload"), placed)
        scope.check(step.input.user_message, (*path, "input", "userMessage"), placed)
        if step.orchestration is not None:
            scope.check(step.orchestration.parameters, (*path, "orchestration", "parameters"), placed)
        if step.undo is not None:
            scope.check(step.undo.input, (*path, "undo", "input"), placed, itself=True)
    scope.check(spec.outputs, ("spec", "outputs"), None)


class _Scope:
    def __init__(self, spec: OrchestrationSpec, order: Order, findings: Findings) -> None:
        self._parameters = {parameter.key for parameter in spec.parameters}
        self._excused = any(
            ("spec", "parameters", index, "key") in findings.silent for index in range(len(spec.parameters))
        )
        self._order = order
        self._findings = findings

    def check(self, value: Any, path: Path, placed: Placed | None, *, itself: bool = False) -> None:
        """Check all texts of a value; `placed` is the step that they are filled in for, None at the end of the run."""
        for leaf, found in references(value):
            text = value
            for part in leaf:
                text = text[part]
            at = (*path, *leaf)
            if isinstance(found, TemplateMistake):
                self._findings.add(at, found.message, "Template", found.hint, part=Part(text, found.column, len("{{")))
            else:
                length = text.index("}}", found.column - 1) + len("}}") - found.column + 1
                self._reference(found, at, Part(text, found.column, length), placed, itself=itself)

    def _reference(self, reference: Reference, path: Path, part: Part, placed: Placed | None, *, itself: bool) -> None:
        report = self._reporter(path, part)
        match reference.root:
            case "parameters":
                self._parameter(reference, report)
            case "steps":
                self._step(reference, report, placed, itself=itself)
            case "item" | "index":
                if placed is None or placed.step.foreach is None:
                    report(f'"{reference.root}" exists only in steps with foreach', "UnknownReference", None)
            case "run":
                if placed is not None:
                    message = "a value of the run in the input defeats the cache: no two runs have the same input"
                    self._findings.add(path, message, "RunInPayload", severity="warning", part=part)
            case root if root in _SECRETS:
                report(
                    "a definition cannot hold secrets",
                    "DynamicSecret",
                    "name the variable in fromEnv or fromFile of the agent",
                )
            case root:
                whole = ".".join((root, *reference.path))
                hint = f'for a parameter write "parameters.{whole}"' if root in self._parameters else None
                report(f'unknown "{root}" in a template', "UnknownReference", hint or did_you_mean(root, ROOTS))

    def _reporter(self, path: Path, part: Part) -> Callable[[str, str, str | None], None]:
        return lambda message, rule, hint: self._findings.add(path, message, rule, hint, part=part)

    def _parameter(self, reference: Reference, report: Callable[[str, str, str | None], None]) -> None:
        if not reference.path:
            report("a template needs the name of a parameter after parameters", "UnknownParameter", None)
        elif reference.path[0] not in self._parameters and not self._excused:
            key = reference.path[0]
            hint = did_you_mean(key, self._parameters) or _steps_hint(key, self._order.by_id)
            report(f'unknown parameter "{key}"', "UnknownParameter", hint)

    def _step(
        self,
        reference: Reference,
        report: Callable[[str, str, str | None], None],
        placed: Placed | None,
        *,
        itself: bool,
    ) -> None:
        if not reference.path:
            report("a template needs the id of a step after steps", "UnknownStep", None)
            return
        id_ = reference.path[0]
        position = self._order.by_id.get(id_)
        if position is None:
            if not unknown_ids_are_excused(self._order, self._findings):
                report(f'unknown step "{id_}"', "UnknownStep", did_you_mean(id_, self._order.by_id))
        elif placed is None:
            if self._order.steps[position].finalizer:
                report(f'the finally step "{id_}" has no output for the run', "NotAnAncestor", None)
        elif position == placed.position:
            if not itself:
                report(f'"{id_}" cannot use its own output', "NotAnAncestor", None)
        elif not self._order.precedes(position, placed.position):
            message = f'"{id_}" does not run before "{placed.step.id}", so its output is not there'
            report(message, "NotAnAncestor", f'add "{id_}" to dependsOn of "{placed.step.id}"')


def _steps_hint(word: str, ids: Collection[str]) -> str | None:
    return f'for the output of the step write "steps.{word}"' if word in ids else None
