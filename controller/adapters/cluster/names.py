"""How is everything called that is made for a run? Names are computed, so that making a thing twice is making it once."""

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from blake3 import blake3

from controller.errors import InvariantViolated
from controller.model.attempt import AttemptKey
from controller.model.digest import Digest, digest_record
from controller.model.resource import API_VERSION
from controller.model.states import Role

Json = dict[str, Any]

DOMAIN = "libretto.dev"

# Labels: what lists and watches select by.
MANAGED_BY = "app.kubernetes.io/managed-by"
KIND = f"{DOMAIN}/kind"
"""What a ConfigMap holds: blob, shard, snapshot or cache."""
RUN = f"{DOMAIN}/run"
RUN_UID = f"{DOMAIN}/run-uid"
ROOT_UID = f"{DOMAIN}/root-uid"
STEP = f"{DOMAIN}/step"
ATTEMPT = f"{DOMAIN}/attempt"
ROLE = f"{DOMAIN}/role"
ORCHESTRATION = f"{DOMAIN}/orchestration"

# Annotations: what is too long for a label, or only ours to read.
KEY = f"{DOMAIN}/key"
"""The attempt, exactly: run uid, step, role and number, separated by blanks."""
INPUT = f"{DOMAIN}/input-digest"
EFFECT = f"{DOMAIN}/effect"
"""Digest of what the engine asked for. Not of the rendered Job: an upgrade that renders otherwise must still adopt it."""
EPOCH = f"{DOMAIN}/epoch"
GRACE = f"{DOMAIN}/grace-seconds"
"""Seconds that the program of a pod gets after SIGTERM; the pod's own grace is the courier's."""
STOPPED = f"{DOMAIN}/stopped-at"
"""When a pod was asked to end, in milliseconds since the epoch."""
STOPPED_AS = f"{DOMAIN}/stopped-as"
"""What an attempt ends as whose pod was asked to end: an outcome class."""
SLOTS = f"{DOMAIN}/slots"
"""Places that span runs which the attempt of a Job has by its definition, separated by blanks."""
QUEUE_TIMEOUT = f"{DOMAIN}/queue-timeout"
"""Milliseconds in which the program of a Job must have started."""
LEASE = f"{DOMAIN}/lease"
"""The Lease that the epoch is of; admission compares them."""
DIGEST = f"{DOMAIN}/digest"
NEEDED = f"{DOMAIN}/needed"
"""Of content that nobody owns, and that runs came to need as well: it stays while there are any."""
EXPIRES = f"{DOMAIN}/expires-at"
"""When a kept result expires, in milliseconds since the epoch."""


class Mark(NamedTuple):
    """The mark of a leadership, which everything that it makes bears."""

    epoch: int
    lease: str

    def annotations(self) -> dict[str, str]:
        """Return the mark as annotations."""
        return {EPOCH: str(self.epoch), LEASE: self.lease}


LONGEST_NAME = 63
"""Characters of a Job's name: its pods bear it as a label."""

LONGEST_LABEL = 63

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


def hashed(*parts: object) -> str:
    """Return 12 characters of base32, 60 bits: enough for the 10,000 steps of many runs of one name."""
    content = "\0".join(str(part) for part in parts).encode()
    return base64.b32encode(blake3(content).digest(length=8)).decode().lower()[:12]


def slug(text: str, most: int) -> str:
    """Return the beginning of a text as a part of a DNS name; `x` where nothing of it may stand there."""
    kept = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:most].strip("-")
    return kept or "x"


def label_value(text: str) -> str:
    """Return a text as the value of a label: itself where it may be one, else its beginning and a hash."""
    if _LABEL.fullmatch(text):
        return text
    return f"{slug(text, LONGEST_LABEL - 13)}-{hashed(text)}"


def job_name(key: AttemptKey, run_name: str) -> str:
    """Return the name of an attempt's Job: readable in front, unique at its end."""
    number = f"u{key.attempt}" if key.role is Role.UNDO else str(key.attempt)
    return f"{slug(run_name, 22)}-{slug(key.step, 20)}-{number[-5:]}-{hashed(key.run, key.step, key.role, key.attempt)}"


def child_name(parent_name: str, uid: str) -> str:
    """Return the name of the Run object of a child run."""
    return f"{slug(parent_name, 40)}-{hashed(uid)}"


def blob_name(digest: Digest, part: int) -> str:
    """Return the name of the ConfigMap that holds a part of a blob: the same for the same content."""
    return f"libretto-blob-{digest.rpartition(':')[2]}" + (f"-{part}" if part else "")


def shard_name(run_name: str, run: str, head: Digest, first: int) -> str:
    """Return the name of a shard: by its content, with the run's uid, so that litter collides with nothing."""
    return f"{slug(run_name, 30)}-ledger-{hashed(run, head, first)}"


def cache_name(key: Digest) -> str:
    """Return the name of the ConfigMap that holds a kept result."""
    return f"libretto-cache-{key.rpartition(':')[2]}"


def managed_labels(kind: str) -> dict[str, str]:
    """Return the labels of a ConfigMap of ours."""
    return {MANAGED_BY: "libretto", KIND: kind}


def run_labels(orchestration: str, root: str) -> dict[str, str]:
    """Return the labels of a child's Run object."""
    return {MANAGED_BY: "libretto", ORCHESTRATION: label_value(orchestration), ROOT_UID: label_value(root)}


def attempt_labels(key: AttemptKey, run_name: str, root: str) -> dict[str, str]:
    """Return the labels of a Job and its pods."""
    return {
        MANAGED_BY: "libretto",
        RUN: label_value(run_name),
        RUN_UID: label_value(key.run),
        ROOT_UID: label_value(root),
        STEP: label_value(key.step),
        ATTEMPT: str(key.attempt),
        ROLE: key.role.value,
    }


def attempt_annotations(key: AttemptKey, input_digest: Digest, mark: "Mark") -> dict[str, str]:
    """Return what a Job says exactly about its attempt."""
    return {
        KEY: f"{key.run} {key.step} {key.role.value} {key.attempt}",
        INPUT: input_digest,
        EFFECT: effect_digest(key, input_digest),
        **mark.annotations(),
    }


def effect_digest(key: AttemptKey, input_digest: Digest) -> Digest:
    """Return the digest of what the engine asked for: this attempt, with this input."""
    return digest_record([*key, input_digest])


def attempt_key(job: Mapping[str, Any]) -> AttemptKey:
    """Return the attempt that a Job is. Raises InvariantViolated where somebody took our label for another Job."""
    try:
        run, step, role, number = job["metadata"]["annotations"][KEY].split(" ")
        return AttemptKey(run, step, Role(role), int(number))
    except (KeyError, ValueError) as error:
        raise InvariantViolated(f"Job {job['metadata']['name']} bears our labels but is no attempt: {error}") from error


def input_digest(job: Mapping[str, Any]) -> Digest:
    """Return the digest of the input that a Job was started with."""
    return str(job["metadata"].get("annotations", {}).get(INPUT, ""))


def owner_reference(run: Mapping[str, Any], *, controller: bool = True) -> Json:
    """Return the reference that makes a thing go with its Run."""
    metadata = run["metadata"]
    reference: Json = {"apiVersion": API_VERSION, "kind": "Run", "name": metadata["name"], "uid": metadata["uid"]}
    return reference | ({"controller": True, "blockOwnerDeletion": True} if controller else {})
