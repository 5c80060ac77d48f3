"""Which blobs belong to a run tree, and what is each of them?"""

from collections.abc import Iterator

import orjson

from controller.definition.snapshot import Snapshot
from controller.errors import LibrettoError
from controller.machine.chain import Link
from controller.model.digest import Digest
from controller.runtime.proof.contents import Contents, references
from controller.runtime.proof.evidence import Evidence
from controller.runtime.proof.verify import Verification


def inventory(evidence: Evidence, verification: Verification) -> dict[Digest, str]:
    """Return digest -> what it is, for everything that the tree's records, results and snapshot lead to."""
    contents = Contents(evidence)
    found: dict[Digest, str] = {}
    for digest, what in _of_snapshot(contents, verification.runs[0].spec.snapshot):
        found.setdefault(digest, what)
    for run in verification.runs:
        for link in run.links:
            for digest, what in _of_record(contents, link):
                found.setdefault(digest, f"{what} (run {run.path})" if run.path else what)
    return found


def _of_snapshot(contents: Contents, digest: Digest) -> Iterator[tuple[Digest, str]]:
    content = contents.get(digest)
    if content is None:
        return
    yield digest, "definition snapshot"
    try:
        snapshot = Snapshot.decode(content)
    except LibrettoError:
        return
    for agent in snapshot.agents():
        for name, file in agent.files.items():
            yield file, f"file {name} of agent {agent.spec.slug}"


def _of_record(contents: Contents, link: Link) -> Iterator[tuple[Digest, str]]:
    record = link.record
    for reference in references(record):
        if reference.kind == "value":
            what = {"RunCreated": "parameters", "StepExpanded": f"items of {record.step}"}.get(record.kind, "outputs")
            yield reference.digest, "request metadata" if reference.member == "requestMetadata" else what
        else:
            yield reference.digest, f"{reference.kind} of {record.step}"
        if reference.kind == "result":
            content = contents.get(reference.digest)
            if content is not None:
                for name, digest in orjson.loads(content)["artifacts"].items():
                    yield digest, f"artifact {name} of {record.step}"
