"""The record of changes: who did what, when and from where. Lines are added to a file, and never taken away."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import SettingsError
from bot.serve.access import SAFE, Caller, caller, needed
from bot.serve.logs import REQUEST_ID

log = logging.getLogger(__name__)

AUTHOR: ContextVar[Caller | None] = ContextVar("author", default=None)
"""Who has sent the request, or begun the job, that this code works for."""


class Audit:
    """A file of JSON lines that only its owner may read; without one, lines of the server's log."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        try:
            if path:
                os.close(_opened(path))
        except OSError as error:
            raise SettingsError(
                f"REGBRIEF_AUDIT_LOG={path}: the file cannot be written ({error.strerror}).",
                hint="Name a file in a folder that the server may write to.",
            ) from error

    def record(self, who: Caller, what: str, **details: Any) -> None:
        """Write that something was done."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "who": who.name,
            "key": who.key_id,
            "from": who.address,
            "what": what,
            "request_id": REQUEST_ID.get() or None,
        } | details
        if self.path:
            with os.fdopen(_opened(self.path), "a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")  # one write: lines do not mix
        log.log(logging.INFO if self.path else logging.WARNING, "%s", what, extra=line)

    def wrote(self, change: str, article_ids: Sequence[str]) -> None:
        """Write what was done to which articles; what nobody has asked for over the network is left out."""
        if who := AUTHOR.get():
            self.record(who, f"articles {_DONE[change]}", articles=list(article_ids))


_DONE = {"added": "added", "updated": "replaced", "duplicate": "added", "removed": "removed"}


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


class Audited:
    """ASGI middleware: records each request that needs the scope admin to change something, also one that failed.

    What else has changed something is recorded by what it has noted: the page's functions share one route.
    """

    def __init__(self, app: ASGIApp, *, audit: Audit) -> None:
        self.app = app
        self.audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self.app(scope, receive, send)
            return
        changes = needed(scope) == "admin"
        noted: dict[str, Any] = {}
        told: dict[str, Any] = {"status": 500}

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                if job := Headers(raw=message["headers"]).get("location"):
                    told["began"] = job
            await send(message)

        scope["regbrief.noted"] = noted
        author = AUTHOR.set(caller(HTTPConnection(scope)))
        try:
            await self.app(scope, receive, heard)
        finally:
            AUTHOR.reset(author)
            if changes or noted:
                what = f"{scope['method']} {scope['path']}"
                self.audit.record(caller(HTTPConnection(scope)), what, **told | noted)


def note(request: Any, **details: Any) -> None:
    """Add to the record of the change that a request, Starlette's or Gradio's, makes: `note(request, articles=[…])`."""
    noted = getattr(request, "request", request).scope.get("regbrief.noted")
    if noted is not None:
        noted.update(details)
