"""How many transfers may be under way?"""

from contextlib import ExitStack

import pytest

from controller.adapters.results_service.gate import Gate
from controller.adapters.results_service.limits import Limits
from controller.errors import Throttled


def test_a_namespace_cannot_keep_the_others_out() -> None:
    gate = Gate(Limits(transfers=3, transfers_of_namespace=2))
    with ExitStack() as stack:
        stack.enter_context(gate.entered("a"))
        stack.enter_context(gate.entered("a"))
        with pytest.raises(Throttled), gate.entered("a"):
            pass
        stack.enter_context(gate.entered("b"))
        with pytest.raises(Throttled), gate.entered("b"):
            pass
        assert gate.inside == 3
    assert gate.inside == 0
    with gate.entered("a"):
        assert gate.inside == 1


def test_a_transfer_that_fails_leaves_its_place() -> None:
    gate = Gate(Limits(transfers=1))
    with pytest.raises(ValueError, match="x"), gate.entered("a"):
        raise ValueError("x")
    assert gate.inside == 0
