"""A browser, and a server of the page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_bot import FakeBot
from visiting import Visits, serving

from bot.settings import Settings

PATIENCE = 30_000
"""Milliseconds in which what is waited for has to come, also on a machine that does much else."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell what the pages did where a test has failed: what is seen once on another machine is not seen again."""
    report = yield
    if report.when == "call" and report.failed and (visits := item.funcargs.get("visits")):
        report.sections.append(("pages", visits.told()))
    return report


@pytest.fixture(scope="session")
def bot() -> Any:
    return FakeBot()


@pytest.fixture(scope="session")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the server logs what is changed."""
    return tmp_path_factory.mktemp("server") / "audit.jsonl"


@pytest.fixture(scope="session")
def address(bot: Any, audit: Path) -> Iterator[str]:
    """Serve the page on a free port of this machine."""
    with serving(bot, Settings(port=0, audit_log=audit)) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "These tests need Chromium: apt-get install chromium fonts-noto-cjk"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def visits(browser: Any) -> Iterator[Visits]:
    """Open pages in contexts that keep what they have loaded from one test to the next, and nothing else."""
    visits = Visits(browser, timeout=PATIENCE)
    yield visits
    visits.close()


@pytest.fixture
def visit(visits: Visits, address: str, bot: Any) -> Iterator[Callable[..., Any]]:
    """Open the page as a browser of some language and size would; fail on scripts' errors and requests elsewhere."""

    def visit(
        locale: str = "en-US",
        width: int = 1440,
        height: int = 900,
        path: str = "/",
        ready: str = "#latest .related",
        **options: Any,
    ) -> Any:
        page = visits.open(address, locale=locale, width=width, height=height, **options)
        page.goto(address + path)
        page.wait_for_selector(ready)
        return page

    yield visit
    bot.go_on()
    assert visits.leave() == []
