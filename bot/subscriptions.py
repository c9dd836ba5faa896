"""The feed tables of the catalog: which feeds are followed, and which pages of the web have been fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, distinct, func, select

from bot import schema
from bot.outcomes import Feed
from bot.schema import adding, among, listed, putting
from bot.store import Store


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page of the web that has been fetched, under one of its addresses (`bot.readers.web.key`)."""

    key: str
    article_id: str
    feed: str | None = None
    whole: bool = True
    """Off where only the feed's own text was to be had."""


class Subscriptions:
    """The feeds of a library, and what has come from the web."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def feeds(self) -> list[Feed]:
        """Return the feeds that are followed, in the order in which they were added."""
        with self._store.reading() as db:
            rows = db.all(_FEEDS)
        return [
            Feed(url, title, etag, modified, datetime.fromisoformat(synced) if synced else None, problem, articles)
            for url, title, etag, modified, synced, problem, articles in rows
        ]

    def put(self, feed: Feed) -> None:
        """Follow a feed, or note what is known of it now."""
        synced = feed.synced.isoformat() if feed.synced else None
        about = {"title": feed.title, "etag": feed.etag, "modified": feed.modified, "problem": feed.problem}
        with self._store.writing() as db:
            db.run(_PUT, url=feed.url, synced=synced, **about)

    def remove(self, url: str) -> None:
        """Follow a feed no longer; its articles stay."""
        with self._store.writing() as db:
            db.run(_REMOVE, url=url)

    def fetched(self, keys: Iterable[str]) -> dict[str, Fetched]:
        """Return which of these pages of the web have been fetched before."""
        with self._store.reading() as db:
            rows = db.all(_FETCHED, keys=listed(keys))
        return {key: Fetched(key, article_id, feed, bool(whole)) for key, article_id, feed, whole in rows}

    def note(self, pages: Iterable[Fetched], *, when: datetime) -> None:
        """Note pages of the web that are fetched; each belongs to the first feed that has named it."""
        at = when.isoformat()
        rows = [
            {"key": page.key, "article_id": page.article_id, "feed": page.feed, "whole": int(page.whole), "fetched": at}
            for page in sorted(pages, key=lambda page: page.key)  # so that no two writers wait for each other
        ]
        with self._store.writing() as db:
            db.run_each(_NOTE, rows)


_F, _P = schema.feeds.c, schema.pages.c

_COUNT = select(func.count(distinct(_P.article_id))).where(_P.feed == _F.url).scalar_subquery()
_FEEDS = select(_F.url, _F.title, _F.etag, _F.modified, _F.synced, _F.problem, _COUNT).order_by(_F.number)
_PUT = putting(schema.feeds, "url title etag modified synced problem", by="url")
_REMOVE = delete(schema.feeds).where(_F.url == bindparam("url"))
_FETCHED = select(_P.key, _P.article_id, _P.feed, _P.whole).where(_P.key.in_(among("keys")))
_NEW = adding(schema.pages, "key article_id feed whole fetched")
_NOTE = _NEW.on_conflict_do_update(
    index_elements=["key"],
    set_={
        "article_id": _NEW.excluded.article_id,
        "feed": func.coalesce(_P.feed, _NEW.excluded.feed),
        "whole": _NEW.excluded.whole,
        "fetched": _NEW.excluded.fetched,
    },
)
