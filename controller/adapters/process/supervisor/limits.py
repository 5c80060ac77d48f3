"""How does a program get limits of its own? A shell sets them on itself and then becomes the program."""

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

SHELL = "/bin/sh"

BLOCKS_PER_MIB = 2048
"""`ulimit -f` counts blocks of 512 bytes (POSIX.1-2024, utility `ulimit`)."""


def limited(argv: Sequence[str], process: Mapping[str, Any], platform: str) -> tuple[list[str], str]:
    """Return the argv that starts `argv` under its limits, and why that cannot work (empty: it can).

    The shell would report a missing program only as exit status 127, which is the program's own business; so it is looked for
    here.
    """
    program = argv[0]
    if "/" in program:
        where = os.path.join(process["cwd"], program)  # noqa: PTH118 - no pathlib in the supervisor
        reason = "" if shutil.which(where) else f"cannot run {program}: missing or not executable"
    else:
        found = shutil.which(program, path=process["env"].get("PATH", os.defpath))
        reason = "" if found else f"cannot run {program}: not found in PATH"
    script = "; ".join(f"{command} || exit 126" for command in _commands(process["limits"], platform))
    return [SHELL, "-c", script + '; exec "$@"', SHELL, *argv], reason


def _commands(limits: Mapping[str, int], platform: str) -> list[str]:
    import resource

    def capped(kind: int, wish: int, unit: int) -> int:
        """A hard limit that already holds may be lower, and only root may raise it."""
        hard = resource.getrlimit(kind)[1]
        return wish if hard == resource.RLIM_INFINITY else min(wish, hard // unit)

    commands = []
    if seconds := limits.get("cpu"):
        # SIGXCPU says what happened; a second later the hard limit kills who ignores it.
        commands += [f"ulimit -S -t {capped(resource.RLIMIT_CPU, seconds, 1)}"]
        commands += [f"ulimit -H -t {capped(resource.RLIMIT_CPU, seconds + 1, 1)}"]
    if (mib := limits.get("memory")) and platform.startswith("linux"):
        # macOS takes RLIMIT_AS and ignores it, or refuses the call.
        commands.append(f"ulimit -v {capped(resource.RLIMIT_AS, mib * 1024, 1024)}")
    if files := limits.get("files"):
        commands.append(f"ulimit -n {capped(resource.RLIMIT_NOFILE, files, 1)}")
    if mib := limits.get("fileSize"):
        commands.append(f"ulimit -f {capped(resource.RLIMIT_FSIZE, mib * BLOCKS_PER_MIB, 512)}")
    return commands
