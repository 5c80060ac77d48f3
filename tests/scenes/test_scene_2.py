"""Scene 2: a mistake in a definition. All of them at once, each with its place and what to write instead."""

from pathlib import Path

from tests.scenes.program import libretto
from tests.scenes.project import project

OUTPUT = """\
definitions/launch/definition.yaml:12:19  unknown step "creatve" in dependsOn of "email"
     12 |       dependsOn: [creatve]
        |                   ^^^^^^^  did you mean "creative"?
definitions/launch/definition.yaml:13:7   steps "ads" -> "landing" -> "ads" wait for each other
definitions/launch/definition.yaml:22:19  ttlSeconds is "1 day"; expected a whole number of seconds, e.g. 86400
3 problems in 1 file; nothing was changed.
"""


def test_scene_2(tmp_path: Path) -> None:
    seen = libretto(project(tmp_path, "launch"), "validate", "definitions/launch/definition.yaml")
    assert seen.out == OUTPUT
    assert (seen.err, seen.code) == ("", 3)
