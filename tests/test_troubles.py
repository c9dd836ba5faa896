"""What is wrong with an address, a feed, a file or a run, in the words of the page."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from bot.errors import Busy, MissingExtra
from bot.outcomes import Feed
from bot.records import LANGUAGES, Language
from bot.serve.errors import said
from bot.ui.markup import fragment
from bot.ui.measuring import State
from bot.ui.quality import step
from bot.ui.strings import HERE, strings
from bot.ui.troubles import worded

GONE = "'https://example.org/feed' answers 404 (Not Found). Open it in a browser."
ROBOTS = "Its robots.txt cannot be read: 'http://a.example/robots.txt' took too long. Try again later."


@pytest.mark.parametrize(
    ("language", "message", "words"),
    [
        ("en", GONE, GONE),
        ("zh-Hans", GONE, "'https://example.org/feed' 返回 404（Not Found）。请用浏览器打开查看。"),
        ("zh-Hant", GONE, "'https://example.org/feed' 回應 404（Not Found）。請用瀏覽器開啟查看。"),
        ("zh-Hans", ROBOTS, "无法读取其 robots.txt：'http://a.example/robots.txt' 响应超时。请稍后再试。"),
        ("zh-Hant", "The process ended with -9.", "行程以 -9 結束。"),
        ("zh-Hant", "'x' is '1.2. 3'.", "'x' 的類型是「1.2. 3」。"),
    ],
)
def test_what_is_known_is_said_in_the_language_of_the_page(language: Language, message: str, words: str) -> None:
    assert worded(message, strings(language)) == (words, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", ["Something new.", f"{GONE} Something new.", "Try again later.x", "{0}{why}"])
def test_what_is_not_known_whole_stays_as_it_is(language: Language, message: str) -> None:
    assert worded(message, strings(language)) == (message, "en")


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_every_sentence_is_known_and_keeps_its_values(language: Language) -> None:
    for english, *words in yaml.safe_load((HERE / "troubles.yaml").read_text("utf-8")):
        values = re.findall(r"\{(\w+)\}", english)
        assert [sorted(re.findall(r"\{(\w+)\}", each)) for each in words] == [sorted(values)] * 2, english
        said_of, spoken = worded(english.format(**dict.fromkeys(values, "'7'")), strings(language))
        assert (spoken, said_of.count("7")) == (language, len(values)), english


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", '<p class="fault" lang="en"><bdi>&#39;https://example.org/feed&#39; answers 404 (Not Found).'),
        ("zh-Hans", '<p class="fault" lang="zh-Hans"><bdi>&#39;https://example.org/feed&#39; 返回 404'),
        ("zh-Hant", '<p class="fault" lang="zh-Hant"><bdi>&#39;https://example.org/feed&#39; 回應 404'),
    ],
)
def test_a_feed_that_fails_says_why(language: Language, words: str) -> None:
    feed = Feed("https://example.org/feed", problem=GONE)
    assert words in fragment("library_feeds", strings(language), feeds=[feed], may=True)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", '<p class="reason" lang="en">The process ended with -9.</p>'),
        ("zh-Hans", '<p class="reason" lang="zh-Hans">进程以 -9 结束。</p>'),
        ("zh-Hant", '<p class="reason" lang="zh-Hant">行程以 -9 結束。</p>'),
    ],
)
def test_a_run_that_broke_off_says_why(language: Language, words: str) -> None:
    state, text = State("failed", problem="The process ended with -9."), strings(language)
    assert words in fragment("quality_state", text, state=state, said=step(state, text), may=True)


@pytest.mark.parametrize(
    ("language", "busy", "lacking"),
    [
        ("en", "A run is under way.", "Measuring needs scipy."),
        ("zh-Hans", "快速评测正在进行。", "评测缺少软件包：scipy。"),
        ("zh-Hant", "快速評測正在進行。", "評測缺少套件：scipy。"),
    ],
)
def test_a_run_that_cannot_begin_says_why(language: Language, busy: str, lacking: str) -> None:
    assert said(Busy("A run is under way.", hint="", case="measuring"), language).message == busy
    missing: Any = MissingExtra("Measuring needs scipy.", hint="", case="measuring", values={"lacking": "scipy"})
    assert said(missing, language).message == lacking
