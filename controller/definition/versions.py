"""Which version is newer, which is the latest, and how big a step must a change of a definition take?"""

from collections.abc import Iterable, Mapping
from typing import Literal

from semver import Version

from controller.model.digest import canonical
from controller.model.names import Lifecycle
from controller.model.orchestration import OrchestrationSpec, Parameter
from controller.model.step import Step

Bump = Literal["major", "minor", "patch"]
"""The part of a version that a change has to raise."""

_WEIGHT: Mapping[Bump, int] = {"patch": 0, "minor": 1, "major": 2}


def precedence(version: str) -> tuple[Version, str]:
    """Return what versions are ordered by: their meaning, and their text where build metadata alone differs."""
    return Version.parse(version), version


def latest(versions: Iterable[tuple[str, Lifecycle]]) -> str | None:
    """Return the highest version that is active; None when none is. `1.10.0` is above `1.9.0`, `2.0.0-rc.1` below `2.0.0`."""
    active = [version for version, lifecycle in versions if lifecycle == "active"]
    return max(active, key=precedence, default=None)


def breaking_changes(old: OrchestrationSpec, new: OrchestrationSpec) -> list[str]:
    """Return what would break those who use `old`: ids that are gone, and parameters that ask for more than before."""
    return [*_broken_steps(_steps(old), _steps(new)), *_broken_parameters(_parameters(old), _parameters(new))]


def required_bump(old: OrchestrationSpec, new: OrchestrationSpec) -> Bump:
    """Return the part of the version that the change from `old` to `new` has to raise at least."""
    if breaking_changes(old, new):
        return "major"
    return "minor" if _additions(old, new) else "patch"


def check_bump(old: OrchestrationSpec, new: OrchestrationSpec) -> list[str]:
    """Return what is wrong with the version of `new` as a successor of `old`; nothing when their content is the same."""
    if _unversioned(old) == _unversioned(new):
        return []
    before, after = Version.parse(old.version), Version.parse(new.version)
    if after < before:
        return [f"version {new.version} is lower than {old.version}, which it follows"]
    bump = required_bump(old, new)
    if _WEIGHT[_raised(before, after)] >= _WEIGHT[bump] and after > before:
        return []
    reasons = {"major": breaking_changes(old, new), "minor": _additions(old, new), "patch": ["its content changed"]}
    wanted = _lowest(before, bump)
    return [f"{reason}: this needs version {wanted} or higher, not {new.version}" for reason in reasons[bump]]


def _raised(before: Version, after: Version) -> Bump:
    """Return the highest part that is raised. A pre-release raises what the version that it leads up to raises."""
    if after.major > before.major:
        return "major"
    if before.prerelease is not None and before.finalize_version() == after.finalize_version():
        return "patch" if before.patch else "minor" if before.minor else "major"
    return "minor" if after.minor > before.minor else "patch"


def _lowest(before: Version, bump: Bump) -> Version:
    final = before.finalize_version()
    if before.prerelease is not None and _WEIGHT[_raised(before, final)] >= _WEIGHT[bump]:
        return final
    match bump:
        case "major":
            return before.bump_major()
        case "minor":
            return before.bump_minor()
        case "patch":
            return final.bump_patch()


def _broken_steps(old: Mapping[str, Step], new: Mapping[str, Step]) -> list[str]:
    gone = [f'step "{id_}" was removed or renamed' for id_ in old if id_ not in new]
    changed = [
        f'step "{id_}" changed its type from {step.type} to {new[id_].type}'
        for id_, step in old.items()
        if id_ in new and new[id_].type != step.type
    ]
    return gone + changed


def _broken_parameters(old: Mapping[str, Parameter], new: Mapping[str, Parameter]) -> list[str]:
    broken = [f'parameter "{key}" was removed or renamed' for key in old if key not in new]
    for key, parameter in new.items():
        before = old.get(key)
        if before is None:
            if _demanded(parameter):
                broken.append(f'parameter "{key}" is new and required')
            continue
        if _demanded(parameter) and not _demanded(before):
            broken.append(f'parameter "{key}" became required')
        if parameter.type != before.type and before.type is not None:
            broken.append(f'parameter "{key}" changed its type from {before.type} to {parameter.type or "none"}')
        if refused := _no_longer_allowed(before, parameter):
            broken.append(f'parameter "{key}" no longer allows {refused}')
    return broken


def _demanded(parameter: Parameter) -> bool:
    return parameter.required and parameter.default is None


def _no_longer_allowed(before: Parameter, after: Parameter) -> str | None:
    if after.enum is None:
        return None
    if before.enum is None:
        return "values outside of its enum"
    allowed = {canonical(value) for value in after.enum}
    return ", ".join(canonical(value).decode() for value in before.enum if canonical(value) not in allowed) or None


def _additions(old: OrchestrationSpec, new: OrchestrationSpec) -> list[str]:
    return [
        *(f'step "{id_}" is new' for id_ in _steps(new) if id_ not in _steps(old)),
        *(f'parameter "{key}" is new' for key in _parameters(new) if key not in _parameters(old)),
        *(f'output "{name}" is new' for name in new.outputs if name not in old.outputs),
    ]


def _steps(spec: OrchestrationSpec) -> dict[str, Step]:
    return {step.id: step for step in (*spec.steps, *spec.finally_)}


def _parameters(spec: OrchestrationSpec) -> dict[str, Parameter]:
    return {parameter.key: parameter for parameter in spec.parameters}


def _unversioned(spec: OrchestrationSpec) -> OrchestrationSpec:
    return spec.model_copy(update={"version": "0.0.0"})
