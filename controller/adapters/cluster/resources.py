"""Which resources of the API server are used, and where are they?"""

from typing import NamedTuple


class Resource(NamedTuple):
    """A resource as the API server names it."""

    group: str
    """API group; empty for the core."""
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """Return what stands in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the path of the collection, of an object, or of a part of one."""
        parts = [f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"]
        if namespace is not None:
            parts.append(f"namespaces/{namespace}")
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


def _ours(plural: str, kind: str) -> Resource:
    return Resource("libretto.dev", "v1alpha1", plural, kind)


ORCHESTRATIONS = _ours("orchestrations", "Orchestration")
AGENTS = _ours("agents", "Agent")
RUNS = _ours("runs", "Run")
APPROVALS = _ours("approvals", "Approval")
INTERVENTIONS = _ours("interventions", "Intervention")
JOBS = Resource("batch", "v1", "jobs", "Job")
PODS = Resource("", "v1", "pods", "Pod")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
SUBJECT_REVIEWS = Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview")
ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace")
