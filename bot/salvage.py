"""A damaged catalog: what can be read of it goes into a new one, and the old file stays beside it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

from bot import passages
from bot.catalog import Catalog
from bot.errors import LibraryDamaged
from bot.glossary import Glossary
from bot.lock import writer
from bot.mirror import Mirror
from bot.records import LANGUAGES, Article
from bot.rows import COLUMNS, LATER_COLUMNS, digest, from_row
from bot.wreck import rows

AT_ONCE = 500

_NOT_COPIED = ("alembic_version", "articles", "passages", "obsolete", "reports", "bands", "facts")
"""Tables that are made anew: the articles are put one by one, and the others follow from them."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of it: how many articles are in the new catalog, which are known to be lost, where the old file is."""

    articles: int
    lost: tuple[str, ...]
    kept: str


def salvage(folder: Path, glossary: Glossary | None = None) -> Salvaged:
    """Make a new catalog of what can be read of the old one, which is kept; its indexes are to be rebuilt.

    An article is taken over only if it is, to the letter, what was written. Raises LibraryDamaged if there is nothing
    to read, LibraryLocked while another process writes.
    """
    path = folder / "catalog.sqlite"
    with writer(folder):
        if not path.exists():
            raise LibraryDamaged(f"There is no catalog {str(path)!r}.", hint="Restore it from a copy, or ingest again.")
        draft = folder / "salvaged.sqlite"
        _remove(draft)
        wreck = Mirror(folder, copied=["catalog.sqlite*"], left_out=["*"])
        with closing(Catalog(draft, glossary)) as catalog:
            found, known = _articles(wreck.path / path.name)
            for batch in _batches(found.values()):
                catalog.put((article, passages.passages(article)) for article in batch)
            _copy_tables(wreck.path / path.name, draft, whole=found.keys() >= known)
        wreck.close()
        for derived in ("keywords", "vectors"):  # their keys say nothing to the new catalog
            shutil.rmtree(folder / derived, ignore_errors=True)
        (folder / "manifest.json").unlink(missing_ok=True)
        kept = _put_aside(path)
        draft.replace(path)
    return Salvaged(len(found), tuple(sorted(known - found.keys())), str(kept))


def _articles(path: Path) -> tuple[dict[str, Article], set[str]]:
    """Return the articles that can be read, and the ids of all that are known to have been there."""
    found: dict[str, Article] = {}
    known: set[str] = set()
    with closing(_connect(path)) as db:
        for way in _WAYS:
            with suppress(sqlite3.DatabaseError):  # up to where the damage begins; others come from the other side
                known.update(row[0] for row in db.execute(way) if isinstance(row[0], str))
        for article_id in known:
            with suppress(sqlite3.DatabaseError):
                row = db.execute(f"SELECT {COLUMNS}, digest FROM articles WHERE id = ?", (article_id,)).fetchone()
                if row and (article := _sound(row[:-1], row[-1])):
                    found[article_id] = article
    if not known or known - found.keys():
        for article in _scattered(path):
            if article.id not in found and (not known or article.id in known):
                found[article.id] = article
    return found, known or _named(path)


_WAYS = [
    f"SELECT id FROM articles {index} ORDER BY {order} {way}"
    for index, order in (
        ("NOT INDEXED", "id"),
        ("INDEXED BY articles_by_date", "published"),
        ("INDEXED BY articles_by_outlet", "source"),
        ("INDEXED BY articles_by_source", "source"),  # its name in older libraries
        ("INDEXED BY articles_by_digest", "digest"),
    )
    for way in ("ASC", "DESC")
]
"""Four trees hold the ids, and each can be walked from either end."""


def _scattered(path: Path) -> Iterator[Article]:
    """Yield the articles whose rows some page still holds."""
    for row in rows(path, path.with_name(f"{path.name}-wal")):
        if len(row) not in (_FIRST + 1, _FIRST + 1 + len(LATER_COLUMNS)):
            continue
        about, stored, later = row[:_FIRST], row[_FIRST], row[_FIRST + 1 :]
        for order in permutations(later or ("", "[]")):  # older libraries have their later columns in any order
            if article := _sound([*about, *order], stored):
                yield article
                break


def _named(path: Path) -> set[str]:
    """Return the ids that some page of the index by date still holds."""
    found = rows(path, path.with_name(f"{path.name}-wal"))
    return {str(row[2]) for row in found if len(row) == 3 and row[1] in LANGUAGES}


_FIRST = len(COLUMNS.split(", ")) - len(LATER_COLUMNS)
"""Columns before the digest, which stands before those that came later."""


def _sound(row: Any, stored: Any) -> Article | None:
    """Return the article of a row, if it is what was written."""
    try:
        article = from_row(row)
        return article if article.language in LANGUAGES and digest(article) == stored else None
    except (ValueError, TypeError):
        return None


def _copy_tables(path: Path, draft: Path, *, whole: bool) -> None:
    """Copy what else can be read; where articles are lost, folders and pages of the web are to be read again."""
    with closing(_connect(path)) as old, closing(sqlite3.connect(draft)) as new, new:
        for (table,) in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table in _NOT_COPIED or table.startswith("sqlite_"):
                continue
            columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
            with suppress(sqlite3.DatabaseError):  # a table that is not there, or from where the damage begins
                there = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
                named = ", ".join(f'"{name}"' for name in columns if name in there)
                for row in old.execute(f"SELECT {named} FROM {table}"):
                    new.execute(f"INSERT OR IGNORE INTO {table} ({named}) VALUES ({','.join('?' * len(row))})", row)
        if not whole:
            new.execute("UPDATE files SET digest = ''")
            new.execute("DELETE FROM pages WHERE article_id NOT IN (SELECT id FROM articles)")


def _connect(path: Path) -> sqlite3.Connection:
    """Open a copy that may be harmed, and does not stumble over text that is none."""
    db = sqlite3.connect(path)
    db.text_factory = lambda data: data.decode("utf-8", "replace")
    return db


def _put_aside(path: Path) -> Path:
    """Keep the old file, and its log, under a name that says when it was found damaged."""
    kept = path.with_name(f"catalog.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite")
    shutil.copy2(path, kept)
    for ending in ("-wal", "-shm"):  # a log beside the new file would be taken for its own
        log = path.with_name(path.name + ending)
        if log.exists():
            log.rename(kept.with_name(kept.name + ending))
    return kept


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _batches(articles: Iterable[Article]) -> Iterator[list[Article]]:
    held = list(articles)
    for at in range(0, len(held), AT_ONCE):
        yield held[at : at + AT_ONCE]
