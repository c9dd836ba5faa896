"""The catalog: articles and their passages in SQLite or PostgreSQL, the only source of truth.

The indexes are derived from it. A passage whose `indexed` is 0, and a key in `obsolete`, are work that the indexes
still have to do: writing an article and noting that work is one transaction, so no crash can part them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, bindparam, delete, func, join, null, select, update
from sqlalchemy.sql import ClauseElement

from bot import articles, schema, stories
from bot.articles import STORIES, Change
from bot.dedupe import Vector
from bot.errands import Errands
from bot.errors import MissingExtra, NotFound
from bot.facts import Facts
from bot.files import Files
from bot.glossary import Glossary
from bot.judgements import Judgements
from bot.records import Article, Filters, Language, Passage, Related
from bot.rows import ARTICLE, Narrowed, conditions, from_row, narrowed, wanted
from bot.schema import MANY, NO, YES, first, joined, listed, numbered, page, putting
from bot.store import Session, Store
from bot.stories import Told
from bot.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Stored:
    """A passage with its key, which is never used again, and the article it stands in."""

    key: int
    passage: Passage
    article: Article


class Catalog:
    """Articles, their passages, and what else is known of them."""

    def __init__(self, place: Path | str, glossary: Glossary | None = None) -> None:
        """Open or create the catalog: a file, or a PostgreSQL database by its address.

        `glossary` finds the names by which reports of one event are known.
        """
        self.store = _opened(place)
        """The database under it."""
        self._glossary = glossary or Glossary()
        self.facts = Facts(self.store)
        self.subscriptions = Subscriptions(self.store)
        self.judgements = Judgements(self.store)
        self.errands = Errands(self.store)
        self.files = Files(self.store, self._glossary)
        if not self.store.read_only:
            self._renew()

    @property
    def shared(self) -> bool:
        """Whether several servers may write here at once."""
        return self.store.outbox is not None

    def close(self) -> None:
        """Let go of every file and connection."""
        self.store.close()

    def put(self, entries: Iterable[tuple[Article, Sequence[Passage]]]) -> list[Change]:
        """Add articles or replace those with their ids, all or none.

        A near copy of another article is a duplicate, and kept; an exact copy under another id is not stored.
        """
        given = list(entries)
        with self.store.writing() as db:
            articles.lock(db, (article.id for article, _ in given), [article for article, _ in given])
            put = [(article, articles.put(db, article, passages)) for article, passages in given]
            return articles.tell(db, put, self._glossary)

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles and their passages, all or none. Raises NotFound for an id that is not there."""
        with self.store.writing() as db:
            articles.lock(db, article_ids)
            for article_id in article_ids:
                if articles.held(db, article_id) is None:
                    raise _unknown(article_id)
            articles.remove(db, article_ids)

    def article(self, article_id: str) -> Article:
        """Return one article. Raises NotFound."""
        row = self._one(_ARTICLE, id=article_id)
        if row is None:
            raise _unknown(article_id)
        return from_row(row)

    def articles(self, filters: Filters, *, limit: int = -1, offset: int = 0) -> Iterator[Article]:
        """Iterate over the articles that the filters let through, newest first."""
        query = _articles(narrowed(filters))
        with self.store.streaming() as db:
            for row in db.each(query, **wanted(filters), limit=_most(limit), offset=offset):
                yield from_row(row)

    def digests(self) -> Iterator[str]:
        """Iterate over the digests of all articles, in no order."""
        with self.store.streaming() as db:
            for (content,) in db.each(_DIGESTS):
                yield content

    def standing(self, article_ids: Iterable[str]) -> dict[str, Article]:
        """Return those of the articles that are still there, by id."""
        ids = tuple(article_ids)
        return {each.id: each for each in self.articles(Filters(article_ids=ids))} if ids else {}

    def count(self, filters: Filters) -> int:
        """Count the articles that the filters let through."""
        return int(self._one(_count(narrowed(filters)), **wanted(filters))[0])

    def sources(self) -> dict[str, int]:
        """Count the articles of each outlet."""
        return dict(self._all(_SOURCES))

    def passage_count(self) -> int:
        """Count the passages that are indexed."""
        return int(self._one(_INDEXED)[0])

    def keys(self, filters: Filters, *, limit: int = -1) -> list[tuple[int, Language]]:
        """Return key and language of the passages whose articles pass the filters, at most `limit`."""
        return self._all(_keys(narrowed(filters)), **wanted(filters), limit=_most(limit))

    def numbers(self, filters: Filters, *, limit: int) -> NDArray[np.int64]:
        """Return only the keys of `keys`, as one array: a quarter of the time where there are many."""
        (keys,) = self._one(_numbers(narrowed(filters)), **wanted(filters), limit=limit)
        return np.fromstring(keys or "", dtype=np.int64, sep=",")

    def passing(self, keys: Sequence[int], filters: Filters) -> set[int]:
        """Return which of these passages stand in articles that pass the filters."""
        return {row[0] for row in self._all(_passing(narrowed(filters)), keys=listed(keys), **wanted(filters))}

    def stored(self, keys: Iterable[int]) -> dict[int, Stored]:
        """Return the passages with these keys; a key that is not there is left out."""
        return {found.key: found for found in self._stored(_STORED, keys=listed(keys))}

    def to_index(self, limit: int, *, after: int = 0) -> list[Stored]:
        """Return passages that the indexes do not hold yet, at most `limit`, in order, with keys above `after`.

        Where several processes write, they are taken: no other gets them unless this one ends without `mark_indexed`.
        """
        outbox = self.store.outbox
        if outbox is None:
            return list(self._stored(_TO_INDEX, limit=limit, after=after))
        found: dict[int, Stored] = {}
        while not found and (taken := outbox.passages(limit)):  # what is taken may be gone a moment later
            found = self.stored(taken)
        outbox.remember({each.key: each.article.language for each in found.values()})
        return [found[key] for key in sorted(found)]

    def unindexed(self) -> int:
        """Count the passages that the indexes do not hold yet."""
        return int(self._one(_UNINDEXED)[0])

    def obsolete(self) -> list[tuple[int, Language]]:
        """Return the keys that the indexes must drop, with the language under which they stand."""
        return self._all(_OBSOLETE)

    def to_drop(self) -> list[tuple[int, Language]]:
        """Return the same; where several processes write, those that no other has taken."""
        return self.store.outbox.obsolete() if self.store.outbox else self.obsolete()

    def mark_indexed(self, keys: Iterable[int], contents: Mapping[str, Vector | None] | None = None) -> None:
        """Note that the indexes hold these passages; an article of which that is the last finds its story.

        `contents` has, by article, the sum of the vectors of these passages; None where they say nothing of events.
        What has been replaced meanwhile is to be dropped, and nothing is counted twice.
        """
        marked = listed(keys)
        with self.store.writing() as db:
            articles.lock(db, {row[1] for row in db.all(_MARKED, keys=marked)})
            held = db.all(_MARKED, keys=marked)
            self._drop_replaced(db, json.loads(marked), {row[0] for row in held})
            counted = {row[1] for row in held if row[2]} if contents else set()
            db.run(_MARK, keys=listed(key for key, article_id, _ in held if article_id not in counted))
            waiting = {row[1] for row in held} - counted
            self._place(db, {each: total for each, total in (contents or {}).items() if each in waiting})

    def _place(self, db: Session, contents: Mapping[str, Vector | None]) -> None:
        if contents:
            db.lock(STORIES)
        for article_id, content in contents.items():
            stories.add_content(db, article_id, content)
            if not db.one(_UNINDEXED_OF, id=article_id):
                stories.place(db, article_id)

    def _drop_replaced(self, db: Session, keys: Iterable[int], held: Set[int]) -> None:
        """Let the indexes drop what they were given after its article had been replaced or removed."""
        languages = self.store.outbox.done(keys) if self.store.outbox else {}
        gone = [{"key": key, "language": languages[key], "claim": None} for key in sorted(languages.keys() - held)]
        db.run_each(_DROP, gone)

    def unindex(self, keys: Iterable[int] | None = None) -> None:
        """Note that the indexes do not hold these passages; or nothing, where none are named."""
        with self.store.writing() as db:
            if keys is None:
                db.run(_UNINDEX)
            else:
                db.run(_UNINDEX_SOME, keys=listed(keys))

    def forget_obsolete(self, keys: Iterable[int]) -> None:
        """Note that the indexes have dropped these keys."""
        with self.store.writing() as db:
            db.run_each(_DROPPED, [{"key": key} for key in sorted(keys)])

    def replace_passages(self, article_id: str, passages: Sequence[Passage]) -> None:
        """Cut an article anew: its passages get new keys and wait to be indexed."""
        with self.store.writing() as db:
            articles.lock(db, [article_id])
            articles.cut(db, article_id, passages)

    def untold(self) -> list[str]:
        """Return the articles that are indexed and in no story: those of an older library, or of a broken write."""
        with self.store.reading() as db:
            return stories.untold(db)

    def waiting(self) -> int:
        """Count the articles that are in no story yet."""
        with self.store.reading() as db:
            return stories.waiting(db)

    def tell(self, contents: Mapping[str, Vector | None]) -> None:
        """Find the stories of articles; `contents` has the sum of the vectors of their passages."""
        with self.store.writing() as db:
            articles.lock(db, contents)
            db.lock(STORIES)
            for article_id, content in contents.items():
                if row := db.one(_ARTICLE, id=article_id):  # another process may have removed it
                    stories.tell(db, from_row(row), content, self._glossary)

    def forget_stories(self) -> None:
        """Forget all stories: every article waits for its own again."""
        with self.store.writing() as db:
            db.lock(STORIES)
            stories.clear(db)

    def told(self, article_ids: Iterable[str]) -> dict[str, Told]:
        """Return the story that each article tells and whose text it prints; one in no story yet is left out."""
        with self.store.reading() as db:
            return stories.told(db, article_ids)

    def tellers(self, story_ids: Iterable[str], filters: Filters) -> list[tuple[Told, Related]]:
        """Return the articles of some stories that the filters let through, earliest first."""
        with self.store.reading() as db:
            return stories.tellers(db, story_ids, filters)

    def _renew(self) -> None:
        with self.store.reading() as db:
            current = stories.current(db)
        if not current:
            with self.store.writing() as db:
                db.lock(STORIES)
                stories.renew(db)

    def _all(self, statement: ClauseElement, **values: Any) -> list[Any]:
        with self.store.reading() as db:
            return db.all(statement, **values)

    def _one(self, statement: ClauseElement, **values: Any) -> Any:
        with self.store.reading() as db:
            return db.one(statement, **values)

    def _stored(self, statement: ClauseElement, **values: Any) -> Iterator[Stored]:
        for key, article_id, number, start, end, *fields in self._all(statement, **values):
            article = from_row(fields)
            yield Stored(key, Passage(article_id, number, start, end, article.body[start:end]), article)


def _opened(place: Path | str) -> Store:
    if isinstance(place, Path):
        from bot.sqlite import SQLite

        return SQLite(place)
    try:
        from bot.postgres import PostgreSQL
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "A catalog on PostgreSQL needs psycopg.", hint="Run pip install 'regbrief[cluster]'."
        ) from error
    return PostgreSQL(place)


def _unknown(article_id: str) -> NotFound:
    return NotFound(
        f"No article has the id {article_id!r}.",
        hint="`regbrief articles` lists them.",
        case="article",
        values={"id": article_id},
    )


def _most(limit: int) -> int:
    return limit if limit >= 0 else MANY


# --- statements -----------------------------------------------------------------------------------------------------

_A, _P, _O = schema.articles.c, schema.passages.c, schema.obsolete.c
_WITH_ID, _OF_ARTICLE = _A.id == bindparam("id"), _P.article_id == bindparam("id")
_BOTH = join(schema.passages, schema.articles, _A.id == _P.article_id)

_DIGESTS = select(_A.digest)
_ARTICLE = select(*ARTICLE).where(_WITH_ID)
_SOURCES = select(_A.source, func.count()).group_by(_A.source).order_by(func.count().desc(), _A.source)

_STORED_COLUMNS = (_P.key, _P.article_id, _P.number, _P.start, _P.end, *ARTICLE)
_PASSAGES = select(*_STORED_COLUMNS).select_from(_BOTH)
_STORED = _PASSAGES.where(_P.key.in_(numbered("keys")))
_TO_INDEX = first(_PASSAGES.where(_P.indexed == NO, _P.key > bindparam("after")).order_by(_P.key))
_COUNT = select(func.count()).select_from(schema.passages)
_INDEXED, _UNINDEXED = _COUNT.where(_P.indexed == YES), _COUNT.where(_P.indexed == NO)
_UNINDEXED_OF = select(YES).where(_OF_ARTICLE, _P.indexed == NO).limit(1)
_MARKED = select(_P.key, _P.article_id, _P.indexed).where(_P.key.in_(numbered("keys")))
_MARK = update(schema.passages).where(_P.key.in_(numbered("keys"))).values(indexed=YES, claim=null())
_UNINDEX = update(schema.passages).values(indexed=NO, claim=null())
_UNINDEX_SOME = _UNINDEX.where(_P.key.in_(numbered("keys")))
_OBSOLETE = select(_O.key, _O.language)
_DROP = putting(schema.obsolete, "key language claim", by="key")
_DROPPED = delete(schema.obsolete).where(_O.key == bindparam("key"))


@cache
def _articles(by: Narrowed) -> Select[Any]:
    return page(select(*ARTICLE).where(*conditions(by)).order_by(_A.published.desc().nulls_last(), _A.id))


@cache
def _count(by: Narrowed) -> Select[Any]:
    return select(func.count()).select_from(schema.articles).where(*conditions(by))


@cache
def _keys(by: Narrowed) -> Select[Any]:
    return first(select(_P.key, _A.language).select_from(_BOTH).where(_P.indexed == YES, *conditions(by)))


@cache
def _numbers(by: Narrowed) -> Select[Any]:
    return select(joined(_keys(by).subquery().c.key))


@cache
def _passing(by: Narrowed) -> Select[Any]:
    return select(_P.key).select_from(_BOTH).where(_P.key.in_(numbered("keys")), *conditions(by))
