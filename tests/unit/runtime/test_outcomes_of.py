"""A run played again from the outcomes of its ledger comes to the same."""

from typing import Any

import pytest

from controller.model.outcomes import Outcomes, read_outcomes
from controller.runtime.outcomes_of import outcomes_of
from controller.runtime.proof.verify import verify
from tests.unit.runtime.played import REVIEW, REVIEW_OUTCOMES, Kept, played

HEAD = "apiVersion: libretto.dev/v1alpha1\nkind: Orchestration\nmetadata: {name: one}\nspec:\n"

CHAIN = (
    HEAD
    + """
  steps:
    - {id: a, agent: worker, undo: {input: {}}}
    - {id: b, agent: worker, dependsOn: [a], retry: {maxAttempts: 2, initialDelayMs: 250, allowSkip: true}}
    - {id: c, agent: worker, dependsOn: [b], input: {payload: {x: '{{ steps.b.x }}'}}}
  finally:
    - {id: closing, agent: worker}
"""
)

FOREACH = (
    HEAD
    + """
  steps:
    - {id: each, agent: worker, foreach: '[1, 2, 3]', retry: {allowSkip: true}}
    - {id: after, agent: worker, dependsOn: [each]}
"""
)

NESTED = (
    HEAD
    + """
  steps:
    - id: kpi
      type: orchestration
      orchestration: {name: inner}
      retry: {maxAttempts: 2, initialDelayMs: 250}
---
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata: {name: inner}
spec:
  steps:
    - {id: first, agent: worker, checkpointAfter: {question: fine?, autoTimeout: 60, required: false}}
    - {id: second, agent: worker, dependsOn: [first]}
"""
)

CONTRACT = (
    HEAD
    + """
  steps:
    - id: a
      agent: worker
      contract: {artifacts: [{name: t.csv, transform: csv-to-json}, {name: v.json, schema: {type: object}}]}
    - {id: b, agent: worker, dependsOn: [a]}
"""
)

FAILS = {"exitCode": 1, "reason": "no", "durationMs": 20}
REPLACED = {"x": 7}

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "everything at once": (REVIEW, REVIEW_OUTCOMES),
    "a failure": (CHAIN, {"outcomes": {"b": [FAILS]}}),
    "refused at its start": (
        CHAIN,
        {"outcomes": {"b": [{"class": "Rejected", "refused": True, "reason": "no program"}]}},
    ),
    "disrupted, then lost, then well": (
        CHAIN,
        {"outcomes": {"b": [{"class": "Disrupted"}, {"class": "Lost", "durationMs": 9}, {"output": {"x": 1}}]}},
    ),
    "retried by a person": (
        CHAIN,
        {
            "outcomes": {"b": [FAILS, FAILS, {"output": {"x": 1}}]},
            "commands": [{"verb": "retry", "step": "b", "modifications": {"m": 1}, "delayMs": 500}],
        },
    ),
    "skipped by a person": (
        CHAIN,
        {
            "outcomes": {"b": [FAILS]},
            "commands": [{"verb": "skip", "step": "b", "output": REPLACED, "comment": "by hand"}],
        },
    ),
    "its finalizer retried": (
        CHAIN,
        {
            "outcomes": {"b": [{"output": {"x": 1}}], "closing": [FAILS, {"output": None}]},
            "commands": [{"verb": "retry"}],
        },
    ),
    "undone after its failure": (CHAIN, {"outcomes": {"b": [FAILS]}, "commands": [{"verb": "undo"}]}),
    "an undo that fails, and goes on": (
        CHAIN,
        {
            "outcomes": {"b": [FAILS]},
            "undo": {"a": [FAILS, {"durationMs": 5}]},
            "commands": [{"verb": "abort", "undo": True}, {"verb": "resume"}],
        },
    ),
    "aborted for good": (CHAIN, {"outcomes": {"b": [FAILS]}, "commands": [{"verb": "abort"}]}),
    "instances": (FOREACH, {"outcomes": {"each": [{"output": 1}], "each[1]": [{"output": 2, "durationMs": 5}]}}),
    "one instance retried": (
        FOREACH,
        {"outcomes": {"each[1]": [FAILS, {"output": 2}]}, "commands": [{"verb": "retry", "step": "each[1]"}]},
    ),
    "several instances retried": (
        FOREACH,
        {
            "outcomes": {"each[0]": [FAILS, {"output": 1}], "each[2]": [FAILS, {"output": 3}]},
            "commands": [{"verb": "retry", "step": "each"}],
        },
    ),
    "a child that fails once": (
        NESTED,
        {"outcomes": {"kpi/second": [FAILS], "kpi@2/second": [{"output": 1}]}, "decisions": {"kpi/first": ["approve"]}},
    ),
    "a checkpoint of a child that lapses": (NESTED, {"decisions": {"kpi/first": ["lapse"]}}),
    "a child whose checkpoint rejects": (NESTED, {"decisions": {"kpi/first": ["reject"], "kpi@2/first": ["approve"]}}),
    "from the cache": (CHAIN, {"outcomes": {"b": [{"from": "cache", "output": {"x": 1}}]}}),
    "contents that a contract looks at": (
        CONTRACT,
        {"outcomes": {"a": [{"artifacts": {"t.csv": {"text": "a,b\n1,2\n"}, "v.json": {"text": "{}"}}}]}},
    ),
}


def exported(kept: Kept) -> Outcomes:
    return outcomes_of(kept, verify(kept))


@pytest.mark.parametrize("case", CASES)
def test_played_again_it_comes_to_the_same(case: str) -> None:
    text, outcomes = CASES[case]
    kept = played(text, outcomes)
    written = exported(kept)
    assert written.semantic_digest is not None
    again = played(text, read_outcomes(written.to_value()).to_value())
    assert exported(again).semantic_digest == written.semantic_digest
    assert exported(again).to_value() == written.to_value()


def test_it_says_what_happened() -> None:
    written = exported(played(REVIEW, REVIEW_OUTCOMES)).to_value()
    assert written["outcomes"]["extract"][0] == {"exitCode": 75, "reason": "rate limit", "durationMs": 300}
    assert written["outcomes"]["kpi/each[1]"] == [{"output": 1, "durationMs": 200}]
    assert written["outcomes"]["publish"][0]["receipt"]["changes"] == ["page"]
    assert written["decisions"]["summary"] == [
        {"decision": "modify", "modifications": {"tone": "formal"}, "afterMs": 3_600_000, "by": "mara"},
        {"decision": "approve", "afterMs": 2000, "by": "mara", "comment": "fine"},
    ]
    assert written["orchestration"] == "review 2.0.0"


def test_contents_are_written_only_where_a_contract_looks_at_them() -> None:
    text, outcomes = CASES["contents that a contract looks at"]
    artifacts = exported(played(text, outcomes)).to_value()["outcomes"]["a"][0]["artifacts"]
    assert artifacts == {"t.csv": {"text": "a,b\n1,2\n"}, "v.json": {"text": "{}"}}
    plain = exported(played(REVIEW, REVIEW_OUTCOMES)).to_value()["outcomes"]["extract"][1]["artifacts"]
    assert plain["rows.csv"].startswith("blake3:")
