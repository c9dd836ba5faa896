"""What a topic names decides which articles are about it, in whatever language they are."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.engine import Regbrief
from bot.glossary import Entity, Glossary
from bot.library import Library
from bot.records import Article, Filters

DAY = date(2024, 1, 1)
ARTICLES = (
    Article("en", "Nvidia warned on exports", "Nvidia needs a licence for its chips.\n\nShares fell.", "en", DAY, "A"),
    Article("hans", "英伟达出口受限", "英伟达出口芯片须取得许可证。\n\n股价下跌。", "zh-Hans", DAY, "B"),
    Article("hant", "輝達出口受限", "輝達出口晶片須取得許可證。\n\n股價下跌。", "zh-Hant", DAY, "C"),
    Article("beside", "Court ruled on taxes", "A court ruled on a tax.\n\nNvidia was not a party.", "en", DAY, "D"),
    Article("other", "AMD sells chips", "AMD needs no licence for its chips.", "en", DAY, "E"),
)
NVIDIA = Entity("nvidia", "company", {"en": ("Nvidia",), "zh-Hans": ("英伟达",), "zh-Hant": ("輝達", "英偉達")})


@pytest.fixture
def bot(library: Library, encoder: Any, fixed_model: Any) -> Regbrief:
    library.add(ARTICLES)
    return Regbrief.from_library(library, encoder=encoder, glossary=Glossary([NVIDIA]))


@pytest.mark.parametrize("topic", ["Nvidia", "英伟达", "英偉達"])
def test_a_name_finds_its_articles_in_every_script(bot: Regbrief, topic: str) -> None:
    assert {each.article.id for each in bot.topics.about(topic, Filters())} == {"en", "hans", "hant"}


@pytest.mark.parametrize("topic", ["Nvidia football", "英伟达 足球赛", "輝達 足球賽"])
def test_more_than_a_name_is_asked_of_an_article(bot: Regbrief, topic: str) -> None:
    assert "other" not in {each.article.id for each in bot.topics.about(topic, Filters())}


def test_the_most_relevant_comes_first(bot: Regbrief) -> None:
    found = [each.relevance for each in bot.topics.about("Nvidia", Filters())]
    assert found == sorted(found, reverse=True)


def test_filters_hold(bot: Regbrief) -> None:
    found = bot.topics.about("Nvidia", Filters(languages=("zh-Hant",)))
    assert [each.article.id for each in found] == ["hant"]
