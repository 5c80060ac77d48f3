"""What is the courier told by its environment?"""

import os
from collections.abc import Mapping
from typing import NamedTuple

from controller.errors import ConfigurationInvalid

STAGE_BUDGET_S, PUBLISH_BUDGET_S = 300.0, 600.0
"""How long an absent results service is tried again. Before the program ran, little is lost by giving up. After it, its
work is: the ten minutes are the ones that the pod's grace period leaves."""

FIRST_WAIT_S = 0.5
"""Between the first try and the second; doubled up to `service.LONGEST_WAIT_S`."""

MESSAGE_BYTES = 3072
"""The kubelet cuts at 4096 bytes, or at 12 KiB divided by the containers of the pod: an added fourth one still fits."""


class Settings(NamedTuple):
    """All of it."""

    directory: str
    """The attempt's directory; what is staged goes below the folder that holds it."""
    results: str = ""
    """Address of the results service; empty: there is none, so only what is small can be handed over."""
    authority: str = ""
    """The certificates of who signed the service's, as PEM, or a file with them; empty: the system's authorities."""
    token: str = "/var/run/libretto/token"  # noqa: S105 - where it is
    """File with the token for the service. The kubelet renews it, so it is read for each request."""
    owner: str = ""
    """Name and uid of the Run that owns what is uploaded, as `name/uid`."""
    termination_log: str = "/dev/termination-log"
    """Where the kubelet reads the message of a container that ended."""
    message_bytes: int = MESSAGE_BYTES
    first_wait_s: float = FIRST_WAIT_S
    stage_budget_s: float = STAGE_BUDGET_S
    publish_budget_s: float = PUBLISH_BUDGET_S


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Raises ConfigurationInvalid."""
    directory = environment.get("LIBRETTO_DIR", "")
    if not directory.startswith("/") or os.path.normpath(directory) != directory or directory.count("/") < 2:
        raise ConfigurationInvalid(f"LIBRETTO_DIR is {directory!r}; expected an absolute path such as /libretto/step")
    results = environment.get("LIBRETTO_RESULTS", "")
    if results and not results.startswith(("http://", "https://")):
        raise ConfigurationInvalid(f"LIBRETTO_RESULTS is {results!r}; expected http:// or https://")
    plain = Settings(directory)
    return Settings(
        directory,
        results.rstrip("/"),
        environment.get("LIBRETTO_RESULTS_CA", ""),
        environment.get("LIBRETTO_TOKEN_FILE") or plain.token,
        environment.get("LIBRETTO_OWNER", ""),
        environment.get("LIBRETTO_TERMINATION_LOG") or plain.termination_log,
        int(_number(environment, "LIBRETTO_MESSAGE_BYTES", plain.message_bytes, least=512)),
        _number(environment, "LIBRETTO_FIRST_WAIT_S", plain.first_wait_s),
        _number(environment, "LIBRETTO_STAGE_BUDGET_S", plain.stage_budget_s),
        _number(environment, "LIBRETTO_PUBLISH_BUDGET_S", plain.publish_budget_s),
    )


def _number(environment: Mapping[str, str], name: str, default: float, *, least: float = 0) -> float:
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    # Also false for `nan`.
    if not least <= value <= 1e6:
        raise ConfigurationInvalid(f"{name} is {text!r}; expected a number from {least:g}")
    return value
