"""Passages of a window are compared one by one, with vectors that are read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot import exact
from bot.encoded import Encoded
from bot.exact import Exact

COUNT, DIMENSION = 600, 8
ROWS = np.random.default_rng(1).standard_normal((COUNT, DIMENSION)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
QUESTION = ROWS[0]


class Index:
    """Gives vectors by their keys, from 1, and remembers which it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def fetch(self, keys: Sequence[int]) -> Mapping[int, Any]:
        self.asked += keys
        return {key: ROWS[key - 1] for key in keys if key <= COUNT}


class Drawn:
    """Encodes a number as the vector of that key."""

    fingerprint, dimension = "drawn", DIMENSION

    def encode(self, texts: Sequence[str], **_: object) -> Any:
        return np.array([ROWS[int(text) - 1] for text in texts])


@pytest.fixture
def index() -> Index:
    return Index()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of the writer, in which the vectors of keys 1 to 500 are kept."""
    path = tmp_path / "encoded.sqlite"
    keys = range(1, 501)
    encoded = Encoded(path, Drawn())
    encoded.encode(list(keys), list(map(str, keys)), ["en"] * len(keys))
    encoded.close()
    return path


def expected(keys: Sequence[int], limit: int) -> list[tuple[int, Any]]:
    near = sorted(((float(ROWS[key - 1] @ QUESTION), key) for key in keys), key=lambda pair: (-pair[0], pair[1]))
    return [(key, pytest.approx(cosine, abs=2e-3)) for cosine, key in near[:limit]]


def test_the_nearest_come_first_whoever_has_their_vectors(kept: Path, index: Index) -> None:
    compared, keys = Exact(kept, index.fetch), [7, 1, 599, 300, 501, 12]
    assert compared.nearest(QUESTION, np.array(keys), limit=4) == expected(keys, 4)
    assert index.asked == [599, 501]


def test_what_was_read_is_not_read_again(kept: Path, index: Index) -> None:
    compared = Exact(kept, index.fetch)
    compared.nearest(QUESTION, np.arange(400, 550), limit=1)
    kept.unlink()
    index.asked.clear()
    assert compared.nearest(QUESTION, np.arange(300, 560), limit=3) == expected(range(300, 560), 3)
    assert index.asked == [*range(300, 400), *range(550, 560)]


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_without_the_file_the_index_gives_all(tmp_path: Path, index: Index, content: bytes | None) -> None:
    path = tmp_path / "encoded.sqlite"
    if content is not None:
        path.write_bytes(content)
    assert Exact(path, index.fetch).nearest(QUESTION, np.arange(1, 601), limit=5) == expected(range(1, 601), 5)


def test_passages_that_nobody_has_are_left_out(kept: Path, index: Index) -> None:
    compared = Exact(kept, index.fetch)
    assert compared.nearest(QUESTION, np.array([900, 3]), limit=5) == expected([3], 5)
    assert compared.nearest(QUESTION, np.array([900, 901]), limit=5) == []
    assert compared.nearest(QUESTION, np.array([], np.int64), limit=5) == []


def test_where_there_is_no_more_room_what_is_wanted_now_takes_it(
    kept: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "ROOM", 100)
    compared = Exact(kept, index.fetch)
    for keys in (range(1, 81), range(41, 121), range(1, 301), range(1, 11)):
        assert compared.nearest(QUESTION, np.array(keys), limit=9) == expected(keys, 9)
        assert len(compared._held.keys) in {len(keys), 300}
    compared.forget()
    assert len(compared._held.vectors) == 0


def test_many_may_compare_at_once(kept: Path, index: Index) -> None:
    compared = Exact(kept, index.fetch)
    windows = [range(start, start + 90) for start in range(1, 500, 7)]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda keys: compared.nearest(QUESTION, np.array(keys), limit=5), windows)
    assert list(found) == [expected(keys, 5) for keys in windows]


def test_a_window_that_is_larger_than_the_room_is_held_whole(
    kept: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept comes first, and what the index gives needs more room: the first must come along."""
    monkeypatch.setattr(exact, "ROOM", 100)
    keys = range(301, 601)
    assert Exact(kept, index.fetch).nearest(QUESTION, np.array(keys), limit=9) == expected(keys, 9)


def test_what_was_kept_in_half_precision_has_length_one_again(kept: Path, index: Index) -> None:
    compared = Exact(kept, index.fetch)
    cosines = [compared.nearest(ROWS[key - 1], np.array([key]), limit=1)[0][1] for key in range(1, 101)]
    assert cosines == pytest.approx([1.0] * 100, abs=1e-6)
