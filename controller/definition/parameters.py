"""Which parameter values does a run get?"""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.definition.findings import did_you_mean
from controller.errors import ParametersInvalid
from controller.model.digest import canonical
from controller.model.orchestration import OrchestrationSpec, Parameter


def resolve_parameters(spec: OrchestrationSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter of `spec`, in declared order; null where there is neither value nor default.

    The declared type is a hint and not enforced. Null given for a required parameter counts as missing.

    Raises ParametersInvalid with everything that is wrong: what is missing, unknown, not allowed, or no JSON value.
    """
    known = {parameter.key: parameter for parameter in spec.parameters}
    problems = [_unknown(key, known) for key in given if key not in known]
    values: dict[str, Any] = {}
    for key, parameter in known.items():
        values[key] = given.get(key, parameter.default)
        if parameter.required and values[key] is None:
            values[key] = parameter.default
        problem = _problem(parameter, values[key], key in given)
        if problem is not None:
            problems.append(problem)
    if problems:
        raise ParametersInvalid("\n".join(problems), hint=_listed(known.values()))
    return values


def _unknown(key: str, known: Mapping[str, Parameter]) -> str:
    hint = did_you_mean(key, known)
    return f'unknown parameter "{key}"' + (f" ({hint})" if hint else "")


def _problem(parameter: Parameter, value: Any, given: bool) -> str | None:
    if value is None:
        return (
            f'parameter "{parameter.key}" is required' if parameter.required else _not_allowed(parameter, value, given)
        )
    try:
        canonical(value)
    except (ValueError, TypeError) as error:
        return f'parameter "{parameter.key}" has no exact form in JSON: {error} (write it as text)'
    return _not_allowed(parameter, value, given)


def _not_allowed(parameter: Parameter, value: Any, given: bool) -> str | None:
    if parameter.enum is None or not given:
        return None
    # Canonical bytes tell true from 1, which Python does not.
    written = canonical(value)
    allowed = [canonical(option) for option in parameter.enum]
    if written in allowed:
        return None
    hint = (
        did_you_mean(value, [option for option in parameter.enum if isinstance(option, str)])
        if isinstance(value, str)
        else None
    )
    listed = ", ".join(option.decode() for option in allowed)
    return f'parameter "{parameter.key}" is {written.decode()}; expected one of {listed}' + (
        f" ({hint})" if hint else ""
    )


def _listed(parameters: Iterable[Parameter]) -> str:
    words = [f"{parameter.key} (required)" if _demanded(parameter) else parameter.key for parameter in parameters]
    return f"parameters: {', '.join(words)}" if words else "this orchestration has no parameters"


def _demanded(parameter: Parameter) -> bool:
    return parameter.required and parameter.default is None
