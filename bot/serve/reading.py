"""What is in the library, under /api/v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from bot.engine import Regbrief
from bot.index import Half
from bot.records import LANGUAGES, Article, Excerpt, Language, Verdict
from bot.release import release
from bot.serve.errors import documented
from bot.serve.etags import UNCHANGED, tagged
from bot.serve.examples import shown
from bot.serve.parameters import ArticleId, ArticleIds, Languages, Offset, Since, Sources, Until


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """Some of the articles, newest first."""

    total: int
    offset: int
    articles: list[Article]


@dataclass(frozen=True, slots=True)
class Health:
    status: str
    articles: int
    unavailable: Mapping[Half, str]
    """What of the search does not answer, `dense` or `keywords`, and why."""
    version: str
    """The release that answers."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What the library holds."""

    articles: int
    languages: dict[Language, int]
    sources: dict[str, int]
    """Articles of each outlet, most first."""
    newest: date | None
    """When the newest article was published."""
    feeds: int
    feedback: dict[Verdict, int]
    """What readers have said of answers."""


def add_routes(routes: APIRouter, bot: Regbrief) -> None:
    """Add the routes for one library."""

    @routes.get("/articles", response_model=ArticlePage, responses={**shown("article_page"), **UNCHANGED})
    def articles(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=200, description="Articles at most.")] = 50,
        offset: Offset = 0,
        since: Since = None,
        until: Until = None,
        languages: Languages = (),
        sources: Sources = (),
        article_ids: ArticleIds = (),
    ) -> Response:
        """List the articles, newest first; `total` counts all that the filters let through."""
        filters: dict[str, Any] = {
            "since": since,
            "until": until,
            "languages": languages,
            "sources": sources,
            "article_ids": article_ids,
        }
        found = list(bot.articles(limit=limit, offset=offset, **filters))
        return tagged(request, ArticlePage(bot.count(**filters), offset, found))

    @routes.get(
        "/articles/{article_id}",
        response_model=Article,
        responses={**shown("article"), **UNCHANGED, **documented(404)},
    )
    def article(article_id: ArticleId, request: Request) -> Response:
        """Return one article in full, as its outlet published it. The offsets of citations count in its `body`."""
        return tagged(request, bot.article(article_id))

    @routes.get(
        "/articles/{article_id}/excerpt",
        response_model=Excerpt,
        responses={**shown("excerpt"), **UNCHANGED, **documented(404)},
    )
    def excerpt(
        article_id: ArticleId,
        request: Request,
        quote: Annotated[str | None, Query(description="Words of the article, or else:")] = None,
        start: Annotated[int | None, Query(description="Their first character,", le=2**31)] = None,
        end: Annotated[int | None, Query(description="and the one after their last.", le=2**31)] = None,
    ) -> Response:
        """Return a quotation in its paragraph: named by its words, or by the offsets of a citation."""
        return tagged(request, bot.excerpt(article_id, quote=quote, start=start, end=end))

    @routes.get("/stats", responses=shown("stats"))
    def stats() -> Stats:
        """Say what the library holds."""
        newest = next(bot.articles(limit=1), None)
        return Stats(
            articles=bot.count(),
            languages={language: bot.count(languages=[language]) for language in LANGUAGES},
            sources=bot.sources(),
            newest=newest.published if newest else None,
            feeds=len(bot.feeds()),
            feedback=bot.feedback_counts(),
        )

    @routes.get("/health", responses=shown("health"))
    def health() -> Health:
        """Say that the library can be read, how many articles it has, what does not answer, and the release."""
        return Health("ok", bot.count(), bot.unavailable(), release())
