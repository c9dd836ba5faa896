"""The write path: articles in, indexes kept in step with the catalog, whatever happens in between.

Each batch is first written to the catalog together with the work that it leaves for the indexes; `settle` then does
that work, and can be called again at any time: after a crash, or by another process.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot import language, passages
from bot.catalog import Catalog, Change, Stored
from bot.dedupe import Vector
from bot.embedded import Embedded
from bot.encoded import Encoded
from bot.encoder import Encoder
from bot.errors import LibraryDamaged, LibraryMismatch, Stopped, StorageError
from bot.glossary import Glossary
from bot.index import Half, Indexed, SearchIndex
from bot.keywords import Analyzer, Entry
from bot.lock import writer
from bot.manifest import EMBEDDED, REBUILD, Manifest
from bot.milvus import Milvus
from bot.outcomes import Failure, Ingested, Stage
from bot.records import Article, Filters, Language
from bot.seal import break_seal, inspect, seal
from bot.storage import make_folder
from bot.tables import UNFINISHED

ARTICLES_AT_ONCE = 128
"""What a crash may leave to be indexed again; smaller batches leave the indexes with too little to do at once."""

PASSAGES_AT_ONCE = 512
FORMAT = 1

_NAMES: Mapping[Half, str] = {"keywords": "keyword", "dense": "vector"}

WRITTEN: tuple[Change, ...] = ("added", "updated", "duplicate")
"""What may become of an article that is then in the catalog as it was given."""

Item = TypeVar("Item")

Made = Callable[[Sequence[tuple[int, Language]]], Mapping[int, NDArray[np.float32]]]
"""Gives the vectors of passages that have been made already; those that it leaves out are encoded."""

Progress = Callable[[Stage], None]
"""Told again and again how far the work is; it may raise Stopped to end the work, and what is done is kept."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a library are that are not in its folder."""

    catalog: str = ""
    """The address of a PostgreSQL database."""
    chroma_url: str = ""
    """The address of a Chroma server for the vectors."""
    search: str = EMBEDDED
    """Another search engine, for words and vectors alike: milvus:URI."""


IN_FOLDER = Places()


class Library:
    """A folder with a catalog and the indexes derived from it."""

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        analyzer: Analyzer,
        *,
        glossary: Glossary | None = None,
        events: bool = True,
        places: Places = IN_FOLDER,
        copy_of: str = "",
    ) -> None:
        """Open or create the library in `folder`; `places` says what of it is elsewhere.

        It may be an unfinished copy only of the library whose identity is `copy_of`. Reports of one event share names
        of the `glossary`. `events` is off for an encoder to whose vectors the thresholds of `bot.dedupe` do not apply:
        stories are then made of copies only.
        Raises LibraryMismatch if its indexes were built with another encoder or version, LibraryDamaged if one of them
        cannot be read.
        """
        make_folder(folder)
        self.folder = folder
        self._encoder = encoder
        self.analyzer = analyzer
        self._events = events
        self.catalog = Catalog(places.catalog or folder / "catalog.sqlite", glossary)
        self.listeners: list[Callable[[Change | Literal["removed"], Sequence[str]], None]] = []
        """Each is told what was done to which articles, once that is on disk."""
        try:
            self._open_index(places, copy_of)
        except BaseException:
            self.catalog.close()
            raise

    def _open_index(self, places: Places, copy_of: str) -> None:
        engine, _, address = places.search.partition(":")
        self.search_index: SearchIndex = (
            Embedded(self.folder, self.catalog, chroma_url=places.chroma_url)
            if engine == EMBEDDED
            else Milvus(address, self.catalog.identity, dimension=lambda: self._encoder.dimension)
        )
        self._manifest = Manifest(self.folder, self.catalog, engine=engine)
        self._check(copy_of)
        self.search_index.warm()

    @classmethod
    def rebuild(
        cls,
        folder: Path,
        encoder: Encoder,
        analyzer: Analyzer,
        *,
        glossary: Glossary | None = None,
        events: bool = True,
        places: Places = IN_FOLDER,
        progress: Progress | None = None,
    ) -> Library:
        """Make indexes and stories anew from the catalog, cutting every article again; close the library before."""
        with _writer(folder):
            articles = Catalog(places.catalog or folder / "catalog.sqlite")
            _demand_whole(folder, articles)
            Manifest(folder, articles, engine="").clear()
            articles.forget_stories()
            for article in articles.articles(Filters()):
                articles.replace_passages(article.id, passages.passages(article))
            for derived in ("keywords", "vectors"):
                shutil.rmtree(folder / derived, ignore_errors=True)
            library = cls(folder, encoder, analyzer, glossary=glossary, events=events, places=places)
            library.search_index.clear()
            articles.forget_obsolete([key for key, _ in articles.obsolete()])
            articles.close()
            library._manifest.write(library._built_with())
            library._encoded.drop()
            library.index(progress)
            library._encoded.trim()
            return library

    @classmethod
    def refill(
        cls,
        folder: Path,
        encoder: Encoder,
        analyzer: Analyzer,
        *,
        glossary: Glossary | None = None,
        events: bool = True,
        places: Places = IN_FOLDER,
        progress: Progress | None = None,
    ) -> Library:
        """Make the indexes of a catalog that has none, and keep its passages and stories.

        Raises LibraryMismatch where these were made by another encoder or version.
        """
        with _writer(folder):
            passages_there = Catalog(places.catalog or folder / "catalog.sqlite")
            passages_there.unindex()
            passages_there.close()
            library = cls(folder, encoder, analyzer, glossary=glossary, events=events, places=places)
            library._manifest.write(library._built_with())
            library.fill(lambda _: {}, progress)
            library.index(progress)
            return library

    def add(self, articles: Iterable[Article | Failure], *, progress: Progress | None = None) -> Ingested:
        """Add or replace articles. What this returns is on disk and indexed.

        Raises LibraryLocked while another process writes.
        """
        counts: Counter[Change] = Counter()
        failed: list[Failure] = []
        with self.writing(), suppress(Stopped):
            indexed = 0
            for batch in batches(articles, ARTICLES_AT_ONCE):
                failed.extend(item for item in batch if isinstance(item, Failure))
                entries = [(item, passages.passages(item)) for item in batch if isinstance(item, Article)]
                changes = self.catalog.put(entries)
                counts.update(changes)
                self._tell_written([article.id for article, _ in entries], changes)
                indexed = self.index(progress, before=indexed)
        return Ingested(counts["added"], counts["updated"], counts["unchanged"], counts["duplicate"], tuple(failed))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer, and leave with the indexes in step. Raises LibraryLocked while another process writes."""
        with _writer(self.folder):
            self._manifest.write(self._built_with())
            yield
            self.index()

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles everywhere. Raises NotFound, and then removes none; LibraryLocked while another writes."""
        with self.writing():
            self.catalog.remove(article_ids)
            self._tell("removed", article_ids)

    def _tell_written(self, article_ids: Sequence[str], changes: Sequence[Change]) -> None:
        if not self.listeners:
            return
        by_change = {
            change: [each for each, found in zip(article_ids, changes, strict=True) if found == change]
            for change in WRITTEN
        }
        by_change["duplicate"] = list(self.catalog.standing(by_change["duplicate"]))  # exact copies are left out
        for change, ids in by_change.items():
            self._tell(change, ids)

    def _tell(self, change: Change | Literal["removed"], article_ids: Sequence[str]) -> None:
        for listener in self.listeners if article_ids else ():
            listener(change, article_ids)

    @property
    def fingerprint(self) -> str:
        """What names the encoder and its version."""
        return self._encoder.fingerprint

    def keep_encoded(self, vectors: Mapping[bytes, bytes]) -> None:
        """Keep vectors of passages that are about to be added (bot/encoded.py), so that they need not be encoded.

        Only the one writer may.
        """
        self._encoded.keep(vectors)

    def settle(self, progress: Progress | None = None) -> None:
        """Do the work that an interrupted writer has left. Raises LibraryLocked while another process writes."""
        with _writer(self.folder), suppress(Stopped):
            self._manifest.write(self._built_with())
            self.index(progress)

    def unsettled(self) -> bool:
        """Whether an interrupted writer has left work."""
        return bool(self.catalog.unindexed() or self.catalog.obsolete() or self.catalog.waiting())

    def refresh(self) -> None:
        """See what another process has written since."""
        self.search_index.refresh()

    def problems(self) -> list[str]:
        """Compare the indexes with the catalog, and say in words what does not agree; empty if all is well."""
        found = [f"The catalog is damaged: {fault}" for fault in self.catalog.check()]
        wanted = {key for key, _ in self.catalog.keys(Filters())}
        for half, keys in self.search_index.keys().items():
            name = _NAMES[half]
            if missing := len(wanted - keys):
                found.append(f"{missing} passages are missing from the {name} index.")
            if extra := len(keys - wanted):
                found.append(f"{extra} passages are in the {name} index but not in the catalog.")
        if spoilt := self.search_index.spoilt():
            found.append(f"{spoilt} vectors are not what was written.")
        if waiting := self.catalog.unindexed() + len(self.catalog.obsolete()):
            found.append(f"{waiting} passages wait to be indexed or dropped.")
        if waiting := self.catalog.waiting():
            found.append(f"{waiting} articles wait for their story.")
        return found

    def close(self) -> None:
        """Close the files that can be closed."""
        self.search_index.close()
        self.catalog.close()
        if "_encoded" in vars(self):
            self._encoded.close()

    def index(self, progress: Progress | None = None, *, before: int | None = None) -> int:
        """Do the work that the catalog notes for the indexes, as the one writer, and find the stories that wait.

        Returns how many passages are indexed, counted on from those `before`, while more are coming.
        """
        obsolete = self.catalog.to_drop()
        if obsolete:
            self.search_index.write([], obsolete)
            self._encoded.drop(key for key, _ in obsolete)
            self.catalog.forget_obsolete([key for key, _ in obsolete])
        done, total = before or 0, self.catalog.unindexed() if before is None else None
        while batch := self.catalog.to_index(PASSAGES_AT_ONCE):
            self._index(batch)
            done += len(batch)
            if progress:
                progress(Stage("indexing", done, total, "passages"))
        if obsolete:
            self._encoded.trim()
        untold = self.catalog.untold() if self.catalog.waiting() else []
        for number, article_ids in enumerate(batches(untold, ARTICLES_AT_ONCE)):
            self.catalog.tell({each: self._content(each) for each in article_ids})
            if progress:
                told = number * ARTICLES_AT_ONCE + len(article_ids)
                progress(Stage("grouping", told, len(untold), "articles"))
        return done

    def fill(self, made: Made, progress: Progress | None = None) -> None:
        """Index what waits as the one writer, and let its stories be; what has no vector yet is encoded."""
        done, total = 0, self.catalog.unindexed()
        while batch := self.catalog.to_index(PASSAGES_AT_ONCE):
            self._write(batch, made([(stored.key, stored.article.language) for stored in batch]))
            self.catalog.mark_indexed([stored.key for stored in batch])
            done += len(batch)
            if progress:
                progress(Stage("indexing", done, total, "passages"))

    @cached_property
    def _encoded(self) -> Encoded:
        return Encoded(self.folder / "encoded.sqlite", self._encoder)

    def _content(self, article_id: str) -> Vector | None:
        """Return the sum of the vectors of an article's passages, if it has any that can be compared."""
        rows = self.search_index.rows(self.catalog.keys(Filters(article_ids=(article_id,)))) if self._events else {}
        return np.sum(list(rows.values()), axis=0, dtype=np.float32) if rows else None

    def _index(self, batch: Sequence[Stored]) -> None:
        vectors = self._write(batch)
        contents: dict[str, Vector | None] = dict.fromkeys((each.article.id for each in batch), None)
        for stored, vector in zip(batch, vectors, strict=True) if self._events else ():
            before = contents[stored.article.id]
            contents[stored.article.id] = vector if before is None else before + vector
        self.catalog.mark_indexed([stored.key for stored in batch], contents)

    def _write(
        self, batch: Sequence[Stored], made: Mapping[int, NDArray[np.float32]] | None = None
    ) -> NDArray[np.float32]:
        """Write passages to the indexes, and return their vectors, of which some may have been made."""
        vectors = self._encoded.encode(
            [stored.key for stored in batch],
            [self.analyzer.fold(searchable(stored)) for stored in batch],
            [stored.article.language for stored in batch],
            made=made,
        )
        entries = [self._entry(stored) for stored in batch]
        self.search_index.write([Indexed(*each) for each in zip(entries, vectors, strict=True)], [])
        return vectors

    def _entry(self, stored: Stored) -> Entry:
        article = stored.article
        return Entry(
            key=stored.key,
            article_id=article.id,
            language=article.language,
            source=article.source,
            published=article.published,
            title=self.analyzer.document(article.title, article.language),
            body=self.analyzer.document(stored.passage.text, article.language),
        )

    def _built_with(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "encoder": self._encoder.fingerprint,
            "folding": language.VERSION if self.analyzer.fold is language.fold else 0,
            "passages": passages.VERSION,
        }

    def _check(self, copy_of: str) -> None:
        _demand_whole(self.folder, self.catalog, copy_of)
        self._manifest.check(self._built_with())
        if not self.catalog.passage_count():
            return
        for part in self.search_index.files():
            if not part.exists() or not any(part.iterdir()):
                raise LibraryDamaged(f"{str(part)!r} is missing.", hint=REBUILD)
        if self.search_index.files():
            inspect(self.folder)


def _demand_whole(folder: Path, catalog: Catalog, copy_of: str = "") -> None:
    """Raise LibraryMismatch for an unfinished copy, unless it is of the library with this identity."""
    if catalog.fact(UNFINISHED) not in (None, copy_of):
        raise LibraryMismatch(
            f"The library in {str(folder)!r} is an unfinished copy of another.",
            hint="Run the same `regbrief copy` again: it goes on from where it was.",
        )


def searchable(stored: Stored) -> str:
    """Return what is encoded of a passage: the title says what a sentence in the middle is about."""
    return f"{stored.article.title}\n{stored.passage.text}"


@contextmanager
def _writer(folder: Path) -> Iterator[None]:
    """Be the one writer, and seal the indexes when all is written."""
    with writer(folder):
        break_seal(folder)
        try:
            yield
        except (LibraryDamaged, StorageError):
            raise
        except BaseException:  # of what was to be written, not of where
            seal(folder)
            raise
        seal(folder)


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
