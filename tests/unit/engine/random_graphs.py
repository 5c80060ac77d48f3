"""Random graphs, small enough to be read when one of them breaks something."""

import itertools
from typing import Any

from hypothesis import strategies as st

from controller.model.graph import Graph, GraphGate, GraphStep, RetryPolicy
from tests.unit.engine.graphs import GATE, OPTIONAL, graph

LETTERS = "abcdef"

RETRIES = (
    RetryPolicy(),
    RetryPolicy(max_attempts=2, allow_skip=True),
    RetryPolicy(max_attempts=3, linear=True, non_retryable=frozenset({3})),
)

MEMBERS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"foreach": True},
    {"child": True},
    {"gate": GATE},
    {"gate": OPTIONAL},
    {"gate": GraphGate("which?", actions=("approve", "modify"), timeout_ms=5_000)},
    {"foreach": True, "gate": GATE},
    {"timeout_ms": 3_000},
    {"foreach": True, "timeout_ms": 3_000},
    {"at_most_once": True},
    {"slots": (("agent/x", 1),)},
    {"slots": (("agent/x", 1),), "at_most_once": True},
    {"reversible": False},
    {"undo": True},
    {"child": True, "foreach": True},
)


@st.composite
def graphs(draw: st.DrawFn, *, orderly: bool = False) -> Graph:
    """Draw a graph; an orderly one has nothing in it whose result hangs on the order of finishing."""
    count = draw(st.integers(1, len(LETTERS)))
    phased = draw(st.booleans())
    cuts = sorted(draw(st.sets(st.integers(1, count - 1), max_size=2))) if phased and count > 1 else []
    words, each = [], {}
    for number in range(count):
        needs = draw(st.sets(st.sampled_from(LETTERS[:number]), max_size=3)) if number else set()
        words.append(LETTERS[number] + ("<-" + ",".join(sorted(needs)) if needs else ""))
        members = dict(draw(st.sampled_from(MEMBERS)).items())
        if orderly:
            members.pop("timeout_ms", None)
        each[LETTERS[number]] = {"retry": draw(st.sampled_from(RETRIES)), **members}
    run: dict[str, Any] = {"max_parallel": draw(st.sampled_from([1, 2, 1000]))}
    if not orderly:
        run |= {
            "fail_fast": draw(st.booleans()),
            "timeout_ms": draw(st.sampled_from([None, 9_000])),
        }
    run |= {"shared": draw(st.sampled_from([(), (("attempts", 2),)]))}
    run |= {"automatic_undo": draw(st.booleans()), "outputs": draw(st.booleans())}
    phases: dict[str, Any] = {}
    text = " ".join(words)
    if phased:
        text, phases = _phased(draw, words, cuts, orderly=orderly)
    finalizers = draw(st.sampled_from(["", "z", "z y<-z"]))
    return graph(text, each, finalizers=finalizers, phases=phases, **run)


def _phased(draw: st.DrawFn, words: list[str], cuts: list[int], *, orderly: bool) -> tuple[str, dict[str, Any]]:
    bounds = [0, *cuts, len(words)]
    text, phases = "", {}
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        name = f"p{number}"
        beside = number and draw(st.booleans()) and not _crosses(words[bounds[number - 1] : end], words[start:end])
        text += ("||" if beside else ";") * bool(number) + f"{name}: " + " ".join(words[start:end])
        phases[name] = {
            "conditional": draw(st.booleans()),
            "max_parallel": draw(st.sampled_from([None, 1, 2])),
            "timeout_ms": None if orderly else draw(st.sampled_from([None, 6_000])),
        }
    return text, phases


def _crosses(earlier: list[str], members: list[str]) -> bool:
    """Whether members of a phase wait for the phase beside it, which may be but orders them only by dependencies."""
    names = {word[0] for word in earlier}
    return any(set(word.partition("<-")[2].split(",")) & names for word in members)


def sketch(drawn: Graph) -> str:
    """Return what differs from the simplest graph, to be read in a failure."""
    plain, lines = GraphStep("", 0), []
    for step in drawn.steps:
        members = {
            name: getattr(step, name) for name in GraphStep.__slots__ if getattr(step, name) != getattr(plain, name)
        }
        lines.append(
            str({name: value for name, value in members.items() if name not in ("index", "needs", "successors")})
        )
    return "\n".join([*lines, *map(str, drawn.phases), str(drawn._replace(steps=(), phases=(), digest=""))])
