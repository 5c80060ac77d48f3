"""Agent: how a slug becomes something that runs, and what it takes and returns."""

from typing import Annotated, Any

from pydantic import Field

from controller.model.base import Authored
from controller.model.duration import Duration
from controller.model.names import Mode, Slug
from controller.model.pod import Pod


def _all_modes() -> list[Mode]:
    return ["BUILD", "CONVERSE", "PLAN", "ORCHESTRATION"]


class Limits(Authored):
    """Resource limits of one attempt of a process; what is absent is not limited."""

    cpu_seconds: Annotated[int, Field(ge=1)] | None = None
    """Seconds of processor time, over all threads; the kernel kills beyond it. Default: not limited."""
    memory_mib: Annotated[int, Field(ge=1)] | None = None
    """Address space in MiB. Enforced on Linux only: macOS accepts the limit and ignores it. Default: not
    limited."""
    open_files: Annotated[int, Field(ge=8)] | None = None
    """Open file descriptors. Default: not limited."""
    file_size_mib: Annotated[int, Field(ge=1)] | None = None
    """Largest file that may be written, in MiB. Default: not limited."""


class Process(Authored):
    """A program on this machine (or in the default image on a cluster)."""

    argv: Annotated[list[str], Field(min_length=1)]
    """Program and arguments; no shell. An element that begins with `./` names a file beside the agent's file: it becomes
    part of the agent's revision and runs from the run's own snapshot, so that an edit never changes a running run."""
    files: list[str] = Field(default_factory=list)
    """More files beside the agent's file that the program needs (`./`-less relative paths or globs, e.g. `lib/*.py`)."""
    env: dict[str, str] = Field(default_factory=dict)
    """Environment variables with their values. Nothing else is inherited but PATH, LANG, LC_*, TZ."""
    from_env: dict[str, str] = Field(default_factory=dict)
    """Secrets: variable for the program -> variable of Libretto's environment. Redacted wherever they appear."""
    from_file: dict[str, str] = Field(default_factory=dict)
    """Secrets: variable for the program -> file that holds the value (trailing newline dropped). Redacted likewise."""
    working_directory: str = "step"
    """`step` (the attempt's own directory, default), `repository` (the folder that holds the state directory), or a path."""
    limits: Limits = Limits()
    """Resource limits of one attempt. Default: not limited."""
    grace_period: Duration = 10_000
    """Time between SIGTERM and SIGKILL when an attempt is stopped. 10 s: enough to clean up, short enough to wait for."""


class Http(Authored):
    """An HTTP call: the step input is the body, a 2xx JSON answer the output. At-least-once, with an idempotency key."""

    url: Annotated[str, Field(pattern=r"^https?://")]
    """Absolute URL."""
    method: str = "POST"
    """HTTP method."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Request headers with their values."""
    headers_from_env: dict[str, str] = Field(default_factory=dict)
    """Secret headers: header -> environment variable that holds the whole value, e.g. `Bearer …`."""
    headers_from_file: dict[str, str] = Field(default_factory=dict)
    """Secret headers: header -> file that holds the whole value."""


class Image(Authored):
    """A container image; runs on a cluster."""

    name: Annotated[str, Field(min_length=1)]
    """Image reference."""
    command: list[str] = Field(default_factory=list)
    """Replaces the image's entrypoint. Default: the image's own."""
    args: list[str] = Field(default_factory=list)
    """Arguments. Default: the image's own, unless `command` is given."""
    env: dict[str, str] = Field(default_factory=dict)
    """Environment variables with their values."""


class AgentSpec(Authored):
    """What an agent is. It may have `process`, `http` and `image` at once: locally process wins, then http."""

    slug: Slug | None = None
    """Name that steps use; default: `metadata.name`."""
    display_name: str | None = None
    """Name for people."""
    description: str | None = None
    """What it does."""
    organization: Slug | None = None
    """Organization that owns it; default: the namespace, else `global`."""
    modes: list[Mode] = Field(default_factory=_all_modes)
    """Modes that it can be called in; a step with another one is refused. Default: all four."""
    input_schema: dict[str, Any] | None = None
    """JSON Schema that the payload must meet before an attempt starts; null accepts everything."""
    output_schema: dict[str, Any] | None = None
    """JSON Schema that `output.json` must meet; null accepts everything."""
    max_parallel: Annotated[int, Field(ge=1)] | None = None
    """Attempts of this agent at one time over all runs of a state directory (or namespace); null: not limited."""
    non_retryable: list[Annotated[int, Field(ge=1, le=255)]] = Field(default_factory=list)
    """Exit codes after which a retry cannot help, besides 64, 65, 77 and 78."""
    attempt_timeout: Duration | None = None
    """Longest time of one attempt where the step does not say; null: not limited."""
    process: Process | None = None
    """A program on this machine."""
    http: Http | None = None
    """An HTTP call."""
    image: Image | None = None
    """A container image (on a cluster)."""
    pod: Pod | None = None
    """What its steps' pods need beside the program (on a cluster). Default: nothing."""
