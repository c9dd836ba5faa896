"""What the library tab counts and lists: values from articles, found, cut into pages, and counted over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.errors import InputError
from bot.language import fold
from bot.records import LANGUAGES, Article, Language
from bot.ui.chart import Chart, chart

ROWS = 20
"""Articles on a page of the list."""

OUTLETS = 5
"""Outlets that get a colour of their own: those with most articles."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An article without its body."""

    id: str
    title: str
    source: str
    published: date | None
    language: Language
    url: str | None

    @classmethod
    def of(cls, article: Article) -> Listed:
        return cls(article.id, article.title, article.source, article.published, article.language, article.url)

    @property
    def searchable(self) -> str:
        return f"{self.title}\n{self.source}\n{self.id}"


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for in the list: words in any script, a language or all, and a page from 1."""

    words: str = ""
    language: Language | None = None
    page: int = 1

    @classmethod
    def read(cls, sent: object) -> Query:
        """Read what a browser has sent. Raises InputError."""
        given: Mapping[str, Any] = sent if isinstance(sent, Mapping) else {}
        language, page = given.get("language") or None, given.get("page") or 1
        if language is not None and language not in LANGUAGES:
            raise InputError(f"The language {language!r} is not known.", hint=f"Use {', '.join(LANGUAGES)}.")
        if not isinstance(page, int):
            raise InputError(f"The page {page!r} is no number.")
        return cls(str(given.get("words") or "")[:500], language, max(1, page))


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of all that match; `number` is the page's own, which is the last where the one asked for is none."""

    rows: tuple[Listed, ...]
    number: int
    total: int

    @property
    def first(self) -> int:
        return (self.number - 1) * ROWS + 1

    @property
    def pages(self) -> int:
        return -(-self.total // ROWS)


@dataclass(frozen=True, slots=True)
class Overview:
    """What a library holds, in numbers and over time."""

    articles: int
    languages: Mapping[Language, int]
    outlets: int
    first: date | None
    last: date | None
    by_language: Chart | None
    by_outlet: Chart | None
    largest: tuple[str, ...]
    """The outlets that the second chart names; what else there is comes last in it."""


def page_of(articles: Iterable[Article], query: Query) -> Page:
    """Return a page of the articles that hold all words in title, outlet or id, in whichever script."""
    wanted = fold(query.words).split()
    found = []
    for article in articles:
        row = Listed.of(article)
        if not wanted or all(word in fold(row.searchable) for word in wanted):
            found.append(row)
    number = max(1, min(query.page, -(-len(found) // ROWS)))
    return Page(tuple(found[(number - 1) * ROWS : number * ROWS]), number, len(found))


def overview(articles: Iterable[Article]) -> Overview:
    """Count the articles of a library."""
    rows = [Listed.of(each) for each in articles]
    outlets = Counter(row.source for row in rows)
    largest = tuple(name for name, _ in outlets.most_common(OUTLETS) if name)
    languages = Counter(row.language for row in rows)
    days = [row.published for row in rows if row.published]
    return Overview(
        articles=len(rows),
        languages={language: languages[language] for language in LANGUAGES},
        outlets=len(outlets.keys() - {""}),
        first=min(days, default=None),
        last=max(days, default=None),
        by_language=_chart(rows, [row.language for row in rows], LANGUAGES),
        by_outlet=_chart(rows, [row.source if row.source in largest else "" for row in rows], (*largest, "")),
        largest=largest,
    )


def _chart(rows: Sequence[Listed], names: Sequence[str], series: Sequence[str]) -> Chart | None:
    return chart(((row.published, name) for row, name in zip(rows, names, strict=True) if row.published), series)
