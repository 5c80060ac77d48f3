"""How does the cluster come to believe in the node? A Node that is Ready, and a Lease that is renewed."""

import asyncio
import contextlib
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.cluster.process_node.api import Api, Refused
from tests.cluster.process_node.fields import CAPACITY
from tests.cluster.process_node.settings import PRIVATE
from tests.cluster.process_node.states import now

_LEASE_SECONDS = 40
_RENEW_SECONDS = 10.0
_GOODBYE_SECONDS = 2.0
_PODS = "10000"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Registration:
    """The objects that stand for this node."""

    def __init__(self, api: Api, name: str, address: str, port: int, *, private: bool) -> None:
        self._api = api
        self._name = name
        self._address = address
        self._port = port
        self._private = private

    async def announce(self) -> None:
        """Create the Node or take it over, and show it Ready."""
        version = await self._api.get("/version")
        try:
            await self._api.create("/api/v1/nodes", self._node())
        except Refused as refused:
            if refused.code != 409:
                raise
        node = f"/api/v1/nodes/{self._name}"
        await self._api.patch(f"{node}/status", {"status": self._status(version["gitVersion"])})
        await self._api.patch(node, {"spec": {"unschedulable": None}})
        await self._renew()

    async def retire(self) -> None:
        """Ask for no more pods; a server that does not answer is not waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._api.patch(f"/api/v1/nodes/{self._name}", {"spec": {"unschedulable": True}})

    async def keep(self) -> None:
        """Renew the Lease for ever."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            await self._renew()

    async def _renew(self) -> None:
        leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": self._name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": time}
        try:
            await self._api.patch(f"{leases}/{self._name}", {"spec": spec})
        except Refused as refused:
            if refused.code != 404:
                raise
            metadata = {"name": self._name, "namespace": "kube-node-lease"}
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
            await self._api.create(leases, lease)

    def _node(self) -> Mapping[str, Any]:
        labels = {
            "kubernetes.io/hostname": self._name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": _ARCHITECTURES[platform.machine()],
        }
        taints = [{"key": PRIVATE, "effect": "NoSchedule"}] if self._private else []
        metadata = {"name": self._name, "labels": labels}
        return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": taints}}

    def _status(self, version: str) -> Mapping[str, Any]:
        time = now()
        times = {"lastHeartbeatTime": time, "lastTransitionTime": time}
        pressures = [
            {"type": f"{kind}Pressure", "status": "False", "reason": f"KubeletHasSufficient{kind}", **times}
            for kind in ("Memory", "Disk", "PID")
        ]
        room = CAPACITY | {"pods": _PODS}
        return {
            "addresses": [
                {"type": "InternalIP", "address": self._address},
                {"type": "Hostname", "address": self._name},
            ],
            "capacity": room,
            "allocatable": room,
            "conditions": [*pressures, {"type": "Ready", "status": "True", "reason": "KubeletReady", **times}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
            "nodeInfo": {
                "kubeletVersion": version,
                "kubeProxyVersion": "",
                "containerRuntimeVersion": "process://1",
                "architecture": _ARCHITECTURES[platform.machine()],
                "operatingSystem": "linux",
                "osImage": "host",
                "kernelVersion": platform.release(),
                "machineID": self._name,
                "systemUUID": self._name,
                "bootID": self._name,
            },
        }
