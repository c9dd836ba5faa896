"""The REST interface under /api/v1: the same records as Python and the command line, as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from bot.engine import Regbrief
from bot.serve import asking, digests, errors, feedback, openai_api, reading, subscriptions, writing
from bot.serve.errors import documented, without_fastapis
from bot.serve.examples import completed
from bot.serve.jobs import Jobs
from bot.serve.secured import secured

if TYPE_CHECKING:
    from bot.serve.mcp_server import Endpoint

ADMIN = "admin"
"""Tag of the routes that change the library, or tell what others have asked."""

_DESCRIPTION = """
Questions on technology regulation, answered with quotations that were checked: `article.body[start:end] == quote` holds
for every citation.

Errors have one form, `{"error": {"code", "message", "hint"}}`, in the language of `Accept-Language`: English, 简体 or
繁體. Routes with the tag `admin` change the library, or tell what others have asked, and need a key of that scope.
Where a server has keys, all others but the health probes need one that may read. Under `/v1` any OpenAI client works.
"""

_TAGS = [
    {"name": "read", "description": "Ask, search, read, and say what you think of an answer."},
    {"name": ADMIN, "description": "Change the library, or read what others have asked."},
    {"name": "openai", "description": "The same answers for clients of OpenAI's API."},
]


def create_app(bot: Regbrief) -> FastAPI:
    """Make the application that serves one library; its documentation, at /api/docs, loads nothing from outside."""
    jobs = Jobs(bot)
    tools = _tools(bot)
    app = FastAPIOffline(
        title="Regbrief",
        version="1",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url="/api/openapi.json",
        docs_url="/api/docs",
        redoc_url=None,
        static_url="/api/static",
        lifespan=_lifespan(jobs, tools),
        generate_unique_id_function=_name,
        separate_input_output_schemas=False,
    )
    app.include_router(reading_routes(bot))
    app.include_router(writing_routes(bot, jobs))
    app.include_router(openai_api.router(bot))
    if tools:
        app.router.routes.append(Route("/mcp", tools, include_in_schema=False))
    errors.add_handlers(app)
    app.openapi = cache(_completing(app.openapi))  # type: ignore[method-assign]
    return app


def reading_routes(bot: Regbrief) -> APIRouter:
    """Return the routes that change nothing but what readers say of answers."""
    routes = APIRouter(prefix="/api/v1", tags=["read"], responses=documented())
    for add_routes in (
        asking.add_routes,
        digests.add_routes,
        reading.add_routes,
        subscriptions.add_reading,
        feedback.add_giving,
    ):
        add_routes(routes, bot)
    return routes


def writing_routes(bot: Regbrief, jobs: Jobs) -> APIRouter:
    """Return the routes that change the library, or tell what others have asked."""
    routes = APIRouter(prefix="/api/v1", tags=[ADMIN], responses=documented())
    writing.add_routes(routes, bot, jobs)
    subscriptions.add_writing(routes, bot, jobs)
    feedback.add_reading(routes, bot)
    return routes


def _completing(document: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    return lambda: secured(without_fastapis(completed(document())))


def _name(route: APIRoute) -> str:
    """Name an operation as its function, which generated clients then call it, too."""
    return route.name


def _tools(bot: Regbrief) -> Endpoint | None:
    """Return the tools for clients of MCP, if its extra is installed."""
    if find_spec("mcp") is None:
        return None
    from bot.serve import mcp_server  # takes a second

    return mcp_server.Endpoint(bot)


def _lifespan(jobs: Jobs, tools: Endpoint | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with tools.open() if tools else nullcontext():
            yield
        await run_in_threadpool(jobs.close)

    return lifespan
