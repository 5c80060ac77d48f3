"""How does a real node start? containerd, images, kubelet, then what makes Services and names: kube-proxy and CoreDNS.

All of them run in the node's network; the supervisor owns them.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cluster import addons, components, images, node_remains, node_settings
from tests.cluster.certificates import Authority
from tests.cluster.network import inside
from tests.cluster.plan import Network, Plan
from tests.cluster.processes import Programs

NAME = "real"
"""Of the node."""

_SECONDS = 60.0
_CONTAINERD, _KUBELET = "containerd", "kubelet"


class NodePrograms:
    """The programs of the one real node that a cluster can have."""

    def __init__(self, plan: Plan, programs: Programs) -> None:
        self._plan = plan
        self._programs = programs
        self._folder = node_settings.node_folder(plan)
        self._authority = Authority(plan.certificates)
        self._binaries: Mapping[str, str] = {}

    def start(self, binaries: Mapping[str, str]) -> None:
        """Start the node, if it does not run; returns when it is Ready and names are answered."""
        network = self._network()
        if self._programs.runs(_KUBELET):
            return
        self._binaries = binaries
        for name in ("cni", "logs", "kubelet", "certificates", "images"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        node_remains.remember_settings(self._plan)
        node_remains.make_cgroups(network.name)
        self._start_containerd(network)
        self._import_own_images()
        self._start_kubelet(network)
        addons.start(self._plan, network, self._programs, self._authority, binaries)

    def import_image(self, archive: str) -> None:
        """Load a docker-archive; pods use it with `imagePullPolicy: Never`."""
        self._ctr("images", "import", archive)

    def end_kubelet(self) -> None:
        """As when the machine is cut off: containers go on, nobody tells."""
        self._programs.end(_KUBELET)

    def restart_kubelet(self) -> None:
        self._start_kubelet(self._network())

    def _network(self) -> Network:
        if self._plan.network is None:
            raise RuntimeError("this cluster was made without a network for nodes")
        return self._plan.network

    def _start_containerd(self, network: Network) -> None:
        configuration = self._folder / "containerd.toml"
        major = node_settings.containerd_major()
        configuration.write_text(node_settings.containerd(self._plan, major=major))
        (self._folder / "cni" / "10-ptp.conflist").write_text(node_settings.cni(network, self._folder))
        self._programs.start(_CONTAINERD, [*inside(network), "containerd", "--config", configuration])
        self._programs.wait(_CONTAINERD, lambda: self._ctr_says("version"), _SECONDS, "an answer")

    def _import_own_images(self) -> None:
        layer = images.busybox()
        commands = {images.PAUSE: ["sleep", "2147483647"], images.BUSYBOX: ["sh"]}
        for number, (reference, command) in enumerate(commands.items()):
            archive = images.write_archive(self._folder / "images" / f"{number}.tar", reference, layer, command)
            self.import_image(str(archive))
            archive.unlink()

    def _start_kubelet(self, network: Network) -> None:
        configuration = self._folder / "kubelet.json"
        configuration.write_text(node_settings.kubelet(self._plan, network, self._authority))
        config = self._folder / "kubelet.kubeconfig"
        identity = (f"system:node:{NAME}", ["system:nodes"])
        command: Sequence[str | Path] = [
            *inside(network),
            self._binaries["kubelet"],
            f"--config={configuration}",
            f"--kubeconfig={components.write_kubeconfig(config, self._plan, self._authority, *identity)}",
            f"--root-dir={self._folder / 'kubelet'}",
            f"--cert-dir={self._folder / 'certificates'}",
            f"--hostname-override={NAME}",
            f"--node-ip={network.node}",
        ]
        self._programs.start(_KUBELET, command)
        self._programs.wait(_KUBELET, self._ready, _SECONDS, "readiness")

    def _ready(self) -> bool:
        command = [str(self._plan.programs["kubectl"]), f"--kubeconfig={self._plan.kubeconfig}"]
        told = subprocess.run([*command, "get", "node", NAME, "-o", "json"], capture_output=True, check=False)
        if told.returncode:
            return False
        node = json.loads(told.stdout)
        ready = any(each["type"] == "Ready" and each["status"] == "True" for each in node["status"]["conditions"])
        return ready and not node["spec"].get("taints")

    def _ctr(self, *words: str) -> None:
        told = self._run_ctr(*words)
        if told.returncode:
            raise RuntimeError(f"ctr {' '.join(words)}: {told.stderr.strip()}")

    def _ctr_says(self, *words: str) -> bool:
        return self._run_ctr(*words).returncode == 0

    def _run_ctr(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["ctr", "--address", str(node_settings.containerd_socket(self._plan)), "--namespace", "k8s.io"]
        return subprocess.run([*command, *words], capture_output=True, text=True, check=False)
