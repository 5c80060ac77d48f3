"""Where settings come from, which one wins, and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.adapters.configuration import _VARIABLES, Configuration, load_configuration
from controller.errors import ConfigurationInvalid
from controller.model.retention import Retention


def load(
    folder: Path, project: str = "", state: str = "", environment: Mapping[str, str] | None = None
) -> Configuration:
    (folder / ".libretto").mkdir(exist_ok=True)
    if project:
        (folder / "libretto.toml").write_text(project)
    if state:
        (folder / ".libretto" / "config.toml").write_text(state)
    return load_configuration(folder / ".libretto", environment or {})


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = load_configuration(tmp_path / "never made" / ".libretto", {"PATH": "/bin"})
    assert settings == Configuration()
    assert settings.max_parallel == 1
    assert settings.limits == Retention(None, None, None)
    assert settings.notify.levels == ["error", "critical"]


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        maxParallel = 4
        [notify]
        command = ["notify-send", "libretto"]
        webhook = "https://hooks.example.com/x"
        levels = ["warning", "error"]
        types = ["run_failed"]
        timeout = "2s"
        [retention]
        age = "30d"
        runs = 100
        size = "2GiB"
        """,
    )
    assert settings.max_parallel == 4
    assert settings.notify.command == ["notify-send", "libretto"]
    assert (settings.notify.timeout, settings.notify.types) == (2000, ["run_failed"])
    assert settings.limits == Retention(30 * 86_400_000, 100, 2 * 1024**3)


@pytest.mark.parametrize(
    ("project", "state", "environment", "parallel"),
    [
        ("", "", {}, 1),
        ("maxParallel = 2", "", {}, 2),
        ("maxParallel = 2", "maxParallel = 3", {}, 3),
        ("maxParallel = 2", "maxParallel = 3", {"ORCHESTRATION_MAX_CONCURRENCY": "4"}, 4),
        ("", "", {"ORCHESTRATION_MAX_CONCURRENCY": "4", "ORCHESTRATION_DEFAULT_MAX_PARALLEL": "5"}, 5),
        ("", "", {"ORCHESTRATION_DEFAULT_MAX_PARALLEL": "5", "LIBRETTO_MAX_PARALLEL": "6"}, 6),
        ("", "maxParallel = 3", {"LIBRETTO_MAX_PARALLEL": ""}, 3),
    ],
)
def test_the_nearest_source_wins(
    tmp_path: Path, project: str, state: str, environment: Mapping[str, str], parallel: int
) -> None:
    assert load(tmp_path, project, state, environment).max_parallel == parallel


def test_tables_are_merged_key_by_key(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[retention]\nage = "30d"\nruns = 7\n[notify]\nlevels = ["info"]',
        "[retention]\nruns = 9",
        {"LIBRETTO_RETENTION_SIZE": "10MiB", "LIBRETTO_NOTIFY_WEBHOOK": "http://localhost:8080/"},
    )
    assert settings.limits == Retention(30 * 86_400_000, 9, 10 * 1024**2)
    assert (settings.notify.levels, settings.notify.webhook) == (["info"], "http://localhost:8080/")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid) as refusal:
        load(
            tmp_path,
            'maxParalel = 3\n[notify]\nlevels = ["eror"]\ncommand = []\n[retention]\nsize = "3GB"\nage = "3 days"',
            "max_parallel = 3\nmaxParallel = 0\n[retention]\nruns = -1\nsize = 5\n[colours]\nx = 1",
            {"LIBRETTO_MAX_PARALLEL": "many"},
        )
    project, state = tmp_path / "libretto.toml", tmp_path / ".libretto" / "config.toml"
    wanted = [
        f'{project}: unknown setting maxParalel; did you mean "maxParallel"?',
        f"{project}: notify.levels.0: input should be 'info', 'warning', 'error' or 'critical', not 'eror'",
        f"{project}: notify.command: list should have at least 1 item after validation, not 0",
        f"{project}: retention.size: expected a size such as 1B, 1KiB, 1MiB, 1GiB, 1TiB, not '3GB'",
        f'{project}: retention.age: expected a duration such as "90s", "5m" or "1h30m", not \'3 days\'',
        f'{state}: unknown setting max_parallel; did you mean "maxParallel"?',
        f"{state}: maxParallel: input should be greater than or equal to 1, not 0",
        f"{state}: retention.runs: input should be greater than or equal to 0, not -1",
        f"{state}: retention.size: expected a size such as 1B, 1KiB, 1MiB, 1GiB, 1TiB, not 5",
        f"{state}: unknown setting colours; expected one of maxParallel, notify, retention",
        "LIBRETTO_MAX_PARALLEL: maxParallel: input should be a valid integer, not 'many'",
    ]
    assert sorted(refusal.value.message.splitlines()) == sorted(wanted)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"maxParallel = ", "Invalid value"), (b"a = 1\na = 2", "Cannot overwrite"), (b"\xff", "invalid start byte")],
)
def test_what_is_no_toml_is_told_with_its_file(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "libretto.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationInvalid, match=problem) as refusal:
        load(tmp_path)
    assert refusal.value.message.startswith(f"{file}: ")


def test_a_problem_hides_no_other_source(tmp_path: Path) -> None:
    """A later source may win, but a typing mistake in an earlier one is still told."""
    with pytest.raises(ConfigurationInvalid, match=r"libretto\.toml: maxParallel"):
        load(tmp_path, 'maxParallel = "3"', "maxParallel = 3")


def test_the_page_tells_every_setting_and_its_example_holds(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
    names = [f"`{name}`" for name, *_ in _VARIABLES]
    for alias, field in ((field.alias, field) for field in Configuration.model_fields.values()):
        inner = getattr(field.annotation, "model_fields", None)
        names += [f"`{alias}.{one.alias}`" for one in inner.values()] if inner else [f"`{alias}`"]
    assert [name for name in names if name not in page] == []
    example = page.split("```toml\n")[1].split("```")[0]
    assert load(tmp_path, example).retention.runs is None
