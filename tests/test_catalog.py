"""The catalog keeps articles, cuts and the work that the indexes still have to do, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.errors import LibraryDamaged, NotFound
from bot.passages import passages
from bot.records import Article, Filters, Passage


@pytest.fixture
def catalog(place: Path | str) -> Iterator[Catalog]:
    catalog = Catalog(place)
    yield catalog
    catalog.close()


@pytest.fixture
def full(catalog: Catalog, articles: tuple[Article, ...]) -> Catalog:
    """A catalog of the three articles, everything indexed."""
    put(catalog, *articles)
    catalog.mark_indexed([stored.key for stored in catalog.to_index(100)])
    return catalog


def put(catalog: Catalog, *articles: Article) -> list[str]:
    return list(catalog.put([(article, passages(article)) for article in articles]))


def ids(catalog: Catalog, filters: Filters) -> list[str]:
    return [article.id for article in catalog.articles(filters)]


def test_articles_come_back_as_they_went_in(catalog: Catalog, articles: tuple[Article, ...]) -> None:
    tagged = replace(articles[2], tags=("罰款", "fines"), url="https://example.org/ä", published=None)
    assert put(catalog, *articles[:2], tagged) == ["added"] * 3
    assert [catalog.article(each.id) for each in (*articles[:2], tagged)] == [*articles[:2], tagged]


def test_each_change_is_named(full: Catalog, articles: tuple[Article, ...]) -> None:
    en, hans, hant = articles
    assert put(
        full, en, replace(hans, title="新标题"), replace(hant, id="other"), Article("new", "新", "新聞。", "zh-Hant")
    ) == ["unchanged", "updated", "duplicate", "added"]
    assert sorted(ids(full, Filters())) == ["alipay-hant", "fine-en", "links-hans", "new"]


def test_a_replaced_article_leaves_its_old_passages_to_be_dropped(full: Catalog, articles: tuple[Article, ...]) -> None:
    old = full.keys(Filters(article_ids=("links-hans",)), limit=-1)
    put(full, replace(articles[1], body="新的正文。"))
    assert full.obsolete() == old
    assert {language for _, language in old} == {"zh-Hans"}
    assert [(each.passage, each.article.id) for each in full.to_index(9)] == [
        (Passage("links-hans", 0, 0, 5, "新的正文。"), "links-hans")
    ]


def test_an_article_that_changes_its_language_is_dropped_under_the_old_one(
    full: Catalog, articles: tuple[Article, ...]
) -> None:
    put(full, replace(articles[1], language="zh-Hant"))
    assert {language for _, language in full.obsolete()} == {"zh-Hans"}


def test_keys_are_never_used_again(full: Catalog) -> None:
    before = max(full.keys(Filters(), limit=-1))[0]
    full.remove(["fine-en", "links-hans", "alipay-hant"])
    put(full, Article("new", "新", "新聞。", "zh-Hant"))
    assert full.to_index(9)[0].key > before


def test_work_is_done_once(full: Catalog, articles: tuple[Article, ...]) -> None:
    put(full, replace(articles[0], body="Changed."))
    assert full.unindexed() == 1
    full.mark_indexed([each.key for each in full.to_index(9)])
    full.forget_obsolete([key for key, _ in full.obsolete()])
    assert (full.unindexed(), full.obsolete(), full.passage_count()) == (0, [], 3)


def test_to_index_returns_no_more_than_asked_for_in_order(catalog: Catalog, articles: tuple[Article, ...]) -> None:
    put(catalog, *articles)
    assert [stored.article.id for stored in catalog.to_index(2)] == ["fine-en", "links-hans"]


def test_removal_takes_all_or_none(full: Catalog) -> None:
    with pytest.raises(NotFound) as raised:
        full.remove(["fine-en", "沒有"])
    assert str(raised.value) == "No article has the id '沒有'. `regbrief articles` lists them."
    assert full.count(Filters()) == 3
    assert full.obsolete() == []


def test_a_batch_that_fails_leaves_nothing(catalog: Catalog, articles: tuple[Article, ...]) -> None:
    def entries() -> Iterator[tuple[Article, list[Passage]]]:
        yield articles[0], passages(articles[0])
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        catalog.put(entries())
    assert (catalog.count(Filters()), catalog.unindexed()) == (0, 0)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(Filters(), ["alipay-hant", "links-hans", "fine-en"], id="all-newest-first"),
        pytest.param(Filters(since=date(2021, 9, 13)), ["alipay-hant", "links-hans"], id="since-inclusive"),
        pytest.param(Filters(until=date(2021, 9, 13)), ["links-hans", "fine-en"], id="until-inclusive"),
        pytest.param(Filters(since=date(2021, 9, 14), until=date(2021, 9, 14)), ["alipay-hant"], id="one-day"),
        pytest.param(Filters(languages=("en",)), ["fine-en"], id="en"),
        pytest.param(Filters(languages=("zh-Hans",)), ["links-hans"], id="zh-Hans"),
        pytest.param(Filters(languages=("zh-Hant", "en")), ["alipay-hant", "fine-en"], id="zh-Hant-and-en"),
        pytest.param(Filters(sources=("示例报",)), ["links-hans"], id="source"),
        pytest.param(Filters(article_ids=("fine-en", "nobody")), ["fine-en"], id="article-ids"),
        pytest.param(Filters(sources=("範例報",), languages=("en",)), [], id="none"),
    ],
)
def test_filters_agree_in_listing_counting_and_keys(full: Catalog, filters: Filters, expected: list[str]) -> None:
    keys = [key for key, _ in full.keys(filters, limit=-1)]
    assert ids(full, filters) == expected
    assert sorted(full.numbers(filters, limit=9).tolist()) == sorted(keys)
    assert len(full.numbers(filters, limit=1)) == min(1, len(keys))
    assert full.count(filters) == len(expected)
    assert {stored.article.id for stored in full.stored(keys).values()} == set(expected)
    assert full.passing([*(key for key, _ in full.keys(Filters(), limit=-1)), 999], filters) == set(keys)


def test_an_article_without_a_date_is_in_no_window(full: Catalog) -> None:
    put(full, Article("undated", "無日期", "內文。", "zh-Hant"))
    assert "undated" in ids(full, Filters())
    assert "undated" not in ids(full, Filters(until=date(2100, 1, 1)))


def test_pages_follow_one_another(full: Catalog) -> None:
    pages = [[each.id for each in full.articles(Filters(), limit=2, offset=offset)] for offset in (0, 2, 4)]
    assert pages == [["alipay-hant", "links-hans"], ["fine-en"], []]


def test_outlets_are_counted_most_first(full: Catalog, articles: tuple[Article, ...]) -> None:
    put(full, replace(articles[2], id="second", title="另一則"))
    assert list(full.sources().items()) == [("範例報", 2), ("Example Post", 1), ("示例报", 1)]


def test_what_is_put_is_there_after_opening_again(full: Catalog, place: Path | str) -> None:
    full.close()
    again = Catalog(place)
    assert (again.count(Filters()), again.passage_count(), again.store.check()) == (3, 3, [])
    again.close()


def test_any_thread_may_read(full: Catalog) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(full.count(Filters()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 4


def test_a_file_that_is_no_catalog_is_named_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(b"\0not a database\0" * 500)
    with pytest.raises(LibraryDamaged) as raised:
        Catalog(path)
    assert raised.value.message == f"The catalog {str(path)!r} cannot be used: file is not a database."
    assert raised.value.hint.startswith("Run `regbrief doctor --salvage`")
