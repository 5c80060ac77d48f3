"""What is libretto-store told by its environment?"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from controller.errors import ConfigurationInvalid

PREFIX = "LIBRETTO_STORE_"


class Settings(NamedTuple):
    """All of it; every variable begins with LIBRETTO_STORE_."""

    folder: Path
    """FOLDER: where the volume is mounted."""
    port: int = 8090
    """PORT: of the service, with /healthz and /metrics."""
    trusted: frozenset[str] = frozenset()
    """TRUSTED: accounts that may use the blobs of every namespace, as `namespace/name`, separated by commas: the operator's."""
    certificate: Path | None = None
    """TLS_CERTIFICATE: file with the certificate chain; without it the service speaks plain HTTP inside of the cluster."""
    key: Path | None = None
    """TLS_KEY: file with its key."""
    log_level: str = "INFO"
    """LOG_LEVEL."""
    log_format: str = "json"
    """LOG_FORMAT: json or text."""


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Raises ConfigurationInvalid with every problem at once."""
    problems = []

    def text(name: str, default: str = "") -> str:
        return environment.get(PREFIX + name, "") or default

    folder = Path(text("FOLDER", "/var/lib/libretto"))
    if not folder.is_dir():
        problems.append(f"{PREFIX}FOLDER: there is no folder {folder}; mount the volume there")
    port = text("PORT", "8090")
    if not port.isdigit() or int(port) > 65535:
        problems.append(f"{PREFIX}PORT is {port!r}; expected 0 to 65535")
    trusted = frozenset(name.strip() for name in text("TRUSTED").split(",") if name.strip())
    if wrong := [name for name in sorted(trusted) if name.count("/") != 1]:
        problems.append(f"{PREFIX}TRUSTED names {', '.join(wrong)}; expected namespace/account")
    certificate, key = text("TLS_CERTIFICATE"), text("TLS_KEY")
    if bool(certificate) != bool(key):
        problems.append(f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY belong together")
    level, form = text("LOG_LEVEL", "INFO"), text("LOG_FORMAT", "json")
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        problems.append(f"{PREFIX}LOG_LEVEL is {level!r}; expected DEBUG, INFO, WARNING or ERROR")
    if form not in {"json", "text"}:
        problems.append(f"{PREFIX}LOG_FORMAT is {form!r}; expected json or text")
    if problems:
        raise ConfigurationInvalid("; ".join(problems), hint="set the chart's values, or the variables")
    return Settings(
        folder,
        int(port),
        trusted,
        Path(certificate) if certificate else None,
        Path(key) if key else None,
        level,
        form,
    )
