"""Questions that are suggested are new, in the reader's language, and the search finds what answers them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.errors import NotFound
from bot.glossary import Entity, Glossary
from bot.records import Answer, Article, Hit, Language, Related, Searched
from bot.suggest import suggestions

GLOSSARY = Glossary(
    [
        Entity("didi", "company", {"en": ("Didi",), "zh-Hans": ("滴滴",), "zh-Hant": ("滴滴",)}),
        Entity("meta", "company", {"en": ("Meta",), "zh-Hans": ("元宇宙公司",), "zh-Hant": ("元宇宙公司",)}),
        Entity("pipl", "law", {"en": ("Data Law",), "zh-Hans": ("数据法",), "zh-Hant": ("數據法",)}),
    ]
)
ARTICLES = {
    each.id: each
    for each in (
        Article("fine", "Didi fined", "Didi was fined 8 billion yuan. Meta looked on.", "en", date(2022, 7, 21)),
        Article("law", "The Data Law passes", "The Data Law requires consent. It says no more.", "en"),
        Article("hant", "數據法生效", "數據法2021年11月1日起施行。", "zh-Hant"),
    )
}


class Bot:
    """Finds the articles that name an entity of the question, and counts how often it is asked."""

    glossary = GLOSSARY

    def __init__(self) -> None:
        self.searched: list[tuple[str, dict[str, Any]]] = []

    def article(self, article_id: str) -> Article:
        if article_id not in ARTICLES:
            raise NotFound(f"No article has the id {article_id}.")
        return ARTICLES[article_id]

    def search(self, question: str, *, limit: int, **filters: Any) -> list[Hit]:
        self.searched.append((question, filters))
        asked = {each.entity.id for each in GLOSSARY.find(question)}
        found = [a for a in ARTICLES.values() if asked & {each.entity.id for each in GLOSSARY.find(a.title + a.body)}]
        return [Hit(a.id, 1, a.body, 0, len(a.body), 1.0, a.title, "", None, a.language) for a in found][:limit]


def answer(
    question: str = "What happened?", language: Language = "en", near: tuple[str, ...] = ("fine", "law")
) -> Answer:
    related = tuple(Related(each, "", "", None, "en") for each in near)
    searched = Searched(3, question=question)
    return Answer(question, language, True, "no_evidence", "", None, (), (), (), related, searched, "extractive")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("How much was Didi fined?", "What does the Data Law require?")),
        ("zh-Hans", ("滴滴被罚了多少钱？", "数据法要求什么？")),
        ("zh-Hant", ("滴滴被罰了多少錢？", "數據法要求什麼？")),
    ],
)
def test_names_in_the_articles_become_questions_that_are_answered(
    language: Language, expected: tuple[str, ...]
) -> None:
    bot: Any = Bot()
    assert suggestions(bot, answer(language=language)) == expected


def test_what_no_sentence_answers_is_not_suggested() -> None:
    bot: Any = Bot()
    assert not any("Meta" in each for each in suggestions(bot, answer()))
    assert "How much was Meta fined?" in [question for question, _ in bot.searched]


def test_what_was_asked_is_not_suggested_again() -> None:
    bot: Any = Bot()
    asked = answer("What fine of 8 billion yuan did Didi get?", near=("fine",))
    assert "How much was Didi fined?" not in suggestions(bot, asked)
    earlier = ("What does the Data Law require?",)
    assert suggestions(bot, answer(), earlier=earlier) == (
        "How much was Didi fined?",
        "When did the Data Law take effect?",
    )


def test_a_sentence_in_another_script_answers_too() -> None:
    bot: Any = Bot()
    found = suggestions(bot, answer("What does the Data Law require?", near=("hant",)))
    assert found == ("When did the Data Law take effect?",)


def test_the_search_has_the_filters_of_the_question() -> None:
    bot: Any = Bot()
    suggestions(bot, answer(), languages=("en",))
    assert {str(filters) for _, filters in bot.searched} == {"{'languages': ('en',)}"}


def test_articles_that_are_gone_are_passed_over() -> None:
    bot: Any = Bot()
    assert suggestions(bot, replace(answer(), related=(Related("gone", "", "", None, "en"),))) == ()
