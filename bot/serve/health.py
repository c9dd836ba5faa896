"""Whether the server lives, and whether it can answer: for those who restart it, and those who send it requests."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from bot.engine import Regbrief
from bot.errors import BotError, ServerError
from bot.serve.errors import documented
from bot.serve.examples import shown
from bot.serve.load import COME_AGAIN


class State(BaseModel):
    """`ok`, or why not."""

    status: str


_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": State, "description": "It cannot answer now."}}


def router(bot: Regbrief, closing: asyncio.Event) -> APIRouter:
    """Return the routes; neither needs a key, nor tells more than that."""
    routes = APIRouter(prefix="/api/v1/health", tags=["health"], responses=documented())

    @routes.get("/live", responses=shown("state"))
    async def live() -> State:
        """Say that the process answers: restart it where it does not."""
        return State(status="ok")

    @routes.get("/ready", response_model=State, responses={**shown("state"), **_NOT_READY})
    def ready() -> Response:
        """Say whether questions can be answered: send it none where not."""
        status = _status(bot, closing)
        if status == "ok":
            return JSONResponse({"status": status})
        return JSONResponse({"status": status}, status_code=503, headers={"Retry-After": str(COME_AGAIN)})

    return routes


def _status(bot: Regbrief, closing: asyncio.Event) -> str:
    if closing.is_set():
        return "stopping"
    try:
        bot.library.refresh()
        if bot.unavailable().keys() >= {"dense", "keywords"}:
            return ServerError.code
        return "ok" if bot.count() >= 0 else "empty"
    except BotError as error:
        return error.code
