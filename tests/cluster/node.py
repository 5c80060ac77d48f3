"""What does a test see of the real node? Its name, a way to give it images, and addresses."""

from pathlib import Path

from tests.cluster import binaries, machine, node_programs
from tests.cluster.control_plane import ControlPlane


class RealNode:
    """kubelet, containerd, kube-proxy and CoreDNS of one cluster; they end with it."""

    name = node_programs.NAME

    def __init__(self, control_plane: ControlPlane) -> None:
        machine.prepare()
        network = control_plane.plan.network
        if network is None:
            raise machine.NodeUnavailable(
                "this cluster was started without a link to a node: end it, and start it for one"
            )
        self._tenancy = control_plane.tenancy
        self.address = network.node
        """The node's."""
        self.host = network.host
        """This machine, as pods reach it; also by the name host.cluster.internal."""
        programs = binaries.find(*binaries.NODE)
        self._tenancy.ask("real_node", programs={name: str(path) for name, path in programs.items()})

    def load(self, archive: Path) -> None:
        """Import a docker-archive (see `images.write_archive`); pods name it with `imagePullPolicy: Never`."""
        self._tenancy.ask("import", archive=str(archive.resolve()))

    def end_kubelet(self) -> None:
        """As when the machine is cut off: containers go on, nobody tells the API server."""
        self._tenancy.ask("kubelet", runs=False)

    def start_kubelet(self) -> None:
        self._tenancy.ask("kubelet", runs=True)
