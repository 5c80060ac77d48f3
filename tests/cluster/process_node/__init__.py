"""A kubelet of our own: pods of a real control plane, played as processes of this machine.

For tests that need many pods fast. It keeps to the kubelet's behaviour where a controller of Jobs can see it; the job
matrix of `tests/cluster/test_process_node.py` is played on it and on the real kubelet alike.

It may not know anything of Libretto; it may import nothing of `controller`. Everything runs in a process of its own
(`python -m tests.cluster.process_node`), whose files lie in a mount namespace of its own, so that the end of that process
leaves nothing. It needs root.

Not there: networks of pods (they share the machine's), limits of resources, `kubectl exec`, size limits of volumes,
updates of mounted ConfigMaps, lifecycle hooks.
"""

from tests.cluster.process_node.node import DEFAULT_IMAGES, ControlPlane, ProcessNode, project_image
from tests.cluster.process_node.settings import Image, Instant

__all__ = ["DEFAULT_IMAGES", "ControlPlane", "Image", "Instant", "ProcessNode", "project_image"]
