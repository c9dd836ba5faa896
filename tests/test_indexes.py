"""What every search engine promises, whatever is inside."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bot.catalog import Catalog
from bot.embedded import Embedded
from bot.errors import LibraryDamaged
from bot.index import Indexed, SearchIndex
from bot.keywords import Entry
from bot.milvus import BATCH, Milvus
from bot.records import Article, Filters, Language, Passage

AXES = np.eye(4, dtype=np.float32)
ARTICLES = (
    Article("fine", "Alibaba fined", "A fine.", "en", date(2021, 4, 10), "Example Post"),
    Article("hans", "平台", "罚款已缴。", "zh-Hans", date(2021, 9, 13), '示例"日报\\'),
    Article("hant", "平臺", "罰款已繳。", "zh-Hant", date(2021, 9, 14), "範例報"),
    Article("undated", "A note", "Nothing.", "en"),
)
TERMS: Sequence[tuple[Sequence[str], Sequence[str]]] = (
    (("alibaba", "fine"), ("fine", "fine", "18.2")),
    (("平台",), ("罚款", "已缴")),
    (("平台",), ("罚款", "已缴", "18.2")),
    (("note",), ("noth",)),
)
KEYS: Sequence[tuple[int, Language]] = ((1, "en"), (2, "zh-Hans"), (3, "zh-Hant"), (4, "en"))
Opened = Callable[[Path], SearchIndex]


def passages() -> list[Indexed]:
    """The passages of ARTICLES, one each, with keys from 1 and an axis of their own."""
    return [
        Indexed(Entry(key, each.id, each.language, each.source, each.published, *TERMS[key - 1]), AXES[key - 1])
        for key, each in enumerate(ARTICLES, 1)
    ]


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """What opens an engine on a folder, or on a server on which the folder's name tells it from others."""
    made: list[SearchIndex] = []
    catalog = Catalog(tmp_path / "catalog.sqlite")
    catalog.put((each, [Passage(each.id, 0, 0, len(each.body), each.body)]) for each in ARTICLES)
    catalog.mark_indexed([key for key, _ in KEYS])

    def opened(folder: Path) -> SearchIndex:
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
        if request.param == "milvus":
            made.append(Milvus(request.getfixturevalue("milvus_address"), lambda: name, dimension=lambda: 4))
        else:
            folder.mkdir(exist_ok=True)
            url = request.getfixturevalue("chroma_url") if request.param == "chroma" else ""
            made.append(Embedded(folder, catalog, chroma_url=url))
        return made[-1]

    yield opened
    for each in made:
        each.close()
    catalog.close()


every_engine = pytest.mark.parametrize(
    "opened",
    [
        pytest.param("embedded", id="embedded"),
        pytest.param("chroma", id="chroma", marks=pytest.mark.faults),
        pytest.param("milvus", id="milvus", marks=pytest.mark.cluster),
    ],
    indirect=True,
)


@pytest.fixture
def index(opened: Opened, tmp_path: Path) -> SearchIndex:
    """An engine that holds the passages."""
    index = opened(tmp_path / "index")
    index.write(passages(), [])
    return index


def near(index: SearchIndex, axis: int, filters: Filters = Filters()) -> int | None:  # noqa: B008
    """Return the passage that lies on an axis."""
    found = index.nearest(AXES[axis], filters, limit=4)
    return next((key for key, similarity in found if similarity > 0.9), None)


def worded(index: SearchIndex, *terms: str, filters: Filters = Filters()) -> list[int]:  # noqa: B008
    """Return the passages that have one of the terms, best first."""
    return [key for key, _ in index.matching(dict.fromkeys(terms, 1.0), filters, limit=4)]


@every_engine
def test_what_is_written_is_found_by_meaning_and_by_words(index: SearchIndex) -> None:
    assert index.keys() == {"keywords": {1, 2, 3, 4}, "dense": {1, 2, 3, 4}}
    assert [near(index, axis) for axis in range(4)] == [1, 2, 3, 4]
    assert index.nearest(AXES[2], Filters(), limit=1) == [(3, pytest.approx(1.0))]
    assert [worded(index, "fine"), worded(index, "罚款"), worded(index, "18.2"), worded(index, "other")] == [
        [1],
        [2, 3],
        [1, 3],
        [],
    ]
    assert (index.matching({}, Filters(), limit=4), index.ailing(), index.spoilt()) == ([], {}, 0)


@every_engine
def test_an_engine_without_passages_finds_nothing(opened: Opened, tmp_path: Path) -> None:
    empty = opened(tmp_path / "empty")
    empty.write([], [])
    empty.warm()
    empty.refresh()
    assert empty.keys() == {"keywords": set(), "dense": set()}
    assert (near(empty, 0), worded(empty, "fine"), empty.rows(KEYS), empty.spoilt()) == (None, [], {}, 0)


@every_engine
def test_writing_twice_changes_nothing_and_writing_anew_replaces(index: SearchIndex) -> None:
    index.write(passages(), [])
    index.write([Indexed(Entry(2, "hans", "zh-Hans", "", None, (), ("合并",)), AXES[0])], [])
    assert index.keys() == {"keywords": {1, 2, 3, 4}, "dense": {1, 2, 3, 4}}
    assert (worded(index, "罚款"), worded(index, "合并"), near(index, 1)) == ([3], [2], None)


@every_engine
def test_removed_passages_are_gone_and_unknown_ones_do_no_harm(index: SearchIndex) -> None:
    index.write([], [(2, "zh-Hans"), (999, "en")])
    assert index.keys() == {"keywords": {1, 3, 4}, "dense": {1, 3, 4}}
    assert (worded(index, "罚款"), near(index, 1)) == ([3], None)


@every_engine
def test_what_is_written_is_there_for_whoever_opens_it_next_until_it_is_cleared(
    opened: Opened, index: SearchIndex, tmp_path: Path
) -> None:
    with closing(opened(tmp_path / "index")) as other:
        assert (worded(other, "罚款"), near(other, 2)) == ([2, 3], 3)
    index.clear()
    assert index.keys() == {"keywords": set(), "dense": set()}


@every_engine
def test_more_passages_than_one_batch_holds_are_written(opened: Opened, tmp_path: Path) -> None:
    index = opened(tmp_path / "index")
    many = [Indexed(Entry(key, "a", "en", "", None, (), ("fine",)), AXES[0]) for key in range(1, BATCH + 3)]
    index.write(many, [])
    assert len(index.rows([(key, "en") for key in range(1, BATCH + 3)])) == BATCH + 2
    index.write([], [(key, "en") for key in range(2, BATCH + 3)])
    assert index.keys() == {"keywords": {1}, "dense": {1}}


@every_engine
@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        pytest.param(Filters(languages=("en",)), {1, 4}, id="en"),
        pytest.param(Filters(languages=("zh-Hans", "zh-Hant")), {2, 3}, id="zh"),
        pytest.param(Filters(since=date(2021, 4, 10), until=date(2021, 9, 13)), {1, 2}, id="window"),
        pytest.param(Filters(since=date(2021, 9, 14)), {3}, id="since"),
        pytest.param(Filters(until=date(2021, 4, 10)), {1}, id="until-leaves-out-what-has-no-date"),
        pytest.param(Filters(sources=('示例"日报\\', "範例報")), {2, 3}, id="sources"),
        pytest.param(Filters(article_ids=("hant", "nobody")), {3}, id="article-ids"),
        pytest.param(Filters(since=date(2021, 1, 1), languages=("en",), sources=("Example Post",)), {1}, id="all"),
        pytest.param(Filters(article_ids=("nobody",)), set(), id="none"),
    ],
)
def test_filters_hold_for_both_halves(index: SearchIndex, filters: Filters, passing: set[int]) -> None:
    assert {key for key, _ in index.nearest(AXES.sum(axis=0) / 2, filters, limit=4)} == passing
    assert set(worded(index, "fine", "罚款", "noth", filters=filters)) == passing


@every_engine
def test_terms_count_as_much_as_they_weigh_and_less_in_the_title(index: SearchIndex) -> None:
    scores = [index.matching({"note": weight}, Filters(), limit=1)[0][1] for weight in (1.0, 0.5)]
    assert scores[0] == pytest.approx(2 * scores[1], rel=1e-5)
    both = dict(index.matching({"noth": 1.0, "note": 0.5}, Filters(), limit=4))
    body = dict(index.matching({"noth": 1.0}, Filters(), limit=4))
    assert both == {4: pytest.approx(body[4] + scores[1], rel=1e-5)}
    frequent = math.log(1 + 3.5 / 1.5)  # a term of one title in four, of average length: tf / (tf + k) is 1
    assert scores[0] == pytest.approx(0.6 * frequent * 2.2 / (1 + 1.2 * (0.25 + 0.75 / 1.25)), rel=1e-5)


@every_engine
def test_rare_terms_say_more(index: SearchIndex) -> None:
    said = index.informativeness(["罚款", "fine", "unknown"])
    counts = {"罚款": 2, "fine": 1, "unknown": 0}
    assert said == pytest.approx({term: math.log(1 + (4.5 - n) / (n + 0.5)) for term, n in counts.items()})
    index.write([Indexed(Entry(5, "more", "zh-Hant", "", None, (), ("罚款",)), AXES[0])], [])
    assert index.informativeness(["罚款"]) == {"罚款": pytest.approx(math.log(1 + 2.5 / 3.5))}


@every_engine
def test_vectors_come_back_as_they_were_written(index: SearchIndex) -> None:
    rows = index.rows([(3, "zh-Hant"), (1, "en"), (9, "en")])
    assert {key: row.tolist() for key, row in rows.items()} == {1: AXES[0].tolist(), 3: AXES[2].tolist()}
    index.write([Indexed(Entry(2, "hans", "zh-Hans", "", None, (), ()), 3 * AXES[1])], [])
    assert index.spoilt() == 1


@every_engine
def test_vectors_of_another_length_are_refused_with_the_fix(index: SearchIndex) -> None:
    with pytest.raises(LibraryDamaged) as raised:
        index.write([Indexed(Entry(9, "a", "en", "", None, (), ("fine",)), AXES[0][:2])], [])
    assert raised.value.hint == "Run `regbrief doctor --rebuild`."
