"""Folders with which a library is kept in step: what is new is added, what has changed replaced, what is gone removed.

A file whose size and time are as before is not opened, one whose content is as before is not read. Nothing is removed
for a file that cannot be read. A sync may break off anywhere: the next one goes on.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

from bot import passages
from bot.articles import Change
from bot.catalog import Catalog
from bot.errors import InputError, Stopped
from bot.files import File, Given, Round
from bot.indexing import Progress, batches
from bot.intake import Reading, foreseen
from bot.library import ARTICLES_AT_ONCE, Library
from bot.outcomes import Failure, FolderSync, Foreseen, Ingested, Preview
from bot.readers.fields import content_id
from bot.records import Article
from bot.scan import Plan, Scan, compared, scanned, settled

FEW = 20
"""So many files, or as many as half of the folder's, may vanish between two syncs without being asked about."""


class Folders:
    """Keeps a library in step with folders. One is made for each run."""

    def __init__(self, library: Library, *, progress: Progress | None = None) -> None:
        self._library = library
        self._files = library.catalog.files
        self._progress = progress
        self._indexed = 0
        self._failed: list[Failure] = []
        self._counts: Counter[Change] = Counter()

    def sync(self, folder: Path, *, insist: bool = False, fresh: bool = False) -> FolderSync:
        """Bring the library in step with a folder; `fresh` reads every file, also one that has not changed.

        Raises InputError for what is no folder and, unless one insists, for one that has lost all or most of its
        files; LibraryLocked while another process writes.
        """
        path = os.path.abspath(folder)
        done = FolderSync(path)
        with self._library.writing():
            try:
                found, plan = _planned(
                    self._library.catalog, path, self._library.folder, self._progress, insist=insist, fresh=fresh
                )
                self._failed += [*found.failed, *(each for file in plan.same for each in file.problems)]
                round = self._files.begin(path)
                self._files.place(plan.placed)
                done = replace(done, moved=plan.moved, untouched=len(plan.same))
                done = replace(done, read=self._read(path, round, plan.read))
                self._files.drop([file.key for file in plan.gone])
                done = replace(done, removed=self._removed(path, round, found, plan))
                self._files.end(round, when=datetime.now(UTC))
            except Stopped:  # what is read is kept, and nothing is removed before all is read
                pass
        return replace(done, ingested=self._ingested())

    def _read(self, folder: str, round: Round, files: Sequence[File]) -> int:
        """Read files into the library; return how many there were."""
        reading = Reading(sum(file.size for file in files), self._progress)
        items = chain.from_iterable(self._items(folder, file, reading) for file in files)
        for batch in batches(items, 2 * ARTICLES_AT_ONCE):
            self._counts.update(self._files.put(round, batch))
            self._indexed = self._library.index(self._progress, before=self._indexed, more=True)
        self._indexed = self._library.index(self._progress, before=self._indexed)
        return len(files)

    def _items(self, folder: str, file: File, reading: Reading) -> Iterator[Given | File]:
        """Yield the articles of a file and then the file itself; nothing of one that cannot be opened."""
        place = Path(folder, file.path)
        try:
            now = settled(file if file.digest else replace(file, digest=digest(place)))
        except OSError as error:
            self._failed.append(Failure(str(place), f"It cannot be opened: {error.strerror or error}."))
            return
        problems: list[Failure] = []
        for item in _kept(reading.articles(place), self._files.given([file.key])):
            if isinstance(item, Failure):
                problems.append(item)
            else:
                article, kept = item
                yield Given(file.path, article, passages.passages(article), content(article), kept)
        self._failed += problems
        yield replace(now, problems=tuple(problems))

    def _removed(self, folder: str, round: Round, found: Scan, plan: Plan) -> int:
        """Remove what no file gives any more, and read the files that gave the same again; return how many went."""
        removed = self._files.remove_given()
        tried = {file.path for file in plan.read}
        while again := [each for each in self._files.unread(round) if each.path in found.files.keys() - tried]:
            self._read(folder, round, [replace(found.files[file.path], key=file.key) for file in again])
            tried |= {file.path for file in again}
            removed += self._files.remove_given()
        return removed

    def _ingested(self) -> Ingested:
        counts = self._counts
        return Ingested(
            counts["added"], counts["updated"], counts["unchanged"], counts["duplicate"], tuple(self._failed)
        )


def preview(
    catalog: Catalog, folder: Path, *, insist: bool = False, fresh: bool = False, progress: Progress | None = None
) -> Preview:
    """Say what a sync would do, and write nothing. Raises InputError as `Folders.sync` does."""
    path = os.path.abspath(folder)
    found, plan = _planned(catalog, path, None, progress, insist=insist, fresh=fresh)
    reading = Reading(sum(file.size for file in plan.read), progress)
    failing: set[int] = set()

    def items() -> Iterator[tuple[Article | Failure, str]]:
        for file in plan.read:
            place = Path(path, file.path)
            for item in _kept(reading.articles(place), catalog.files.given([file.key])):
                if isinstance(item, Failure):
                    failing.add(file.key)
                    yield item, str(place)
                else:
                    article, kept = item
                    yield (replace(article, id=kept) if kept else article), str(place)

    done, given = foreseen(catalog, items())
    dropped = {file.key for file in [*plan.read, *plan.gone] if file.key} - failing
    removed = [each for each in catalog.files.removable(dropped) if each not in given]
    return replace(
        done,
        ingested=replace(
            done.ingested,
            failed=(*found.failed, *(each for file in plan.same for each in file.problems), *done.ingested.failed),
        ),
        removed=len(removed),
        moved=plan.moved,
        changes=(*done.changes, *(Foreseen("remove", catalog.article(each).title, each) for each in removed)),
    )


def content(article: Article) -> str:
    """Return the id that the text of an article gives it."""
    return content_id(article.title, article.body, article.published)


def digest(place: Path) -> str:
    """Return the SHA-256 of a file. Raises OSError."""
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _planned(
    catalog: Catalog, path: str, left_out: Path | None, progress: Progress | None, *, insist: bool, fresh: bool
) -> tuple[Scan, Plan]:
    known = catalog.files.known(path)
    if not os.path.isdir(path) and not (known and insist):
        raise InputError(f"There is no folder {path!r}.", hint=_hint(known) if known else "Check the spelling.")
    found = scanned(path, left_out=left_out, progress=progress) if os.path.isdir(path) else Scan()
    gone = known.keys() - found.files.keys()
    lost = [each for each in gone if not found.is_closed(each)]
    new = len(found.files) - (len(known) - len(gone))
    if lost and not insist and (not found.files or len(lost) - new > max(FEW, len(known) // 2)):
        raise InputError(
            f"{len(lost):,} of the {len(known):,} files that were in {path!r} are gone.", hint=_hint(known)
        )
    return found, compared(known, found, lambda file: digest(Path(path, file)), fresh=fresh)


def _hint(known: Iterable[str]) -> str:
    return "If it is not mounted, mount it; if it is as it should be, add --insist, and their articles are removed."


def _kept(items: Iterable[Article | Failure], before: Sequence[str]) -> Iterator[Failure | tuple[Article, str | None]]:
    """Pair articles with the id to keep: that of the only article that a file gave, if it gives one only again.

    An article that brings an id of its own has that.
    """
    rest = iter(items)
    first = list(islice(rest, 2))
    alone = len(before) == len(first) == 1
    for item in chain(first, rest):
        if isinstance(item, Failure):
            yield item
        else:
            yield item, before[0] if alone and item.id == content(item) != before[0] else None
