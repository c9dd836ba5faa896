"""The same answers as tools of the Model Context Protocol. Needs the extra `mcp`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from functools import partial, wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field, GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.briefings import Digest, Timeline
from bot.digest import STORIES
from bot.engine import Regbrief
from bot.errors import BotError, TimedOut
from bot.records import Answer, AnswerLanguage, Hit, Language, Turn
from bot.serve.errors import said
from bot.timeline import EVENTS

READ = 20_000
"""Characters of an article that are read at once."""

WHILE = 0.75
"""Share of the time for a request that a call gets: it is told so before the request is given up."""

DRAIN = 30
"""Seconds that answers under way get when a server of nothing but tools is stopped."""

INSTRUCTIONS = """\
Regbrief answers questions on technology regulation from a library of news articles in English and Chinese. Each
sentence of an answer is carried by quotations that were checked against their articles, letter for letter: `citations`
has them with outlet and date. Keep the markers [n] where you pass a sentence on, and name the outlet and the date.
Where `abstained` is true, the library has no answer: say so. Ask in English, simplified or traditional Chinese; every
language is searched whichever you ask in.\
"""

Since = Annotated[date | None, Field(description="First day of publication, YYYY-MM-DD.")]
Until = Annotated[date | None, Field(description="Last day of publication, YYYY-MM-DD.")]
Languages = Annotated[list[Language] | None, Field(description="Only articles in these languages.")]
Sources = Annotated[list[str] | None, Field(description="Only these outlets, as articles name them.")]
Spoken = Annotated[AnswerLanguage | None, Field(description="Of the words around the quotations.")]

_READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

P = ParamSpec("P")
T = TypeVar("T")


class _Whole(RootModel[T]):
    """A record as a tool returns it: its fields are those of the result."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler.resolve_ref_schema(handler(core_schema))


class AnswerOut(_Whole[Answer]):
    """An answer, with each citation."""


class DigestOut(_Whole[Digest]):
    """A briefing, with each citation."""


class TimelineOut(_Whole[Timeline]):
    """A timeline, with each citation."""


class Found(BaseModel):
    """Passages, best first."""

    hits: list[Hit]


class Read(BaseModel):
    """An article, or a part of a long one: `text` is `body[start:end]`, and the body has `length` characters."""

    id: str
    title: str
    source: str
    published: date | None
    language: Language
    url: str | None
    text: str
    start: int
    end: int
    length: int


def server(bot: Regbrief) -> MCPServer:
    """Make the server of one library."""
    tools = MCPServer("regbrief", title="Regbrief", instructions=INSTRUCTIONS, log_level="WARNING")
    seconds = WHILE * (bot.settings.request_timeout if bot.settings else 120)

    def tool(title: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
        def add(function: Callable[P, T]) -> Callable[P, T]:
            tools.tool(title=title, annotations=_READ_ONLY)(_told(function, ToolError, seconds=seconds))
            return function

        return add

    @tool("Ask")
    def ask(
        question: Annotated[str, Field(description="One question, in English, 简体 or 繁體.")],
        since: Since = None,
        until: Until = None,
        languages: Languages = None,
        sources: Sources = None,
        history: Annotated[list[Turn] | None, Field(description="Earlier turns, oldest first.")] = None,
        answer_language: Spoken = None,
    ) -> AnswerOut:
        """Answer a question on technology regulation with sentences that checked quotations carry, or refuse."""
        return AnswerOut(
            bot.ask(
                question,
                since=since,
                until=until,
                languages=languages,
                sources=sources,
                history=history or (),
                answer_language=answer_language,
            )
        )

    @tool("Search")
    def search(
        query: Annotated[str, Field(description="What to look for.")],
        limit: Annotated[int, Field(description="Passages at most.", ge=1, le=100)] = 10,
        since: Since = None,
        until: Until = None,
        languages: Languages = None,
        sources: Sources = None,
    ) -> Found:
        """List the passages that match best, across languages; `read_article` reads on around one."""
        hits = bot.search(query, limit=limit, since=since, until=until, languages=languages, sources=sources)
        return Found(hits=hits)

    @tool("Read an article")
    def read_article(
        article_id: Annotated[str, Field(description="As citations and hits name it.")],
        start: Annotated[int, Field(description="Character of the body to begin at.", ge=0)] = 0,
    ) -> Read:
        """Read an article as its outlet published it, up to 20,000 characters at once."""
        article = bot.article(article_id)
        text = article.body[start : start + READ]
        return Read(
            id=article.id,
            title=article.title,
            source=article.source,
            published=article.published,
            language=article.language,
            url=article.url,
            text=text,
            start=start,
            end=start + len(text),
            length=len(article.body),
        )

    @tool("Briefing")
    def digest(
        topic: Annotated[str | None, Field(description="What about; without one, the newest stories.")] = None,
        since: Since = None,
        until: Until = None,
        languages: Languages = None,
        sources: Sources = None,
        limit: Annotated[int, Field(description="Stories at most.", ge=1, le=50)] = STORIES,
        answer_language: Spoken = None,
    ) -> DigestOut:
        """Brief on the stories of a topic, newest first: quoted lines, what changed, what is disputed, what comes."""
        return DigestOut(
            bot.digest(
                topic,
                since=since,
                until=until,
                languages=languages,
                sources=sources,
                limit=limit,
                answer_language=answer_language,
            )
        )

    @tool("Timeline")
    def timeline(
        topic: Annotated[str, Field(description="What about.")],
        since: Since = None,
        until: Until = None,
        languages: Languages = None,
        sources: Sources = None,
        limit: Annotated[int, Field(description="Events at most.", ge=1, le=100)] = EVENTS,
        answer_language: Spoken = None,
    ) -> TimelineOut:
        """Tell what happened on a topic, earliest first, each event once and in a proved line."""
        return TimelineOut(
            bot.timeline(
                topic,
                since=since,
                until=until,
                languages=languages,
                sources=sources,
                limit=limit,
                answer_language=answer_language,
            )
        )

    def article(article_id: str) -> str:
        """Return an article as Markdown."""
        found = bot.article(article_id)
        about = " · ".join(filter(None, (found.source, str(found.published or ""), found.url)))
        return f"# {found.title}\n\n{about}\n\n{found.body}\n"

    tools.resource(
        "article://{article_id}", title="Article", description="An article in full.", mime_type="text/markdown"
    )(_told(article, ResourceError, seconds=seconds))
    return tools


def http(tools: MCPServer, *, guarded: bool) -> Starlette:
    """Return the server for HTTP, at /mcp; where nothing stands before it, it answers this machine's own names only."""
    AppStatus.enable_automatic_graceful_drain = False  # it cuts off every answer once the process is told to stop
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False) if guarded else None
    return tools.streamable_http_app(stateless_http=True, transport_security=security)


class Endpoint:
    """The tools of one library at /mcp, while it is `open`; it may be opened again."""

    def __init__(self, bot: Regbrief) -> None:
        self._bot = bot
        self._app: Starlette | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let clients in as long as this lasts."""
        tools = server(self._bot)
        app = http(tools, guarded=True)
        async with tools.session_manager.run():  # which can be entered once
            self._app = app
            yield
        self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        answer = self._app or PlainTextResponse("The server is not running.", status_code=503)
        await answer(scope, receive, send)


def listen(tools: MCPServer, host: str, port: int) -> None:
    """Serve over HTTP on this machine until interrupted."""
    app = http(tools, guarded=False)
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=DRAIN)


def _told(function: Callable[P, T], kind: type[Exception], *, seconds: float) -> Callable[P, Awaitable[T]]:
    """Let a BotError reach the client as words, also that there was no more time; the SDK keeps others to itself.

    A thread that is given up goes on until what it waits for gives up, too.
    """

    @wraps(function)
    async def telling(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            with anyio.move_on_after(seconds):
                return await anyio.to_thread.run_sync(partial(function, *arguments, **named), abandon_on_cancel=True)
            raise TimedOut("The time for a call is over.")
        except BotError as error:
            fault = said(error, "en")
            raise kind(f"{fault.message} {fault.hint}".strip()) from error

    return telling
