"""Briefings and timelines under /api/v1: as JSON, or written out as Markdown, HTML or plain text."""

from __future__ import annotations

from time import perf_counter
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.briefings import Digest, Timeline
from bot.digest import STORIES
from bot.digest_text import Format, written
from bot.engine import Regbrief
from bot.errors import Stopped
from bot.indexing import Progress
from bot.outcomes import Stage
from bot.records import AnswerLanguage, Language, to_json
from bot.serve.errors import documented
from bot.serve.examples import Responses, shown
from bot.serve.parameters import ArticleId, Day, Languages, Since, Sources, Until
from bot.timeline import EVENTS

Form = Literal["json", "markdown", "html", "text"]

WRITING = 0.75
"""Share of the time for a request after which what a model has not told yet is quoted."""

_TYPES: dict[Format, str] = {"markdown": "text/markdown", "html": "text/html", "text": "text/plain"}
_POLICY = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


def _shown(name: str) -> Responses:
    responses = shown(name, description="As JSON, or as `format` says.")
    responses[200]["content"] |= {each: {"schema": {"type": "string"}} for each in _TYPES.values()}
    return responses


class DigestRequest(BaseModel):
    """What to brief on; dates are of publication, both inclusive."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"topic": "app stores", "since": "2023-01-01", "limit": 5}]},
    )

    topic: str | None = Field(None, description="In English, 简体 or 繁體; without one, the newest stories are told.")
    since: Day | None = None
    until: Day | None = None
    languages: list[Language] | None = Field(None, description="Of the articles.")
    sources: list[str] | None = Field(None, description="Outlets, as articles name them.")
    limit: int = Field(STORIES, ge=1, le=50, description="Stories at most.")
    answer_language: AnswerLanguage | None = Field(None, description="Of the words around the quotations.")
    today: Day | None = Field(None, description="What `last month` counts from; default: now.")
    format: Form = "json"


Spoken = Annotated[AnswerLanguage | None, Query(description="Language of the words around the quotations.")]
Written = Annotated[Form, Query(alias="format", description="What it is written as.")]


def add_routes(routes: APIRouter, bot: Regbrief) -> None:
    """Add the routes for one library."""

    @routes.post("/digest", response_model=Digest, responses=_shown("digest"))
    def digest(request: DigestRequest) -> Response:
        """Brief on the stories of a topic, or on the newest: headline, quoted lines, what changed, what is disputed,
        what comes next."""
        arguments = {name: value for name, value in request if name not in ("topic", "format")}
        return _response(bot.digest(request.topic, progress=_in_time(bot), **arguments), request.format)

    @routes.get("/timeline", response_model=Timeline, responses=_shown("timeline"))
    def timeline(
        topic: Annotated[str, Query(description="What about.")],
        since: Since = None,
        until: Until = None,
        languages: Languages = (),
        sources: Sources = (),
        limit: Annotated[int, Query(ge=1, le=100, description="Events at most.")] = EVENTS,
        answer_language: Spoken = None,
        today: Annotated[Day | None, Query(description="What `last month` counts from; default: now.")] = None,
        form: Written = "json",
    ) -> Response:
        """Tell what happened on a topic, earliest first, each event once and in a proved line."""
        told = bot.timeline(
            topic,
            since=since,
            until=until,
            languages=languages,
            sources=sources,
            limit=limit,
            answer_language=answer_language,
            today=today,
            progress=_in_time(bot),
        )
        return _response(told, form)

    @routes.get(
        "/articles/{article_id}/summary",
        response_model=Digest,
        responses={**_shown("summary"), **documented(404)},
    )
    def summary(article_id: ArticleId, answer_language: Spoken = None, form: Written = "json") -> Response:
        """Tell one article in its central sentences, in order."""
        return _response(bot.summarize(article_id, answer_language=answer_language, progress=_in_time(bot)), form)


def _in_time(bot: Regbrief) -> Progress:
    """Return what stops a model that is still writing when most of the time for a request is over."""
    ends = perf_counter() + WRITING * (bot.settings.request_timeout if bot.settings else 120)

    def watch(stage: Stage) -> None:
        if perf_counter() > ends:
            raise Stopped

    return watch


def _response(what: Digest | Timeline, form: Form) -> Response:
    if form == "json":
        return JSONResponse(to_json(what))
    return Response(written(what, form), media_type=f"{_TYPES[form]}; charset=utf-8", headers=_POLICY)
