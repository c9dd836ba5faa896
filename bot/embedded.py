"""The search engine of one machine: tantivy for words, Chroma for vectors, the catalog for what filters let through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.catalog import Catalog
from bot.exact import Exact
from bot.index import Found, Half, Indexed
from bot.keywords import Keywords
from bot.neighbours import Row, VectorIndex
from bot.records import LANGUAGES, Filters, Language
from bot.vector_server import VectorServer
from bot.vectors import Vectors

EXACT_KEYS = 24_000
"""Up to so many passages in a window are compared one by one, which takes about 2 µs each; above, dense search
over-fetches and drops. At 100,000 passages Chroma took 40–85 ms for windows of 3,000–15,000."""


class Embedded:
    """Both halves in the library's folder; the vectors may instead be on a Chroma server."""

    def __init__(self, folder: Path, catalog: Catalog, *, chroma_url: str = "") -> None:
        """Name the folder; what is in it is opened by `warm`."""
        self._folder = folder
        self._catalog = catalog
        self._on_server = bool(chroma_url)
        self.vectors: VectorIndex = (
            VectorServer(chroma_url, catalog.facts.identity) if chroma_url else Vectors(folder / "vectors")
        )
        self._exact = Exact(folder / "encoded.sqlite", self._indexed)

    @cached_property
    def keywords(self) -> Keywords:
        """The index of words."""
        return Keywords(self._folder / "keywords")

    def write(self, add: Sequence[Indexed], remove: Sequence[tuple[int, Language]]) -> None:
        """Add passages, replacing those with their keys, and remove keys that may or may not be there."""
        self.vectors.write([Row(each.entry.key, each.entry.language, each.vector) for each in add], remove)
        self.keywords.write([each.entry for each in add], [key for key, _ in remove])

    def nearest(self, vector: NDArray[np.float32], filters: Filters, *, limit: int) -> Found:
        """Return the passages nearest to a vector that pass the filters, with their cosine similarity."""
        if not filters.active:
            return self.vectors.search(vector, filters.languages or LANGUAGES, limit=limit)
        if self._catalog.count(filters) <= EXACT_KEYS:
            keys = self._catalog.numbers(filters, limit=EXACT_KEYS + 1)
            if len(keys) <= EXACT_KEYS:
                return self._exact.nearest(vector, keys, limit=limit)
        return self._passing(vector, filters, limit)

    def _passing(self, vector: NDArray[np.float32], filters: Filters, limit: int) -> Found:
        """Fetch more than is wanted, until enough of it passes the filters."""
        languages = filters.languages or LANGUAGES
        fetched = 4 * limit
        while True:
            found = self.vectors.search(vector, languages, limit=fetched)
            allowed = self._catalog.passing([key for key, _ in found], filters)
            passing = [pair for pair in found if pair[0] in allowed]
            if len(passing) >= limit or len(found) < fetched:
                return passing[:limit]
            fetched = max(2 * fetched, int(1.5 * limit * fetched / max(len(passing), 1)))

    def _indexed(self, keys: Sequence[int]) -> Mapping[int, NDArray[np.float32]]:
        return self.vectors.rows([(key, language) for key in keys for language in LANGUAGES])

    def matching(self, terms: Mapping[str, float], filters: Filters, *, limit: int) -> Found:
        """Return the passages with the best BM25 score for weighted terms that pass the filters."""
        return self.keywords.search(terms, filters, limit=limit)

    def informativeness(self, terms: Iterable[str]) -> dict[str, float]:
        """Return each term's inverse document frequency."""
        return self.keywords.informativeness(terms)

    def rows(self, keys: Sequence[tuple[int, Language]]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these passages by their keys; one that is not there is left out."""
        return self.vectors.rows(keys)

    def keys(self) -> dict[Half, set[int]]:
        """Return every key that each half holds."""
        return {"keywords": self.keywords.keys(), "dense": self.vectors.keys()}

    def spoilt(self) -> int:
        """Read every vector, and count those that are not what was written."""
        return self.vectors.spoilt()

    def files(self) -> list[Path]:
        """Return the folders that must be there for a library that holds passages."""
        return [self._folder / "keywords"] + [self._folder / "vectors"] * (not self._on_server)

    def ailing(self) -> dict[Half, str]:
        """Return which halves do not answer at this moment, and why."""
        ailing = self.vectors.ailing()
        return {"dense": ailing} if ailing else {}

    def warm(self) -> None:
        """Open the words, and the vectors where there are any. Raises LibraryDamaged."""
        self.keywords.refresh()
        if self._on_server or (self._folder / "vectors").exists():
            self.vectors.warm()

    def refresh(self) -> None:
        """See what another process has written since."""
        self.keywords.refresh()
        self.vectors.refresh()

    def clear(self) -> None:
        """Forget every passage."""
        self.keywords.clear()
        self.vectors.clear()
        self._exact.forget()

    def close(self) -> None:
        """Close the files that can be closed."""
        self.vectors.close()
        self._exact.forget()
