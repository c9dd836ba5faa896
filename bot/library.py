"""The write path: articles in, indexes kept in step with the catalog, whatever happens in between.

Each batch is first written to the catalog together with the work that it leaves for the indexes; `settle` then does
that work, and can be called again at any time: after a crash, or by another process.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot import language, passages
from bot.articles import Change
from bot.catalog import Catalog
from bot.embedded import Embedded
from bot.encoder import Encoder
from bot.errors import LibraryDamaged, LibraryMismatch, Stopped, StorageError
from bot.glossary import Glossary
from bot.index import Half, SearchIndex
from bot.indexing import Indexing, Made, Progress, batches
from bot.keywords import Analyzer
from bot.lock import writer
from bot.manifest import EMBEDDED, REBUILD, Manifest
from bot.milvus import Milvus
from bot.outcomes import Failure, Ingested
from bot.records import Article, Filters
from bot.seal import break_seal, inspect, seal
from bot.storage import make_folder
from bot.tables import UNFINISHED

ARTICLES_AT_ONCE = 128
"""What a crash may leave to be indexed again; smaller batches leave the indexes with too little to do at once."""

FORMAT = 1

_NAMES: Mapping[Half, str] = {"keywords": "keyword", "dense": "vector"}

WRITTEN: tuple[Change, ...] = ("added", "updated", "duplicate")
"""What may become of an article that is then in the catalog as it was given."""


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
        self.catalog = Catalog(places.catalog or folder / "catalog.sqlite", glossary)
        self.listeners: list[Callable[[Change | Literal["removed"], Sequence[str]], None]] = []
        """Each is told what was done to which articles, once that is on disk."""
        try:
            self._open_index(places, copy_of)
        except BaseException:
            self.catalog.close()
            raise
        self._indexing = Indexing(folder, self.catalog, self.search_index, encoder, analyzer, events=events)

    def _open_index(self, places: Places, copy_of: str) -> None:
        engine, _, address = places.search.partition(":")
        self.search_index: SearchIndex = (
            Embedded(self.folder, self.catalog, chroma_url=places.chroma_url)
            if engine == EMBEDDED
            else Milvus(address, self.catalog.facts.identity, dimension=lambda: self._encoder.dimension)
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
            with closing(Catalog(places.catalog or folder / "catalog.sqlite")) as articles:
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
            library._manifest.write(library._built_with())
            library._indexing.encoded.drop()
            library.index(progress)
            library._indexing.encoded.trim()
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
                indexed = self.index(progress, before=indexed, more=True)
            self.index(progress, before=indexed)
        return Ingested(counts["added"], counts["updated"], counts["unchanged"], counts["duplicate"], tuple(failed))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer, and leave with the indexes in step. Raises LibraryLocked while another process writes."""
        with _writer(self.folder):
            self._manifest.write(self._built_with())
            try:
                yield
            except BaseException:
                self._indexing.forget_ahead()
                raise
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
        self._indexing.encoded.keep(vectors)

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
        found = [f"The catalog is damaged: {fault}" for fault in self.catalog.store.check()]
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
        self._indexing.close()
        self.search_index.close()
        self.catalog.close()

    def index(self, progress: Progress | None = None, *, before: int | None = None, more: bool = False) -> int:
        """Do the work that the catalog notes for the indexes, as the one writer; see `Indexing.run`."""
        return self._indexing.run(progress, before=before, more=more)

    def fill(self, made: Made, progress: Progress | None = None) -> None:
        """Index what waits as the one writer, and let its stories be; what has no vector yet is encoded."""
        self._indexing.fill(made, progress)

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
        filled = bool(self.catalog.passage_count())
        parts = self.search_index.files()
        missing = [part for part in parts if not part.exists() or not any(part.iterdir())]
        if filled and missing:
            raise LibraryDamaged(f"{str(missing[0])!r} is missing.", hint=REBUILD)
        if parts and not missing:
            inspect(self.folder, self._begin_anew, filled=filled)

    def _begin_anew(self) -> None:
        """Throw the indexes away: all passages wait to be indexed again, with the vectors that are kept by content."""
        self.catalog.unindex()
        for part in self.search_index.files():
            shutil.rmtree(part, ignore_errors=True)
        self.search_index.clear()


def _demand_whole(folder: Path, catalog: Catalog, copy_of: str = "") -> None:
    """Raise LibraryMismatch for an unfinished copy, unless it is of the library with this identity."""
    if catalog.facts.get(UNFINISHED) not in (None, copy_of):
        raise LibraryMismatch(
            f"The library in {str(folder)!r} is an unfinished copy of another.",
            hint="Run the same `regbrief copy` again: it goes on from where it was.",
        )


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
