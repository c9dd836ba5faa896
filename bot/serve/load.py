"""How much is done at a time: questions take turns, and one that cannot be answered soon is told so at once.

A request that shows nothing new for long is given up, and one that would never end by itself (the heartbeat of a page)
ends when the server is stopped; one that still waits for its turn is then told to come again. So only answers under way
hold it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.records import LANGUAGES
from bot.serve.bodies import Replayed
from bot.serve.endings import Sent
from bot.serve.refusals import refusal

log = logging.getLogger(__name__)

HEAVY = re.compile(
    r"/api/v1/(?:ask|search|digest|timeline)|/api/v1/articles/[^/]+/summary|/v1/(?:chat/completions|embeddings)|/mcp/?"
)
"""What is computed, and waits for its turn. The page's questions join the same line (bot/ui/line.py)."""

ENDLESS = re.compile(rf"/(?:{'|'.join(LANGUAGES)})/gradio_api/heartbeat/[^/]+|/mcp/?")
LISTENING = re.compile(rf"/(?:{'|'.join(LANGUAGES)})/gradio_api/queue/data")

WAIT = 30.0
"""Seconds that a request may wait for its turn."""

TOLD = 1.0
"""Seconds after which one who waits on the page is told the place in the line again."""

COME_AGAIN = 5
"""Seconds after which one who finds no place may try again."""


class Turns:
    """So many requests at the same time, and so many that wait."""

    def __init__(self, places: int, *, queue: int) -> None:
        self.most = places + queue
        self.busy = 0
        self.refused = 0
        self._places = asyncio.Semaphore(places)
        self._line: dict[asyncio.Task[bool], None] = {}

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def full(self) -> bool:
        return self.busy + self.waiting >= self.most

    async def come(self, receive: Receive, closing: asyncio.Event) -> bool | None:
        """Wait for a turn; return True when it has come, False where it is not to be expected, None if nobody waits."""
        taking = asyncio.create_task(self._places.acquire())
        leaving = asyncio.create_task(receive.gone() if isinstance(receive, Replayed) else asyncio.Event().wait())
        stopping = asyncio.create_task(closing.wait())
        self._line[taking] = None
        try:
            await asyncio.wait({taking, leaving, stopping}, timeout=WAIT, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._line[taking]
        if taking.done():
            self.busy += 1
        came = True if taking.done() else None if leaving.done() else False
        for each in (taking, leaving, stopping):
            each.cancel()
        return came

    async def line(self) -> AsyncGenerator[int, None]:
        """Wait for a turn without end, and yield the place in the line each second; at the end the turn has come."""
        taking = asyncio.create_task(self._places.acquire())
        self._line[taking] = None
        came = False
        try:
            while not (await asyncio.wait({taking}, timeout=TOLD))[0]:
                yield list(self._line).index(taking) + 1
            came = True
            self.busy += 1
        finally:
            del self._line[taking]
            if not came and not taking.cancel():
                self._places.release()

    def leave(self) -> None:
        self.busy -= 1
        self._places.release()


class Loaded:
    """ASGI middleware: holds requests to their turns and to their time.

    `patience` are the seconds that a request may take to show something new; `closing` is set when the server stops.
    """

    def __init__(self, app: ASGIApp, *, turns: Turns, patience: float, closing: asyncio.Event) -> None:
        self.app = app
        self.turns = turns
        self.patience = patience
        self.closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or LISTENING.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
        elif scope["method"] == "GET" and ENDLESS.fullmatch(scope["path"]):
            await self._until_closing(scope, receive, send)
        elif not HEAVY.fullmatch(scope["path"]):
            await _Watched(self.app, scope, receive, send).run(self.patience)
        elif self.turns.full:
            await self._refuse(scope, receive, send)
        else:
            await self._in_turn(scope, receive, send)

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        came = await self.turns.come(receive, self.closing)
        if came:
            watched = _Watched(self.app, scope, receive, send)
            watched.task.add_done_callback(lambda _: self.turns.leave())  # a thread given up is busy until it returns
            await watched.run(self.patience)
        elif came is False:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.turns.refused += 1
        await refusal(scope, "overloaded", retry_after=COME_AGAIN)(scope, receive, send)

    async def _until_closing(self, scope: Scope, receive: Receive, send: Send) -> None:
        watched = _Watched(self.app, scope, receive, send)
        closing = asyncio.create_task(self.closing.wait())
        try:
            await asyncio.wait({watched.task, closing}, return_when=asyncio.FIRST_COMPLETED)
            await watched.stop()
        finally:
            closing.cancel()
            watched.task.cancel()


class _Watched:
    """An application at work on a request, as a task that can be given up."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.sent = Sent()
        self.over = False
        self.latest = asyncio.get_running_loop().time()
        self.task = asyncio.create_task(self._work(app))

    async def _work(self, app: ASGIApp) -> None:
        await app(self.scope, self._receive, self._send)

    async def _receive(self) -> Message:
        return {"type": "http.disconnect"} if self.over else await self.receive()

    async def _send(self, message: Message) -> None:
        if self.over:
            raise OSError("The request was given up.")  # as where the client has gone
        self.sent.note(message)
        await self.send(message)
        self.latest = asyncio.get_running_loop().time()

    async def run(self, patience: float) -> None:
        """Wait until the answer is sent, or nothing new has been for so many seconds."""
        try:
            while not self.task.done():
                left = self.latest + patience - asyncio.get_running_loop().time()
                if left <= 0:
                    await self._give_up(patience)
                    return
                await asyncio.wait({self.task}, timeout=left)
        except asyncio.CancelledError:  # the time to drain is over
            self.over = True
            self.task.cancel()
            if last := self.sent.ending(self.scope, "stopping"):
                await self._end(last)
            raise
        self.task.result()

    async def stop(self) -> None:
        """End a request that would go on for ever, as if it had come to its end."""
        if self.task.done():
            self.task.result()
            return
        self.over = True
        self.task.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await self.task
        await self._end()

    async def _give_up(self, patience: float) -> None:
        self.over = True
        self.task.cancel()
        self.task.add_done_callback(_forget)
        log.warning("A request was given up: nothing new came of it for %g seconds.", patience)
        if self.sent.status:
            await self._end(self.sent.ending(self.scope, "timed_out"))
        else:
            response = refusal(self.scope, "timed_out", retry_after=COME_AGAIN)
            await response(self.scope, self.receive, self.send)

    async def _end(self, last: bytes = b"") -> None:
        if self.sent.status and not self.sent.whole:
            await self.send({"type": "http.response.body", "body": last, "more_body": False})


def _forget(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
