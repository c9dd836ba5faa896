"""How often one may ask: counted by key and by address, in sliding windows."""

from __future__ import annotations

import ipaddress
import math
import re
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.records import LANGUAGES
from bot.serve.refusals import refusal

COUNTED = re.compile(
    r"/api/v1/(?!health).+|/v1/.+|/mcp/?"
    rf"|/(?:{'|'.join(LANGUAGES)})/gradio_api/(?:queue/join|run/predict|upload)"
)
"""What makes work; the page's own files, health and figures are free."""

FAILURES = parse("20/minute")
"""Keys that an address may get wrong."""


class Rates:
    """Counts what keys and addresses do. `none` is no limit."""

    def __init__(self, *, key: str, address: str) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._key = _item(key)
        self._address = _item(address)

    def failed(self, address: str) -> int:
        """Count a wrong key; return the seconds to wait, or 0."""
        return self._spend(FAILURES, "failure", network(address))

    def asked(self, address: str, key_id: str | None) -> int:
        """Count a request; return the seconds to wait, or 0."""
        wait = self._spend(self._key, "key", key_id) if self._key and key_id else 0
        return wait or (self._spend(self._address, "address", network(address)) if self._address else 0)

    def _spend(self, item: RateLimitItem, *who: str) -> int:
        if self._limiter.hit(item, *who):
            return 0
        until = self._limiter.get_window_stats(item, *who).reset_time
        return max(1, math.ceil(until - time.time()))


class Rated:
    """ASGI middleware: one who asks too often is told when to come again."""

    def __init__(self, app: ASGIApp, *, rates: Rates) -> None:
        self.app = app
        self.rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and COUNTED.fullmatch(scope["path"]):
            who = scope["regbrief.caller"]
            if wait := self.rates.asked(who.address, who.key_id):
                await refusal(scope, "rate_limited", retry_after=wait)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def network(address: str) -> str:
    """Return whose address it is: of IPv6, one customer has 2⁶⁴ and may use a new one each time."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found if found.version == 4 else ipaddress.ip_network((found, 64), strict=False))


def _item(limit: str) -> RateLimitItem | None:
    return None if limit == "none" else parse(limit)
