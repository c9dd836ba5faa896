"""Connections that say nothing, or do not listen, are closed: they would else keep their places for ever.

uvicorn closes a connection that idles between two requests. This adds what it leaves open: one that never sends a whole
head of a request, and one that does not read what it asked for.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD = 10.0
"""Seconds for the head of a request to come."""

UNREAD = 30.0
"""Seconds for a client to take what was sent to it."""

CONNECTIONS = 800
"""At the same time; a process may have 1,024 files open by default, and the library needs some."""

SHARE = 400
"""Of them from one address."""

_BUSY = {"code": "overloaded", "message": "The server has as many connections as it can take.", "hint": "Come again."}
_BODY = json.dumps({"error": _BUSY}).encode()
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


class Connection(H11Protocol):
    """One connection, with a deadline for what the client has to do."""

    head, unread, most, share = HEAD, UNREAD, CONNECTIONS, SHARE

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadlines: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._crowded():
            transport.write(FULL)
            transport.close()
        else:
            self._set("head", self.head)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._unset("head")
        elif "head" not in self._deadlines and (self.cycle is None or self.cycle.response_complete):
            self._set("head", self.head)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and let what was begun for it end: nothing more can be sent."""
        super().send_400_response(msg)
        if self.cycle and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._set("unread", self.unread)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unset("unread")

    def connection_lost(self, exc: Exception | None) -> None:
        for name in list(self._deadlines):
            self._unset(name)
        super().connection_lost(exc)

    def _crowded(self) -> bool:
        address = self.client[0] if self.client else None
        others = [each.client for each in self.connections if isinstance(each, Connection)]
        beside = sum(1 for client in others if client and client[0] == address)
        return len(others) > self.most or beside > self.share

    def _set(self, name: str, seconds: float) -> None:
        self._unset(name)
        self._deadlines[name] = self.loop.call_later(seconds, self.transport.abort)

    def _unset(self, name: str) -> None:
        if deadline := self._deadlines.pop(name, None):
            deadline.cancel()
