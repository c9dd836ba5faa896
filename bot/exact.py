"""Vectors in memory, to compare a question with each passage of a window: exact, and fast up to some ten thousand.

They are read when a window first needs them, from the file in which the writer keeps what it has encoded, and else
from the index. A key stands for one text for ever, so nothing here grows old; it is only forgotten for want of room.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.encoded import STORED
from bot.index import Found

Keys = NDArray[np.int64]
Vectors = NDArray[np.float32]

ROOM = 65_536
"""Vectors in memory: 100 MB of 384 dimensions."""

AT_ONCE = 512
"""Vectors gathered at once: what fits a processor's cache takes a third of the time."""

_READ = "SELECT passage, vector FROM encoded WHERE dropped IS NULL AND passage IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Keys in order, and beside each its row in `vectors`, shape (at least as many rows, dimension)."""

    keys: Keys
    rows: NDArray[np.intp]
    vectors: Vectors

    def where(self, keys: Keys) -> NDArray[np.intp]:
        """Return the row of each key, -1 for one that is not held."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found: NDArray[np.intp] = np.where(self.keys[at] == keys, self.rows[at], -1)
        return found

    def with_more(self, new: Keys, more: NDArray[np.floating]) -> _Held:
        """Return the same with further vectors, made of length one, of keys that are not held.

        They are written behind the others, in room that nobody reads yet: nothing is copied, and no row ever changes.
        """
        start, stop = len(self.keys), len(self.keys) + len(new)
        vectors = self.vectors
        if stop > len(vectors):
            vectors = np.empty((max(ROOM, stop), more.shape[1]), np.float32)
            if start:
                vectors[:start] = self.vectors[:start]
        vectors[start:stop] = more
        vectors[start:stop] /= np.sqrt(np.einsum("ij,ij->i", vectors[start:stop], vectors[start:stop]))[:, None]
        keys = np.concatenate([self.keys, new])
        rows = np.concatenate([self.rows, np.arange(start, stop)])
        order = np.argsort(keys)
        return _Held(keys[order], rows[order], vectors)


_NOTHING = _Held(np.zeros(0, np.int64), np.zeros(0, np.intp), np.zeros((0, 0), np.float32))


class Exact:
    """Compares a vector with those of given passages. Safe to call from many threads."""

    def __init__(self, path: Path, fetch: Callable[[Sequence[int]], Mapping[int, Vectors]]) -> None:
        """Name the file of kept vectors, which may be missing, and what else gives the vectors of keys."""
        self._path = path
        self._fetch = fetch
        self._held = _NOTHING
        self._lock = threading.Lock()

    def nearest(self, vector: Vectors, keys: Keys, *, limit: int) -> Found:
        """Return those of these passages that are nearest to a vector of length one, with their cosine similarity."""
        held = self._holding(keys)
        rows = held.where(keys)
        keys, rows = keys[rows >= 0], rows[rows >= 0]
        if not len(rows):
            return []
        cosines = _compared(held.vectors, rows, vector)
        best = np.lexsort((keys, -cosines))[:limit]
        return list(zip(keys[best].tolist(), cosines[best].tolist(), strict=True))

    def forget(self) -> None:
        """Free the memory."""
        with self._lock:
            self._held = _NOTHING

    def _holding(self, keys: Keys) -> _Held:
        """Return what is held when these are, too, but for those that nobody has."""
        held = self._held
        if len(missing := keys[held.where(keys) < 0]):
            with self._lock:
                held = self._held
                missing = keys[held.where(keys) < 0]
                if len(held.keys) + len(missing) > ROOM:
                    held, missing = _NOTHING, keys
                for new, vectors in self._read(missing.tolist()):
                    held = self._held = held.with_more(new, vectors)
        return held

    def _read(self, keys: list[int]) -> Iterator[tuple[Keys, NDArray[np.floating]]]:
        """Yield keys with their vectors, first those that are kept, then those that the index has."""
        kept = dict(self._kept(keys))
        if kept:
            yield np.array(list(kept), np.int64), np.frombuffer(b"".join(kept.values()), STORED).reshape(len(kept), -1)
        missing = [key for key in keys if key not in kept]  # of passages with the same text, one vector is kept
        fetched = dict(self._fetch(missing)) if missing else {}
        if fetched:
            yield np.array(list(fetched), np.int64), np.stack(list(fetched.values()))

    def _kept(self, keys: list[int]) -> list[tuple[int, bytes]]:
        try:
            with closing(sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)) as db:
                return db.execute(_READ, (json.dumps(keys),)).fetchall()
        except sqlite3.DatabaseError:  # without the file everything still works, and takes longer
            return []


def _compared(vectors: Vectors, rows: NDArray[np.intp], vector: Vectors) -> Vectors:
    """Return the products of a vector with some rows, shape (rows,)."""
    return np.concatenate([vectors[rows[at : at + AT_ONCE]] @ vector for at in range(0, len(rows), AT_ONCE)])
