"""What a request may send, and how slowly: its body is whole before anything else is done for it.

So a client that sends a byte a minute keeps none of the places in which questions are answered.
"""

from __future__ import annotations

import asyncio
import re
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.records import LANGUAGES
from bot.serve.refusals import refusal

MEGABYTE = 1_000_000
UPLOAD = re.compile(rf"/api/v1/articles(?:/.*)?|/(?:{'|'.join(LANGUAGES)})/gradio_api/upload")
"""What takes files; anything else takes a megabyte."""

PATIENCE = 30.0
"""Seconds that a body may take …"""

PACE = 20_000
"""… and one more for so many bytes that have come."""

IN_MEMORY = 1_000_000
PIECE = 65_536


class TooLarge(Exception):
    """A body has more bytes than allowed."""


class Bodies:
    """ASGI middleware: reads bodies whole, within limits of size and time."""

    def __init__(self, app: ASGIApp, *, upload: int, other: int = MEGABYTE, patience: float = PATIENCE) -> None:
        self.app = app
        self.upload = upload
        self.other = other
        self.patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        limit = self.upload if UPLOAD.fullmatch(scope["path"]) else self.other
        try:
            if int(Headers(scope=scope).get("content-length", "0")) > limit:
                raise TooLarge
            body = await self._read(receive, limit)
        except TooLarge:
            await refusal(scope, "too_large", megabytes=limit // MEGABYTE)(scope, receive, send)
        except TimeoutError:
            await refusal(scope, "too_slow")(scope, receive, send)
        except ClientDisconnect:
            return  # half of a body is none
        else:
            with body:
                await self.app(scope, Replayed(body, receive), send)

    async def _read(self, receive: Receive, limit: int) -> IO[bytes]:
        """Read a body. Raises TooLarge, TimeoutError, and ClientDisconnect where it does not come to its end."""
        body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 – who uses it closes it
        started, size, more = asyncio.get_running_loop().time(), 0, True
        try:
            while more:
                async with asyncio.timeout_at(started + self.patience + size / PACE):
                    message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                size += body.write(message.get("body", b""))
                if size > limit:
                    raise TooLarge
                more = message.get("more_body", False)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body


class Replayed:
    """An ASGI `receive` that gives a body that was read, and then what the client does."""

    def __init__(self, body: IO[bytes], receive: Receive) -> None:
        self.body: IO[bytes] | None = body
        self.receive = receive

    async def gone(self) -> None:
        """Wait until the client goes away."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def __call__(self) -> Message:
        if self.body is None:
            return await self.receive()
        piece = self.body.read(PIECE)
        more = len(piece) == PIECE
        if not more:
            self.body = None
        return {"type": "http.request", "body": piece, "more_body": more}
