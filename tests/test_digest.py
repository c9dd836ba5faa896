"""Briefings, summaries and timelines: every line quoted, nothing said twice, nothing found said so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from bot import Article, Digest, Regbrief, Timeline
from bot.condensing import Extracts, Line, choose
from bot.desk import Newsroom
from bot.engine import Regbrief as Engine
from bot.errors import InputError, NotFound
from bot.glossary import Entity, Glossary
from bot.library import Library
from bot.quotable import Quotable
from bot.records import Language

FINE = (
    Article(
        "fine-en",
        "Alibaba fined 18.2 billion yuan",
        "China's market regulator fined Alibaba 18.228 billion yuan on Saturday, April 10, 2021.\n\n"
        "The regulator said that Alibaba forced merchants to choose one of two platforms. "
        "He called the fine fair. Alibaba will report to the regulator by December 31, 2021 on what it corrected. "
        "The fine for Alibaba was cut from 20 to 18.228 billion yuan after a hearing.",
        "en",
        date(2021, 4, 10),
        "Example Post",
        "https://example.org/fine",
    ),
    Article(
        "fine-hans",
        "阿里巴巴被罚182.28亿元",
        "市场监管总局4月10日对阿里巴巴罚款182.28亿元。\n\n阿里巴巴要求商家在平台之间二选一。对此，阿里巴巴表示接受处罚。",
        "zh-Hans",
        date(2021, 4, 10),
        "示例报",
    ),
    Article(
        "fine-hant",
        "阿里巴巴遭罰182.28億元",
        "市場監管總局4月10日對阿里巴巴罰款182.28億元人民幣。\n\n阿里巴巴要求商家在平台之間二選一。此外，股價下跌。",
        "zh-Hant",
        date(2021, 4, 11),
        "範例報",
    ),
    Article(
        "probe-en",
        "Regulator investigates Alibaba",
        "China's market regulator opened an investigation of Alibaba on December 24, 2020.\n\n"
        "Alibaba said it would cooperate with the investigation of the regulator.",
        "en",
        date(2020, 12, 24),
        "Example Post",
    ),
)
ROWS = [
    pytest.param("Alibaba", "en", id="en"),
    pytest.param("阿里巴巴罚款", "zh-Hans", id="zh-Hans"),
    pytest.param("阿里巴巴罰款", "zh-Hant", id="zh-Hant"),
]


ALIBABA = Entity("alibaba", "company", {"en": ("Alibaba",), "zh-Hans": ("阿里巴巴",), "zh-Hant": ("阿里巴巴",)})


@pytest.fixture
def glossary() -> Glossary:
    return Glossary([ALIBABA])


@pytest.fixture
def bot(library: Library, encoder: Any, glossary: Any, fixed_model: Any) -> Regbrief:
    library.add(FINE)
    return Engine.from_library(library, encoder=encoder, glossary=glossary)


def check_quotations(bot: Regbrief, told: Digest | Timeline) -> None:
    """Assert that every line is proved by its citations, numbered in order, and that none stands twice."""
    claims = [each.claim for each in told.events] if isinstance(told, Timeline) else []
    claims += [claim for story in told.stories for claim in story.claims] if isinstance(told, Digest) else []
    cited = {each.number: each for each in told.citations}
    assert [*cited] == [*range(1, len(cited) + 1)]
    for each in cited.values():
        assert bot.article(each.article_id).body[each.start : each.end] == each.quote
    assert claims
    for claim in claims:
        assert claim.text in [cited[number].quote for number in claim.citations] or len(claim.citations) > 1
    assert len({claim.text for claim in claims}) == len(claims)


@pytest.mark.parametrize(("topic", "language"), ROWS)
def test_every_line_of_a_briefing_is_proved(bot: Regbrief, topic: str, language: Language) -> None:
    digest = bot.digest(topic)
    check_quotations(bot, digest)
    assert (digest.language, digest.abstained, digest.notice) == (language, False, "")
    assert digest.as_of == max(each.published for each in digest.citations if each.published)


@pytest.mark.parametrize(("topic", "language"), ROWS)
def test_every_line_of_a_timeline_is_proved_and_dated(bot: Regbrief, topic: str, language: Language) -> None:
    timeline = bot.timeline(topic)
    check_quotations(bot, timeline)
    assert timeline.language == language
    assert [each.day for each in timeline.events] == sorted(each.day for each in timeline.events)


def test_a_timeline_reads_the_day_from_the_sentence(bot: Regbrief) -> None:
    events = {each.claim.text: each for each in bot.timeline("Alibaba").events}
    opened = events["China's market regulator opened an investigation of Alibaba on December 24, 2020."]
    assert (opened.day, opened.precision, opened.stated, opened.ahead) == (date(2020, 12, 24), "day", True, False)


def test_what_was_still_to_come_is_marked(bot: Regbrief) -> None:
    ahead = [each.day for each in bot.timeline("Alibaba", languages=["en"]).events if each.ahead]
    assert ahead == [date(2021, 12, 31)]


def test_two_reports_of_one_event_are_one_event(bot: Regbrief) -> None:
    days = [each.day for each in bot.timeline("阿里巴巴罚款", languages=["zh-Hans", "zh-Hant"]).events]
    assert days == [date(2021, 4, 10)]


def test_what_changed_and_what_comes_next_stand_apart(bot: Regbrief) -> None:
    story = bot.summarize("fine-en").stories[0]
    assert [each.text[:20] for each in story.lines] == ["China's market regul", "The regulator said t"]
    assert [each.text[:31] for each in story.changed] == ["The fine for Alibaba was cut fr"]
    assert [each.text[:31] for each in story.ahead] == ["Alibaba will report to the regu"]


def test_a_sentence_that_leans_on_another_is_never_a_line(bot: Regbrief) -> None:
    told = [*bot.digest("Alibaba").citations, *bot.digest("阿里巴巴罚款").citations]
    assert not [each.quote for each in told if each.quote.startswith(("He ", "对此", "此外"))]


def test_a_summary_keeps_the_order_of_the_article(bot: Regbrief) -> None:
    digest = bot.summarize("fine-hans")
    starts = [digest.citations[each.citations[0] - 1].start for each in digest.stories[0].lines]
    assert starts == sorted(starts)
    assert (digest.article_id, digest.as_of, digest.stories[0].headline) == (
        "fine-hans",
        date(2021, 4, 10),
        "阿里巴巴被罚182.28亿元",
    )


def test_without_a_topic_the_newest_stories_are_told(bot: Regbrief) -> None:
    digest = bot.digest(limit=1, answer_language="zh-Hant")
    assert (digest.topic, digest.language, len(digest.stories)) == (None, "zh-Hant", 1)
    assert digest.stories[0].headline == "阿里巴巴遭罰182.28億元"


def test_a_window_in_the_topic_is_read_and_named(bot: Regbrief) -> None:
    digest = bot.digest("Alibaba news last year", today=date(2021, 6, 1))
    assert (digest.since, digest.until, digest.searched.implied) == (date(2020, 1, 1), date(2020, 12, 31), "last year")
    assert [story.headline for story in digest.stories] == ["Regulator investigates Alibaba"]


NOTHING = [
    pytest.param("football transfers", {}, "no_evidence", "No article here is about this.", id="en"),
    pytest.param("世界杯足球", {}, "no_evidence", "这里没有关于这个题目的文章。", id="zh-Hans"),
    pytest.param("氣候變遷會議", {}, "no_evidence", "這裡沒有關於這個題目的文章。", id="zh-Hant"),
    pytest.param("Alibaba", {"since": date(2030, 1, 1)}, "outside_window", "No article in this window", id="window"),
]


@pytest.mark.parametrize(("topic", "filters", "reason", "notice"), NOTHING)
def test_nothing_found_is_said(bot: Regbrief, topic: str, filters: Any, reason: str, notice: str) -> None:
    for told in (bot.digest(topic, **filters), bot.timeline(topic, **filters)):
        assert (told.abstained, told.reason, told.citations) == (True, reason, ())
        assert told.notice.startswith(notice)


def test_an_empty_library_says_so(library: Library, encoder: Any, glossary: Any, fixed_model: Any) -> None:
    bot = Engine.from_library(library, encoder=encoder, glossary=glossary)
    assert bot.digest("Alibaba").reason == bot.digest().reason == "empty_library"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda bot: bot.digest(" "), InputError),
        (lambda bot: bot.digest("x", limit=0), InputError),
        (lambda bot: bot.timeline("x", limit=101), InputError),
        (lambda bot: bot.digest("x", answer_language="fr"), InputError),
        (lambda bot: bot.summarize("nobody"), NotFound),
    ],
)
def test_what_cannot_be_used_is_an_error(bot: Regbrief, call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(bot)


class Inventor:
    """A model that says one thing that its quotation carries, and one that it does not."""

    name = "inventor"

    def condense(
        self, told: Sequence[Quotable], *, limit: int, language: Language, said: Sequence[Quotable]
    ) -> Iterator[Line]:
        yield Line("Alibaba was fined 18.228 billion yuan.", (told[0],))
        yield Line("Alibaba was fined 99 yuan.", (told[0],))


def test_what_a_model_writes_passes_the_gate_or_is_dropped(bot: Regbrief) -> None:
    bot.digests._newsroom = Newsroom(bot.glossary, condenser=Inventor())
    digest = bot.summarize("fine-en")
    told = [each.text for each in digest.stories[0].claims]
    assert (told[0], "Alibaba was fined 99 yuan." in told) == ("Alibaba was fined 18.228 billion yuan.", False)
    assert digest.answerer == "inventor"


def test_a_copy_is_told_once_and_named_as_one(library: Library, encoder: Any, glossary: Any, fixed_model: Any) -> None:
    body = " ".join(f"Alibaba paid fine number {n} to regulator number {n + 7} in city {n * 3}." for n in range(40))
    day = date(2021, 4, 10)
    library.add([Article("First", "Alibaba fined", body, "en", day, "F")])
    library.add([Article("Second", "Alibaba fined again", f"{body} Alibaba agreed.", "en", day, "S")])
    digest = Engine.from_library(library, encoder=encoder, glossary=glossary).digest("Alibaba")
    assert {each.article_id for each in digest.citations} == {"First"}
    assert [(each.source, each.copy) for each in digest.stories[0].also_reported_by] == [("S", True)]


def test_what_was_expected_long_ago_is_not_what_comes_next(
    library: Library, encoder: Any, glossary: Any, fixed_model: Any
) -> None:
    old, new = date(2020, 1, 1), date(2020, 1, 1) + timedelta(400)
    lead = "The regulator in {} fined Alibaba for its rules on merchants."
    body = f"{lead.format('Beijing')} Alibaba will appeal the fine of the regulator in the high court."
    library.add([Article("old", "Alibaba fined in Beijing", body, "en", old, "A")])
    library.add([Article("new", "Alibaba sues over taxes", "Alibaba sued the tax office of Shanghai.", "en", new, "A")])
    stories = Engine.from_library(library, encoder=encoder, glossary=glossary).digest("Alibaba").stories
    assert not [each.text for story in stories for each in story.claims if "will appeal" in each.text]


def test_nothing_told_is_nothing_chosen() -> None:
    assert choose([], limit=3, language="en") == []
    assert list(Extracts().condense([], limit=3, language="en", said=())) == []


@pytest.mark.parametrize(
    ("body", "language", "line", "date_"),
    [
        ("Nvidia?", "en", "No sentence here can be quoted by itself.", "The articles on this give no dates."),
        ("阿里巴巴？", "zh-Hans", "这里没有可以单独引用的句子。", "这方面的文章没有给出日期。"),
        ("阿里巴巴遭罰？", "zh-Hant", "這裡沒有可以單獨引用的句子。", "這方面的文章沒有給出日期。"),
    ],
)
def test_articles_that_give_no_line_are_not_said_to_be_missing(
    library: Library,
    encoder: Any,
    glossary: Any,
    fixed_model: Any,
    body: str,
    language: Language,
    line: str,
    date_: str,
) -> None:
    library.add([Article("odd", "Alibaba", body, language)])
    bot = Engine.from_library(library, encoder=encoder, glossary=glossary)
    summary, timeline = bot.summarize("odd"), bot.timeline("Alibaba", answer_language=language)
    assert (summary.reason, timeline.reason) == ("no_evidence", "no_evidence")
    assert summary.notice.startswith(line)
    assert timeline.notice.startswith(date_)
