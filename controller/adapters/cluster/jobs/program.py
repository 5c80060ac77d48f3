"""What does a step run in its pod? The agent's image; else its process in the default image; else an HTTP call of ours."""

import posixpath
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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
    """Empty: the image's own entrypoint."""
    args: Sequence[str] = ()
    env: Mapping[str, str] = {}
    working_directory: str | None = None
    """None: the image's own."""
    grace_s: int = 30
    """Seconds between SIGTERM and SIGKILL that the program gets."""


def program_of(launch: Launch, place: Place) -> Program:
    """Return what an attempt runs. Raises AgentUnfit."""
    agent = launch.agent
    provided = {one.name for one in agent.pod.env} if agent.pod is not None else set()
    if agent.image is not None:
        if launch.argv is not None:
            return Program(IMAGE, agent.image.name, False, launch.argv, (), agent.image.env)
        return Program(IMAGE, agent.image.name, False, agent.image.command, agent.image.args, agent.image.env)
    if agent.process is not None:
        return _process(launch, agent.process, place, provided)
    if agent.http is not None:
        if launch.argv is not None:
            raise AgentUnfit("an http agent cannot run a program")
        return _http(agent.http, place, provided)
    raise AgentUnfit("the agent has neither `image` nor `process` nor `http`: nothing to run on a cluster")


def _process(launch: Launch, process: Process, place: Place, provided: set[str]) -> Program:
    _demand({**process.from_env, **process.from_file}, provided)
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
    directory = process.working_directory
    if directory in ("step", "repository"):
        directory = DIRECTORY
    env = {"HOME": DIRECTORY, "TMPDIR": "/tmp", **process.env}  # noqa: S108 - of the pod
    return Program(
        PROCESS,
        place.default_image,
        True,
        argv,
        (),
        env,
        directory,
        max(1, process.grace_period // 1000),
    )


def _http(http: Http, place: Place, provided: set[str]) -> Program:
    _demand({name: name for name in http.headers_from_env.values()} | dict(http.headers_from_file), provided)
    call = {
        "url": http.url,
        "method": http.method,
        "headers": dict(http.headers),
        "headersFromEnv": dict(http.headers_from_env),
    }
    env = {"LIBRETTO_CALL": orjson.dumps(call).decode()}
    return Program(HTTP, place.image, True, [*COURIER, "call"], (), env, None, 1)


def _demand(variables: Mapping[str, str], provided: set[str]) -> None:
    """Secrets of the operator's own environment are nobody's business: the pod must get them from a Secret."""
    if missing := sorted(name for name in variables if name not in provided):
        names = ", ".join(missing)
        raise AgentUnfit(
            f"on a cluster {names} must come from a Secret: name it in the agent's pod.env with secretKeyRef"
        )
