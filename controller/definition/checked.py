"""What came of checking documents."""

from typing import NamedTuple

from controller.definition.compile import DEFAULT_ORGANIZATION
from controller.definition.findings import Findings
from controller.model.agent import AgentSpec
from controller.model.document import Document
from controller.model.orchestration import OrchestrationSpec
from controller.model.problem import Problem
from controller.model.resource import AgentResource, OrchestrationResource


class CheckedOrchestration(NamedTuple):
    """An orchestration, and where each part of it stands."""

    spec: OrchestrationSpec
    """With `name` filled in."""
    resource: OrchestrationResource
    document: Document
    findings: Findings
    """Knows the place of every canonical path, e.g. `findings.line(("spec", "steps", 2))`."""

    @property
    def organization(self) -> str:
        """Its own, else the namespace, else `global`."""
        return self.spec.organization or self.resource.metadata.namespace or DEFAULT_ORGANIZATION


class CheckedAgent(NamedTuple):
    """An agent, and where each part of it stands."""

    spec: AgentSpec
    """With `slug` filled in."""
    resource: AgentResource
    document: Document
    """Its `files` are the files beside the agent's file, by relative path."""
    findings: Findings

    @property
    def organization(self) -> str:
        """Its own, else the namespace, else `global`."""
        return self.spec.organization or self.resource.metadata.namespace or DEFAULT_ORGANIZATION


class Checked(NamedTuple):
    """What documents define, and everything that is wrong with them."""

    orchestrations: tuple[CheckedOrchestration, ...]
    """Those without errors."""
    agents: tuple[CheckedAgent, ...]
    """Those without errors."""
    problems: tuple[Problem, ...]
    """Errors and warnings, by document in the order given, then by place."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that refuse what they are about."""
        return tuple(problem for problem in self.problems if problem.severity == "error")
