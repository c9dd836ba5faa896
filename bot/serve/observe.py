"""Every request gets an identifier, a line in the log and a count, and no error goes further than this."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.serve.access import address
from bot.serve.endings import Sent
from bot.serve.logs import REQUEST_ID
from bot.serve.metrics import Metrics, route
from bot.serve.refusals import refusal

log = logging.getLogger(__name__)

NAME = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Observed:
    """ASGI middleware: nothing inside of it fails unnoticed, and no error shows a client more than its identifier."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _Request(scope, send).pass_to(self.app, receive, self.metrics)
        else:
            await self.app(scope, receive, send)


class _Request:
    """A request on its way, and what has been said to it so far."""

    def __init__(self, scope: Scope, send: Send) -> None:
        given = Headers(scope=scope).get(NAME, "")
        self.id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        self.scope = scope
        self.send = send
        self.sent = Sent()
        self.started = time.perf_counter()

    async def pass_to(self, app: ASGIApp, receive: Receive, metrics: Metrics) -> None:
        token = REQUEST_ID.set(self.id)
        try:
            await app(self.scope, receive, self._heard)
        except Exception as error:
            log.error("A request failed.", exc_info=error, extra={"method": self.scope["method"], "route": self._route})
            await self._apologize(receive)
        finally:
            seconds = time.perf_counter() - self.started
            metrics.requested(self.scope, self.sent.status or 499, seconds)
            self._log(seconds)
            REQUEST_ID.reset(token)

    async def _apologize(self, receive: Receive) -> None:
        if self.sent.status == 0:
            await refusal(self.scope, "internal")(self.scope, receive, self._heard)
        elif last := self.sent.ending(self.scope, "internal"):
            await self._heard({"type": "http.response.body", "body": last, "more_body": False})

    @property
    def _route(self) -> str:
        return route(self.scope)

    async def _heard(self, message: Message) -> None:
        self.sent.note(message)
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[NAME] = self.id
        await self.send(message)

    def _log(self, seconds: float) -> None:
        who = self.scope.get("regbrief.caller")
        fields = {
            "method": self.scope["method"],
            "path": self.scope["path"],
            "route": self._route,
            "status": self.sent.status or 499,
            "ms": round(seconds * 1000, 1),
            "who": who.name if who else None,
            "from": address(self.scope),
        }
        log.info("%s %s", self.scope["method"], self.scope["path"], extra=fields)
