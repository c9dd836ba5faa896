"""What the library and the search ask of a search engine, whatever is inside: `bot.embedded`, `bot.milvus`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.keywords import Entry
from bot.records import Filters, Language

Half = Literal["dense", "keywords"]
"""What a search is made of; an engine may have lost one and still give the other."""

Found = list[tuple[int, float]]
"""Keys of passages and how well each fits, best first."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A passage as a search engine knows it; `vector` has length one."""

    entry: Entry
    vector: NDArray[np.float32]


class Statistics(Protocol):
    """What is known of terms in a library."""

    def informativeness(self, terms: Iterable[str]) -> dict[str, float]:
        """Return each term's inverse document frequency: ln(1 + (N - n + ½) / (n + ½)), as BM25 has it."""
        ...


class SearchIndex(Statistics, Protocol):
    """Finds passages by meaning and by words. Keys are those of the catalog, and never used again.

    What is written is found at once by whoever wrote it. Raises LibraryDamaged where a rebuild mends it, ServerError
    where a server does not answer: within seconds, and at once while it is known not to.
    """

    def write(self, add: Sequence[Indexed], remove: Sequence[tuple[int, Language]]) -> None:
        """Add passages, replacing those with their keys, and remove keys that may or may not be there."""
        ...

    def nearest(self, vector: NDArray[np.float32], filters: Filters, *, limit: int) -> Found:
        """Return the passages nearest to a vector that pass the filters, with their cosine similarity."""
        ...

    def matching(self, terms: Mapping[str, float], filters: Filters, *, limit: int) -> Found:
        """Return the passages with the best BM25 score for weighted terms that pass the filters."""
        ...

    def rows(self, keys: Sequence[tuple[int, Language]]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these passages by their keys; one that is not there is left out."""
        ...

    def keys(self) -> dict[Half, set[int]]:
        """Return every key that each half holds."""
        ...

    def spoilt(self) -> int:
        """Read every vector, and count those that are not what was written."""
        ...

    def files(self) -> list[Path]:
        """Return the folders that must be there for a library that holds passages."""
        ...

    def ailing(self) -> dict[Half, str]:
        """Return which halves do not answer at this moment, and why, in words."""
        ...

    def warm(self) -> None:
        """Open what takes long to open."""
        ...

    def refresh(self) -> None:
        """See what another process has written since."""
        ...

    def clear(self) -> None:
        """Forget every passage."""
        ...

    def close(self) -> None:
        """Let go of files and connections; they are opened again when they are needed."""
        ...
