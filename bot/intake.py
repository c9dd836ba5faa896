"""What is given to a library, read one after another, and how far that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from bot import articles, readers
from bot.articles import Change
from bot.catalog import Catalog
from bot.errors import InputError
from bot.indexing import Progress
from bot.outcomes import Failure, Foreseen, Ingested, Preview, Stage
from bot.records import Article
from bot.rows import digest


class Reading:
    """Files that are read in turn; `progress` is told of each place, in bytes of all of them."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        """`total` is the size of all files in bytes."""
        self._total = total
        self._progress = progress
        self._done = 0

    @classmethod
    def of(cls, files: Iterable[Path], progress: Progress | None) -> Reading:
        """Measure the files that are to be read."""
        return cls(sum(size_of(file) for file in files), progress)

    def articles(self, file: Path) -> Iterator[Article | Failure]:
        """Read every article of the next file; what cannot be read comes as a Failure."""
        size = size_of(file)
        yield from readers.read(file, at=lambda position: self._tell(min(position, size)))
        self._done += size
        self._tell(0)

    def _tell(self, position: int) -> None:
        if self._progress:
            done = self._done + position
            self._progress(Stage("reading", done, max(done, self._total), "bytes"))


def read(items: Sequence[Article | Path], progress: Progress | None = None) -> Iterator[Article | Failure]:
    """Yield articles as they are, once they are checked, and those of files."""
    reading = Reading.of((item for item in items if isinstance(item, Path)), progress)
    only_articles = not any(isinstance(item, Path) for item in items)
    for number, item in enumerate(items, 1):
        if isinstance(item, Path):
            yield from reading.articles(item)
            continue
        yield _checked(item)
        if progress and only_articles:
            progress(Stage("reading", number, len(items), "articles"))


def size_of(file: Path) -> int:
    """Return the bytes of a file; 0 where it cannot be looked at."""
    try:
        return file.stat().st_size
    except OSError:  # its reader says why it cannot be read
        return 0


def preview(catalog: Catalog, items: Sequence[Article | Path]) -> Preview:
    """Say what would become of articles and files if they were added, and write nothing."""
    reading = Reading.of((), None)

    def each() -> Iterator[tuple[Article | Failure, str]]:
        for item in items:
            if isinstance(item, Path):
                yield from ((found, str(item)) for found in reading.articles(item))
            else:
                yield _checked(item), item.id

    return foreseen(catalog, each())[0]


def foreseen(catalog: Catalog, items: Iterable[tuple[Article | Failure, str]]) -> tuple[Preview, set[str]]:
    """Say what would become of articles, each with where it comes from, and which ids they have.

    A near copy counts as added, as it is not compared with the others.
    """
    foresee = _foresight(catalog)
    counts: Counter[Change] = Counter()
    failed: list[Failure] = []
    changes: list[Foreseen] = []
    given: set[str] = set()
    for item, where in items:
        if isinstance(item, Failure):
            failed.append(item)
            continue
        change = foresee(item)
        counts[change] += 1
        given.add(item.id)
        if change != "unchanged":
            changes.append(Foreseen(_VERBS[change], item.title, where))
    done = Ingested(counts["added"], counts["updated"], counts["unchanged"], counts["duplicate"], tuple(failed))
    return Preview(done, changes=tuple(changes)), given


_VERBS: Mapping[Change, Literal["add", "update", "copy"]] = {"added": "add", "updated": "update", "duplicate": "copy"}


@contextmanager
def looked_at(library: Path, address: str = "") -> Iterator[Catalog]:
    """Open the catalog of a library in which nothing is to be changed; one that is not there is not made.

    It is in the folder, or on the server at `address`.
    """
    path = library / "catalog.sqlite"
    with TemporaryDirectory() as nowhere:
        catalog = Catalog(address or (path if path.exists() else Path(nowhere, path.name)))
        try:
            yield catalog
        finally:
            catalog.close()


def _foresight(catalog: Catalog) -> Callable[[Article], Change]:
    """Return what says of one article after another what `Catalog.put` would make of it."""
    coming: dict[str, str] = {}
    texts: set[str] = set()

    def foresee(article: Article) -> Change:
        content = digest(article)
        with catalog.store.reading() as db:
            before = coming.get(article.id) or articles.held(db, article.id)
            if before is None and (content in texts or articles.says(db, content)):
                return "duplicate"
        coming[article.id] = content
        texts.add(content)
        return "added" if before is None else "unchanged" if before == content else "updated"

    return foresee


def _checked(article: Article) -> Article | Failure:
    try:
        return readers.checked(article)
    except InputError as error:
        return Failure(f"article {article.id!r}", str(error))
