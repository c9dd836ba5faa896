"""A stream is cut into sentences, each with the markers that belong to it."""

from __future__ import annotations

import pytest

from bot.markers import Markers
from bot.statements import Statement, Statements

KEYS = ("kq7", "tz4", "wm9")


def cut(text: str, size: int = 1) -> list[Statement]:
    markers, statements = Markers(KEYS), Statements()
    found = [each for at in range(0, len(text), size) for each in statements.feed(markers.feed(text[at : at + size]))]
    return found + statements.feed(markers.finish()) + statements.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "It was fined [1]. It paid. [2]",
            [Statement("It was fined.", (1,)), Statement("It paid.", (2,))],
            id="en-before-and-after-the-stop",
        ),
        pytest.param(
            "它被罚款【1】。它已缴款。[2][3]",
            [Statement("它被罚款。", (1,)), Statement("它已缴款。", (2, 3))],
            id="zh-Hans",
        ),
        pytest.param("它遭罰款［1、2］。", [Statement("它遭罰款。", (1, 2))], id="zh-Hant"),
        pytest.param(
            "It was fined.[1]It paid.[2]",
            [Statement("It was fined.", (1,)), Statement("It paid.", (2,))],
            id="no-space",
        ),
        pytest.param(
            "It [1] was fined 1.5 million [2].", [Statement("It was fined 1.5 million.", (1, 2))], id="inside"
        ),
        pytest.param("[1] It was fined.", [Statement("It was fined.", (1,))], id="in-front"),
        pytest.param("It paid [9].", [Statement("It paid.", (), unknown=True)], id="unknown"),
        pytest.param("It paid [9][2].", [Statement("It paid.", (2,), unknown=True)], id="unknown-beside-known"),
        pytest.param("It paid.", [Statement("It paid.")], id="no-marker"),
        pytest.param(
            "- **Fine:** 5 million euros [1]\n- *Payment:* none [2]",
            [Statement("Fine: 5 million euros", (1,)), Statement("Payment: none", (2,))],
            id="list",
        ),
        pytest.param(
            "Here is what is known:\nIt paid [1].\n\nSources:\n[1]: Example Post\n",
            [Statement("It paid.", (1,))],
            id="preface-and-sources",
        ),
        pytest.param("It paid[^1].\n\n[^1]: Example Post, 2021.", [Statement("It paid.", (1,))], id="footnotes"),
        pytest.param(
            "It paid [1]. It was fin", [Statement("It paid.", (1,)), Statement("It was fin", ended=False)], id="cut-off"
        ),
        pytest.param(
            "The U.S. Department sued [1].", [Statement("The U.S. Department sued.", (1,))], id="abbreviation"
        ),
        pytest.param(
            "苹果被罚5亿欧元[1]。Meta被罚2亿欧元[2]。",
            [Statement("苹果被罚5亿欧元。", (1,)), Statement("Meta被罚2亿欧元。", (2,))],
            id="zh-Hans-latin-name",
        ),
        pytest.param("[?]", [], id="gap-only"),
    ],
)
def test_sentences_keep_their_own_markers_wherever_the_stream_is_cut(text: str, expected: list[Statement]) -> None:
    for size in range(1, 9):
        assert cut(text, size) == expected


def test_a_sentence_comes_as_soon_as_the_next_one_begins() -> None:
    markers, statements = Markers(KEYS), Statements()
    assert statements.feed(markers.feed("It was fined [1]. ")) == []
    assert statements.feed(markers.feed("Then it paid")) == [Statement("It was fined.", (1,))]


@pytest.mark.parametrize(
    ("text", "gap"), [("It paid [1]. [?]", True), ("它已缴款[1]。［？］", True), ("It paid [1].", False)]
)
def test_what_the_sources_leave_open_is_noted(text: str, gap: bool) -> None:
    markers, statements = Markers(KEYS), Statements()
    statements.feed([*markers.feed(text), *markers.finish()])
    assert statements.gap is gap
