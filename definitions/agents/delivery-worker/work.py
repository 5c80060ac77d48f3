"""What does one role of a project hand over to the next? A JSON deliverable, made from the features and from the hand-offs.

Roles are data (`roles.json`). For rehearsals, `drill` says what should go wrong: how many attempts of a role fail, with
which exit code, and how many seconds its work takes.
"""

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
ATTEMPT = int(os.environ.get("LIBRETTO_ATTEMPT", "1"))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"delivery-worker: {problem}\n")
    sys.exit(BAD_INPUT)


def rehearse(drill: dict[str, int | float]) -> None:
    """Take as long, and fail as often, as the drill wants."""
    if seconds := drill.get("seconds", 0):
        time.sleep(seconds)  # noqa: TID251 (the drill is about real time)
    if drill.get("attempts", 0) >= ATTEMPT:
        code = int(drill.get("exit", 1))
        sys.stderr.write(f"drill: attempt {ATTEMPT} was to fail with exit {code}\n")
        sys.exit(code)


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    roles = json.loads((BESIDE / "roles.json").read_text(encoding="utf-8"))
    role, project, features = payload.get("role"), payload.get("project"), payload.get("features")
    if role not in roles:
        refuse(f"role must be one of {', '.join(roles)}, not {json.dumps(role)}")
    if not isinstance(project, str) or not project.strip():
        refuse(f"project must be a name, not {json.dumps(project)}")
    if not isinstance(features, list) or not all(isinstance(feature, str) for feature in features):
        refuse(f"features must be a list of names, not {json.dumps(features)}")
    rehearse((payload.get("drill") or {}).get(role, {}))

    items = []
    for number, feature in enumerate(features, start=1):
        slug = re.sub(r"[^a-z0-9]+", "_", feature.lower()).strip("_")
        words = {"feature": feature, "slug": slug, "project": project, "choice": payload.get("choice", "")}
        items.append(roles[role]["items"].format(**words))
        (STEP / "progress").write_text(f"{number}/{len(features)}", encoding="utf-8")
    inputs = STEP / "inputs"
    handed = sorted(path for path in inputs.rglob("*") if path.is_file())
    builds_on = {
        path.relative_to(inputs).as_posix(): "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in handed
    }
    name = roles[role]["deliverable"]
    deliverable = {"project": project, "role": role, "items": items, "builds_on": builds_on}
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / name).write_text(json.dumps(deliverable, indent=2) + "\n", encoding="utf-8")
    output = {"role": role, "deliverable": name, "items": len(items), "builds_on": list(builds_on)}
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
