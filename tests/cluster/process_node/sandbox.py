"""How does a process come to stand in a container of its own? Namespaces, a root of layers, mounts, user, exec.

Everything here runs in a freshly forked child of the spawner and ends in `exec`. No bubblewrap and no `unshare(1)`: a
fork, one overlay and a few bind mounts by system call cost some 5 ms; each helper program would add its own start.

The root is an overlay: nothing that a container writes outside its volumes reaches the machine. Process 1 of a PID
namespace is the container's program itself, so it meets SIGTERM as it would in a real container (ignored unless it has
a handler), and what it leaves behind dies with it.
"""

import ctypes
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

_CLONE_NEWNS = 0x0002_0000
_CLONE_NEWUTS = 0x0400_0000
_CLONE_NEWPID = 0x2000_0000
_MS_RDONLY = 1
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

OLD_ROOT = "/.host"
"""Where the machine's own root stands while the mounts are made; every image layer has this folder."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Plan:
    """A container, ready to start."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    lower: Sequence[str]
    """Folders of the read-only layers, the uppermost first."""
    scratch: str
    """An empty folder for the writable layer."""
    log: str
    """Output and errors are appended to this file."""
    hostname: str = "localhost"
    mounts: Sequence[tuple[str, str, bool]] = ()
    """Source on the machine, path in the container, whether read-only; outer paths before inner ones."""
    read_only_root: bool = False
    uid: int = 0
    gid: int = 0
    groups: Sequence[int] = field(default=())
    no_new_privileges: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Plan":
        """Read what `dataclasses.asdict` wrote."""
        mounts = [(source, target, bool(read_only)) for source, target, read_only in document["mounts"]]
        return cls(**{**document, "mounts": mounts})


def unshare(flags: int) -> None:
    """Leave the named namespaces of the parent."""
    _check(_libc.unshare(flags), "unshare")


def private_mounts() -> None:
    """A mount namespace of our own, from which nothing spreads."""
    unshare(_CLONE_NEWNS)
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)


def mount_tmpfs(path: str) -> None:
    """A file system in memory that is gone with the mount namespace."""
    _mount("tmpfs", path, "tmpfs", 0, "mode=0711")


def fork_as_first(own_namespace: int) -> int:
    """Fork a child that is process 1 of a new PID namespace; `own_namespace` is an open `/proc/self/ns/pid`."""
    unshare(_CLONE_NEWPID)
    child = os.fork()
    if child:
        # Without this the next fork would land in the namespace of this child.
        _check(_libc.setns(own_namespace, _CLONE_NEWPID), "setns")
    return child


def become(plan: Plan) -> NoReturn:
    """Turn this process, which is the first of its PID namespace, into the container."""
    unshare(_CLONE_NEWNS | _CLONE_NEWUTS)
    name = plan.hostname.encode()
    _check(_libc.sethostname(name, len(name)), "sethostname")
    os.setsid()
    log = _open_log(plan)
    _stand_in_root(plan)
    _execute(plan, log)


def join(first: int, plan: Plan, problem: int) -> NoReturn:
    """Run one more program in the container whose first process is `first`; ends with its exit code.

    `problem` is the pipe whose closing by `exec` says that the program runs; this process must not hold it open.
    """
    _die_with_parent()
    log = _open_log(plan)
    descriptor = os.pidfd_open(first)
    _check(_libc.setns(descriptor, _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWPID), "setns")
    inner = os.fork()
    if inner == 0:
        _execute(plan, log)
    os.close(problem)
    _, status = os.waitpid(inner, 0)
    os._exit(exit_code(status))


def exit_code(status: int) -> int:
    """What a container runtime reports for a wait status: 128 + N for signal N."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _open_log(plan: Plan) -> int:
    return os.open(plan.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _stand_in_root(plan: Plan) -> None:
    upper, work, root = (f"{plan.scratch}/{name}" for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        os.mkdir(folder)  # noqa: PTH102 - pathlib would cost the spawner half a megabyte and each start a millisecond
    os.chmod(upper, 0o755)  # noqa: PTH101
    options = f"lowerdir={':'.join(plan.lower)},upperdir={upper},workdir={work}"
    _mount("overlay", root, "overlay", 0, options)
    _check(_libc.syscall(_SYS_PIVOT_ROOT[os.uname().machine], root.encode(), (root + OLD_ROOT).encode()), "pivot_root")
    os.chdir("/")
    _mount("proc", "/proc", "proc", 0)
    for source, target, read_only in plan.mounts:
        _bind(OLD_ROOT + source, target, read_only=read_only)
    os.makedirs(plan.cwd, exist_ok=True)  # noqa: PTH103
    _check(_libc.umount2(OLD_ROOT.encode(), _MNT_DETACH), "umount")
    if plan.read_only_root:
        _mount("none", "/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)


def _bind(source: str, target: str, *, read_only: bool) -> None:
    if os.path.isdir(source):  # noqa: PTH112
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    elif not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, target, None, _MS_BIND | _MS_REC)
    if read_only:
        _mount("none", target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)


def _execute(plan: Plan, output: int) -> NoReturn:
    os.chdir(plan.cwd)
    stdin = os.open("/dev/null", os.O_RDONLY)
    for number, descriptor in enumerate((stdin, output, output)):
        os.dup2(descriptor, number)
    signal.set_wakeup_fd(-1)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
        signal.signal(ignored, signal.SIG_DFL)
    os.umask(0o022)
    os.setgroups(list(plan.groups))
    os.setgid(plan.gid)
    os.setuid(plan.uid)
    # A change of user clears it, so it comes last.
    _die_with_parent()
    if plan.no_new_privileges:
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    try:
        os.execvpe(plan.argv[0], list(plan.argv), dict(plan.env))
    except FileNotFoundError:
        where = "$PATH" if "/" not in plan.argv[0] else "the image"
        raise OSError(f'exec: "{plan.argv[0]}": executable file not found in {where}') from None


def _die_with_parent() -> None:
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    arguments = (source.encode(), target.encode(), kind and kind.encode(), flags, options and options.encode())
    _check(_libc.mount(*arguments), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
