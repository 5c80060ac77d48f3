"""The program of all agents here: it does what its payload says and tells in its output what it was given.

The payload may hold: `say` (the output instead), `raw` (bytes of output.json as text), `leave` ({artifact: text}), `receipt`,
`exit` ([code of attempt 1, 2, ...], then 0), `stderr`. Where an outside file is to be changed: `put` and `drop` name it.
"""

import json
import os
import sys
from pathlib import Path


def main() -> int:
    here = Path(os.environ["LIBRETTO_DIR"])
    step, role, attempt = (os.environ[f"LIBRETTO_{name}"] for name in ("STEP", "ROLE", "ATTEMPT"))
    given = json.loads((here / "input.json").read_text(encoding="utf-8"))
    payload = given["payload"]
    with Path("calls").open("a", encoding="utf-8") as calls:
        calls.write(f"{step} {role} {attempt}\n")
    inputs = here / "inputs"
    files = {
        path.relative_to(inputs).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(inputs.rglob("*"))
        if path.is_file()
    }
    for name, content in payload.get("leave", {}).items():
        place = here / "artifacts" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content.replace("$SECRET", os.environ.get("SECRET", "")), encoding="utf-8")
    if "put" in payload:
        Path(payload["put"]).write_text(step, encoding="utf-8")
    if "drop" in payload:
        Path(payload["drop"]).unlink()
    if "receipt" in payload:
        text = json.dumps(payload["receipt"]).replace("$SECRET", os.environ.get("SECRET", ""))
        (here / "receipt.json").write_text(text, encoding="utf-8")
    said = payload.get("say", {"given": given, "files": files})
    text = payload.get("raw") or json.dumps(said).replace("$SECRET", os.environ.get("SECRET", ""))
    (here / "output.json").write_text(text, encoding="utf-8")
    if "stderr" in payload:
        print(payload["stderr"].replace("$SECRET", os.environ.get("SECRET", "")), file=sys.stderr)
    codes = payload.get("exit", []) if role == "do" else payload.get("undoExit", [])
    return codes[int(attempt) - 1] if int(attempt) <= len(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
