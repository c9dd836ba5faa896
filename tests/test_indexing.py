"""The next passages are encoded while the last are written, and nothing is lost or doubled by that."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from samples import WordEncoder

from bot import indexing
from bot import library as libraries
from bot.errors import Stopped
from bot.keywords import Analyzer
from bot.library import Library
from bot.outcomes import Ingested, Stage
from bot.records import Article, Filters, Language

PATIENCE = 20.0


class Watched(WordEncoder):
    """Says when it begins its second batch, and fails on what names a fault."""

    def __init__(self) -> None:
        self.calls = 0
        self.again = threading.Event()

    def encode(self, texts: Sequence[str], *, kind: str, languages: Sequence[Language]) -> NDArray[np.float32]:
        self.calls += 1
        if self.calls == 2:
            self.again.set()
        if any("fault" in text.lower() for text in texts):
            raise ValueError("It cannot be encoded.")
        return super().encode(texts, kind=kind, languages=languages)


@pytest.fixture(autouse=True)
def _in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "PASSAGES_AT_ONCE", 4)
    monkeypatch.setattr(libraries, "ARTICLES_AT_ONCE", 6)


@pytest.fixture
def encoder() -> Watched:
    return Watched()


@pytest.fixture
def library(tmp_path: Path, encoder: Watched) -> Library:
    return Library(tmp_path / "indexes", encoder, Analyzer())


def some(count: int, *, first: int = 0, word: str = "fined") -> list[Article]:
    return [Article(f"a{n}", f"Company {n}", f"Company {n} was {word}.", "en") for n in range(first, first + count)]


def bodies(library: Library) -> dict[str, str]:
    """Return what every part holds, once it is seen that they agree."""
    assert library.problems() == []
    keys = {key for key, _ in library.catalog.keys(Filters())}
    return {each.article.id: each.article.body for each in library.catalog.stored(keys).values()}


def test_the_next_passages_are_encoded_while_the_last_are_written(
    library: Library, encoder: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, beside = library.search_index.write, []

    def waiting(*given: object) -> None:
        beside.append(encoder.again.wait(PATIENCE))
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(library.search_index, "write", waiting)
    assert library.add(some(9)) == Ingested(added=9)
    assert beside
    assert all(beside)
    assert len(bodies(library)) == 9


def test_what_is_replaced_while_it_is_encoded_is_nowhere(library: Library) -> None:
    old, new = some(6), some(6, word="acquitted")
    assert library.add([*old, *new, *some(2, first=9)]) == Ingested(added=8, updated=6)
    assert bodies(library) == {each.id: each.body for each in [*new, *some(2, first=9)]}


def test_what_has_failed_leaves_nothing_ahead(library: Library) -> None:
    faulty = replace(some(1, first=99)[0], body="FAULT")
    with pytest.raises(ValueError, match="It cannot be encoded"):
        library.add([*some(9), faulty])
    library.remove(["a99"])
    assert library.add(some(3, first=20)) == Ingested(added=3)
    assert bodies(library) == {each.id: each.body for each in [*some(9), *some(3, first=20)]}


def test_articles_that_cannot_be_read_leave_nothing_ahead(library: Library) -> None:
    def broken() -> object:
        yield from some(8)
        raise OSError("The disk is gone.")

    with pytest.raises(OSError, match="The disk is gone"):
        library.add(broken())  # type: ignore[arg-type]
    library.settle()
    assert bodies(library) == {each.id: each.body for each in some(6)}


def test_one_who_stops_keeps_what_is_in_the_catalog(library: Library) -> None:
    def stop(stage: Stage) -> None:
        raise Stopped

    assert library.add(some(20), progress=stop).added in (6, 12)
    assert bodies(library).keys() == {each.id for each in library.catalog.articles(Filters())}
    assert not library.unsettled()
