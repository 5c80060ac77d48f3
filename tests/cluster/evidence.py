"""What does one want to see when a test on a cluster fails? Requests, events, pods and logs, cut to what can be read."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import tail
from tests.cluster.reading import ReadFailed

_REQUESTS = 40
_LISTED = 40
_OF_THE_CLUSTER = ("system:", "kube-")
_CALM = re.compile(r'I\d{4} |.*"level":"(info|warn)"|.*level=info')
"""Lines of a log that tell of no trouble; etcd warns of what is meant to be so."""


def gather(control_plane: ControlPlane, start: int, namespace: str | None) -> Iterator[tuple[str, str]]:
    """Titles and texts; `start` is where the audit log ended when the test began."""
    try:
        requests = [_request(each) for each in control_plane.audit(start) if _telling(each)]
        shown = requests[-_REQUESTS:]
        yield f"last {len(shown)} of {len(requests)} requests", "\n".join(shown)
        place = f"/api/v1/namespaces/{namespace}" if namespace else "/api/v1"
        events = control_plane.get(f"{place}/events")["items"]
        yield "events", "\n".join(_event(each) for each in events[-_LISTED:])
        pods = control_plane.get(f"{place}/pods")["items"]
        yield "pods", "\n".join(_pod(each) for each in pods[-_LISTED:])
    except (ReadFailed, OSError, ValueError) as problem:
        yield "the cluster does not answer", str(problem)
    for log in sorted(control_plane.plan.logs.glob("*.log")):
        lines = [line for line in tail(log, 200).splitlines() if not _CALM.match(line)]
        if lines:
            yield f"log of {log.stem}", "\n".join(line[:400] for line in lines[-8:])


def _telling(entry: Mapping[str, Any]) -> bool:
    """What a component does by itself is noise, unless it was refused."""
    user = entry.get("user", {}).get("username", "")
    code = entry.get("responseStatus", {}).get("code", 0)
    return not user.startswith(_OF_THE_CLUSTER) or (code >= 400 and code != 404)


def _request(entry: Mapping[str, Any]) -> str:
    about = entry.get("objectRef", {})
    words = [about.get(word, "") for word in ("resource", "subresource", "namespace", "name")]
    code = entry.get("responseStatus", {}).get("code", "")
    what = "/".join(word for word in words if word) or entry.get("requestURI", "")
    return (
        f"{entry.get('requestReceivedTimestamp', '')[11:23]} {code} {entry['user']['username']}: {entry['verb']} {what}"
    )


def _event(event: Mapping[str, Any]) -> str:
    about = event["involvedObject"]
    return f"{about.get('kind')}/{about.get('name')} {event.get('reason')}: {str(event.get('message'))[:200]}"


def _pod(pod: Mapping[str, Any]) -> str:
    status = pod.get("status", {})
    each = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    states = {one["name"]: one.get("state") for one in each}
    name, place = pod["metadata"]["name"], pod["spec"].get("nodeName", "no node")
    return f"{name} on {place}: {status.get('phase')} {status.get('reason', '')} {json.dumps(states)[:600]}"
