"""How the page is made: for the keyboard, for screen readers, in both themes, at every width, and for many at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fake_bot import ESSAY
from steps import ENGLISH, MARKS, ask, claims, focused, in_view, start

pytestmark = MARKS

Visit = Callable[..., Any]
TOGETHER = 20


@pytest.fixture(scope="module")
def axe() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def faults(page: Any, axe: str) -> list[str]:
    """Return what axe-core finds on the page that is serious or worse."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), list(product(("light", "dark"), (1440, 390))))
def test_axe_finds_nothing_serious(visit: Visit, axe: str, scheme: str, width: int) -> None:
    page = visit(color_scheme=scheme, width=width, reduced_motion="reduce")
    assert faults(page, axe) == []
    for question in (ENGLISH, "Who rules Mars?", "How much was Alibaba fined last month?", "conflict", "error"):
        ask(page, question)
    assert faults(page, axe) == []
    page.locator("#turn-4 .marker").first.click()
    page.locator("#pickers button").first.dispatch_event("click")
    assert faults(page, axe) == []
    page.keyboard.press("Escape")
    page.locator("#sheet-4 .open").dispatch_event("click")
    page.locator("#reading mark").first.wait_for()
    assert faults(page, axe) == []


def test_the_page_can_soon_be_used(visit: Visit) -> None:
    """Under two seconds where nothing else runs; three times that where the machine is busy."""
    taken = []
    for _ in range(3):  # the first visit also warms the server, and others may use the machine
        began = time.perf_counter()
        page = visit(ready="#question textarea")
        page.locator("#question textarea").press_sequentially("A")
        taken.append(time.perf_counter() - began)
    assert min(taken) < 6


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN", "zh-TW"])
def test_nothing_sticks_out_at_any_width(visit: Visit, width: int, locale: str) -> None:
    page = visit(locale, width=width)
    ask(page, ENGLISH)
    ask(page, "支付寶被要求做什麼？")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.evaluate(
        "[...document.querySelectorAll('#chat *')].filter((each) => each.checkVisibility() && "
        "each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 80))"
    )
    assert wide == []


@pytest.mark.parametrize(("locale", "font"), [("zh-CN", "SC"), ("zh-TW", "TC")])
def test_chinese_lines_do_not_begin_with_a_stop(visit: Visit, locale: str, font: str) -> None:
    page = visit(locale)
    ask(page, "滴滴为什么被罚款？")
    style = page.locator(".claim > p").first.evaluate("each => getComputedStyle(each).lineBreak")
    assert style == "strict"
    assert f"Noto Sans CJK {font}" in page.evaluate("getComputedStyle(document.querySelector('#chat')).fontFamily")
    language = {"SC": "zh-Hans", "TC": "zh-Hant"}[font]
    assert page.locator("#desk").get_attribute("lang") == language
    assert page.locator(".claim > p").first.get_attribute("lang") == "zh-Hans"


def test_tabs_have_addresses_and_arrow_keys(visit: Visit) -> None:
    page = visit()
    page.get_by_role("tab", name="Ask").focus()
    page.keyboard.press("ArrowRight")
    assert (focused(page), page.evaluate("location.hash")) == ("briefing-button", "#briefing")
    page.keyboard.press("End")
    assert page.evaluate("location.hash") == "#quality"
    page.go_back()
    page.locator("#briefing-button[aria-selected=true]").wait_for()
    page.get_by_role("link", name="简体").click()
    page.wait_for_url("**/zh-Hans/#briefing")
    page.locator("#briefing-button[aria-selected=true]").wait_for()


def test_the_keyboard_reaches_everything_in_order(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#turn-1 .edit").focus()
    order = []
    for _ in range(9):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.className || document.activeElement.id"))
    assert order == ["marker", "marker", "copy", "export", "retry", "verdict", "verdict", "verdict", "question-box"]


def test_a_stroke_leads_to_the_box_and_is_not_typed(visit: Visit) -> None:
    page = visit()
    ask(page, ENGLISH)
    page.locator("#turn-1 .marker").first.focus()
    page.keyboard.press("/")
    assert focused(page) == "question-box"
    page.keyboard.type("1/2")
    assert page.locator("#question textarea").input_value() == "1/2"


def test_the_evidence_is_a_sheet_on_a_phone(visit: Visit) -> None:
    page = visit(width=390, height=844, has_touch=True, is_mobile=True)
    ask(page, ENGLISH)
    evidence = page.locator("#evidence")
    assert not evidence.is_visible()
    page.locator("#turn-1 .marker").nth(1).tap()
    assert in_view(page, "#source-1-2 mark")
    page.keyboard.press("Escape")
    evidence.wait_for(state="hidden")
    assert page.locator("#turn-1 .marker").nth(1).evaluate("each => each === document.activeElement")
    page.get_by_role("button", name="Evidence (2)").tap()
    assert in_view(page, "#source-1-1 .number")
    page.locator("#lower").tap()
    evidence.wait_for(state="hidden")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_motion_can_be_turned_off(visit: Visit) -> None:
    page = visit(reduced_motion="reduce")
    start(page, "slow")
    duration = page.evaluate("getComputedStyle(document.querySelector('.pending'), '::before').animationDuration")
    assert float(duration.removesuffix("s")) < 0.001


def _chat(address: str, times: list[float], told: list[int]) -> None:
    """Ask as the page's scripts do: join the queue, and read the steps of the answer as they come."""
    import httpx

    session = f"{threading.get_ident()}"
    with httpx.Client(base_url=f"{address}/en", timeout=60) as client:
        config = client.get("/config").json()
        (wanted,) = [each for each in config["dependencies"] if [t[1] for t in each["targets"]] == ["asked"]]
        wish = {"number": 1, "wish": {"question": f"essay #{session}"}, "history": []}
        began = time.perf_counter()
        client.post(
            "/gradio_api/queue/join",
            json={
                "data": [],
                "event_data": {"token": session, "asked": wish},
                "fn_index": wanted["id"],
                "session_hash": session,
                "trigger_id": wanted["targets"][0][0],
            },
        ).raise_for_status()
        with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if message.get("msg") == "process_generating":
                    times.append(time.perf_counter() - began)
                    began = time.perf_counter()
                if message.get("msg") == "process_completed":
                    told.append(1)
                    return


def test_twenty_chats_at_once_stay_responsive(visit: Visit, address: str) -> None:
    page = visit()
    began = time.perf_counter()
    ask(page, ENGLISH)
    patience = max(5.0, 10 * (time.perf_counter() - began))  # others may keep this machine busy
    gaps: list[float] = []
    done: list[int] = []
    chats = [threading.Thread(target=_chat, args=(address, gaps, done)) for _ in range(TOGETHER)]
    for chat in chats:
        chat.start()
    began = time.perf_counter()
    ask(page, ENGLISH)
    waited = time.perf_counter() - began
    for chat in chats:
        chat.join(60)
    assert len(done) == TOGETHER
    assert claims(page, 2)[0] == "They fined Alibaba 18.228 billion yuan.[1]"
    assert len(gaps) >= TOGETHER * len(ESSAY)
    assert waited < patience
    assert sorted(gaps)[int(len(gaps) * 0.95)] < patience
