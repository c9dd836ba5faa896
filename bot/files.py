"""The file tables of the catalog: which files of which folders have been read, and which articles each has given.

Each sync of a folder is a round. An article that a file gives no more has round 0 until the sync comes to remove it, so
that one which has moved to another file stays, and a sync that breaks off loses track of nothing. An article is `owned`
by the folders if it was not there before them. `content` is the id that the text of an article would give it, as the
file has it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Text as AnyText
from sqlalchemy import bindparam, cast, delete, func, insert, literal, or_, select, update

from bot import articles, schema
from bot.articles import Change
from bot.errors import LibraryLocked
from bot.glossary import Glossary
from bot.outcomes import Failure, Folder
from bot.records import Article, Passage
from bot.rows import digest
from bot.schema import NO, YES, adding, listed, numbered, putting
from bot.store import Session, Store

UNREAD = ""
"""Digest of a file that is to be read, whatever its size and time say."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when it was last read: its path in the folder, its time in nanoseconds, its SHA-256."""

    path: str
    size: int
    modified: int
    digest: str = UNREAD
    problems: tuple[Failure, ...] = ()
    key: int = 0


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
        return {self.article.id, self.kept or self.article.id, self.own()}

    def own(self) -> str:
        """Return the id that it has where another article keeps the one that its text gives it."""
        return hashlib.sha256(f"{self.content}\0{self.path}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Round:
    """One sync of a folder."""

    folder: int
    number: int


class Files:
    """The files of the folders that are kept in step, and the articles that they give."""

    def __init__(self, store: Store, glossary: Glossary) -> None:
        """`glossary` finds the names by which reports of one event are known."""
        self._store = store
        self._glossary = glossary

    def folders(self) -> list[Folder]:
        """Return the folders that are kept in step, in the order in which they were added."""
        with self._store.reading() as db:
            rows = db.all(_FOLDERS)
        return [Folder(path, datetime.fromisoformat(at) if at else None, count) for path, at, count in rows]

    def known(self, folder: str) -> dict[str, File]:
        """Return the files of a folder that have been read, by their paths in it."""
        with self._store.reading() as db:
            rows = db.all(_KNOWN, folder=folder)
        return {
            path: File(path, size, modified, digest, tuple(Failure(*each) for each in json.loads(problems)), key)
            for path, size, modified, digest, problems, key in rows
        }

    def given(self, keys: Iterable[int]) -> list[str]:
        """Return the articles that some files give."""
        with self._store.reading() as db:
            return [row[0] for row in db.all(_GIVEN, keys=listed(keys))]

    def removable(self, but_of: Iterable[int] = ()) -> list[str]:
        """Return the articles that came from files and would be given by none without some of these."""
        with self._store.reading() as db:
            return _removable(db, but_of)

    def unread(self, round: Round) -> list[File]:
        """Return the files of a folder that are to be read again, also as what they give a copy of has gone."""
        with self._store.reading() as db:
            rows = db.all(_UNREAD, folder=round.folder)
        return [File(path, size, modified, key=key) for path, size, modified, key in rows]

    def begin(self, folder: str) -> Round:
        """Begin the next sync of a folder; one that another process has begun before can do no more."""
        with self._writing() as db:
            db.run(_FOLDER, path=folder)
            return Round(*db.one(_BEGIN, folder=folder))

    def end(self, round: Round, *, when: datetime) -> None:
        """Note that a sync has come to its end."""
        with self._store.writing() as db:
            db.run(_END, when=when.isoformat(), folder=round.folder)

    def put(self, round: Round, read: Iterable[File | Given]) -> list[Change]:
        """Put articles as their files give them, and note the files that have been read to their end, all or none.

        Raises LibraryLocked where another sync of the folder has begun.
        """
        items = list(read)
        given = [each for each in items if isinstance(each, Given)]
        put: list[tuple[Article, Change]] = []
        with self._writing() as db:
            _check(db, round)
            articles.lock(db, (name for each in given for name in each.names()), [each.article for each in given])
            for each in items:
                if isinstance(each, File):
                    _note(db, round, each)
                else:
                    put.append(_put(db, round, each))
            return articles.tell(db, put, self._glossary)

    def place(self, moved: Iterable[File]) -> None:
        """Note that files, whose content is as it was, have another path or time; they may have changed places.

        A file on whose path one has been moved is gone; what it gave is given no more.
        """
        placed = [{"file": file.key, "to": file.path, "at": file.modified} for file in moved]
        with self._writing() as db:
            for statement in (_TAKE_UP, _GIVE_WAY, _MAKE_ROOM, _PLACE):
                db.run_each(statement, placed)

    def drop(self, keys: Iterable[int]) -> None:
        """Forget files that are gone; their articles are removed by `remove_given` where no other file gives them."""
        gone = [{"file": key} for key in keys]
        with self._writing() as db:
            db.run_each(_GIVE_NO_MORE, gone)
            db.run_each(_DROP, gone)

    def remove_given(self) -> int:
        """Remove the articles that came from files and are given by none; return how many.

        Who else gives what is given no more is read again, as the text may have been that of the other.
        """
        with self._writing() as db:
            gone = _removable(db)
            articles.lock(db, gone)
            articles.remove(db, gone)
            for statement in (_READ_AGAIN, _INHERIT, _SETTLE):
                db.run(statement)
        return len(gone)

    def forget(self, folder: str) -> bool:
        """Keep a folder in step no longer; its articles stay. Say whether it was."""
        with self._writing() as db:
            for statement in (_FORGET_GIVEN, _FORGET_FILES):
                db.run(statement, folder=folder)
            return db.run(_FORGET, folder=folder) > 0

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """Let nobody else write of any folder meanwhile."""
        with self._store.writing() as db:
            db.lock(["folders"])
            yield db


def _check(db: Session, round: Round) -> None:
    """Make sure that no other sync of the folder has begun since. Raises LibraryLocked."""
    if db.one(_ROUND, folder=round.folder) != (round.number,):
        raise LibraryLocked(
            "Another process has begun to sync the same folder.", hint="Wait until it is done; what was read is kept."
        )


def _removable(db: Session, but_of: Iterable[int] = ()) -> list[str]:
    return [row[0] for row in db.all(_REMOVABLE, dropped=listed(but_of))]


def _put(db: Session, round: Round, read: Given) -> tuple[Article, Change]:
    """Write an article, and note that the file gives it, or only repeats one that is there."""
    key = _key(db, round, read.path)
    article = replace(read.article, id=_named(db, key, read))
    there = articles.held(db, article.id)
    change = articles.put(db, article, read.passages)
    stored = articles.held(db, article.id)
    new = there is None and stored is not None
    db.run(
        _GIVE,
        file=key,
        article_id=article.id,
        content=read.content,
        round=round.number,
        owned=int(new or db.one(_OWNED, article_id=article.id) is not None),
        copy=digest(article) if stored is None else None,
    )
    return article, change


def _named(db: Session, key: int, read: Given) -> str:
    """Return the id under which to put an article of a file, which would like to keep one, or has one of its own.

    An article named by its content gives way to another that has kept this name for a text that has changed since.
    """
    if read.kept and not db.one(_OTHERS, article_id=read.kept, file=key):
        return read.kept
    name = read.article.id
    others = db.all(_OTHERS, article_id=name, file=key) if name == read.content else []
    return read.own() if any(other != read.content for (other,) in others) else name


def _note(db: Session, round: Round, file: File) -> None:
    """Note a file that has been read to its end; unless something in it failed, it gives what it gave just now only."""
    key = _key(db, round, file.path)
    problems = json.dumps([(each.where, each.why) for each in file.problems], ensure_ascii=False)
    db.run(_NOTE, now=file.size, at=file.modified, content=file.digest, told=problems, file=key)
    if not file.problems:
        db.run(_GIVES_NO_MORE, file=key, now=round.number)


def _key(db: Session, round: Round, path: str) -> int:
    row = db.one(_FILE, folder=round.folder, path=path) or db.one(_ADD, folder=round.folder, path=path)
    key: int = row[0]
    return key


# --- statements -----------------------------------------------------------------------------------------------------

_D, _F, _G, _A = schema.folders.c, schema.files.c, schema.given.c, schema.articles.c
_ONE, _OTHER = schema.given.alias("one"), schema.given.alias("other")
_OF_FILE, _IN_FOLDER = _F.key == bindparam("file"), _F.folder == bindparam("folder")

_COUNT = select(func.count()).where(_F.folder == _D.key).scalar_subquery()
_FOLDERS = select(_D.path, _D.synced, _COUNT).order_by(_D.key)
_KNOWN = (
    select(_F.path, _F.size, _F.modified, _F.digest, _F.problems, _F.key)
    .join_from(schema.files, schema.folders, _D.key == _F.folder)
    .where(_D.path == bindparam("folder"))
)
_GIVEN = select(_G.article_id).distinct().where(_G.round > NO, _G.file.in_(numbered("keys"))).order_by(_G.article_id)
_ELSEWHERE = select(YES).where(
    _OTHER.c.article_id == _ONE.c.article_id, _OTHER.c.round > NO, _OTHER.c.file.not_in(numbered("dropped"))
)
_REMOVABLE = (
    select(_ONE.c.article_id)
    .distinct()
    .join_from(_ONE, schema.articles, _A.id == _ONE.c.article_id)
    .where(_ONE.c.owned != NO, or_(_ONE.c.round == NO, _ONE.c.file.in_(numbered("dropped"))), ~_ELSEWHERE.exists())
    .order_by(_ONE.c.article_id)
)
_LOST = select(_G.file).where(_G.copy.is_not(None), ~select(YES).where(_A.digest == _G.copy).exists())
_UNREAD = (
    select(_F.path, _F.size, _F.modified, _F.key)
    .where(_IN_FOLDER, or_(_F.digest == UNREAD, _F.key.in_(_LOST)))
    .order_by(_F.path)
)

_FOLDER = adding(schema.folders, "path").on_conflict_do_nothing()
_BEGIN = update(schema.folders).where(_D.path == bindparam("folder")).values(round=_D.round + YES)
_BEGIN = _BEGIN.returning(_D.key, _D.round)
_ROUND = select(_D.round).where(_D.key == bindparam("folder"))
_END = update(schema.folders).where(_D.key == bindparam("folder")).values(synced=bindparam("when"))
_OTHERS = select(_G.content).where(
    _G.article_id == bindparam("article_id"), _G.file != bindparam("file"), _G.round > NO
)
_OWNED = select(YES).where(_G.article_id == bindparam("article_id"), _G.owned != NO).limit(1)
_GIVE = putting(schema.given, "file article_id content round owned copy", by="file article_id")
_NOTE = (
    update(schema.files)
    .where(_OF_FILE)
    .values(size=bindparam("now"), modified=bindparam("at"), digest=bindparam("content"), problems=bindparam("told"))
)
_GIVE_NO_MORE = update(schema.given).where(_G.file == bindparam("file")).values(round=NO)
_GIVES_NO_MORE = _GIVE_NO_MORE.where(_G.round != bindparam("now"))
_TAKE_UP = update(schema.files).where(_OF_FILE).values(path=literal("/").concat(cast(_F.key, AnyText)))
_SAME = schema.files.alias("same")
_IN_THE_WAY = (
    _F.path == bindparam("to"),
    _F.key != bindparam("file"),
    _F.folder == select(_SAME.c.folder).where(_SAME.c.key == bindparam("file")).scalar_subquery(),
)
_GIVE_WAY = update(schema.given).where(_G.file.in_(select(_F.key).where(*_IN_THE_WAY))).values(round=NO)
_MAKE_ROOM = delete(schema.files).where(*_IN_THE_WAY)
_PLACE = update(schema.files).where(_OF_FILE).values(path=bindparam("to"), modified=bindparam("at"))
_DROP = delete(schema.files).where(_OF_FILE)
_GONE = select(_G.article_id).where(_G.round == NO)
_READ_AGAIN = (
    update(schema.files)
    .where(_F.key.in_(select(_ONE.c.file).where(_ONE.c.round > NO, _ONE.c.article_id.in_(_GONE))))
    .values(digest=UNREAD)
)
_INHERIT = (
    update(schema.given)
    .where(_G.round > NO, _G.article_id.in_(select(_ONE.c.article_id).where(_ONE.c.round == NO, _ONE.c.owned != NO)))
    .values(owned=YES)
)
_SETTLE = delete(schema.given).where(_G.round == NO)
_INSIDE = (
    select(_SAME.c.key).join_from(_SAME, schema.folders, _D.key == _SAME.c.folder).where(_D.path == bindparam("folder"))
)
_FORGET_GIVEN = delete(schema.given).where(_G.file.in_(_INSIDE))
_FORGET_FILES = delete(schema.files).where(_F.key.in_(_INSIDE))
_FORGET = delete(schema.folders).where(_D.path == bindparam("folder"))
_FILE = select(_F.key).where(_IN_FOLDER, _F.path == bindparam("path"))
_ADD = (
    insert(schema.files)
    .values(folder=bindparam("folder"), path=bindparam("path"), size=NO, modified=NO, digest=UNREAD)
    .returning(_F.key)
)
