"""What libretto-store may be told."""

from pathlib import Path

import pytest

from controller.entrypoints.store.settings import Settings, settings_from
from controller.errors import ConfigurationInvalid


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    assert settings_from({"LIBRETTO_STORE_DIRECTORY": str(tmp_path)}) == Settings(tmp_path)


def test_everything_can_be_said(tmp_path: Path) -> None:
    given = {
        "LIBRETTO_STORE_DIRECTORY": str(tmp_path),
        "LIBRETTO_RESULTS_PORT": "1",
        "LIBRETTO_PORT": "2",
        "LIBRETTO_STORE_TRUSTED": "libretto/operator, other/account",
        "LIBRETTO_STORE_TLS_CERTIFICATE": "/tls/tls.crt",
        "LIBRETTO_STORE_TLS_KEY": "/tls/tls.key",
        "LIBRETTO_LOG_LEVEL": "DEBUG",
        "LIBRETTO_LOG_FORMAT": "text",
    }
    trusted = frozenset({"libretto/operator", "other/account"})
    tls = Path("/tls/tls.crt"), Path("/tls/tls.key")
    assert settings_from(given) == Settings(tmp_path, 1, 2, trusted, *tls, "DEBUG", "text")


def test_every_problem_is_named_at_once() -> None:
    given = {
        "LIBRETTO_STORE_DIRECTORY": "/not/there",
        "LIBRETTO_RESULTS_PORT": "http",
        "LIBRETTO_PORT": "70000",
        "LIBRETTO_STORE_TRUSTED": "operator",
        "LIBRETTO_STORE_TLS_KEY": "/tls/tls.key",
        "LIBRETTO_LOG_LEVEL": "loud",
        "LIBRETTO_LOG_FORMAT": "xml",
    }
    with pytest.raises(ConfigurationInvalid) as refused:
        settings_from(given)
    assert [name for name in given if name not in refused.value.message] == []
