"""The library tab without a browser: what is counted, found and listed, and what it lets nobody inject."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from test_briefing_tab import HOSTILE, Elements

from bot.errors import InputError, NotFound
from bot.outcomes import Feed
from bot.records import Article, Language
from bot.settings import Settings
from bot.ui import shelf
from bot.ui.listing import ROWS, Listed, Page, Query, overview, page_of
from bot.ui.strings import strings

EN = strings("en")
FINE = Article("fine", "Alibaba fined", "A body.", "en", date(2021, 4, 10), "Example Post", "https://example.org/fine")
HANS = Article("didi", "滴滴被处罚款", "正文。", "zh-Hans", date(2022, 7, 21), "示例报")
HANT = Article("alipay", "支付寶須分拆業務", "正文。", "zh-Hant", None, "範例報")
ARTICLES = (HANS, FINE, HANT)


class Bot:
    """Holds three articles and one feed."""

    settings = Settings(max_upload_mb=7)

    def __init__(self, articles: tuple[Article, ...] = ARTICLES, *, writable: bool = True) -> None:
        self.held = articles
        self._writable = writable
        self.followed = [Feed("https://example.org/feed", "A feed", problem="It is gone.", articles=2)]

    def articles(self, *, languages: list[Language] | None = None, **_: object) -> Iterator[Article]:
        return (each for each in self.held if not languages or each.language in languages)

    def article(self, article_id: str) -> Article:
        for each in self.held:
            if each.id == article_id:
                return each
        raise NotFound("Gone.")

    def count(self, **_: object) -> int:
        return len(self.held)

    def feeds(self) -> list[Feed]:
        return self.followed

    def writable(self) -> bool:
        return self._writable


def bot(*articles: Article, writable: bool = True) -> Any:
    return Bot(articles or ARTICLES, writable=writable)


# ---- finding ----


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param("", ["didi", "fine", "alipay"], id="all"),
        pytest.param("ALIBABA post", ["fine"], id="en"),
        pytest.param("处罚", ["didi"], id="zh-Hans"),
        pytest.param("支付宝", ["alipay"], id="zh-Hant, asked in the other script"),
        pytest.param("示例报", ["didi"], id="outlet"),
        pytest.param("fine", ["fine"], id="id"),
        pytest.param("body", [], id="bodies are not searched"),
    ],
)
def test_articles_are_found_by_title_outlet_and_id_in_any_script(words: str, found: list[str]) -> None:
    assert [row.id for row in page_of(ARTICLES, Query(words)).rows] == found


@pytest.mark.parametrize(("page", "number", "first"), [(1, 1, "a0"), (2, 2, "a20"), (3, 3, "a40"), (99, 3, "a40")])
def test_the_list_comes_in_pages(page: int, number: int, first: str) -> None:
    made = page_of((replace(FINE, id=f"a{each}") for each in range(2 * ROWS + 5)), Query(page=page))
    assert (made.number, made.total, made.pages, made.rows[0].id) == (number, 45, 3, first)


def test_nothing_found_is_a_page_without_rows() -> None:
    assert page_of(ARTICLES, Query("Mars", page=5)) == Page((), 1, 0)


@pytest.mark.parametrize(
    ("sent", "query"),
    [
        (None, Query()),
        ({"words": "x", "language": "zh-Hant", "page": 2}, Query("x", "zh-Hant", 2)),
        ({"page": -3}, Query()),
    ],
)
def test_a_browser_says_what_it_looks_for(sent: object, query: Query) -> None:
    assert Query.read(sent) == query


@pytest.mark.parametrize("sent", [{"language": "fr"}, {"page": "two"}])
def test_what_cannot_be_looked_for_is_refused(sent: object) -> None:
    with pytest.raises(InputError):
        Query.read(sent)


# ---- counting ----


def test_a_library_is_counted_by_language_outlet_and_day() -> None:
    found = overview((*ARTICLES, replace(FINE, id="2")))
    assert (found.articles, found.outlets, found.first, found.last) == (4, 3, FINE.published, HANS.published)
    assert found.languages == {"en": 2, "zh-Hans": 1, "zh-Hant": 1}
    assert found.largest[0] == "Example Post"
    assert found.by_language
    assert [bar.counts for bar in found.by_language.bars if bar.total] == [(2, 0, 0), (0, 1, 0)]


def test_small_outlets_share_a_colour() -> None:
    found = overview([replace(FINE, id=str(each), source=f"Outlet {each}") for each in range(8)])
    assert found.largest == tuple(f"Outlet {each}" for each in range(5))
    assert found.by_outlet
    assert next(bar.counts for bar in found.by_outlet.bars if bar.total) == (1, 1, 1, 1, 1, 3)


def test_an_empty_library_is_said_to_be_empty() -> None:
    assert EN("library_empty") in shelf.counted(Bot(()), EN)  # type: ignore[arg-type]


# ---- showing ----


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Articles", "Outlets")), ("zh-Hans", ("文章", "来源")), ("zh-Hant", ("文章", "來源"))],
)
def test_the_counts_speak_the_language_of_the_page(language: Language, words: tuple[str, ...]) -> None:
    page = Elements(shelf.counted(bot(), strings(language)))
    assert all(word in page.text for word in words)


@pytest.mark.parametrize(("admin", "writable", "may"), [(True, True, "yes"), (True, False, ""), (False, True, "")])
def test_who_may_not_write_is_told_so(admin: bool, writable: bool, may: str) -> None:
    held = shelf.held(bot(writable=writable), EN, admin=admin)
    assert held["may"] == may
    assert (EN("library_read_only") in held["adding"]) is not bool(may)
    assert ('type="file"' in held["adding"]) is bool(may)
    assert ('class="plain unfollow"' in held["feeds"]) is bool(may)


def test_what_may_be_added_is_said() -> None:
    page = Elements(shelf.held(bot(), EN, admin=True)["adding"])
    (drop,) = page.of_class("drop")
    assert drop["data-megabytes"] == "7"
    assert {".pdf", ".md", ".zip"} < set((drop["data-forms"] or "").split())


def test_feeds_show_what_became_of_them() -> None:
    library = bot()
    library.followed.append(Feed("https://example.org/2", synced=datetime(2024, 3, 1, tzinfo=UTC), articles=1))
    words = Elements(shelf.held(library, EN, admin=True)["feeds"]).text
    assert "It is gone." in words
    assert "not read yet · 2 articles" in words
    assert "read 1 March 2024 · 1 article" in words


def test_an_article_is_read_whole_and_one_that_is_gone_is_said_to_be() -> None:
    assert "A body." in shelf.whole(bot(), "fine", EN)
    assert EN("article_missing") in shelf.whole(bot(), "nothing", EN)


@pytest.mark.parametrize(
    ("found", "language", "said"),
    [
        ("3 passages are missing from the vector index.", "en", "3 passages are missing from the vector index."),
        ("3 passages are missing from the keyword index.", "zh-Hans", "关键词索引缺少3个段落。"),
        ("9 passages are in the vector index but not in the catalog.", "zh-Hant", "向量索引多出9個目錄中沒有的段落。"),
        ("2 articles wait for their story.", "zh-Hant", "2篇文章等待歸入事件。"),
        ("5 passages wait to be indexed or dropped.", "zh-Hans", "5个段落等待写入或移出索引。"),
    ],
)
def test_what_is_wrong_is_said_in_the_language_of_the_page(found: str, language: Language, said: str) -> None:
    assert shelf.problem(found, strings(language)) == (said, language)


def test_what_the_page_has_no_words_for_stays_as_it_is() -> None:
    assert shelf.problem("The catalog is damaged: row 3.", strings("zh-Hant")) == (
        "The catalog is damaged: row 3.",
        "en",
    )


def test_all_is_well_is_said() -> None:
    assert EN("library_sound") in shelf.health([], EN)


def test_nothing_that_was_read_becomes_markup() -> None:
    bad = replace(FINE, id=HOSTILE, title=HOSTILE, source=HOSTILE, url="javascript:window.hacked=1", body=HOSTILE)
    library = bot(bad)
    library.followed = [Feed(HOSTILE, HOSTILE, problem=HOSTILE)]
    held = shelf.held(library, EN, admin=True)
    parts = [held["overview"], held["feeds"], shelf.rows(library, Query(), EN), shelf.whole(library, HOSTILE, EN)]
    page = Elements("".join((*parts, shelf.health([HOSTILE], EN))))
    assert page.text.count(HOSTILE) >= 6
    assert not {tag for tag, _ in page.tags} & {"img", "script", "iframe", "style", "object"}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert not [each for _, each in page.tags if re.match(r"\s*javascript", each.get("href") or "")]


def test_a_row_is_an_article_without_its_body() -> None:
    assert Listed.of(HANT) == Listed("alipay", "支付寶須分拆業務", "範例報", None, "zh-Hant", None)
