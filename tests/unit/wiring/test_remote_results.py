"""Where somebody who looks on reads large contents: what the environment says, and what it may not."""

from pathlib import Path

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.beside_config_maps import BesideConfigMaps
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.cluster.config_maps import NamespaceConfigMaps
from controller.adapters.cluster.connection import Connection
from controller.errors import ConfigurationInvalid
from controller.wiring.remote_results import CA, TOKEN, URL, RemoteResults

MAPS = ConfigMapBlobs(NamespaceConfigMaps(Client(Connection("https://10.0.0.1", None)), "team"), "team", lambda: None)


def made(**environment: str) -> RemoteResults:
    return RemoteResults(environment, "team", MAPS, SystemClock())


@pytest.fixture
def token(tmp_path: Path) -> str:
    (tmp_path / "token").write_text("t")
    return str(tmp_path / "token")


def test_who_says_nothing_reads_config_maps() -> None:
    assert made().blobs is MAPS
    assert made(**{TOKEN: "unused", CA: "unused", URL: ""}).blobs is MAPS


def test_who_names_a_service_reads_there_first(token: str) -> None:
    assert isinstance(made(**{URL: "http://127.0.0.1:8090", TOKEN: token}).blobs, BesideConfigMaps)


def test_what_cannot_work_is_told(token: str) -> None:
    for environment, word in (
        ({URL: "127.0.0.1:8090", TOKEN: token}, URL),
        ({URL: "http://127.0.0.1:8090"}, TOKEN),
        ({URL: "http://127.0.0.1:8090", TOKEN: token + "-absent"}, TOKEN),
        ({URL: "https://127.0.0.1:8090", TOKEN: token, CA: token}, "authority"),
    ):
        with pytest.raises(ConfigurationInvalid, match=word):
            made(**environment)
