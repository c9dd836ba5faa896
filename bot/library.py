"""The write path: articles in, indexes kept in step with the catalog, whatever happens in between.

Each batch is first written to the catalog together with the work that it leaves for the indexes; `settle` then does
that work, and can be called again at any time: after a crash, or by another process.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from filelock import FileLock, Timeout

from bot import language, passages
from bot.catalog import Catalog, Stored
from bot.dedupe import Vector
from bot.encoder import Encoder
from bot.errors import LibraryDamaged, LibraryLocked, LibraryMismatch
from bot.glossary import Glossary
from bot.keywords import Analyzer, Entry, Keywords
from bot.records import Article, Failure, Filters, Ingested
from bot.vectors import Row, Vectors

ARTICLES_AT_ONCE = 32
PASSAGES_AT_ONCE = 256
FORMAT = 1

Item = TypeVar("Item")

Progress = Callable[[int], None]
"""Called with how many more are done: articles while adding, passages while rebuilding."""


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
    ) -> None:
        """Open or create the library in `folder`.

        Reports of one event share names of the `glossary`. `events` is off for an encoder to whose vectors the
        thresholds of `bot.dedupe` do not apply: stories are then made of copies only.
        Raises LibraryMismatch if its indexes were built with another encoder or version, LibraryDamaged if one of them
        cannot be read.
        """
        self.folder = folder
        self._encoder = encoder
        self.analyzer = analyzer
        self._events = events
        self.catalog = Catalog(folder / "catalog.sqlite", glossary)
        self._check_manifest()
        self.keywords = Keywords(folder / "keywords")
        self.vectors = Vectors(folder / "vectors")

    @classmethod
    def rebuild(
        cls,
        folder: Path,
        encoder: Encoder,
        analyzer: Analyzer,
        *,
        glossary: Glossary | None = None,
        events: bool = True,
        progress: Progress | None = None,
    ) -> Library:
        """Make indexes and stories anew from the catalog, cutting every article again; close the library before."""
        with _writer(folder):
            catalog = Catalog(folder / "catalog.sqlite")
            for derived in ("keywords", "vectors"):
                shutil.rmtree(folder / derived, ignore_errors=True)
            (folder / "manifest.json").unlink(missing_ok=True)
            catalog.forget_stories()
            for article in catalog.articles(Filters()):
                catalog.replace_passages(article.id, passages.passages(article))
            catalog.forget_obsolete([key for key, _ in catalog.obsolete()])
            catalog.close()
            library = cls(folder, encoder, analyzer, glossary=glossary, events=events)
            library._write_manifest()
            library._settle(progress)
            return library

    def add(self, articles: Iterable[Article | Failure], *, progress: Progress | None = None) -> Ingested:
        """Add or replace articles. What this returns is on disk and indexed.

        Raises LibraryLocked while another process writes.
        """
        counts = {"added": 0, "updated": 0, "unchanged": 0, "duplicate": 0}
        failed: list[Failure] = []
        with _writer(self.folder):
            self._write_manifest()
            for batch in _batches(articles, ARTICLES_AT_ONCE):
                failed.extend(item for item in batch if isinstance(item, Failure))
                entries = [(item, passages.passages(item)) for item in batch if isinstance(item, Article)]
                for change in self.catalog.put(entries):
                    counts[change] += 1
                self._settle()
                if progress:
                    progress(len(batch))
            self._settle()
        return Ingested(counts["added"], counts["updated"], counts["unchanged"], counts["duplicate"], tuple(failed))

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles everywhere. Raises NotFound, and then removes none; LibraryLocked while another writes."""
        with _writer(self.folder):
            self.catalog.remove(article_ids)
            self._settle()

    def settle(self) -> None:
        """Do the work that an interrupted writer has left. Raises LibraryLocked while another process writes."""
        with _writer(self.folder):
            self._write_manifest()
            self._settle()

    def unsettled(self) -> bool:
        """Whether an interrupted writer has left work."""
        return bool(self.catalog.unindexed() or self.catalog.obsolete() or self.catalog.waiting())

    def refresh(self) -> None:
        """See what another process has written since."""
        self.keywords.refresh()

    def problems(self) -> list[str]:
        """Compare the indexes with the catalog, and say in words what does not agree; empty if all is well."""
        found = [f"The catalog is damaged: {fault}" for fault in self.catalog.check()]
        wanted = {key for key, _ in self.catalog.keys(Filters())}
        for name, keys in (("keyword", self.keywords.keys()), ("vector", self.vectors.keys())):
            if missing := len(wanted - keys):
                found.append(f"{missing} passages are missing from the {name} index.")
            if extra := len(keys - wanted):
                found.append(f"{extra} passages are in the {name} index but not in the catalog.")
        if waiting := self.catalog.unindexed() + len(self.catalog.obsolete()):
            found.append(f"{waiting} passages wait to be indexed or dropped.")
        if waiting := self.catalog.waiting():
            found.append(f"{waiting} articles wait for their story.")
        return found

    def close(self) -> None:
        """Close the files that can be closed."""
        self.vectors.close()
        self.catalog.close()

    def _settle(self, progress: Progress | None = None) -> None:
        obsolete = self.catalog.obsolete()
        if obsolete:
            self.vectors.write([], obsolete)
            self.keywords.write([], [key for key, _ in obsolete])
            self.catalog.forget_obsolete([key for key, _ in obsolete])
        while batch := self.catalog.to_index(PASSAGES_AT_ONCE):
            self._index(batch)
            if progress:
                progress(len(batch))
        for article_ids in _batches(self.catalog.untold() if self.catalog.waiting() else [], ARTICLES_AT_ONCE):
            self.catalog.tell({each: self._content(each) for each in article_ids})

    def _content(self, article_id: str) -> Vector | None:
        """Return the sum of the vectors of an article's passages, if it has any that can be compared."""
        rows = self.vectors.rows(self.catalog.keys(Filters(article_ids=(article_id,)))) if self._events else []
        return np.sum(rows, axis=0, dtype=np.float32) if len(rows) else None

    def _index(self, batch: Sequence[Stored]) -> None:
        vectors = self._encoder.encode(
            [self.analyzer.fold(searchable(stored)) for stored in batch],
            kind="passage",
            languages=[stored.article.language for stored in batch],
        )
        rows = [Row(each.key, each.article.language, vector) for each, vector in zip(batch, vectors, strict=True)]
        self.vectors.write(rows, [])
        self.keywords.write([self._entry(stored) for stored in batch], [])
        contents: dict[str, Vector | None] = dict.fromkeys((each.article.id for each in batch), None)
        for stored, vector in zip(batch, vectors, strict=True) if self._events else ():
            before = contents[stored.article.id]
            contents[stored.article.id] = vector if before is None else before + vector
        self.catalog.mark_indexed([stored.key for stored in batch], contents)

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

    def _manifest(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "encoder": self._encoder.fingerprint,
            "folding": language.VERSION if self.analyzer.fold is language.fold else 0,
            "passages": passages.VERSION,
        }

    def _check_manifest(self) -> None:
        path = self.folder / "manifest.json"
        if self.catalog.passage_count():
            for part in (path, self.folder / "keywords", self.folder / "vectors"):
                if not part.exists():
                    raise LibraryDamaged(f"{str(part)!r} is missing.", hint="Run `regbrief doctor --rebuild`.")
        if not path.exists():
            return
        try:
            built_with = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise LibraryDamaged(
                f"The manifest {str(path)!r} is not JSON: {error}.", hint="Run `regbrief doctor --rebuild`."
            ) from error
        wanted = self._manifest()
        differing = [name for name in wanted if built_with.get(name) != wanted[name]]
        if differing:
            name = differing[0]
            raise LibraryMismatch(
                f"The library in {str(self.folder)!r} was built with {name} {built_with.get(name)!r}, "
                f"but this is {name} {wanted[name]!r}.",
                hint="Run `regbrief doctor --rebuild`, or set REGBRIEF_ENCODER or REGBRIEF_INDEXES to the other one.",
            )

    def _write_manifest(self) -> None:
        path = self.folder / "manifest.json"
        if not path.exists():
            draft = path.with_suffix(".new")
            draft.write_text(json.dumps(self._manifest(), indent=2) + "\n", "utf-8")
            draft.replace(path)


def searchable(stored: Stored) -> str:
    """Return what is encoded of a passage: the title says what a sentence in the middle is about."""
    return f"{stored.article.title}\n{stored.passage.text}"


def readable(folder: Path) -> str | None:
    """Open the indexes in a child process, which a damaged file may crash; return what went wrong, or None."""
    code = """
import sys
from pathlib import Path
from bot.keywords import Keywords
from bot.vectors import Vectors
keywords, vectors = Path(sys.argv[1], "keywords"), Path(sys.argv[1], "vectors")
if keywords.exists():
    Keywords(keywords).keys()
if vectors.exists():
    Vectors(vectors).touch()
"""
    child = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    if child.returncode == 0:
        return None
    lines = child.stderr.strip().splitlines()
    return lines[-1] if lines else f"the process that opened them ended with status {child.returncode}"


@contextmanager
def _writer(folder: Path) -> Iterator[None]:
    """Hold the one writer's place in this folder. Raises LibraryLocked, naming who holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock, note = FileLock(folder / "writer.lock"), folder / "writer.json"
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise LibraryLocked(
            f"Another process is writing to {str(folder)!r}: {_holder(note)}.", hint="Wait until it is done."
        ) from error
    try:
        note.write_text(
            json.dumps(
                {
                    "process": os.getpid(),
                    "host": socket.gethostname(),
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                    "command": " ".join(Path(part).name if at == 0 else part for at, part in enumerate(sys.argv[:4])),
                }
            ),
            "utf-8",
        )
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note: Path) -> str:
    try:
        holder = json.loads(note.read_text("utf-8"))
        return f"process {holder['process']} on {holder['host']}, since {holder['since']} ({holder['command']})"
    except (OSError, ValueError, KeyError):
        return "it has not said who it is yet"


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
