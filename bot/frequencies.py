"""In how many passages terms stand, where a server has to be asked for each: remembered while it is about true."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

KNOWN = 600.0
"""Seconds for which a count is remembered."""

DRIFT = 0.05
"""Share by which the number of all passages may have changed since."""

TERMS = 10_000
"""Terms remembered; then all are forgotten."""


@dataclass(frozen=True, slots=True)
class _Counted:
    count: int
    total: int
    at: float

    def holds(self, total: int, now: float) -> bool:
        return now - self.at < KNOWN and abs(total - self.total) <= DRIFT * self.total


class Frequencies:
    """Asks for the count of each term once in a while. Safe to call from many threads."""

    def __init__(self) -> None:
        self._counted: dict[str, _Counted] = {}

    def of(self, terms: Iterable[str], total: int, count: Callable[[str], int]) -> dict[str, int]:
        """Return in how many of `total` passages each term stands; `count` asks the server."""
        now, wanted = time.monotonic(), list(dict.fromkeys(terms))
        known = {term: self._counted[term] for term in wanted if term in self._counted}
        found = {term: each.count for term, each in known.items() if each.holds(total, now)}
        new = {term: count(term) for term in wanted if term not in found}
        if len(self._counted) + len(new) > TERMS:
            self._counted = {}
        self._counted |= {term: _Counted(each, total, now) for term, each in new.items()}
        return {term: min(each, total) for term, each in (found | new).items()}
