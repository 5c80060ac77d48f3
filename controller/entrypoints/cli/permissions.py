"""What does a refusal of the API server mean to a person? Which right is missing, and which role has it."""

import re

from controller.errors import Forbidden

_RBAC = re.compile(
    r'User "(?P<user>.*?)" cannot (?P<verb>\w+) resource "(?P<resource>[\w/]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_POLICY = "denied request: "

_READS = frozenset({"get", "list", "watch"})
_OURS = "libretto.dev"
_WRITERS = {"approvals": "libretto-approver", "interventions": "libretto-intervener"}


def explained(error: Forbidden) -> Forbidden:
    """Return a refusal in the words of whoever is refused, with what to do about it."""
    found = _RBAC.search(error.message)
    if found is None:
        _, policy, said = error.message.partition(_POLICY)
        return Forbidden(said, hint=error.hint) if policy else error
    user, verb, resource, group, namespace = found.group("user", "verb", "resource", "group", "namespace")
    where = f' in namespace "{namespace}"' if namespace else ""
    right = f"{resource}.{group}" if group else resource
    role = _role(verb, resource, group)
    binding = "rolebinding" if namespace else "clusterrolebinding"
    place = f" -n {namespace}" if namespace else ""
    return Forbidden(
        f'"{user}" may not {verb} {resource}{where}: the RBAC verb "{verb}" on {right} is missing',
        hint=f"the role {role} has it: kubectl{place} create {binding} NAME --clusterrole={role} --user={user}",
    )


def _role(verb: str, resource: str, group: str) -> str:
    """Return the smallest role that is shipped, with us or with Kubernetes, and has a verb."""
    if group == _OURS and resource in _WRITERS and verb not in _READS:
        return _WRITERS[resource]
    if group == _OURS:
        return "libretto-view" if verb in _READS else "libretto-edit"
    return "view" if verb in _READS else "edit"
