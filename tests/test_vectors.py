"""Nearest neighbours by cosine, one collection a language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.errors import LibraryDamaged
from bot.records import LANGUAGES
from bot.vectors import Row, Vectors


def row(key: int, language: Any, *values: float) -> Row:
    vector = np.array(values, dtype=np.float32)
    return Row(key, language, vector / np.linalg.norm(vector))


ROWS = [row(1, "en", 1, 0, 0), row(2, "zh-Hans", 3, 4, 0), row(3, "zh-Hant", 0, 1, 0), row(4, "en", 0, 0, 1)]
EAST = np.array([1, 0, 0], dtype=np.float32)


def made(folder: Path) -> Vectors:
    vectors = Vectors(folder)
    vectors.write(ROWS, [])
    return vectors


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Vectors:
    """Vectors for tests that only read."""
    return made(tmp_path_factory.mktemp("vectors"))


def test_every_language_is_searched_and_the_nearest_comes_first(vectors: Vectors) -> None:
    found = vectors.search(EAST, LANGUAGES, limit=4)
    assert [key for key, _ in found] == [1, 2, 3, 4]
    assert [similarity for _, similarity in found] == pytest.approx([1.0, 0.6, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize(
    ("languages", "expected"),
    [(("en",), [1, 4]), (("zh-Hans",), [2]), (("zh-Hant",), [3]), (("zh-Hans", "zh-Hant"), [2, 3])],
    ids=["en", "zh-Hans", "zh-Hant", "both-scripts"],
)
def test_only_these_languages_are_searched(vectors: Vectors, languages: Any, expected: list[int]) -> None:
    assert [key for key, _ in vectors.search(EAST, languages, limit=9)] == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param([(3, "zh-Hant"), (2, "zh-Hans")], [2, 3], id="some"),
        pytest.param([(4, "en"), (999, "en")], [4], id="one-unknown"),
        pytest.param([(999, "zh-Hant")], [], id="all-unknown"),
        pytest.param([], [], id="none"),
    ],
)
def test_only_these_keys_are_considered(vectors: Vectors, keys: Any, expected: list[int]) -> None:
    assert [key for key, _ in vectors.search(EAST, LANGUAGES, limit=9, keys=keys)] == expected


def test_limit_is_kept_over_all_languages(vectors: Vectors) -> None:
    assert [key for key, _ in vectors.search(EAST, LANGUAGES, limit=2)] == [1, 2]


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    empty = Vectors(tmp_path / "empty")
    empty.touch()
    assert empty.search(EAST, LANGUAGES, limit=5) == []


def test_a_key_is_dropped_under_its_language_only(tmp_path: Path) -> None:
    vectors = made(tmp_path)
    vectors.write([], [(1, "zh-Hans"), (2, "zh-Hans")])
    assert vectors.keys() == {1, 3, 4}


def test_vectors_of_another_length_are_refused_with_the_fix(tmp_path: Path) -> None:
    vectors = made(tmp_path)
    with pytest.raises(LibraryDamaged) as raised:
        vectors.write([row(9, "en", 1, 0)], [])
    assert raised.value.hint == "Run `regbrief doctor --rebuild`."
