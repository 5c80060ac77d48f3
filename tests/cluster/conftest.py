"""Tests on a real cluster: the fixtures come from the plugin beside this file."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.cluster.fixtures")
