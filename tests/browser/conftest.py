"""A browser, and a server of the page."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from fake_bot import FakeBot

from bot.serve.app import application
from bot.settings import Settings


@pytest.fixture(scope="session")
def bot() -> Any:
    return FakeBot()


@pytest.fixture(scope="session")
def address(bot: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the page on a free port of this machine."""
    settings = Settings(audit_log=tmp_path_factory.mktemp("server") / "audit.jsonl")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(application(bot, settings), log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = server.force_exit = True
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "These tests need Chromium: apt-get install chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open the page as a browser of some language and size would; fail on scripts' errors and requests elsewhere."""
    contexts, problems = [], []

    def visit(
        locale: str = "en-US",
        width: int = 1440,
        height: int = 900,
        path: str = "/",
        ready: str = "#latest .related",
        **options: Any,
    ) -> Any:
        context = browser.new_context(locale=locale, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("request", lambda request: _elsewhere(request.url, address) and problems.append(request.url))
        page.on("response", lambda each: each.status >= 400 and problems.append(f"{each.status} {each.url}"))
        page.goto(address + path)
        page.wait_for_selector(ready)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert problems == []


def _elsewhere(url: str, address: str) -> bool:
    return not url.startswith((f"{address}/", "data:", "blob:"))
