"""Outcomes: how the attempts of a run end and what people decide, as a file (`docs/spec/outcomes.md`)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from controller.errors import DefinitionInvalid
from controller.model.base import Authored
from controller.model.digest import Digest
from controller.model.document import Path
from controller.model.problem import Location, Problem
from controller.model.states import OutcomeClass, Verb

_STEP = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\[\d+\])?"
_FIRST_CHILD = "@1"

Address = Annotated[str, Field(pattern=rf"^(?:{_STEP}(?:@[1-9]\d*)?/)*{_STEP}$")]
"""`step`, `step[instance]`, or below a child run `step/childstep`, `step@attempt/childstep`."""


class Content(Authored):
    """An artifact with its bytes."""

    text: str | None = None
    """The bytes as UTF-8."""
    base64: str | None = None
    """The bytes as base64, where they are no text."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.text is None) == (self.base64 is None):
            raise ValueError("give either text or base64")
        return self


class Outcome(Authored):
    """How one attempt ends; without `class` and `exitCode` it succeeds."""

    source: Annotated[Literal["attempt", "cache", "seed"], Field(alias="from")] = "attempt"
    """Where the output comes from; what is no attempt stands first and is not counted."""
    failure: Annotated[OutcomeClass | None, Field(alias="class", strict=False)] = None
    """Why it fails; null: by `exitCode`."""
    exit_code: Annotated[int, Field(ge=0, le=255)] = 0
    """Exit status of the program."""
    refused: bool = False
    """Whether it could not even be started; only with `class: Rejected`."""
    reason: str = ""
    """Why, for people."""
    violations: list[str] = Field(default_factory=list)
    """What was broken, for ContractViolated."""
    output: Any = None
    """The step's output, after `outputMapping`."""
    answer: Any = None
    """Instead of `output`: what the agent writes into `output.json`."""
    artifacts: dict[str, Digest | Content] = Field(default_factory=dict)
    """Name -> digest or content."""
    receipt: dict[str, Any] | None = None
    """Content of `receipt.json`."""
    duration_ms: Annotated[int, Field(ge=0)] = 0
    """Milliseconds that it takes."""
    warnings: list[str] = Field(default_factory=list)
    """What was recorded with the success, for people."""

    @property
    def ends_as(self) -> OutcomeClass | None:
        """The class of the failure, `exitCode` included; None for success."""
        if self.failure is None and self.exit_code:
            return OutcomeClass.FAILED
        return self.failure

    @property
    def mapped(self) -> bool:
        """Whether `output` is given as the step's output; else `answer` goes through `outputMapping`."""
        return "answer" not in self.model_fields_set


SUCCESS = Outcome()
"""How an attempt ends that the file does not mention."""


class GateAnswer(Authored):
    """What happens at a checkpoint that is open."""

    decision: Literal["approve", "reject", "modify", "lapse"]
    """`lapse`: nobody decides, the checkpoint's timeout does."""
    modifications: dict[str, Any] | None = None
    """For `modify`."""
    after_ms: Annotated[int, Field(ge=0)] = 0
    """Milliseconds from the opening of the gate."""
    by: str | None = None
    """Who decides, for people."""
    comment: str | None = None
    """Why, for people."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"decision": value}
        if isinstance(value, Mapping) and set(value) == {"modify"}:
            return {"decision": "modify", "modifications": value["modify"]}
        return value


class CommandGiven(Authored):
    """What a person commands of the run."""

    verb: Annotated[Verb, Field(strict=False)]
    """retry, skip, abort, undo, suspend or resume."""
    run: str = ""
    """Path of the child run that it is for; empty: the root."""
    step: str | None = None
    """Step or instance; null: as for the verb."""
    modifications: dict[str, Any] | None = None
    """For retry."""
    delay_ms: Annotated[int, Field(ge=0)] = 0
    """For retry."""
    output: Any = None
    """For skip: replacement of the step's output."""
    undo: bool = False
    """For abort."""
    stop: bool = False
    """For suspend."""
    by: str | None = None
    """Who commands, for people."""
    comment: str | None = None
    """Why, for people."""
    when: Literal["settled", "running"] = "settled"
    """`settled`: as soon as the run has settled; `running`: at `atMs`."""
    at_ms: Annotated[int, Field(ge=0)] = 0
    """Milliseconds from the start of the root run."""


class Outcomes(Authored):
    """A whole file."""

    kind: Literal["Outcomes"] = "Outcomes"
    """What the file is."""
    orchestration: str | None = None
    """Name and version that it was taken from, for people."""
    definition: Digest | None = None
    """Digest of the definition that it was taken from, for people."""
    semantic_digest: Digest | None = None
    """Semantic digest of the run that it was taken from; a simulation should come to the same."""
    parameters: dict[str, Any] | None = None
    """Parameters where the command line gives none."""
    max_parallel: Annotated[int, Field(ge=1)] | None = None
    """Steps at one time that the run was admitted with; null: the environment's."""
    outcomes: dict[Address, list[Outcome]] = Field(default_factory=dict)
    """Attempts by address."""
    undo: dict[Address, list[Outcome]] = Field(default_factory=dict)
    """Undo attempts by address."""
    decisions: dict[Address, list[GateAnswer]] = Field(default_factory=dict)
    """Decisions by address of the gate, in the order of its openings."""
    commands: list[CommandGiven] = Field(default_factory=list)
    """Commands, in order."""

    def attempt(self, address: Address, attempt: int) -> Outcome:
        """Return how attempt number `attempt` (from 1) of a step goes."""
        return _nth([one for one in _found(self.outcomes, address) if one.source == "attempt"], attempt)

    def undone(self, address: Address, attempt: int) -> Outcome:
        """Return how undo attempt number `attempt` (from 1) of a step goes."""
        return _nth(_found(self.undo, address), attempt)

    def given(self, address: Address) -> Outcome | None:
        """Return the output that a step has without an attempt, from the cache or a seed; None for none."""
        return next((one for one in _found(self.outcomes, address) if one.source != "attempt"), None)

    def mentions(self, address: Address) -> bool:
        """Return whether anything is said about how a step goes."""
        return bool(_found(self.outcomes, address))

    def decision(self, address: Address, opening: int) -> GateAnswer | None:
        """Return what happens when a gate is open for the `opening`-th time (from 1); None: nothing."""
        answers = _found(self.decisions, address)
        return answers[opening - 1] if opening <= len(answers) else None

    def to_value(self) -> dict[str, Any]:
        """Return the file as a JSON value, without what is as by default."""
        return {"kind": self.kind, **self.model_dump(mode="json", by_alias=True, exclude_defaults=True)}


def read_outcomes(value: Any, file: str = "outcomes", locate: Callable[[Path], Location] | None = None) -> Outcomes:
    """Return the outcomes that a parsed file holds; `locate` tells where a value stands in it.

    Raises DefinitionInvalid with every problem.
    """
    try:
        return Outcomes.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = [_problem(found, file, locate) for found in error.errors(include_url=False)]
        raise DefinitionInvalid(problems) from error


def _problem(found: Any, file: str, locate: Callable[[Path], Location] | None) -> Problem:
    path = ".".join(str(part) for part in found["loc"])
    location = locate(found["loc"]) if locate is not None else Location(file, 1, 1)
    unknown = found["type"] == "extra_forbidden"
    message = "unknown field" if unknown else found["msg"].removeprefix("Value error, ")
    return Problem(location, path, f"{path}: {message}" if path else message, "WrongOutcomes")


def _nth(listed: Sequence[Outcome], number: int) -> Outcome:
    return listed[min(number, len(listed)) - 1] if listed else SUCCESS


def _found(listed: Mapping[Address, list[Any]], address: Address) -> list[Any]:
    """The most exact address counts: attempts of children are dropped from the left, then the instance."""
    if not listed or address in listed:
        return listed.get(address, [])
    for one in _wider(address):
        if one in listed:
            return listed[one]
    return []


def _wider(address: Address) -> list[Address]:
    *parents, step = address.replace(f"{_FIRST_CHILD}/", "/").split("/")
    plain = [re.sub(r"@\d+$", "", parent) for parent in parents]
    bare = [parent.partition("[")[0] for parent in plain]
    wider = ["/".join([*above, below]) for below in (step, step.partition("[")[0]) for above in (parents, plain, bare)]
    return list(dict.fromkeys(wider))
