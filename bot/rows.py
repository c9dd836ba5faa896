"""Articles as rows of the catalog, and filters as conditions on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from bot.records import Article, Filters

COLUMNS = "id, title, body, language, published, source, url, tags, author, pages"
LATER_COLUMNS = {"author": "TEXT NOT NULL DEFAULT ''", "pages": "TEXT NOT NULL DEFAULT '[]'"}


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


def condition(filters: Filters) -> tuple[str, list[Any]]:
    """Turn filters into an SQL condition on `articles`. An article without a date is in no window."""
    conditions: list[str] = ["1"]
    values: list[Any] = []
    for condition, value in (("articles.published >= ?", filters.since), ("articles.published <= ?", filters.until)):
        if value:
            conditions.append(condition)
            values.append(value.isoformat())
    for column, allowed in (("language", filters.languages), ("source", filters.sources), ("id", filters.article_ids)):
        if allowed:
            conditions.append(f"articles.{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(allowed))
    return " AND ".join(conditions), values
