"""Which articles a briefing and a timeline are about, and whether the library may be changed."""

from __future__ import annotations

import os
from datetime import date

import pytest

from bot.engine import Regbrief
from bot.errors import InputError


@pytest.mark.parametrize("topic", ["Alibaba", "支付宝", "支付寶"])
def test_a_timeline_quotes_the_articles_about_its_topic(shared_bot: Regbrief, topic: str) -> None:
    about = {each.id for each in shared_bot.about(topic)}
    assert about
    assert {each.article_id for each in shared_bot.timeline(topic).citations} <= about


def test_the_window_holds_for_what_is_about_a_topic(shared_bot: Regbrief) -> None:
    assert shared_bot.about("Alibaba", since=date(2100, 1, 1)) == []
    with pytest.raises(InputError):
        shared_bot.about(" ")


def test_a_library_that_cannot_be_written_to_says_so(shared_bot: Regbrief, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shared_bot.writable()
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "catalog.sqlite")
    assert not shared_bot.writable()
