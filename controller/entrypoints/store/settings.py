"""What is libretto-store told by its environment?"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from controller.errors import ConfigurationInvalid

PREFIX = "LIBRETTO_"


class Settings(NamedTuple):
    """All of it; every variable begins with LIBRETTO_."""

    folder: Path
    """STORE_DIRECTORY: where the volume is mounted."""
    results_port: int = 8090
    """RESULTS_PORT: of the service."""
    port: int = 8080
    """PORT: of metrics and probes."""
    trusted: frozenset[str] = frozenset()
    """STORE_TRUSTED: accounts that may use the blobs of every namespace, as `namespace/name`, separated by commas: the
    operator's. Without it the operator finds nothing that couriers stored."""
    certificate: Path | None = None
    """STORE_TLS_CERTIFICATE: file with the certificate chain; without it the service speaks plain HTTP in the cluster."""
    key: Path | None = None
    """STORE_TLS_KEY: file with its key."""
    log_level: str = "INFO"
    """LOG_LEVEL."""
    log_format: str = "json"
    """LOG_FORMAT: json or text."""


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Raises ConfigurationInvalid with every problem at once."""
    problems = []

    def text(name: str, default: str = "") -> str:
        return environment.get(PREFIX + name, "") or default

    def port(name: str, default: int) -> int:
        found = text(name, str(default))
        if found.isdigit() and int(found) <= 65535:
            return int(found)
        problems.append(f"{PREFIX}{name} is {found!r}; expected 0 to 65535")
        return default

    def choice(name: str, *words: str) -> str:
        found = text(name, words[0])
        if found not in words:
            problems.append(f"{PREFIX}{name} is {found!r}; expected {' or '.join(words)}")
        return found

    folder = Path(text("STORE_DIRECTORY", "/data"))
    if not folder.is_dir():
        problems.append(f"{PREFIX}STORE_DIRECTORY: there is no folder {folder}; mount the volume there")
    trusted = frozenset(name.strip() for name in text("STORE_TRUSTED").split(",") if name.strip())
    if wrong := [name for name in sorted(trusted) if name.count("/") != 1]:
        problems.append(f"{PREFIX}STORE_TRUSTED names {', '.join(wrong)}; expected namespace/account")
    certificate, key = text("STORE_TLS_CERTIFICATE"), text("STORE_TLS_KEY")
    if bool(certificate) != bool(key):
        problems.append(f"{PREFIX}STORE_TLS_CERTIFICATE and {PREFIX}STORE_TLS_KEY belong together")
    found = Settings(
        folder,
        port("RESULTS_PORT", 8090),
        port("PORT", 8080),
        trusted,
        Path(certificate) if certificate else None,
        Path(key) if key else None,
        choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR"),
        choice("LOG_FORMAT", "json", "text"),
    )
    if problems:
        raise ConfigurationInvalid("; ".join(problems), hint="set the chart's values, or the variables")
    return found
