"""Articles as rows of the catalog, and filters as conditions on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, bindparam

from bot import schema
from bot.records import Article, Filters
from bot.schema import among, listed

COLUMNS = "id, title, body, language, published, source, url, tags, author, pages"
LATER_COLUMNS = ("author", "pages")

ARTICLE = tuple(schema.articles.c[name] for name in COLUMNS.split(", "))


def to_row(article: Article) -> tuple[Any, ...]:
    """Return the values of COLUMNS."""
    published = article.published.isoformat() if article.published else None
    tags = json.dumps(article.tags, ensure_ascii=False)
    about = (article.title, article.body, article.language, published, article.source, article.url, tags)
    return (article.id, *about, article.author, json.dumps(article.pages))


def from_row(row: Sequence[Any]) -> Article:
    """Make an article of the values of COLUMNS. Raises ValueError or TypeError for what no article has left there."""
    article_id, title, body, language, published, source, url, tags, author, pages = row
    when = date.fromisoformat(published) if published else None
    printed = tuple(json.loads(pages))
    return Article(article_id, title, body, language, when, source, url, tuple(json.loads(tags)), author, printed)


def digest(article: Article) -> str:
    """Return what tells one content from another, whatever its id."""
    *about, author, pages = to_row(article)[1:]
    added = [author, pages] if article.author or article.pages else []  # digests of before stay
    return hashlib.sha256(json.dumps([*about, *added], ensure_ascii=False).encode("utf-8")).hexdigest()


_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "since": schema.articles.c.published >= bindparam("since"),
    "until": schema.articles.c.published <= bindparam("until"),
    "languages": schema.articles.c.language.in_(among("languages")),
    "sources": schema.articles.c.source.in_(among("sources")),
    "article_ids": schema.articles.c.id.in_(among("article_ids")),
}

Narrowed = tuple[str, ...]
"""By which fields filters narrow: statements are made once for each combination."""


def narrowed(filters: Filters) -> Narrowed:
    """Return by which fields filters narrow. An article without a date is in no window."""
    return tuple(name for name in _CONDITIONS if getattr(filters, name))


def conditions(by: Narrowed) -> list[ColumnElement[bool]]:
    """Return the conditions on `articles` of filters that narrow by these fields."""
    return [_CONDITIONS[name] for name in by]


def wanted(filters: Filters) -> dict[str, str]:
    """Return the values that the conditions compare with."""
    values: dict[str, str] = {}
    for name in narrowed(filters):
        value = getattr(filters, name)
        values[name] = value.isoformat() if isinstance(value, date) else listed(value)
    return values
