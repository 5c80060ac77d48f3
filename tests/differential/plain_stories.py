"""Stories about outputs, retries, conditions, lists, phases, contracts, time and the cache."""

from typing import Any

from tests.differential.story import Story, orchestration, retrying

_OUT = {"input": {"payload": {"from": "{{ steps.a }}"}}, "dependsOn": ["a"]}
_TIDY: dict[str, Any] = {"finally": [{"id": "tidy", "agent": "worker"}]}
_RECEIPT = {"changes": ["a row"], "undo": {"input": {"row": 7}, "reversible": True}}

RETRIES = {
    "an output goes on": Story(
        [orchestration({"id": "a"}, {"id": "b", **_OUT}, outputs={"last": "{{ steps.b.n }}"})],
        {"a": [{"output": {"n": 1}}], "b": [{"output": {"n": 2}}]},
    ),
    "delays double": Story(
        [orchestration({"id": "a", "retry": retrying(3, backoffMultiplier=2)}, {"id": "b", **_OUT})],
        {"a": [{"exitCode": 1}, {"exitCode": 2}, {"output": 3}]},
    ),
    "delays grow by the same": Story(
        [orchestration({"id": "a", "retry": retrying(3, strategy="linear")}, {"id": "b", **_OUT})],
        {"a": [{"exitCode": 1}, {"exitCode": 1}, {"output": [1, 2.5, "x"]}]},
    ),
    "all attempts are used": Story(
        [orchestration({"id": "a", "retry": retrying(2)}, {"id": "b", **_OUT}, {"id": "c"})],
        {"a": [{"exitCode": 1}], "c": [{"output": "still"}]},
        verdict="Failed",
    ),
    "wrong usage is not tried again": Story(
        [orchestration({"id": "a", "retry": retrying(3)})], {"a": [{"exitCode": 64}]}, verdict="Failed"
    ),
    "a code of the definition is not tried again": Story(
        [orchestration({"id": "a", "retry": retrying(3, nonRetryable=[3])})],
        {"a": [{"exitCode": 75}, {"exitCode": 3}]},
        verdict="Failed",
    ),
    "a receipt of a failed attempt": Story(
        [orchestration({"id": "a", "retry": retrying(2)})],
        {"a": [{"exitCode": 1, "receipt": _RECEIPT}, {"output": 1, "receipt": _RECEIPT}]},
    ),
    "intent first": Story([orchestration({"id": "a", "launch": "AtMostOnce"})], {"a": [{"output": {"once": True}}]}),
    "a person tries again with changes": Story(
        [orchestration({"id": "a", "input": {"payload": {"x": 1}}}, {"id": "b", **_OUT})],
        {"a": [{"exitCode": 1}, {"output": "better"}]},
        commands=[{"verb": "retry", "step": "a", "modifications": {"x": 2}}],
    ),
    "a person goes on without": Story(
        [orchestration({"id": "a", "retry": retrying(1, allowSkip=True)}, {"id": "b", **_OUT})],
        {"a": [{"exitCode": 1}], "b": [{"output": "from nothing"}]},
        commands=[{"verb": "skip", "step": "a", "output": {"instead": 1}}],
    ),
}

CONDITIONS = {
    "a condition on an output": Story(
        [
            orchestration(
                {"id": "a"},
                {"id": "yes", "when": "steps.a.n > 1", **_OUT},
                {"id": "no", "when": "steps.a.n > 5", **_OUT},
                {"id": "after", "dependsOn": ["yes", "no"], "input": {"payload": {"got": "{{ steps.no }}"}}},
            )
        ],
        {"a": [{"output": {"n": 2}}]},
    ),
    "a condition that cannot be evaluated": Story(
        [orchestration({"id": "a"}, {"id": "b", "when": "steps.a.n > 1", "dependsOn": ["a"]})],
        {"a": [{"output": "text"}]},
        verdict="Failed",
    ),
    "phases": Story(
        [
            orchestration(
                {"id": "a", "phase": "one"},
                {"id": "b", "phase": "two", "dependsOn": ["a"]},
                {"id": "c", "phase": "three"},
                {"id": "d", "phase": "left"},
                {"id": "e", "phase": "right"},
                phases=[
                    {"id": "one"},
                    {"id": "two", "when": "steps.a.go"},
                    {"id": "three", "when": "!steps.a.go"},
                    {"parallel": [{"id": "left"}, {"id": "right", "maxParallel": 1}]},
                ],
            )
        ],
        {"a": [{"output": {"go": True}}], "d": [{"sleepMs": 60}]},
    ),
    "a list": Story(
        [
            orchestration(
                {"id": "a"},
                {
                    "id": "each",
                    "dependsOn": ["a"],
                    "foreach": "steps.a.items",
                    "input": {"payload": {"item": "{{ item.x }}", "index": "{{ index }}"}},
                    "retry": retrying(2),
                },
                {"id": "b", "dependsOn": ["each"], "input": {"payload": {"all": "{{ steps.each }}"}}},
            )
        ],
        {
            "a": [{"output": {"items": [{"x": 1}, {"x": 2}, {"x": 3}]}}],
            "each": [{"output": {"done": True}}],
            "each[1]": [{"exitCode": 1}, {"output": {"done": "at last"}}],
        },
    ),
    "an instance fails, and a person tries again": Story(
        [orchestration({"id": "each", "foreach": "[1, 2]", "input": {"payload": {"n": "{{ item }}"}}})],
        {"each": [{"output": 1}], "each[0]": [{"exitCode": 1}, {"output": 2}]},
        commands=[{"verb": "retry", "step": "each"}],
    ),
    "an empty list": Story([orchestration({"id": "each", "foreach": "[]"}, {"id": "b", "dependsOn": ["each"]})]),
    "afterwards": Story(
        [orchestration({"id": "a"}, {"id": "b", **_OUT}, **_TIDY)],
        {"a": [{"exitCode": 1}]},
        verdict="Failed",
    ),
    "afterwards something fails": Story(
        [orchestration({"id": "a"}, **_TIDY)],
        {"tidy": [{"exitCode": 1}]},
        verdict="Failed",
    ),
}

_NUMBER = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
_CSV = {"artifacts": [{"name": "rows.csv", "transform": "csv-to-json"}]}

CONTRACTS = {
    "a broken answer": Story([orchestration({"id": "a"})], {"a": [{"raw": '{"n": '}]}, verdict="Failed"),
    "an output that breaks its contract": Story(
        [orchestration({"id": "a", "contract": {"schema": _NUMBER}}, {"id": "b", **_OUT})],
        {"a": [{"output": {"n": "one"}}]},
        verdict="Failed",
    ),
    "an artifact that is missing": Story(
        [orchestration({"id": "a", "contract": {"artifacts": [{"name": "rows.csv"}]}})],
        {"a": [{"output": 1}]},
        verdict="Failed",
    ),
    "an artifact on its way": Story(
        [orchestration({"id": "a", "contract": _CSV}, {"id": "b", **_OUT})],
        {"a": [{"output": 1, "artifacts": {"rows.csv": {"text": "id,n\n1,2\n"}, "plain.txt": {"text": "plain"}}}]},
    ),
    "what stands in for a skipped output breaks its contract": Story(
        [
            orchestration(
                {"id": "a", "contract": {"artifacts": [{"name": "rows.csv"}]}, "retry": retrying(1, allowSkip=True)},
                {"id": "b", **_OUT},
            )
        ],
        {"a": [{"exitCode": 1}]},
        commands=[{"verb": "skip", "step": "a", "output": {"n": 1}}],
        verdict="Failed",
    ),
    "an answer is mapped": Story(
        [orchestration({"id": "a", "outputMapping": {"n": "$.deep[0].n"}}, {"id": "b", **_OUT})],
        {"a": [{"answer": {"deep": [{"n": 4}], "rest": None}}]},
    ),
    "an agent says what it takes and gives": Story(
        [
            orchestration(
                {"id": "a", "agent": "strict", "input": {"payload": {"n": 1}}},
                {"id": "b", "agent": "strict", "dependsOn": ["a"], "input": {"payload": {"n": "{{ steps.a.text }}"}}},
            )
        ],
        {"a": [{"output": {"n": 1, "text": "no number"}}]},
        agents=[{"slug": "strict", "inputSchema": _NUMBER, "outputSchema": _NUMBER}],
        verdict="Failed",
    ),
    "an attempt takes too long": Story(
        [orchestration({"id": "a", "attemptTimeout": "300ms", "retry": retrying(2)})],
        {"a": [{"sleepMs": 5000}, {"output": "quick"}]},
    ),
    "a step takes too long": Story(
        [orchestration({"id": "a", "timeout": "400ms", "retry": retrying(3)}, {"id": "b", **_OUT})],
        {"a": [{"sleepMs": 5000}]},
        verdict="Failed",
    ),
    "equal work is done once": Story(
        [
            orchestration(
                {"id": "a", "input": {"payload": {"q": 1}}},
                {"id": "again", "input": {"payload": {"q": 1}}, "when": "steps.a.n > 0", "dependsOn": ["a"]},
                {"id": "other", "input": {"payload": {"q": 2}}, "dependsOn": ["a"]},
                execution={"caching": {"enabled": True}},
            )
        ],
        {"a": [{"output": {"n": 1}}], "other": [{"output": {"n": 2}}]},
    ),
}
