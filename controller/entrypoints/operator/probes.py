"""Is the operator alive, and ready? What a kubelet and Prometheus ask."""

from collections.abc import Callable

from aiohttp import web


class Health:
    """Answers probes by what `wrong` and `unready` say: None, or in one line what is the matter."""

    def __init__(
        self,
        wrong: Callable[[], str | None],
        unready: Callable[[], str | None],
        metrics: Callable[[], tuple[bytes, str]],
    ) -> None:
        self._wrong = wrong
        self._unready = unready
        self._metrics = metrics

    def application(self) -> web.Application:
        """Return the HTTP application."""
        made = web.Application()
        made.router.add_get("/livez", self._live)
        made.router.add_get("/readyz", self._ready)
        made.router.add_get("/metrics", self._measured)
        return made

    async def _live(self, _: web.Request) -> web.Response:
        return _said(self._wrong())

    async def _ready(self, _: web.Request) -> web.Response:
        return _said(self._unready())

    async def _measured(self, _: web.Request) -> web.Response:
        content, kind = self._metrics()
        return web.Response(body=content, headers={"Content-Type": kind})


def _said(problem: str | None) -> web.Response:
    return web.Response(text="ok\n") if problem is None else web.Response(text=f"{problem}\n", status=503)
