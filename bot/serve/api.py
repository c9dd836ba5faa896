"""The REST interface under /api/v1: the same records as Python and the command line, as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import iterate_in_threadpool
from starlette.exceptions import HTTPException

from bot.engine import Event, Regbrief
from bot.errors import BotError, InputError, LibraryLocked, NotFound
from bot.records import Answer, Article, Hit, Language, Turn, to_json
from bot.serve.digests import add_routes

STATUS: dict[type[BotError], int] = {InputError: 400, NotFound: 404, LibraryLocked: 409}
"""The HTTP status of each error; any other BotError is 503, as the server cannot do its work."""


class AskRequest(BaseModel):
    """A question and what may be searched for it; dates are of publication, both inclusive."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "支付寶被要求做什麼？", "since": "2021-01-01"}]},
    )

    question: str = Field(description="In English, 简体 or 繁體.")
    since: date | None = None
    until: date | None = None
    languages: list[Language] | None = None
    sources: list[str] | None = Field(None, description="Outlets, as articles name them.")
    article_ids: list[str] | None = None
    history: list[Turn] = Field(default_factory=list, description="Earlier turns, oldest first.", max_length=50)
    today: date | None = Field(None, description="What `last month` counts from; default: now.")
    read_dates: bool = Field(True, description="Whether words such as `last month` set the window.")
    answer_language: Language | None = Field(None, description="Language of a refusal; default: the question's.")
    stream: bool = Field(False, description="Answer with server-sent events: status, citation, claim, done.")


class Fault(BaseModel):
    code: str
    message: str
    hint: str


class ErrorBody(BaseModel):
    """Every answer that is not a success has this form."""

    error: Fault


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


Since = Annotated[date | None, Query(description="First day of publication.")]
Until = Annotated[date | None, Query(description="Last day of publication.")]
Languages = Annotated[list[Language] | None, Query(alias="language", description="Repeatable.")]
Sources = Annotated[list[str] | None, Query(alias="source", description="Outlet; repeatable.")]


def create_app(bot: Regbrief) -> FastAPI:
    """Make the application that serves one library; its documentation, at /api/docs, loads nothing from outside."""
    app = FastAPIOffline(
        title="Regbrief",
        description="Questions on technology regulation, answered with quotations that were checked.",
        openapi_url="/api/openapi.json",
        docs_url="/api/docs",
        redoc_url=None,
        static_url="/api/static",
    )
    app.include_router(router(bot))
    app.add_exception_handler(BotError, _bot_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    return app


def router(bot: Regbrief) -> APIRouter:
    """Return the routes for one library."""
    routes = APIRouter(
        prefix="/api/v1",
        responses={400: {"model": ErrorBody}, 422: {"model": ErrorBody}, 503: {"model": ErrorBody}},
    )

    @routes.post("/ask", response_model=Answer)
    def ask(request: AskRequest) -> Response:
        """Answer a question with quoted sentences, or refuse."""
        arguments = {name: value for name, value in request if name != "stream"}
        if request.stream:
            return StreamingResponse(_while_heard(bot.stream(**arguments)), media_type="text/event-stream")
        return JSONResponse(to_json(bot.ask(**arguments)))

    @routes.get("/search")
    def search(
        q: Annotated[str, Query(description="What to look for.")],
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
        since: Since = None,
        until: Until = None,
        languages: Languages = None,
        sources: Sources = None,
    ) -> list[Hit]:
        """List the passages that match best, best first."""
        return bot.search(q, limit=limit, since=since, until=until, languages=languages, sources=sources)

    @routes.get("/articles")
    def articles(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0)] = 0,
        since: Since = None,
        until: Until = None,
        languages: Languages = None,
        sources: Sources = None,
    ) -> ArticlePage:
        """List the articles, newest first."""
        filters: dict[str, Any] = {"since": since, "until": until, "languages": languages, "sources": sources}
        return ArticlePage(bot.count(**filters), offset, list(bot.articles(limit=limit, offset=offset, **filters)))

    @routes.get("/articles/{article_id}", responses={404: {"model": ErrorBody}})
    def article(article_id: str) -> Article:
        """Return one article in full."""
        return bot.article(article_id)

    @routes.get("/health")
    def health() -> Health:
        """Say that the library can be read, and how many articles it has."""
        return Health("ok", bot.count())

    add_routes(routes, bot)
    return routes


async def _while_heard(events: Generator[Event, None, None]) -> AsyncIterator[bytes]:
    """Send events, and stop the model that writes them when nobody listens any more."""
    try:
        async for piece in iterate_in_threadpool(_server_sent(events)):
            yield piece
    finally:
        events.close()


def _server_sent(events: Iterator[Event]) -> Iterator[bytes]:
    try:
        for event in events:
            data = TypeAdapter(type(event.data)).dump_json(event.data).decode()
            yield format_sse_event(event=event.type, data_str=data)
    except BotError as error:  # the status line is sent already: an error is an event, too
        yield format_sse_event(event="error", data_str=_error(error.code, error.message, error.hint).model_dump_json())


def _bot_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BotError)
    body = _error(error.code, error.message, error.hint)
    return JSONResponse(body.model_dump(), status_code=STATUS.get(type(error), 503))


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return JSONResponse(_error("invalid_request", faults, "See /api/docs.").model_dump(), status_code=422)


def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    body = _error("http_error", str(error.detail), "See /api/docs.")
    return JSONResponse(body.model_dump(), status_code=error.status_code, headers=error.headers)


def _error(code: str, message: str, hint: str) -> ErrorBody:
    return ErrorBody(error=Fault(code=code, message=message, hint=hint))
