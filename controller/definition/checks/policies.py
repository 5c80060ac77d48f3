"""Are caching, checkpoints, rollback and parameters free of contradictions?"""

from controller.definition.checks.dependencies import unknown_ids_are_excused
from controller.definition.findings import Findings, did_you_mean
from controller.definition.order import Order, Placed
from controller.model.document import Path
from controller.model.orchestration import LONGEST_TTL_SECONDS, OrchestrationSpec

_STRATEGIES = ("fifo",)


def check_policies(spec: OrchestrationSpec, order: Order, findings: Findings) -> None:
    """Everything that configures a run, apart from its graph."""
    _parameters(spec, findings)
    _caching(spec, order, findings)
    _rollback(spec, findings)
    strategy = spec.execution.concurrency.queue_strategy
    if strategy not in _STRATEGIES:
        path: Path = ("spec", "execution", "concurrency", "queueStrategy")
        hint = did_you_mean(strategy, _STRATEGIES)
        findings.warn(path, f'{findings.name(path)} "{strategy}" is not known; fifo is used', "UnknownStrategy", hint)
    for placed in order.steps:
        _checkpoint(placed, findings)


def _parameters(spec: OrchestrationSpec, findings: Findings) -> None:
    first: dict[str, Path] = {}
    for index, parameter in enumerate(spec.parameters):
        path: Path = ("spec", "parameters", index)
        if parameter.key in first:
            line = findings.line((*first[parameter.key], "key"))
            message = f'a second parameter "{parameter.key}"; the first is in line {line}'
            findings.add((*path, "key"), message, "DuplicateParameter")
        first.setdefault(parameter.key, path)
        if parameter.enum is not None and parameter.default is not None and parameter.default not in parameter.enum:
            message = f'the default of "{parameter.key}" is not one of its enum'
            findings.add((*path, "default"), message, "DefaultNotInEnum")


def _caching(spec: OrchestrationSpec, order: Order, findings: Findings) -> None:
    caching = spec.execution.caching
    path: Path = ("spec", "execution", "caching")
    _lifetime(caching.ttl_seconds, (*path, "ttlSeconds"), findings)
    seen: set[str] = set()
    for index, listed in enumerate(caching.steps):
        at = (*path, "steps", index, "id")
        position = order.by_id.get(listed.id)
        if position is None:
            if not unknown_ids_are_excused(order, findings):
                message = f'unknown step "{listed.id}" in caching'
                findings.add(at, message, "UnknownStep", did_you_mean(listed.id, order.by_id))
        elif listed.id in seen:
            findings.add(at, f'"{listed.id}" stands twice in caching', "RepeatedStep", "keep one of the two")
        elif order.steps[position].step.type == "orchestration" and listed.enabled is not False:
            findings.warn(at, f'"{listed.id}" plays an orchestration; only agent steps are cached', "NotCached")
        seen.add(listed.id)
        if listed.ttl_seconds is not None:
            _lifetime(listed.ttl_seconds, (*path, "steps", index, "ttlSeconds"), findings)


def _lifetime(seconds: int, path: Path, findings: Findings) -> None:
    if seconds > LONGEST_TTL_SECONDS:
        message = f"{findings.name(path)} is {seconds}; at most {LONGEST_TTL_SECONDS} (a day) is used"
        findings.warn(path, message, "LongLifetime")


def _rollback(spec: OrchestrationSpec, findings: Findings) -> None:
    rollback = spec.error_handling.rollback
    path: Path = ("spec", "errorHandling", "rollback")
    if rollback.automatic and rollback.manual_only:
        message = f"{findings.name((*path, 'manualOnly'))} and {findings.name((*path, 'automatic'))} exclude each other"
        findings.add((*path, "automatic"), message, "RollbackContradiction", "keep one of the two", key=True)


def _checkpoint(placed: Placed, findings: Findings) -> None:
    checkpoint = placed.step.checkpoint_after
    if checkpoint is None or placed.finalizer:
        return
    path = (*placed.path, "checkpointAfter", "options")
    seen: set[str] = set()
    for index, option in enumerate(checkpoint.options):
        if option.action in seen:
            message = f'the option "{option.action}" stands twice'
            findings.add((*path, index, "action"), message, "RepeatedOption", "keep one of the two")
        seen.add(option.action)
        if option.allows_modification and option.action != "retry":
            at = (*path, index, "allowsModification")
            message = f'{findings.name(at)} has an effect on the action "retry" only'
            findings.warn(at, message, "Ignored", key=True)
    if checkpoint.options and "continue" not in seen:
        message = f'no option of "{placed.step.id}" lets the run go on'
        findings.add(path, message, "NoWayOn", "add one with the action continue", key=True)
