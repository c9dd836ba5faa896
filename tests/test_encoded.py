"""What has been encoded once is not encoded again, and is the same when it is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot import encoded
from bot.encoded import Encoded
from bot.keywords import Analyzer
from bot.library import Library
from bot.outcomes import Ingested
from bot.records import Article, Filters


class Counting:
    """Encodes as another encoder does, and remembers what it was asked for."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self.fingerprint = "counting"
        self.dimension = encoder.dimension
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], *, kind: str, languages: Any) -> Any:
        self.asked += texts
        return self._encoder.encode(texts, kind=kind, languages=languages)


@pytest.fixture
def counting(encoder: Any) -> Counting:
    return Counting(encoder)


@pytest.fixture
def full(tmp_path: Path, counting: Counting, articles: tuple[Article, ...]) -> Library:
    """A library of the three articles, after which nothing has been asked for."""
    library = Library(tmp_path / "indexes", counting, Analyzer())
    library.add(articles)
    assert len(counting.asked) == 3
    counting.asked.clear()
    return library


def vectors(library: Library) -> Any:
    """Return the vectors of all passages, in the order of their texts."""
    stored = library.catalog.stored(key for key, _ in library.catalog.keys(Filters()))
    texts = sorted((each.passage.text, key, each.article.language) for key, each in stored.items())
    return np.stack([library.search_index.rows([(key, language)])[key] for _, key, language in texts])


def test_rebuilding_encodes_nothing_and_makes_the_same_vectors(full: Library, counting: Counting) -> None:
    before = vectors(full)
    full.close()
    rebuilt = Library.rebuild(full.folder, counting, Analyzer())
    assert counting.asked == []
    assert np.array_equal(vectors(rebuilt), before)
    assert rebuilt.problems() == []


@pytest.mark.parametrize("index", [0, 1, 2], ids=["en", "zh-Hans", "zh-Hant"])
def test_what_is_removed_and_added_again_is_not_encoded_again(
    full: Library, counting: Counting, articles: tuple[Article, ...], index: int
) -> None:
    full.remove([articles[index].id])
    assert full.add([replace(articles[index], id="other", source="Other")]) == Ingested(added=1)
    assert counting.asked == []


def test_a_change_of_date_or_outlet_encodes_nothing(
    full: Library, counting: Counting, articles: tuple[Article, ...]
) -> None:
    assert full.add([replace(article, published=None, source="X") for article in articles]) == Ingested(updated=3)
    assert counting.asked == []


def test_a_change_of_text_encodes_the_passages_that_changed(full: Library, counting: Counting) -> None:
    paragraphs = [" ".join(f"Word{part} {n} of {n} in {part}." for n in range(30)) for part in "abcd"]
    long = Article("long", "Long", "\n\n".join(paragraphs), "en")
    full.add([long])
    passages = len(counting.asked)
    counting.asked.clear()
    full.add([replace(long, body=long.body + "\n\nIt ends here.")])
    assert (passages > 3, len(counting.asked)) == (True, 1)


def test_a_change_of_title_encodes_the_article(
    full: Library, counting: Counting, articles: tuple[Article, ...]
) -> None:
    full.add([replace(articles[0], title="Another title")])
    assert [text.partition("\n")[0] for text in counting.asked] == ["another title"]


def test_another_encoder_shares_nothing(full: Library, counting: Counting) -> None:
    full.close()
    counting.fingerprint = "another"
    Library.rebuild(full.folder, counting, Analyzer())
    assert len(counting.asked) == 3


def test_a_text_that_occurs_twice_is_encoded_once(tmp_path: Path, counting: Counting) -> None:
    made = Encoded(tmp_path / "encoded.sqlite", counting)
    rows = made.encode([1, 2, 3], ["one", "two", "one"], ["en", "en", "en"])
    assert (counting.asked, np.array_equal(rows[0], rows[2])) == (["one", "two"], True)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1], abs=1e-6)


def test_only_so_many_vectors_of_what_is_no_more_are_kept(
    tmp_path: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoded, "KEPT", 2)
    made = Encoded(tmp_path / "encoded.sqlite", counting)
    made.encode([1, 2, 3, 4], ["a", "b", "c", "d"], ["en"] * 4)
    for key in (1, 2, 3):
        made.drop([key])
    made.trim()
    counting.asked.clear()
    made.encode([5, 6, 7, 8], ["a", "b", "c", "d"], ["en"] * 4)
    assert counting.asked == ["a"]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 4000])
def test_a_damaged_file_is_thrown_away(full: Library, counting: Counting, content: bytes) -> None:
    full.close()
    for path in full.folder.glob("encoded.sqlite*"):
        path.write_bytes(content)
    library = Library.rebuild(full.folder, counting, Analyzer())
    assert (library.problems(), len(counting.asked)) == ([], 3)
