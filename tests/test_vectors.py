"""Nearest neighbours by cosine, one collection a language."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bot.errors import LibraryDamaged
from bot.neighbours import Row, VectorIndex
from bot.records import LANGUAGES
from bot.vector_server import VectorServer
from bot.vectors import Vectors


def row(key: int, language: Any, *values: float) -> Row:
    vector = np.array(values, dtype=np.float32)
    return Row(key, language, vector / np.linalg.norm(vector))


ROWS = [row(1, "en", 1, 0, 0), row(2, "zh-Hans", 3, 4, 0), row(3, "zh-Hant", 0, 1, 0), row(4, "en", 0, 0, 1)]
EAST = np.array([1, 0, 0], dtype=np.float32)


Make = Callable[[str], VectorIndex]


@pytest.fixture(scope="module", params=["folder", "server"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """What makes an empty index, in a folder or on a server."""
    folder = tmp_path_factory.mktemp("vectors")
    url = request.getfixturevalue("chroma_url") if request.param == "server" else ""
    made: list[VectorIndex] = []

    def make(name: str) -> VectorIndex:
        made.append(VectorServer(url, lambda: f"{folder.name}-{name}") if url else Vectors(folder / name))
        return made[-1]

    yield make
    for each in made:
        each.close()


def made(make: Make, name: str) -> VectorIndex:
    vectors = make(name)
    vectors.write(ROWS, [])
    return vectors


@pytest.mark.parametrize("done", [0, 1, 4, 9, 10, 14, 18])
def test_an_index_whose_making_was_killed_is_empty_and_can_be_written(tmp_path: Path, done: int) -> None:
    whole = Vectors(tmp_path / "whole")
    whole.write(ROWS[:1], [])
    whole.close()
    broken_off(tmp_path / "whole" / "chroma.sqlite3", tmp_path / "index" / "chroma.sqlite3", done)
    reader, writer = Vectors(tmp_path / "index"), Vectors(tmp_path / "index")
    assert (reader.keys(), reader.search(EAST, LANGUAGES, limit=1)) == (set(), [])
    writer.write(ROWS, [])
    reader.refresh()
    assert (writer.keys(), reader.search(EAST, LANGUAGES, limit=1)) == ({1, 2, 3, 4}, [(1, pytest.approx(1.0))])
    reader.close()
    writer.close()


def broken_off(whole: Path, place: Path, done: int) -> None:
    """Make Chroma's database as far as its first `done` migrations, as in another that is whole."""
    place.parent.mkdir()
    with closing(sqlite3.connect(whole)) as source, closing(sqlite3.connect(place)) as db, db:
        rows = source.execute("SELECT dir, version, filename, sql, hash FROM migrations ORDER BY rowid").fetchall()
        assert len(rows) == 18
        db.execute(*source.execute("SELECT sql FROM sqlite_master WHERE name = 'migrations'").fetchone())
        for row in rows[:done]:
            db.executescript(row[3])
            db.execute("INSERT INTO migrations VALUES (?,?,?,?,?)", row)


@pytest.fixture(scope="module")
def vectors(make: Make) -> VectorIndex:
    """Vectors for tests that only read."""
    return made(make, "shared")


def test_every_language_is_searched_and_the_nearest_comes_first(vectors: VectorIndex) -> None:
    found = vectors.search(EAST, LANGUAGES, limit=4)
    assert [key for key, _ in found] == [1, 2, 3, 4]
    assert [similarity for _, similarity in found] == pytest.approx([1.0, 0.6, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize(
    ("languages", "expected"),
    [(("en",), [1, 4]), (("zh-Hans",), [2]), (("zh-Hant",), [3]), (("zh-Hans", "zh-Hant"), [2, 3])],
    ids=["en", "zh-Hans", "zh-Hant", "both-scripts"],
)
def test_only_these_languages_are_searched(vectors: VectorIndex, languages: Any, expected: list[int]) -> None:
    assert [key for key, _ in vectors.search(EAST, languages, limit=9)] == expected


def test_limit_is_kept_over_all_languages(vectors: VectorIndex) -> None:
    assert [key for key, _ in vectors.search(EAST, LANGUAGES, limit=2)] == [1, 2]


def test_an_empty_index_finds_nothing(make: Make) -> None:
    empty = make("empty")
    assert (empty.keys(), empty.spoilt()) == (set(), 0)
    assert empty.search(EAST, LANGUAGES, limit=5) == []


def test_a_key_is_dropped_under_its_language_only(make: Make) -> None:
    vectors = made(make, "dropped")
    vectors.write([], [(1, "zh-Hans"), (2, "zh-Hans")])
    assert vectors.keys() == {1, 3, 4}


def test_vectors_of_another_length_are_refused_with_the_fix(make: Make) -> None:
    vectors = made(make, "longer")
    with pytest.raises(LibraryDamaged) as raised:
        vectors.write([row(9, "en", 1, 0)], [])
    assert raised.value.hint == "Run `regbrief doctor --rebuild`."


def test_vectors_are_returned_by_key_and_forgotten_when_cleared(make: Make) -> None:
    vectors = made(make, "cleared")
    rows = vectors.rows([(3, "zh-Hant"), (1, "en"), (9, "en")])
    assert {key: list(row) for key, row in rows.items()} == {1: [1, 0, 0], 3: [0, 1, 0]}
    assert vectors.spoilt() == 0
    vectors.clear()
    assert (vectors.keys(), vectors.search(EAST, LANGUAGES, limit=5)) == (set(), [])


def test_a_vector_that_has_not_length_one_is_spoilt(make: Make) -> None:
    vectors = made(make, "spoilt")
    vectors.write([Row(5, "zh-Hans", np.array([0, 3, 0], dtype=np.float32))], [])
    assert vectors.spoilt() == 1


def test_another_reader_sees_what_is_written_and_leaves_the_files_alone(tmp_path: Path) -> None:
    writer, reader = Vectors(tmp_path / "index"), Vectors(tmp_path / "index")
    assert reader.keys() == set()
    for key in range(10, 13):
        writer.write([row(key, "zh-Hant", 1, key, 0)], [])
    files = {path: path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file()}
    reader.refresh()
    assert reader.keys() == {10, 11, 12}
    assert {path: path.read_bytes() for path in files} == files
    writer.write([], [(11, "zh-Hant")])
    assert writer.keys() == {10, 12}


def test_who_reads_while_the_first_change_is_written_reads_on(tmp_path: Path) -> None:
    before = Vectors(tmp_path / "index")
    before.write(ROWS, [])
    before.close()
    vectors = Vectors(tmp_path / "index")
    with vectors._reading() as collections:
        writing = threading.Thread(target=vectors.write, args=([row(5, "en", 1, 1, 0)], []))
        writing.start()
        writing.join()
        assert collections["en"].count() == 2
    assert vectors.keys() == {1, 2, 3, 4, 5}
    vectors.close()


def test_a_folder_made_anew_is_seen_though_its_file_has_the_same_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fstat = os.fstat
    same = SimpleNamespace(fstat=lambda file: SimpleNamespace(st_ino=1, st_mtime_ns=fstat(file).st_mtime_ns))
    monkeypatch.setattr("bot.vectors.os", SimpleNamespace(environ=os.environ, **vars(same)))
    writer, reader = Vectors(tmp_path / "vectors"), Vectors(tmp_path / "vectors")
    for key in (1, 2):
        writer.clear()
        writer.write([row(key, "en", 1, 0, 0)], [])
        reader.refresh()
        assert [found for found, _ in reader.search(EAST, ("en",), limit=1)] == [key]
        reader._rested = 0.0
    writer.close()
    reader.close()
