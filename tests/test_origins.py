"""Whose reports a question asks for: what makes an outlet, or a language, the source, and what does not."""

from __future__ import annotations

from datetime import date

import pytest

from bot.engine import Regbrief
from bot.glossary import Entity, Glossary
from bot.language import detect
from bot.origins import OriginReading, read_origin
from bot.records import Filters

TIMES = Entity(
    "times", "company", {"en": ("The Avalon Times",), "zh-Hans": ("阿瓦隆时报",), "zh-Hant": ("阿瓦隆時報",)}
)
COUNCIL = Entity(
    "council", "regulator", {"en": ("Market Council",), "zh-Hans": ("市场委员会",), "zh-Hant": ("市場委員會",)}
)
HELD = (
    "Reuters",
    "Caixin",
    "财新",
    "新華社",
    "The Avalon Times",
    "Market Council",
    "市場委員會",
    "The Information",
    "Lumen",
)
BOTH = ("zh-Hans", "zh-Hant")


def read(question: str) -> OriginReading:
    return read_origin(question, Glossary([TIMES, COUNCIL]), lambda: HELD)


@pytest.mark.parametrize(
    ("question", "sources", "said", "text"),
    [
        ("What has Reuters reported on the DMA?", ["Reuters"], "has Reuters reported on", "What the DMA?"),
        ("According to Reuters, was Ant fined?", ["Reuters"], "According to Reuters", "was Ant fined?"),
        (
            "How much was Ant fined, according to reuters?",
            ["Reuters"],
            "according to reuters",
            "How much was Ant fined?",
        ),
        ("What did Reuters and Caixin say about Didi?", ["Reuters", "Caixin"], None, "What Didi?"),
        ("What fine was reported by Reuters in May?", ["Reuters"], "reported by Reuters", "What fine was in May?"),
        ("In Reuters’ coverage of Ant, who paid?", ["Reuters"], "In Reuters’ coverage of", "Ant, who paid?"),
        ("How did the Avalon Times cover the DMA?", ["The Avalon Times"], None, "How the DMA?"),
        (
            "Why was Ant fined, according to the Market Council?",
            ["Market Council", "市場委員會"],
            None,
            "Why was Ant fined?",
        ),
        ("据财新报道，滴滴被罚了多少？", ["财新"], "据财新报道", "滴滴被罚了多少？"),
        ("《财新》对蚂蚁集团怎么报道的？", ["财新"], "《财新》对蚂蚁集团怎么报道的", "对蚂蚁集团？"),
        ("据Reuters报道，滴滴被罚多少？", ["Reuters"], "据Reuters报道", "滴滴被罚多少？"),
        ("据市场委员会通报，谁被罚？", ["Market Council", "市場委員會"], "据市场委员会通报", "谁被罚？"),
        ("滴滴為何被罰？據新華社報導", ["新華社"], "據新華社報導", "滴滴為何被罰？"),
        ("財新怎麼報導滴滴被罰？", ["财新"], "財新怎麼報導", "滴滴被罰？"),
        ("阿瓦隆時報如何報導DMA？", ["The Avalon Times"], "阿瓦隆時報如何報導", "DMA？"),
        ("根據新華社的報道，誰被罰？", ["新華社"], "根據新華社的報道", "誰被罰？"),
    ],
)
def test_an_outlet_that_is_the_source_is_a_filter(
    question: str, sources: list[str], said: str | None, text: str
) -> None:
    reading = read(question)
    assert (list(reading.sources), reading.languages, reading.text) == (sources, (), text)
    assert reading.sources_said == (said or reading.sources_said)
    assert reading.sources_said


@pytest.mark.parametrize(
    ("question", "languages", "said", "text"),
    [
        ("What was Apple fined in Chinese sources?", BOTH, "in Chinese sources", "What was Apple fined?"),
        ("What do Chinese sources say about the DMA?", BOTH, "do Chinese sources say about", "What the DMA?"),
        ("How did English-language media cover Ant?", ("en",), "did English-language media cover", "How Ant?"),
        ("Who was fined according to traditional Chinese reports?", ("zh-Hant",), None, "Who was fined?"),
        ("英文来源里怎么说滴滴的罚款？", ("en",), "英文来源里怎么说", "滴滴的罚款？"),
        ("只看简体中文来源，苹果被罚了多少？", ("zh-Hans",), "只看简体中文来源", "苹果被罚了多少？"),
        ("据英文媒体报道，滴滴被罚多少？", ("en",), "据英文媒体报道", "滴滴被罚多少？"),
        ("中文媒體怎麼報導歐盟 DMA", BOTH, "中文媒體怎麼報導", "歐盟 DMA"),
        ("繁體中文媒體如何報導蘋果被罰？", ("zh-Hant",), "繁體中文媒體如何報導", "蘋果被罰？"),
        ("英文報導中，誰被罰？", ("en",), "英文報導中", "誰被罰？"),
        ("Answer in English: what do Chinese media report on Ant?", BOTH, "do Chinese media report on", None),
        ("用中文回答：英文媒体如何报道滴滴？", ("en",), "英文媒体如何报道", "用中文回答：滴滴？"),
    ],
)
def test_a_language_of_sources_is_a_filter(
    question: str, languages: tuple[str, ...], said: str | None, text: str | None
) -> None:
    reading = read(question)
    assert (reading.languages, reading.sources) == (languages, ())
    assert reading.languages_said == (said or reading.languages_said)
    assert reading.text == (text or reading.text) != question


@pytest.mark.parametrize(
    "question",
    [
        "What did Google report?",
        "Was Lumen fined?",
        "Why was Reuters sued?",
        "How much did Lumen report in revenue?",
        "What did Lumen say about its users?",
        "What did the Market Council report about its budget?",
        "What did the Market Council say about Ant?",
        "According to the Market Council decision, who was fined?",
        "According to the information we have, was Didi fined?",
        "What did the Reuters Institute report about news?",
        "According to Bloomberg, was Ant fined?",
        "What sources other than Reuters reported on Ant?",
        "Did the amount reported by Reuters match what was announced?",
        "What was not reported by Reuters about Ant?",
        "How do Chinese and English sources differ on Didi?",
        "Answer in English: what was Didi fined?",
        "Must contracts be published in Chinese?",
        "How are Chinese media companies regulated?",
        "Were Chinese media fined?",
        "用中文回答：滴滴被罚多少？",
        "请用中文报道这件事",
        "中文媒体被罚了吗？",
        "在英文媒体上投放广告合法吗？",
        "关于财新的报道被删了吗？",
        "财新与新华社的报道有什么不同？",
        "中英文媒体怎么报道？",
        "據路透社報導，誰被罰？",
        "財新被罰了嗎？",
        "市場委員會說了什麼？",
        "個資法的英文版在哪裡？",
        "請用繁體中文回答，誰被罰？",
        "除了新華社，誰報導了？",
    ],
)
def test_what_is_asked_about_outlets_and_answers_is_no_filter(question: str) -> None:
    assert read(question) == OriginReading((), (), None, None, question)


def test_outlets_are_only_looked_up_where_a_question_may_name_one() -> None:
    def never() -> list[str]:
        raise AssertionError

    assert read_origin("Who was fined?", Glossary(), never).sources == ()


def test_the_places_of_words_are_those_of_the_original() -> None:
    assert read("㈱…据财新报道，谁被罚？").sources_said == "据财新报道"


def test_words_that_name_both_are_taken_out_once() -> None:
    reading = read_origin("What was Ant fined, according to Chinese news?", Glossary(), lambda: ["Chinese News"])
    assert (reading.languages, reading.sources) == (BOTH, ("Chinese News",))
    assert reading.text == "What was Ant fined?"


@pytest.mark.parametrize(
    "question",
    ["", "據", "《", "报道" * 900, "According to " * 90, "财新" * 600 + "报道", "in Chinese " * 100, "㈱" * 400 + "据"],
)
def test_no_question_is_too_odd_to_be_read(question: str) -> None:
    assert read(question).sources in ((), ("财新",))


def test_what_is_read_narrows_filters() -> None:
    wide = Filters(since=date(2021, 1, 1))
    assert read("据财新报道，谁被罚？").narrowed(wide) == Filters(since=date(2021, 1, 1), sources=("财新",))


@pytest.mark.parametrize(
    ("question", "languages", "sources"),
    [
        pytest.param("According to the Example Post, what was Alibaba fined?", None, ["Example Post"], id="en"),
        pytest.param("中文媒体怎么报道支付宝？", ["zh-Hans", "zh-Hant"], [], id="zh-Hans"),
        pytest.param("據範例報報導，支付寶須分拆什麼業務？", None, ["範例報"], id="zh-Hant"),
    ],
)
def test_an_answer_keeps_to_what_its_question_implies(
    shared_bot: Regbrief, question: str, languages: list[str] | None, sources: list[str]
) -> None:
    searched = shared_bot.ask(question).searched
    assert (list(searched.languages), list(searched.sources)) == (languages or ["en", *BOTH], sources)
    assert (searched.implied_languages is None) is (languages is None)
    assert (searched.implied_sources is None) is (not sources)
    everything = shared_bot.ask(question, read_sources=False).searched
    assert (everything.sources, everything.implied_sources, everything.implied_languages) == ((), None, None)


@pytest.mark.parametrize("given", [{"languages": ["en"]}, {"sources": ["示例报"]}, {"article_ids": ["fine-en"]}])
def test_filters_that_are_given_win(shared_bot: Regbrief, given: dict[str, list[str]]) -> None:
    searched = shared_bot.ask("According to the Example Post, what was Alibaba fined?", **given).searched  # type: ignore[arg-type]
    assert (searched.sources, searched.implied_sources) == (tuple(given.get("sources", ())), None)


def test_the_answer_is_in_the_language_of_the_whole_question(shared_bot: Regbrief) -> None:
    question = "英文来源里怎么说 Alibaba"
    assert (detect("Alibaba"), shared_bot.ask(question).language) == ("en", "zh-Hans")
