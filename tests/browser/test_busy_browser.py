"""The page where more is asked than the server takes, and where the server cannot be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fake_bot import FakeBot
from serving import until
from steps import ENGLISH, MARKS, claims, expect, finished, start
from visiting import Visits, serving

from bot.settings import Settings
from bot.ui import ask as asking

pytestmark = MARKS

SAID = [
    pytest.param("en-GB", "This could not be taken just now.", "Ask again", id="en"),
    pytest.param("zh-CN", "暂时无法受理。", "重新提问", id="zh-Hans"),
    pytest.param("zh-TW", "暫時無法受理。", "重新提問", id="zh-Hant"),
]


@pytest.fixture(scope="module")
def bot() -> Any:
    return FakeBot()


@pytest.fixture(scope="module")
def address(bot: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a bot that answers one question at a time, while one waits."""
    bot.settings = Settings(port=0, queue=1, audit_log=tmp_path_factory.mktemp("busy") / "audit.jsonl")
    patch = pytest.MonkeyPatch()
    patch.setattr(asking, "CONCURRENT", 1)
    with serving(bot, bot.settings) as address:
        yield address
    patch.undo()


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


@pytest.mark.parametrize(("locale", "said", "again"), SAID)
def test_a_question_and_a_briefing_too_many_are_turned_away_calmly(
    visits: Visits, address: str, bot: Any, locale: str, said: str, again: str
) -> None:
    first, second, third = (opened(visits, address, locale) for _ in range(3))
    bot.wait()
    bot.asked.clear()
    start(first, "slow")
    until(lambda: len(bot.asked) == 1)
    with second.expect_response(re.compile("/queue/join")):
        start(second, "slow")
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
    refused = [(each.split()[0], each.split("/gradio_api/")[1].split("?")[0]) for each in visits.leave()]
    assert refused == [("503", "queue/join")] * 2


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
