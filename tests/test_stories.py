"""Which articles of a library report the same event."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.glossary import Glossary
from bot.library import Library
from bot.records import Article
from bot.stories import Stories

BODIES = {
    "en": "The Harbour Authority fined Lumen Pay 12 million dollars for leaking its users' data. It will appeal.",
    "zh-Hans": "港湾局因泄露用户数据对流明支付罚款1200万元。流明支付表示将提出上诉，并会整改内部的数据管理制度。",
    "zh-Hant": "港灣局因洩露用戶資料對流明支付罰款1200萬元。流明支付表示將提出上訴，並會整改內部的資料管理制度。",
}
OTHER = "Avalon opened a new bridge across the northern river on Sunday, and thousands walked over it in the rain."


@pytest.mark.parametrize("language", [pytest.param(language, id=language) for language in BODIES])
def test_a_second_printing_is_the_same_story_and_another_event_is_not(library: Library, language: Any) -> None:
    articles = [
        Article("first", "Fine", BODIES[language], language, date(2021, 5, 4), "One"),
        Article("second", "A fine", BODIES[language], language, date(2021, 5, 5), "Two"),
        Article("bridge", "Bridge", OTHER, "en", date(2021, 5, 4), "One"),
    ]
    library.add(articles)
    story = Stories(library.catalog, library.vectors, Glossary()).of(articles)
    assert story["first"] == story["second"] != story["bridge"]
    assert dict(story).keys() == {"first", "second", "bridge"}


def test_an_article_that_is_not_in_the_library_is_in_no_story(library: Library) -> None:
    stranger = Article("stranger", "Bridge", OTHER, "en")
    story = Stories(library.catalog, library.vectors, Glossary()).of([stranger])
    assert story.get("stranger") is None
