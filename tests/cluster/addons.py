"""What makes Services and their names work on a real node? kube-proxy and CoreDNS, as processes in its network."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.cluster import components, node_settings
from tests.cluster.certificates import Authority
from tests.cluster.network import inside
from tests.cluster.plan import Network, Plan
from tests.cluster.processes import Programs

_SECONDS = 30.0
_DNS = "libretto-test-dns"


def start(plan: Plan, network: Network, programs: Programs, authority: Authority, binaries: Mapping[str, str]) -> None:
    """Start both; returns when Services are reached and names are answered."""
    folder = node_settings.node_folder(plan)
    _apply(plan, *_objects(network))
    proxy = _kubeconfig(plan, authority, "system:kube-proxy")
    configuration = folder / "kube-proxy.json"
    configuration.write_text(node_settings.kube_proxy(plan, network, proxy))
    programs.start("kube-proxy", [*inside(network), binaries["kube-proxy"], f"--config={configuration}"])
    names = folder / "Corefile"
    names.write_text(node_settings.corefile(network, _kubeconfig(plan, authority, _DNS)))
    programs.start("coredns", [*inside(network), binaries["coredns"], "-conf", names])
    programs.wait("kube-proxy", lambda: _healthy(network, "127.0.0.1:10256/healthz"), _SECONDS, "health")
    programs.wait("coredns", lambda: _healthy(network, f"{network.node}:10281/ready"), _SECONDS, "readiness")


def _objects(network: Network) -> list[object]:
    """The Service that pods are told to ask, its one endpoint, and what CoreDNS and kube-proxy may read."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    name = {"name": "kube-dns", "namespace": "kube-system", "labels": {"kubernetes.io/service-name": "kube-dns"}}
    reads = [
        {"apiGroups": [""], "resources": ["services", "namespaces", "pods"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": name,
            "spec": {"clusterIP": network.dns, "ports": ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": name,
            "addressType": "IPv4",
            "endpoints": [{"addresses": [network.node], "conditions": {"ready": True}}],
            "ports": ports,
        },
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": _DNS}, "rules": reads},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _DNS},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": _DNS},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": _DNS}],
        },
    ]


def _apply(plan: Plan, *objects: object) -> None:
    command = [str(plan.programs["kubectl"]), f"--kubeconfig={plan.kubeconfig}", "apply", "--server-side", "-f", "-"]
    text = "\n---\n".join(json.dumps(each) for each in objects)
    told = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(told.stderr)


def _kubeconfig(plan: Plan, authority: Authority, user: str) -> Path:
    path = node_settings.node_folder(plan) / f"{user.rpartition(':')[2]}.kubeconfig"
    return components.write_kubeconfig(path, plan, authority, user, [])


def _healthy(network: Network, place: str) -> bool:
    """Asked from inside: these do not listen outside."""
    look = "import sys, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=2)"
    command = [*inside(network), "python3", "-c", look, f"http://{place}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
