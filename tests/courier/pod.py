"""A pod of a step: the shared volume, and the containers of ours as processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.model.digest import digest_bytes

COMMAND = (sys.executable, "-I", "-m", "controller.entrypoints.courier")
AS_USER = (sys.executable, "-m", "tests.courier.as_user")
PATIENCE_S = 60
ROOT = Path(__file__).resolve().parents[2]


class Pod:
    """The folders are those of a pod; `user` is the one of all its containers."""

    def __init__(self, folder: Path, user: int | None = None) -> None:
        self.user = user
        self.volume = folder / "libretto"
        self.step = self.volume / "step"
        self.message_file = folder / "termination-log"
        self.token = folder / "token"
        self.volume.mkdir()
        self.message_file.touch()
        # As the kubelet makes them.
        self.volume.chmod(0o777)
        self.message_file.chmod(0o666)
        self.environment = {
            "PATH": os.defpath,
            "LIBRETTO_DIR": str(self.step),
            "LIBRETTO_TERMINATION_LOG": str(self.message_file),
            "LIBRETTO_TOKEN_FILE": str(self.token),
            "LIBRETTO_FIRST_WAIT_S": "0.01",
            "LIBRETTO_STAGE_BUDGET_S": "30",
            "LIBRETTO_PUBLISH_BUDGET_S": "30",
        }

    def reaches(self, url: str, token: str, owner: str = "nightly-abc/run-uid-1") -> None:
        self.environment |= {"LIBRETTO_RESULTS": url, "LIBRETTO_OWNER": owner}
        self.token.write_text(token + "\n")

    def start(self, mode: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start one of our containers. SIGTERM is kept for it until it looks, as `env --block-signal=TERM` does."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            return subprocess.Popen(
                [*(COMMAND if self.user is None else (*AS_USER, str(self.user))), mode],
                env={**self.environment, **environment},
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def stage(self, given: Any = None, plan: Any = (), **environment: str) -> int:
        """Run `stage` to its end."""
        process = self.start(
            "stage", **{"LIBRETTO_INPUT": json.dumps(given), "LIBRETTO_STAGED": json.dumps(list(plan)), **environment}
        )
        return ended(process)

    def publish(self, **environment: str) -> int:
        """Run `publish` as if the program had ended already."""
        process = self.start("publish", **environment)
        process.send_signal(signal.SIGTERM)
        return ended(process)

    def program(self, files: Mapping[str, bytes | str]) -> None:
        """Be the program: leave these files."""
        for name, content in files.items():
            path = self.step / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def reset(self) -> None:
        """Another pod."""
        shutil.rmtree(self.step, ignore_errors=True)
        self.message_file.write_bytes(b"")

    @property
    def raw(self) -> bytes:
        return self.message_file.read_bytes()

    @property
    def message(self) -> dict[str, Any]:
        """What was said at the end. Never more than 3 KiB."""
        assert len(self.raw) <= 3072
        found: dict[str, Any] = json.loads(self.raw)
        assert found.pop("v") == 1
        return found


def ended(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the end; return the exit status, negative for a signal."""
    try:
        _, errors = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert b"Traceback" not in errors, errors.decode()
    return process.returncode


def entry(name: str, content: bytes) -> list[Any]:
    """An artifact in a message."""
    return [name, digest_bytes(content), len(content)]
