"""Markers in any form are resolved while streaming; what is shown does not depend on where the stream was cut."""

from __future__ import annotations

from itertools import combinations

import pytest

from bot.markers import LONGEST, Mark, Markers, Piece

KEYS = ("kq7", "tz4", "wm9")


def read(*chunks: str) -> list[Piece]:
    """Read a stream and join neighbouring texts, as nobody sees where one piece ends."""
    markers = Markers(KEYS)
    pieces = [piece for chunk in chunks for piece in markers.feed(chunk)] + markers.finish()
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


FORMS = [
    pytest.param("[1]", Mark((1,)), id="plain"),
    pytest.param("【1】", Mark((1,)), id="zh-Hans-brackets"),
    pytest.param("〔2〕", Mark((2,)), id="zh-Hant-brackets"),
    pytest.param("［１］", Mark((1,)), id="full-width"),
    pytest.param("[1,2]", Mark((1, 2)), id="list"),
    pytest.param("[1、3]", Mark((1, 3)), id="zh-list"),
    pytest.param("[1; 2 and".replace(" and", "]"), Mark((1, 2)), id="semicolon"),
    pytest.param("[1-3]", Mark((1, 2, 3)), id="range"),
    pytest.param("[2–3]", Mark((2, 3)), id="en-dash"),
    pytest.param("[1至2]", Mark((1, 2)), id="zh-range"),
    pytest.param("[3-1]", Mark((1, 2, 3)), id="range-backwards"),
    pytest.param("[^1]", Mark((1,)), id="footnote"),
    pytest.param("[^1, ^2]", Mark((1, 2)), id="footnotes"),
    pytest.param("[source 2]", Mark((2,)), id="named"),
    pytest.param("[来源1]", Mark((1,)), id="zh-Hans-named"),
    pytest.param("[來源：2]", Mark((2,)), id="zh-Hant-named"),
    pytest.param("【1†source】", Mark((1,)), id="dagger"),
    pytest.param("[tz4]", Mark((2,)), id="key"),
    pytest.param("[KQ7, wm9]", Mark((1, 3)), id="keys"),
    pytest.param("[1](https://example.org/a)", Mark((1,)), id="link"),
    pytest.param("[9]", Mark((), unknown=True), id="unknown-number"),
    pytest.param("[1, 9]", Mark((1,), unknown=True), id="one-unknown"),
    pytest.param("[2-7]", Mark((2, 3), unknown=True), id="range-too-far"),
    pytest.param("[0]", Mark((), unknown=True), id="nought"),
    pytest.param("[zz9]", Mark((), unknown=True), id="unknown-key"),
    pytest.param("[999999999]", Mark((), unknown=True), id="huge"),
    pytest.param("[?]", Mark(gap=True), id="gap"),
    pytest.param("［？］", Mark(gap=True), id="zh-gap"),
]


@pytest.mark.parametrize(("written", "mark"), FORMS)
def test_every_form_is_a_marker(written: str, mark: Mark) -> None:
    assert read(f"It paid{written}。") == ["It paid", mark, "。"]
    assert read(written) == [mark]


TEXTS = [
    "[sic]",
    "[the regulator]",
    "[1a paragraph that goes on]",
    "an open [ bracket",
    "[1, 2",
    "【重要】",
    "《数据安全法》［草案］",
    "a < b, <b>bold</b>",
    f"[{'1' * (LONGEST + 1)}]",
    "[1\n]",
    "[]",
    "(1)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_other_brackets_are_text(text: str) -> None:
    assert read(text) == [text]


STREAM = "<think>[3] hm</think>A fine[1, 2]. [9]B【1†source】。[^3](#c) (see [sic]) [1-[2]<thin [kq7][?"
EXPECTED = read(STREAM)


def test_a_stream_is_read_whole() -> None:
    assert read(STREAM) == [
        "A fine",
        Mark((1, 2)),
        ". ",
        Mark((), unknown=True),
        "B",
        Mark((1,)),
        "。",
        Mark((3,)),
        " (see [sic]) [1-",
        Mark((2,)),
        "<thin ",
        Mark((1,)),
        "[?",
    ]


@pytest.mark.parametrize("text", [STREAM, *(form.values[0] for form in FORMS), *TEXTS])
def test_where_a_stream_is_cut_changes_nothing(text: str) -> None:
    whole = read(text)
    assert read(*text) == whole
    for at in range(1, len(text)):
        assert read(text[:at], text[at:]) == whole


def test_two_cuts_change_nothing_either() -> None:
    text = "A[1](#x)[^2]<think>x</think>[?]"
    for one, other in combinations(range(1, len(text)), 2):
        assert read(text[:one], text[one:other], text[other:]) == read(text)


@pytest.mark.parametrize("held", ["[", "[1", "[1,", "【", "[^", "[source", "<", "<thi"])
def test_what_could_start_a_marker_is_held_back(held: str) -> None:
    markers = Markers(KEYS)
    assert markers.feed(f"Paid{held}") == ["Paid"]
    assert "".join(map(str, markers.finish())) == held
