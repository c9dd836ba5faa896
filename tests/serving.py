"""An application served on a free port of this machine, for clients that speak HTTP themselves."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi.testclient import TestClient

from bot.engine import Regbrief
from bot.serve import health
from bot.serve.api import create_app


def probed(bot: Regbrief) -> TestClient:
    """Return a client of the API that also answers health probes, as behind its guards."""
    app = create_app(bot)
    app.include_router(health.router(bot, asyncio.Event()))
    return TestClient(app)


def until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait for what comes sooner or later: on a busy machine much later."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.05)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application, and give its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
