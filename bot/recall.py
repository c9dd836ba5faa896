"""What has been computed lately, so that it need not be computed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recall(Generic[Key, Value]):
    """The values of the last keys that were asked for. Safe to call from many threads."""

    def __init__(self, size: int) -> None:
        """Remember at most `size` values."""
        self._held: LRUCache[Key, Value] = LRUCache(size)
        self._lock = Lock()
        self.counts: Counter[str] = Counter()
        """How often a value was known, "hit", and how often not, "miss"."""

    def of(self, keys: Iterable[Key], make: Callable[[list[Key]], Sequence[Value]]) -> dict[Key, Value]:
        """Return the value of each key; `make` is asked for the unknown ones, and may leave out the last of them."""
        wanted = dict.fromkeys(keys)
        with self._lock:
            known = {key: self._held[key] for key in wanted if key in self._held}
        new = [key for key in wanted if key not in known]
        made = dict(zip(new, make(new), strict=False)) if new else {}
        with self._lock:
            self.counts.update(hit=len(known), miss=len(new))
            self._held.update(made)
        return known | made
