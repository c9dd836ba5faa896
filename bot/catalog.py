"""The catalog: articles and their passages in SQLite or PostgreSQL, the only source of truth.

The indexes are derived from it. A passage whose `indexed` is 0, and a key in `obsolete`, are work that the indexes
still have to do: writing an article and noting that work is one transaction, so no crash can part them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, bindparam, delete, func, join, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import ClauseElement

from bot import errands, files, judgements, schema, stories, subscriptions
from bot.dedupe import Vector
from bot.errands import Errand
from bot.errors import MissingExtra, NotFound
from bot.files import File, Round
from bot.glossary import Glossary
from bot.outcomes import Feed, Folder
from bot.records import Article, Feedback, Filters, Language, Passage, Related, Verdict
from bot.rows import ARTICLE, COLUMNS, Narrowed, conditions, digest, from_row, narrowed, to_row, wanted
from bot.schema import MANY, NO, YES, adding, first, joined, listed, numbered, page, putting
from bot.store import Session, Store
from bot.stories import Told
from bot.subscriptions import Fetched

Change = Literal["added", "updated", "unchanged", "duplicate"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A passage with its key, which is never used again, and the article it stands in."""

    key: int
    passage: Passage
    article: Article


@dataclass(frozen=True, slots=True)
class Given:
    """An article as a file gives it, cut into passages; `path` is that of the file in its folder.

    `content` is the id that its text gives it, `kept` the one that it had when the file had another text.
    """

    path: str
    article: Article
    passages: Sequence[Passage]
    content: str
    kept: str | None

    def names(self) -> set[str]:
        """Return the ids of which it will get one."""
        return files.names(self.path, self.article.id, self.content, self.kept)


class Catalog:
    """Articles, their passages, and what else is known of them."""

    def __init__(self, place: Path | str, glossary: Glossary | None = None) -> None:
        """Open or create the catalog: a file, or a PostgreSQL database by its address.

        `glossary` finds the names by which reports of one event are known.
        """
        self._store = _opened(place)
        self._glossary = glossary or Glossary()
        if not self.read_only:
            self._renew()

    @property
    def store(self) -> Store:
        """The database under it, for what works on tables whatever is in them."""
        return self._store

    @property
    def read_only(self) -> bool:
        """Whether what is here can be read only."""
        return self._store.read_only

    def writable(self) -> bool:
        """Say whether this process may write here; another one may just be writing."""
        return self._store.writable()

    def check(self) -> list[str]:
        """Return what the engine's own check finds wrong; empty when all is sound."""
        return self._store.check()

    def release(self) -> None:
        """Let go of what this thread, which is about to end, holds."""
        self._store.release()

    def close(self) -> None:
        """Let go of every file and connection."""
        self._store.close()

    def put(self, entries: Iterable[tuple[Article, Sequence[Passage]]]) -> list[Change]:
        """Add articles or replace those with their ids, all or none.

        A near copy of another article is a duplicate, and kept; an exact copy under another id is not stored.
        """
        given = list(entries)
        with self._transaction() as db:
            db.lock(name for article, _ in given for name in _names(article, [article.id]))
            return self._told(db, [(article, self._put(db, article, passages)) for article, passages in given])

    def _put(self, db: Session, article: Article, passages: Sequence[Passage]) -> Change:
        """Write an article but for its story."""
        content = digest(article)
        row = db.one(_DIGEST, id=article.id)
        if row is None and db.one(_BY_DIGEST, digest=content):
            return "duplicate"
        if row is not None and row[0] == content:
            return "unchanged"
        self._forget_passages(db, [article.id])
        db.run(_PUT, **dict(zip(_FIELDS, to_row(article), strict=True)), digest=content)
        self._add_passages(db, article.id, passages)
        return "updated" if row is not None else "added"

    def _told(self, db: Session, put: Sequence[tuple[Article, Change]]) -> list[Change]:
        """Let articles that were put enter the stories; one that is new, and a near copy, is a duplicate."""
        new = {
            at: stories.described(article, self._glossary)
            for at, (article, change) in enumerate(put)
            if change in ("added", "updated")
        }
        changes = [change for _, change in put]
        if new:
            db.lock(_STORIES)
        for at, item in new.items():
            stories.leave(db, [item.id])
            if stories.enter(db, item) and changes[at] == "added":
                changes[at] = "duplicate"
        return changes

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles and their passages, all or none. Raises NotFound for an id that is not there."""
        with self._transaction() as db:
            db.lock(map(_name, article_ids))
            for article_id in article_ids:
                if not _is_there(db, article_id):
                    raise _unknown(article_id)
            self._remove(db, article_ids)

    def _remove(self, db: Session, article_ids: Sequence[str]) -> None:
        self._forget_passages(db, article_ids)
        db.run_each(_REMOVE, [{"id": article_id} for article_id in article_ids])
        db.lock(_STORIES)
        stories.leave(db, article_ids)

    def article(self, article_id: str) -> Article:
        """Return one article. Raises NotFound."""
        row = self._one(_ARTICLE, id=article_id)
        if row is None:
            raise _unknown(article_id)
        return from_row(row)

    def articles(self, filters: Filters, *, limit: int = -1, offset: int = 0) -> Iterator[Article]:
        """Iterate over the articles that the filters let through, newest first."""
        query = _articles(narrowed(filters))
        with self._store.streaming() as db:
            for row in db.each(query, **wanted(filters), limit=_most(limit), offset=offset):
                yield from_row(row)

    def digests(self) -> Iterator[str]:
        """Iterate over the digests of all articles, in no order."""
        with self._store.streaming() as db:
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
        outbox = self._store.outbox
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
        return self._store.outbox.obsolete() if self._store.outbox else self.obsolete()

    def mark_indexed(self, keys: Iterable[int], contents: Mapping[str, Vector | None] | None = None) -> None:
        """Note that the indexes hold these passages; an article of which that is the last finds its story.

        `contents` has, by article, the sum of the vectors of these passages; None where they say nothing of events.
        What has been replaced meanwhile is to be dropped, and nothing is counted twice.
        """
        marked = listed(keys)
        with self._transaction() as db:
            db.lock({_name(row[1]) for row in db.all(_MARKED, keys=marked)})
            held = db.all(_MARKED, keys=marked)
            self._drop_replaced(db, json.loads(marked), {row[0] for row in held})
            counted = {row[1] for row in held if row[2]} if contents else set()
            db.run(_MARK, keys=listed(key for key, article_id, _ in held if article_id not in counted))
            waiting = {row[1] for row in held} - counted
            self._place(db, {each: total for each, total in (contents or {}).items() if each in waiting})

    def _place(self, db: Session, contents: Mapping[str, Vector | None]) -> None:
        if contents:
            db.lock(_STORIES)
        for article_id, content in contents.items():
            stories.add_content(db, article_id, content)
            if not db.one(_UNINDEXED_OF, id=article_id):
                stories.place(db, article_id)

    def _drop_replaced(self, db: Session, keys: Iterable[int], held: Set[int]) -> None:
        """Let the indexes drop what they were given after its article had been replaced or removed."""
        languages = self._store.outbox.done(keys) if self._store.outbox else {}
        gone = [{"key": key, "language": languages[key], "claim": None} for key in sorted(languages.keys() - held)]
        db.run_each(_DROP, gone)

    def unindex(self, keys: Iterable[int] | None = None) -> None:
        """Note that the indexes do not hold these passages; or nothing, where none are named."""
        with self._transaction() as db:
            if keys is None:
                db.run(_UNINDEX)
            else:
                db.run(_UNINDEX_SOME, keys=listed(keys))

    def forget_obsolete(self, keys: Iterable[int]) -> None:
        """Note that the indexes have dropped these keys."""
        with self._transaction() as db:
            db.run_each(_DROPPED, [{"key": key} for key in sorted(keys)])

    def replace_passages(self, article_id: str, passages: Sequence[Passage]) -> None:
        """Cut an article anew: its passages get new keys and wait to be indexed."""
        with self._transaction() as db:
            db.lock([_name(article_id)])
            self._forget_passages(db, [article_id])
            self._add_passages(db, article_id, passages)

    def feeds(self) -> list[Feed]:
        """Return the feeds that are followed, in the order in which they were added."""
        with self._store.reading() as db:
            return subscriptions.feeds(db)

    def put_feed(self, feed: Feed) -> None:
        """Follow a feed, or note what is known of it now."""
        with self._transaction() as db:
            subscriptions.put(db, feed)

    def remove_feed(self, url: str) -> None:
        """Follow a feed no longer; its articles stay."""
        with self._transaction() as db:
            subscriptions.remove(db, url)

    def fetched(self, keys: Iterable[str]) -> dict[str, Fetched]:
        """Return which of these pages of the web have been fetched before."""
        with self._store.reading() as db:
            return subscriptions.fetched(db, keys)

    def note_fetched(self, pages: Iterable[Fetched], *, when: datetime) -> None:
        """Note pages of the web that are fetched."""
        with self._transaction() as db:
            subscriptions.note(db, pages, when=when)

    def keep_feedback(self, feedback: Feedback) -> Feedback:
        """Keep what a reader says of an answer; return it with its id."""
        with self._transaction() as db:
            return judgements.add(db, feedback)

    def feedback(self, verdict: Verdict | None = None, *, limit: int = -1, offset: int = 0) -> list[Feedback]:
        """Return what readers have said of answers, newest first."""
        with self._store.reading() as db:
            return judgements.listed(db, verdict, limit=limit, offset=offset)

    def feedback_counts(self) -> dict[Verdict, int]:
        """Count what readers have said of answers, by verdict."""
        with self._store.reading() as db:
            return judgements.counted(db)

    @property
    def shared(self) -> bool:
        """Whether several servers may write here at once."""
        return self._store.outbox is not None

    def note_errand(self, errand: Errand) -> bool:
        """Keep how far a job of a server is; say whether somebody wants it to end."""
        with self._transaction() as db:
            return errands.note(db, errand)

    def errand(self, job_id: str) -> Errand | None:
        """Return a job that a server has kept here."""
        with self._store.reading() as db:
            return errands.kept(db, job_id)

    def errands(self, limit: int) -> list[Errand]:
        """Return the newest of these jobs, newest first."""
        with self._store.reading() as db:
            return errands.listed(db, limit)

    def stop_errand(self, job_id: str) -> None:
        """Ask the server whose job it is to let it end."""
        with self._transaction() as db:
            errands.unwant(db, job_id)

    def forget_errands(self, before: datetime) -> None:
        """Forget the jobs of which nothing was said since."""
        with self._transaction() as db:
            errands.forget(db, before)

    def foresight(self) -> Callable[[Article], Change]:
        """Return what says of one article after another what `put` would make of it; a near copy counts as added."""
        coming: dict[str, str] = {}
        texts: set[str] = set()

        def foresee(article: Article) -> Change:
            content = digest(article)
            row = self._one(_DIGEST, id=article.id)
            before = coming.get(article.id, row and row[0])
            if before is None and (content in texts or self._one(_BY_DIGEST, digest=content)):
                return "duplicate"
            coming[article.id] = content
            texts.add(content)
            return "added" if before is None else "unchanged" if before == content else "updated"

        return foresee

    def folders(self) -> list[Folder]:
        """Return the folders that are kept in step, in the order in which they were added."""
        with self._store.reading() as db:
            return files.folders(db)

    def files(self, folder: str) -> dict[str, File]:
        """Return the files of a folder that have been read, by their paths in it."""
        with self._store.reading() as db:
            return files.known(db, folder)

    def given(self, keys: Iterable[int]) -> list[str]:
        """Return the articles that some files give."""
        with self._store.reading() as db:
            return files.given(db, keys)

    def removable(self, but_of: Iterable[int] = ()) -> list[str]:
        """Return the articles that came from files and would be given by none without some of these."""
        with self._store.reading() as db:
            return files.removable(db, but_of)

    def unread(self, round: Round) -> list[File]:
        """Return the files of a folder that are to be read again, whatever their size and time say."""
        with self._store.reading() as db:
            return files.unread(db, round.folder)

    def begin_round(self, folder: str) -> Round:
        """Begin the next sync of a folder; one that another process has begun before can do no more."""
        with self._transaction() as db:
            db.lock(_FOLDERS)
            return files.begin(db, folder)

    def end_round(self, round: Round, *, when: datetime) -> None:
        """Note that a sync has come to its end."""
        with self._transaction() as db:
            files.end(db, round, when=when)

    def put_read(self, round: Round, read: Iterable[File | Given]) -> list[Change]:
        """Put articles as their files give them, and note the files that have been read to their end, all or none.

        Raises LibraryLocked where another sync of the folder has begun.
        """
        items = list(read)
        put: list[tuple[Article, Change]] = []
        with self._transaction() as db:
            db.lock(_FOLDERS)
            files.check(db, round)
            db.lock(name for each in items if isinstance(each, Given) for name in _names(each.article, each.names()))
            for each in items:
                if isinstance(each, File):
                    files.note(db, round, each)
                else:
                    put.append(self._put_read(db, round, each))
            return self._told(db, put)

    def _put_read(self, db: Session, round: Round, read: Given) -> tuple[Article, Change]:
        name = files.named(db, round, read.path, read.article.id, read.content, read.kept)
        article = replace(read.article, id=name)
        there = _is_there(db, name)
        change = self._put(db, article, read.passages)
        stored = _is_there(db, name)
        copy = None if stored else digest(article)
        files.give(db, round, read.path, name, read.content, new=stored and not there, copy=copy)
        return article, change

    def place_files(self, moved: Iterable[File]) -> None:
        """Note that files, whose content is as it was, have another path or time."""
        with self._transaction() as db:
            db.lock(_FOLDERS)
            files.place(db, moved)

    def drop_files(self, keys: Iterable[int]) -> None:
        """Forget files that are gone; their articles are removed by `remove_given` where no other file gives them."""
        with self._transaction() as db:
            db.lock(_FOLDERS)
            files.drop(db, keys)

    def remove_given(self) -> int:
        """Remove the articles that came from files and are given by none; return how many."""
        with self._transaction() as db:
            db.lock(_FOLDERS)
            gone = files.removable(db)
            db.lock(map(_name, gone))
            self._remove(db, gone)
            files.settle(db)
        return len(gone)

    def forget_folder(self, folder: str) -> bool:
        """Keep a folder in step no longer; its articles stay. Say whether it was."""
        with self._transaction() as db:
            db.lock(_FOLDERS)
            return files.forget(db, folder)

    def untold(self) -> list[str]:
        """Return the articles that are indexed and in no story: those of an older library, or of a broken write."""
        with self._store.reading() as db:
            return stories.untold(db)

    def waiting(self) -> int:
        """Count the articles that are in no story yet."""
        with self._store.reading() as db:
            return stories.waiting(db)

    def tell(self, contents: Mapping[str, Vector | None]) -> None:
        """Find the stories of articles; `contents` has the sum of the vectors of their passages."""
        with self._transaction() as db:
            db.lock(map(_name, contents))
            db.lock(_STORIES)
            for article_id, content in contents.items():
                if row := db.one(_ARTICLE, id=article_id):  # another process may have removed it
                    stories.tell(db, from_row(row), content, self._glossary)

    def forget_stories(self) -> None:
        """Forget all stories: every article waits for its own again."""
        with self._transaction() as db:
            db.lock(_STORIES)
            stories.clear(db)

    def told(self, article_ids: Iterable[str]) -> dict[str, Told]:
        """Return the story that each article tells and whose text it prints; one in no story yet is left out."""
        with self._store.reading() as db:
            return stories.told(db, article_ids)

    def tellers(self, story_ids: Iterable[str], filters: Filters) -> list[tuple[Told, Related]]:
        """Return the articles of some stories that the filters let through, earliest first."""
        with self._store.reading() as db:
            return stories.tellers(db, story_ids, filters)

    def identity(self) -> str:
        """Return what this library is known by elsewhere, in letters and digits; a copy of it is known by the same."""
        self.note("identity", uuid.uuid4().hex)
        return str(self.fact("identity"))

    def fact(self, name: str) -> str | None:
        """Return what is noted of the library under a name."""
        row = self._one(_FACT, name=name)
        return None if row is None else str(row[0])

    def note(self, name: str, value: str) -> None:
        """Note something of the library, unless something is noted under that name."""
        if self.fact(name) is None:
            with self._transaction() as db:
                db.run(_ADD_FACT, name=name, value=value)

    def forget(self, name: str) -> None:
        """Forget what is noted under a name."""
        if self.fact(name) is not None:
            with self._transaction() as db:
                db.run(_FORGET_FACT, name=name)

    def _renew(self) -> None:
        with self._store.reading() as db:
            current = stories.current(db)
        if not current:
            with self._transaction() as db:
                db.lock(_STORIES)
                stories.renew(db)

    def _transaction(self) -> AbstractContextManager[Session]:
        return self._store.writing()

    def _all(self, statement: ClauseElement, **values: Any) -> list[Any]:
        with self._store.reading() as db:
            return db.all(statement, **values)

    def _one(self, statement: ClauseElement, **values: Any) -> Any:
        with self._store.reading() as db:
            return db.one(statement, **values)

    def _forget_passages(self, db: Session, article_ids: Sequence[str]) -> None:
        for article_id in article_ids:
            db.run(_LEAVE_TO_DROP, id=article_id)
            db.run(_FORGET, id=article_id)

    def _add_passages(self, db: Session, article_id: str, passages: Sequence[Passage]) -> None:
        db.run_each(
            _ADD,
            [
                {"article_id": article_id, "number": passage.number, "start": passage.start, "end": passage.end}
                for passage in passages
            ],
        )

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


def _is_there(db: Session, article_id: str) -> bool:
    return db.one(_DIGEST, id=article_id) is not None


def _most(limit: int) -> int:
    return limit if limit >= 0 else MANY


# --- what is locked, in the order in which it is --------------------------------------------------------------------

_FOLDERS = ("folders",)
_STORIES = ("stories",)


def _name(article_id: str) -> str:
    return f"article {article_id}"


def _names(article: Article, article_ids: Iterable[str]) -> list[str]:
    """Return what to lock of an article that may get one of these ids: two of one content are not added at once."""
    return [f"content {digest(article)}", *map(_name, article_ids)]


# --- statements -----------------------------------------------------------------------------------------------------

_A, _P, _O, _F = schema.articles.c, schema.passages.c, schema.obsolete.c, schema.facts.c
_FIELDS = COLUMNS.split(", ")
_WITH_ID, _OF_ARTICLE = _A.id == bindparam("id"), _P.article_id == bindparam("id")
_BOTH = join(schema.passages, schema.articles, _A.id == _P.article_id)

_DIGEST = select(_A.digest).where(_WITH_ID)
_DIGESTS = select(_A.digest)
_BY_DIGEST = select(YES).where(_A.digest == bindparam("digest")).limit(1)
_PUT = putting(schema.articles, f"{' '.join(_FIELDS)} digest", by="id")
_REMOVE = delete(schema.articles).where(_WITH_ID)
_ARTICLE = select(*ARTICLE).where(_WITH_ID)
_SOURCES = select(_A.source, func.count()).group_by(_A.source).order_by(func.count().desc(), _A.source)
_FACT = select(_F.value).where(_F.name == bindparam("name"))
_ADD_FACT = adding(schema.facts, "name value").on_conflict_do_nothing()
_FORGET_FACT = delete(schema.facts).where(_F.name == bindparam("name"))

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
_LEAVE_TO_DROP = (
    insert(schema.obsolete)
    .from_select(
        ["key", "language", "claim"], select(_P.key, _A.language, _P.claim).select_from(_BOTH).where(_OF_ARTICLE)
    )
    .on_conflict_do_nothing()
)
_FORGET = delete(schema.passages).where(_OF_ARTICLE)
_ADD = adding(schema.passages, "article_id number start end")
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
