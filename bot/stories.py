"""The story tables of the catalog: whose text each article prints, and which event it tells.

Every function works inside the transaction of who calls it. An article enters with its signature, and is then known
for a copy or not; it is placed in a story when the vectors of its passages are there. Until then its `story` is null:
work that is still to be done, as a passage that is not indexed is. Only originals are held against each other; their
copies go where they go. A story bears the id of one of its originals, as a text bears that of its original, which is
the earliest of the copies.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from bot.dedupe import (
    FLOOR,
    NEAR_COPY,
    REGROUPED,
    SAME_STORY,
    VERSION,
    WINDOW,
    StoryItem,
    Vector,
    bands,
    centre,
    kinship,
    regroup,
    signature,
    similarity,
    stories,
    texts,
)
from bot.glossary import Glossary
from bot.records import Article, Related

LOOKED_AT = 3_000
"""Articles of the WINDOW whose content is compared with that of a new one, the nearest days first: some 10 ms."""

ALIKE = 500
"""Texts sharing a band whose signatures are compared with that of a new one, those that share most bands first."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS reports (
    key INTEGER PRIMARY KEY, article_id TEXT NOT NULL UNIQUE, published TEXT, language TEXT NOT NULL,
    signature BLOB NOT NULL, entities TEXT NOT NULL, content BLOB, original TEXT NOT NULL, story TEXT
);
CREATE INDEX IF NOT EXISTS originals_by_date ON reports (published) WHERE original = article_id;
CREATE INDEX IF NOT EXISTS reports_by_original ON reports (original);
CREATE INDEX IF NOT EXISTS reports_by_story ON reports (story);
CREATE TABLE IF NOT EXISTS bands (
    band BLOB NOT NULL, report INTEGER NOT NULL, PRIMARY KEY (band, report)
) WITHOUT ROWID;
"""

_STORED = np.float16  # of vectors that are compared with thresholds of two digits


@dataclass(frozen=True, slots=True)
class Told:
    """Which story an article tells, and whose text it prints: ids of articles, both often its own."""

    story: str
    original: str


def create(db: sqlite3.Connection) -> None:
    """Make the tables where they are missing, and empty them where they were made with other signatures."""
    db.executescript(_SCHEMA)
    if _version(db) != VERSION:
        db.execute("BEGIN IMMEDIATE")
        if _version(db) != VERSION:  # another process may have been faster
            clear(db)
            db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")


def clear(db: sqlite3.Connection) -> None:
    """Forget all stories; every article then waits to be told again."""
    db.execute("DELETE FROM reports")
    db.execute("DELETE FROM bands")


# --- reading --------------------------------------------------------------------------------------------------------


def waiting(db: sqlite3.Connection) -> int:
    """Count the articles that are in no story yet."""
    query = "SELECT (SELECT count(*) FROM articles) - (SELECT count(*) FROM reports WHERE story IS NOT NULL)"
    return int(db.execute(query).fetchone()[0])


def untold(db: sqlite3.Connection) -> list[str]:
    """Return the articles that are indexed but in no story."""
    query = (
        "SELECT id FROM articles LEFT JOIN reports ON article_id = id WHERE story IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM passages WHERE passages.article_id = articles.id AND indexed = 0)"
    )
    return sorted(row[0] for row in db.execute(query))


def told(db: sqlite3.Connection, article_ids: Iterable[str]) -> dict[str, Told]:
    """Return what these articles tell; one that is in no story yet is left out."""
    query = f"SELECT article_id, story, original FROM reports WHERE article_id IN {_LISTED} AND story IS NOT NULL"
    return {row[0]: Told(row[1], row[2]) for row in db.execute(query, [_listed(article_ids)])}


def tellers(
    db: sqlite3.Connection, story_ids: Iterable[str], where: str, values: Sequence[Any]
) -> list[tuple[Told, Related]]:
    """Return the articles of some stories that meet an SQL condition on `articles`, earliest first."""
    query = (
        "SELECT story, original, id, title, source, articles.published, articles.language, url"
        f" FROM reports JOIN articles ON id = article_id WHERE story IN {_LISTED} AND {where}"
        " ORDER BY articles.published IS NULL, articles.published, id"
    )
    return [
        (Told(story, original), Related(each, title, source, date.fromisoformat(day) if day else None, language, url))
        for story, original, each, title, source, day, language, url in db.execute(query, [_listed(story_ids), *values])
    ]


# --- writing --------------------------------------------------------------------------------------------------------


def described(article: Article, glossary: Glossary) -> StoryItem:
    """Return what is compared of an article as far as it is known before its passages are encoded."""
    mentions = glossary.find(f"{article.title}\n{article.body}")
    return StoryItem(
        id=article.id,
        published=article.published,
        language=article.language,
        vector=np.zeros(1, dtype=np.float32),
        entities=frozenset(mention.entity.id for mention in mentions if not mention.ambiguous),
        signature=signature(article.body),
    )


def enter(db: sqlite3.Connection, new: StoryItem) -> bool:
    """Take in an article that is not there, and say whether it is a near copy of one that is."""
    published = new.published.isoformat() if new.published else None
    copied = _copied(db, new.signature)
    original = min([(published is None, published or "", new.id), *copied])[2]
    moved = [each for _, _, each in copied if each != original]
    story = None if original == new.id else _story(db, original) or original
    left = _distinct(db, f"SELECT DISTINCT story FROM reports WHERE original IN {_LISTED}", _listed(moved))
    db.execute(
        f"UPDATE reports SET original = ?, story = ? WHERE original IN {_LISTED}",
        (original, story or original, _listed(moved)),
    )
    cursor = db.execute(
        "INSERT INTO reports (article_id, published, language, signature, entities, original, story)"
        " VALUES (?,?,?,?,?,?,?)",
        (new.id, published, new.language, new.signature, json.dumps(sorted(new.entities)), original, story),
    )
    db.executemany("INSERT INTO bands VALUES (?,?)", [(band, cursor.lastrowid) for band in bands(new.signature)])
    for each in left:
        _mend(db, each)
    return bool(copied)


def leave(db: sqlite3.Connection, article_ids: Sequence[str]) -> None:
    """Take articles out; where one was the original of others, the earliest of these is from now on."""
    for article_id in article_ids:
        row = db.execute("SELECT key, signature, story FROM reports WHERE article_id = ?", (article_id,)).fetchone()
        if row is None:
            continue
        key, sketch, story = row
        db.executemany("DELETE FROM bands WHERE band = ? AND report = ?", [(band, key) for band in bands(sketch)])
        db.execute("DELETE FROM reports WHERE key = ?", (key,))
        for text in texts(_items(db, "original = ?", article_id)):
            _name_original(db, text, placed=story is not None)
        if story is not None:
            _mend(db, story)


def add_content(db: sqlite3.Connection, article_id: str, total: Vector | None) -> None:
    """Add the sum of vectors of some of an article's passages to what is known of its content."""
    row = db.execute("SELECT content FROM reports WHERE article_id = ?", (article_id,)).fetchone()
    if row is None or total is None:
        return
    if row[0] is not None:
        total = total + np.frombuffer(row[0], _STORED)
    db.execute("UPDATE reports SET content = ? WHERE article_id = ?", (total.astype(_STORED).tobytes(), article_id))


def tell(db: sqlite3.Connection, article: Article, content: Vector | None, glossary: Glossary) -> None:
    """Find the story of an article that is in none; `content` is the sum of the vectors of its passages."""
    if db.execute("UPDATE reports SET content = NULL WHERE article_id = ?", (article.id,)).rowcount == 0:
        enter(db, described(article, glossary))
    add_content(db, article.id, content)
    place(db, article.id)


def place(db: sqlite3.Connection, article_id: str) -> None:
    """Find the story that an article tells, all of whose content is known; a copy tells that of its original."""
    for new in _items(db, f"article_id = ? AND {_ORIGINAL}", article_id):
        near = {story for each in _near(db, new) if (story := _story(db, each.id))}
        _label(db, regroup(new, {story: _members(db, story) for story in sorted(near)}))


def _name_original(db: sqlite3.Connection, text: Iterable[str], *, placed: bool) -> None:
    """Make the earliest of some copies their original; it waits for a story where it cannot take over that one's."""
    original, content = db.execute(
        f"SELECT article_id, content FROM reports WHERE article_id IN {_LISTED}"
        " ORDER BY published IS NULL, published, article_id",
        (_listed(text),),
    ).fetchone()
    db.execute(f"UPDATE reports SET original = ? WHERE article_id IN {_LISTED}", (original, _listed(text)))
    if not placed or content is None:
        db.execute("UPDATE reports SET story = nullif(?, article_id) WHERE original = ?", (original, original))


def _mend(db: sqlite3.Connection, story: str) -> None:
    """Group the originals of a story anew, after one has gone."""
    members = _members(db, story)
    if len(members) < REGROUPED:
        _label(db, {min(group): group for group in stories(members)})
    else:
        db.execute("UPDATE reports SET story = ? WHERE story = ?", (members[0].id, story))


def _members(db: sqlite3.Connection, story: str) -> list[StoryItem]:
    return _items(db, f"story = ? AND {_ORIGINAL} ORDER BY article_id LIMIT {REGROUPED}", story)


def _label(db: sqlite3.Connection, groups: Mapping[str, Iterable[str]]) -> None:
    for story, originals in groups.items():
        db.execute(f"UPDATE reports SET story = ? WHERE original IN {_LISTED}", (story, _listed(originals)))


def _copied(db: sqlite3.Connection, sketch: bytes) -> list[tuple[bool, str, str]]:
    """Return the originals of near copies of a text: whether undated, the date, the id."""
    keys = bands(sketch)
    shelves = ", ".join("?" * len(keys))
    rows = db.execute(
        f"SELECT signature, original FROM reports JOIN (SELECT report FROM bands WHERE band IN ({shelves})"
        " GROUP BY report ORDER BY count(*) DESC, report LIMIT ?) ON report = key",
        (*keys, ALIKE),
    )
    originals = {original for other, original in rows if similarity(sketch, other) >= NEAR_COPY}
    query = f"SELECT published IS NULL, published, article_id FROM reports WHERE article_id IN {_LISTED}"
    return [(bool(undated), day or "", each) for undated, day, each in db.execute(query, [_listed(originals)])]


def _near(db: sqlite3.Connection, new: StoryItem) -> list[StoryItem]:
    """Return the originals of other articles, near in time and content, that are kin to one."""
    if new.published is None or not new.vector.any():
        return []
    day = new.published.isoformat()
    query = (
        f"SELECT key, content FROM reports WHERE {_ORIGINAL} AND story IS NOT NULL AND content IS NOT NULL"
        f" AND published BETWEEN date(?, '-{WINDOW} days') AND date(?, '+{WINDOW} days') AND article_id <> ?"
    )
    rows = db.execute(f"{query} LIMIT ?", (day, day, new.id, LOOKED_AT + 1)).fetchall()
    if len(rows) > LOOKED_AT:  # to sort them costs as much as to read them
        nearest = " ORDER BY abs(julianday(published) - julianday(?)), key LIMIT ?"
        rows = db.execute(query + nearest, (day, day, new.id, day, LOOKED_AT)).fetchall()
    if not rows:
        return []
    joined = np.frombuffer(b"".join(content for _, content in rows), _STORED)
    contents = joined.astype(np.float32).reshape(len(rows), -1)
    cosines = contents @ new.vector / np.maximum(np.linalg.norm(contents, axis=1), 1e-9)
    keys = [rows[at][0] for at in np.flatnonzero(cosines >= FLOOR)]
    alike = _items(db, "key IN (SELECT value FROM json_each(?))", json.dumps(keys))
    return [each for each in alike if kinship(new, each) >= SAME_STORY]


def _items(db: sqlite3.Connection, where: str, *values: Any) -> list[StoryItem]:
    columns = "article_id, published, language, content, entities, signature"
    return [
        StoryItem(
            id=article_id,
            published=date.fromisoformat(published) if published else None,
            language=language,
            vector=centre(np.frombuffer(content or b"\0\0", _STORED).astype(np.float32)[None]),
            entities=frozenset(json.loads(entities)),
            signature=sketch,
        )
        for article_id, published, language, content, entities, sketch in db.execute(
            f"SELECT {columns} FROM reports WHERE {where}", values
        )
    ]


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _story(db: sqlite3.Connection, article_id: str) -> str | None:
    row = db.execute("SELECT story FROM reports WHERE article_id = ?", (article_id,)).fetchone()
    return row[0] if row else None


def _distinct(db: sqlite3.Connection, query: str, *values: Any) -> list[str]:
    return [row[0] for row in db.execute(query, values) if row[0] is not None]


_ORIGINAL = "original = article_id"
_LISTED = "(SELECT value FROM json_each(?))"


def _listed(ids: Iterable[str]) -> str:
    return json.dumps(list(ids))
