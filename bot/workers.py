"""What a worker of a cluster does with files: it reads them, and cuts, folds and encodes what the library has not.

All of it is pure: a worker that dies has written nothing, and what it has done can be done again by another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot import readers
from bot.catalog import Stored
from bot.encoded import named, packed
from bot.encoder import Encoder
from bot.indexing import searchable
from bot.outcomes import Failure
from bot.passages import passages
from bot.records import Article, Language
from bot.rows import digest

ARTICLES_A_CHUNK = 8
"""So little that the work on one long file is shared by many, and what is lost with a worker is soon done again."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring articles of a file, what of it could not be read, and the vectors of their passages by name."""

    file: int
    number: int
    """Which chunk of the file it is, from 0."""
    last: bool
    position: int
    """How many bytes of the file have been read."""
    items: tuple[Article | Failure, ...]
    vectors: Mapping[bytes, bytes] = field(default_factory=dict)


def chunks(file: int, path: Path, where: str) -> Iterator[Chunk]:
    """Read a file, which is reported as `where`; its last chunk may be empty."""
    position = number = 0

    def at(place: int) -> None:
        nonlocal position
        position = place

    items: list[Article | Failure] = []
    for item in readers.read(path, where=where, at=at):
        if len(items) == ARTICLES_A_CHUNK:
            yield Chunk(file, number, False, position, tuple(items))
            number, items = number + 1, []
        items.append(item)
    yield Chunk(file, number, True, position, tuple(items))


class Encoding:
    """Encodes the passages of articles as the library would, once it has them."""

    def __init__(self, encoder: Encoder, fold: Callable[[str], str], known: NDArray[np.uint64]) -> None:
        """`known` has the marks of the articles that the library has, in order: they are passed on as they are."""
        self._encoder = encoder
        self._fold = fold
        self._known = known

    def __call__(self, read: Sequence[Chunk]) -> list[Chunk]:
        texts = [self._texts(chunk) for chunk in read]
        made = self._vectors(dict.fromkeys(chain.from_iterable(texts)))
        return [
            replace(chunk, vectors=dict(made[each] for each in own)) for chunk, own in zip(read, texts, strict=True)
        ]

    def _texts(self, chunk: Chunk) -> list[tuple[str, Language]]:
        new = [item for item in chunk.items if isinstance(item, Article) and not self._knows(item)]
        stored = (Stored(0, passage, article) for article in new for passage in passages(article))
        return [(self._fold(searchable(each)), each.article.language) for each in stored]

    def _vectors(self, texts: Mapping[tuple[str, Language], None]) -> dict[tuple[str, Language], tuple[bytes, bytes]]:
        if not texts:
            return {}
        rows = self._encoder.encode(
            [text for text, _ in texts], kind="passage", languages=[language for _, language in texts]
        )
        name = self._encoder.fingerprint
        return {each: (named(name, *each), packed(row)) for each, row in zip(texts, rows, strict=True)}

    def _knows(self, article: Article) -> bool:
        wanted = mark(digest(article))
        at = int(np.searchsorted(self._known, wanted))
        return at < len(self._known) and self._known[at] == wanted


def marks(digests: Iterator[str]) -> NDArray[np.uint64]:
    """Return the marks of articles by their digests, in order: eight bytes each, small enough to be sent to everyone.

    Two may be alike by chance; an article that is then not encoded by a worker is encoded by the library.
    """
    return np.sort(np.fromiter(map(mark, digests), dtype=np.uint64))


def mark(digest: str) -> np.uint64:
    """Return the first eight bytes of a digest."""
    return np.uint64(int(digest[:16], 16))
