"""One voice a story in search results and answers; copies are named, and never count as a second witness."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.catalog import Stored
from bot.engine import Regbrief
from bot.glossary import Entity, Glossary
from bot.library import Library
from bot.prompts import also_reported as sentence
from bot.records import Article, Citation, Language, Parts, Passage, Related, Report
from bot.stories import Told
from bot.voices import also_reported, nearest, one_a_story, one_a_text
from bot.weighing import Model

LUMEN = Entity("lumen", "company", {"en": ("Lumen Pay",), "zh-Hans": ("流明支付",), "zh-Hant": ("流明支付",)})
FINE = "The Harbour Authority fined Lumen Pay 12 million dollars for leaking the data of all its users in spring."
APPEAL = "Lumen Pay said on the same day that it would appeal to the High Court, as its systems were mended long ago."


def stored(key: int, article_id: str, text: str = FINE, *, day: int | None = 4, body: str = "") -> Stored:
    published = date(2021, 5, day) if day else None
    article = Article(article_id, article_id, body or text, "en", published, f"Outlet {article_id}")
    return Stored(key, Passage(article_id, 0, 0, len(text), text), article)


def keys(found: list[Stored]) -> list[int]:
    return [each.key for each in found]


ONE_TEXT = {"a": Told("a", "a"), "b": Told("a", "a")}
ONE_STORY = {"a": Told("a", "a"), "b": Told("a", "b")}


def test_the_best_report_of_a_story_speaks_with_all_its_passages() -> None:
    ranked = [stored(1, "b"), stored(2, "a"), stored(3, "x"), stored(4, "b")]
    assert keys(one_a_story(ranked, {1: 1.0, 2: 0.99, 3: 0.5, 4: 0.4}, ONE_STORY)) == [1, 3, 4]


@pytest.mark.parametrize(
    ("copy", "score", "speaks"),
    [
        pytest.param(stored(1, "b", day=6), 0.95, 2, id="the-original-of-equals"),
        pytest.param(stored(1, "b", day=None), 0.95, 2, id="the-dated-of-equals"),
        pytest.param(stored(1, "b", day=6), 0.5, 1, id="the-copy-where-it-is-much-better"),
        pytest.param(stored(1, "b", FINE.replace("12", "15"), day=6), 0.95, 1, id="the-copy-with-its-own-figure"),
    ],
)
def test_of_copies_the_original_speaks_unless_one_is_better(copy: Stored, score: float, speaks: int) -> None:
    ranked = [copy, stored(2, "a")]
    assert keys(one_a_story(ranked, {1: 1.0, 2: score}, ONE_TEXT)) == [speaks]


def test_for_an_answer_reports_of_one_event_speak_each_and_copies_only_where_they_add() -> None:
    original, whole = stored(1, "a"), f"{FINE}\n\n{APPEAL}"
    ranked = [original, stored(2, "b", body=whole), stored(3, "b", APPEAL, body=whole)]
    scores = {1: 1.0, 2: 0.98, 3: 0.9}
    assert keys(one_a_text(ranked, scores, ONE_TEXT)) == [1, 3]
    assert keys(one_a_text(ranked, scores, ONE_STORY)) == [1, 2, 3]


def test_what_is_in_no_story_speaks_for_itself() -> None:
    assert keys(one_a_story([stored(1, "a"), stored(2, "b")], {1: 1.0, 2: 0.9}, {})) == [1, 2]


def related(article_id: str, language: Language = "en") -> Related:
    return Related(article_id, "T", f"Outlet {article_id}", None, language)


@pytest.mark.parametrize(
    ("shown", "named"),
    [
        pytest.param({"a": Told("s", "a")}, [("b", False), ("a2", True), ("b2", True)], id="own reports first"),
        pytest.param({"a2": Told("s", "a")}, [("b", False), ("a", True), ("b2", True)], id="a copy is shown"),
        pytest.param({"a": Told("s", "a"), "b": Told("s", "b")}, [("a2", True), ("b2", True)], id="two are shown"),
        pytest.param({"x": Told("x", "x")}, [], id="another story"),
    ],
)
def test_a_text_counts_once_among_those_who_also_reported(
    shown: dict[str, Told], named: list[tuple[str, bool]]
) -> None:
    texts = {"a": "a", "a2": "a", "b": "b", "b2": "b"}
    tellers = [(Told("s", original), related(each)) for each, original in texts.items()]
    found = also_reported(shown, tellers, next(iter(shown)))
    assert [(each.article_id, each.copy) for each in found] == named


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Also reported by A, B (copy)"),
        ("zh-Hans", "另有报道：A、B（转载）"),
        ("zh-Hant", "另有報導：A、B（轉載）"),
    ],
)
def test_outlets_are_named_once_in_the_readers_language(language: Language, expected: str) -> None:
    reports = [("A", False), ("A", True), ("B", True), ("B", True)]
    made = [Report(str(at), "T", source, None, "en", None, copy) for at, (source, copy) in enumerate(reports)]
    assert sentence(language, made) == expected


# --- in a library ---------------------------------------------------------------------------------------------------

BODIES: dict[Language, str] = {
    "en": f"{FINE} {APPEAL}",
    "zh-Hans": "港湾局周二因泄露用户数据对流明支付罚款1200万元，并要求其在三个月内整改内部的数据管理制度。"
    "流明支付表示将提出上诉，并称已于去年春天修复有关系统，此后没有再发生类似的事件。",
    "zh-Hant": "港灣局周二因洩露用戶數據對流明支付罰款1200萬元，並要求其在三個月內整改內部的數據管理制度。"
    "流明支付表示將提出上訴，並稱已於去年春天修復有關系統，此後沒有再發生類似的事件。",
}
QUESTIONS = {
    "en": "How much did the Harbour Authority fine Lumen Pay?",
    "zh-Hans": "港湾局对流明支付罚款多少？",
    "zh-Hant": "港灣局對流明支付罰款多少？",
}
ASKED = pytest.mark.parametrize("language", list(QUESTIONS))
BRIDGE = Article("bridge", "A bridge", "Lumen Pay paid for a bridge in Avalon.", "en", date(2021, 5, 3), "Three")


def prints(language: Language) -> list[Article]:
    """Return an article, and another outlet's copy of it that came out later."""
    original = Article(
        "first", "Fine 罚款", BODIES[language], language, date(2021, 5, 4), "One", "https://example.org/1"
    )
    return [replace(original, id="a-copy", published=date(2021, 5, 6), source="Two", url=None), original]


@pytest.fixture
def open_bot(library: Library, encoder: Any, fixed_model: Model) -> Any:
    def open_bot(*articles: Article, parts: Parts = Parts()) -> Regbrief:  # noqa: B008
        library.add(articles)
        return Regbrief.from_library(library, encoder=encoder, glossary=Glossary([LUMEN]), parts=parts)

    return open_bot


@ASKED
def test_search_gives_a_story_one_voice_and_names_the_other(open_bot: Any, language: Language) -> None:
    bot = open_bot(*prints(language), BRIDGE)
    found = [hit for hit in bot.search(QUESTIONS[language]) if hit.article_id != "bridge"]
    assert [hit.article_id for hit in found] == ["first"]
    copy = Report("a-copy", "Fine 罚款", "Two", date(2021, 5, 6), language, None, copy=True)
    assert found[0].also_reported_by == (copy,)


@ASKED
def test_an_answer_quotes_a_fact_once_and_names_the_copy(open_bot: Any, language: Language) -> None:
    answer = open_bot(*prints(language)).ask(QUESTIONS[language])
    assert {each.article_id for each in answer.citations} == {"first"}
    assert all(claim.citations == (number,) for number, claim in enumerate(answer.claims, 1))
    assert {(each.article_id, each.copy) for each in answer.citations[0].also_reported_by} == {("a-copy", True)}


def test_a_copy_in_the_other_script_is_named_and_not_quoted_beside(open_bot: Any) -> None:
    simplified = replace(prints("zh-Hans")[1], id="hans")
    traditional = replace(simplified, id="hant", body=BODIES["zh-Hant"], language="zh-Hant", published=date(2021, 5, 6))
    answer = open_bot(simplified, traditional).ask(QUESTIONS["zh-Hant"])
    assert {each.article_id for each in answer.citations} == {"hans"}
    assert [(each.article_id, each.copy) for each in answer.citations[0].also_reported_by] == [("hant", True)]


@ASKED
def test_when_the_voice_is_removed_another_speaks(open_bot: Any, language: Language) -> None:
    bot = open_bot(*prints(language))
    bot.remove(["first"])
    (hit,) = bot.search(QUESTIONS[language])
    assert (hit.article_id, hit.also_reported_by) == ("a-copy", ())
    assert {each.article_id for each in bot.ask(QUESTIONS[language]).citations} == {"a-copy"}


@ASKED
def test_what_the_filters_keep_out_is_not_named(open_bot: Any, language: Language) -> None:
    bot = open_bot(*prints(language))
    (hit,) = bot.search(QUESTIONS[language], until=date(2021, 5, 5))
    answer = bot.ask(QUESTIONS[language], today=date(2021, 5, 5))
    assert (hit.article_id, hit.also_reported_by, answer.citations[0].also_reported_by) == ("first", (), ())
    (alone,) = bot.search(QUESTIONS[language], sources=["Two"])
    assert alone.article_id == "a-copy"


def test_many_copies_do_not_crowd_out_what_else_there_is(open_bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.retrieve.DEPTH", 4)
    copies = [replace(prints("en")[1], id=f"copy{at:02}", source=f"S{at}") for at in range(12)]
    found = open_bot(*copies, BRIDGE).search(QUESTIONS["en"], limit=2)
    assert [hit.article_id for hit in found] == ["copy00", "bridge"]


def test_without_grouping_every_article_speaks(open_bot: Any) -> None:
    found = open_bot(*prints("en"), parts=Parts(story_grouping=False)).search(QUESTIONS["en"])
    assert {(hit.article_id, hit.also_reported_by) for hit in found} == {("first", ()), ("a-copy", ())}


# --- what is near ---------------------------------------------------------------------------------------------------

ENGLISH, CHINESE = stored(1, "en").article, replace(stored(2, "zh").article, language="zh-Hant")
SECOND, THIRD = stored(3, "second").article, stored(4, "third").article


def cited(article: Article) -> Citation:
    return Citation(1, article.id, "", "", None, None, article.language, FINE, 0, len(FINE), 0.9)


@pytest.mark.parametrize(
    ("citations", "near"),
    [
        pytest.param([cited(ENGLISH)], ["third", "zh"], id="what also reported only in the other language"),
        pytest.param([cited(ENGLISH), cited(CHINESE)], ["third"], id="both languages cited"),
        pytest.param([], ["en", "third"], id="one of a story where nothing is cited"),
    ],
)
def test_related_articles_tell_other_stories_but_offer_the_other_language(
    citations: list[Citation], near: list[str]
) -> None:
    told = {"en": "s", "zh": "s", "second": "s", "third": "t"}
    assert [each.article_id for each in nearest([ENGLISH, SECOND, CHINESE, THIRD], citations, told)] == near
