"""What becomes of work on a library: what was read, what failed, how far it is. Frozen, as all records are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be read, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of each article that was given to the library.

    `duplicates` are copies of an article that was there before: near copies, which are kept, and exact ones.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    failed: tuple[Failure, ...] = ()
    partial: tuple[Failure, ...] = ()
    """Entries of feeds of which only the feed's own text is in, as their page could not be read, and why."""

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


StageName = Literal["looking", "reading", "fetching", "indexing", "grouping", "copying", "comparing", "telling"]
Unit = Literal["files", "bytes", "pages", "articles", "passages", "stories", "events", "rows"]


@dataclass(frozen=True, slots=True)
class Stage:
    """How far long work is: `done` of `total`, in `unit`; `total` is null where it is not known."""

    name: StageName
    done: int
    total: int | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is followed, and what is known of it from the last time; `articles` counts those it has brought."""

    url: str
    title: str = ""
    etag: str | None = None
    modified: str | None = None
    synced: datetime | None = None
    problem: str | None = None
    """Why it could not be read the last time."""
    articles: int = 0


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with which the library is kept in step; `files` counts those that have been read."""

    path: str
    synced: datetime | None = None
    """When a sync has last come to its end."""
    files: int = 0


@dataclass(frozen=True, slots=True)
class FolderSync:
    """What became of a folder's files and their articles."""

    path: str
    ingested: Ingested = field(default_factory=Ingested)
    """The articles of the files that were read; `failed` also names what failed before and has not changed."""
    removed: int = 0
    """Articles that no file gives any more."""
    moved: int = 0
    """Files that have another path and the same content."""
    read: int = 0
    untouched: int = 0
    """Files that were not read, as they are what they were."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be done with one article, and where it comes from; a `copy` is exact, and left out."""

    change: Literal["add", "update", "remove", "copy"]
    title: str
    where: str
    """The file, or the id of an article that would be removed."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of files and articles; nothing has been written."""

    ingested: Ingested = field(default_factory=Ingested)
    removed: int = 0
    moved: int = 0
    changes: tuple[Foreseen, ...] = ()
    """What would change, in order."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A library as one file."""

    path: str
    articles: int
    bytes: int
    made: datetime


@dataclass(frozen=True, slots=True)
class TableCopied:
    """A table of the catalog; `sha256` is of its rows in the order of their keys."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copied:
    """A library that was brought to another place, and how it compares there."""

    source: str
    target: str
    articles: int
    passages: int
    encoded: int
    """Passages of which the source had no sound vector: they are encoded, unless another has the same text."""
    vectors: int
    """Vectors that were compared."""
    tables: tuple[TableCopied, ...]
    """The tables as they are in the source."""
    already: bool
    """Whether it was whole before: then nothing was brought, and the two were compared only."""
    verified: bool
    """Whether every row, key and vector is the same in both."""
    differences: tuple[str, ...] = ()
    """What is not the same, in words."""


@dataclass(frozen=True, slots=True)
class FeedSync:
    """What became of one feed and its new entries."""

    url: str
    title: str
    ingested: Ingested = field(default_factory=Ingested)
    """Entries that had been fetched before are `unchanged`."""
    waiting: int = 0
    """New entries that are left for the next time."""
    problem: str | None = None
    """Why the feed itself could not be read."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of every feed, in the order in which they were added, or of every folder that was named."""

    feeds: tuple[FeedSync, ...] = ()
    folders: tuple[FolderSync, ...] = ()


JobKind = Literal["articles", "files", "addresses", "sync"]
JobState = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Job:
    """Long work that a server has been given, and how far it has come."""

    id: str
    kind: JobKind
    what: tuple[str, ...]
    """Titles, file names or addresses."""
    state: JobState
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    stage: Stage | None = None
    """How far it is, or was when it ended."""
    article_ids: tuple[str, ...] = ()
    """Of the articles that it was given, as far as they are known: of addresses they are not."""
    changed: bool | None = None
    """Whether the library has changed; null while that is not known."""
    ingested: Ingested | None = None
    """What became of articles, files and addresses, once it has ended."""
    synced: Synced | None = None
    """What became of feeds, once it has ended."""
    error: Mapping[str, str] | None = None
    """Why it has failed: code, message and hint."""
