"""Run trees for tests: played by the real driver over memory, with outcomes as a person would write them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from controller.definition.catalog import Catalog
from controller.definition.validate import check_together
from controller.errors import NotFound, VerificationFailed
from controller.machine.chain import Chain
from controller.model.digest import Digest
from controller.model.outcomes import read_outcomes
from controller.model.record import Record, decode
from controller.model.run import RunSpec
from controller.runtime.proof.evidence import Claim, Log, StoredEvidence
from controller.wiring.definitions import Found, entries_of
from controller.wiring.simulation import simulate
from tests.unit.definition.reading import documents

NOW = 1_767_000_000_000

AGENTS = """
---
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: worker}
spec: {process: {argv: [work]}}
"""

SMALL = """
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata: {name: small}
spec: {steps: [{id: a, agent: worker}]}
"""

REVIEW = """
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata: {name: review}
spec:
  displayName: Quarterly review
  version: 2.0.0
  parameters: [{key: quarter, default: Q3}]
  phases: [{id: collect}, {id: review}, {id: publish}, {id: never, when: 'false'}]
  steps:
    - {id: extract, phase: collect, agent: worker, retry: {maxAttempts: 3, initialDelayMs: 250}}
    - id: kpi
      phase: collect
      type: orchestration
      orchestration: {name: tracking}
    - id: summary
      phase: review
      agent: worker
      dependsOn: [extract, kpi]
      input: {payload: {rows: '{{ steps.extract.rows }}'}}
      checkpointAfter: {question: Are the figures right?, severity: high}
    - {id: publish, phase: publish, agent: worker, dependsOn: [summary], undo: {instruction: take it back}}
    - {id: extra, phase: never, agent: worker}
  finally:
    - {id: closing, agent: worker}
  errorHandling:
    rollback: {reversible: true, description: The page is taken back.}
  execution: {concurrency: {maxParallel: 2}}
---
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata: {name: tracking}
spec:
  steps:
    - {id: fetch, agent: worker}
    - {id: each, agent: worker, dependsOn: [fetch], foreach: '[1, 2]'}
"""

REVIEW_OUTCOMES: dict[str, Any] = {
    "kind": "Outcomes",
    "outcomes": {
        "extract": [
            {"exitCode": 75, "reason": "rate limit", "durationMs": 300},
            {"output": {"rows": 42}, "artifacts": {"rows.csv": {"text": "a,b\n1,2\n"}}, "durationMs": 900},
        ],
        "kpi/fetch": [{"output": {"v": 1}, "artifacts": {"v.json": {"text": "{}"}}, "durationMs": 100}],
        "kpi/each": [{"output": 1, "durationMs": 200}],
        "summary": [
            {"output": {"text": "bad"}, "durationMs": 50},
            {"output": {"text": "good"}, "artifacts": {"summary.md": {"text": "# Good\n"}}, "durationMs": 60},
        ],
        "publish": [
            {
                "output": None,
                "durationMs": 10,
                "receipt": {"changes": ["page"], "undo": {"input": {"drop": 1}, "reversible": True}},
            }
        ],
    },
    "decisions": {
        "summary": [
            {"decision": "modify", "modifications": {"tone": "formal"}, "by": "mara", "afterMs": 3_600_000},
            {"decision": "approve", "by": "mara", "comment": "fine", "afterMs": 2000},
        ]
    },
}


@dataclass
class Kept:
    """Evidence that a test may change. It has the shape of any other."""

    runs: list[RunSpec]
    ledgers: dict[str, list[bytes]]
    blobs: dict[Digest, bytes]
    claims: dict[str, Claim]
    printed: dict[str, list[Log]] = field(default_factory=dict)
    torn: dict[str, str] = field(default_factory=dict)
    """Run or digest -> why no more of it can be read."""
    place: str = "the state directory"

    def specs(self) -> list[RunSpec]:
        return self.runs

    def records(self, run: str) -> Iterator[bytes]:
        yield from self.ledgers[run]
        if run in self.torn:
            raise VerificationFailed(self.torn[run])

    def blob(self, digest: Digest) -> bytes | None:
        if digest in self.torn:
            raise VerificationFailed(self.torn[digest])
        return self.blobs.get(digest)

    def claim(self, run: str) -> Claim | None:
        return self.claims.get(run)

    def logs(self, run: str) -> Iterable[Log]:
        return self.printed.get(run, [])

    @property
    def root(self) -> str:
        return self.runs[0].uid

    def decoded(self, run: str | None = None) -> list[Record]:
        return [decode(content) for content in self.ledgers[run or self.root]]

    def place_of(self, kind: str, step: str | None = None, nth: int = 0) -> int:
        """Sequence number of a record of the root."""
        found = [one.seq for one in self.decoded() if one.kind == kind and step in (None, one.step)]
        return found[nth]

    def rewrite(self, records: Iterable[Record], run: str | None = None) -> None:
        """Chain records anew, as somebody would who may write everything; the claim follows."""
        chain, contents = Chain(), []
        for record in records:
            link, chain = chain.link(record)
            contents.append(link.content)
        uid = run or self.root
        self.ledgers[uid] = contents
        self.claims[uid] = self.claims[uid]._replace(records=chain.next, head=chain.head)


def found(text: str) -> Found:
    """Return the first orchestration of a text, with everything else that it defines."""
    held = documents(text + AGENTS)
    checked = check_together(held)
    assert checked.errors == (), checked.errors
    entries, agents, files = entries_of(checked)
    return Found(entries[0], Catalog(folder=entries, folder_agents=agents), files, held)


def played(
    text: str = SMALL, outcomes: Mapping[str, Any] | None = None, parameters: Mapping[str, Any] | None = None
) -> Kept:
    """Play a definition in memory and return what is left."""
    simulated = simulate(
        found(text), read_outcomes(outcomes or {"kind": "Outcomes"}), requester="mara", now=NOW, parameters=parameters
    )
    tools = simulated.driver.tools

    def content(digest: Digest) -> bytes | None:
        try:
            return tools.blobs.get(digest)
        except NotFound:
            return None

    evidence = StoredEvidence(simulated.root.spec, tools.objects, tools.ledger, content, lambda _, __: ())
    specs = list(evidence.specs())
    claims = {spec.uid: claim for spec in specs if (claim := evidence.claim(spec.uid)) is not None}
    blobs: dict[Digest, bytes] = dict(getattr(tools.blobs, "_blobs"))  # noqa: B009
    return Kept(specs, {spec.uid: list(evidence.records(spec.uid)) for spec in specs}, blobs, claims)


def review() -> Kept:
    """A run with phases, a retry, a child run, instances, a modification, an approval, a receipt and a finalizer."""
    return played(REVIEW, REVIEW_OUTCOMES)


def as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False)
