"""A server of the page, as `regbrief serve` starts it, and visits to it that leave nothing behind."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

from bot.serve.app import Server, application
from bot.settings import Settings

WHOLE = 20_000
"""Characters of a page that are told where a test fails: the end of it, where Gradio builds."""


@contextmanager
def serving(bot: Any, settings: Settings) -> Iterator[str]:
    """Serve the page beside the test, and yield its address."""
    closing = asyncio.Event()
    told: Queue[str] = Queue()
    server = Server(application(bot, settings, closing=closing), settings, closing=closing, started=told.put)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield told.get(timeout=60)
    server.should_exit = True
    thread.join()


class Visits:
    """Pages of a browser, each in a context of its own; what they may not do is told when they are left.

    A context is used again where a later test wants one with the same options: it has the page's files by then.
    """

    def __init__(self, browser: Any, *, timeout: int) -> None:
        self.browser = browser
        self.timeout = timeout
        self.spare: dict[str, list[Any]] = {}
        self.here: list[tuple[str, Any, Any]] = []
        self.problems: list[str] = []
        self.trail: list[str] = []

    def open(self, address: str, *, locale: str, width: int, height: int, **options: Any) -> Any:
        """Return an empty page whose browser has kept nothing of this address."""
        options |= {"locale": locale}
        kind = repr(sorted(options.items()))
        spare = self.spare.setdefault(kind, [])
        context = spare.pop() if spare else self._context(options)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        context.new_cdp_session(page).send(
            "Storage.clearDataForOrigin", {"origin": address, "storageTypes": "local_storage,cookies"}
        )
        self.here.append((kind, context, page))
        self._follow(page)
        problems = self.problems
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("request", lambda request: _elsewhere(request.url, address) and problems.append(request.url))
        page.on("response", lambda each: each.status >= 400 and problems.append(f"{each.status} {each.url}"))
        return page

    def leave(self) -> list[str]:
        """Close what is open, and return what went wrong there: errors of scripts, and requests to other hosts."""
        for kind, context, _ in self.here:
            for page in context.pages:
                page.close()
            self.spare[kind].append(context)
        self.here.clear()
        self.trail.clear()
        problems, self.problems = self.problems, []
        return problems

    def told(self) -> str:
        """Return what the open pages show, and what they did on the way there, for who has to find out why."""
        shown = [
            f"{page.url}\n{page.locator('html').aria_snapshot()}\n{page.content()[-WHOLE:]}" for *_, page in self.here
        ]
        return "\n\n".join((*shown, *self.trail))

    def close(self) -> None:
        for context in (each for spare in self.spare.values() for each in spare):
            context.close()

    def _follow(self, page: Any) -> None:
        """Note what a page says and asks for, and when."""
        began, number = time.monotonic(), len(self.here)

        def note(what: str) -> None:
            self.trail.append(f"{number} {time.monotonic() - began:7.3f} {what}")

        page.on("console", lambda each: note(f"says {each.text}"))
        page.on("framenavigated", lambda frame: note(f"is at {frame.url}"))
        page.on("request", lambda each: note(f"asks {each.method} {each.url}"))
        page.on("response", lambda each: note(f"has {each.status} {each.url}"))
        page.on("requestfinished", lambda each: note(f"has all of {each.url}"))
        page.on("requestfailed", lambda each: note(f"lost {each.url}: {each.failure}"))
        page.on("crash", lambda _: note("crashed"))

    def _context(self, options: dict[str, Any]) -> Any:
        context = self.browser.new_context(**options)
        context.set_default_timeout(self.timeout)
        return context


def _elsewhere(url: str, address: str) -> bool:
    return not url.startswith((f"{address}/", "data:", "blob:"))
