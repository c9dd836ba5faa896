"""Who may do what: each request gets a caller, by its key or by the session of the page, or is refused.

What changes something needs the scope admin, unless it is listed here as reading: a route that is forgotten is shut.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import NotPermitted, SettingsError
from bot.records import LANGUAGES
from bot.serve.keys import FORM, Keys
from bot.serve.keys import Scope as KeyScope
from bot.serve.rates import Rates
from bot.serve.refusals import refusal
from bot.serve.sessions import Sessions
from bot.settings import Settings

SAFE = ("GET", "HEAD", "OPTIONS")

_PAGE = f"/(?:{'|'.join(LANGUAGES)})"
OPEN = re.compile(r"/sign-in|/api/v1/health/(?:live|ready)")
"""What needs no key."""

READING = re.compile(
    r"/api/v1/(?:ask|search|digest|timeline|feedback)|/v1/.+|/mcp/?|/sign-(?:in|out)"
    rf"|{_PAGE}/gradio_api/(?!upload).+"
)
"""What is sent with POST and yet changes nothing: where the page does, its own code asks `permit`."""

CONFIDENTIAL = re.compile(r"/api/v1/(?:feedback|jobs|keys)(?:/.*)?")
"""What only an admin may read: among it, what others have asked, and added."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: the name and identifier of a key, what it allows, and the address it came from."""

    name: str
    scope: KeyScope | None
    address: str
    key_id: str | None = None

    def may(self, scope: KeyScope) -> bool:
        return self.scope == "admin" or self.scope == scope


def caller(request: HTTPConnection) -> Caller:
    """Return who sends a request; without `Access` before it, whoever it is may do everything."""
    found: Caller = request.scope.get("regbrief.caller") or Caller("anyone", "admin", address(request.scope))
    return found


def permit(request: Any, scope: KeyScope) -> Caller:
    """Return who sends a request, Starlette's or Gradio's. Raises NotPermitted where the scope is not theirs."""
    found = caller(getattr(request, "request", None) or request)
    if not found.may(scope):
        raise NotPermitted(
            f"This needs the scope {scope}.", hint="Sign in with a key made by `regbrief keys make NAME --scope admin`."
        )
    return found


def admin(request: HTTPConnection) -> Caller:
    """Let only an admin in: a dependency for routes, `Depends(admin)`."""
    return permit(request, "admin")


def address(scope: Scope) -> str:
    """Return the address that a request came from."""
    return scope["client"][0] if scope.get("client") else "-"


def anonymous(settings: Settings) -> KeyScope | None:
    """Return what is allowed without a key: on the loopback everything, on a network nothing unless it is told to be.

    Raises SettingsError where the server would stand open to a network, or nobody could get in.
    """
    if settings.api_keys is not None:
        if not Keys(settings.api_keys).all() and not settings.readable_without_keys:
            raise SettingsError(
                f"REGBRIEF_API_KEYS={settings.api_keys}: there is no key in the file.",
                hint="Make one with `regbrief keys make NAME --scope admin`.",
            )
        return "read" if settings.readable_without_keys else None
    if "*" in settings.cors_origins:
        raise SettingsError(
            "REGBRIEF_CORS_ORIGINS=* without keys would let any site that a browser visits use the library.",
            hint="Name the sites, or set REGBRIEF_API_KEYS to a file that `regbrief keys make` fills.",
        )
    if not exposed(settings):
        return "admin"
    if settings.readable_without_keys:
        return "read"
    raise SettingsError(
        f"The server would stand open to the network on {settings.host}.",
        hint="Set REGBRIEF_API_KEYS to a file that `regbrief keys make` fills, or, to let everybody read and ask, "
        "REGBRIEF_READABLE_WITHOUT_KEYS=true.",
    )


def exposed(settings: Settings) -> bool:
    """Whether others than the users of this machine reach the server: by its address, or through a proxy."""
    return bool(settings.server_names or settings.proxies) or not loopback(settings.host)


def loopback(host: str) -> bool:
    """Whether a host is this machine's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Access:
    """ASGI middleware: nobody passes who may not, and `scope` says who it is."""

    def __init__(
        self, app: ASGIApp, *, keys: Keys | None, sessions: Sessions, anonymous: KeyScope | None, rates: Rates
    ) -> None:
        self.app = app
        self.keys = keys
        self.sessions = sessions
        self.anonymous = anonymous
        self.rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        token = _token(headers)
        found = self._caller(scope, headers, token)
        scope["regbrief.caller"] = found or Caller("unknown", None, address(scope))
        response: Response | None = None
        if found is None:
            wait = self.rates.failed(address(scope))
            response = refusal(scope, "rate_limited", retry_after=wait) if wait else refusal(scope, "bad_key")
        elif not OPEN.fullmatch(scope["path"]) and not found.may(wanted := needed(scope)):
            response = self._turned_away(scope, headers, found, wanted)
        await (response or self.app)(scope, receive, send)

    def _caller(self, scope: Scope, headers: Headers, token: str) -> Caller | None:
        """Return who it is; None for one who shows a key that is not valid (any more)."""
        if self.keys and FORM.fullmatch(token):
            key = self.keys.find(token)
            return Caller(key.name, key.scope, address(scope), key.id) if key else None
        cookies = "" if scope.get("regbrief.foreign") else headers.get("cookie", "")
        signed_in = self.sessions.key_id(cookies)
        key = self.keys.get(signed_in) if self.keys and signed_in else None
        if key:
            return Caller(key.name, key.scope, address(scope), key.id)
        return Caller("anyone", self.anonymous, address(scope))

    def _turned_away(self, scope: Scope, headers: Headers, who: Caller, wanted: KeyScope) -> Response:
        if who.scope is None and scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", ""):
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            there = quote(f"{scope['path']}{query}", safe="/")
            return RedirectResponse(f"/sign-in?next={there}", status_code=303, headers={"Cache-Control": "no-store"})
        return refusal(scope, "no_key" if who.scope is None else "not_permitted")


def needed(scope: Scope) -> KeyScope:
    """Return what a request needs."""
    path = scope["path"]
    if scope["method"] in SAFE:
        return "admin" if CONFIDENTIAL.fullmatch(path) else "read"
    return "read" if READING.fullmatch(path) else "admin"


def _token(headers: Headers) -> str:
    """Return the key of a request: a bearer, as OpenAI's clients send it, or `x-api-key`, as Anthropic's do."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
