"""The feed tables of the catalog: which feeds are followed, and which pages of the web have been fetched.

Every function works inside the transaction of who calls it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.outcomes import Feed

_SCHEMA = """
CREATE TABLE IF NOT EXISTS feeds (
    number INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, title TEXT NOT NULL, etag TEXT, modified TEXT, synced TEXT,
    problem TEXT
);
CREATE TABLE IF NOT EXISTS pages (
    key TEXT PRIMARY KEY, article_id TEXT NOT NULL, feed TEXT, whole INTEGER NOT NULL, fetched TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_by_feed ON pages (feed);
"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page of the web that has been fetched, under one of its addresses (`bot.readers.web.key`)."""

    key: str
    article_id: str
    feed: str | None = None
    whole: bool = True
    """Off where only the feed's own text was to be had."""


def create(db: sqlite3.Connection) -> None:
    """Make the tables where they are not there yet, as in a library of an earlier version."""
    db.executescript(_SCHEMA)


def feeds(db: sqlite3.Connection) -> list[Feed]:
    """Return the feeds that are followed, in the order in which they were added."""
    count = "(SELECT count(DISTINCT article_id) FROM pages WHERE feed = feeds.url)"
    query = f"SELECT url, title, etag, modified, synced, problem, {count} FROM feeds ORDER BY number"
    return [
        Feed(url, title, etag, modified, datetime.fromisoformat(synced) if synced else None, problem, articles)
        for url, title, etag, modified, synced, problem, articles in db.execute(query)
    ]


def put(db: sqlite3.Connection, feed: Feed) -> None:
    """Follow a feed, or note what is known of it now."""
    synced = feed.synced.isoformat() if feed.synced else None
    db.execute(
        "INSERT INTO feeds (url, title, etag, modified, synced, problem) VALUES (?,?,?,?,?,?)"
        " ON CONFLICT (url) DO UPDATE SET title = excluded.title, etag = excluded.etag,"
        " modified = excluded.modified, synced = excluded.synced, problem = excluded.problem",
        (feed.url, feed.title, feed.etag, feed.modified, synced, feed.problem),
    )


def remove(db: sqlite3.Connection, url: str) -> None:
    """Follow a feed no longer."""
    db.execute("DELETE FROM feeds WHERE url = ?", (url,))


def fetched(db: sqlite3.Connection, keys: Iterable[str]) -> dict[str, Fetched]:
    """Return which of these pages have been fetched before."""
    query = "SELECT key, article_id, feed, whole FROM pages WHERE key IN (SELECT value FROM json_each(?))"
    rows = db.execute(query, (json.dumps(list(keys)),))
    return {key: Fetched(key, article_id, feed, bool(whole)) for key, article_id, feed, whole in rows}


def note(db: sqlite3.Connection, pages: Iterable[Fetched], *, when: datetime) -> None:
    """Note pages that are fetched; each belongs to the first feed that has named it."""
    db.executemany(
        "INSERT INTO pages (key, article_id, feed, whole, fetched) VALUES (?,?,?,?,?) ON CONFLICT (key) DO"
        " UPDATE SET article_id = excluded.article_id, feed = coalesce(feed, excluded.feed),"
        " whole = excluded.whole, fetched = excluded.fetched",
        [(page.key, page.article_id, page.feed, page.whole, when.isoformat()) for page in pages],
    )
