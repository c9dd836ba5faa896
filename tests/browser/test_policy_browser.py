"""The page and the documentation do all that they do within the content policy that they are sent with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from steps import ENGLISH, MARKS, ask, expect

pytestmark = MARKS

Visit = Callable[..., Any]

WATCH = """window.violations = [];
document.addEventListener("securitypolicyviolation", (each) => {
  window.violations.push(`${each.effectiveDirective} ${each.blockedURI} ${each.sourceFile}:${each.lineNumber}`);
});"""


FORBIDDEN = """() => new Promise((seen) => {
  document.addEventListener("securitypolicyviolation", (each) => seen(each.effectiveDirective));
  document.body.append(Object.assign(document.createElement("iframe"), {src: "data:text/html,x"}));
})"""
"""Does what no policy of ours allows."""


def watched(page: Any, ready: str) -> Any:
    """Load a page anew, and take down whatever its policy forbids it from the first line on."""
    page.add_init_script(WATCH)
    page.reload()
    page.wait_for_selector(ready)
    return page


def test_the_page_works_under_its_policy(visit: Visit) -> None:
    page = watched(visit(), "#latest .related")
    ask(page, ENGLISH)
    page.locator(".marker").first.hover()
    expect(page.locator("#preview blockquote")).to_be_visible()
    for name in ("briefing", "library", "quality"):
        page.evaluate(f"location.hash = '{name}'")
        expect(page.locator(f"#{name}")).to_be_visible()
    assert page.evaluate("window.violations") == []


def test_the_documentation_works_under_its_policy(visit: Visit) -> None:
    page = watched(visit(path="/api/docs", ready=".opblock"), ".opblock")
    page.locator(".opblock-summary").first.click()
    expect(page.locator(".opblock-body").first).to_be_visible()
    assert page.evaluate("window.violations") == []


@pytest.mark.parametrize("path", ["/", "/api/docs"])
def test_what_the_policy_forbids_is_seen(visit: Visit, path: str) -> None:
    page = watched(visit(path=path, ready="body"), "body")
    assert page.evaluate(FORBIDDEN) == "frame-src"
