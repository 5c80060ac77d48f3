"""The bases for kustomize are current, and build what the charts render."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.binaries import find
from tests.cluster.charts import NAMESPACE, STAMPS, named, render
from tests.cluster.kustomize import FOLDER, files, plain

Json = dict[str, Any]


def build(folder: Path) -> list[Json]:
    command = [str(find("kubectl")["kubectl"]), "kustomize", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return list(yaml.safe_load_all(told.stdout))


def _sorted(objects: list[Json]) -> list[Json]:
    return sorted(objects, key=lambda each: (each["kind"], each["metadata"]["name"]))


def test_they_are_current() -> None:
    stale = [name for name, text in files().items() if (FOLDER / name).read_text() != text]
    assert not stale, "run `python -m tests.cluster.kustomize` and add what changed"


@pytest.mark.parametrize(
    ("folder", "chart", "values", "served"),
    [
        ("definitions", "libretto-crds", {"admission": {"stamps": "never"}}, []),
        ("stamps", "libretto-crds", {}, [STAMPS]),
        ("cluster-wide", "libretto", {}, []),
        ("namespaced", "libretto", {"watchNamespaces": [NAMESPACE]}, []),
    ],
)
def test_they_build_what_helm_renders(folder: str, chart: str, values: Json, served: list[str]) -> None:
    rendered = [plain(each) for each in render(chart, values, served=served)]
    assert _sorted(build(FOLDER / folder)) == _sorted(rendered)


def test_another_namespace_is_one_line(tmp_path: Path) -> None:
    built = _overlay(tmp_path, "resources: [RELATIVE/namespaced]\nnamespace: team-a\n")
    assert "libretto-system" not in yaml.safe_dump(built)


def test_the_overlay_of_the_page_sets_the_image_everywhere(tmp_path: Path) -> None:
    [block] = [
        each
        for each in re.findall(r"```yaml\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
        if "images:" in each
    ]
    built = _overlay(tmp_path, block.replace("../", "RELATIVE/"))
    [container] = named(built, "Deployment")["spec"]["template"]["spec"]["containers"]
    image = "registry.example.org/libretto:0.1.0"
    told = {each["name"]: each.get("value") for each in container["env"]}
    assert [container["image"], told["LIBRETTO_IMAGE"], told["LIBRETTO_DEFAULT_IMAGE"]] == [image] * 3


def _overlay(folder: Path, text: str) -> list[Json]:
    """kustomize wants the way to a base to be relative."""
    inside = folder / "overlay"
    inside.mkdir()
    for name in ("base", "cluster-wide", "namespaced"):
        (folder / name).symlink_to(FOLDER / name)
    (inside / "kustomization.yaml").write_text(text.replace("RELATIVE", ".."))
    return build(inside)
