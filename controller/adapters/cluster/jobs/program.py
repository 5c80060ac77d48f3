"""What does a step run in its pod? The agent's image; else its process in the default image; else an HTTP call of ours."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from controller.adapters.cluster.jobs.place import Place
from controller.errors import AgentUnfit
from controller.model.agent import Http, Process
from controller.model.attempt import Launch

FOLDER = "/libretto"
"""The volume that all containers of the pod share."""

DIRECTORY = f"{FOLDER}/step"
"""The attempt's directory."""

AGENT_FILES = f"{FOLDER}/agent"
"""Where files of the agent are staged."""

COURIER = ("python", "-m", "controller.entrypoints.courier")

IMAGE, PROCESS, HTTP = "image", "process", "http"


class Program(NamedTuple):
    """A program in a container."""

    kind: str
    image: str
    ours: bool
    """Whether the image is one that the operator was given."""
    command: Sequence[str] = ()
    """As in a container, where `$` begins a reference. Empty: the image's own entrypoint."""
    args: Sequence[str] = ()
    """As `command`."""
    env: Mapping[str, str] = {}
    working_directory: str | None = None
    """None: the image's own."""
    grace_s: int = 30
    """Seconds between SIGTERM and SIGKILL that the program gets."""


def program_of(launch: Launch, place: Place, container: Mapping[str, Any]) -> Program:
    """Return what an attempt runs, in a container with these further fields. Raises AgentUnfit."""
    agent = launch.agent
    if launch.argv is not None:
        _check_argv(launch.argv)
    if agent.image is not None:
        if launch.argv is not None:
            return Program(IMAGE, agent.image.name, False, literal(launch.argv), (), agent.image.env)
        return Program(IMAGE, agent.image.name, False, agent.image.command, agent.image.args, agent.image.env)
    if agent.process is not None:
        return _process(launch, agent.process, place, container)
    if agent.http is not None:
        if launch.argv is not None:
            raise AgentUnfit("an http agent cannot run a program")
        return _http(agent.http, place, container)
    raise AgentUnfit("the agent has neither `image` nor `process` nor `http`: nothing to run on a cluster")


def literal(values: Sequence[str]) -> list[str]:
    """Return texts so that the kubelet, which replaces `$(NAME)` and `$$`, leaves what they are."""
    return [value.replace("$", "$$") for value in values]


def _process(launch: Launch, process: Process, place: Place, container: Mapping[str, Any]) -> Program:
    _demand([*process.from_env, *process.from_file], container)
    argv = []
    for element in process.argv if launch.argv is None else launch.argv:
        if not element.startswith("./"):
            argv.append(element)
            continue
        name = posixpath.normpath(element)
        if not any(file == name or file.startswith(name + "/") for file in launch.agent_files):
            raise AgentUnfit(
                f"{element} is not among the agent's files: publish the agent with "
                "`kubectl libretto definitions publish`, which stores the files beside it"
            )
        argv.append(f"{AGENT_FILES}/{name}")
    _check_argv(argv)
    env = {"HOME": DIRECTORY, "TMPDIR": "/tmp", **process.env}  # noqa: S108 - of the pod
    return Program(
        PROCESS,
        place.default_image,
        True,
        literal(argv),
        (),
        env,
        _working_directory(process.working_directory),
        max(1, -(-process.grace_period // 1000)),
    )


def _working_directory(wanted: str) -> str:
    if wanted in ("step", "repository"):
        return DIRECTORY
    if not wanted.startswith("/"):
        raise AgentUnfit(
            f"on a cluster there is no repository for workingDirectory {wanted!r} to lie in: write `step` or an absolute path"
        )
    return wanted


def _http(http: Http, place: Place, container: Mapping[str, Any]) -> Program:
    _demand(http.headers_from_env.values(), container)
    mounts = [mount["mountPath"].rstrip("/") + "/" for mount in container.get("volumeMounts", ())]
    for header, path in http.headers_from_file.items():
        if not any(posixpath.normpath(path).startswith(mount) for mount in mounts):
            raise AgentUnfit(
                f"on a cluster the file of header {header} must come from a Secret: mount it with the agent's pod.volumes "
                f"and pod.volumeMounts, so that {path} lies in it"
            )
    call = {
        "url": http.url,
        "method": http.method,
        "headers": dict(http.headers),
        "headersFromEnv": dict(http.headers_from_env),
        "headersFromFile": dict(http.headers_from_file),
    }
    env = {"LIBRETTO_CALL": orjson.dumps(call).decode()}
    return Program(HTTP, place.image, True, [*COURIER, "call"], (), env, None, 1)


def _check_argv(argv: Sequence[str]) -> None:
    # An empty command would run the image's own entrypoint, which is something else than what was asked for.
    if not argv or not argv[0] or any("\0" in element for element in argv):
        raise AgentUnfit("argv is empty or holds a NUL character")


def _demand(variables: Iterable[str], container: Mapping[str, Any]) -> None:
    """Secrets of the operator's own environment are nobody's business: the pod must get them from a Secret."""
    provided = {one["name"] for one in container.get("env", ())}
    if missing := sorted(set(variables) - provided):
        names = ", ".join(missing)
        raise AgentUnfit(
            f"on a cluster {names} must come from a Secret: name it in the agent's pod.env with secretKeyRef"
        )
