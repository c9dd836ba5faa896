"""Indexing: the work that the catalog notes for the indexes. The next passages are encoded while the last are written.

Encoding keeps the processors busy and writing waits for the disk, so neither need wait for the other. What is being
encoded counts as not indexed until it is written: a crash loses nothing but the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.catalog import Catalog, Stored
from bot.dedupe import Vector
from bot.encoded import Encoded
from bot.encoder import Encoder
from bot.index import Indexed, SearchIndex
from bot.keywords import Analyzer, Entry
from bot.outcomes import Stage
from bot.records import Filters, Language

PASSAGES_AT_ONCE = 512

TOLD_AT_ONCE = 128
"""Articles whose stories are looked for between two signs of progress."""

Item = TypeVar("Item")

Vectors = NDArray[np.float32]

Made = Callable[[Sequence[tuple[int, Language]]], Mapping[int, Vectors]]
"""Gives the vectors of passages that have been made already; those that it leaves out are encoded."""

Progress = Callable[[Stage], None]
"""Told again and again how far the work is; it may raise Stopped to end the work, and what is done is kept."""


class _Ahead(NamedTuple):
    """Passages that are being encoded."""

    batch: Sequence[Stored]
    vectors: Future[Vectors]


class Indexing:
    """Brings the indexes in step with the catalog; only the one writer uses it, and from one thread at a time."""

    def __init__(
        self, folder: Path, catalog: Catalog, index: SearchIndex, encoder: Encoder, analyzer: Analyzer, *, events: bool
    ) -> None:
        """Work for the library in `folder`; without `events`, vectors say nothing of what articles report."""
        self._folder = folder
        self._catalog = catalog
        self._search_index = index
        self._encoder = encoder
        self._analyzer = analyzer
        self._events = events
        self._ahead: _Ahead | None = None
        self._last = 0

    @cached_property
    def encoded(self) -> Encoded:
        """The vectors that have been made."""
        return Encoded(self._folder / "encoded.sqlite", self._encoder)

    @cached_property
    def _beside(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "encoding")

    def run(self, progress: Progress | None = None, *, before: int | None = None, more: bool = False) -> int:
        """Do what the catalog notes for the indexes, and find the stories that wait.

        Where `more` is coming, the last passages are left to be encoded meanwhile: the next call writes them.
        Returns how many passages are indexed, counted on from those `before`.
        """
        done, total = before or 0, self._catalog.unindexed() if before is None else None
        with self._whole():
            if self._catalog.to_drop():
                done += self._write_ahead()  # some of it may have been replaced, and is to go as well
                self._drop(self._catalog.to_drop())
            for count in self._steps(more=more):
                done += count
                if progress:
                    progress(Stage("indexing", done, total, "passages"))
            if not more:
                self._tell(progress)
        return done

    def fill(self, made: Made, progress: Progress | None = None) -> None:
        """Index what waits and let its stories be; what has no vector yet is encoded."""
        done, total = 0, self._catalog.unindexed()
        while batch := self._catalog.to_index(PASSAGES_AT_ONCE):
            there = made([(each.key, each.article.language) for each in batch])
            self._write(batch, self._encode(self.encoded, batch, there))
            self._catalog.mark_indexed([each.key for each in batch])
            done += len(batch)
            if progress:
                progress(Stage("indexing", done, total, "passages"))

    def forget_ahead(self) -> None:
        """Leave what is being encoded to another time."""
        ahead, self._ahead, self._last = self._ahead, None, 0
        if ahead:
            wait([ahead.vectors])

    def close(self) -> None:
        """Close what is open."""
        self.forget_ahead()
        if "_beside" in vars(self):
            self._beside.shutdown()
            del self._beside
        if "encoded" in vars(self):
            self.encoded.close()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Leave nothing ahead when something goes wrong."""
        try:
            yield
        except BaseException:
            self.forget_ahead()
            raise

    def _steps(self, *, more: bool) -> Iterator[int]:
        """Encode what waits and write what was encoded before; yield each time how many passages were written."""
        while batch := self._catalog.to_index(PASSAGES_AT_ONCE, after=self._last):
            encoded = self.encoded  # opened by this thread
            next_ahead = _Ahead(batch, self._beside.submit(self._encode, encoded, batch))
            if count := self._write_ahead(next_ahead):
                yield count
        if not more and (count := self._write_ahead()):
            yield count
            self._last = 0
            yield from self._steps(more=False)

    def _write_ahead(self, next_ahead: _Ahead | None = None) -> int:
        """Write what is being encoded, as soon as it is, and return how many passages that are."""
        ahead, self._ahead = self._ahead, next_ahead
        if next_ahead:
            self._last = next_ahead.batch[-1].key
        if ahead is None:
            return 0
        self._index(ahead.batch, ahead.vectors.result())
        return len(ahead.batch)

    def _drop(self, obsolete: Sequence[tuple[int, Language]]) -> None:
        keys = [key for key, _ in obsolete]
        self._search_index.write([], obsolete)
        self.encoded.drop(keys)
        self.encoded.trim()
        self._catalog.forget_obsolete(keys)

    def _tell(self, progress: Progress | None) -> None:
        """Find the stories of articles that were indexed without."""
        untold = self._catalog.untold() if self._catalog.waiting() else []
        for number, article_ids in enumerate(batches(untold, TOLD_AT_ONCE)):
            self._catalog.tell({each: self._content(each) for each in article_ids})
            if progress:
                told = number * TOLD_AT_ONCE + len(article_ids)
                progress(Stage("grouping", told, len(untold), "articles"))

    def _content(self, article_id: str) -> Vector | None:
        """Return the sum of the vectors of an article's passages, if it has any that can be compared."""
        keys = self._catalog.keys(Filters(article_ids=(article_id,))) if self._events else []
        rows = self._search_index.rows(keys) if keys else {}
        return np.sum(list(rows.values()), axis=0, dtype=np.float32) if rows else None

    def _index(self, batch: Sequence[Stored], vectors: Vectors) -> None:
        self._write(batch, vectors)
        contents: dict[str, Vector | None] = dict.fromkeys((each.article.id for each in batch), None)
        for stored, vector in zip(batch, vectors, strict=True) if self._events else ():
            before = contents[stored.article.id]
            contents[stored.article.id] = vector if before is None else before + vector
        self._catalog.mark_indexed([stored.key for stored in batch], contents)

    def _encode(self, encoded: Encoded, batch: Sequence[Stored], made: Mapping[int, Vectors] | None = None) -> Vectors:
        return encoded.encode(
            [stored.key for stored in batch],
            [self._analyzer.fold(searchable(stored)) for stored in batch],
            [stored.article.language for stored in batch],
            made=made,
        )

    def _write(self, batch: Sequence[Stored], vectors: Vectors) -> None:
        articles = {each.article.id: each.article for each in batch}
        titles = {key: self._analyzer.document(each.title, each.language) for key, each in articles.items()}
        entries = [self._entry(stored, titles[stored.article.id]) for stored in batch]
        self._search_index.write([Indexed(*each) for each in zip(entries, vectors, strict=True)], [])

    def _entry(self, stored: Stored, title: Sequence[str]) -> Entry:
        article = stored.article
        return Entry(
            key=stored.key,
            article_id=article.id,
            language=article.language,
            source=article.source,
            published=article.published,
            title=title,
            body=self._analyzer.document(stored.passage.text, article.language),
        )


def searchable(stored: Stored) -> str:
    """Return what is encoded of a passage: the title says what a sentence in the middle is about."""
    return f"{stored.article.title}\n{stored.passage.text}"


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield items in lists of `size`, the last of which may be shorter."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
