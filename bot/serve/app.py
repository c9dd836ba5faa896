"""The page and the API on one port, behind the guards that the settings ask for."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from bot.engine import Regbrief
from bot.errors import SettingsError
from bot.serve import logs
from bot.serve.api import create_app
from bot.serve.connections import Connection
from bot.serve.guards import Guards, listed
from bot.serve.load import COME_AGAIN
from bot.serve.traces import Traces, wanted
from bot.settings import Settings

KEPT = 3 * COME_AGAIN
"""Seconds that a connection is kept between two requests: who is told to come again is to find it open."""


def application(bot: Regbrief, settings: Settings | None = None, *, closing: asyncio.Event | None = None) -> FastAPI:
    """Return the API with the page mounted at its root, guarded as the settings say.

    `closing` is set when the server is stopped. Raises SettingsError where the server would stand open to a network.
    """
    guards = Guards.of(bot, settings or bot.settings or Settings.read(), closing=closing)

    from bot.ui import sign_in
    from bot.ui.page import mount  # Gradio takes seconds to import: only a server that may start pays for it

    app = create_app(bot)
    guards.add_routes(app, bot)
    if guards.keys:
        app.include_router(sign_in.router(guards.keys, guards.sessions, rates=guards.rates, audit=guards.audit))
    mount(app, bot, guards.turns)
    guards.stand_before(app)
    return app


def run(bot: Regbrief, settings: Settings, *, started: Callable[[str], None] = lambda address: None) -> None:
    """Serve until interrupted, then finish what is under way; `started` is told the address once it is listened on.

    Raises SettingsError where the port is taken, or the server would stand open to a network.
    """
    logs.set_up(form=settings.log_format, level=settings.log_level)
    closing = asyncio.Event()
    app = application(bot, settings, closing=closing)
    traces = Traces.open() if wanted() else None
    if traces:
        bot.listeners.append(traces.answered)
        app.add_middleware(traces.before)
    server = Server(app, settings, closing=closing, started=started)
    try:
        server.run()
    except SystemExit as error:
        if not server.started:
            raise SettingsError(
                f"The server cannot listen on {settings.host}:{settings.port}.",
                hint="Stop what uses the port, or set REGBRIEF_PORT to another one.",
            ) from error
        raise
    finally:
        if traces:
            traces.close()


class Server(uvicorn.Server):
    """uvicorn, which tells that it has started, and the application as soon as it is stopped."""

    def __init__(
        self,
        app: FastAPI,
        settings: Settings,
        *,
        closing: asyncio.Event,
        started: Callable[[str], None] = lambda address: None,
    ) -> None:
        self.closing = closing
        self.tell = started
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                http=Connection,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.proxies),
                forwarded_allow_ips=listed(settings.proxies),
                timeout_keep_alive=KEPT,
                timeout_graceful_shutdown=settings.drain_timeout,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self.tell(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.closing.set()
        await super().shutdown(sockets)
