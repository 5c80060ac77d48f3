"""What does the API server refuse of a custom resource? CEL rules; those of states are made from the transition table.

Rules see the object, its old form and nothing else: who writes is the admission policies' business. Each text, list and
map that a rule reads has a bound in its model, or the server refuses the rule for its cost.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from controller.engine.transitions import RUN
from controller.model.cluster.run_spec import RunSpec
from controller.model.states import SETTLED, RunState

Json = dict[str, Any]

MUTABLE = frozenset({"suspend", "ttlSecondsAfterFinished"})
"""Fields of a run's spec that may change: what is desired now, and how long it is kept."""

NEVER_UNSET = ("state", "sequence", "head", "epoch", "sealed")
"""Members of a run's status that stay once they are there; else each guard could be passed in two steps."""


class Rule(NamedTuple):
    """One rule and where it is attached."""

    path: str
    """Dotted path from the root, `[]` for the items of a list; empty for the root."""
    rule: str
    message: str = ""
    message_expression: str = ""
    field: str = ""
    """Path below `path` that the message is about."""

    def written(self) -> Json:
        """Return it as `x-kubernetes-validations` has it."""
        made = {"rule": self.rule}
        if self.message:
            made["message"] = self.message
        if self.message_expression:
            made["messageExpression"] = self.message_expression
        if self.field:
            made["fieldPath"] = self.field
        return {**made, "reason": "FieldValueForbidden"}


def successors() -> dict[RunState, list[RunState]]:
    """Return, for each state of a run, the states that may follow in one write."""
    found: dict[RunState, list[RunState]] = {state: [] for state in RunState}
    for source, _, target in RUN.edges():
        if target not in found[source]:
            found[source].append(target)
    return found


def _words(states: list[RunState]) -> str:
    return "[" + ", ".join(f"'{state}'" for state in states) + "]"


def _run_states() -> Iterator[Rule]:
    edges = successors()
    table = "{" + ", ".join(f"'{state}': {_words(following)}" for state, following in edges.items()) + "}"
    first = _words([RunState.PENDING, *edges[RunState.PENDING]])
    settled = _words([state for state in RunState if state in SETTLED])
    known = "has(oldSelf.status) && has(oldSelf.status.state)"
    yield Rule(
        "",
        f"!has(self.status) || !has(self.status.state) || ({known} ? "
        f"self.status.state == oldSelf.status.state || self.status.state in {table}[oldSelf.status.state] : "
        # A restored run starts where its archived ledger ends.
        f"self.status.state in {first} || has(self.spec.restoredFrom) && self.status.state in {settled})",
        message="a run never makes this move",
        message_expression=f"'a run never goes from ' + ({known} ? oldSelf.status.state : 'Pending') + ' to ' + "
        "(has(self.status) && has(self.status.state) ? self.status.state : 'nothing')",
        field=".status.state",
    )
    yield Rule(
        "", "!has(oldSelf.status) || has(self.status)", "the status of a run is never taken back", field=".status"
    )


def _run_ledger() -> Iterator[Rule]:
    for name in NEVER_UNSET:
        yield Rule(
            "status",
            f"!has(oldSelf.{name}) || has(self.{name})",
            "once written it is never taken back",
            field=f".{name}",
        )
    yield Rule(
        "status.epoch",
        "self >= oldSelf",
        "an older leadership than the one that wrote last",
        "'leadership %d is over: %d wrote since'.format([self, oldSelf])",
    )
    yield Rule(
        "status.sequence",
        "self >= oldSelf",
        "the ledger never gets shorter",
        "'the ledger never gets shorter: it had record %d, this write ends at %d'.format([oldSelf, self])",
    )
    yield Rule("status.sealed.sequence", "self >= oldSelf", "what is sealed stays sealed")
    yield Rule(
        "status.sealed",
        "self.sequence != oldSelf.sequence || self.head == oldSelf.head",
        "sealed records never change",
        field=".head",
    )
    yield Rule("status", "has(self.head) == has(self.sequence)", "head and sequence go together", field=".head")
    sealed, before = (
        "(has(self.sealed) ? self.sealed.sequence : -1)",
        "(has(oldSelf.sealed) ? oldSelf.sealed.sequence : -1)",
    )
    yield Rule(
        "status",
        f"(has(self.tail) ? size(self.tail) : 0) == (has(self.sequence) ? self.sequence - {sealed} : 0)",
        "the tail must hold every record after the sealed ones, and no other",
        field=".tail",
    )
    yield Rule(
        "status",
        "!has(self.sequence) || !has(oldSelf.sequence) || self.sequence != oldSelf.sequence || self.head == oldSelf.head && "
        "(has(self.tail) ? has(oldSelf.tail) && self.tail == oldSelf.tail : !has(oldSelf.tail) || size(oldSelf.tail) == 0)",
        "with the same last record, head and tail stay as they are",
        field=".tail",
    )
    yield Rule(
        "status",
        f"!has(oldSelf.tail) || (has(self.tail) ? size(self.tail) : 0) >= size(oldSelf.tail) || {sealed} > {before}",
        "the tail only shrinks by what is sealed",
        field=".tail",
    )
    rewritten = "a record of the ledger is never rewritten"
    # Joined: to compare record by record costs 3 ms for 32 of them, on every write.
    yield Rule(
        "status",
        f"!has(self.tail) || !has(oldSelf.tail) || size(oldSelf.tail) == 0 || {sealed} != {before} || "
        "(self.tail.join('\\n') + '\\n').startsWith(oldSelf.tail.join('\\n') + '\\n')",
        rewritten,
        field=".tail",
    )
    # Some sealed, some kept: the n-th record of the new tail is the (n + what was sealed since)-th of the old one.
    shifted = f"index + {sealed} - {before}"
    yield Rule(
        "status",
        f"!has(self.tail) || !has(oldSelf.tail) || {sealed} == {before} || {sealed} - {before} >= size(oldSelf.tail) || "
        f"self.tail.all(index, record, {shifted} >= size(oldSelf.tail) || record == oldSelf.tail[{shifted}])",
        rewritten,
        field=".tail",
    )


def _run_spec() -> Iterator[Rule]:
    for name, field in RunSpec.model_fields.items():
        alias = field.alias or name
        if alias in MUTABLE:
            continue
        same = f"self.{alias} == oldSelf.{alias}"
        if not field.is_required():
            same = f"has(self.{alias}) ? has(oldSelf.{alias}) && {same} : !has(oldSelf.{alias})"
        yield Rule("spec", same, "it cannot be changed: make another run", field=f".{alias}")
    yield Rule(
        "spec",
        "!(has(self.parent) && has(self.restoredFrom))",
        "a child run is restored with its root",
        field=".restoredFrom",
    )


RULES: Mapping[str, tuple[Rule, ...]] = {
    "Run": (*_run_states(), *_run_spec(), *_run_ledger()),
    "Approval": (
        Rule("spec", "self == oldSelf", "a decision cannot be changed: make another one"),
        Rule("spec", "has(self.runRef) != has(self.planRef)", "exactly one of runRef and planRef must be given"),
        Rule(
            "spec",
            "!has(self.modification) || self.decision == 'modify'",
            "only the decision `modify` takes a modification",
            field=".modification",
        ),
    ),
    "Intervention": (
        Rule("spec", "self == oldSelf", "a command cannot be changed: make another one"),
        Rule(
            "spec",
            "!has(self.step) || self.verb in ['retry', 'skip']",
            "only retry and skip take a step",
            field=".step",
        ),
        Rule(
            "spec",
            "!has(self.attempt) || self.verb in ['retry', 'skip']",
            "only retry and skip take an attempt",
            field=".attempt",
        ),
        Rule(
            "spec",
            "!has(self.args) || !has(self.args.fromStep) || self.verb == 'rerun'",
            "only rerun takes fromStep",
            field=".args.fromStep",
        ),
    ),
    "Orchestration": (
        Rule("spec.phases[]", "has(self.id) != has(self.parallel)", "exactly one of id and parallel must be given"),
        Rule(
            "spec.phases[]",
            "!has(self.parallel) || !(has(self.when) || has(self.maxParallel) || has(self.timeout))",
            "when, maxParallel and timeout belong to the phases below parallel",
        ),
    ),
    "Agent": (
        Rule(
            "spec.pod.env[]",
            "!self.name.startsWith('LIBRETTO_')",
            "variables that begin with LIBRETTO_ are Libretto's: choose another name",
            field=".name",
        ),
        Rule("spec.pod.env[]", "!(has(self.value) && has(self.valueFrom))", "one of value and valueFrom, not both"),
        Rule(
            "spec.pod.env[].valueFrom",
            "has(self.secretKeyRef) != has(self.configMapKeyRef)",
            "exactly one of secretKeyRef and configMapKeyRef must be given",
        ),
        Rule(
            "spec.pod.volumes[]",
            "self.name != 'libretto' && !self.name.startsWith('libretto-')",
            "`libretto` and names that begin with `libretto-` are Libretto's: choose another name",
            field=".name",
        ),
        Rule(
            "spec.pod.volumes[]",
            "[has(self.persistentVolumeClaim), has(self.configMap), has(self.secret), has(self.emptyDir)].filter(one, one)"
            ".size() == 1",
            "exactly one of persistentVolumeClaim, configMap, secret and emptyDir must be given",
        ),
        Rule(
            "spec.pod.volumeMounts[]",
            "self.mountPath.startsWith('/') && !self.mountPath.contains('..') && "
            "!(self.mountPath + '/').startsWith('/libretto/')",
            "expected an absolute path without `..`, and not below /libretto, where inputs and outputs lie",
            field=".mountPath",
        ),
        Rule(
            "spec.pod",
            "!has(self.volumeMounts) || self.volumeMounts.all(mount, has(self.volumes) && "
            "self.volumes.exists(volume, volume.name == mount.name))",
            "every mount must name one of volumes",
            field=".volumeMounts",
        ),
    ),
}
"""Kind -> its rules."""

BOUNDS: Mapping[str, Mapping[str, Json]] = {
    "Orchestration": {
        # Larger ones are `foreach`; a definition must fit into an object.
        "spec.steps": {"maxItems": 1000},
        "spec.finally": {"maxItems": 1000},
        "spec.phases": {"maxItems": 200},
        "spec.phases[].parallel": {"maxItems": 200},
        "spec.parameters": {"maxItems": 1000},
    },
}
"""Kind -> path -> bounds that hold on a cluster only."""


def attach(kind: str, schema: Json) -> Json:
    """Put the rules and bounds of a kind into its schema; return it."""
    for path, bounds in BOUNDS.get(kind, {}).items():
        _at(schema, path).update(bounds)
    for rule in RULES[kind]:
        _at(schema, rule.path).setdefault("x-kubernetes-validations", []).append(rule.written())
    return schema


def _at(schema: Json, path: str) -> Json:
    for part in path.split(".") if path else ():
        schema = schema["properties"][part.removesuffix("[]")]
        if part.endswith("[]"):
            schema = schema["items"]
    return schema
