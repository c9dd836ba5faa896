"""Terms of English and Chinese text, and the BM25 index over them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.errors import LibraryDamaged
from bot.keywords import Analyzer, Entry, Keywords
from bot.records import Filters


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def entry(analyzer: Analyzer, key: int, body: str, language: Any = "en", **fields: Any) -> Entry:
    values = {"article_id": f"a{key}", "source": "Post", "published": None, "title": "-"} | fields
    values["title"] = analyzer.document(values["title"], language)
    return Entry(key=key, language=language, body=analyzer.document(body, language), **values)


@pytest.fixture(scope="module")
def keywords(tmp_path_factory: pytest.TempPathFactory, analyzer: Analyzer) -> Keywords:
    """Three passages, in English, 简体 and 繁體, for tests that only read."""
    keywords = Keywords(tmp_path_factory.mktemp("keywords"))
    day = date(2021, 4, 10)
    keywords.write(
        [
            entry(analyzer, 1, "The regulator fined Alibaba.", published=day, source="Example Post", title="A fine"),
            entry(analyzer, 2, "支付宝的贷款业务须分拆。", "zh-Hans", published=date(2021, 9, 13), title="贷款"),
            entry(analyzer, 3, "監管機構要求支付寶分拆。", "zh-Hant", title="通知"),
        ],
        [],
    )
    return keywords


def found(keywords: Keywords, analyzer: Analyzer, text: str, filters: Filters | None = None) -> list[int]:
    terms = dict.fromkeys(analyzer.terms(text), 1.0)
    return [key for key, _ in keywords.search(terms, filters or Filters(), limit=10)]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        pytest.param("Regulators FINED it $18.2 billion", ["regul", "fine", "it", "18.2", "billion"], id="en"),
        pytest.param("罚款", ["罚款"], id="zh-Hans-word"),
        pytest.param("支付宝", ["支付", "付宝", "支付宝"], id="zh-Hans-bigrams-and-word"),
        pytest.param("支付寶", ["支付", "付宝", "支付宝"], id="zh-Hant-folds"),
        pytest.param("罰18.2億", ["罚", "18.2", "亿"], id="zh-Hant-number"),
        pytest.param("用Alipay付", ["用", "alipay", "付"], id="mixed"),
        pytest.param("ＡＩ１２", ["ai", "12"], id="full-width"),
        pytest.param(" ,.!？", [], id="marks"),
    ],
)
def test_terms_are_stems_numbers_words_and_bigrams(analyzer: Analyzer, text: str, terms: list[str]) -> None:
    assert analyzer.terms(text) == terms


def test_a_name_of_the_glossary_is_kept_whole() -> None:
    assert "约谈马云" not in Analyzer().terms("约谈马云")
    assert "流明支付" in Analyzer(["流明支付"]).terms("流明支付須分拆")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        pytest.param("Was the fine for the company?", {"fine", "compani"}, id="en"),
        pytest.param("支付宝是什么？", {"支付", "付宝", "支付宝"}, id="zh-Hans"),
        pytest.param("支付寶是什麼？", {"支付", "付宝", "支付宝"}, id="zh-Hant"),
        pytest.param("Is it that?", set(), id="en-nothing"),
        pytest.param("是什麼？", set(), id="zh-Hant-nothing"),
    ],
)
def test_content_leaves_out_stop_words(analyzer: Analyzer, text: str, content: set[str]) -> None:
    assert analyzer.content(text) == content


def test_traditional_text_also_gets_mainland_words(analyzer: Analyzer) -> None:
    assert "计划" in analyzer.document("上市計畫", "zh-Hant")
    assert "人工智能" in analyzer.document("人工智慧", "zh-Hant")
    assert "人工智能" not in analyzer.document("人工智慧", "zh-Hans")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("fines", [1], id="en-stem"),
        pytest.param("支付宝贷款", [2, 3], id="zh-Hans-finds-both-scripts"),
        pytest.param("支付寶貸款", [2, 3], id="zh-Hant-finds-both-scripts"),
        pytest.param("football 足球", [], id="nothing"),
        pytest.param("", [], id="no-terms"),
    ],
)
def test_search_finds_either_script(keywords: Keywords, analyzer: Analyzer, text: str, expected: list[int]) -> None:
    assert found(keywords, analyzer, text) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(Filters(), [1, 2, 3], id="none"),
        pytest.param(Filters(since=date(2021, 9, 13)), [2], id="since-inclusive"),
        pytest.param(Filters(until=date(2021, 4, 10)), [1], id="until-inclusive-without-undated"),
        pytest.param(Filters(since=date(2022, 1, 1)), [], id="empty-window"),
        pytest.param(Filters(languages=("en", "zh-Hant")), [1, 3], id="languages"),
        pytest.param(Filters(sources=("Example Post",)), [1], id="source-of-two-words"),
        pytest.param(Filters(article_ids=("a2", "nobody")), [2], id="article-ids"),
    ],
)
def test_filters_narrow_the_search(
    keywords: Keywords, analyzer: Analyzer, filters: Filters, expected: list[int]
) -> None:
    assert sorted(found(keywords, analyzer, "Alibaba 支付宝", filters)) == expected


def test_filters_do_not_change_scores(keywords: Keywords) -> None:
    plain = dict(keywords.search({"alibaba": 1.0}, Filters(), limit=9))
    filtered = dict(keywords.search({"alibaba": 1.0}, Filters(languages=("en",), sources=("Example Post",)), limit=9))
    assert filtered == plain


def test_weights_and_titles_count(keywords: Keywords) -> None:
    assert [key for key, _ in keywords.search({"贷款": 1.0, "alibaba": 0.1}, Filters(), limit=9)] == [2, 1]
    (_, body_only), (_, title_only) = (
        keywords.search({term: 1.0}, Filters(), limit=9)[0] for term in ("alibaba", "通知")
    )
    assert 0 < title_only < body_only


def test_limit_is_kept(keywords: Keywords) -> None:
    assert len(keywords.search({"支付": 1.0}, Filters(), limit=1)) == 1


def test_rare_terms_tell_more(keywords: Keywords) -> None:
    found = keywords.informativeness(["支付", "alibaba", "足球"])
    assert found == pytest.approx({"支付": 0.470, "alibaba": 0.981, "足球": 2.079}, abs=0.001)


def test_what_another_writes_is_seen_after_refreshing(tmp_path: Path, analyzer: Analyzer) -> None:
    keywords = Keywords(tmp_path)
    Keywords(tmp_path).write([entry(analyzer, 4, "A merger.")], [])
    assert found(keywords, analyzer, "merger") == []
    keywords.refresh()
    assert found(keywords, analyzer, "merger") == [4]


def test_a_damaged_index_is_named_with_the_fix(tmp_path: Path) -> None:
    folder = tmp_path / "keywords"
    folder.mkdir()
    (folder / "meta.json").write_text("{")
    with pytest.raises(LibraryDamaged) as raised:
        Keywords(folder)
    assert str(folder) in raised.value.message
    assert raised.value.hint == "Run `regbrief doctor --rebuild`."
