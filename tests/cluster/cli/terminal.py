"""Somebody at a terminal who works on a cluster: kubectl with our plugin, in a namespace, under a name."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster.control_plane import ControlPlane
from tests.cluster.operators import ROOT, until
from tests.scenes.program import Said

PATIENCE = 120.0


class Terminal:
    """Types commands as they stand in a manual: nothing on them says which cluster or namespace is meant."""

    def __init__(
        self,
        control_plane: ControlPlane,
        folder: Path,
        namespace: str,
        user: str | None = None,
        groups: Sequence[str] = (),
    ) -> None:
        kubeconfig = control_plane.kubeconfig if user is None else control_plane.kubeconfig_for(user, groups)
        self._kubectl = control_plane.plan.programs["kubectl"]
        own = folder / f"kubeconfig-{user}"
        own.write_bytes(kubeconfig.read_bytes())
        own.chmod(0o600)
        path = [
            Path(sys.executable).parent,
            self._kubectl.parent,
            *os.environ.get("PATH", os.defpath).split(os.pathsep),
        ]
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(own),
            "PATH": os.pathsep.join(map(str, path)),
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            # As for operators: the kubeconfig names the authority of its cluster.
            "SSL_CERT_FILE": os.devnull,
        }
        assert self.call("kubectl", "config", "set-context", "--current", f"--namespace={namespace}").code == 0

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command in the project's folder."""
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *words: str, code: int | None = None) -> Said:
        """Carry out a command; where `code` is given it must end with that."""
        process = self.begin(*words)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{words} does not end:\n{out}\n{err}") from None
        assert code in (None, process.returncode), f"{words}: exit {process.returncode}\n{out}\n{err}"
        return Said(process.returncode, out, err)

    def libretto(self, *words: str, code: int = 0) -> Said:
        """Carry out a verb of the plugin."""
        return self.call("kubectl", "libretto", *words, code=code)

    def until(self, seen: Callable[[Said], bool], *words: str) -> Said:
        """Repeat a verb until its answer is as expected."""
        said: list[Said] = []

        def looks_so() -> bool:
            said.append(self.call("kubectl", "libretto", *words))
            return seen(said[-1])

        until(looks_so, f"{words} says so", lambda: said[-1].out + said[-1].err)
        return said[-1]
