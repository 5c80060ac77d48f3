"""What does a container say at its end? Termination messages, cut as the kubelet cuts them."""

from pathlib import Path

FILE_BYTES = 4096
"""Of a message file the last bytes are kept."""
LOG_BYTES = 2048
LOG_LINES = 80
"""Of the log, where it stands in for a missing message of a failed container."""
POD_BYTES = 12 * 1024
"""For all containers of a pod, shared out evenly; here the first bytes are kept."""


def termination_message(file: Path, log: Path, *, failed: bool, policy: str) -> str:
    """The message of a container that has ended."""
    message = tail(file, FILE_BYTES)
    if not message and failed and policy == "FallbackToLogsOnError":
        # The kubelet counts lines from the end first and bytes afterwards.
        message = b"".join(tail(log, LOG_LINES * LOG_BYTES).splitlines(keepends=True)[-LOG_LINES:])[-LOG_BYTES:]
    return message.decode(errors="replace")


def share(message: str, containers: int) -> str:
    """What the pod's status has room for."""
    room = POD_BYTES // max(containers, 1)
    return message.encode()[:room].decode(errors="replace") if len(message) * 4 > room else message


def tail(file: Path, limit: int) -> bytes:
    """The last bytes of a file; nothing if there is none."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - limit))
            return stream.read(limit)
    except FileNotFoundError:
        return b""
