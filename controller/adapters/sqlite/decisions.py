"""What people decided and commanded, as rows that one terminal inserts and another one answers."""

import json
import sqlite3
from collections.abc import Sequence

from controller.adapters.sqlite.database import Database
from controller.model.decision import Answer, Command, Decision
from controller.model.record import Actor
from controller.model.states import Verb, Verdict


class SqliteDecisionSource:
    """DecisionSource over the state database. A submission is committed at once, answers with the group."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[int, Answer] = {}
        self._submitted = True
        self._seen = -1
        database.join(self)

    def submit(self, decision: Decision | Command) -> int:
        body = decision._asdict()
        del body["id"], body["run"]
        kind = "decision" if isinstance(decision, Decision) else "command"
        with self._database.transaction() as connection:
            done = connection.execute(
                "INSERT INTO decisions (run, kind, body) VALUES (?, ?, ?)", (decision.run, kind, json.dumps(body))
            )
        self._submitted = True
        assert done.lastrowid is not None
        return done.lastrowid

    def pending(self, run: str) -> Sequence[Decision | Command]:
        rows = self._database.rows(
            "SELECT id, run, kind, body FROM decisions WHERE run = ? AND answered = 0 ORDER BY id", (run,)
        )
        return [_parse(*row) for row in rows if row[0] not in self._waiting]

    def answer(self, answers: Sequence[Answer]) -> None:
        if answers:
            self._database.wait()
            # The first answer stays: the record that it names is in the ledger.
            for answer in answers:
                self._waiting.setdefault(answer.id, answer)

    def answered(self, decision: int) -> Answer | None:
        rows = self._database.rows("SELECT answered, record, refusal FROM decisions WHERE id = ?", (decision,))
        if rows and rows[0][0]:
            return Answer(decision, *rows[0][1:])
        return self._waiting.get(decision)

    def changed(self) -> bool:
        seen = self._database.foreign_commits()
        changed = self._submitted or seen != self._seen
        self._submitted, self._seen = False, seen
        return changed

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, inside the group's transaction."""
        connection.executemany(
            "UPDATE decisions SET answered = 1, record = ?, refusal = ? WHERE id = ? AND answered = 0",
            [(answer.record, answer.refusal, answer.id) for answer in self._waiting.values()],
        )

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting.clear()


def _parse(identity: int, run: str, kind: str, text: str) -> Decision | Command:
    body = json.loads(text)
    body["actor"] = Actor(*body["actor"])
    if kind == "decision":
        body["others"] = tuple(body.get("others", ()))
        return Decision(**body | {"id": identity, "run": run, "verdict": Verdict(body["verdict"])})
    return Command(**body | {"id": identity, "run": run, "verb": Verb(body["verb"])})
