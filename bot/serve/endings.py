"""How a stream of events ends that cannot be brought to its end: with an error, in the form of the protocol.

The status line is sent by then, so that an event is all that can still tell of it.
"""

from __future__ import annotations

from fastapi.responses import JSONResponse
from fastapi.sse import format_sse_event
from starlette.datastructures import Headers
from starlette.types import Message, Scope

from bot.serve.refusals import Code, worded

DONE = b"data: [DONE]\n\n"
"""The last line of a stream of OpenAI's."""


class Sent:
    """What has been sent of one answer."""

    def __init__(self) -> None:
        self.status = 0
        self.whole = False
        self._events = False

    def note(self, message: Message) -> None:
        """Take down a message that goes out."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._events = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
        else:
            self.whole = message["type"] == "http.response.body" and not message.get("more_body", False)

    def ending(self, scope: Scope, code: Code) -> bytes:
        """Return the last event of an answer that is broken off; nothing, where what was sent is no events of ours."""
        if not self._events or self.whole or not scope["path"].startswith(("/api/v1/", "/v1/")):
            return b""
        told = JSONResponse(worded(scope, code)).body
        if scope["path"].startswith("/v1/"):
            return b"data: " + told + b"\n\n" + DONE
        return format_sse_event(event="error", data_str=bytes(told).decode())
