"""A table lets through what stands in it, and nothing else."""

from enum import StrEnum

import pytest

from controller.errors import IllegalTransition
from controller.machine.table import Table


class Light(StrEnum):
    GREEN = "Green"
    RED = "Red"


LIGHT: Table[Light] = Table("light", Light, {Light.GREEN: {"Stop": Light.RED, "Wait": Light.GREEN}, Light.RED: {}})


def test_what_stands_in_it() -> None:
    assert LIGHT.move(Light.GREEN, "Stop") is Light.RED
    assert LIGHT.allows(Light.GREEN, "Stop")
    assert list(LIGHT.edges()) == [(Light.GREEN, "Stop", Light.RED), (Light.GREEN, "Wait", Light.GREEN)]
    assert LIGHT.name == "light"


def test_what_does_not() -> None:
    assert not LIGHT.allows(Light.RED, "Stop")
    with pytest.raises(IllegalTransition, match=r"^a light in state Red never takes Stop$"):
        LIGHT.move(Light.RED, "Stop")


def test_every_state_has_a_row() -> None:
    with pytest.raises(ValueError, match=r"^light: no row for \[<Light.RED: 'Red'>\]$"):
        Table("light", Light, {Light.GREEN: {}})


def test_nobody_changes_it_later() -> None:
    rows = {Light.GREEN: {"Stop": Light.RED}, Light.RED: {}}
    table: Table[Light] = Table("light", Light, rows)
    rows[Light.GREEN]["Go"] = Light.GREEN
    rows[Light.RED] = {"Go": Light.GREEN}
    assert list(table.edges()) == [(Light.GREEN, "Stop", Light.RED)]
    with pytest.raises(TypeError):
        table.rows[Light.RED] = {}  # type: ignore[index]
