"""With which settings do containerd, the CNI plugins and the kubelet of a real node run?

All state is in the cluster's folder, and cgroups have a root of their own: clusters stand side by side, and none is left.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster.certificates import Authority
from tests.cluster.images import PAUSE
from tests.cluster.machine import PLUGINS
from tests.cluster.plan import Network, Plan

_NOT_NEEDED = (
    "io.containerd.internal.v1.restart",
    *(f"io.containerd.snapshotter.v1.{name}" for name in ("zfs", "btrfs", "devmapper", "blockfile", "erofs")),
    *("io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp", "io.containerd.nri.v1.nri"),
)


def node_folder(plan: Plan) -> Path:
    return plan.folder / "node"


def containerd_socket(plan: Plan) -> Path:
    return node_folder(plan) / "containerd.sock"


def containerd_major() -> int:
    told = subprocess.run(["containerd", "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r" v?(\d+)\.\d+\.\d+", told)
    if match is None:
        raise RuntimeError(f"which containerd is this? {told.strip()}")
    return int(match[1])


def containerd(plan: Plan, *, major: int) -> str:
    """The configuration, of version 1 or 2 of containerd: their plugins and their words differ."""
    folder = node_folder(plan)
    old = major < 2
    runtime = "io.containerd.grpc.v1.cri" if old else "io.containerd.cri.v1.runtime"
    snapshotter = "native" if _on_overlay(folder) else "overlayfs"
    tables: dict[str, dict[str, Any]] = {
        "": {
            "version": 2 if old else 3,
            "root": str(folder / "containerd"),
            "state": str(folder / "containerd-state"),
            "disabled_plugins": list(_NOT_NEEDED),
        },
        "grpc": {"address": str(containerd_socket(plan))},
        f'plugins."{runtime}"': {
            # Not every machine that runs tests may lower the score of a process.
            "restrict_oom_score_adj": True,
            # The network namespaces of pods are below the folder, where they are found and taken away.
            "netns_mounts_under_state_dir": True,
            "disable_apparmor": True,
        },
        f'plugins."{runtime}".cni': {"conf_dir": str(folder / "cni")},
        f'plugins."{runtime}".containerd': {"default_runtime_name": "runc"},
        f'plugins."{runtime}".containerd.runtimes.runc': {"runtime_type": "io.containerd.runc.v2"},
        f'plugins."{runtime}".containerd.runtimes.runc.options': {
            "BinaryName": shutil.which("runc") or "/usr/sbin/runc",
            "SystemdCgroup": False,
        },
    }
    cni = tables[f'plugins."{runtime}".cni']
    if old:
        cni["bin_dir"] = str(PLUGINS)
        tables[f'plugins."{runtime}"']["sandbox_image"] = PAUSE
        tables[f'plugins."{runtime}".containerd']["snapshotter"] = snapshotter
    else:
        # The new one has the old word still, and ignores it.
        cni["bin_dirs"] = [str(PLUGINS)]
        tables['plugins."io.containerd.cri.v1.images"'] = {"snapshotter": snapshotter}
        tables['plugins."io.containerd.cri.v1.images".pinned_images'] = {"sandbox": PAUSE}
    return "\n".join(_table(name, values) for name, values in tables.items())


def cni(network: Network, folder: Path) -> str:
    """Point to point, not a bridge: on a bridge, a Service's answer would go past the translation of addresses."""
    ranges = [[{"subnet": network.pods}]]
    ipam = {
        "type": "host-local",
        "dataDir": str(folder / "addresses"),
        "ranges": ranges,
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [
        {"type": "ptp", "ipMasq": False, "mtu": 1500, "ipam": ipam},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "1.0.0", "name": network.name, "plugins": plugins}, indent=1)


def kubelet(plan: Plan, network: Network, authority: Authority) -> str:
    folder = node_folder(plan)
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.node,
        "port": 10250,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": 10248,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{containerd_socket(plan)}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{network.name}",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [network.dns],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "podLogsDir": str(folder / "logs"),
        "volumePluginDir": str(folder / "plugins"),
        "makeIPTablesUtilChains": False,
        "serializeImagePulls": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "maxPods": 200,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",
    }
    return json.dumps(configuration, indent=1)


def kube_proxy(plan: Plan, network: Network, kubeconfig: Path) -> str:
    """Connection tracking is left as it is: its settings are read-only outside of the first network namespace."""
    tracking = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": network.pods,
        "detectLocalMode": "ClusterCIDR",
        "hostnameOverride": "real",
        "bindAddress": network.node,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "conntrack": tracking,
        "nftables": {"syncPeriod": "30s", "minSyncPeriod": "200ms"},
    }
    return json.dumps(configuration, indent=1)


def corefile(network: Network, kubeconfig: Path) -> str:
    """Names of the cluster, the name of this machine, and nothing else: no query leaves."""
    return f""".:53 {{
    bind {network.node}
    errors
    health {network.node}:10280
    ready {network.node}:10281
    hosts {{
        {network.host} host.cluster.internal
        fallthrough
    }}
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig}
        pods insecure
        ttl 1
    }}
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
}}
"""


def _table(name: str, values: dict[str, Any]) -> str:
    """One table of TOML; its strings, numbers, booleans and lists are written as JSON's are."""
    head = [f"[{name}]"] if name else []
    return "\n".join([*head, *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])


def _on_overlay(folder: Path) -> bool:
    """In a container the folder may itself be on an overlay, and those do not stack."""
    told = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=False)
    return told.stdout.strip() == "overlayfs"
