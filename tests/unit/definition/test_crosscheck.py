"""Definitions that are used together fit together."""

import pytest

from controller.definition.validate import check_together
from controller.model.document import Document
from tests.unit.definition.reading import documents

AGENT = "apiVersion: libretto.dev/v1alpha1\nkind: Agent\nmetadata: {name: NAME}\nspec: {process: {argv: [a]}MORE}\n"


def agent(name: str, more: str = "") -> str:
    return AGENT.replace("NAME", name).replace("MORE", more)


def plays(name: str, *children: str, more: str = "", version: str = "1.0.0") -> str:
    steps = ", ".join(
        f"{{id: s{index}, type: orchestration, orchestration: {{name: {child}}}}}"
        for index, child in enumerate(children)
    )
    steps = steps or "{id: a, agent: worker}"
    return f"orchestration: {{name: {name}, version: {version}, steps: [{steps}]{more}}}\n"


def said(**files: str) -> list[str]:
    """Problems of files, by name, in the order given."""
    read: list[Document] = [document for name, text in files.items() for document in documents(text, f"{name}.yaml")]
    return [
        f"{problem.location.file[:-5]}:{problem.location.line}:{problem.location.column} {problem.message}"
        + (f" ({problem.hint})" if problem.hint else "")
        for problem in check_together(read).problems
    ]


CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "all there": ({"w": agent("worker"), "one": plays("one", "two"), "two": plays("two")}, []),
    "an unknown agent": (
        {"w": agent("woker"), "one": plays("one")},
        ['one:1:67 no agent "worker" in organization "global" (did you mean "woker"?)'],
    ),
    "an agent of another organization": (
        {"w": agent("worker", ", organization: other"), "one": plays("one")},
        [
            (
                'one:1:67 no agent "worker" in organization "global" '
                '(there is one in "other": name it in the step\'s `organization`)'
            )
        ],
    ),
    "a mode that the agent does not have": (
        {"w": agent("worker", ", modes: [PLAN]"), "one": plays("one")},
        ['one:1:52 agent "worker" does not work in mode BUILD (it knows PLAN)'],
    ),
    "an unknown orchestration": (
        {"w": agent("worker"), "one": plays("one", "tvo"), "two": plays("two")},
        ['one:1:104 no orchestration "tvo" (did you mean "two"?)'],
    ),
    "itself": (
        {"one": plays("one", "one")},
        ["one:1:104 one 1.0.0 plays itself: one 1.0.0 -> one 1.0.0"],
    ),
    "itself by a way round": (
        {"one": plays("one", "two"), "two": plays("two", "one")},
        [
            "one:1:104 one 1.0.0 plays itself: one 1.0.0 -> two 1.0.0 -> one 1.0.0",
            "two:1:104 two 1.0.0 plays itself: two 1.0.0 -> one 1.0.0 -> two 1.0.0",
        ],
    ),
    "the same name and version twice": (
        {"w": agent("worker"), "one": plays("one"), "again": plays("one"), "next": plays("one", version="1.0.1")},
        ["again:1:37 one 1.0.0 is defined in one.yaml already (give it another version or name)"],
    ),
    "the same agent twice": (
        {"w": agent("worker"), "v": agent("worker")},
        ['v:3:18 agent "worker" is defined in w.yaml already (give it another slug)'],
    ),
    "parameters of a child": (
        {
            "w": agent("worker"),
            "one": "orchestration: {name: one, steps: [{id: s, type: orchestration, orchestration: {name: two, "
            "parameters: {topik: 1, extra: 2}}}]}\n",
            "two": plays("two", more=", parameters: [{key: topic, required: true}, {key: need, required: true}]"),
        },
        [
            'one:1:92 two 1.0.0 needs the parameter "need" (add "need" under parameters)',
            'one:1:105 two 1.0.0 has no parameter "topik" (did you mean "topic"?)',
            'one:1:115 two 1.0.0 has no parameter "extra"',
        ],
    ),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_between_files(files: dict[str, str], expected: list[str]) -> None:
    found = said(**files)
    assert found == expected


def test_nesting_has_a_limit() -> None:
    deep = {f"d{level}": plays(f"d{level}", f"d{level + 1}") for level in range(6)}
    right = said(w=agent("worker"), **{name: text for name, text in deep.items() if name != "d0"}, d6=plays("d6"))
    wrong = said(w=agent("worker"), **deep, d6=plays("d6"))
    assert right == []
    assert len(wrong) == 1
    assert "orchestrations are nested more than 5 levels deep: d0 1.0.0 -> d1 1.0.0" in wrong[0]


def test_a_file_with_errors_is_still_known_to_others() -> None:
    found = said(w=agent("worker"), one=plays("one", "two"), two=plays("two", more=", timeout: soon"))
    assert len(found) == 1
    assert found[0].startswith("two:")


def test_only_sound_definitions_come_out() -> None:
    read = [*documents(plays("one", more=", timeout: soon")), *documents(plays("two")), *documents(agent("worker"))]
    checked = check_together(read)
    assert [one.spec.name for one in checked.orchestrations] == ["two"]
    assert [one.spec.slug for one in checked.agents] == ["worker"]
