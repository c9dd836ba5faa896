"""The article tables of the catalog, as they are written: articles, their passages, and what the indexes have to drop.

Every function works inside the transaction of who calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from sqlalchemy import bindparam, delete, join, select
from sqlalchemy.dialects.postgresql import insert

from bot import schema, stories
from bot.glossary import Glossary
from bot.records import Article, Passage
from bot.rows import COLUMNS, digest, to_row
from bot.schema import YES, adding, putting
from bot.store import Session

Change = Literal["added", "updated", "unchanged", "duplicate"]

STORIES = ("stories",)
"""What is locked where articles enter or leave stories."""


def lock(db: Session, article_ids: Iterable[str], contents: Iterable[Article] = ()) -> None:
    """Let nobody else write these articles, nor add what any of `contents` says: two of one content are not added."""
    db.lock([*(f"article {each}" for each in article_ids), *(f"content {digest(each)}" for each in contents)])


def held(db: Session, article_id: str) -> str | None:
    """Return the digest of an article that is there."""
    row = db.one(_DIGEST, id=article_id)
    return None if row is None else str(row[0])


def says(db: Session, content: str) -> bool:
    """Whether an article with this digest is there."""
    return db.one(_BY_DIGEST, digest=content) is not None


def put(db: Session, article: Article, passages: Sequence[Passage]) -> Change:
    """Write an article but for its story; an exact copy under another id is not stored."""
    content, before = digest(article), held(db, article.id)
    if before is None and says(db, content):
        return "duplicate"
    if before == content:
        return "unchanged"
    _forget_passages(db, article.id)
    db.run(_PUT, **dict(zip(_FIELDS, to_row(article), strict=True)), digest=content)
    _add_passages(db, article.id, passages)
    return "added" if before is None else "updated"


def tell(db: Session, put: Sequence[tuple[Article, Change]], glossary: Glossary) -> list[Change]:
    """Let articles that were put enter the stories; one that is new, and a near copy, is a duplicate."""
    new = {
        at: stories.described(article, glossary)
        for at, (article, change) in enumerate(put)
        if change in ("added", "updated")
    }
    changes = [change for _, change in put]
    if new:
        db.lock(STORIES)
    for at, item in new.items():
        stories.leave(db, [item.id])
        if stories.enter(db, item) and changes[at] == "added":
            changes[at] = "duplicate"
    return changes


def cut(db: Session, article_id: str, passages: Sequence[Passage]) -> None:
    """Give an article passages, which get new keys and wait to be indexed, in place of those that it has."""
    _forget_passages(db, article_id)
    _add_passages(db, article_id, passages)


def remove(db: Session, article_ids: Sequence[str]) -> None:
    """Remove articles and their passages."""
    for article_id in article_ids:
        _forget_passages(db, article_id)
    db.run_each(_REMOVE, [{"id": article_id} for article_id in article_ids])
    db.lock(STORIES)
    stories.leave(db, article_ids)


def _forget_passages(db: Session, article_id: str) -> None:
    db.run(_LEAVE_TO_DROP, id=article_id)
    db.run(_FORGET, id=article_id)


def _add_passages(db: Session, article_id: str, passages: Sequence[Passage]) -> None:
    db.run_each(
        _ADD,
        [
            {"article_id": article_id, "number": passage.number, "start": passage.start, "end": passage.end}
            for passage in passages
        ],
    )


# --- statements -----------------------------------------------------------------------------------------------------

_A, _P = schema.articles.c, schema.passages.c
_FIELDS = COLUMNS.split(", ")
_WITH_ID, _OF_ARTICLE = _A.id == bindparam("id"), _P.article_id == bindparam("id")
_BOTH = join(schema.passages, schema.articles, _A.id == _P.article_id)

_DIGEST = select(_A.digest).where(_WITH_ID)
_BY_DIGEST = select(YES).where(_A.digest == bindparam("digest")).limit(1)
_PUT = putting(schema.articles, f"{' '.join(_FIELDS)} digest", by="id")
_REMOVE = delete(schema.articles).where(_WITH_ID)
_LEAVE_TO_DROP = (
    insert(schema.obsolete)
    .from_select(
        ["key", "language", "claim"], select(_P.key, _A.language, _P.claim).select_from(_BOTH).where(_OF_ARTICLE)
    )
    .on_conflict_do_nothing()
)
_FORGET = delete(schema.passages).where(_OF_ARTICLE)
_ADD = adding(schema.passages, "article_id number start end")
