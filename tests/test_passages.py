"""Passages are runs of whole sentences that cover a body once, each at its offsets."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.passages import PASSAGE_TOKENS, SENTENCE_CHARACTERS, passages, sentences, tokens
from bot.records import Article, Passage, Sentence


def article(body: str, language: Any = "en") -> Article:
    return Article("a", "Title", body, language)


@pytest.mark.parametrize(
    ("body", "language", "texts"),
    [
        pytest.param("It fined U.S. firms. They paid.", "en", ["It fined U.S. firms.", "They paid."], id="en"),
        pytest.param("“罚款已缴。”他说。\n\n无人回应。", "zh-Hans", ["“罚款已缴。”他说。", "无人回应。"], id="zh-Hans"),
        pytest.param("「罰款已繳。」他說。無人回應！", "zh-Hant", ["「罰款已繳。」他說。", "無人回應！"], id="zh-Hant"),
    ],
)
def test_short_bodies_are_one_passage_of_whole_sentences(body: str, language: Any, texts: list[str]) -> None:
    spans = [(body.index(text), body.index(text) + len(text)) for text in texts]
    assert sentences(body) == [Sentence(*span, text) for span, text in zip(spans, texts, strict=True)]
    assert passages(article(body, language)) == [Passage("a", 0, 0, len(body), body)]


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        pytest.param("The regulator fined another of the platforms on that day.", "en", id="en"),
        pytest.param("监管部门当天又处罚了另一家平台企业，罚款金额为五十万元。", "zh-Hans", id="zh-Hans"),
        pytest.param("監管部門當天又處罰了另一家平台企業，罰款金額為五十萬元。", "zh-Hant", id="zh-Hant"),
    ],
)
def test_long_bodies_are_cut_between_sentences_and_near_the_limit(sentence: str, language: Any) -> None:
    found = passages(article("\n\n".join([sentence] * 40), language))
    full = int(PASSAGE_TOKENS // tokens(sentence))
    counts = [passage.text.count(sentence) for passage in found]
    assert counts == [full] * (40 // full) + [40 % full] * bool(40 % full)
    assert [passage.number for passage in found] == list(range(len(found)))


@pytest.mark.parametrize("text", ["word " * 1_000, "罚" * 5_000, "罰，" * 2_500], ids=["en", "zh-Hans", "zh-Hant"])
def test_text_without_a_sentence_end_is_cut_all_the_same(text: str) -> None:
    found = sentences(text)
    assert max(len(sentence.text) for sentence in found) <= SENTENCE_CHARACTERS
    assert "".join(re.sub(r"\s", "", sentence.text) for sentence in found) == re.sub(r"\s", "", text)
    assert all(text[sentence.start : sentence.end] == sentence.text for sentence in found)


PIECES = st.sampled_from(
    [
        "The fine was $1.5 million. ",
        "罚款已缴。",
        "罰款已繳！",
        "Mr. Li said: “No.” ",
        "\n\n",
        "\n",
        "他說：「好。」",
        "x" * 300,
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_passages_cover_every_sentence_once_in_order(body: str) -> None:
    found = passages(article(body))
    assert [passage.text for passage in found] == [body[passage.start : passage.end] for passage in found]
    assert [s.text for p in found for s in sentences(p.text)] == [s.text for s in sentences(body)]
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_an_empty_body_has_no_passages() -> None:
    assert passages(article(" \n\n ")) == []
