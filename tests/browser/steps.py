"""What the browser tests do again and again."""

from __future__ import annotations

from typing import Any

import pytest

MARKS = [
    pytest.mark.browser,
    # Gradio 6.31 counts its calls as pandas 2 did.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]
ENGLISH = "How much was Alibaba fined?"

SEEN = """(selector) => {
  const node = document.querySelector(selector);
  if (!node) return false;
  const box = node.getBoundingClientRect(), rests = node.seenAt === box.y;
  node.seenAt = box.y;
  const x = box.x + box.width / 2, y = box.y + Math.min(box.height / 2, 40);
  return rests && node.contains(document.elementFromPoint(x, y));
}"""
"""Whether the middle of an element can be seen and touched, and stands where it stood when this was last asked."""


def expect(what: Any) -> Any:
    """Return playwright's assertions on a page or a part of it; they wait until they hold."""
    from playwright.sync_api import expect  # `make test` has no playwright, and skips what needs it

    return expect(what)


def start(page: Any, question: str) -> None:
    """Ask, and wait until the question stands in the conversation."""
    turns = page.locator(".turn").count()
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
    page.locator(".turn").nth(turns).wait_for()


def ask(page: Any, question: str) -> None:
    """Ask and wait for the answer."""
    start(page, question)
    finished(page)


def finished(page: Any) -> None:
    """Wait until the last turn is answered."""
    page.locator(".turn:last-child").locator(".foot, .reason").first.wait_for()
    page.locator("#send").wait_for()


def claims(page: Any, turn: int = 1) -> Any:
    """Return the claims of a turn."""
    return page.locator(f"#turn-{turn} .claim > p:first-child")


def in_view(page: Any, selector: str) -> None:
    """Wait until the middle of an element can be seen and touched, and it has come to rest."""
    page.wait_for_function(SEEN, arg=selector)


def fits(page: Any, width: int) -> None:
    """Wait until nothing makes the page wider than its window."""
    page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=width)
