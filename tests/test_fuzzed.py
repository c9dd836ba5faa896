"""What holds for any input: markers in any stream, filters in any combination, quotations at any place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_markers import read

from bot import Regbrief, excerpts
from bot.markers import Mark
from bot.records import LANGUAGES, Article

SHARED = {"deadline": None, "suppress_health_check": list(HealthCheck)}

streams = st.lists(st.text("[]【】［］()?？123,、-–至^†kq7<>/thinkso. 罰罚\n", max_size=12), max_size=6)


@settings(max_examples=200, **SHARED)  # type: ignore[arg-type]
@given(streams)
def test_markers_do_not_depend_on_where_a_stream_is_cut(chunks: list[str]) -> None:
    found = read(*chunks)
    assert found == read("".join(chunks)) == read(*"".join(chunks))
    numbers = [number for piece in found if isinstance(piece, Mark) for number in piece.numbers]
    assert set(numbers) <= {1, 2, 3}


days = st.none() | st.dates(date(2021, 3, 1), date(2021, 10, 1))
filters = st.fixed_dictionaries(
    {
        "since": days,
        "until": days,
        "languages": st.none() | st.lists(st.sampled_from(LANGUAGES), max_size=2),
        "sources": st.none() | st.lists(st.sampled_from(["Example Post", "示例报", "範例報", "'; --"]), max_size=2),
        "article_ids": st.none() | st.lists(st.sampled_from(["fine-en", "links-hans", "alipay-hant", "%"]), max_size=2),
    }
)


def passes(article: Article, given: dict[str, Any]) -> bool:
    assert article.published
    return (
        (given["since"] is None or article.published >= given["since"])
        and (given["until"] is None or article.published <= given["until"])
        and all(
            not given[name] or value in given[name]
            for name, value in (
                ("languages", article.language),
                ("sources", article.source),
                ("article_ids", article.id),
            )
        )
    )


@settings(max_examples=60, **SHARED)  # type: ignore[arg-type]
@given(given=filters)
def test_filters_let_through_what_they_say(
    served_bot: Regbrief, articles: tuple[Article, ...], given: dict[str, Any]
) -> None:
    if given["since"] and given["until"] and given["since"] > given["until"]:
        given["since"], given["until"] = given["until"], given["since"]
    expected = {article.id for article in articles if passes(article, given)}
    assert {article.id for article in served_bot.articles(**given)} == expected
    assert served_bot.count(**given) == len(expected)
    assert {hit.article_id for hit in served_bot.search("支付寶 Alibaba 平台", limit=100, **given)} == expected


@settings(max_examples=200, **SHARED)  # type: ignore[arg-type]
@given(body=st.text("ab罰罚。 \n", min_size=1, max_size=60), data=st.data())
def test_an_excerpt_holds_its_quotation_and_whole_paragraphs(body: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(body) - 1))
    end = data.draw(st.integers(start + 1, len(body)))
    found = excerpts.at(replace(ARTICLE, body=body), start, end)
    assert body[found.start : found.end] == found.text
    assert body[found.quote_start : found.quote_end] == found.quote
    assert found.start <= start < end <= found.end or not found.quote.strip()


ARTICLE = Article("a", "A", "a", "en")


def test_a_quotation_is_found_where_it_first_stands() -> None:
    found = excerpts.of(replace(ARTICLE, body="一。\n\n罰款。罰款。\n\n三。"), "罰款")
    assert (found.text, found.quote_start) == ("罰款。罰款。", 4)
    with pytest.raises(excerpts.NotFound):
        excerpts.of(ARTICLE, "罰")
