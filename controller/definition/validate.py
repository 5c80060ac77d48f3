"""What do documents define, and what is wrong with them, all at once?"""

from collections.abc import Sequence
from typing import NamedTuple

from controller.definition.findings import Findings
from controller.definition.normalise import normalise
from controller.definition.shape import shape
from controller.model.agent import AgentSpec
from controller.model.document import Document
from controller.model.orchestration import OrchestrationSpec
from controller.model.problem import Problem
from controller.model.resource import AgentResource, OrchestrationResource


class CheckedOrchestration(NamedTuple):
    """An orchestration whose shape is right."""

    spec: OrchestrationSpec
    """With `name` filled in."""
    resource: OrchestrationResource
    document: Document
    findings: Findings
    """Knows where each canonical path stands in the file."""


class CheckedAgent(NamedTuple):
    """An agent whose shape is right."""

    spec: AgentSpec
    """With `slug` filled in."""
    resource: AgentResource
    document: Document
    """Its `files` are the files beside the agent's file, by relative path."""
    findings: Findings


class Checked(NamedTuple):
    """What documents define, and everything that is wrong with them."""

    orchestrations: tuple[CheckedOrchestration, ...]
    agents: tuple[CheckedAgent, ...]
    problems: tuple[Problem, ...]
    """Errors and warnings, by file as given, then by place."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that refuse what they are about."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def check(documents: Sequence[Document]) -> Checked:
    """Return what the documents define and every problem of theirs, those of reading included."""
    orchestrations: list[CheckedOrchestration] = []
    agents: list[CheckedAgent] = []
    collected: list[Problem] = []
    for document in documents:
        findings = Findings(document)
        if document.readable:
            normalised = normalise(document)
            findings = normalised.findings
            resource = shape(normalised.kind, normalised.resource, findings) if normalised.kind else None
            if isinstance(resource, OrchestrationResource):
                spec = resource.spec.model_copy(update={"name": resource.spec.name or resource.metadata.name})
                orchestrations.append(CheckedOrchestration(spec, resource, document, findings))
            elif isinstance(resource, AgentResource):
                agent = resource.spec.model_copy(update={"slug": resource.spec.slug or resource.metadata.name})
                agents.append(CheckedAgent(agent, resource, document, findings))
        collected += sorted((*document.problems, *findings.problems), key=lambda problem: problem.location[1:])
    return Checked(tuple(orchestrations), tuple(agents), tuple(collected))
