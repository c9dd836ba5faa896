"""Dense and keyword search, fused with room for each language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot import prompts
from bot.engine import Regbrief
from bot.errors import ServerError
from bot.glossary import Entity, Glossary
from bot.index import Half
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Filters, Language
from bot.retrieve import Retriever, fuse, with_quota

LUMEN = Entity(
    "lumen", "company", {"en": ("Lumen Pay",), "zh-Hans": ("流明支付",), "zh-Hant": ("流明支付", "光明支付")}
)


def retriever(library: Library, encoder: Any, glossary: Glossary | None = None) -> Retriever:
    return Retriever(
        library.catalog,
        library.search_index,
        encoder=encoder,
        analyzer=library.analyzer,
        glossary=glossary or Glossary(),
    )


@pytest.fixture
def searching(shared_library: Library, encoder: Any) -> Retriever:
    return retriever(shared_library, encoder)


def found(searching: Retriever, question: str, filters: Filters | None = None, limit: int = 10) -> list[str]:
    candidates = searching.search(searching.query(question), filters or Filters(), limit=limit)
    return [candidate.stored.article.id for candidate in candidates]


def test_fusion_weighs_the_cosine_and_the_share_of_the_best_keyword_score() -> None:
    scores = fuse({1: 0.5, 2: 0.4, 3: 0.3}, {3: 8.0, 1: 6.0}, foreign=set())
    assert scores == pytest.approx({1: 0.8 * 0.5 + 0.2 * 0.75, 3: 0.8 * 0.3 + 0.2, 2: 0.8 * 0.4})
    assert list(scores) == [1, 3, 2]


@pytest.mark.parametrize(
    ("similarity", "words", "foreign", "scores"),
    [
        pytest.param({7: 1.0}, {7: 3.0}, set(), {7: 1.0}, id="best-in-both"),
        pytest.param({7: 0.5, 8: 0.4}, {8: 3.0}, set(), {8: 0.52, 7: 0.4}, id="words-can-outweigh"),
        pytest.param({7: 0.0, 8: 0.0}, {7: 3.0, 8: 1.5}, set(), {7: 0.2, 8: 0.1}, id="words-alone"),
        pytest.param({7: 0.5, 8: 0.25}, {}, set(), {7: 0.6, 8: 0.3}, id="meaning-alone"),
        pytest.param({2: 0.5, 1: 0.5}, {}, set(), {1: 0.6, 2: 0.6}, id="ties-by-key"),
        pytest.param({7: 0.5, 8: 0.5}, {8: 3.0}, {7}, {7: 0.6, 8: 0.6}, id="the-nearest-foreign-counts-in-full"),
        pytest.param({7: 0.4, 9: 0.2, 8: 0.5}, {8: 3.0}, {7, 9}, {8: 0.6, 7: 0.52, 9: 0.26}, id="foreign-by-meaning"),
        pytest.param({7: 0.4, 8: 0.4}, {7: 3.0}, {7}, {7: 0.52, 8: 0.52}, id="words-in-another-language-only"),
        pytest.param({7: -0.2, 8: -0.1}, {7: 3.0}, {8}, {7: 0.2, 8: 0.0}, id="nothing-is-below-nought"),
        pytest.param({}, {}, set(), {}, id="nothing"),
    ],
)
def test_fused_scores_lie_between_nought_and_one(
    similarity: dict[int, float], words: dict[int, float], foreign: set[int], scores: dict[int, float]
) -> None:
    fused = fuse(similarity, words, foreign=foreign)
    assert fused == pytest.approx(scores)
    assert list(fused) == list(scores)


def test_what_only_words_have_found_is_as_near_as_the_last_that_meaning_has(
    shared_library: Library, encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    searching = retriever(shared_library, encoder)
    query = searching.query("Alibaba fined")
    (best, *_), _ = searching._ranked(query, Filters(languages=("en",)), 10)
    index = shared_library.search_index
    monkeypatch.setattr(
        index, "nearest", lambda *arguments, **named: [(key, 0.3) for key in (2, 3) if key != best.stored.key]
    )
    found, _ = searching._ranked(query, Filters(languages=("en",)), 10)
    assert next(each for each in found if each.stored.key == best.stored.key).similarity == 0.3


@pytest.mark.parametrize(
    ("groups", "limit", "kept"),
    [
        pytest.param("eeeeeeeeez", 4, [0, 1, 2, 9], id="the-last-chinese-is-kept"),
        pytest.param("zzzzzzzzze", 4, [0, 1, 2, 9], id="the-last-english-is-kept"),
        pytest.param("zezezezeze", 4, [0, 1, 2, 3], id="mixed-anyway"),
        pytest.param("eeeeezzzzz", 8, [0, 1, 2, 3, 4, 5, 6, 7], id="quota-met-anyway"),
        pytest.param("eeeeeeeezz", 8, [0, 1, 2, 3, 4, 5, 8, 9], id="two-of-eight"),
        pytest.param("eeez", 3, [0, 1, 2], id="too-few-for-a-quota"),
        pytest.param("eeeeez", 1, [0], id="one"),
        pytest.param("ez", 4, [0, 1], id="fewer-than-asked-for"),
        pytest.param("", 4, [], id="none"),
    ],
)
def test_the_quota_keeps_a_quarter_for_each_language_in_rank_order(groups: str, limit: int, kept: list[int]) -> None:
    ranked = [100 + at for at in range(len(groups))]
    assert with_quota(ranked, list(groups), limit=limit, quota=0.25) == [100 + at for at in kept]


@pytest.mark.parametrize(
    ("question", "best"),
    [
        pytest.param("How much was Alibaba fined?", "fine-en", id="en"),
        pytest.param("停止屏蔽网址链接", "links-hans", id="zh-Hans"),
        pytest.param("停止屏蔽網址鏈接", "links-hans", id="zh-Hant-finds-zh-Hans"),
        pytest.param("螞蟻集團何時上市？", "alipay-hant", id="zh-Hant"),
        pytest.param("蚂蚁集团何时上市？", "alipay-hant", id="zh-Hans-finds-zh-Hant"),
        pytest.param("螞蟻集團的上市计划", "alipay-hant", id="mainland-word-finds-計畫"),
    ],
)
def test_either_script_finds_the_other(searching: Retriever, question: str, best: str) -> None:
    assert found(searching, question)[0] == best


def test_both_scripts_of_a_question_find_the_same(searching: Retriever) -> None:
    one, other = (searching.search(searching.query(q), Filters(), limit=3) for q in ("支付寶貸款", "支付宝贷款"))
    assert [(each.stored.key, each.score) for each in one] == [(each.stored.key, each.score) for each in other]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(Filters(), {"fine-en", "links-hans", "alipay-hant"}, id="none"),
        pytest.param(Filters(since=date(2021, 9, 13), until=date(2021, 9, 13)), {"links-hans"}, id="window"),
        pytest.param(Filters(since=date(2022, 1, 1)), set(), id="empty-window"),
        pytest.param(Filters(languages=("en",)), {"fine-en"}, id="en"),
        pytest.param(Filters(languages=("zh-Hans",)), {"links-hans"}, id="zh-Hans"),
        pytest.param(Filters(languages=("zh-Hant",)), {"alipay-hant"}, id="zh-Hant"),
        pytest.param(Filters(sources=("範例報", "Example Post")), {"alipay-hant", "fine-en"}, id="sources"),
        pytest.param(Filters(article_ids=("links-hans",)), {"links-hans"}, id="article-ids"),
        pytest.param(Filters(article_ids=("nobody",)), set(), id="unknown-article"),
        pytest.param(Filters(until=date(2021, 9, 13), languages=("zh-Hant", "en")), {"fine-en"}, id="two-filters"),
    ],
)
def test_filters_hold_for_dense_and_keyword_search(searching: Retriever, filters: Filters, expected: set[str]) -> None:
    assert set(found(searching, "Alibaba 支付宝 regulator", filters)) == expected


def test_wide_windows_are_searched_without_listing_their_passages(
    searching: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.embedded.EXACT_KEYS", 1)
    filters = Filters(since=date(2021, 1, 1), until=date(2021, 9, 13))
    assert found(searching, "Alibaba fined", filters) == ["fine-en", "links-hans"]


@pytest.mark.parametrize(
    ("question", "language"),
    [
        pytest.param("data rules of the regulator", "en", id="en"),
        pytest.param("监管部门的数据规定", "zh-Hans", id="zh-Hans"),
        pytest.param("監管部門的數據規定", "zh-Hant", id="zh-Hant"),
    ],
)
def test_many_passages_of_one_language_leave_room_for_the_other(
    library: Library, encoder: Any, question: str, language: str
) -> None:
    texts = [("en", "The regulator wrote data rules {}."), ("zh-Hans", "监管部门发布数据规定{}。")]
    many, one = texts if language == "en" else texts[::-1]
    library.add([Article(f"many-{n}", f"{n}", many[1].format(n), many[0]) for n in range(20)])  # type: ignore[arg-type]
    library.add([Article("one", "-", one[1].format(99), one[0])])  # type: ignore[arg-type]
    assert "one" in found(retriever(library, encoder), question, limit=8)


def test_a_passage_in_the_other_language_survives_beside_many(library: Library, encoder: Any) -> None:
    library.add([Article(f"en-{n}", f"{n}", f"Lumen Pay was fined {n} yuan.", "en") for n in range(20)])
    library.add([Article("hant", "罰款", "流明支付遭罰。", "zh-Hant")])
    searching = retriever(library, encoder, Glossary([LUMEN]))
    kept = found(searching, "Why was Lumen Pay fined?", limit=8)
    assert len(kept) == 8
    assert "hant" in kept


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("What did Lumen Pay do?", id="en"),
        pytest.param("流明支付做了什么？", id="zh-Hans"),
        pytest.param("光明支付做了甚麼？", id="zh-Hant"),
    ],
)
def test_the_other_names_of_the_glossary_are_found(library: Library, encoder: Any, question: str) -> None:
    library.add(
        [
            Article("en", "-", "A court fined Lumen Pay.", "en"),
            Article("hans", "-", "法院处罚了流明支付。", "zh-Hans"),
            Article("hant", "-", "法院處罰了光明支付。", "zh-Hant"),
        ]
    )
    searching = retriever(library, encoder, Glossary([LUMEN]))
    terms = searching.query(question).terms
    found = {key for key, _ in library.search_index.matching(terms, Filters(), limit=9)}
    assert {each.article.id for each in library.catalog.stored(found).values()} == {"en", "hans", "hant"}


def test_other_names_count_less_than_what_was_typed(library: Library, encoder: Any) -> None:
    terms = retriever(library, encoder, Glossary([LUMEN])).query("Lumen Pay").terms
    assert {term: terms[term] for term in ("lumen", "pay", "流明", "光明")} == {
        "lumen": 1.0,
        "pay": 1.0,
        "流明": 0.5,
        "光明": 0.5,
    }


@pytest.mark.parametrize(
    ("question", "language"),
    [("What did it do?", "en"), ("它做了什么？", "zh-Hans"), ("它做了甚麼？這樣對嗎？", "zh-Hant")],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_a_question_without_content_still_searches(searching: Retriever, question: str, language: str) -> None:
    query = searching.query(question)
    assert query.language == language
    assert query.terms
    assert len(found(searching, question)) == 3


def test_hits_say_where_they_stand(searching: Retriever, articles: tuple[Article, ...]) -> None:
    query, filters = searching.query("Alibaba"), Filters(languages=("en",))
    (hit,) = searching.hits(query, filters, limit=3)
    (candidate,) = searching.search(query, filters, limit=3)
    article = articles[0]
    assert (hit.article_id, hit.title, hit.source, hit.published, hit.language, hit.url) == (
        article.id,
        article.title,
        article.source,
        article.published,
        article.language,
        article.url,
    )
    assert article.body[hit.start : hit.end] == hit.text
    assert hit.score == round(0.8 * candidate.similarity + 0.2, 4)


def test_limit_is_kept(searching: Retriever) -> None:
    assert len(found(searching, "支付宝", limit=1)) == 1


def test_the_analyzer_of_the_library_cuts_the_question(searching: Retriever) -> None:
    assert set(searching.query("支付寶貸款").terms) == Analyzer().content("支付宝贷款")


class NoisyEncoder:
    """Gives every text a vector that says nothing about it."""

    fingerprint = "noise"
    dimension = 8

    def encode(self, texts: Sequence[str], *, kind: str, languages: Sequence[Language]) -> NDArray[np.float32]:
        rows = np.random.default_rng(len(texts)).normal(size=(len(texts), self.dimension)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("asked", ["Alipay", "支付宝", "支付寶"])
def test_every_name_of_a_thing_is_found_by_any_of_them_even_where_the_encoder_fails(tmp_path: Path, asked: str) -> None:
    names = {"en": ("Alipay",), "zh-Hans": ("支付宝",), "zh-Hant": ("支付寶",)}
    glossary = Glossary([Entity("alipay", "company", names)])
    encoder, analyzer = NoisyEncoder(), Analyzer(glossary.names())
    library = Library(tmp_path / "noise", encoder, analyzer)
    bodies = {"en": "Alipay must change.", "zh-Hans": "支付宝须整改。", "zh-Hant": "支付寶須整改。"}
    named = [Article(language, "t", body, language) for language, body in bodies.items()]
    library.add([*named, *[Article(f"other-{n}", "t", f"Nothing of note {n}.", "en") for n in range(60)]])
    parts = {"encoder": encoder, "analyzer": analyzer, "glossary": glossary}
    retriever = Retriever(library.catalog, library.search_index, **parts)
    sparse = library.search_index.matching(retriever.query(asked).terms, Filters(), limit=10)
    found = library.catalog.stored(key for key, _ in sparse)
    assert {each.article.id for each in found.values()} == {"en", "zh-Hans", "zh-Hant"}
    library.close()


# --- half a search --------------------------------------------------------------------------------------------------


def lost(library: Library, monkeypatch: pytest.MonkeyPatch, *searches: str) -> None:
    """Let the server of these searches be down."""

    def down(*_: Any, **__: Any) -> Any:
        raise ServerError("It is down.", hint="Start it.")

    for search in searches:
        monkeypatch.setattr(type(library.search_index), search, down)


@pytest.mark.parametrize(("search", "half"), [("nearest", "dense"), ("matching", "keywords")])
@pytest.mark.parametrize(
    ("question", "best", "language"),
    [
        pytest.param("How much was Alibaba fined?", "fine-en", "en", id="en"),
        pytest.param("停止屏蔽网址链接", "links-hans", "zh-Hans", id="zh-Hans"),
        pytest.param("螞蟻集團何時上市？", "alipay-hant", "zh-Hant", id="zh-Hant"),
    ],
)
def test_where_one_half_is_lost_the_other_answers_and_the_answer_says_so(
    shared_bot: Regbrief,
    monkeypatch: pytest.MonkeyPatch,
    search: str,
    half: Half,
    question: str,
    best: str,
    language: Any,
) -> None:
    assert (shared_bot.search(question).lost, shared_bot.ask(question).notes) == ((), ())
    lost(shared_bot.library, monkeypatch, search)
    found = shared_bot.search(question)
    assert (found[0].article_id, found.lost) == (best, (half,))
    assert shared_bot.ask(question).notes == (prompts.LOST[half][language],)


def test_where_both_halves_are_lost_the_error_of_the_server_is_raised(
    searching: Retriever, shared_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(shared_library, monkeypatch, "nearest", "matching")
    with pytest.raises(ServerError, match=r"It is down\. Start it\."):
        found(searching, "Alibaba")
