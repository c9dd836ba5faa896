"""A server that has just failed is left alone for a while, so that not every question waits for it in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.errors import ServerError

REST = 10
"""So many times as long as it took to fail, a server is not asked again."""

LONGEST = 15.0
"""Seconds after which it is asked again in any case; so long may it take until one that is back is noticed."""


class Breaker:
    """Lets calls through until one fails, and then none for a while; of those that come after it, one tries first."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._fault: ServerError | None = None
        self._until = 0.0

    @property
    def fault(self) -> ServerError | None:
        """Why the last call failed; None where it did not."""
        return self._fault

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Run a call. Raises ServerError, that of the last call while it is not to be repeated."""
        started = self._clock()
        if refusal := self._refusal(started):
            raise type(refusal)(refusal.message, hint=refusal.hint)
        fault = None
        try:
            yield
        except ServerError as error:
            fault = error
            raise
        finally:
            self._note(fault, started)

    def _note(self, fault: ServerError | None, started: float) -> None:
        now = self._clock()
        with self._lock:
            self._fault, self._until = fault, now + min(REST * (now - started), LONGEST)

    def _refusal(self, now: float) -> ServerError | None:
        """Return why not to call; None to whom may try."""
        with self._lock:
            if self._fault and now < self._until:
                return self._fault
            if self._fault:
                self._until = now + LONGEST  # the others wait for what this one finds
            return None
