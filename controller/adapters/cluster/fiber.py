"""How can code that knows no event loop wait for one? It runs in a greenlet that is set aside while the loop works.

The driver of a run is one and the same on a laptop and on a cluster, and its ports are plain calls. In the operator each
turn of a driver is a fiber: where an adapter has to ask the API server it calls `wait`, which gives the loop back to
everybody else and returns with the answer. Effects therefore really happen before records, with no second driver.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

import greenlet

from controller.errors import InvariantViolated

P = ParamSpec("P")
T = TypeVar("T")


class _Fiber(greenlet.greenlet):
    """A function that may wait for the loop of its parent."""

    def __init__(self, run: Callable[[], Any]) -> None:
        super().__init__(run, greenlet.getcurrent())
        # What the caller knows by context (log fields, the current span) the function knows too.
        self.gr_context = greenlet.getcurrent().gr_context


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that may `wait`, and await whatever it waits for. Cancelling cancels what it waits for."""
    fiber = _Fiber(lambda: function(*args, **kwargs))
    wanted = fiber.switch()
    while not fiber.dead:
        try:
            answer = await cast("Awaitable[Any]", wanted)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the function that waits
            wanted = fiber.throw(error)
        else:
            wanted = fiber.switch(answer)
    return cast("T", wanted)


def wait(awaitable: Awaitable[T]) -> T:
    """Wait for something of the loop, inside a function that `run` called. Raises what it raises."""
    current = greenlet.getcurrent()
    if not isinstance(current, _Fiber):
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()
        raise InvariantViolated("only a function that was called by fiber.run can wait")
    assert current.parent is not None
    return cast("T", current.parent.switch(awaitable))
