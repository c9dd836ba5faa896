"""Dense search: one Chroma collection a language. Derived from the catalog; `doctor --rebuild` makes it anew."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.errors import LibraryDamaged
from bot.records import LANGUAGES, Language

Item = TypeVar("Item")

BATCH = 5_000
"""Chroma takes 5,461 rows at once at most (version 1.5)."""


@dataclass(frozen=True, slots=True)
class Row:
    """A passage as dense search knows it; `vector` has length one."""

    key: int
    language: Language
    vector: NDArray[np.float32]


class Vectors:
    """Nearest neighbours by cosine similarity in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        with self._errors():
            import chromadb  # takes 0.8 s: only those who search pay for it
            from chromadb.config import Settings
            from chromadb.errors import InternalError

            self._missing = InternalError

            folder.mkdir(parents=True, exist_ok=True)
            self._client: Any = chromadb.PersistentClient(
                path=str(folder), settings=Settings(anonymized_telemetry=False, allow_reset=False)
            )
            self._collections: dict[Language, Any] = {
                language: self._client.get_or_create_collection(
                    f"passages-{language}",
                    embedding_function=None,
                    configuration={"hnsw": {"space": "cosine", "ef_construction": 128, "ef_search": 128}},
                )
                for language in LANGUAGES
            }

    def write(self, add: Sequence[Row], remove: Iterable[tuple[int, Language]]) -> None:
        """Add rows, replacing those with their keys, and remove keys that may or may not be there."""
        removed = list(remove)
        with self._errors():
            for language, collection in self._collections.items():
                gone = [str(key) for key, where in removed if where == language]
                for keys in _batches(gone):
                    collection.delete(ids=keys)
                for rows in _batches([row for row in add if row.language == language]):
                    collection.upsert(
                        ids=[str(row.key) for row in rows], embeddings=np.stack([row.vector for row in rows])
                    )

    def search(
        self,
        vector: NDArray[np.float32],
        languages: Sequence[Language],
        *,
        limit: int,
        keys: Sequence[tuple[int, Language]] | None = None,
    ) -> list[tuple[int, float]]:
        """Return (key, cosine similarity) of the nearest passages in these languages, nearest first.

        With `keys`, only these are considered; one that has just been removed does no harm.
        """
        found: list[tuple[int, float]] = []
        with self._errors():
            for language in languages:
                ids = None if keys is None else [str(key) for key, where in keys if where == language]
                found.extend(self._nearest(self._collections[language], vector, limit, ids))
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def rows(self, keys: Sequence[tuple[int, Language]]) -> list[NDArray[np.float32]]:
        """Return the vectors of these passages, in no order; one that is not there is left out."""
        found: list[NDArray[np.float32]] = []
        with self._errors():
            for language, collection in self._collections.items():
                if ids := [str(key) for key, where in keys if where == language]:
                    found.extend(collection.get(ids=ids, include=["embeddings"])["embeddings"])
        return found

    def keys(self) -> set[int]:
        """Return every key in the index."""
        with self._errors():
            return {int(key) for collection in self._collections.values() for key in collection.get(include=[])["ids"]}

    def touch(self) -> None:
        """Read every index once, so that a damaged one fails here."""
        with self._errors():
            for collection in self._collections.values():
                row = collection.peek(1)["embeddings"]
                if len(row):
                    collection.query(query_embeddings=row, n_results=1, include=[])

    def close(self) -> None:
        """Let go of the folder: until then Chroma keeps its files open, and another `Vectors` there shares them."""
        self._client.close()

    def _nearest(
        self, collection: Any, vector: NDArray[np.float32], limit: int, ids: list[str] | None
    ) -> Iterator[tuple[int, float]]:
        if ids == []:
            return
        query = {"query_embeddings": vector.reshape(1, -1), "n_results": limit, "include": ["distances"]}
        try:
            answer = collection.query(**query, ids=ids)
        except self._missing:  # Chroma refuses the whole query for one id that it does not have
            if ids is None:
                raise
            there = collection.get(ids=ids, include=[])["ids"]
            if not there:
                return
            answer = collection.query(**query, ids=there)
        for key, distance in zip(answer["ids"][0], answer["distances"][0], strict=True):
            yield int(key), 1.0 - float(distance)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except LibraryDamaged:
            raise
        except Exception as error:  # Chroma raises its own tree, sqlite3's, and bare Exception from its Rust core
            raise LibraryDamaged(
                f"The vector index {str(self._folder)!r} cannot be used: {type(error).__name__}: {error}.",
                hint="Run `regbrief doctor --rebuild`.",
            ) from error


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    for at in range(0, len(items), BATCH):
        yield items[at : at + BATCH]
