"""The conversation in Chromium: asking, stopping, editing, keeping, and what can be done with an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_bot import ESSAY, KNOWN
from serving import until
from steps import ENGLISH, MARKS, ask, claims, expect, finished, in_view, start

pytestmark = MARKS

Visit = Callable[..., Any]
FINE = "They fined Alibaba 18.228 billion yuan.[1]"
EFFECT = "The decision took effect at once.[2]"
MARS = "Who rules Mars?"


def test_claims_come_one_by_one_and_nothing_moves(visit: Visit, bot: Any) -> None:
    page = visit()
    bot.wait()
    page.evaluate(
        """() => {
          window.shifts = [];
          new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((each) => each.value)))
            .observe({ type: "layout-shift" });
        }"""
    )
    start(page, "essay")
    page.locator(".claim").nth(2).wait_for()
    in_view(page, ".claim")
    first = page.locator(".claim").first.element_handle()
    before = page.locator(".claim").first.bounding_box()
    expect(claims(page)).to_have_count(3)
    expect(page.locator("#turn-1")).to_have_attribute("aria-busy", "true")
    bot.go_on()
    finished(page)
    expect(claims(page)).to_have_text([f"{each}[{number}]" for number, each in enumerate(ESSAY, 1)])
    assert first.evaluate("each => each.isConnected")
    assert page.locator(".claim").first.bounding_box() == before
    assert sum(page.evaluate("window.shifts")) < 0.02


def test_an_answer_can_be_stopped_and_asked_again(visit: Visit, bot: Any) -> None:
    page = visit()
    bot.closed.clear()
    bot.wait()
    start(page, "essay")
    page.locator(".claim").nth(1).wait_for()
    page.locator("#stop").click()
    expect(page.locator("#turn-1 .reason")).to_have_text("This question has no answer yet.")
    expect(page.locator("#announcer")).to_have_text("Stopped.")
    bot.go_on()
    until(lambda: bot.closed == ["essay"])
    assert page.locator(".claim").count() == 0
    page.locator("#turn-1 .retry").click()
    page.locator("#turn-1 .foot").wait_for()
    expect(claims(page)).to_have_count(8)
    assert page.locator(".turn").count() == 1


def test_escape_stops_an_answer(visit: Visit, bot: Any) -> None:
    page = visit()
    bot.wait()
    start(page, "essay")
    page.locator(".claim").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#turn-1 .retry").wait_for()
    expect(page.locator("#question-box")).to_be_focused()
    ask(page, ENGLISH)
    expect(claims(page, 2)).to_have_text([FINE, EFFECT])


def test_a_question_can_be_edited_and_replaces_what_follows(visit: Visit) -> None:
    page = visit()
    for question in (MARS, ENGLISH, "滴滴为什么被罚款？"):
        ask(page, question)
    page.locator("#turn-2 .edit").click()
    box = page.locator("#question textarea")
    expect(box).to_have_value(ENGLISH)
    page.keyboard.press("Escape")
    expect(box).to_have_value("")
    expect(page.locator("#editing")).to_be_hidden()
    page.locator("#turn-2 .edit").click()
    expect(box).to_have_value(ENGLISH)
    box.fill("支付寶被要求做什麼？")
    box.press("Enter")
    page.locator("#turn-2 .claim:has-text('支付寶')").wait_for()
    finished(page)
    expect(page.locator(".question")).to_have_text([MARS, "支付寶被要求做什麼？"])
    expect(page.locator(".sheet")).to_have_count(2)


def test_a_conversation_is_kept_with_its_numbers(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    ask(page, MARS)
    told = page.locator("#transcript :is(.question, .claim, .message, .foot, .related)")  # the rest may come later
    talk = told.all_inner_texts()
    page.reload()
    expect(told).to_have_text(talk, use_inner_text=True)
    expect(page.locator("#source-1-2 mark")).to_have_text("The decision took effect at once.")
    ask(page, "And Didi?")
    expect(page.locator(".turn").last).to_have_attribute("id", "turn-3")


def test_another_language_keeps_the_conversation_and_what_is_typed(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#question textarea").fill("Half a ques")
    page.get_by_role("link", name="繁體").click()
    page.wait_for_url("**/zh-Hant/")
    page.locator("#turn-1 .foot").wait_for()
    expect(claims(page)).to_have_text([FINE, EFFECT])
    expect(page.locator("#turn-1 .foot")).to_have_text("截至2021年4月10日 · 檢索了4篇文章")
    expect(page.locator("#evidence h2")).to_have_text("證據")
    expect(page.locator("#question textarea")).to_have_value("Half a ques")


def test_an_answer_under_way_is_asked_again_in_the_other_language(visit: Visit, bot: Any) -> None:
    page = visit()
    bot.wait()
    start(page, "essay")
    page.locator(".claim").first.wait_for()
    page.get_by_role("link", name="简体").click()
    page.wait_for_url("**/zh-Hans/")
    bot.go_on()
    page.locator("#turn-1 .foot").wait_for()
    expect(claims(page)).to_have_count(8)
    expect(page.locator(".turn")).to_have_count(1)


def test_earlier_conversations_can_be_opened_and_deleted(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#again").click()
    page.locator("#welcome").wait_for()
    ask(page, MARS)
    page.locator("#past").click()
    page.locator("#conversation-list button").first.click()
    expect(claims(page)).to_have_text([FINE, EFFECT])
    page.locator("#past").click()
    page.locator("#forget").click()
    page.locator("#welcome").wait_for()
    page.wait_for_function("!localStorage.getItem('regbrief.conversations').includes('wish')")
    expect(page.locator("#past")).to_be_hidden()


def test_what_was_kept_and_cannot_be_read_does_no_harm(visit: Visit) -> None:
    page = visit()
    for kept in ("{", '{"all": 3}', '{"current": "a", "all": [{"id": "a", "turns": [{"number": 1}]}]}'):
        page.evaluate("(kept) => localStorage.setItem('regbrief.conversations', kept)", kept)
        page.reload()
        page.locator("#latest .related").wait_for(state="attached")
        page.evaluate("localStorage.clear()")
    page.reload()
    page.locator("#latest .related").wait_for()
    ask(page, ENGLISH)
    expect(claims(page)).to_have_text([FINE, EFFECT])


def test_suggested_questions_can_be_answered_and_are_asked_with_a_click(visit: Visit) -> None:
    page = visit()
    ask(page, "支付寶被要求做什麼？")
    suggestion = page.locator("#turn-1 .suggestion").first
    suggestion.wait_for()
    asked = suggestion.inner_text()
    assert asked in KNOWN
    suggestion.click()
    page.locator("#turn-2 .claim").first.wait_for()
    expect(page.locator("#turn-2 .question")).to_have_text(asked)
    assert page.locator("#turn-1 .next").count() == 1  # the last step of a stream comes twice


def test_a_hover_and_the_focus_show_the_quotation(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#turn-1 .marker").nth(1).hover()
    preview = page.locator("#preview")
    expect(preview.locator("blockquote")).to_have_text("The decision took effect at once.")
    page.mouse.move(5, 5)
    preview.wait_for(state="hidden")
    page.locator(".claim").first.click()
    page.locator("#turn-1 .edit").focus()
    page.keyboard.press("Tab")
    expect(preview.locator("blockquote")).to_have_text("They fined Alibaba 18.228 billion yuan.")
    page.keyboard.press("Escape")
    expect(preview).to_be_hidden()


def test_an_article_is_read_whole_with_its_quotations_marked(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#source-1-2 .open").click()
    reader = page.locator("#reader")
    expect(reader.locator("mark")).to_have_text([FINE, EFFECT])
    in_view(page, "#read-2")
    expect(reader.locator(".original a")).to_have_attribute("href", "https://example.org/fine")
    page.keyboard.press("Escape")
    expect(reader).to_be_hidden()
    expect(page.locator("#source-1-2 .open")).to_be_focused()


def test_the_paragraphs_around_a_quotation_come_on_demand(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    card = page.locator("#source-1-1")
    expect(card.locator("blockquote")).to_have_text(re.compile("^Regulators met on Friday."))
    card.locator(".around").click()
    expect(card.locator("blockquote")).to_have_text(re.compile("^Background."))
    expect(card.locator("mark")).to_have_text("They fined Alibaba 18.228 billion yuan.")
    expect(card.locator(".around")).to_have_count(0)


def test_reports_that_differ_stand_beside_each_other(visit: Visit) -> None:
    page = visit()
    ask(page, "conflict")
    sides = page.locator(".conflict figure")
    expect(sides.locator(".value")).to_have_text(["18.2 billion", "182億元"])
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
    chips = page.locator("#chips button")
    expect(chips).to_have_text(["published since April 1, 2021", "简体", "Example Post", "繁體（香港）"])
    ask(page, ENGLISH)
    assert {name: str(value) for name, value in bot.asked[-1].items()} == {
        "since": "2021-04-01",
        "languages": "('zh-Hans',)",
        "sources": "('Example Post',)",
        "answer_language": "zh-Hant-HK",
    }
    page.get_by_role("button", name="简体: remove").click()
    expect(chips).to_have_count(3)
    page.locator("#turn-1 .wider").click()
    page.locator("#turn-2 .claim").first.wait_for()
    assert bot.asked[-1] == {"answer_language": "zh-Hant-HK"}
    expect(chips).to_have_text(["繁體（香港）"])


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


def test_a_verdict_is_kept_with_its_note_and_on_record(visit: Visit, bot: Any, audit: Path) -> None:
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
    expect(page.locator("#announcer")).to_have_text("Noted, thank you.")
    recorded = [json.loads(line) for line in audit.read_text("utf-8").splitlines()]
    assert [each["feedback"] for each in recorded] == ["wrong_citation", "right"]


def test_two_readers_do_not_see_each_others_conversations(visit: Visit) -> None:
    one, other = visit(), visit()
    ask(one, ENGLISH)
    ask(other, "And Didi?")
    expect(other.locator(".question")).to_have_text(["And Didi?"])
    assert claims(other).count() == 0
    ask(one, "And Didi?")
    expect(claims(one, 2)).to_have_text(["网信办对滴滴处以80.26亿元罚款。[1]"])
