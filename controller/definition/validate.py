"""What do documents define, and what is wrong with them, all at once?"""

from collections.abc import Iterable, Sequence

from controller.definition.catalog import AgentEntry, CatalogEntry
from controller.definition.checked import Checked, CheckedAgent, CheckedOrchestration
from controller.definition.checks.agents import check_agent
from controller.definition.checks.artifacts import check_inputs
from controller.definition.checks.contracts import check_contracts
from controller.definition.checks.dependencies import check_dependencies
from controller.definition.checks.expressions import check_expressions
from controller.definition.checks.lint import check_lint
from controller.definition.checks.phases import check_phases
from controller.definition.checks.policies import check_policies
from controller.definition.checks.references import check_references
from controller.definition.checks.steps import check_steps
from controller.definition.crosscheck import crosscheck
from controller.definition.findings import Findings
from controller.definition.normalise import normalise
from controller.definition.order import Order
from controller.definition.shape import shape
from controller.model.document import Document
from controller.model.orchestration import OrchestrationSpec
from controller.model.problem import Problem
from controller.model.resource import AgentResource, OrchestrationResource


def check(documents: Sequence[Document]) -> Checked:
    """Return what the documents define and every problem of theirs, those of reading included.

    Each document is looked at by itself; `check_together` also looks at what lies between them.
    """
    return _Check(documents).result()


def check_together(
    documents: Sequence[Document], *, store: Iterable[CatalogEntry] = (), store_agents: Iterable[AgentEntry] = ()
) -> Checked:
    """Return what `check` does, and what is wrong between the documents.

    `store` and `store_agents` are what is published and may be used too.
    """
    checking = _Check(documents)
    crosscheck(checking.orchestrations, checking.agents, store=store, store_agents=store_agents)
    return checking.result()


class _Check:
    """Checks documents one by one. What has errors stays, repaired, so that others can be checked against it."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = [(document, Findings(document)) for document in documents]
        self.orchestrations: list[CheckedOrchestration] = []
        self.agents: list[CheckedAgent] = []
        for document, findings in self._documents:
            if document.readable:
                self._check(document, findings)

    def result(self) -> Checked:
        problems: list[Problem] = []
        sound: set[int] = set()
        for document, findings in self._documents:
            found = sorted((*document.problems, *findings.problems), key=lambda problem: problem.location[1:])
            problems += found
            if not any(problem.severity == "error" for problem in found):
                sound.add(id(document))
        return Checked(
            tuple(checked for checked in self.orchestrations if id(checked.document) in sound),
            tuple(checked for checked in self.agents if id(checked.document) in sound),
            tuple(problems),
        )

    def _check(self, document: Document, findings: Findings) -> None:
        normalised = normalise(document, findings)
        if normalised.kind is None:
            return
        match shape(normalised.kind, normalised.resource, findings):
            case OrchestrationResource() as resource:
                spec = resource.spec.model_copy(update={"name": resource.spec.name or resource.metadata.name})
                _check_orchestration(spec, findings)
                self.orchestrations.append(CheckedOrchestration(spec, resource, document, findings))
            case AgentResource() as resource:
                agent = resource.spec.model_copy(update={"slug": resource.spec.slug or resource.metadata.name})
                check_agent(agent, findings)
                self.agents.append(CheckedAgent(agent, resource, document, findings))
            case None:
                pass


def _check_orchestration(spec: OrchestrationSpec, findings: Findings) -> None:
    order = Order(_labelled(spec, findings))
    check_steps(order, findings)
    check_dependencies(order, findings)
    check_phases(order, findings)
    check_inputs(order, findings)
    check_references(spec, order, findings)
    check_expressions(spec, order, findings)
    check_contracts(order, findings)
    check_policies(spec, order, findings)
    check_lint(spec, order, findings)


def _labelled(spec: OrchestrationSpec, findings: Findings) -> OrchestrationSpec:
    """Let messages call steps without a readable id by their place."""
    if not findings.silent:
        return spec
    return spec.model_copy(
        update={
            field: [
                step.model_copy(update={"id": f"{name}[{index}]"})
                if ("spec", name, index, "id") in findings.silent
                else step
                for index, step in enumerate(steps)
            ]
            for field, name, steps in (("steps", "steps", spec.steps), ("finally_", "finally", spec.finally_))
        }
    )
