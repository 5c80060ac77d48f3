"""What is installed once per cluster, and in which order? Kinds, admission policies, roles: as texts to apply.

The files of the chart are valid as they are, for an operator of account `libretto` in namespace `libretto-system`. Another
place is two replacements: the list of accounts, and the namespace of the Leases.
"""

import json
from collections.abc import Sequence
from pathlib import Path

FILES = Path(__file__).resolve().parents[2] / "charts" / "libretto-crds" / "files"

NAMESPACE = "libretto-system"
"""As the files have it: where the operator and its Leases are."""

ACCOUNTS = f'["system:serviceaccount:{NAMESPACE}:libretto"]'
"""As the files have it: the user names under which operators write, a list in CEL (and JSON)."""

STAMPS = "stamps.yaml"
"""Needs MutatingAdmissionPolicy; all else is for every supported server."""


def cluster_wide(
    accounts: Sequence[str] | None = None, namespace: str = NAMESPACE, *, stamps: bool = True
) -> list[str]:
    """Return the documents in order, for operators that write as `accounts` and hold their Leases in `namespace`.

    Kinds come first: policies are checked against them. `stamps` says whether the server has MutatingAdmissionPolicy.
    """
    names = [f"system:serviceaccount:{namespace}:libretto"] if accounts is None else list(accounts)
    policies = [path for path in sorted((FILES / "admission").glob("*.yaml")) if stamps or path.name != STAMPS]
    paths = [*sorted((FILES / "crds").glob("*.yaml")), *policies, FILES / "roles.yaml"]
    return [
        path.read_text(encoding="utf-8").replace(ACCOUNTS, json.dumps(names)).replace(NAMESPACE, namespace)
        for path in paths
    ]
