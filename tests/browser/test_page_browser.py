"""The page in Chromium: what a reader does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from steps import ENGLISH, MARKS, ask, claims, expect, fits, in_view, start

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
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.evaluate("document.documentElement.lang = navigator.language")  # as Gradio does, at a time of its own
    expect(page.locator("html")).to_have_attribute("lang", language)
    ask(page, question)
    expect(claims(page).first).to_have_text(f"{quote}[1]")
    expect(page.locator(".card mark").first).to_have_text(quote)
    expect(page.locator("#question textarea")).to_have_value("")


@pytest.mark.parametrize(("locale", "language", "question", "quote"), SCRIPTS)
def test_an_example_is_asked_with_one_click(
    visit: Visit, locale: str, language: str, question: str, quote: str
) -> None:
    page = visit(locale)
    examples = page.locator("button.example")
    assert examples.count() >= 6
    expect(examples.first).to_have_attribute("lang", language)
    asked = examples.first.inner_text()
    examples.first.click()
    page.locator(".turn .foot").wait_for()
    expect(page.locator(".turn .question")).to_have_text(asked)
    expect(page.locator("#welcome")).to_be_hidden()


def test_a_marker_leads_to_its_card_and_the_card_back(visit: Visit) -> None:
    page = visit(height=320)
    ask(page, ENGLISH)
    expect(page.locator("#source-1-2 mark")).not_to_be_in_viewport()
    page.locator(".marker").nth(1).click()
    in_view(page, "#source-1-2 mark")
    expect(page.locator("#source-1-2")).to_be_focused()
    expect(page.locator("#source-1-2.lit mark")).to_have_text("The decision took effect at once.")
    page.locator("#source-1-2 .number").click()
    expect(page.locator(".marker.lit")).to_have_text("[2]")


def test_a_marker_of_an_earlier_turn_shows_that_turns_evidence(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    ask(page, "支付寶被要求做什麼？")
    marks = page.locator(".card:visible mark")
    expect(marks).to_have_text(["監管機構要求支付寶分拆小額貸款業務。", "It will comply."])
    page.locator("#turn-1 .marker").first.click()
    expect(page.locator(".card:visible").first).to_have_attribute("id", "source-1-1")
    expect(marks.first).to_have_text("They fined Alibaba 18.228 billion yuan.")
    ask(page, "滴滴为什么被罚款？")
    expect(page.locator(".card:visible").first).to_have_attribute("id", "source-3-1")


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit()
    box = page.locator("#question textarea")
    expect(box).to_be_focused()
    page.keyboard.type("How much was")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Alibaba fined?")
    expect(box).to_have_value("How much was\nAlibaba fined?")
    ask(page, ENGLISH)
    page.locator(".marker").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#source-1-1")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".marker.lit")).to_be_focused()
    expect(page.locator(".marker.lit")).to_have_css("outline-style", "solid")


def test_enter_that_ends_a_word_of_an_input_method_does_not_send(visit: Visit) -> None:
    page = visit("zh-CN")
    box = page.locator("#question textarea")
    box.fill("didi")
    box.dispatch_event("keydown", {"key": "Enter", "code": "Enter", "isComposing": True, "bubbles": True})
    assert page.locator(".turn").count() == 0
    assert box.input_value() == "didi"


def test_a_refusal_is_calm_and_offers_the_nearest_article(visit: Visit) -> None:
    page = visit()
    ask(page, "火星上有監管機構嗎？")
    turn = page.locator(".turn")
    expect(turn.locator(".message")).to_have_text("這裡沒有文章能回答這個問題。")
    expect(turn.locator(".related .open")).to_contain_text("Open article")
    link = turn.locator(".related a")
    expect(link).to_have_attribute("href", "https://example.org/fine")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert page.locator(".card").count() == 0
    assert page.locator(".toast-body").count() == 0


def test_a_follow_up_is_completed_and_says_so(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    ask(page, "error")
    ask(page, "And Didi?")
    turn = page.locator("#turn-3")
    expect(turn.locator(".question")).to_have_text("And Didi?")
    expect(turn.locator(".completed")).to_have_text("Searched for: How much was Didi fined?")
    expect(claims(page, 3).first).to_have_text("网信办对滴滴处以80.26亿元罚款。[1]")
    assert page.locator(".completed").count() == 1
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    ask(page, "And Didi?")
    assert page.locator(".completed, .claim").count() == 0


WINDOWED = "How much was Alibaba fined last month?"


@pytest.mark.parametrize("width", [1440, 390])
def test_a_window_that_words_set_is_a_chip_that_drops_it(visit: Visit, width: int) -> None:
    page = visit(width=width)
    ask(page, WINDOWED)
    implied = page.locator("#turn-1 .implied")
    expect(implied).to_have_text("“last month”: published 1 October 2026 – 31 October 2026")
    fits(page, width)
    button = implied.get_by_role("button", name="published 1 October 2026 – 31 October 2026: remove")
    page.locator("#turn-1 .edit").focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    in_view(page, "#turn-1 .undated")
    page.keyboard.press("Enter")
    page.locator("#turn-2 .foot").wait_for()
    turn = page.locator("#turn-2")
    expect(turn.locator(".question")).to_have_text(WINDOWED)
    expect(claims(page, 2).first).to_have_text("They fined Alibaba 18.228 billion yuan.[1]")
    expect(turn.locator(".foot")).to_have_text("As of 10 April 2021 · searched 4 articles · all dates")
    assert turn.locator(".implied").count() == 0


def test_a_refusal_within_an_implied_window_is_asked_again_of_all_dates(visit: Visit, bot: Any) -> None:
    page = visit()
    ask(page, "What about Didi last month?")
    page.get_by_role("button", name="Search all dates", exact=True).click()
    page.locator("#turn-2 .foot").wait_for()
    expect(page.locator(".question")).to_have_text(["What about Didi last month?"] * 2)
    expect(page.locator("#turn-2 .foot")).to_contain_text("all dates")


@pytest.mark.parametrize(
    ("locale", "name", "options"),
    [("en-US", "Title in 繁體", {}), ("zh-CN", "标题：繁體", {"has_touch": True}), ("zh-TW", "標題：繁體", {})],
)
def test_both_scripts_of_a_title_are_at_hand_by_key_and_by_touch(
    visit: Visit, locale: str, name: str, options: dict[str, bool]
) -> None:
    page = visit(locale, **options)
    ask(page, "How much was Didi fined?")
    card = page.locator("#source-1-1")
    button = card.get_by_role("button", name=name)
    if options:
        button.tap()
    else:
        button.focus()
        page.keyboard.press("Enter")
    expect(card.locator(".title")).to_have_text("滴滴被處罰款")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(card.locator(".title")).to_have_text("滴滴被处罚款")
    expect(button).to_have_attribute("aria-pressed", "false")


FROM_THE_POST = "How much was Didi fined, according to the Example Post?"


@pytest.mark.parametrize("drop", [".any-source", ".wider"])
def test_an_outlet_that_words_imply_is_a_chip_and_a_refusal_offers_what_lies_beyond(
    visit: Visit, bot: Any, drop: str
) -> None:
    page = visit()
    ask(page, FROM_THE_POST)
    turn = page.locator("#turn-1")
    expect(turn.locator(".implied")).to_have_text("“according to the Example Post”: Example Post")
    expect(turn.locator("h3").first).to_have_text("Nearest beyond what was searched")
    expect(turn.locator(".related").first).to_contain_text("滴滴被处罚款")
    bot.asked.clear()
    turn.locator(drop).click()
    page.locator("#turn-2 .foot").wait_for()
    expect(claims(page, 2).first).to_have_text("网信办对滴滴处以80.26亿元罚款。[1]")
    expect(page.locator("#turn-2 .foot")).to_contain_text("all outlets and languages")
    assert page.locator("#turn-2 .implied").count() == 0


def test_a_second_question_waits_for_the_first(visit: Visit, bot: Any) -> None:
    page = visit()
    ask(page, WINDOWED)
    bot.wait()
    page.locator("#question textarea").fill("slow")
    page.locator("#send").click()
    page.locator(".turn .pending").wait_for()
    page.locator("#turn-1 .undated").click()
    bot.go_on()
    page.locator("#turn-2 .foot").wait_for()
    assert page.locator(".question").all_inner_texts() == [WINDOWED, "slow"]
    page.locator("#turn-1 .undated").click()
    page.locator("#turn-3 .foot").wait_for()
    expect(page.locator(".question")).to_have_text([WINDOWED, "slow", WINDOWED])


def test_an_error_is_a_line_in_the_chat(visit: Visit) -> None:
    page = visit("zh-TW")
    ask(page, "error")
    expect(page.locator(".turn .message")).to_have_text("這次沒能回答。")
    expect(page.locator(".turn .reason")).to_have_text("無法使用所給內容：The question is odd. Ask another one.")
    assert page.locator(".toast-body").count() == 0


def test_starting_over_clears_the_page(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    expect(page.locator(".turn, .card")).to_have_count(0)
    ask(page, ENGLISH)
    expect(page.locator(".turn")).to_have_attribute("id", "turn-1")


def test_what_is_typed_during_an_answer_stays(visit: Visit, bot: Any) -> None:
    page = visit()
    bot.wait()
    start(page, "slow")
    box = page.locator("#question textarea")
    box.fill("My next question")
    bot.go_on()
    page.locator(".turn .foot").wait_for()
    page.locator("#send").wait_for()
    assert box.input_value() == "My next question"


def test_starting_over_ends_an_answer_under_way(visit: Visit, bot: Any) -> None:
    page = visit()
    bot.wait()
    start(page, "slow")
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    assert page.locator(".turn").count() == 0
    bot.go_on()
    ask(page, ENGLISH)  # by the time that this is answered, the other one has been, too
    assert page.locator(".question").all_inner_texts() == [ENGLISH]
    expect(claims(page).first).to_have_text("They fined Alibaba 18.228 billion yuan.[1]")


def test_the_question_box_stays_at_hand_on_a_phone(visit: Visit) -> None:
    page = visit(width=390, height=640)
    for _ in range(4):
        ask(page, ENGLISH)
    in_view(page, "#question textarea")
    in_view(page, "#turn-4 .question")


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
    expect(page.get_by_label("Your question")).to_have_count(1)
    expect(page.get_by_role("log", name="Questions and answers")).to_have_count(1)
    expect(page.get_by_role("link", name="Evidence 1", exact=True)).to_have_count(1)
    expect(page.get_by_role("link", name="Evidence 1: back to the answer")).to_have_count(1)
    expect(page.get_by_role("complementary", name="Evidence")).to_have_count(1)
    unnamed = page.evaluate(
        """[...document.querySelectorAll("button, a")].filter((each) =>
          each.checkVisibility() && !(each.textContent.trim() || each.ariaLabel)).map((each) => each.outerHTML)"""
    )
    assert unnamed == []


def test_nothing_of_gradio_shows(visit: Visit) -> None:
    page = visit()
    expect(page).to_have_title("Regbrief")
    assert "gradio" not in page.locator("body").inner_text().lower()
    assert page.locator("footer:visible").count() == 0


def test_languages_and_the_api_are_a_link_away(visit: Visit) -> None:
    page = visit()
    page.get_by_role("link", name="繁體").click()
    page.wait_for_url("**/zh-Hant/")
    link = page.get_by_role("link", name="API")
    link.wait_for()
    assert link.evaluate("(each) => new URL(each.href).pathname") == "/api/docs"
