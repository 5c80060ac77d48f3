"""How do people hear of it? Puts a mail into the spool `outbox/<run>/mail/`, and says that this cannot be taken back.

Nothing leaves the machine: a spool folder stands in for the mail server. The receipt is honest all the same, for what
people have read stays read.
"""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
SPOOL = Path("outbox", os.environ.get("LIBRETTO_RUN", "run"), "mail")
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"mailer: {problem}\n")
    sys.exit(BAD_INPUT)


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    to, subject, body = payload.get("to"), payload.get("subject"), payload.get("body")
    if not isinstance(to, list) or not to or not all(isinstance(person, str) and "@" in person for person in to):
        refuse(f"to must be a list of addresses, not {json.dumps(to)}")
    if not isinstance(subject, str) or not subject.strip() or "\n" in subject:
        refuse(f"subject must be one line of text, not {json.dumps(subject)}")
    if not isinstance(body, str):
        refuse(f"body must be a text, not {json.dumps(body)}")

    mail = f"To: {', '.join(to)}\nSubject: {subject}\n\n{body.rstrip()}\n"
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "mail.eml").write_text(mail, encoding="utf-8")
    # The step names the file, so that an attempt that is repeated puts the same mail there and not a second one.
    spooled = SPOOL / f"{os.environ.get('LIBRETTO_STEP', 'mail')}.eml"
    spooled.parent.mkdir(parents=True, exist_ok=True)
    spooled.write_text(mail, encoding="utf-8")

    people = "1 person" if len(to) == 1 else f"{len(to)} people"
    receipt = {
        "changes": [{"sent": subject, "to": to, "spooled": spooled.as_posix()}],
        "undo": {"reversible": False, "reason": f"mail sent to {people}"},
    }
    (STEP / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    (STEP / "output.json").write_text(json.dumps({"sent": len(to), "subject": subject}), encoding="utf-8")


if __name__ == "__main__":
    main()
