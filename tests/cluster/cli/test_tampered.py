"""Somebody wrote to what a run left on a cluster: `verify` says what is wrong and where, all of it, and ends with 8."""

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cluster.cli.terminal import Terminal
from tests.cluster.operators import Bench, orchestration, run, shell_agent

Json = dict[str, Any]

SMALL = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
LARGE = 'printf \'{"text": "%04000d"}\' 7 > $LIBRETTO_DIR/output.json'
WIDTH = 20
"""Steps beside the first: their records do not fit into the status any more."""


@pytest.fixture(scope="module")
def name(bench: Bench) -> str:
    """A run that has ended, with a sealed ledger and a result that is too large to lie beside it; and another run."""
    bench.apply(shell_agent("small", SMALL), shell_agent("large", LARGE))
    wide = [{"id": f"s{number}", "agent": "small"} for number in range(WIDTH)]
    bench.apply(
        orchestration("wide", {"id": "big", "agent": "large"}, *wide),
        orchestration("lean", {"id": "a", "agent": "small"}),
        run("w", "wide", maxParallel=10),
        run("other", "lean"),
    )
    status = bench.until_state("w")
    assert (status["state"], status["sealed"]["count"] > 0) == ("Succeeded", True)
    bench.until_state("other", "Succeeded")
    return "w"


def maps(bench: Bench, kind: str) -> list[Json]:
    """The ConfigMaps of a kind that belong to the run."""
    found = bench.all("configmaps", f"libretto.dev/kind={kind}")
    return [one for one in found if any(owner["name"] == "w" for owner in one["metadata"].get("ownerReferences", []))]


def result(bench: Bench) -> Json:
    """The ConfigMap of the large result; what its courier handed over is another."""
    (found,) = [one for one in maps(bench, "blob") if unpacked(one, "content").startswith(b'{"artifacts"')]
    return found


def definition(bench: Bench) -> Json:
    """The ConfigMap of what the run executes."""
    snapshot = bench.get("run", "w")["status"]["snapshot"]
    found = bench.all("configmaps", "app.kubernetes.io/managed-by=libretto")
    (one,) = [one for one in found if one["metadata"]["annotations"].get("libretto.dev/digest") == snapshot]
    return one


def forced(bench: Bench, body: Json) -> None:
    """What cannot be changed is made anew."""
    clean = {name: body["metadata"][name] for name in ("name", "labels", "annotations") if name in body["metadata"]}
    clean["ownerReferences"] = body["metadata"].get("ownerReferences", [])
    bench.kubectl("delete", "configmap", clean["name"], "--ignore-not-found")
    bench.kubectl("create", "-f", "-", input=json.dumps({**body, "metadata": clean}))


@contextmanager
def damaged(bench: Bench, body: Json, damage: Callable[[Json], None] | None) -> Iterator[None]:
    """Change a ConfigMap, or delete it, and put it back afterwards."""
    if damage is None:
        bench.kubectl("delete", "configmap", body["metadata"]["name"])
    else:
        changed = json.loads(json.dumps(body))
        damage(changed)
        forced(bench, changed)
    try:
        yield
    finally:
        forced(bench, body)


def unpacked(body: Json, member: str) -> bytes:
    return zlib.decompress(base64.b64decode(body["binaryData"][member]))


def packed(member: str, change: Callable[[bytes], bytes]) -> Callable[[Json], None]:
    """Change what lies packed in a ConfigMap."""

    def damage(body: Json) -> None:
        content = change(unpacked(body, member))
        body["binaryData"][member] = base64.b64encode(zlib.compress(content)).decode()

    return damage


def torn(body: Json) -> None:
    for member in body["binaryData"]:
        body["binaryData"][member] = base64.b64encode(b"torn").decode()


def findings(admin: Terminal, name: str) -> list[Json]:
    (found,) = json.loads(admin.libretto("verify", name, "-o", "json", code=8).out)
    assert found["sound"] is False
    listed: list[Json] = found["findings"]
    return listed


@pytest.mark.requirement("ENG-059")
def test_a_result_that_was_changed_or_deleted(bench: Bench, admin: Terminal, name: str) -> None:
    blob = result(bench)
    place = blob["metadata"]["name"]
    with damaged(bench, blob, packed("content", lambda content: content.replace(b"7", b"8"))):
        said = admin.libretto("verify", name, code=8)
        assert said.err == ""
        assert said.lines[0].startswith("run w: BROKEN at record ")
        assert said.lines[0].endswith(" (big succeeded)")
        assert f"the result cannot be read from namespace {bench.namespace}: ConfigMap {place} holds" in said.out
        assert "somebody wrote to it" in said.lines[1]
        assert said.lines[2].startswith("  the chain of ")
        assert "only a sound run is exported" in admin.libretto("export", name, code=8).err
    with damaged(bench, blob, torn):
        (finding,) = findings(admin, name)
        assert f"ConfigMap {place} cannot be decompressed" in finding["problem"]
    with damaged(bench, blob, lambda body: body["metadata"]["annotations"].update({"libretto.dev/parts": "2"})):
        (finding,) = findings(admin, name)
        assert f"ConfigMap {place}-1, part 2 of 2, is not there" in finding["problem"]
    with damaged(bench, blob, lambda body: body.pop("binaryData")):
        (finding,) = findings(admin, name)
        assert f"ConfigMap {place} has no content" in finding["problem"]
    with damaged(bench, blob, None):
        (finding,) = findings(admin, name)
        assert place in finding["problem"]
        assert "may lie in a bucket or libretto-store" in finding["problem"]
    assert ": sound. " in admin.libretto("verify", name).lines[0]


@pytest.mark.requirement("ENG-059")
def test_a_shard_that_was_changed_or_deleted(bench: Bench, admin: Terminal, name: str) -> None:
    shard = maps(bench, "shard")[0]
    place, last = shard["metadata"]["name"], int(shard["metadata"]["annotations"]["libretto.dev/last"])
    with damaged(bench, shard, packed("records", lambda records: records.replace(b'"attempt":1', b'"attempt":2', 1))):
        first, second = findings(admin, name)
        assert "its bytes were changed" in first["problem"]
        assert 0 < first["record"] <= last
        assert f"ConfigMap {place} (records 0 to {last})" in second["problem"]
        assert "does not match its digest" in second["problem"]
    with damaged(bench, shard, torn):
        said = admin.libretto("verify", name, code=8)
        assert said.lines[0] == "run w: BROKEN at record 0"
        assert f"ConfigMap {place} (records 0 to {last})" in said.lines[1]
    with damaged(bench, shard, lambda body: body["metadata"].pop("annotations")):
        (finding,) = findings(admin, name)
        assert f"ConfigMap {place} (records ? to ?) does not say what it holds" in finding["problem"]
    with damaged(bench, shard, None):
        (finding,) = findings(admin, name)
        assert (finding["record"], "it was deleted or renamed" in finding["problem"]) == (0, True)
    assert ": sound. " in admin.libretto("verify", name).lines[0]


@pytest.mark.requirement("ENG-059")
def test_no_damage_hides_another_or_what_is_sound(bench: Bench, admin: Terminal, name: str) -> None:
    snapshot, blob, shard = definition(bench), result(bench), maps(bench, "shard")[0]
    with damaged(bench, snapshot, None), damaged(bench, blob, torn), damaged(bench, shard, torn):
        problems = [one["problem"] for one in findings(admin, name)]
        assert snapshot["metadata"]["name"] in problems[0]
        assert any(shard["metadata"]["name"] in one for one in problems)
        said = admin.libretto("verify", code=8)
        assert said.lines[0].startswith("BROKEN: 1 of ")
        assert any(line.startswith("  run other ") and ": sound. " in line for line in said.lines)
    with damaged(bench, snapshot, torn), damaged(bench, blob, torn):
        problems = [one["problem"] for one in findings(admin, name)]
        assert [snapshot["metadata"]["name"] in problems[0], blob["metadata"]["name"] in problems[1]] == [True, True]
        assert len(problems) == 2
    assert ": sound. " in admin.libretto("verify", name).lines[0]
