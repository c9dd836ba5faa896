"""Which sites a browser may speak for: the server's own, under its own names, and those that the settings let in.

A page of another site cannot read answers (CORS is shut), but it could send requests that a browser signs with its
session, or, once it has given its own name this machine's address (DNS rebinding), pass for the page itself. So a
request needs a `Host` that the server goes by, and one that a browser sends for another site is refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.serve.access import SAFE
from bot.serve.refusals import refusal

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?")


class Sites:
    """ASGI middleware: refuses foreign names in `Host`, and what other sites' pages send.

    `names` are the names that the server goes by, beside its addresses and localhost; any, where it is None. `origins`
    may send what they like.
    """

    def __init__(self, app: ASGIApp, *, names: Collection[str] | None, origins: Collection[str]) -> None:
        self.app = app
        self.names = names
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = None
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            scope["regbrief.foreign"] = self._let_in(headers)
            if not self._known(hostname(headers.get("host", ""))):
                response = refusal(scope, "unknown_host")
            elif not scope["regbrief.foreign"] and not self._own(scope["method"], headers):
                response = refusal(scope, "cross_site")
        await (response or self.app)(scope, receive, send)

    def _known(self, host: str) -> bool:
        """Whether the server goes by a name; an address cannot be rebound, so any will do."""
        if self.names is None or host == "localhost" or host.endswith(".localhost") or host in self.names:
            return True
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True

    def _own(self, method: str, headers: Headers) -> bool:
        """Whether a request comes from the server's own pages, or from no browser."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            visited = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
            return site in ("same-origin", "none") or visited
        origin = headers.get("origin")
        return method in SAFE or origin is None or self._same(origin, headers.get("host", ""))

    def _let_in(self, headers: Headers) -> bool:
        """Whether a request comes from another site that may send it; `Access` then counts no cookie."""
        origin = headers.get("origin")
        if not origin or self._same(origin, headers.get("host", "")):
            return False
        return origin in self.origins or "*" in self.origins

    def _same(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` belongs to the server, for browsers that send no Sec-Fetch-Site."""
        there = urlsplit(origin)
        return there.netloc.lower() == host.lower() or bool(self.names and there.hostname in self.names)


def hostname(host: str) -> str:
    """Return the name, or the address without brackets, in a Host header; empty where it is malformed."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").rstrip(".").lower() if found else ""
