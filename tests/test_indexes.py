"""What every index promises, whatever engine is inside."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from bot.keywords import Entry, Keywords
from bot.neighbours import BATCH, Row, VectorIndex
from bot.records import Filters
from bot.vector_server import VectorServer
from bot.vectors import Vectors


class KeywordIndex:
    """Keywords, with one word a passage."""

    def __init__(self, folder: Path) -> None:
        self._index = Keywords(folder)
        self.keys = self._index.keys

    def write(self, add: Sequence[tuple[int, str]], remove: Iterable[int]) -> None:
        self._index.write([Entry(key, f"a{key}", "en", "", None, (), (word,)) for key, word in add], remove)

    def best(self, word: str) -> int | None:
        return next((key for key, _ in self._index.search({word: 1.0}, Filters(), limit=1)), None)


class DenseIndex:
    """Vectors, with one axis a word."""

    def __init__(self, folder: Path) -> None:
        self._index = self.opened(folder)
        self.keys = self._index.keys

    def opened(self, folder: Path) -> VectorIndex:
        return Vectors(folder)

    def write(self, add: Sequence[tuple[int, str]], remove: Iterable[int]) -> None:
        self._index.write([Row(key, "en", self._axis(word)) for key, word in add], [(key, "en") for key in remove])

    def best(self, word: str) -> int | None:
        near = self._index.search(self._axis(word), ("en",), limit=1)
        return next((key for key, similarity in near if similarity > 0.9), None)

    def _axis(self, word: str) -> np.ndarray:
        return np.eye(64, dtype=np.float32)[zlib.crc32(word.encode()) % 64]


class ServedIndex(DenseIndex):
    """The same on a Chroma server, where the name of the folder tells it from others."""

    servers: ClassVar[list[VectorServer]] = []
    url = ""

    def opened(self, folder: Path) -> VectorIndex:
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
        self.servers.append(VectorServer(self.url, lambda: name))
        return self.servers[-1]


@pytest.fixture
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Opened]]:
    """What opens an index."""
    if request.param is ServedIndex:
        monkeypatch.setattr(ServedIndex, "url", request.getfixturevalue("chroma_url"))
    yield request.param
    while ServedIndex.servers:
        ServedIndex.servers.pop().close()


Opened = KeywordIndex | DenseIndex
every_index = pytest.mark.parametrize(
    "opened",
    [
        pytest.param(KeywordIndex, id="keywords"),
        pytest.param(DenseIndex, id="vectors"),
        pytest.param(ServedIndex, id="server", marks=pytest.mark.faults),
    ],
    indirect=True,
)
FIRST = [(1, "fine"), (2, "罚款"), (3, "罰款")]


@every_index
def test_what_is_written_is_found(tmp_path: Path, opened: Callable[[Path], Opened]) -> None:
    index = opened(tmp_path / "index")
    assert index.keys() == set()
    index.write(FIRST, [])
    assert index.keys() == {1, 2, 3}
    assert [index.best(word) for _, word in FIRST] == [1, 2, 3]


@every_index
def test_a_key_written_again_is_replaced(tmp_path: Path, opened: Callable[[Path], Opened]) -> None:
    index = opened(tmp_path / "index")
    index.write(FIRST, [])
    index.write([(2, "合并")], [])
    assert index.keys() == {1, 2, 3}
    assert (index.best("罚款"), index.best("合并")) == (None, 2)


@every_index
def test_removed_keys_are_gone_and_unknown_ones_do_no_harm(tmp_path: Path, opened: Callable[[Path], Opened]) -> None:
    index = opened(tmp_path / "index")
    index.write(FIRST, [])
    index.write([], [2, 999])
    assert index.keys() == {1, 3}
    assert index.best("罚款") is None


@every_index
def test_nothing_to_write_is_no_error(tmp_path: Path, opened: Callable[[Path], Opened]) -> None:
    index = opened(tmp_path / "index")
    index.write([], [])
    assert index.keys() == set()


@every_index
def test_what_is_written_is_there_after_opening_again(tmp_path: Path, opened: Callable[[Path], Opened]) -> None:
    opened(tmp_path / "index").write(FIRST, [])
    again = opened(tmp_path / "index")
    assert again.keys() == {1, 2, 3}
    assert again.best("罰款") == 3


@every_index
def test_more_rows_than_one_batch_holds_are_written(tmp_path: Path, opened: Callable[[Path], Opened]) -> None:
    index = opened(tmp_path / "index")
    index.write([(key, "fine") for key in range(1, BATCH + 2)], [])
    index.write([], range(2, BATCH + 2))
    assert index.keys() == {1}
