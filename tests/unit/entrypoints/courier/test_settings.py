"""What the environment may say, and what it may leave out."""

import pytest

from controller.entrypoints.courier.settings import Settings, settings_from
from controller.errors import ConfigurationInvalid

LEAST = {"LIBRETTO_DIR": "/libretto/step"}


def test_what_is_left_out_has_a_default() -> None:
    assert settings_from(LEAST) == Settings("/libretto/step")
    assert settings_from({**LEAST, "LIBRETTO_RESULTS": "", "LIBRETTO_MESSAGE_BYTES": ""}) == Settings("/libretto/step")


def test_everything_can_be_said() -> None:
    given = {
        **LEAST,
        "LIBRETTO_RESULTS": "https://results:8090/",
        "LIBRETTO_RESULTS_CA": "/ca.crt",
        "LIBRETTO_TOKEN_FILE": "/token",
        "LIBRETTO_OWNER": "run/uid",
        "LIBRETTO_TERMINATION_LOG": "/log",
        "LIBRETTO_MESSAGE_BYTES": "2048",
        "LIBRETTO_FIRST_WAIT_S": "0.1",
        "LIBRETTO_STAGE_BUDGET_S": "60",
        "LIBRETTO_PUBLISH_BUDGET_S": "1200",
    }
    assert settings_from(given) == Settings(
        "/libretto/step", "https://results:8090", "/ca.crt", "/token", "run/uid", "/log", 2048, 0.1, 60, 1200
    )


def test_publishing_survives_ten_minutes() -> None:
    assert Settings("/libretto/step").publish_budget_s >= 600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIBRETTO_DIR", ""),
        ("LIBRETTO_DIR", "step"),
        ("LIBRETTO_DIR", "/step"),
        ("LIBRETTO_DIR", "/libretto/../step"),
        ("LIBRETTO_DIR", "/libretto/step/"),
        ("LIBRETTO_RESULTS", "results:8090"),
        ("LIBRETTO_MESSAGE_BYTES", "511"),
        ("LIBRETTO_FIRST_WAIT_S", "-1"),
        ("LIBRETTO_STAGE_BUDGET_S", "nan"),
        ("LIBRETTO_PUBLISH_BUDGET_S", "ten"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=name):
        settings_from({**LEAST, name: value})
