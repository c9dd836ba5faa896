"""Where reports differ, and where they only seem to. The encoder counts words, so that likeness can be seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from samples import WordEncoder

from bot.conflicts import Conflict, Side, conflicts
from bot.glossary import Entity, Glossary
from bot.measures import measures
from bot.records import Citation, Language, to_json
from bot.wording import asked, compares, contrasts, doubts, named, newest, opposed, revises, unmeasured

GLOSSARY = Glossary(
    [
        Entity("ant", "company", {"en": ("Ant Group",), "zh-Hans": ("蚂蚁集团",), "zh-Hant": ("螞蟻集團",)}),
        Entity("tenpay", "company", {"en": ("Tenpay",), "zh-Hans": ("财付通",), "zh-Hant": ("財付通",)}),
    ]
)


def cite(quote: str, article: str = "a", *, day: int = 1, language: Language = "en") -> Citation:
    return Citation(1, article, "", f"Outlet {article}", None, date(2023, 7, day), language, quote, 0, len(quote), 0.9)


def find(question: str, *quotes: str, story: bool = True) -> list[Conflict]:
    """Find conflicts among quotations, each of another article, of one story or of none; the first is used."""
    cited = [cite(quote, f"{at}", day=at + 1) for at, quote in enumerate(quotes)]
    known = {each.article_id: "story" for each in cited} if story else {}
    return conflicts(question, cited[:1], cited[1:], stories=known, glossary=GLOSSARY, encoder=WordEncoder())


def values(found: list[Conflict]) -> list[tuple[str, ...]]:
    return [tuple(side.value for side in each.sides) for each in found]


# --- measures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7.123 billion yuan", [("CNY", 7.123e9)]),
        ("罚款71.23亿元", [("CNY", 7.123e9)]),
        ("罰鍰71.23億元人民幣", [("CNY", 7.123e9)]),
        ("HK$1.187bn", [("HKD", 1.187e9)]),
        ("11.87億港元", [("HKD", 1.187e9)]),
        ("新台幣234億元", [("TWD", 23.4e9)]),
        ("US$102 million", [("USD", 102e6)]),
        ("2074亿韩元", [("KRW", 207.4e9)]),
        ("50.52 percent", [("percent", 50.52)]),
        ("市占率八成", [("percent", 80)]),
        ("eight companies", [("company", 8)]),
        ("11 firms and 8家", [("company", 11), ("company", 8)]),
        ("1,641人報案", [("person", 1641)]),
        ("九個月", [("month", 9)]),
        ("30 working days", [("day", 30)]),
        ("第六届第三名，代码6688", []),
        ("GPT-4 and Article 18", []),
    ],
)  # fmt: skip
def test_figures_are_read_with_their_units(text: str, expected: list[tuple[str, float]]) -> None:
    found = measures(text)
    assert [each.unit for each in found] == [unit for unit, _ in expected]
    assert all(each.low <= value <= each.high for each, (_, value) in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("a", "b", "differs"),
    [
        ("182.28亿元", "18.2 billion yuan", False),
        ("71.23亿元", "7.123 billion yuan", False),
        ("4,342,865,000 euros", "43.4億歐元", False),
        ("超过43亿美元", "43.16 billion dollars", True),
        ("超过43亿美元", "4.316 billion dollars", False),
        ("about 84 million people", "8400万人", False),
        ("at least 8 billion yuan", "7.123 billion yuan", True),
        ("43.4亿欧元", "41.25亿欧元", True),
        ("8家", "11 companies", True),
        ("八個月", "nine months", True),
        ("HK$1.187bn", "US$1.6bn", False),
        ("8 people", "11 companies", False),
        ("2021年9月14日", "14 September 2021", False),
        ("2021年9月14日", "September 2021", False),
        ("9月14日", "Sept. 15", True),
    ],
)
def test_whether_two_measures_differ(a: str, b: str, differs: bool) -> None:
    first, second = measures(a)[0], measures(b)[0]
    assert first.differs(second) is second.differs(first) is differs


def test_a_measure_stands_where_it_says() -> None:
    text = "警方（ﬁ）接獲1,641人報案，涉款約11.87億港元。"
    assert [text[each.start : each.end] for each in measures(text)] == ["1,641人", "約11.87億港元"]


# --- wording --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("How much was Ant fined?", "CNY"),
        ("蚂蚁被罚了多少钱？", "CNY"),
        ("螞蟻被罰了多少？", "CNY"),
        ("How many firms were cleared?", "company"),
        ("有幾家公司獲批？", "company"),
        ("When did the law take effect?", "date"),
        ("這部法何時生效？", "date"),
        ("份额有多少？", "percent"),
        ("凍結了幾個月？", "month"),
    ],
)
def test_a_question_asks_for_a_unit(question: str, unit: str) -> None:
    assert unit in asked(question)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Is the cap 1.5 or 1 percent?", [1.5, 1]),
        ("到底是55億還是45億美元？", [55e8, 45e8]),
        ("35%还是29.9%？", [35, 29.9]),
        ("What was decided in 2021?", []),
    ],
)
def test_figures_that_a_question_names(question: str, expected: list[float]) -> None:
    assert [(each.low + each.high) / 2 for each in named(question)] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tells", "yes", "no"),
    [
        (doubts, ["Do the sources agree?", "說法一致嗎？", "到底是多少？"], ["How much was it?", "罚了多少？"]),
        (newest, ["What is it now?", "目前是多少？"], ["What was it?", "当时是多少？"]),
        (unmeasured, ["Why was it cut?", "為什麼減罰？", "谁罚的？"], ["How much?", "Who was fined how much?"]),
        (compares, ["Which fine was larger?", "哪家被罚得更多？"], ["How large was it?", "罰了多少？"]),
        (contrasts, ["各家媒體說法不一", "It had put the fine at 8 billion."], ["The fine is 8 billion."]),
        (revises, ["將罰款由43.4億減至41.25億", "The fine was cut to 4 billion."], ["罚款为43.4亿"]),
    ],
)
def test_what_wording_gives_away(tells: Callable[[str], bool], yes: list[str], no: list[str]) -> None:
    assert [each for each in [*yes, *no] if tells(each)] == yes


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("The court upheld the fine.", "法院撤销了罚款。", True),
        ("收購獲批准。", "The deal was blocked.", True),
        ("The deal was approved.", "收购获批准。", False),
        ("The deal was approved.", "The deal was not blocked.", False),
    ],
)
def test_outcomes_that_exclude_each_other(a: str, b: str, expected: bool) -> None:
    assert opposed(a, b) is opposed(b, a) is expected


# --- conflicts ------------------------------------------------------------------------------------------------------


def test_reports_of_one_story_that_differ_are_both_shown_with_outlet_and_date() -> None:
    quotes = ["China fined Ant Group 7.123 billion yuan.", "China is to fine Ant Group at least 8 billion yuan."]
    sides = (
        Side("7.123 billion yuan", quotes[0], "0", "Outlet 0", date(2023, 7, 1), "en", 0, len(quotes[0])),
        Side("at least 8 billion yuan", quotes[1], "1", "Outlet 1", date(2023, 7, 2), "en", 0, len(quotes[1])),
    )
    found = find("How much was Ant Group fined?", *quotes)
    assert found == [Conflict("CNY", sides)]
    assert to_json(found[0])["sides"][1]["published"] == "2023-07-02"


@pytest.mark.parametrize(
    ("question", "quotes", "expected"),
    [
        (
            "金管部门罚了蚂蚁集团多少？",
            ("蚂蚁集团被罚款71.23亿元。", "蚂蚁集团被罚款80.5亿元。"),
            ("71.23亿元", "80.5亿元"),
        ),
        ("警方接獲多少人報案？", ("警方接獲1,641人報案。", "警方接獲2,305人報案。"), ("1,641人", "2,305人")),
        ("When did it open?", ("It opened on 2 May 2021.", "It opened on 3 May 2021."), ("2 May 2021", "3 May 2021")),
        ("它何时上映？", ("该片2019年2月5日上映。", "该片2018年6月6日上映。"), ("2019年2月5日", "2018年6月6日")),
    ],
    ids=["zh-Hans", "zh-Hant", "date", "year"],
)
def test_conflicts_of_one_story(question: str, quotes: tuple[str, str], expected: tuple[str, str]) -> None:
    assert values(find(question, *quotes)) == [expected]
    assert find(question, *quotes, story=False) == []


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("How much was Ant Group fined?", ("Ant Group was fined 7.123 billion yuan.", "蚂蚁集团被罚71.23亿元。")),
        ("How much was the fine?", ("The fine was 18.2 billion yuan.", "罰款182.28億元。")),
        ("How much was it?", ("Ant Group was fined 7.123 billion yuan.", "Ant Group was fined about $984 million.")),
        ("How much was the fine?", ("Ant Group was fined 7.1 billion yuan.", "Tenpay was fined 2.99 billion yuan.")),
        ("How much was the fine?", ("The fine was 7.1 billion yuan.", "Sales in China came to 455.7 billion yuan.")),
        ("What was sold in 2021?", ("It sold 8 billion yuan in 2021.", "It sold 7 billion yuan in 2022.")),
        ("被罚多少？", ("TikTok周五被罚5.3亿欧元。", "TikTok曾在2021年9月被罚3.45亿欧元。")),
        ("被罰多少？", ("TikTok was fined 530 million euros.", "這是TikTok在2021年被罰3.45億歐元後第二次受罰。")),
        ("Who fined it?", ("It was fined 7.1 billion yuan.", "It was fined 8.5 billion yuan.")),
        ("Why was it fined?", ("It was fined 7.1 billion yuan.", "It was fined 8.5 billion yuan.")),
        ("Which was fined more?", ("It was fined 7.1 billion yuan.", "It was fined 8.5 billion yuan.")),
        ("How much?", ("It paid 500 and 200 dollars in fines.", "它付了200美元和500美元罚款。")),
    ],
    ids=[
        "same",
        "rounded",
        "currencies",
        "companies",
        "sales",
        "years",
        "before",
        "across",
        "who",
        "why",
        "comparison",
        "list",
    ],
)
def test_no_conflict(question: str, quotes: tuple[str, str]) -> None:
    assert find(question, *quotes) == []


def test_figures_that_the_question_names_need_no_story() -> None:
    quotes = ("持股比例為35%。", "It now holds 29.9 percent.", "Another holds 10 percent.")
    assert values(find("到底是35%还是29.9%？", *quotes, story=False)) == [("35%", "29.9 percent")]


@pytest.mark.parametrize(
    ("question", "quote", "expected"),
    [
        ("凍結了幾個月？", "各家說法不一：《南華早報》稱為八個月，路透則稱為九個月。", ("八個月", "九個月")),
        ("How many firms?", "It named eight companies, while Reuters cited 11 firms.", ("eight companies", "11 firms")),
        ("罚款多少？", "法院将罚款由43.4亿欧元减至41.25亿欧元。", ("43.4亿欧元", "41.25亿欧元")),
    ],
)
def test_a_sentence_may_set_figures_against_each_other(question: str, quote: str, expected: tuple[str, str]) -> None:
    assert values(find(question, quote, story=False)) == [expected]


def test_a_revision_is_no_conflict_for_who_asks_what_holds_now() -> None:
    assert find("罚款现在是多少？", "法院将罚款由43.4亿欧元减至41.25亿欧元。") == []


def test_what_the_answer_does_not_use_is_left_out() -> None:
    quotes = ["It is a company.", "It was fined 7.1 billion yuan.", "It was fined 8.5 billion yuan."]
    assert find("How much was it fined?", *quotes) == []


def test_opposite_outcomes_of_one_story() -> None:
    quotes = ("The court upheld the fine on Ant Group.", "The court overturned the fine on Ant Group.")
    assert [each.unit for each in find("What did the court decide?", *quotes)] == ["outcome"]
    assert find("What did the court decide?", *quotes, story=False) == []


def test_nothing_cited_is_no_conflict() -> None:
    assert conflicts("How much?", [], stories={}, glossary=GLOSSARY, encoder=WordEncoder()) == []
