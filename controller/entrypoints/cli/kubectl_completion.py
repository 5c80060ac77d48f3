"""`kubectl_complete-libretto`: what kubectl's own shell completion asks when somebody completes `kubectl libretto ...`.

It is called with the words after `libretto`, the last of them unfinished, and prints candidates and a directive.
"""

import sys
from collections.abc import Iterator, Sequence

PLAIN, FILES, FOLDERS = ":4", ":0", ":16"
"""Directives of kubectl: offer just these; offer files; offer folders."""


def main() -> None:
    """Entry point. It never fails: a shell would show the error in the middle of somebody's line."""
    try:
        lines = list(candidates(sys.argv[1:]))
    except Exception:  # noqa: BLE001 - nothing offered is better than a traceback in somebody's line
        lines = [PLAIN]
    sys.stdout.write("\n".join(lines) + "\n")


def candidates(words: Sequence[str]) -> Iterator[str]:
    """Yield a line for each candidate, with what it is, and the directive last."""
    from click.shell_completion import ShellComplete

    from controller.entrypoints.cli.main import cli

    *given, begun = words or [""]
    found = ShellComplete(cli, {}, "kubectl libretto", "").get_completions(["--cluster", *given], begun)
    directive = PLAIN
    for item in found:
        match item.type:
            case "file":
                directive = FILES
            case "dir":
                directive = FOLDERS
            case _:
                yield f"{item.value}\t{item.help}" if item.help else str(item.value)
    yield directive
