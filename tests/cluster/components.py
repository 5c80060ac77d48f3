"""With which arguments do the programs of a control plane run?

RBAC, the Node authorizer and all default admission stay on: what a test is allowed, a user is allowed.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cluster.certificates import Authority
from tests.cluster.plan import Plan

_CONTROLLERS = "system:kube-controller-manager"
_SCHEDULER = "system:kube-scheduler"
_ISSUER = "https://kubernetes.default.svc.cluster.local"
_HASTE = ("--kube-api-qps=300", "--kube-api-burst=600")
"""With the defaults (20 and 30), a new cluster has its first ServiceAccount after five seconds instead of one."""

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*"]},
        {"level": "Metadata", "omitManagedFields": True},
    ],
}

Command = Sequence[str | Path]


def etcd(plan: Plan) -> Command:
    peer = f"http://127.0.0.1:{plan.peer_port}"
    return [
        plan.programs["etcd"],
        f"--data-dir={plan.folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={plan.etcd}",
        f"--advertise-client-urls={plan.etcd}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]


def api_server(plan: Plan, authority: Authority) -> Command:
    hosts = ["localhost", "127.0.0.1", plan.address, plan.first_service]
    hosts += ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    certificate, key = authority.server("kube-apiserver", hosts)
    kubelet_certificate, kubelet_key = authority.client("kube-apiserver-kubelet-client", ["system:masters"])
    private, public = authority.service_account_keys()
    policy = plan.certificates / "audit-policy.json"
    policy.write_text(json.dumps(_AUDIT_POLICY))
    return [
        plan.programs["kube-apiserver"],
        f"--etcd-servers={plan.etcd}",
        f"--secure-port={plan.api_port}",
        f"--bind-address={plan.address}",
        f"--advertise-address={plan.address}",
        *(["--endpoint-reconciler-type=none"] if plan.network is None else []),
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={authority.certificate}",
        f"--kubelet-client-certificate={kubelet_certificate}",
        f"--kubelet-client-key={kubelet_key}",
        "--kubelet-preferred-address-types=InternalIP",
        # For whoever registers an aggregated API; without it, everybody who reads these settings complains.
        f"--requestheader-client-ca-file={authority.certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--service-account-issuer={_ISSUER}",
        f"--service-account-signing-key-file={private}",
        f"--service-account-key-file={public}",
        f"--service-cluster-ip-range={plan.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--anonymous-auth=false",
        "--allow-privileged=true",
        "--profiling=false",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={plan.audit_log}",
        "--audit-log-maxsize=100000",
    ]


def controller_manager(plan: Plan, authority: Authority) -> Command:
    private, _ = authority.service_account_keys()
    return [
        plan.programs["kube-controller-manager"],
        *_as_user(plan, authority, _CONTROLLERS, plan.controllers_port),
        f"--service-account-private-key-file={private}",
        f"--root-ca-file={authority.certificate}",
        "--use-service-account-credentials=true",
        "--concurrent-job-syncs=20",
    ]


def scheduler(plan: Plan, authority: Authority) -> Command:
    return [plan.programs["kube-scheduler"], *_as_user(plan, authority, _SCHEDULER, plan.scheduler_port)]


def write_kubeconfig(path: Path, plan: Plan, authority: Authority, user: str, groups: Sequence[str]) -> Path:
    """A kubeconfig with the certificate of this user; whole or not at all."""
    certificate, key = authority.client(user, groups)
    cluster = {"server": plan.server, "certificate-authority": str(authority.certificate)}
    content: Mapping[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "libretto", "cluster": cluster}],
        "users": [{"name": user, "user": {"client-certificate": str(certificate), "client-key": str(key)}}],
        "contexts": [{"name": "libretto", "context": {"cluster": "libretto", "user": user}}],
        "current-context": "libretto",
    }
    part = path.with_name(f".{path.name}.{certificate.stem}")
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=1) + "\n")
    part.replace(path)
    return path


def _as_user(plan: Plan, authority: Authority, user: str, port: int) -> list[str]:
    path = plan.certificates / f"{user.removeprefix('system:')}.kubeconfig"
    config = write_kubeconfig(path, plan, authority, user, [])
    kinds = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return [
        *(f"--{kind}={config}" for kind in kinds),
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        *_HASTE,
    ]
