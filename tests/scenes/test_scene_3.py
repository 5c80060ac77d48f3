"""Scene 3: a run elsewhere than on a terminal. A line per event, each with its time; then the summary."""

from pathlib import Path

import pytest

from tests.scenes.normalise import normalised
from tests.scenes.program import libretto
from tests.scenes.project import project

OUTPUT = """\
HH:MM:SS run RUN------- started: content 2.0.1 (digest DIGEST)
HH:MM:SS outline    running   attempt 1 of 3
HH:MM:SS outline    succeeded 0.0s
HH:MM:SS keywords   cached    from run RUN-------, 0s old, key DIGEST
HH:MM:SS fact-check running   attempt 1 of 3
HH:MM:SS fact-check failed    exit 75 (retryable), again in 250ms (attempt 2 of 3)
HH:MM:SS fact-check running   attempt 2 of 3
HH:MM:SS fact-check succeeded 0.0s
Succeeded in 0.0s · 3 steps (1 cached), 1 retry · ledger 10 records, head DIGEST

  output    libretto output RUN-------         (what it came to)
  verify    libretto verify RUN-------         (prove that the ledger is unbroken)
  again     libretto run definitions/content   (1 of 3 steps will come from the cache)
"""


@pytest.mark.requirement("ENG-057")
def test_scene_3(tmp_path: Path) -> None:
    place = project(tmp_path, "content")
    assert libretto(place, "run", "definitions/content").code == 0
    seen = libretto(place, "run", "definitions/content")
    assert normalised(seen.out) == OUTPUT
    assert (seen.err, seen.code) == ("", 0)
