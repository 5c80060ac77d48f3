"""Stories about people: checkpoints, undo, and what they command of child runs."""

from typing import Any

from tests.differential.story import Story, orchestration, retrying

_GATE = {"checkpointAfter": {"question": "good?"}}
_NEXT = {"id": "b", "dependsOn": ["a"], "input": {"payload": {"from": "{{ steps.a }}"}}}
_AUTOMATIC: dict[str, Any] = {"errorHandling": {"rollback": {"automatic": True}}}


def _receipt(row: int, **undo: object) -> dict[str, object]:
    return {"changes": [f"row {row}"], "undo": {"input": {"row": row}, "reversible": True, **undo}}


GATES = {
    "approved": Story(
        [orchestration({"id": "a", **_GATE}, _NEXT)], {"a": [{"output": 1}]}, decisions={"a": ["approve"]}
    ),
    "modified twice": Story(
        [orchestration({"id": "a", "input": {"payload": {"tone": "plain"}}, **_GATE}, _NEXT)],
        {"a": [{"output": 1}, {"output": 2}, {"output": 3}]},
        decisions={"a": [{"modify": {"tone": "warm"}}, {"modify": {"more": [1]}}, "approve"]},
    ),
    "rejected": Story(
        [orchestration({"id": "a", **_GATE}, _NEXT)],
        {"a": [{"output": 1}]},
        decisions={"a": ["reject"]},
        verdict="Aborted",
    ),
    "nobody decides, which is no matter": Story(
        [orchestration({"id": "a", "checkpointAfter": {"required": False, "autoTimeout": 1}}, _NEXT)],
        {"a": [{"output": 1}]},
        decisions={"a": ["lapse"]},
    ),
    "nobody decides, so it is rejected": Story(
        [orchestration({"id": "a", "checkpointAfter": {"autoTimeout": 1}}, _NEXT)],
        {"a": [{"output": 1}]},
        decisions={"a": ["lapse"]},
        verdict="Aborted",
    ),
    "a failed step is modified with a new budget": Story(
        [orchestration({"id": "a", "retry": retrying(2), **_GATE}, _NEXT)],
        {"a": [{"exitCode": 1}, {"output": 1}, {"exitCode": 1}, {"output": 2}]},
        decisions={"a": [{"modify": {"x": 1}}, "approve"]},
    ),
}

UNDO = {
    "a failed run is undone": Story(
        [
            orchestration(
                {"id": "a"},
                _NEXT,
                {"id": "c", "dependsOn": ["b"]},
                **_AUTOMATIC,
            )
        ],
        {"a": [{"output": 1, "receipt": _receipt(1)}], "b": [{"receipt": _receipt(2)}], "c": [{"exitCode": 1}]},
        verdict="RolledBack",
    ),
    "the definition says how": Story(
        [orchestration({"id": "a", "undo": {"input": {"drop": "all"}}}, _NEXT, **_AUTOMATIC)],
        {"b": [{"exitCode": 1}]},
        verdict="RolledBack",
    ),
    "what is irreversible remains": Story(
        [orchestration({"id": "a", "reversible": False}, _NEXT, {"id": "c", "dependsOn": ["b"]}, **_AUTOMATIC)],
        {"b": [{"receipt": _receipt(2, reversible=False, reason="sent")}], "c": [{"exitCode": 1}]},
        verdict="Failed",
    ),
    "an undo is tried again": Story(
        [orchestration({"id": "a", "retry": retrying(2)}, _NEXT, **_AUTOMATIC)],
        {"a": [{"receipt": _receipt(1)}], "b": [{"exitCode": 64}]},
        undo={"a": [{"exitCode": 1}, {}]},
        verdict="RolledBack",
    ),
    "an undo fails": Story(
        [orchestration({"id": "a"}, _NEXT, **_AUTOMATIC)],
        {"a": [{"receipt": _receipt(1)}], "b": [{"exitCode": 64}]},
        undo={"a": [{"exitCode": 65}]},
        verdict="Failed",
    ),
    "a person undoes what succeeded": Story(
        [orchestration({"id": "a"}, _NEXT)],
        {"a": [{"receipt": _receipt(1)}], "b": [{"receipt": _receipt(2)}]},
        commands=[{"verb": "undo"}],
        verdict="RolledBack",
    ),
    "a person aborts and undoes": Story(
        [orchestration({"id": "a"}, _NEXT)],
        {"a": [{"receipt": _receipt(1)}], "b": [{"exitCode": 1}]},
        commands=[{"verb": "abort", "undo": True}],
        verdict="RolledBack",
    ),
    "instances are undone": Story(
        [orchestration({"id": "each", "foreach": "[1, 2]"}, {"id": "b", "dependsOn": ["each"]}, **_AUTOMATIC)],
        {"each": [{"receipt": _receipt(1)}], "each[1]": [{"receipt": _receipt(2)}], "b": [{"exitCode": 1}]},
        verdict="RolledBack",
    ),
}

_CHILD = orchestration(
    {"id": "x", "input": {"payload": {"n": "{{ parameters.n }}"}}},
    {"id": "y", "dependsOn": ["x"]},
    name="child",
    parameters=[{"key": "n"}],
)
_ASKING = orchestration({"id": "x", **_GATE}, {"id": "y", "dependsOn": ["x"]}, name="child", parameters=[{"key": "n"}])
_PLAYS = {"id": "play", "orchestration": {"name": "child", "parameters": {"n": "{{ parameters.n }}"}}}
_PARENT = orchestration(
    _PLAYS,
    {"id": "b", "dependsOn": ["play"], "input": {"payload": {"got": "{{ steps.play.results }}"}}},
    parameters=[{"key": "n", "default": 3}],
)

CHILDREN = {
    "a child run": Story([_PARENT, _CHILD], {"x": [{"output": {"of": "x"}}]}),
    "a child asks": Story(
        [_PARENT, _ASKING],
        {"x": [{"output": 1}, {"output": 2}]},
        decisions={"play/x": [{"modify": {"n": 9}}, "approve"]},
    ),
    "a child is rejected": Story([_PARENT, _ASKING], decisions={"play/x": ["reject"]}, verdict="Failed"),
    "a child fails, and a person tries again": Story(
        [_PARENT, _CHILD],
        # Attempts are counted per child run, so both fail.
        {"y": [{"exitCode": 1}]},
        commands=[{"verb": "retry", "step": "play"}],
        verdict="Failed",
    ),
    "a child is undone": Story(
        [
            orchestration(_PLAYS, {"id": "b", "dependsOn": ["play"]}, parameters=[{"key": "n"}], **_AUTOMATIC),
            _CHILD,
        ],
        {"x": [{"receipt": _receipt(1)}], "y": [{"receipt": _receipt(2)}], "b": [{"exitCode": 1}]},
        verdict="RolledBack",
    ),
    "a child of a child, for each": Story(
        [
            orchestration(
                {
                    "id": "all",
                    "foreach": "[5, 6]",
                    "orchestration": {"name": "middle", "parameters": {"n": "{{ item }}"}},
                }
            ),
            orchestration(
                {"id": "play", "orchestration": {"name": "child", "parameters": {"n": "{{ n }}"}}},
                name="middle",
                parameters=[{"key": "n"}],
            ),
            _CHILD,
        ],
        {"x": [{"output": {"deep": True}}]},
    ),
}
