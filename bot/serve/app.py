"""The page and the API on one port."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from bot.engine import Regbrief
from bot.errors import SettingsError
from bot.serve.api import create_app
from bot.settings import Settings


def application(bot: Regbrief) -> FastAPI:
    """Return the API with the page mounted at its root."""
    from bot.ui.page import mount  # Gradio takes seconds to import: only a server pays for it

    return mount(create_app(bot), bot)


def run(bot: Regbrief, settings: Settings) -> None:
    """Serve until interrupted. Raises SettingsError where the port is taken."""
    server = uvicorn.Server(
        uvicorn.Config(application(bot), host=settings.host, port=settings.port, log_level="warning", access_log=False)
    )
    try:
        server.run()
    except SystemExit as error:
        if not server.started:
            raise SettingsError(
                f"The server cannot listen on {settings.host}:{settings.port}.",
                hint="Stop what uses the port, or set REGBRIEF_PORT to another one.",
            ) from error
        raise
