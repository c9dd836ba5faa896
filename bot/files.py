"""The file tables of the catalog: which files of which folders have been read, and which articles each has given.

Every function works inside the transaction of who calls it. Each sync of a folder is a round. An article that a file
gives no more has round 0 until the sync comes to remove it, so that one which has moved to another file stays, and a
sync that breaks off loses track of nothing. An article is `owned` by the folders if it was not there before them.
`content` is the id that the text of an article would give it, as the file has it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.outcomes import Failure, Folder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS folders (
    key INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, round INTEGER NOT NULL DEFAULT 0, synced TEXT
);
CREATE TABLE IF NOT EXISTS files (
    key INTEGER PRIMARY KEY AUTOINCREMENT, folder INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
    modified INTEGER NOT NULL, digest TEXT NOT NULL, problems TEXT NOT NULL DEFAULT '[]', UNIQUE (folder, path)
);
CREATE TABLE IF NOT EXISTS given (
    file INTEGER NOT NULL, article_id TEXT NOT NULL, content TEXT NOT NULL, round INTEGER NOT NULL,
    owned INTEGER NOT NULL, copy TEXT,
    PRIMARY KEY (file, article_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS given_by_article ON given (article_id);
CREATE INDEX IF NOT EXISTS given_no_more ON given (article_id) WHERE round = 0;
CREATE INDEX IF NOT EXISTS given_copies ON given (copy) WHERE copy IS NOT NULL;
"""

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
class Round:
    """One sync of a folder."""

    folder: int
    number: int


def create(db: sqlite3.Connection) -> None:
    """Make the tables where they are not there yet, as in a library of an earlier version."""
    db.executescript(_SCHEMA)


# --- reading --------------------------------------------------------------------------------------------------------


def folders(db: sqlite3.Connection) -> list[Folder]:
    """Return the folders that are kept in step, in the order in which they were added."""
    query = "SELECT path, synced, (SELECT count(*) FROM files WHERE folder = folders.key) FROM folders ORDER BY key"
    return [Folder(path, datetime.fromisoformat(at) if at else None, count) for path, at, count in db.execute(query)]


def known(db: sqlite3.Connection, folder: str) -> dict[str, File]:
    """Return the files of a folder by their paths."""
    query = (
        "SELECT files.path, size, modified, digest, problems, files.key FROM files"
        " JOIN folders ON folders.key = folder WHERE folders.path = ?"
    )
    return {
        path: File(path, size, modified, digest, tuple(Failure(*each) for each in json.loads(problems)), key)
        for path, size, modified, digest, problems, key in db.execute(query, (folder,))
    }


def given(db: sqlite3.Connection, keys: Iterable[int]) -> list[str]:
    """Return the articles that some files give."""
    query = f"SELECT DISTINCT article_id FROM given WHERE round > 0 AND file IN {_LISTED} ORDER BY 1"
    return [row[0] for row in db.execute(query, (json.dumps(list(keys)),))]


def removable(db: sqlite3.Connection, but_of: Iterable[int] = ()) -> list[str]:
    """Return the articles that came from files and would be given by none without some of them."""
    dropped = json.dumps(list(but_of))
    query = (
        "SELECT DISTINCT article_id FROM given AS one JOIN articles ON id = article_id"
        f" WHERE owned AND (round = 0 OR file IN {_LISTED}) AND NOT EXISTS (SELECT 1 FROM given AS other"
        f" WHERE other.article_id = one.article_id AND other.round > 0 AND other.file NOT IN {_LISTED}) ORDER BY 1"
    )
    return [row[0] for row in db.execute(query, (dropped, dropped))]


def unread(db: sqlite3.Connection, folder: int) -> list[File]:
    """Return the files of a folder that are to be read again, also as what they give a copy of has gone."""
    query = (
        "SELECT path, size, modified, key FROM files WHERE folder = ? AND (digest = '' OR key IN (SELECT file FROM"
        " given WHERE copy IS NOT NULL AND NOT EXISTS (SELECT 1 FROM articles WHERE digest = copy))) ORDER BY path"
    )
    return [File(path, size, modified, key=key) for path, size, modified, key in db.execute(query, (folder,))]


# --- writing --------------------------------------------------------------------------------------------------------


def begin(db: sqlite3.Connection, folder: str) -> Round:
    """Begin the next sync of a folder."""
    db.execute("INSERT OR IGNORE INTO folders (path) VALUES (?)", (folder,))
    query = "UPDATE folders SET round = round + 1 WHERE path = ? RETURNING key, round"
    return Round(*db.execute(query, (folder,)).fetchall()[0])


def end(db: sqlite3.Connection, round: Round, *, when: datetime) -> None:
    """Note that a sync has come to its end."""
    db.execute("UPDATE folders SET synced = ? WHERE key = ?", (when.isoformat(), round.folder))


def named(db: sqlite3.Connection, round: Round, path: str, article_id: str, content: str, kept: str | None) -> str:
    """Return the id under which to put an article of a file, which would like to keep one, or has one of its own.

    An article named by its content gives way to another that has kept this name for a text that has changed since.
    """
    key = _key(db, round, path)
    others = "SELECT content FROM given WHERE article_id = ? AND file <> ? AND round > 0"
    if kept and not db.execute(others, (kept, key)).fetchone():
        return kept
    if article_id == content and any(other != content for (other,) in db.execute(others, (article_id, key))):
        return hashlib.sha256(f"{content}\0{path}".encode()).hexdigest()[:16]
    return article_id


def give(
    db: sqlite3.Connection,
    round: Round,
    path: str,
    article_id: str,
    content: str,
    *,
    new: bool,
    copy: str | None,
) -> None:
    """Note that a file gives an article; `copy` is the digest of what it only repeats, where it is not stored."""
    key = _key(db, round, path)
    owned = new or db.execute("SELECT 1 FROM given WHERE article_id = ? AND owned", (article_id,)).fetchone()
    db.execute(
        "REPLACE INTO given (file, article_id, content, round, owned, copy) VALUES (?,?,?,?,?,?)",
        (key, article_id, content, round.number, bool(owned), copy),
    )


def note(db: sqlite3.Connection, round: Round, file: File) -> None:
    """Note a file that has been read to its end; unless something in it failed, it gives what it gave just now only."""
    key = _key(db, round, file.path)
    problems = json.dumps([(each.where, each.why) for each in file.problems], ensure_ascii=False)
    db.execute(
        "UPDATE files SET size = ?, modified = ?, digest = ?, problems = ? WHERE key = ?",
        (file.size, file.modified, file.digest, problems, key),
    )
    if not file.problems:
        db.execute("UPDATE given SET round = 0 WHERE file = ? AND round <> ?", (key, round.number))


def place(db: sqlite3.Connection, files: Iterable[File]) -> None:
    """Note that files, whose content is as it was, have another path or time; they may have changed places."""
    placed = [(file.path, file.modified, file.key) for file in files]
    db.executemany("UPDATE files SET path = '/' || key WHERE key = ?", [(key,) for _, _, key in placed])
    db.executemany("UPDATE OR REPLACE files SET path = ?, modified = ? WHERE key = ?", placed)


def drop(db: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Forget files; what they gave is given no more."""
    gone = [(key,) for key in keys]
    db.executemany("UPDATE given SET round = 0 WHERE file = ?", gone)
    db.executemany("DELETE FROM files WHERE key = ?", gone)


def settle(db: sqlite3.Connection) -> None:
    """Forget what is given no more; who else gives it is read again, as the text may have been that of the other."""
    gone = "(SELECT article_id FROM given WHERE round = 0)"
    db.execute(
        f"UPDATE files SET digest = '' WHERE key IN (SELECT file FROM given WHERE round > 0 AND article_id IN {gone})"
    )
    db.execute(
        "UPDATE given SET owned = 1 WHERE round > 0 AND article_id IN (SELECT article_id FROM given WHERE round = 0"
        " AND owned)"
    )
    db.execute("DELETE FROM given WHERE round = 0")


def forget(db: sqlite3.Connection, folder: str) -> bool:
    """Keep a folder in step no longer; its articles stay. Say whether it was."""
    inside = "(SELECT files.key FROM files JOIN folders ON folders.key = folder WHERE folders.path = ?)"
    db.execute(f"DELETE FROM given WHERE file IN {inside}", (folder,))
    db.execute(f"DELETE FROM files WHERE key IN {inside}", (folder,))
    return db.execute("DELETE FROM folders WHERE path = ?", (folder,)).rowcount > 0


def _key(db: sqlite3.Connection, round: Round, path: str) -> int:
    row: Sequence[int] | None = db.execute(
        "SELECT key FROM files WHERE folder = ? AND path = ?", (round.folder, path)
    ).fetchone()
    if row is not None:
        return row[0]
    cursor = db.execute(
        "INSERT INTO files (folder, path, size, modified, digest) VALUES (?, ?, 0, 0, '')", (round.folder, path)
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


_LISTED = "(SELECT value FROM json_each(?))"
