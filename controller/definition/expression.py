"""What is the value of a `when` or `foreach` expression? CEL, with all that touches its library in this module.

Expected outcomes are values: what is wrong with a text, or with evaluating it, is a `Mistake`. The library is imported
when the first expression is read: most definitions have none, and it costs more than all else that starting needs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from controller.definition.expression_mistakes import compile_mistakes, evaluation_mistake
from controller.definition.expression_names import ROOTS, Dashed, Mistake, Name, collects, dashed_names, names_in
from controller.definition.expression_values import foreign, has_nul, kind_of, longest
from controller.definition.findings import did_you_mean

LONGEST_TEXT = 4096
"""Bytes of an expression. What needs more is a step of its own."""

MOST_ITEMS = 10_000
"""Elements of a `foreach` list, hence instances of one step."""

MOST_COLLECTED = 2000
"""Elements of a list that an expression with `map` or `filter` may see. The library copies the list for every element
that it adds: 2,000 take 70 MiB for a moment, 9,000 would take 1.3 GiB. Other macros may see 10,000."""

Kind = Literal["condition", "items"]
"""What an expression is for: `when` wants true or false, `foreach` a list."""

_STATIC_TYPES: Mapping[Kind, tuple[str, str]] = {"condition": ("BOOL", "true or false"), "items": ("LIST", "a list")}


@dataclass(frozen=True, eq=False)
class Expression:
    """A compiled expression. Make it with `Expression.parse`."""

    text: str
    names: tuple[Name, ...]
    """Every use of a parameter or step, in the order of the text."""
    steps: frozenset[str]
    """Ids of the steps whose output it reads."""
    parameters: frozenset[str]
    """Keys of the parameters that it names."""
    _all_parameters: bool
    _collects: bool
    _compiled: Any

    @staticmethod
    def parse(text: str, variables: frozenset[str] = frozenset()) -> "Expression | Mistake":
        """Return the compiled expression, or the first thing that is wrong with it; cached.

        `variables` are names beyond `parameters` and `steps` that `evaluate` will be given as `extra`.
        """
        return _parse(text, variables)

    def evaluate(
        self, parameters: Mapping[str, Any], steps: Mapping[str, Any], extra: Mapping[str, Any] = {}
    ) -> Any | Mistake:
        """Return the JSON value of the expression, or a Mistake.

        Only what it names is bound: `steps` may be lazy and is asked for nothing else.
        """
        keys = parameters if self._all_parameters else self.parameters
        bound = {
            **extra,
            "parameters": {key: parameters[key] for key in keys if key in parameters},
            "steps": {id_: steps[id_] for id_ in self.steps if id_ in steps},
        }
        if self._collects and (length := longest(bound)) > MOST_COLLECTED:
            message = f"map and filter are for lists of at most {MOST_COLLECTED} elements, not {length}"
            return Mistake(message, 1, "let the step before give the list as it is needed, and name that list alone")
        if has_nul(bound):
            return Mistake("a text holds the character NUL, where the expression library would cut it off", 1)
        return _evaluate(self._compiled, bound)

    def evaluate_condition(
        self, parameters: Mapping[str, Any], steps: Mapping[str, Any], extra: Mapping[str, Any] = {}
    ) -> bool | Mistake:
        """Return the truth of a `when`, or a Mistake: nothing but true and false counts as either."""
        value = self.evaluate(parameters, steps, extra)
        if isinstance(value, bool | Mistake):
            return value
        return Mistake(f"expected true or false, got {kind_of(value)}", 1, 'compare it, e.g. "parameters.count > 0"')

    def evaluate_items(
        self, parameters: Mapping[str, Any], steps: Mapping[str, Any], extra: Mapping[str, Any] = {}
    ) -> list[Any] | Mistake:
        """Return the list of a `foreach`, or a Mistake, also for one of more than `MOST_ITEMS`."""
        value = self.evaluate(parameters, steps, extra)
        if isinstance(value, Mistake):
            return value
        if not isinstance(value, list):
            return Mistake(f"expected a list, got {kind_of(value)}", 1, 'write "[…]" around a single element')
        if len(value) > MOST_ITEMS:
            message = f"expected at most {MOST_ITEMS} elements, got {len(value)}"
            return Mistake(message, 1, "let one instance take a batch of them")
        return value


def check(
    text: str,
    step_ids: Collection[str],
    parameter_keys: Collection[str],
    kind: Kind | None = None,
    variables: frozenset[str] = frozenset(),
) -> list[Mistake]:
    """Return everything that is wrong with an expression, in the order of the text, without evaluating it.

    It may name `step_ids` and `parameter_keys`; with a `kind`, its type is checked as far as it can be known.
    """
    if mistake := _unreadable(text):
        return [mistake]
    known = {"steps": step_ids, "parameters": parameter_keys}
    dashed = [_dash(found, known[found.root]) for found in dashed_names(text) if _is_cut(found, known[found.root])]
    dashes = {mistake.column for mistake in dashed}
    # The part before the dash is an unknown name as well; saying so would only distract.
    named = [_unknown(name, known) for name in names_in(text)]
    mistakes = [*dashed, *(mistake for mistake in named if mistake and mistake.column not in dashes)]
    compiled = _compile(text, variables)
    if not isinstance(compiled, list):
        mistakes.extend(_mistyped(compiled.return_type().name(), kind))
    elif not dashed:
        mistakes.extend(compiled)
    return sorted(mistakes, key=lambda mistake: mistake.column)


@lru_cache(maxsize=1024)
def _parse(text: str, variables: frozenset[str]) -> Expression | Mistake:
    if mistake := _unreadable(text):
        return mistake
    names = []
    for name in names_in(text):
        if isinstance(name, Mistake):
            return name
        names.append(name)
    compiled = _compile(text, variables)
    if isinstance(compiled, list):
        return next((_dash(found, ()) for found in dashed_names(text) if _is_cut(found, ())), compiled[0])
    return Expression(
        text,
        tuple(names),
        frozenset(name.name for name in names if name.root == "steps" and name.name is not None),
        frozenset(name.name for name in names if name.root == "parameters" and name.name is not None),
        any(name.name is None for name in names),
        collects(text),
        compiled,
    )


def _unreadable(text: str) -> Mistake | None:
    if not text.strip():
        return Mistake("the expression is empty", 1)
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        return Mistake("half of a character that takes two code units", error.start + 1)
    if size > LONGEST_TEXT:
        return Mistake(f"{size} bytes; at most {LONGEST_TEXT} are possible", 1, "let a step work it out")
    return None


@lru_cache(maxsize=16)
def _environment(variables: frozenset[str]) -> Any:
    from cel_expr_python import cel  # type: ignore[import-untyped]
    from cel_expr_python.ext import ext_optional, ext_strings  # type: ignore[import-untyped]

    root = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return cel.NewEnv(
        variables={**dict.fromkeys(sorted(variables), cel.Type.DYN), **dict.fromkeys(ROOTS, root)},
        # What the API server of Kubernetes offers too, so that one knowledge of CEL serves both.
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()],
    )


def _compile(text: str, variables: frozenset[str]) -> Any | list[Mistake]:
    try:
        return _environment(variables).compile(text)
    except RuntimeError as error:
        return compile_mistakes(str(error), text, (*ROOTS, *sorted(variables)))


def _evaluate(compiled: Any, bound: Mapping[str, Any]) -> Any | Mistake:
    try:
        value = compiled.eval(data=bound)
        failed, plain = value.type().name() == "ERROR", value.plain_value()
    except (RuntimeError, TypeError) as error:
        return evaluation_mistake(str(error))
    if failed:
        return evaluation_mistake(plain)
    alien = foreign(plain)
    return plain if alien is None else Mistake(f"the result holds {alien}, which JSON cannot", 1)


def _mistyped(type_: str, kind: Kind | None) -> list[Mistake]:
    if kind is None or type_ == "DYN":
        return []
    prefix, words = _STATIC_TYPES[kind]
    return [] if type_.startswith(prefix) else [Mistake(f"expected {words}, this is {type_.lower()}", 1)]


def _unknown(name: Name | Mistake, known: Mapping[str, Collection[str]]) -> Mistake | None:
    if isinstance(name, Mistake):
        return name
    if name.name is None or name.name in known[name.root]:
        return None
    noun = name.root.removesuffix("s")
    return Mistake(f'unknown {noun} "{name.name}"', name.column, did_you_mean(name.name, known[name.root]))


def _is_cut(dashed: Dashed, known: Collection[str]) -> bool:
    """Whether a name with dashes is meant as one name: it is known as such, or its parts make no sense apart."""
    if _meant(dashed, known) in known:
        return True
    head, tail = dashed.name.split("-", 1)
    return head not in known and not tail[0].isdecimal()


def _meant(dashed: Dashed, known: Collection[str]) -> str:
    parts = dashed.name.split("-")
    candidates = ["-".join(parts[:count]) for count in range(len(parts), 1, -1)]
    return next((candidate for candidate in candidates if candidate in known), dashed.name)


def _dash(dashed: Dashed, known: Collection[str]) -> Mistake:
    name = _meant(dashed, known)
    rest = dashed.rest if name == dashed.name else ""
    message = f'"{dashed.root}.{dashed.name}{dashed.rest}" is a subtraction'
    return Mistake(message, dashed.column, f'write {dashed.root}["{name}"]{rest}')
