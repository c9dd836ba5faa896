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


def claims(page: Any, turn: int = 1) -> list[str]:
    """Return the claims of a turn."""
    return [str(each) for each in page.locator(f"#turn-{turn} .claim > p:first-child").all_inner_texts()]


def in_view(page: Any, selector: str) -> bool:
    """Whether the middle of an element can be seen and touched."""
    page.wait_for_timeout(600)  # smooth scrolling
    seen: bool = page.evaluate(
        """(selector) => {
          const node = document.querySelector(selector), box = node.getBoundingClientRect();
          const x = box.x + box.width / 2, y = box.y + Math.min(box.height / 2, 40);
          return node.contains(document.elementFromPoint(x, y));
        }""",
        selector,
    )
    return seen


def focused(page: Any) -> str:
    """Return the id, or else the class, of what has the focus."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))
