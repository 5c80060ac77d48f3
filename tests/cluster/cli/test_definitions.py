"""Definitions from files to a cluster: compared, published, run."""

import shutil
from pathlib import Path

import pytest

from tests.cluster.cli.terminal import Terminal
from tests.cluster.operators import ROOT, Bench, orchestration


@pytest.mark.requirement("K8S-030")
def test_diff_publish_and_run_of_files(bench: Bench, admin: Terminal, tmp_path: Path) -> None:
    library = tmp_path / "definitions"
    for name in ("nightly", "agents"):
        shutil.copytree(ROOT / "definitions" / name, library / name)
    path, file = str(library / "nightly"), library / "nightly" / "definition.yaml"
    assert admin.libretto("diff", path, code=1).lines == [
        "new  orchestration nightly 1.0.0  DIGEST",
        "new  agent etl-worker  DIGEST",
        "new  agent mailer  DIGEST",
        "new  agent publisher  DIGEST",
    ]
    refused = admin.libretto("run", path, code=9)
    assert "is not what is published: nightly 1.0.0, agent etl-worker, agent mailer and agent publisher" in refused.err
    assert bench.all("runs") == []
    told = admin.libretto("run", path, "--publish", "--param", "mode=upsert").lines
    assert told[0] == "published etl-worker, mailer, publisher and nightly 1.0.0"
    assert admin.libretto("diff", path).lines[0] == "same  orchestration nightly 1.0.0  DIGEST"
    agent = next(one for one in bench.all("agents") if one["metadata"]["name"] == "etl-worker")
    assert all(one["digest"].startswith("blake3:") for one in agent["spec"]["files"].values())
    assert admin.libretto("run", path, "--publish", code=4).lines[0] == "all of it is published already"

    file.write_text(file.read_text(encoding="utf-8").replace("transform", "transmute"), encoding="utf-8")
    assert [line.strip() for line in admin.libretto("diff", path, code=1).lines[:5]] == [
        "changed  orchestration nightly 1.0.0  published DIGEST -> DIGEST",
        'breaking: step "transform" was removed or renamed',
        "+ transmute",
        "- transform",
        "~ load: dependsOn",
    ]
    assert "needs version 2.0.0" in admin.libretto("definitions", "publish", path, code=3).err
    file.write_text(file.read_text(encoding="utf-8").replace("version: 1.0.0", "version: 2.0.0"), encoding="utf-8")
    assert admin.libretto("definitions", "publish", path).lines[0] == "nightly 2.0.0 published: active, after 1.0.0"
    assert sorted(one["metadata"]["name"] for one in bench.all("orchestrations")) == ["nightly", "nightly-2-0-0"]
    unversioned = orchestration("unversioned", {"id": "a", "agent": "mailer"})
    del unversioned["spec"]["version"]
    bench.apply(unversioned)
    listed = admin.libretto("definitions", "list").lines
    assert [line.split()[:3] for line in listed[1:]] == [
        ["nightly", "2.0.0", "active"],
        ["nightly", "1.0.0", "active"],
        ["unversioned", "1.0.0", "active"],
    ]
    refused = admin.libretto("definitions", "archive", "nightly@1.0.0", code=9)
    assert "kubectl delete orchestration nightly" in refused.err


def test_verbs_about_this_machine_say_what_to_do_instead(admin: Terminal) -> None:
    assert "kubectl delete run" in admin.libretto("clean", code=9).err
    assert "--publish" in admin.libretto("try", code=9).err
    assert "--dry-run is about definitions" in admin.libretto("run", "nightly", "--dry-run", code=2).err
    assert admin.libretto("validate", "definitions/nightly").lines == ["no problems in 1 file"]
