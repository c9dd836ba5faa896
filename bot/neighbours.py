"""What dense search is asked for, and how Chroma gives it: one collection a language, in a folder or on a server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.records import LANGUAGES, Language

Item = TypeVar("Item")

BATCH = 5_000
"""Chroma takes 5,461 rows at once at most (version 1.5)."""

SYNC = 1_000
"""Rows after which Chroma brings its graph to disk; until then it has them in a log, and adds them when it opens."""

PROBES = 50
"""Vectors of each batch of which most must find themselves; a graph misses some, above all among copies."""


@dataclass(frozen=True, slots=True)
class Row:
    """A passage as dense search knows it; `vector` has length one."""

    key: int
    language: Language
    vector: NDArray[np.float32]


class VectorIndex(Protocol):
    """What the library asks of dense search, whatever engine is inside. Keys are never used again."""

    def write(self, add: Sequence[Row], remove: Iterable[tuple[int, Language]]) -> None: ...

    def search(
        self, vector: NDArray[np.float32], languages: Sequence[Language], *, limit: int
    ) -> list[tuple[int, float]]: ...

    def rows(self, keys: Sequence[tuple[int, Language]]) -> dict[int, NDArray[np.float32]]: ...

    def keys(self) -> set[int]: ...

    def spoilt(self) -> int: ...

    def ailing(self) -> str | None: ...

    def warm(self) -> None: ...

    def refresh(self) -> None: ...

    def clear(self) -> None: ...

    def close(self) -> None: ...


Collections = Mapping[Language, Any]


class ChromaIndex(ABC):
    """Nearest neighbours by cosine similarity in Chroma, wherever it runs."""

    def write(self, add: Sequence[Row], remove: Iterable[tuple[int, Language]]) -> None:
        """Add rows, replacing those with their keys, and remove keys that may or may not be there."""
        removed = list(remove)
        with self._writing() as collections:
            for language, collection in collections.items():
                gone = [str(key) for key, where in removed if where == language]
                for keys in _batches(gone):
                    collection.delete(ids=keys)
                for rows in _batches([row for row in add if row.language == language]):
                    collection.upsert(
                        ids=[str(row.key) for row in rows], embeddings=np.stack([row.vector for row in rows])
                    )

    def search(
        self, vector: NDArray[np.float32], languages: Sequence[Language], *, limit: int
    ) -> list[tuple[int, float]]:
        """Return (key, cosine similarity) of the nearest passages in these languages, nearest first."""
        with self._searching() as collections:
            asked = [collections[language] for language in languages if language in collections]
            found = [pair for collection in asked for pair in _nearest(collection, vector, limit)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def rows(self, keys: Sequence[tuple[int, Language]]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these passages by their keys; one that is not there is left out."""
        found: dict[int, NDArray[np.float32]] = {}
        with self._reading() as collections:
            for language, collection in collections.items():
                ids = [str(key) for key, where in keys if where == language]
                for batch in _batches(ids):
                    there = collection.get(ids=batch, include=["embeddings"])
                    found |= zip(map(int, there["ids"]), there["embeddings"], strict=True)
        return found

    def keys(self) -> set[int]:
        """Return every key in the index."""
        with self._reading() as collections:
            return {int(key) for collection in collections.values() for key in collection.get(include=[])["ids"]}

    def spoilt(self) -> int:
        """Read every vector, and count those that have not length one, or stand in a graph that does not find them."""
        count = 0
        with self._reading() as collections:
            for collection in collections.values():
                for ids in _batches(collection.get(include=[])["ids"]):
                    vectors = np.asarray(collection.get(ids=ids, include=["embeddings"])["embeddings"])
                    crooked = int(np.sum(~(np.abs(np.linalg.norm(vectors, axis=1) - 1) < 0.01)))
                    count += crooked if _finds(collection, vectors[:PROBES]) else len(ids)
        return count

    def _searching(self) -> AbstractContextManager[Collections]:
        """Give the collections to answer a question from, for which somebody waits."""
        return self._reading()

    def ailing(self) -> str | None:
        """Return why the index does not answer at this moment; None where it does."""
        return None

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Collections]:
        """Give the collections to read from, and name what goes wrong with them."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Collections]:
        """Give the collections to write to, and name what goes wrong with them."""


def collections(client: Any, name: str) -> Collections:
    """Return the collection of each language, made where it is not there."""
    hnsw = {"space": "cosine", "ef_construction": 128, "ef_search": 128, "sync_threshold": SYNC}
    return {
        language: client.get_or_create_collection(
            f"{name}-{language}", embedding_function=None, configuration={"hnsw": hnsw}
        )
        for language in LANGUAGES
    }


def _nearest(collection: Any, vector: NDArray[np.float32], limit: int) -> Iterator[tuple[int, float]]:
    answer = collection.query(query_embeddings=vector.reshape(1, -1), n_results=limit, include=["distances"])
    for key, distance in zip(answer["ids"][0], answer["distances"][0], strict=True):
        yield int(key), 1.0 - float(distance)


def _finds(collection: Any, vectors: NDArray[np.float32]) -> bool:
    """Whether most vectors are their own nearest neighbours."""
    nearest = collection.query(query_embeddings=vectors, n_results=1, include=["distances"])["distances"]
    found = sum(1 for each in nearest if each and abs(each[0]) < 0.01)
    return 2 * found > len(vectors)


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    for at in range(0, len(items), BATCH):
        yield items[at : at + BATCH]
