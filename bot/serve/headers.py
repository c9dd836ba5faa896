"""The headers that tell a browser what an answer may do: one place for the page, the documentation and the API."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.records import LANGUAGES

_PAGE = re.compile(rf"/(?:{'|'.join(LANGUAGES)})(?:/.*)?")
_DOCUMENTATION = re.compile(r"/api/(?:docs|static)(?:/.*)?")
_HASHED = re.compile(r"/assets/|/static/")

PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Gradio needs inline scripts and `new Function`; nothing may be loaded from, or sent to, another host."""

DOCUMENTATION_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"

COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
LASTING = "max-age=31536000"
"""Of Strict-Transport-Security, in seconds; sent over HTTPS only."""


class Guarded:
    """ASGI middleware: adds the headers to every answer; a policy that a route sets itself stays.

    `private` says that answers are for one who has shown a key, and for no shared cache.
    """

    def __init__(self, app: ASGIApp, *, private: bool) -> None:
        self.app = app
        self.private = private

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope)
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)

    def _add(self, headers: MutableHeaders, scope: Scope) -> None:
        for name, value in COMMON.items():
            headers[name] = value
        headers.setdefault("Content-Security-Policy", policy(scope["path"]))
        if scope["scheme"] == "https":
            headers["Strict-Transport-Security"] = LASTING
        if self.private and not _HASHED.search(scope["path"]):
            headers.setdefault("Cache-Control", "private, no-cache")


def policy(path: str) -> str:
    """Return the content policy of what is served under a path."""
    if _PAGE.fullmatch(path):
        return PAGE_POLICY
    return DOCUMENTATION_POLICY if _DOCUMENTATION.fullmatch(path) else API_POLICY
