"""The story tables of the catalog: whose text each article prints, and which event it tells.

Every function works inside the transaction of who calls it. An article enters with its signature, and is then known
for a copy or not; it is placed in a story when the vectors of its passages are there. Until then its `story` is null:
work that is still to be done, as a passage that is not indexed is. Only originals are held against each other; their
copies go where they go. A story bears the id of one of its originals, as a text bears that of its original, which is
the earliest of the copies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import LargeBinary, Select, bindparam, delete, func, select, update

from bot import schema
from bot.dedupe import (
    NEAR_COPY,
    REGROUPED,
    SAME_STORY,
    VERSION,
    WINDOW,
    StoryItem,
    Vector,
    bands,
    direction,
    kinship,
    least_cosine,
    regroup,
    signature,
    similarity,
    stories,
    texts,
)
from bot.glossary import Glossary
from bot.records import Article, Filters, Related
from bot.rows import Narrowed, conditions, narrowed, wanted
from bot.schema import NO, YES, adding, among, days, first, listed, numbered, putting
from bot.store import Session

LOOKED_AT = 3_000
"""Articles of the WINDOW whose content is compared with that of a new one, the nearest days first: some 10 ms."""

ALIKE = 500
"""Texts sharing a band whose signatures are compared with that of a new one, those that share most bands first."""

_STORED = np.float16  # of vectors that are compared with thresholds of two digits


@dataclass(frozen=True, slots=True)
class Told:
    """Which story an article tells, and whose text it prints: ids of articles, both often its own."""

    story: str
    original: str


def renew(db: Session) -> None:
    """Forget the stories that were told with signatures of another form."""
    if not current(db):
        clear(db)
        db.run(_SET_FORM, name=_FORM, value=str(VERSION))


def current(db: Session) -> bool:
    """Whether the stories are told with signatures of this form."""
    return bool(db.one(_FACT, name=_FORM) == (str(VERSION),))


def clear(db: Session) -> None:
    """Forget all stories; every article then waits to be told again."""
    db.run(_NO_REPORTS)
    db.run(_NO_BANDS)


# --- reading --------------------------------------------------------------------------------------------------------


def waiting(db: Session) -> int:
    """Count the articles that are in no story yet."""
    return int(db.one(_WAITING)[0])


def untold(db: Session) -> list[str]:
    """Return the articles that are indexed but in no story."""
    return sorted(row[0] for row in db.all(_UNTOLD))


def told(db: Session, article_ids: Iterable[str]) -> dict[str, Told]:
    """Return what these articles tell; one that is in no story yet is left out."""
    return {row[0]: Told(row[1], row[2]) for row in db.all(_TOLD, ids=listed(article_ids))}


def tellers(db: Session, story_ids: Iterable[str], filters: Filters) -> list[tuple[Told, Related]]:
    """Return the articles of some stories that the filters let through, earliest first."""
    rows = db.all(_tellers(narrowed(filters)), stories=listed(story_ids), **wanted(filters))
    return [
        (Told(story, original), Related(each, title, source, date.fromisoformat(day) if day else None, language, url))
        for story, original, each, title, source, day, language, url in rows
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


def enter(db: Session, new: StoryItem) -> bool:
    """Take in an article that is not there, and say whether it is a near copy of one that is."""
    published = new.published.isoformat() if new.published else None
    copied = _copied(db, new.signature)
    original = min([(published is None, published or "", new.id), *copied])[2]
    moved = listed(each for _, _, each in copied if each != original)
    story = None if original == new.id else _story(db, original) or original
    left = [row[0] for row in db.all(_STORIES, originals=moved) if row[0] is not None]
    db.run(_MOVE, originals=moved, to=original, tells=story or original)
    (key,) = db.one(
        _ENTER,
        article_id=new.id,
        published=published,
        language=new.language,
        signature=new.signature,
        entities=json.dumps(sorted(new.entities)),
        original=original,
        story=story,
    )
    db.run_each(_SHELVE, [{"band": band, "report": key} for band in bands(new.signature)])
    for each in left:
        _mend(db, each)
    return bool(copied)


def leave(db: Session, article_ids: Sequence[str]) -> None:
    """Take articles out; where one was the original of others, the earliest of these is from now on."""
    for article_id in article_ids:
        row = db.one(_LEAVING, article_id=article_id)
        if row is None:
            continue
        key, sketch, story = row
        db.run_each(_UNSHELVE, [{"band": band, "report": key} for band in bands(sketch)])
        db.run(_LEAVE, key=key)
        for text in texts(_items(db, _COPIES, original=article_id)):
            _name_original(db, text, placed=story is not None)
        if story is not None:
            _mend(db, story)


def add_content(db: Session, article_id: str, total: Vector | None) -> None:
    """Add the sum of vectors of some of an article's passages to what is known of its content."""
    row = db.one(_CONTENT, article_id=article_id)
    if row is None or total is None:
        return
    if row[0] is not None:
        total = total + np.frombuffer(row[0], _STORED)
    db.run(_SET_CONTENT, article_id=article_id, vector=total.astype(_STORED).tobytes())


def tell(db: Session, article: Article, content: Vector | None, glossary: Glossary) -> None:
    """Find the story of an article that is in none; `content` is the sum of the vectors of its passages."""
    if db.run(_SET_CONTENT, article_id=article.id, vector=None) == 0:
        enter(db, described(article, glossary))
    add_content(db, article.id, content)
    place(db, article.id)


def place(db: Session, article_id: str) -> None:
    """Find the story that an article tells, all of whose content is known; a copy tells that of its original."""
    for new in _items(db, _AN_ORIGINAL, article_id=article_id):
        near = {story for each in _near(db, new) if (story := _story(db, each.id))}
        _label(db, regroup(new, {story: _members(db, story) for story in sorted(near)}))


def _name_original(db: Session, text: Iterable[str], *, placed: bool) -> None:
    """Make the earliest of some copies their original; it waits for a story where it cannot take over that one's."""
    ids = listed(text)
    original, content = db.one(_EARLIEST, ids=ids)
    db.run(_NAME, ids=ids, to=original)
    if not placed or content is None:
        db.run(_WAIT, original=original)


def _mend(db: Session, story: str) -> None:
    """Group the originals of a story anew, after one has gone."""
    members = _members(db, story)
    if len(members) < REGROUPED:
        _label(db, {min(group): group for group in stories(members)})
    else:
        db.run(_RENAME, story=story, to=members[0].id)


def _members(db: Session, story: str) -> list[StoryItem]:
    return _items(db, _MEMBERS, story=story)


def _label(db: Session, groups: Mapping[str, Iterable[str]]) -> None:
    for story, originals in groups.items():
        db.run(_LABEL, originals=listed(originals), to=story)


def _copied(db: Session, sketch: bytes) -> list[tuple[bool, str, str]]:
    """Return the originals of near copies of a text: whether undated, the date, the id."""
    shelves = {f"band{number}": band for number, band in enumerate(bands(sketch))}
    rows = db.all(_alike(len(shelves)), **shelves) if shelves else []
    originals = {original for other, original in rows if similarity(sketch, other) >= NEAR_COPY}
    return [(day is None, day or "", each) for day, each in db.all(_DATES, ids=listed(originals))]


def _near(db: Session, new: StoryItem) -> list[StoryItem]:
    """Return the originals of other articles, near in time and content, that are kin to one."""
    if new.published is None or not new.vector.any():
        return []
    about = {
        "since": (new.published - timedelta(WINDOW)).isoformat(),
        "until": (new.published + timedelta(WINDOW)).isoformat(),
        "article_id": new.id,
    }
    rows = db.all(_NEAR, limit=LOOKED_AT + 1, **about)
    if len(rows) > LOOKED_AT:  # to sort them costs as much as to read them
        rows = db.all(_NEAREST, limit=LOOKED_AT, day=new.published.isoformat(), **about)
    if not rows:
        return []
    joined = np.frombuffer(b"".join(content for _, content in rows), _STORED)
    contents = joined.astype(np.float32).reshape(len(rows), -1)
    cosines = contents @ new.vector / np.maximum(np.linalg.norm(contents, axis=1), 1e-9)
    alike = _items(db, _KEYED, keys=listed(rows[at][0] for at in np.flatnonzero(cosines >= least_cosine(new))))
    return [each for each in alike if kinship(new, each) >= SAME_STORY]


def _items(db: Session, statement: Select[Any], **values: Any) -> list[StoryItem]:
    return [
        StoryItem(
            id=article_id,
            published=date.fromisoformat(published) if published else None,
            language=language,
            vector=direction(np.frombuffer(content or b"\0\0", _STORED).astype(np.float32)),
            entities=frozenset(json.loads(entities)),
            signature=sketch,
        )
        for article_id, published, language, content, entities, sketch in db.all(statement, **values)
    ]


def _story(db: Session, article_id: str) -> str | None:
    row = db.one(_STORY, article_id=article_id)
    return row[0] if row else None


# --- statements -----------------------------------------------------------------------------------------------------

_FORM = "signatures"
_R, _A, _P = schema.reports.c, schema.articles.c, schema.passages.c
_B, _K = schema.bands.c, schema.facts.c
_ORIGINAL = _R.original == _R.article_id
_OF_ARTICLE = _R.article_id == bindparam("article_id")
_AMONG, _OF_ORIGINALS = _R.article_id.in_(among("ids")), _R.original.in_(among("originals"))
_EARLIER = (_R.published.is_(None), _R.published, _R.article_id)

_FACT = select(_K.value).where(_K.name == bindparam("name"))
_SET_FORM = putting(schema.facts, "name value", by="name")
_NO_REPORTS, _NO_BANDS = delete(schema.reports), delete(schema.bands)

_ALL = select(func.count()).select_from(schema.articles).scalar_subquery()
_PLACED = select(func.count()).where(_R.story.is_not(None)).scalar_subquery()
_WAITING = select(_ALL - _PLACED)
_UNTOLD = (
    select(_A.id)
    .outerjoin_from(schema.articles, schema.reports, _R.article_id == _A.id)
    .where(_R.story.is_(None), ~select(YES).where(_P.article_id == _A.id, _P.indexed == NO).exists())
)
_TOLD = select(_R.article_id, _R.story, _R.original).where(_AMONG, _R.story.is_not(None))


@cache
def _tellers(by: Narrowed) -> Select[Any]:
    return (
        select(_R.story, _R.original, _A.id, _A.title, _A.source, _A.published, _A.language, _A.url)
        .join_from(schema.reports, schema.articles, _A.id == _R.article_id)
        .where(_R.story.in_(among("stories")), *conditions(by))
        .order_by(_A.published.is_(None), _A.published, _A.id)
    )


_STORY = select(_R.story).where(_OF_ARTICLE)
_STORIES = select(_R.story).distinct().where(_OF_ORIGINALS).order_by(_R.story)
_MOVE = update(schema.reports).where(_OF_ORIGINALS).values(original=bindparam("to"), story=bindparam("tells"))
_ENTER = adding(schema.reports, "article_id published language signature entities original story").returning(_R.key)
_SHELVE = adding(schema.bands, "band report")
_UNSHELVE = delete(schema.bands).where(_B.band == bindparam("band"), _B.report == bindparam("report"))
_LEAVING = select(_R.key, _R.signature, _R.story).where(_OF_ARTICLE)
_LEAVE = delete(schema.reports).where(_R.key == bindparam("key"))
_CONTENT = select(_R.content).where(_OF_ARTICLE)
_SET_CONTENT = update(schema.reports).where(_OF_ARTICLE).values(content=bindparam("vector"))
_EARLIEST = select(_R.article_id, _R.content).where(_AMONG).order_by(*_EARLIER).limit(1)
_NAME = update(schema.reports).where(_AMONG).values(original=bindparam("to"))
_WAIT = (
    update(schema.reports)
    .where(_R.original == bindparam("original"))
    .values(story=func.nullif(_R.original, _R.article_id))
)
_RENAME = update(schema.reports).where(_R.story == bindparam("story")).values(story=bindparam("to"))
_LABEL = update(schema.reports).where(_OF_ORIGINALS).values(story=bindparam("to"))
_DATES = select(_R.published, _R.article_id).where(_AMONG)

_ITEM = select(_R.article_id, _R.published, _R.language, _R.content, _R.entities, _R.signature)
_COPIES = _ITEM.where(_R.original == bindparam("original")).order_by(_R.key)
_AN_ORIGINAL = _ITEM.where(_OF_ARTICLE, _ORIGINAL)
_MEMBERS = _ITEM.where(_R.story == bindparam("story"), _ORIGINAL).order_by(_R.article_id).limit(REGROUPED)
_KEYED = _ITEM.where(_R.key.in_(numbered("keys")))
_NEAR = first(
    select(_R.key, _R.content).where(
        _ORIGINAL,
        _R.story.is_not(None),
        _R.content.is_not(None),
        _R.published >= bindparam("since"),
        _R.published <= bindparam("until"),
        _R.article_id != bindparam("article_id"),
    )
)
_NEAREST = _NEAR.order_by(func.abs(days(_R.published) - days(bindparam("day"))), _R.key)


@cache
def _alike(count: int) -> Select[Any]:
    """Return the texts that share most of so many bands."""
    shared = (
        select(_B.report)
        .where(_B.band.in_([bindparam(f"band{number}", type_=LargeBinary) for number in range(count)]))
        .group_by(_B.report)
        .order_by(func.count().desc(), _B.report)
        .limit(ALIKE)
        .subquery()
    )
    return select(_R.signature, _R.original).join_from(schema.reports, shared, shared.c.report == _R.key)
