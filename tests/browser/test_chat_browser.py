"""The conversation in Chromium: asking, stopping, editing, keeping, and what can be done with an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fake_bot import ESSAY, KNOWN
from steps import ENGLISH, MARKS, ask, claims, finished, focused, in_view, start

pytestmark = MARKS

Visit = Callable[..., Any]
FINE = "They fined Alibaba 18.228 billion yuan.[1]"
EFFECT = "The decision took effect at once.[2]"
MARS = "Who rules Mars?"


def test_claims_come_one_by_one_and_nothing_moves(visit: Visit) -> None:
    page = visit()
    page.evaluate(
        """() => {
          window.shifts = [];
          new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((each) => each.value)))
            .observe({ type: "layout-shift" });
        }"""
    )
    start(page, "essay")
    page.locator(".claim").nth(2).wait_for()
    first = page.locator(".claim").first.element_handle()
    before = page.locator(".claim").first.bounding_box()
    assert page.locator("#turn-1").get_attribute("aria-busy") == "true"
    finished(page)
    assert claims(page) == [f"{each}[{number}]" for number, each in enumerate(ESSAY, 1)]
    assert first.evaluate("each => each.isConnected")
    assert page.locator(".claim").first.bounding_box() == before
    assert sum(page.evaluate("window.shifts")) < 0.02


def test_an_answer_can_be_stopped_and_asked_again(visit: Visit, bot: Any) -> None:
    page = visit()
    bot.closed.clear()
    start(page, "essay")
    page.locator(".claim").nth(1).wait_for()
    page.locator("#stop").click()
    page.locator("#turn-1 .retry").wait_for()
    assert page.locator("#turn-1 .reason").inner_text() == "This question has no answer yet."
    assert page.locator("#announcer").inner_text() == "Stopped."
    page.wait_for_timeout(600)
    assert bot.closed == ["essay"]
    assert page.locator(".claim").count() == 0
    page.locator("#turn-1 .retry").click()
    page.locator("#turn-1 .foot").wait_for()
    assert len(claims(page)) == 8
    assert page.locator(".turn").count() == 1


def test_escape_stops_an_answer(visit: Visit) -> None:
    page = visit()
    start(page, "essay")
    page.locator(".claim").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#turn-1 .retry").wait_for()
    assert focused(page) == "question-box"
    ask(page, ENGLISH)
    assert claims(page, 2) == [FINE, EFFECT]


def test_a_question_can_be_edited_and_replaces_what_follows(visit: Visit) -> None:
    page = visit()
    for question in (MARS, ENGLISH, "滴滴为什么被罚款？"):
        ask(page, question)
    page.locator("#turn-2 .edit").click()
    box = page.locator("#question textarea")
    assert box.input_value() == ENGLISH
    page.keyboard.press("Escape")
    assert (box.input_value(), page.locator("#editing").is_visible()) == ("", False)
    page.locator("#turn-2 .edit").click()
    box.fill("支付寶被要求做什麼？")
    box.press("Enter")
    page.locator("#turn-2 .claim:has-text('支付寶')").wait_for()
    finished(page)
    assert page.locator(".question").all_inner_texts() == [MARS, "支付寶被要求做什麼？"]
    assert page.locator(".sheet").count() == 2


def test_a_conversation_is_kept_with_its_numbers(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    ask(page, MARS)
    talk = page.locator("#transcript").inner_text()
    page.reload()
    page.locator("#turn-2 .foot").wait_for()
    assert page.locator("#transcript").inner_text() == talk
    assert page.locator("#source-1-2 mark").text_content() == "The decision took effect at once."
    ask(page, "And Didi?")
    assert page.locator(".turn").last.get_attribute("id") == "turn-3"


def test_another_language_keeps_the_conversation_and_what_is_typed(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#question textarea").fill("Half a ques")
    page.get_by_role("link", name="繁體").click()
    page.wait_for_url("**/zh-Hant/")
    page.locator("#turn-1 .foot").wait_for()
    assert claims(page) == [FINE, EFFECT]
    assert page.locator("#turn-1 .foot").inner_text() == "截至2021年4月10日 · 檢索了4篇文章"
    assert page.locator("#evidence h2").inner_text() == "證據"
    assert page.locator("#question textarea").input_value() == "Half a ques"


def test_an_answer_under_way_is_asked_again_in_the_other_language(visit: Visit) -> None:
    page = visit()
    start(page, "essay")
    page.locator(".claim").first.wait_for()
    page.get_by_role("link", name="简体").click()
    page.wait_for_url("**/zh-Hans/")
    page.locator("#turn-1 .foot").wait_for()
    assert (len(claims(page)), page.locator(".turn").count()) == (8, 1)


def test_earlier_conversations_can_be_opened_and_deleted(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    ask(page, MARS)
    page.locator("#past").click()
    page.locator("#conversation-list button").first.click()
    page.locator("#turn-1 .claim").first.wait_for()
    assert claims(page) == [FINE, EFFECT]
    page.locator("#past").click()
    page.locator("#forget").click()
    page.locator("#welcome").wait_for()
    assert page.evaluate("localStorage.getItem('regbrief.conversations')").count("wish") == 0
    assert not page.locator("#past").is_visible()


def test_what_was_kept_and_cannot_be_read_does_no_harm(visit: Visit) -> None:
    page = visit()
    for kept in ("{", '{"all": 3}', '{"current": "a", "all": [{"id": "a", "turns": [{"number": 1}]}]}'):
        page.evaluate("(kept) => localStorage.setItem('regbrief.conversations', kept)", kept)
        page.reload()
        page.locator("#send").wait_for()
        page.wait_for_timeout(400)
        page.evaluate("localStorage.clear()")
    page.reload()
    page.locator("#latest .related").wait_for()
    ask(page, ENGLISH)
    assert claims(page) == [FINE, EFFECT]


def test_suggested_questions_can_be_answered_and_are_asked_with_a_click(visit: Visit) -> None:
    page = visit()
    ask(page, "支付寶被要求做什麼？")
    suggestion = page.locator("#turn-1 .suggestion").first
    suggestion.wait_for()
    asked = suggestion.inner_text()
    assert asked in KNOWN
    suggestion.click()
    page.locator("#turn-2 .claim").first.wait_for()
    assert page.locator("#turn-2 .question").inner_text() == asked


def test_a_hover_and_the_focus_show_the_quotation(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#turn-1 .marker").nth(1).hover()
    preview = page.locator("#preview")
    assert preview.locator("blockquote").inner_text() == "The decision took effect at once."
    page.mouse.move(5, 5)
    preview.wait_for(state="hidden")
    page.locator(".claim").first.click()
    page.locator("#turn-1 .edit").focus()
    page.keyboard.press("Tab")
    assert preview.locator("blockquote").inner_text() == "They fined Alibaba 18.228 billion yuan."
    page.keyboard.press("Escape")
    assert not preview.is_visible()


def test_an_article_is_read_whole_with_its_quotations_marked(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#source-1-2 .open").click()
    reader = page.locator("#reader")
    assert reader.locator("mark").all_inner_texts() == [FINE, EFFECT]
    assert in_view(page, "#read-2")
    assert reader.locator(".original a").get_attribute("href") == "https://example.org/fine"
    page.keyboard.press("Escape")
    assert not reader.is_visible()
    assert page.locator("#source-1-2 .open").evaluate("each => each === document.activeElement")


def test_the_paragraphs_around_a_quotation_come_on_demand(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    card = page.locator("#source-1-1")
    assert card.locator("blockquote").inner_text().startswith("Regulators met on Friday.")
    card.locator(".around").click()
    page.wait_for_function("document.querySelector('#source-1-1 blockquote').innerText.startsWith('Background.')")
    assert card.locator("mark").inner_text() == "They fined Alibaba 18.228 billion yuan."
    assert card.locator(".around").count() == 0


def test_reports_that_differ_stand_beside_each_other(visit: Visit) -> None:
    page = visit()
    ask(page, "conflict")
    sides = page.locator(".conflict figure")
    assert sides.locator(".value").all_inner_texts() == ["18.2 billion", "182億元"]
    tops = [sides.nth(at).bounding_box()["y"] for at in (0, 1)]
    assert tops[0] == tops[1]


def test_filters_narrow_the_search_and_show_as_chips(visit: Visit, bot: Any) -> None:
    page = visit()
    page.get_by_role("button", name="Languages").click()
    page.get_by_role("checkbox", name="简体").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Outlets").click()
    page.locator("#find-source").fill("example")
    page.get_by_role("checkbox", name="Example Post").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Dates").click()
    page.get_by_label("From").fill("2021-04-01")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Answer in").click()
    page.get_by_role("radio", name="繁體（香港）").check()
    page.keyboard.press("Escape")
    assert page.locator("#chips button").all_inner_texts() == [
        "published since April 1, 2021",
        "简体",
        "Example Post",
        "繁體（香港）",
    ]
    ask(page, ENGLISH)
    assert {name: str(value) for name, value in bot.asked[-1].items()} == {
        "since": "2021-04-01",
        "languages": "('zh-Hans',)",
        "sources": "('Example Post',)",
        "answer_language": "zh-Hant-HK",
    }
    page.get_by_role("button", name="简体: remove").click()
    assert page.locator("#chips button").count() == 3
    page.locator("#turn-1 .wider").click()
    page.locator("#turn-2 .claim").first.wait_for()
    assert bot.asked[-1] == {"answer_language": "zh-Hant-HK"}
    assert page.locator("#chips button").all_inner_texts() == ["繁體（香港）"]


def test_an_answer_is_copied_with_its_sources(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, ENGLISH)
    page.locator("#turn-1 .copy").click()
    page.locator("#turn-1 .copy.done").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "They fined Alibaba 18.228 billion yuan. [1]" in copied
    assert "[1] Alibaba fined 18.2 billion yuan · Example Post · 10 April 2021 https://example.org/fine" in copied


@pytest.mark.parametrize(("form", "ending"), [("markdown", "md"), ("html", "html"), ("word", "doc"), ("json", "json")])
def test_an_answer_is_exported(visit: Visit, form: str, ending: str) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#turn-1 .export").click()
    with page.expect_download() as download:
        page.locator(f"#formats button[value={form}]").click()
    assert download.value.suggested_filename == f"how-much-was-alibaba-fined.{ending}"
    assert "https://example.org/fine" in download.value.path().read_text("utf-8")


def test_a_conversation_is_exported_whole(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    ask(page, "滴滴为什么被罚款？")
    page.locator("#save").click()
    with page.expect_download() as download:
        page.locator("#formats button[value=json]").click()
    assert [each["question"] for each in json.loads(download.value.path().read_text("utf-8"))] == [
        ENGLISH,
        "滴滴为什么被罚款？",
    ]


def test_a_verdict_is_kept_with_its_note(visit: Visit, bot: Any) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.get_by_role("button", name="Wrong citation").click()
    page.locator("#judge select").select_option("2")
    page.locator("#judge textarea").fill("Another day.")
    page.get_by_role("button", name="Send").click()
    page.locator(".verdict[aria-pressed=true]").wait_for()
    page.get_by_role("button", name="Right", exact=True).click()
    page.locator(".verdict[value=right][aria-pressed=true]").wait_for()
    assert bot.judged[-2:] == [(ENGLISH, "wrong_citation", "Another day.", 2), (ENGLISH, "right", "", None)]
    assert page.locator("#announcer").inner_text() == "Noted, thank you."


def test_two_readers_do_not_see_each_others_conversations(visit: Visit) -> None:
    one, other = visit(), visit()
    ask(one, ENGLISH)
    ask(other, "And Didi?")
    assert claims(other) == []
    assert other.locator(".question").all_inner_texts() == ["And Didi?"]
    ask(one, "And Didi?")
    assert claims(one, 2) == ["网信办对滴滴处以80.26亿元罚款。[1]"]
