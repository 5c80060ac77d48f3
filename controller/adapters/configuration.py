"""What a project and its user have set: `libretto.toml`, `.libretto/config.toml` and environment variables.

The later of these wins: `libretto.toml` beside the state directory (kept in Git, for everyone), `config.toml` in the state
directory (for this machine), the environment (for this call). Tables are merged key by key.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from controller.errors import ConfigurationInvalid
from controller.model.base import Authored
from controller.model.duration import Duration
from controller.model.retention import Retention

_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
_SIZE = re.compile(r"(\d+)(B|KiB|MiB|GiB|TiB)")


def parse_size(text: object) -> int:
    """Return the bytes that `text` says, e.g. `2GiB`. Raises ValueError."""
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected a size such as {', '.join(f'1{unit}' for unit in _UNITS)}")
    return int(match[1]) * _UNITS[match[2]]


Level = Literal["info", "warning", "error", "critical"]

_URGENT: list[Level] = ["error", "critical"]


class _Settings(Authored):
    # One spelling per setting, or two sources could set it under two names.
    model_config = ConfigDict(populate_by_name=False)


class NotifySettings(_Settings):
    """Where alerts go, besides the log of the state directory."""

    command: Annotated[list[str], Field(min_length=1)] | None = None
    """Program and arguments; it gets the alert as JSON on its standard input."""
    webhook: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Address that is sent the alert as JSON."""
    levels: list[Level] = Field(default_factory=_URGENT.copy)
    """Levels that are told; the milder ones are only logged by default, as they need nobody at once."""
    types: list[str] = Field(default_factory=list)
    """Types that are told; empty: all."""
    timeout: Duration = 10_000
    """Longest time of one try, e.g. `10s`."""


class RetentionSettings(_Settings):
    """What `libretto clean` keeps when it is not told."""

    age: Duration | None = None
    """Settled runs older than that go, e.g. `30d`."""
    runs: Annotated[int, Field(ge=0)] | None = None
    """Settled run trees that stay."""
    size: Annotated[int, BeforeValidator(parse_size)] | None = None
    """Size of all runs together, e.g. `2GiB`; the oldest settled ones beyond it go."""


class Configuration(_Settings):
    """All settings; what is not set has its default."""

    max_parallel: Annotated[int, Field(ge=1, le=1000)] = 1
    """Steps of a run at one time where its definition does not say. 1: a definition that may run in parallel says so."""
    notify: NotifySettings = NotifySettings()
    """Alerts."""
    retention: RetentionSettings = RetentionSettings()
    """Defaults of `libretto clean`."""

    @property
    def limits(self) -> Retention:
        """The limits of `libretto clean`; all None: it removes nothing unless told."""
        return Retention(self.retention.age, self.retention.runs, self.retention.size)


_WHOLE, _TEXT = "whole number", "text"

_VARIABLES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("ORCHESTRATION_MAX_CONCURRENCY", ("maxParallel",), _WHOLE),
    ("ORCHESTRATION_DEFAULT_MAX_PARALLEL", ("maxParallel",), _WHOLE),
    ("LIBRETTO_MAX_PARALLEL", ("maxParallel",), _WHOLE),
    ("LIBRETTO_NOTIFY_WEBHOOK", ("notify", "webhook"), _TEXT),
    ("LIBRETTO_RETENTION_AGE", ("retention", "age"), _TEXT),
    ("LIBRETTO_RETENTION_RUNS", ("retention", "runs"), _WHOLE),
    ("LIBRETTO_RETENTION_SIZE", ("retention", "size"), _TEXT),
)
"""Variable, setting and its form. The later one wins; an empty variable counts as not set."""


def load_configuration(state: Path, environment: Mapping[str, str]) -> Configuration:
    """Return the settings that hold for the state directory `state`, which need not exist.

    Raises ConfigurationInvalid, whose message has a line for every problem of every source.
    """
    problems: list[str] = []
    settings: dict[str, Any] = {}
    sources = [_file(path, problems) for path in (state.parent / "libretto.toml", state / "config.toml")]
    sources += [_variable(*variable, environment) for variable in _VARIABLES]
    for name, values in sources:
        # Each source by itself, so that a problem names its source even where a later one would win.
        problems.extend(_problems(name, values))
        _merge(settings, values)
    if problems:
        raise ConfigurationInvalid("\n".join(dict.fromkeys(problems)), hint="the settings are in docs/configuration.md")
    return Configuration.model_validate(settings)


def _file(path: Path, problems: list[str]) -> tuple[str, dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            return str(path), tomllib.load(stream)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: {error}")
    return str(path), {}


def _variable(
    name: str, setting: tuple[str, ...], form: str, environment: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    text = environment.get(name, "").strip()
    if not text:
        return name, {}
    value: Any = int(text) if form == _WHOLE and re.fullmatch(r"-?\d{1,9}", text) else text
    for key in reversed(setting):
        value = {key: value}
    return name, value


def _problems(source: str, values: Mapping[str, Any]) -> Iterator[str]:
    try:
        Configuration.model_validate(values)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False):
            place = ".".join(str(part) for part in found["loc"])
            if found["type"] == "extra_forbidden":
                yield f"{source}: unknown setting {place}{_nearest(found['loc'])}"
            else:
                message = found["msg"].removeprefix("Value error, ")
                given = "" if ", not " in message else f", not {found['input']!r}"
                yield f"{source}: {place}: {message[:1].lower()}{message[1:]}{given}"


def _nearest(place: tuple[int | str, ...]) -> str:
    model: Any = Configuration
    for part in place[:-1]:
        model = next((info.annotation for info in model.model_fields.values() if info.alias == part), None)
        if not hasattr(model, "model_fields"):
            return ""
    known = [str(info.alias) for info in model.model_fields.values()]
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; expected one of {', '.join(known)}"


def _merge(settings: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        known = settings.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            settings[key] = dict(value) if isinstance(value, dict) else value
