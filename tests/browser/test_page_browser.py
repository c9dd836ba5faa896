"""The page in Chromium: what a reader does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from steps import ENGLISH, MARKS, ask, in_view

pytestmark = MARKS

Visit = Callable[..., Any]
SCRIPTS = [
    pytest.param("en-GB", "en", ENGLISH, "They fined Alibaba 18.228 billion yuan.", id="en"),
    pytest.param("zh-CN", "zh-Hans", "滴滴为什么被罚款？", "网信办对滴滴处以80.26亿元罚款。", id="zh-Hans"),
    pytest.param("zh-HK", "zh-Hant", "支付寶被要求做什麼？", "監管機構要求支付寶分拆小額貸款業務。", id="zh-Hant"),
]


@pytest.mark.parametrize(("locale", "language", "question", "quote"), SCRIPTS)
def test_a_question_is_answered_in_each_script(
    visit: Visit, locale: str, language: str, question: str, quote: str
) -> None:
    page = visit(locale)
    assert page.url.endswith(f"/{language}/")
    assert page.evaluate("document.documentElement.lang") == language
    ask(page, question)
    assert page.locator(".claim p").first.inner_text() == f"{quote}[1]"
    assert page.locator(".card mark").first.text_content() == quote
    assert page.locator("#question textarea").input_value() == ""


@pytest.mark.parametrize(("locale", "language", "question", "quote"), SCRIPTS)
def test_an_example_is_asked_with_one_click(
    visit: Visit, locale: str, language: str, question: str, quote: str
) -> None:
    page = visit(locale)
    examples = page.locator("button.example")
    assert examples.count() >= 6
    assert examples.first.get_attribute("lang") == language
    asked = examples.first.inner_text()
    examples.first.click()
    page.locator(".turn .foot").wait_for()
    assert page.locator(".turn .question").inner_text() == asked
    assert not page.locator("#welcome").is_visible()


def test_a_marker_leads_to_its_card_and_the_card_back(visit: Visit) -> None:
    page = visit(height=320)
    ask(page, ENGLISH)
    assert not in_view(page, "#source-1-2 mark")
    page.locator(".marker").nth(1).click()
    assert in_view(page, "#source-1-2 mark")
    assert page.evaluate("document.activeElement.id") == "source-1-2"
    assert page.locator("#source-1-2.lit mark").inner_text() == "The decision took effect at once."
    page.locator("#source-1-2 .number").click()
    assert page.locator(".marker.lit").inner_text() == "[2]"


def test_a_marker_of_an_earlier_turn_shows_that_turns_evidence(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    ask(page, "支付寶被要求做什麼？")
    assert page.locator(".card:visible mark").all_inner_texts() == [
        "監管機構要求支付寶分拆小額貸款業務。",
        "It will comply.",
    ]
    page.locator("#turn-1 .marker").first.click()
    assert page.locator(".card:visible").first.get_attribute("id") == "source-1-1"
    assert page.locator(".card:visible mark").first.inner_text() == "They fined Alibaba 18.228 billion yuan."
    ask(page, "滴滴为什么被罚款？")
    assert page.locator(".card:visible").first.get_attribute("id") == "source-3-1"


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit()
    page.wait_for_function("document.activeElement.tagName === 'TEXTAREA'")
    page.keyboard.type("How much was")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Alibaba fined?")
    assert page.locator("#question textarea").input_value() == "How much was\nAlibaba fined?"
    ask(page, ENGLISH)
    page.locator(".marker").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "source-1-1"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "marker lit"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_enter_that_ends_a_word_of_an_input_method_does_not_send(visit: Visit) -> None:
    page = visit("zh-CN")
    box = page.locator("#question textarea")
    box.fill("didi")
    box.dispatch_event("keydown", {"key": "Enter", "code": "Enter", "isComposing": True, "bubbles": True})
    page.wait_for_timeout(500)
    assert page.locator(".turn").count() == 0
    assert box.input_value() == "didi"


def test_a_refusal_is_calm_and_offers_the_nearest_article(visit: Visit) -> None:
    page = visit()
    ask(page, "火星上有監管機構嗎？")
    turn = page.locator(".turn")
    assert turn.locator(".message").inner_text() == "這裡沒有文章能回答這個問題。"
    link = turn.locator(".related a")
    assert turn.locator(".related .open").inner_text().startswith("Open article")
    assert (link.get_attribute("href"), link.get_attribute("rel")) == (
        "https://example.org/fine",
        "noopener noreferrer",
    )
    assert page.locator(".card").count() == 0
    assert page.locator(".toast-body").count() == 0


def test_a_follow_up_is_completed_and_says_so(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    ask(page, "error")
    ask(page, "And Didi?")
    turn = page.locator("#turn-3")
    assert turn.locator(".question").inner_text() == "And Didi?"
    assert turn.locator(".completed").inner_text() == "Searched for: How much was Didi fined?"
    assert turn.locator(".claim p").first.inner_text() == "网信办对滴滴处以80.26亿元罚款。[1]"
    assert page.locator(".completed").count() == 1
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    ask(page, "And Didi?")
    assert page.locator(".completed, .claim").count() == 0


WINDOWED = "How much was Alibaba fined last month?"


@pytest.mark.parametrize("width", [1440, 390])
def test_a_window_that_words_set_is_dropped_by_its_button(visit: Visit, width: int) -> None:
    page = visit(width=width)
    ask(page, WINDOWED)
    chip = page.locator("#turn-1 .window")
    assert chip.locator("span").inner_text() == "“last month”: published 1 October 2026 – 31 October 2026"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    button = chip.get_by_role("button", name="Search all dates")
    page.locator("#turn-1 .edit").focus()
    page.keyboard.press("Tab")
    assert button.evaluate("each => each === document.activeElement")
    assert in_view(page, "#turn-1 .undated")
    page.keyboard.press("Enter")
    page.locator("#turn-2 .foot").wait_for()
    turn = page.locator("#turn-2")
    assert turn.locator(".question").inner_text() == WINDOWED
    assert turn.locator(".claim p").first.inner_text() == "They fined Alibaba 18.228 billion yuan.[1]"
    assert turn.locator(".foot").inner_text() == "As of 10 April 2021 · searched 4 articles · all dates"
    assert turn.locator(".window").count() == 0


def test_a_second_question_waits_for_the_first(visit: Visit) -> None:
    page = visit()
    ask(page, WINDOWED)
    page.locator("#question textarea").fill("slow")
    page.locator("#send").click()
    page.locator(".turn .pending").wait_for()
    page.locator("#turn-1 .undated").click()
    page.locator("#turn-2 .foot").wait_for()
    page.wait_for_timeout(300)
    assert page.locator(".question").all_inner_texts() == [WINDOWED, "slow"]
    page.locator("#turn-1 .undated").click()
    page.locator("#turn-3 .foot").wait_for()
    assert page.locator(".question").all_inner_texts() == [WINDOWED, "slow", WINDOWED]


def test_an_error_is_a_line_in_the_chat(visit: Visit) -> None:
    page = visit("zh-TW")
    ask(page, "error")
    assert page.locator(".turn .message").inner_text() == "這次沒能回答。"
    assert page.locator(".turn .reason").inner_text() == "The question is odd. Ask another one."
    assert page.locator(".toast-body").count() == 0


def test_starting_over_clears_the_page(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    assert (page.locator(".turn").count(), page.locator(".card").count()) == (0, 0)
    ask(page, ENGLISH)
    assert page.locator(".turn").get_attribute("id") == "turn-1"


def test_what_is_typed_during_an_answer_stays(visit: Visit) -> None:
    page = visit()
    box = page.locator("#question textarea")
    box.fill("slow")
    box.press("Enter")
    page.locator(".turn .pending").wait_for()
    box.fill("My next question")
    page.locator(".turn .foot").wait_for()
    page.wait_for_timeout(300)
    assert box.input_value() == "My next question"


def test_starting_over_ends_an_answer_under_way(visit: Visit) -> None:
    page = visit()
    page.locator("#question textarea").fill("slow")
    page.locator("#send").click()
    page.locator(".turn .pending").wait_for()
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    page.wait_for_timeout(2000)
    assert page.locator(".turn").count() == 0


def test_the_question_box_stays_at_hand_on_a_phone(visit: Visit) -> None:
    page = visit(width=390, height=640)
    for _ in range(4):
        ask(page, ENGLISH)
    assert in_view(page, "#question textarea")
    assert in_view(page, "#turn-4 .question")


CONTRAST = """() => {
  const channel = (value) => ((value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.querySelector(".gradio-container"), NodeFilter.SHOW_TEXT);
  const weak = [];
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || node.closest(".sr-only, .unseen") || !node.checkVisibility({ visibilityProperty: true })) continue;
    const [one, other] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) weak.push(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return weak;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(CONTRAST) == []
    ask(page, ENGLISH)
    ask(page, "Who rules Mars?")
    ask(page, WINDOWED)
    ask(page, "And Didi?")
    page.locator("#turn-1 .marker").first.click()
    assert page.evaluate(CONTRAST) == []


def test_controls_have_names_for_screen_readers(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    assert page.get_by_label("Your question").count() == 1
    assert page.get_by_role("log", name="Questions and answers").count() == 1
    assert page.get_by_role("link", name="Evidence 1", exact=True).count() == 1
    assert page.get_by_role("link", name="Evidence 1: back to the answer").count() == 1
    assert page.get_by_role("complementary", name="Evidence").count() == 1
    unnamed = page.evaluate(
        """[...document.querySelectorAll("button, a")].filter((each) =>
          each.checkVisibility() && !(each.textContent.trim() || each.ariaLabel)).map((each) => each.outerHTML)"""
    )
    assert unnamed == []


def test_nothing_of_gradio_shows(visit: Visit) -> None:
    page = visit()
    assert page.title() == "Regbrief"
    assert "gradio" not in page.locator("body").inner_text().lower()
    assert page.locator("footer:visible").count() == 0


def test_languages_and_the_api_are_a_link_away(visit: Visit) -> None:
    page = visit()
    page.get_by_role("link", name="繁體").click()
    page.wait_for_url("**/zh-Hant/")
    page.get_by_role("link", name="API").wait_for()
    assert page.get_by_role("link", name="API").evaluate("(each) => new URL(each.href).pathname") == "/api/docs"
