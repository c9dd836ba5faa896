"""The page where more is asked than the server takes, and where the server cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_bot import FakeBot
from serving import until
from steps import ENGLISH, MARKS, claims, expect, finished, start
from visiting import Visits, serving

from bot.settings import Settings

pytestmark = MARKS

SAID = [
    pytest.param("en-GB", "Waiting, number 1 in the queue…", "This could not be taken just now.", "Ask again", id="en"),
    pytest.param("zh-CN", "正在排队，第1位…", "暂时无法受理。", "重新提问", id="zh-Hans"),
    pytest.param("zh-TW", "正在排隊，第1位…", "暫時無法受理。", "重新提問", id="zh-Hant"),
]


@pytest.fixture(scope="module")
def bot() -> Any:
    return FakeBot()


@pytest.fixture(scope="module")
def address(bot: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a bot that answers one question at a time, while one waits."""
    log = tmp_path_factory.mktemp("busy") / "audit.jsonl"
    bot.settings = Settings(port=0, concurrency=1, queue=1, audit_log=log)
    with serving(bot, bot.settings) as address:
        yield address


@pytest.fixture(autouse=True)
def left(visits: Visits, bot: Any) -> Iterator[None]:
    yield
    bot.go_on()
    visits.leave()


def opened(visits: Visits, address: str, locale: str) -> Any:
    page = visits.open(address, locale=locale, width=1440, height=900)
    page.goto(address)
    page.locator("#latest .related").wait_for()
    return page


@pytest.mark.parametrize(("locale", "place", "said", "again"), SAID)
def test_who_waits_is_told_the_place_and_what_is_too_many_is_turned_away_calmly(
    visits: Visits, address: str, bot: Any, locale: str, place: str, said: str, again: str
) -> None:
    first, second, third = (opened(visits, address, locale) for _ in range(3))
    bot.wait()
    bot.asked.clear()
    start(first, "slow")
    until(lambda: len(bot.asked) == 1)
    start(second, "slow")
    expect(second.locator("#turn-1 .pending")).to_have_text(place)
    start(third, ENGLISH)
    expect(third.locator("#turn-1 .message")).to_have_text(said)
    expect(third.locator("#send")).to_be_visible()
    third.evaluate("location.hash = 'briefing'")
    third.locator("#briefing-form .ready").wait_for()
    third.locator("#briefing-topic").fill("Alibaba")
    third.locator("#briefing-topic").press("Enter")
    expect(third.locator("#briefing-shown [role=alert]")).to_contain_text(said)
    expect(third.locator(".toast-body:visible")).to_have_count(0)
    third.evaluate("location.hash = ''")
    bot.go_on()
    finished(second)
    third.get_by_role("button", name=again).click()
    expect(claims(third).first).to_have_text("They fined Alibaba 18.228 billion yuan.[1]")
    assert visits.leave() == []


def test_one_who_stops_waiting_leaves_the_line(visits: Visits, address: str, bot: Any) -> None:
    first, second, third = (opened(visits, address, locale) for locale in ("en-GB", "zh-CN", "zh-TW"))
    bot.wait()
    bot.asked.clear()
    start(first, "slow")
    until(lambda: len(bot.asked) == 1)
    start(second, "slow")
    expect(second.locator("#turn-1 .pending")).to_have_text("正在排队，第1位…")
    second.keyboard.press("Escape")
    expect(second.locator("#turn-1 .retry")).to_be_visible()
    start(third, ENGLISH)
    expect(third.locator("#turn-1 .pending")).to_have_text("正在排隊，第1位…")
    bot.go_on()
    finished(third)
    expect(claims(third)).to_have_count(2)
    assert len(bot.asked) == 2
    assert visits.leave() == []


def test_a_server_that_was_gone_is_waited_for_and_the_question_asked_again(visits: Visits, address: str) -> None:
    page = opened(visits, address, "zh-TW")
    page.context.set_offline(True)
    start(page, ENGLISH)
    expect(page.locator(".lost")).to_contain_text("連線不上伺服器。")
    expect(page.locator(".toast-body:visible")).to_have_count(0)
    page.locator("#question textarea").fill("Half a ques")
    page.context.set_offline(False)
    expect(page.locator("#turn-1 .reason")).to_have_text("這個問題還沒有得到回答。")
    expect(page.locator("#question textarea")).to_have_value("Half a ques")
    page.locator("#turn-1 .retry").click()
    expect(claims(page)).to_have_count(2)
    assert visits.leave() == []
