"""With which values are the charts tried? One of each kind of installation, and everything at once."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

S3 = {
    "kind": "s3",
    "s3": {"bucket": "runs", "endpoint": "http://s3:9000", "allowHttp": True, "credentialsSecret": "keys"},
}
POD = {"nodeSelector": {"pool": "batch"}, "resources": {"limits": {"memory": "1Gi"}}, "runAsUser": 1000}

VALUES: Mapping[str, Json] = {
    "defaults": {},
    "one namespace": {"watchNamespaces": ["libretto-system"], "replicas": 1},
    "some namespaces": {"watchNamespaces": ["team-a", "team-b"]},
    "a bucket": {"blobs": S3},
    "a store": {"blobs": {"kind": "store", "store": {"size": "5Gi", "storageClassName": "fast"}}},
    "a certificate": {"results": {"tls": {"secretName": "libretto-results"}}},
    "a store with a certificate": {
        "blobs": {"kind": "store"},
        "results": {"tls": {"secretName": "libretto-results"}},
    },
    "shards": {"shards": 3},
    "a mirror": {
        "image": {
            "registry": "mirror.example.org/apps/",
            "digest": "sha256:" + "a" * 64,
            "pullPolicy": "Never",
            "pullSecrets": [{"name": "mirror"}],
        },
    },
    "everything": {
        "blobs": {"kind": "store"},
        "watchNamespaces": ["team-a"],
        "shards": 2,
        "lease": {"durationSeconds": 60},
        "runs": {"maxActive": 10, "maxJobs": 200, "maxParallel": 4, "ttlSecondsAfterFinished": 86400},
        "steps": {
            "image": "python:3.13",
            "pod": POD,
            "ttlSecondsAfterFinished": 86400,
            "courier": {
                "stageTimeoutSeconds": 60,
                "publishTimeoutSeconds": 86400,
                "firstWaitMilliseconds": 1000,
                "messageBytes": 2048,
                "resources": {"requests": {"cpu": "50m"}},
            },
        },
        "logs": {"level": "DEBUG", "format": "text"},
        "events": {"onSuccess": True},
        "traces": {"endpoint": "http://otel:4318"},
        "metrics": {
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "rules": {"enabled": True, "runbookUrl": "https://wiki.example.org/libretto"},
            "dashboard": {"enabled": True},
        },
        "rbac": {"ownerReferences": True},
        "networkPolicy": {
            "metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
            "egress": {"restricted": True, "extra": [{"ports": [{"port": 4318}]}]},
        },
        "podLabels": {"team": "platform"},
        "podAnnotations": {"example.org/a": "b"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "system-cluster-critical",
        "serviceAccount": {"annotations": {"example.org/role": "x"}},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    },
}


def pods(objects: list[Json]) -> Iterator[Json]:
    """Every pod template."""
    for each in objects:
        if "template" in each.get("spec", {}):
            yield each["spec"]["template"]
