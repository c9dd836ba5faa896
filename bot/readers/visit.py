"""Fetch as a polite visitor: robots.txt is obeyed, a host is asked at a modest rate, what fails briefly is tried again.

The rate is a few lines here: each host has a next free moment, which is all that the libraries for it would keep, too.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import httpx
from protego import Protego
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from bot.errors import AddressRefused, FetchError
from bot.readers.fetch import Fetcher, Page

LONGEST_WAIT = 60.0
"""Seconds that a robots.txt or a busy server can ask to wait; a server that asks for more is left for another time."""

FAILURES = 3
"""After so many failures in a row, a host is left alone: its other pages need not wait for the time limit, too."""


class Visitor:
    """Visits hosts, from any number of threads; it remembers each host's robots.txt as long as it lives."""

    def __init__(
        self, fetcher: Fetcher, *, delay: float = 1.0, tries: int = 3, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Leave at least `delay` seconds between two requests to one host."""
        self._fetcher = fetcher
        self._delay = delay
        self._tries = tries
        self._sleep = sleep
        self._robot = fetcher.agent.split("/")[0].split()[0]
        self._robots: dict[str, Protego | FetchError] = {}
        self._loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._free: dict[str, float] = {}
        self._failed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def get(self, address: str, *, etag: str | None = None, modified: str | None = None) -> Page:
        """Fetch an address as `Fetcher.get` does. Raises FetchError, also where robots.txt does not allow it."""
        host = self._fetcher.guard.url(address).host
        if self._failed[host] >= FAILURES:
            raise FetchError(f"{host!r} has just failed {FAILURES} times.", hint="Try again later.", temporary=True)
        try:
            page = self._retrying(self._fetcher.get, address, etag=etag, modified=modified, before=self._arrive)
        except FetchError as error:
            self._failed[host] += error.temporary
            raise
        self._failed[host] = 0
        return page

    def _retrying(self, get: Callable[..., Page], *arguments: Any, **options: Any) -> Page:
        retrying = Retrying(
            stop=stop_after_attempt(self._tries),
            wait=self._pause,
            retry=retry_if_exception(_worth_another_try),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(get, *arguments, **options)

    def _arrive(self, url: httpx.URL) -> None:
        robots = self._robots_of(url)
        if not robots.can_fetch(str(url), self._robot):
            raise FetchError(f"The host's robots.txt does not allow {str(url)!r}.", hint="Save the page as a file.")
        self._wait_turn(url, min(robots.crawl_delay(self._robot) or 0.0, LONGEST_WAIT))

    def _wait_turn(self, url: httpx.URL, asked: float = 0.0) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._free.get(url.host, now))
            self._free[url.host] = turn + max(self._delay, asked)
        if turn > now:
            self._sleep(turn - now)

    def _robots_of(self, url: httpx.URL) -> Protego:
        site = str(url.copy_with(raw_path=b"/"))
        with self._lock:
            loading = self._loading[site]
        with loading:
            if site not in self._robots:
                self._robots[site] = self._load(f"{site}robots.txt")
        robots = self._robots[site]
        if isinstance(robots, FetchError):
            raise FetchError(
                f"Its robots.txt cannot be read: {robots.message}",
                hint=robots.hint,
                temporary=robots.temporary,
                retry_after=math.inf,  # it has been tried as often as it is worth
            )
        return robots

    def _load(self, address: str) -> Protego | FetchError:
        """Read a robots.txt. Without one all is allowed; while the server cannot say, nothing is (RFC 9309, 2.3.1)."""
        try:
            page = self._retrying(self._fetcher.get, address, types=None, before=self._wait_turn)
        except AddressRefused:
            raise
        except FetchError as error:
            return Protego.parse("") if error.status and 400 <= error.status < 500 and not error.temporary else error
        return Protego.parse(page.content.decode("utf-8-sig", "replace"))

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, FetchError) and error.retry_after else 0.0
        return max(asked, self._delay * 2.0**state.attempt_number)


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, FetchError) and error.temporary and (error.retry_after or 0) <= LONGEST_WAIT
