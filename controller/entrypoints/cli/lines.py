"""For programs: one JSON line per record while it happens, then the result; as YAML only the result."""

import sys
from collections.abc import Sequence
from typing import Any

import orjson

from controller.entrypoints.cli.facts import Facts, facts_of, gate_facts
from controller.entrypoints.cli.next_steps import next_steps
from controller.entrypoints.cli.outlet import Outlet
from controller.entrypoints.cli.presenter import Ending, Found, Tree
from controller.machine.chain import Link
from controller.model.attempt import AttemptKey
from controller.runtime.contents import Contents
from controller.runtime.member import Member


class JsonLines:
    """Presenter for programs."""

    shows_progress = False

    def __init__(self, form: str, outlet: Outlet | None = None) -> None:
        self._form = form
        self._out = outlet or Outlet()
        self._tree: Tree | None = None

    def opened(self, tree: Tree, _: Found | None) -> None:
        self._tree = tree

    def records(self, member: Member, links: Sequence[Link]) -> None:
        if self._form == "yaml":
            return
        assert self._tree is not None
        if links and links[0].record.seq == 1:
            # The record of the creation is written before anybody drives.
            first = next(iter(self._tree.session.local.stores.ledger.read(member.spec.uid)))
            self._record(member, first)
        for link in links:
            self._record(member, link.content)

    def _record(self, member: Member, content: bytes) -> None:
        line = {"run": member.spec.uid, "orchestration": member.spec.orchestration, "record": orjson.loads(content)}
        self._out.line(orjson.dumps(line).decode())

    def progress(self, member: Member, key: AttemptKey, done: int, total: int) -> None:
        """Nothing: progress is no record."""

    def tick(self, prompt: str | None) -> None:
        """Nothing moves."""

    def note(self, text: str) -> None:
        """Tell it where it does not stand between the records."""
        sys.stderr.write(f"libretto: {text}\n")

    def left(self) -> None:
        """Nothing to give back."""

    def closed(self, ending: Ending, code: int) -> None:
        assert self._tree is not None
        value = {"result": result_of(self._tree, facts_of(self._tree), ending, code)}
        if self._form == "yaml":
            import yaml

            self._out.write(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
        else:
            self._out.line(orjson.dumps(value).decode())


def result_of(tree: Tree, facts: Facts, ending: Ending, code: int) -> dict[str, Any]:
    """Return what a run came to, for programs."""
    from controller.engine.semantic import semantic_digest

    member, state = tree.top, tree.top.state
    outputs = Contents(tree.session.local.stores.blobs).get(state.outputs) if state.outputs is not None else None
    return {
        "run": member.spec.uid,
        "orchestration": member.spec.orchestration,
        "version": member.spec.version,
        "state": str(state.run),
        "reason": state.reason or None,
        "message": state.message or None,
        "suspended": state.suspended,
        "ending": str(ending),
        "exitCode": code,
        "durationMs": facts.took_ms,
        "steps": {
            "total": facts.steps,
            "succeeded": state.succeeded,
            "skipped": facts.skipped,
            "failed": state.failed,
            "cached": facts.cached,
            "reused": facts.reused,
        },
        "childRuns": facts.children,
        "approvals": facts.approvals,
        "retries": facts.retries,
        "records": state.chain.next,
        "head": state.chain.head,
        "semanticDigest": semantic_digest(state) if state.run.settled else None,
        "outputs": outputs,
        "gates": [gate_facts(gate) for gate in facts.gates],
        "failures": [
            {
                "step": failure.path,
                "run": failure.run,
                "attempts": failure.attempts,
                "reason": failure.reason,
                "log": failure.log,
            }
            for failure in facts.failures
        ],
        "remaining": [{"step": step, "reason": reason} for step, reason in facts.remaining],
        "next": [{"command": step.command, "effect": step.effect} for step in next_steps(tree, facts, ending)],
    }
