"""Hostile articles, questions, models and browsers' stores: whatever they hold stays text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_bot import HOSTILE
from payloads import ADDRESSES, MARKUP
from steps import MARKS, ask, expect

pytestmark = MARKS

Visit = Callable[..., Any]
FORBIDDEN = "script, img, iframe, object, embed, svg, math, video, audio, form, style, link, meta, base, details"


CANARY = """() => new Promise((sung) => {
  const image = document.createElement("img");
  image.onerror = () => requestAnimationFrame(() => setTimeout(sung));
  image.src = "data:image/png,";
  document.body.append(image);
}).then(() => document.body.lastElementChild.remove())"""
"""Waits until a bad image, put in last, has told of its error; what was there before it has told by then."""


def unharmed(page: Any, *within: str) -> None:
    """Assert that nothing ran, and that nothing of what was read has become a part of the page."""
    page.evaluate(CANARY)
    assert page.evaluate("window.hacked") is None
    for part in within:
        inside = page.locator(part).first
        assert inside.locator(FORBIDDEN).count() == 0
        handlers = "each => [...each.querySelectorAll('*')].flatMap((node) => [...node.attributes])"
        handlers += ".filter(({ name }) => name.startsWith('on')).map(({ name }) => name)"
        assert inside.evaluate(handlers) == []
        links = inside.locator("a[href]").evaluate_all("all => all.map((each) => each.getAttribute('href'))")
        assert [each for each in links if not each.startswith(("#", "https://example.org/"))] == []


def test_there_are_at_least_forty_payloads() -> None:
    assert len(set(MARKUP)) + len(set(ADDRESSES)) >= 60


def test_payloads_in_articles_and_model_output_do_nothing(visit: Visit) -> None:
    page = visit()
    ask(page, "payloads")
    unharmed(page, "#transcript", "#sheets")
    expect(page.locator(".card mark")).to_have_count(len(MARKUP))
    assert page.locator(".card mark").all_text_contents() == [f"{each} Quoted." for each in MARKUP]
    assert [each.strip() for each in page.locator(".card .title bdi").all_text_contents()] == [
        each.strip() for each in MARKUP
    ]
    for marker in (0, 3, 7):
        page.locator(".marker").nth(marker).hover()
        expect(page.locator("#preview blockquote")).to_contain_text("Quoted.")
        unharmed(page, "#preview")
    page.mouse.move(1, 1)
    for at in range(0, len(MARKUP), 5):
        page.locator(".card .around").nth(0).dispatch_event("click")
        page.locator(".card .open").nth(at).dispatch_event("click")
        page.locator("#reading mark").first.wait_for()
        unharmed(page, "#reading")
        page.keyboard.press("Escape")
        expect(page.locator("#reader")).to_be_hidden()
    unharmed(page, "#sheets")


def test_payloads_that_a_browser_has_kept_do_nothing(visit: Visit) -> None:
    page = visit()
    ask(page, "payloads")
    page.get_by_role("link", name="简体").click()
    page.wait_for_url("**/zh-Hans/")
    page.locator("#turn-1 .foot").wait_for()
    unharmed(page, "#transcript", "#sheets")
    page.locator("#again").click()
    page.locator("#past").click()
    page.locator("#conversation-list button").first.wait_for()
    unharmed(page, "#conversations")


def test_payloads_in_questions_do_nothing(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#latest .title", has_text="window.hacked")).to_have_text(HOSTILE)
    for question in (HOSTILE, *MARKUP[::6]):
        ask(page, question)
    unharmed(page, "#transcript", "#sheets", "#latest")
    expect(page.locator(".turn .question").first).to_have_text(HOSTILE)
    page.get_by_role("button", name="Outlets").click()
    page.locator("#source-list input").last.check()
    unharmed(page, "#chips", "#source-list")
    page.keyboard.press("Escape")
    page.locator("#again").click()
    page.locator("#past").click()
    page.locator("#conversation-list button").first.wait_for()
    unharmed(page, "#conversations")


def test_exports_of_payloads_do_nothing(visit: Visit) -> None:
    page = visit()
    ask(page, "payloads")
    for form in ("html", "word"):
        page.locator("#turn-1 .export").click()
        with page.expect_download() as download:
            page.locator(f"#formats button[value={form}]").click()
        exported = page.context.new_page()
        exported.set_content(download.value.path().read_text("utf-8"))
        unharmed(exported, "body")
        exported.close()
