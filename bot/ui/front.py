"""What stands between a browser and Gradio: the way to the page's language, and a narrower door.

Gradio serves far more than this page needs (uploads, files, proxies, an API of its own), and its HTML speaks of Gradio
to search engines and link previews. `Front` closes the former and takes out the latter.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.records import LANGUAGES, Language
from bot.serve.accept import preferred

OPEN = re.compile(
    r"/|/(?:assets|static)/.+|/theme\.css|/config"
    r"|/gradio_api/(?:run/predict|queue/(?:join|data)|heartbeat/[^/]+|startup-events|app_id|reset|cancel|info"
    r"|component_server/?)"
)
"""All that a browser asks Gradio for to show and to work the page."""

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%23123c4f'/%3E"
    "%3Crect x='7' y='8' width='18' height='3' fill='%23fff'/%3E"
    "%3Crect x='7' y='14' width='18' height='5' fill='%23ffd76a'/%3E"
    "%3Crect x='7' y='22' width='11' height='3' fill='%23fff'/%3E%3C/svg%3E"
)

_ADVERTISED = re.compile(rb'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')
_MANIFEST = re.compile(rb'<link rel="manifest"[^>]*>')
_LANGUAGE = re.compile(rb'(<html\s+lang=)"en"')


class Front:
    """ASGI middleware: `/` leads to the page in the browser's language; `/LANGUAGE/…` is Gradio's, if it is open."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else None
        if path == "/":
            await _redirect(scope, preferred(Headers(scope=scope).get("accept-language", "")))(scope, receive, send)
        elif path is None or not (split := _split(path)):
            await self.app(scope, receive, send)
        elif not split[1]:
            await _redirect(scope, split[0])(scope, receive, send)
        elif not OPEN.fullmatch(split[1]):
            error = {"code": "http_error", "message": "Not Found", "hint": "See /api/docs."}
            await JSONResponse({"error": error}, status_code=404)(scope, receive, send)
        elif split[1] == "/":
            await self.app(scope, receive, Page(split[0], send))
        else:
            await self.app(scope, receive, send)


class Files(StaticFiles):
    """The page's scripts and styles; a browser asks each time whether they have changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


class Page:
    """An ASGI `send` that holds Gradio's HTML back until it is whole, and corrects it."""

    def __init__(self, language: Language, send: Send) -> None:
        self.language = language
        self.send = send
        self.start: Message = {}
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self.finish()
        else:
            await self.send(message)

    async def finish(self) -> None:
        body = _LANGUAGE.sub(rf'\1"{self.language}"'.encode(), _ADVERTISED.sub(b"", self.body), count=1)
        body = _MANIFEST.sub(f'<link rel="icon" href="{ICON}">'.encode(), body, count=1)
        MutableHeaders(scope=self.start)["Content-Length"] = str(len(body))
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": body})


def _redirect(scope: Scope, language: Language) -> RedirectResponse:
    query = f"?{scope['query_string'].decode('ascii', 'ignore')}" if scope["query_string"] else ""
    return RedirectResponse(f"{language}/{query}", headers={"Vary": "Accept-Language"})


def _split(path: str) -> tuple[Language, str] | None:
    """Split the path of a page into its language and what follows; None for other paths."""
    for language in LANGUAGES:
        if path == f"/{language}" or path.startswith(f"/{language}/"):
            return language, path.removeprefix(f"/{language}")
    return None
