"""The answer that every face hands out: its form, its proof, its refusals and its filters."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import bot as package
from bot import Answer, Article, BotError, Citation, Claim, Event, Ingested, Regbrief, to_json
from bot.errors import InputError, NotFound
from bot.glossary import Entity, Glossary
from bot.language import detect
from bot.library import Library
from bot.records import Parts, Turn
from bot.rerank import Pointed, Reading, Window
from bot.weighing import Model

QUESTIONS = {
    "en": "How much did the market regulator fine Alibaba on Saturday?",
    "zh-Hans": "工信部要求各平台停止什么？",
    "zh-Hant": "監管機構要求支付寶分拆什麼業務？",
}
UNANSWERABLE = {
    "en": "Who won the football match in Madrid?",
    "zh-Hans": "昨晚马德里足球赛谁赢了？",
    "zh-Hant": "昨晚馬德里足球賽誰贏了？",
}
languages = pytest.mark.parametrize("language", QUESTIONS)

ANSWER = [
    *("question", "language", "abstained", "reason", "answer", "as_of", "claims", "citations", "conflicts", "related"),
    *("searched", "answerer", "notes", "timings_ms", "outside"),
]
CITATION = [
    *("number", "article_id", "title", "source", "url", "published", "language", "quote", "start", "end", "score"),
    *("page", "also_reported_by", "answer_span"),
]
CLAIM = ["text", "citations", "status", "context", "gloss"]
HIT = {"article_id", "passage_id", "text", "start", "end", "score", "title", "source", "published", "language"}
HIT |= {"url", "also_reported_by"}


@pytest.fixture
def bot(shared_bot: Regbrief) -> Regbrief:
    return shared_bot


@pytest.fixture
def empty(library: Library, encoder: Any, glossary: Glossary, fixed_model: Model) -> Regbrief:
    return Regbrief.from_library(library, encoder=encoder, glossary=glossary)


# --- the answer -----------------------------------------------------------------------------------------------------


@languages
def test_an_answer_has_the_keys_of_the_contract(bot: Regbrief, language: str) -> None:
    found = to_json(bot.ask(QUESTIONS[language]))
    assert list(found) == ANSWER
    assert [list(claim) for claim in found["claims"]] == [CLAIM] * len(found["claims"])
    assert [list(citation) for citation in found["citations"]] == [CITATION] * len(found["citations"])
    assert set(found["searched"]) >= {"articles", "since", "until", "languages"}
    assert set(found["timings_ms"]) == {"retrieve", "rerank", "answer", "total"}
    assert json.loads(json.dumps(found)) == found


def test_an_answer_has_these_values(bot: Regbrief, articles: tuple[Article, ...]) -> None:
    found = to_json(bot.ask(f"  {QUESTIONS['en']}\n"))
    quote = "China's market regulator fined Alibaba 18.228 billion yuan on Saturday."
    score, timings = found["citations"][0].pop("score"), found.pop("timings_ms")
    assert found == {
        "question": QUESTIONS["en"],
        "language": "en",
        "abstained": False,
        "reason": None,
        "answer": f"Example Post, 10 April 2021: {quote} [1]",
        "as_of": "2021-04-10",
        "claims": [
            {
                "text": quote,
                "citations": [1],
                "status": "verified",
                "context": "Example Post, 10 April 2021: ",
                "gloss": "",
            }
        ],
        "citations": [
            {
                "number": 1,
                "article_id": "fine-en",
                "title": "Alibaba fined 18.2 billion yuan",
                "source": "Example Post",
                "url": "https://example.org/fine",
                "published": "2021-04-10",
                "language": "en",
                "quote": quote,
                "start": 0,
                "end": 71,
                "page": None,
                "also_reported_by": [],
                "answer_span": None,
            }
        ],
        "conflicts": [],
        "related": found["related"],
        "searched": found["searched"],
        "answerer": "extractive",
        "notes": [],
        "outside": [],
    }
    assert {each["article_id"] for each in found["related"]} <= {"links-hans", "alipay-hant"}
    assert (found["searched"]["articles"], found["searched"]["languages"]) == (3, ["en", "zh-Hans", "zh-Hant"])
    assert 0 < score <= 1
    assert all(value >= 0 for value in timings.values())


@languages
def test_every_quotation_stands_in_its_article(bot: Regbrief, language: str) -> None:
    answer = bot.ask(QUESTIONS[language])
    assert answer.citations
    for citation in answer.citations:
        article = bot.article(citation.article_id)
        assert article.body[citation.start : citation.end] == citation.quote
        assert (citation.title, citation.source, citation.published) == (
            article.title,
            article.source,
            article.published,
        )


@languages
def test_every_marker_resolves_and_numbers_run_from_one(bot: Regbrief, language: str) -> None:
    answer = bot.ask(QUESTIONS[language])
    markers = [int(number) for number in re.findall(r"\[(\d+)\]", answer.answer)]
    assert list(dict.fromkeys(markers)) == list(range(1, len(answer.citations) + 1))
    assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert [number for claim in answer.claims for number in claim.citations] == markers
    assert all(claim.text in answer.answer and claim.status == "verified" for claim in answer.claims)


@languages
def test_an_answer_is_in_the_language_of_the_question_and_quotes_the_original(bot: Regbrief, language: str) -> None:
    answer = bot.ask(QUESTIONS[language])
    assert (answer.language, answer.abstained, answer.reason) == (language, False, None)
    assert answer.citations[0].language == language


def test_either_script_of_a_question_gets_the_same_quotations(bot: Regbrief) -> None:
    one, other = bot.ask("支付寶的貸款業務怎樣？"), bot.ask("支付宝的贷款业务怎样？")
    assert one.citations == other.citations
    assert {citation.language for citation in one.citations} == {"zh-Hans", "zh-Hant"}


def test_as_of_is_the_latest_day_quoted(bot: Regbrief) -> None:
    answer = bot.ask("支付宝的贷款业务怎样？")
    assert answer.as_of == max(citation.published for citation in answer.citations if citation.published)


@languages
def test_the_same_question_gets_the_same_answer(bot: Regbrief, language: str) -> None:
    one, other = (to_json(bot.ask(QUESTIONS[language])) for _ in range(2))
    assert one | {"timings_ms": {}} == other | {"timings_ms": {}}


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "opening", "searched"),
    [
        pytest.param(
            "en",
            "No article here answers this.",
            "Searched: 3 articles, English, Simplified Chinese, Traditional Chinese.",
            id="en",
        ),
        pytest.param(
            "zh-Hans", "这里没有文章能回答这个问题。", "检索范围：3篇文章，英文、简体中文、繁体中文。", id="zh-Hans"
        ),
        pytest.param(
            "zh-Hant", "這裡沒有文章能回答這個問題。", "檢索範圍：3篇文章，英文、簡體中文、繁體中文。", id="zh-Hant"
        ),
    ],
)
def test_a_refusal_says_in_the_askers_script_what_was_searched_and_what_is_nearest(
    bot: Regbrief, language: str, opening: str, searched: str
) -> None:
    answer = bot.ask(UNANSWERABLE[language])
    assert (answer.abstained, answer.reason, answer.claims, answer.citations) == (True, "no_evidence", (), ())
    assert (answer.language, answer.as_of) == (language, None)
    assert answer.answer.startswith(f"{opening}{' ' if language == 'en' else ''}{searched}")
    assert answer.related[0].title in answer.answer


@pytest.mark.parametrize(
    ("language", "window"),
    [
        pytest.param("en", "published 2022-01-01 to today", id="en"),
        pytest.param("zh-Hans", "（发布于2022-01-01至今天）", id="zh-Hans"),
        pytest.param("zh-Hant", "（發布於2022-01-01至今天）", id="zh-Hant"),
    ],
)
def test_what_only_stands_outside_the_window_is_said_to(bot: Regbrief, language: str, window: str) -> None:
    answer = bot.ask(QUESTIONS[language], since=date(2022, 1, 1))
    assert (answer.abstained, answer.reason, answer.claims, answer.citations) == (True, "outside_window", (), ())
    assert window in answer.answer
    assert (answer.searched.articles, answer.searched.since, answer.searched.until) == (0, date(2022, 1, 1), None)
    assert (
        answer.outside[0].article_id == {"en": "fine-en", "zh-Hans": "links-hans", "zh-Hant": "alipay-hant"}[language]
    )


@pytest.mark.parametrize(
    ("question", "said"),
    [
        pytest.param(
            "According to the 示例报, how much did the market regulator fine Alibaba on Saturday?",
            "Searched: 1 article from 示例报, English, Simplified Chinese, Traditional Chinese. Outside of that, the "
            "nearest is “Alibaba fined 18.2 billion yuan” (Example Post, 2021-04-10).",
            id="en",
        ),
        pytest.param(
            "据範例報报道，工信部要求各平台停止什么？",
            "检索范围：1篇文章（来源：範例報），英文、简体中文、繁体中文。此范围之外最接近的文章：《工信部要求平台解除屏蔽网址链接》"
            "（示例报，2021-09-13）。",
            id="zh-Hans",
        ),
        pytest.param(
            "英文來源裡怎麼說監管機構要求支付寶分拆什麼業務？",
            "檢索範圍：1篇文章，英文。此範圍之外最接近的文章：《支付寶須分拆貸款業務》（範例報，2021-09-14）。",
            id="zh-Hant",
        ),
    ],
)
def test_a_refusal_within_what_a_question_implies_names_what_is_nearest_beyond(
    shared_bot: Regbrief, question: str, said: str
) -> None:
    answer = shared_bot.ask(question)
    assert (answer.reason, answer.citations) == ("no_evidence", ())
    assert said in answer.answer


def test_what_is_nearest_outside_a_window_comes_first_and_nothing_after_today(bot: Regbrief) -> None:
    question = "支付宝 Alibaba fined 小额贷款业务须分拆 貸款業務"
    window = {"since": date(2021, 9, 1), "until": date(2021, 9, 2)}
    found = bot.ask(question, **window).outside  # type: ignore[arg-type]
    days = [each.published for each in found if each.published]
    assert days == sorted(days, key=lambda day: max(window["since"] - day, day - window["until"]))
    hidden = bot.ask(QUESTIONS["en"], since=date(2021, 1, 1), today=date(2021, 2, 1))
    assert (hidden.reason, hidden.outside) == ("no_evidence", ())


def test_what_stands_nowhere_is_not_said_to_be_outside_the_window(bot: Regbrief) -> None:
    assert bot.ask(UNANSWERABLE["zh-Hant"], since=date(2022, 1, 1)).reason == "no_evidence"


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        pytest.param("en", "The library is empty: run `regbrief ingest` first.", id="en"),
        pytest.param("zh-Hans", "资料库还是空的：请先运行 `regbrief ingest`。", id="zh-Hans"),
        pytest.param("zh-Hant", "資料庫還是空的：請先執行 `regbrief ingest`。", id="zh-Hant"),
    ],
)
def test_an_empty_library_says_how_to_fill_it(empty: Regbrief, language: str, answer: str) -> None:
    found = empty.ask(QUESTIONS[language])
    assert (found.abstained, found.reason, found.answer, found.searched.articles) == (True, "empty_library", answer, 0)
    assert (found.claims, found.citations, found.related, found.as_of) == ((), (), (), None)


@languages
def test_the_language_of_a_refusal_can_be_asked_for(bot: Regbrief, language: Any) -> None:
    answer = bot.ask(UNANSWERABLE["en"], answer_language=language)
    opening = {"en": "No article", "zh-Hans": "这里没有", "zh-Hant": "這裡沒有"}[language]
    assert (answer.language, answer.answer[: len(opening)]) == (language, opening)


@pytest.mark.parametrize(
    ("language", "opening"),
    [("zh-Hans", "这里没有文章"), ("zh-Hant-TW", "這裡沒有文章"), ("zh-Hant-HK", "這裏沒有文章")],
)
def test_a_refusal_keeps_to_the_script_of_a_region(bot: Regbrief, language: Any, opening: str) -> None:
    answer = bot.ask(UNANSWERABLE["en"], answer_language=language)
    assert (answer.language, answer.answer[: len(opening)]) == (language, opening)


def test_an_answer_language_that_is_not_known_is_refused(bot: Regbrief) -> None:
    with pytest.raises(InputError, match="answer_language is 'fr'"):
        bot.ask(QUESTIONS["en"], answer_language="fr")  # type: ignore[arg-type]


# --- streams --------------------------------------------------------------------------------------------------------


@languages
def test_a_stream_shows_each_claim_after_its_citations_and_ends_with_the_answer(bot: Regbrief, language: str) -> None:
    events = list(bot.stream(QUESTIONS[language]))
    answer = events[-1].data
    assert isinstance(answer, Answer)
    steps = [Event("status", "searching")]
    for claim, citation in zip(answer.claims, answer.citations, strict=True):
        steps += [Event("citation", citation), Event("claim", claim)]
    assert events == [*steps, Event("done", answer)]
    assert isinstance(events[1].data, Citation)
    assert isinstance(events[2].data, Claim)


def test_a_refusal_streams_a_status_and_the_answer(bot: Regbrief) -> None:
    assert [event.type for event in bot.stream(UNANSWERABLE["zh-Hans"])] == ["status", "done"]


# --- filters --------------------------------------------------------------------------------------------------------

FILTERS = [
    pytest.param({}, {"fine-en", "links-hans", "alipay-hant"}, id="none"),
    pytest.param({"since": date(2021, 9, 13)}, {"links-hans", "alipay-hant"}, id="since"),
    pytest.param({"until": date(2021, 9, 13)}, {"fine-en", "links-hans"}, id="until"),
    pytest.param({"languages": ["en"]}, {"fine-en"}, id="en"),
    pytest.param({"languages": ["zh-Hans"]}, {"links-hans"}, id="zh-Hans"),
    pytest.param({"languages": ["zh-Hant"]}, {"alipay-hant"}, id="zh-Hant"),
    pytest.param({"sources": ["示例报", "範例報"]}, {"links-hans", "alipay-hant"}, id="sources"),
    pytest.param({"article_ids": ["alipay-hant"]}, {"alipay-hant"}, id="article-ids"),
    pytest.param({"sources": ["nobody"]}, set(), id="unknown-source"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filters_hold_for_answers_searches_listings_and_counts(
    bot: Regbrief, filters: dict[str, Any], expected: set[str]
) -> None:
    assert {hit.article_id for hit in bot.search("支付宝 Alibaba", **filters)} == expected
    assert {article.id for article in bot.articles(**filters)} == expected
    assert bot.count(**filters) == len(expected)
    answer = bot.ask("支付宝 Alibaba fined", **filters)
    assert {citation.article_id for citation in answer.citations} <= expected
    assert answer.searched.articles == len(expected)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        pytest.param("", "The question is empty. Ask something.", id="empty"),
        pytest.param(" \n　", "The question is empty. Ask something.", id="blank"),
        pytest.param("\0", "The question is empty. Ask something.", id="only-nul"),
        pytest.param("\ud800", "The question is empty. Ask something.", id="only-half-a-character"),
        pytest.param("a" * 2_001, "The question has 2,001 characters. At most 2,000 are read.", id="en-too-long"),
        pytest.param("罚" * 3_000, "The question has 3,000 characters. At most 2,000 are read.", id="zh-Hans-too-long"),
        pytest.param("罰" * 2_001, "The question has 2,001 characters. At most 2,000 are read.", id="zh-Hant-too-long"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_on_every_way_in(bot: Regbrief, question: str, message: str) -> None:
    for ask in (bot.ask, bot.search, lambda text: list(bot.stream(text))):
        with pytest.raises(InputError) as raised:
            ask(question)  # type: ignore[operator]
        assert str(raised.value) == message


@pytest.mark.parametrize(
    ("question", "clean"),
    [
        pytest.param("Was\0 Alibaba fined?", "Was Alibaba fined?", id="en-nul"),
        pytest.param("支付宝\ud83d贷款？", "支付宝贷款？", id="zh-Hans-surrogate"),
        pytest.param("\ufeff支付寶貸款？", "支付寶貸款？", id="zh-Hant-mark"),
    ],
)
def test_a_question_is_cleaned_before_it_is_asked(bot: Regbrief, question: str, clean: str) -> None:
    answer = bot.ask(question)
    assert answer.question == clean
    assert answer.citations == bot.ask(clean).citations


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        pytest.param(
            {"since": date(2021, 2, 1), "until": date(2021, 1, 1)},
            "since 2021-02-01 is after until 2021-01-01. Swap them.",
            id="window",
        ),
        pytest.param({"languages": ["fr"]}, "language is 'fr'. Use en, zh-Hans, zh-Hant.", id="language"),
        pytest.param({"limit": 0}, "limit is 0. Use 1 to 100.", id="limit-too-low"),
        pytest.param({"limit": 101}, "limit is 101. Use 1 to 100.", id="limit-too-high"),
    ],
)
def test_a_filter_that_cannot_be_used_is_named(bot: Regbrief, filters: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        bot.search("支付宝", **filters)
    assert str(raised.value) == message


# --- search and the library -----------------------------------------------------------------------------------------


@languages
def test_a_hit_has_the_fields_of_the_contract_and_stands_in_its_article(bot: Regbrief, language: str) -> None:
    hits = bot.search(QUESTIONS[language], limit=2)
    assert len(hits) == 2
    assert hits[0].language == language
    assert set(to_json(hits)[0]) >= HIT
    assert all(bot.article(hit.article_id).body[hit.start : hit.end] == hit.text for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_files_folders_and_articles_can_be_added_at_once(empty: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.md").write_text("# 罚款\n\n已经处罚。", "utf-8")
    (tmp_path / "folder" / "bad.md").write_bytes(b"")
    (tmp_path / "b.txt").write_text("date 2021-09-14 罰款\n\n業者已提起上訴。", "utf-8")
    found = empty.add([tmp_path / "folder", str(tmp_path / "b.txt"), Article("c", "Fine", "It was fined.", "en")])
    assert (found.added, [failure.where for failure in found.failed]) == (3, [str(tmp_path / "folder" / "bad.md")])
    assert {article.title for article in empty.articles()} == {"罚款", "罰款", "Fine"}
    assert empty.problems() == []


def test_one_path_may_be_added_by_itself(empty: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("罰款\n\n已經處罰。", "utf-8")
    assert empty.add(str(tmp_path / "a.txt")) == Ingested(added=1)
    assert empty.add(tmp_path / "a.txt") == Ingested(unchanged=1)


def test_a_path_that_is_not_there_adds_nothing(empty: Regbrief, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file or folder"):
        empty.add([Article("c", "Fine", "It was fined.", "en"), tmp_path / "missing.md"])
    assert empty.count() == 0


@pytest.mark.parametrize(
    ("article", "why"),
    [
        pytest.param(Article("", "t", "Text.", "en"), "The article has no id. Give one.", id="id-empty"),
        pytest.param(
            Article("a", "t", " ", "zh-Hans"),
            "The article has no text. Give one.",
            id="body-blank",
        ),
        pytest.param(
            Article("a", "t", "Texte.", "fr"),  # type: ignore[arg-type]
            "language is 'fr'. Use one of en, zh-Hans, zh-Hant, or leave it out.",
            id="unknown-language",
        ),
        pytest.param(
            Article("a", "t", "罰款\ud800。", "zh-Hant"),
            "body holds half a character. Clean it with bot.language.clean.",
            id="surrogate",
        ),
        pytest.param(
            Article("a", "t", "Text.", "en", "2021-04-10"),  # type: ignore[arg-type]
            "published is '2021-04-10'. Give a datetime.date.",
            id="date-as-text",
        ),
        pytest.param(
            Article("a", "t", "Text.", "en", datetime(2021, 4, 10)),
            "published is datetime.datetime(2021, 4, 10, 0, 0). Give a datetime.date.",
            id="time",
        ),
        pytest.param(
            Article("a", "t", "Text.", "en", url="javascript:alert(1)"),
            "url is 'javascript:alert(1)'. Give an address that begins with https:// or http://.",
            id="javascript-url",
        ),
    ],
)
def test_an_article_that_cannot_be_kept_is_named_and_the_rest_is_added(
    empty: Regbrief, article: Article, why: str
) -> None:
    found = empty.add([article, Article("good", "罰款", "已經處罰。", "zh-Hant")])
    assert (found.added, [(each.where, each.why) for each in found.failed]) == (1, [(f"article {article.id!r}", why)])
    assert empty.problems() == []


def test_a_removed_article_is_not_quoted_any_more(empty: Regbrief, articles: tuple[Article, ...]) -> None:
    empty.add(articles)
    assert empty.ask(QUESTIONS["en"]).citations[0].article_id == "fine-en"
    empty.remove(["fine-en"])
    assert empty.ask(QUESTIONS["en"]).abstained
    with pytest.raises(NotFound, match="No article has the id 'fine-en'"):
        empty.article("fine-en")


def test_articles_come_newest_first_and_in_pages(bot: Regbrief) -> None:
    assert [article.id for article in bot.articles()] == ["alipay-hant", "links-hans", "fine-en"]
    assert [article.id for article in bot.articles(limit=1, offset=1)] == ["links-hans"]
    assert bot.sources() == {"Example Post": 1, "示例报": 1, "範例報": 1}


def test_an_interrupted_writer_is_made_good_on_opening(
    library: Library,
    encoder: Any,
    glossary: Glossary,
    articles: tuple[Article, ...],
    fixed_model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(library.search_index), "write", stop)
        with pytest.raises(KeyboardInterrupt):
            library.add(articles)
    assert library.unsettled()
    assert Regbrief.from_library(library, encoder=encoder, glossary=glossary).problems() == []


def test_every_public_name_is_there_and_documented() -> None:
    for name in package.__all__:
        assert getattr(package, name).__doc__, name
    assert issubclass(NotFound, BotError)


@pytest.mark.parametrize(
    ("question", "since", "until", "implied"),
    [
        pytest.param("What happened to Alibaba last month?", "2021-04-01", "2021-04-30", "last month", id="en"),
        pytest.param("去年支付宝有什么消息？", "2020-01-01", "2020-12-31", "去年", id="zh-Hans"),
        pytest.param("上個月支付寶的消息", "2021-04-01", "2021-04-30", "上個月", id="zh-Hant"),
        pytest.param("When was Alibaba fined?", None, "2021-05-20", None, id="en-no-window"),
    ],
)
def test_time_words_set_the_window(
    shared_bot: Regbrief, question: str, since: str | None, until: str | None, implied: str | None
) -> None:
    searched = to_json(shared_bot.ask(question, today=date(2021, 5, 20)).searched)
    assert (searched["since"], searched["until"], searched["implied"]) == (since, until, implied)
    everything = shared_bot.ask(question, today=date(2021, 5, 20), read_dates=False).searched
    assert (everything.since, everything.until, everything.implied) == (None, date(2021, 5, 20), None)


@pytest.mark.parametrize(
    ("question", "earlier"),
    [
        pytest.param("How much was it fined?", "Who is Alibaba?", id="en"),
        pytest.param("它被罚了多少？", "阿里巴巴是谁？", id="zh-Hans"),
        pytest.param("它被罰了多少？", "阿里巴巴是誰？", id="zh-Hant"),
    ],
)
def test_a_follow_up_is_completed_and_shown(
    library: Library, encoder: Any, articles: tuple[Article, ...], question: str, earlier: str
) -> None:
    names = {"en": ("Alibaba",), "zh-Hans": ("阿里巴巴",), "zh-Hant": ("阿里巴巴",)}
    library.add(articles)
    bot = Regbrief.from_library(library, encoder=encoder, glossary=Glossary([Entity("alibaba", "company", names)]))
    searched = bot.ask(question, history=[Turn(earlier)]).searched
    assert "Alibaba" in searched.question or "阿里巴巴" in searched.question
    assert bot.ask(question).searched.question == question


@pytest.mark.parametrize(
    ("question", "police", "company", "frame"),
    [
        pytest.param(
            "Did the Harbour leak affect 1,200 people or 3,400 people?",
            "The Harbour leak affected 1,200 people, the police said.",
            "The Harbour leak affected 3,400 people, the company said.",
            "Reports differ: ",
            id="en",
        ),
        pytest.param(
            "港湾泄露影响了1200人还是3400人？",
            "警方称港湾泄露影响了1200人。",
            "公司称港湾泄露影响了3400人。",
            "各方说法不一：",
            id="zh-Hans",
        ),
        pytest.param(
            "港灣外洩影響了1200人還是3400人？",
            "警方稱港灣外洩影響了1200人。",
            "公司稱港灣外洩影響了3400人。",
            "各方說法不一：",
            id="zh-Hant",
        ),
    ],
)
def test_reports_that_differ_are_set_side_by_side(
    library: Library, encoder: Any, fixed_model: Model, question: str, police: str, company: str, frame: str
) -> None:
    texts = {"police": police, "company": company}
    library.add([Article(name, "Harbour", text, detect(text), date(2021, 5, 4)) for name, text in texts.items()])
    bot = Regbrief.from_library(library, encoder=encoder, glossary=Glossary())
    bot.answerer.model = fixed_model
    answer = bot.ask(question)
    assert [{side["quote"] for side in conflict["sides"]} for conflict in answer.conflicts] == [{police, company}]
    assert answer.claims[-1].text.startswith(frame)
    assert {each.quote for each in answer.citations if each.number in answer.claims[-1].citations} == {police, company}
    quiet = Regbrief.from_library(library, encoder=encoder, glossary=Glossary(), parts=Parts(conflicts=False))
    quiet.answerer.model = fixed_model
    assert quiet.ask(question).conflicts == ()


def test_the_other_language_is_offered_where_one_alone_is_cited(
    library: Library, encoder: Any, fixed_model: Model
) -> None:
    english = [
        Article(f"en-{n}", "Lumen Pay", f"Lumen Pay report {n} names fee {n}.", "en", date(2021, 5, n))
        for n in range(1, 9)
    ]
    library.add([*english, Article("zh", "流明支付", "流明支付的报告。", "zh-Hans", date(2021, 5, 9))])
    bot = Regbrief.from_library(library, encoder=encoder, glossary=Glossary())
    bot.answerer.model = fixed_model
    answer = bot.ask("Lumen Pay report 3 names fee 3")
    assert {each.language for each in answer.citations} == {"en"}
    assert "zh" in [each.article_id for each in answer.related]


def test_caution_moves_the_threshold(library: Library, encoder: Any, glossary: Glossary) -> None:
    assert (
        Regbrief.from_library(library, encoder=encoder, glossary=glossary, caution=0.9).answerer.model.threshold == 0.9
    )


# --- the reader ------------------------------------------------------------------------------------------------------


class PointsAtNumbers:
    """A reader that takes the first figure of each sentence for its answer."""

    def __init__(self) -> None:
        self.read_for: list[str] = []

    def read(self, question: str, windows: Sequence[Window], *, budget: float | None = None) -> list[Reading]:
        self.read_for.append(question)
        return [Reading(2.0, tuple(self._pointed(each, span) for span in each.sentences)) for each in windows]

    def _pointed(self, window: Window, span: tuple[int, int]) -> Pointed:
        found = re.compile(r"\d[\d.]*").search(window.text, *span)
        return Pointed(0.5, found.span(), 0.9) if found else Pointed(0.5)


def test_the_words_that_the_reader_points_at_stand_in_the_quotation(
    shared_library: Library, encoder: Any, glossary: Glossary
) -> None:
    reader = PointsAtNumbers()
    bot = Regbrief.from_library(shared_library, encoder=encoder, glossary=glossary, scorer=reader)
    citation = bot.ask(QUESTIONS["en"]).citations[0]
    assert citation.answer_span
    assert bot.article(citation.article_id).body[slice(*citation.answer_span)] == "18.228"
    assert citation.pieces == ("China's market regulator fined Alibaba ", "18.228", " billion yuan on Saturday.")
    assert reader.read_for == [QUESTIONS["en"]]


@pytest.mark.parametrize("off", ["reader", "rerank"])
def test_a_reader_that_is_turned_off_reads_nothing(
    shared_library: Library, encoder: Any, glossary: Glossary, off: str
) -> None:
    reader = PointsAtNumbers()
    parts = Parts(**{off: False})
    bot = Regbrief.from_library(shared_library, encoder=encoder, glossary=glossary, scorer=reader, parts=parts)
    assert bot.ask(QUESTIONS["en"]).citations[0].answer_span is None
    assert reader.read_for == []


@pytest.mark.parametrize(
    ("question", "answer_language", "gloss"),
    [
        (QUESTIONS["zh-Hant"], "en", " (支付寶: Alipay)"),
        (QUESTIONS["zh-Hant"], "zh-Hans", ""),
        (QUESTIONS["en"], "zh-Hans", "（Alibaba：阿里巴巴）"),
        (QUESTIONS["en"], "zh-Hant-HK", "（Alibaba：阿里巴巴集團）"),
    ],
    ids=["en", "same language", "zh-Hans", "zh-Hant-HK"],
)
def test_a_quotation_in_another_language_has_its_names_in_the_readers(
    shared_library: Library, encoder: Any, fixed_model: Model, question: str, answer_language: Any, gloss: str
) -> None:
    names = {"en": ("Alibaba",), "zh-Hans": ("阿里巴巴",), "zh-Hant": ("阿里巴巴", "阿里巴巴集團")}
    alibaba = Entity("alibaba", "company", names)
    alipay = Entity("alipay", "company", {"en": ("Alipay",), "zh-Hans": ("支付宝",), "zh-Hant": ("支付寶",)})
    bot = Regbrief.from_library(shared_library, encoder=encoder, glossary=Glossary([alibaba, alipay]))
    answer = bot.ask(question, answer_language=answer_language)
    assert answer.claims[0].gloss == gloss
    assert f"{answer.claims[0].text}{gloss} [1]" in answer.answer


@pytest.mark.parametrize(
    ("question", "answer_language", "context"),
    [
        (QUESTIONS["en"], "en", "Example Post, 10 April 2021: "),
        (QUESTIONS["en"], "zh-Hans", "Example Post，2021年4月10日："),
        (QUESTIONS["en"], "zh-Hant", "Example Post，2021年4月10日："),
    ],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_a_claim_that_leans_on_its_day_names_it(
    bot: Regbrief, question: str, answer_language: Any, context: str
) -> None:
    answer = bot.ask(question, answer_language=answer_language)
    assert answer.claims[0].context == context
    assert answer.answer.startswith(f"{context}{answer.claims[0].text} [1]")
