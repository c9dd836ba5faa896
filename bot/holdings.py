"""What a library holds, and how it comes in and goes out: the half of Regbrief that needs no question."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import asked, excerpts, intake, readers
from bot.backup import backup
from bot.errors import InputError, NotFound
from bot.folders import Folders, preview
from bot.index import Half
from bot.indexing import Progress
from bot.judgements import judged
from bot.library import Library
from bot.outcomes import Backup, Failure, Feed, Folder, Ingested, Preview, Synced
from bot.records import Answer, Article, Excerpt, Feedback, Language, Verdict
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.feeds import Feeds


class Holdings:
    """A library whose articles can be added, removed, listed and judged."""

    def __init__(self, library: Library, settings: Settings | None = None) -> None:
        self.library = library
        self.settings = settings

    def add(
        self,
        what: str | Path | Article | Iterable[str | Path | Article],
        *,
        progress: Progress | None = None,
        workers: str = "",
    ) -> Ingested:
        """Add articles, files, folders, and addresses of pages and feeds; what is known is replaced if it has changed.

        Nothing that cannot be read stops the rest: it is named in `failed`. `progress` is called with a Stage, often:
        "reading" (bytes of the files, or articles), "indexing" (passages) and "fetching" (pages). If it raises
        `Stopped`, what is done is kept and returned. `workers` read and encode the files: "ray" on this machine, a
        number of them, or those of a cluster, "ray://HOST:PORT". Raises InputError for a path that is not there,
        LibraryLocked while another process writes, ServerError where the workers do not answer.
        """
        items, addresses = _parted(what)
        read = self._read_by(workers, items, progress) if workers else intake.read(items, progress)
        done = self.library.add(read, progress=progress)
        return done + self._feeds(progress).take(addresses) if addresses else done

    def preview(self, what: str | Path | Article | Iterable[str | Path | Article]) -> Preview:
        """Say what `add` would do, and write nothing. Raises InputError, also for addresses."""
        return intake.preview(self.library.catalog, given(what))

    def follow(self, addresses: str | Iterable[str]) -> list[Feed | Failure]:
        """Follow feeds, each named by its address or that of a page that links to it; what cannot be is a Failure."""
        return self._feeds().follow([addresses] if isinstance(addresses, str) else list(addresses))

    def unfollow(self, address: str) -> None:
        """Follow a feed no longer; its articles stay. Raises NotFound."""
        self._feeds().unfollow(address)

    def feeds(self) -> list[Feed]:
        """Return the feeds that are followed, and when and how each was last read."""
        return self.library.catalog.subscriptions.feeds()

    def sync(
        self,
        folders: str | Path | Iterable[str | Path] = (),
        *,
        insist: bool = False,
        fresh: bool = False,
        progress: Progress | None = None,
    ) -> Synced:
        """Fetch what is new in the feeds; or, where folders are named, bring the library in step with these.

        A feed or file that fails does not stop the others. What a folder has lost is removed, if it came from there
        and no other file has it; unless one insists, not for a folder that has lost all or most of its files (raises
        InputError). `fresh` also reads files that have not changed. `progress` is called as by `add`, and before with
        the stage "looking" (files). Raises LibraryLocked while another process writes.
        """
        named = [folders] if isinstance(folders, str | Path) else list(folders)
        if not named:
            return self._feeds(progress).sync()
        done = [Folders(self.library, progress=progress).sync(Path(each), insist=insist, fresh=fresh) for each in named]
        return Synced(folders=tuple(done))

    def preview_sync(self, folder: str | Path, *, insist: bool = False, fresh: bool = False) -> Preview:
        """Say what `sync` would do with a folder, and write nothing. Raises InputError."""
        return preview(self.library.catalog, Path(folder), insist=insist, fresh=fresh)

    def folders(self) -> list[Folder]:
        """Return the folders that have been synced, and when each was last."""
        return self.library.catalog.files.folders()

    def forget_folder(self, folder: str | Path) -> None:
        """Keep a folder in step no longer; its articles stay, whatever becomes of its files. Raises NotFound."""
        if not self.library.catalog.files.forget(os.path.abspath(folder)):
            raise NotFound(f"No sync knows the folder {str(folder)!r}.", hint="`regbrief folders list` lists them.")

    def backup(self, file: str | Path, *, overwrite: bool = False, progress: Progress | None = None) -> Backup:
        """Write the library as it stands at this moment to one file, for `restore`; others may write meanwhile.

        `progress` is told of "copying" (bytes). Raises InputError where the file is there and not to be overwritten.
        """
        if self.settings:
            self.settings.in_folder("backup")
        return backup(self.library.folder, Path(file), overwrite=overwrite, progress=progress)

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles everywhere. Raises NotFound, and then removes none."""
        self.library.remove(article_ids)

    def articles(
        self,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        article_ids: Sequence[str] | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> Iterator[Article]:
        """Iterate over the articles that the filters of `ask` let through, newest first."""
        filters = asked.filters(since, until, languages, sources, article_ids)
        return self.library.catalog.articles(filters, limit=limit, offset=offset)

    def article(self, article_id: str) -> Article:
        """Return one article. Raises NotFound."""
        return self.library.catalog.article(article_id)

    def excerpt(
        self, article_id: str, *, quote: str | None = None, start: int | None = None, end: int | None = None
    ) -> Excerpt:
        """Return a quotation in its paragraph: the words `quote`, or `body[start:end]`. Raises NotFound, InputError."""
        article = self.article(article_id)
        if quote is not None and start is None and end is None:
            return excerpts.of(article, quote)
        if quote is None and start is not None and end is not None:
            return excerpts.at(article, start, end)
        raise InputError("It is not clear what is quoted.", hint="Give quote, or start and end.", case="quoted")

    def count(self, **filters: Any) -> int:
        """Count the articles that the filters of `ask` let through."""
        return self.library.catalog.count(
            asked.filters(*(filters.get(name) for name in ("since", "until", "languages", "sources", "article_ids")))
        )

    def sources(self) -> dict[str, int]:
        """Count the articles of each outlet, most first."""
        return self.library.catalog.sources()

    def give_feedback(
        self, answer: Answer | str, verdict: Verdict, *, note: str = "", citation: int | None = None
    ) -> Feedback:
        """Keep what a reader says of an answer, with the answer; return it with its id and the time.

        `verdict` is "right", "wrong" or "wrong_citation", of which `citation` may say which number is meant; a
        refusal is right where the library has no answer. Give the Answer as `ask` or `stream` returned it, so that it
        can become a question of an evaluation (`regbrief feedback export`); where you no longer have it, the question
        alone. `note` is the reader's own words, up to 2,000 characters. It may be called from any thread, also while
        articles are being added; what it returns is on disk. Each call keeps an entry of its own. Raises InputError
        for a verdict, a number or a note that cannot be used.
        """
        return self.library.catalog.judgements.add(judged(answer, verdict, note=note, citation=citation))

    def feedback(self, *, verdict: Verdict | None = None, limit: int = -1, offset: int = 0) -> list[Feedback]:
        """Return what readers have said of answers, newest first."""
        return self.library.catalog.judgements.newest(verdict, limit=limit, offset=offset)

    def feedback_counts(self) -> dict[Verdict, int]:
        """Count what readers have said of answers, by verdict; those that nobody gave are left out."""
        return self.library.catalog.judgements.counts()

    def problems(self) -> list[str]:
        """Say in words where the indexes do not agree with the catalog; empty if all is well."""
        return self.library.problems()

    def unavailable(self) -> dict[Half, str]:
        """Say why a half of the search, "dense" or "keywords", does not answer; empty where both do.

        While one answers, questions are answered with that alone, and say so.
        """
        return self.library.search_index.ailing()

    def writable(self) -> bool:
        """Say whether this process may write to the library; another one may still hold it."""
        return os.access(self.library.folder, os.W_OK) and self.library.catalog.store.writable()

    def _read_by(
        self, workers: str, items: Sequence[Article | Path], progress: Progress | None
    ) -> Iterator[Article | Failure]:
        """Read files by workers, and articles that are given as they are."""
        from bot import cluster  # its Ray is not needed elsewhere

        named = cluster.checked(workers)
        settings = self.settings or Settings.read()
        files = [item for item in items if isinstance(item, Path)]
        given = [item for item in items if isinstance(item, Article)]
        read = cluster.read(files, self.library, workers=named, settings=settings, progress=progress)
        return chain(intake.read(given), read)

    def _feeds(self, progress: Progress | None = None) -> Feeds:
        from bot.feeds import Feeds  # its libraries are not needed to ask

        settings = self.settings or Settings.read()
        return Feeds.open(self.library, settings, progress=progress or (lambda count: None))


def is_address(what: str) -> bool:
    """Whether a text is an address, not the path of a file."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", what) is not None


def given(what: str | Path | Article | Iterable[str | Path | Article]) -> list[Article | Path]:
    """Find the files that are named, and list them and the articles. Raises InputError, also for an address."""
    items, addresses = _parted(what)
    if addresses:
        raise InputError(f"{addresses[0]!r} is an address.", hint="Only files and articles have a preview.")
    return items


def _parted(what: str | Path | Article | Iterable[str | Path | Article]) -> tuple[list[Article | Path], list[str]]:
    """Find the files that are named, and part them and articles from addresses."""
    items = [what] if isinstance(what, str | Path | Article) else list(what)
    found: list[Article | Path] = []
    addresses: list[str] = []
    for item in items:
        if isinstance(item, str) and is_address(item):
            addresses.append(item)
        elif isinstance(item, Article):
            found.append(item)
        else:
            found += readers.find(Path(item))
    return found, addresses
