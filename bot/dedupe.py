"""Near copies, and stories: which articles are one text, and which tell one event, in whatever script or language.

An exact copy is found by its digest in the catalog. A near copy (syndicated, edited a little, cut, in the other
script) has about the same shingles of folded text; MinHash estimates their Jaccard similarity from 256 bytes. Reports
of one event are similar in content, name the same things and come out within days of each other.
`benchmarks/stories.py` measures both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.language import fold
from bot.records import Language

VERSION = 1
"""Raised when the same text would get another signature, or the same reports another story: all are then told again."""

SHINGLE = 4
"""Letters or digits in a row. At 3 an unrelated pair of the corpus comes to 0.37, at 4 to 0.23, at 5 to 0.17."""

PERMUTATIONS = 128
"""Numbers in a signature: the estimate's standard error is at most 0.045 (Broder, SEQUENCES 1997)."""

ROWS = 4
"""Numbers in a band. Two texts of similarity 0.6 share one of 32 bands 99 times in 100, of 0.2 five times in 100."""

NEAR_COPY = 0.6
"""From this similarity on, two texts are one: see benchmarks/stories.py for what is above and below."""

LITTLE = 150
"""Different shingles, one of Han counting as three, below which only the very same words are a copy: in Reuters-21578
the forms that announce a dividend of so many cents all look alike, and none has more."""

CONTAINED = 0.8
"""From this share of shingles on, a text tells again what stands in another (containment, Broder 1997)."""

Vector = NDArray[np.float32]


def signature(body: str) -> bytes:
    """Return the MinHash of a text's folded shingles, PERMUTATIONS numbers of 16 bits; empty if it has no letters.

    The lowest 16 bits do: they agree by chance once in 65,536 (b-bit minwise hashing, Li and König, WWW 2010).
    """
    letters = _letters(body)
    if not letters:
        return b""
    shingles = _shingles(letters)
    if sum(len(each.encode()) for each in shingles) < LITTLE * SHINGLE:
        shingles = {letters}
    sketch = _minhash()
    sketch.update(sorted(shingles))
    return np.asarray(sketch.digest(), dtype=np.uint32).astype("<u2").tobytes()


def similarity(a: bytes, b: bytes) -> float:
    """Estimate from their signatures the Jaccard similarity of two texts, in 0..1; texts without letters have none."""
    if not a or not b:
        return 0.0
    return int(np.count_nonzero(np.frombuffer(a, "<u2") == np.frombuffer(b, "<u2"))) / (len(a) // 2)


def bands(sketch: bytes) -> list[bytes]:
    """Cut a signature into keys of which near copies share at least one: locality-sensitive hashing."""
    width = ROWS * 2
    return [bytes([at // width]) + sketch[at : at + width] for at in range(0, len(sketch), width)]


def retold(part: str, whole: str) -> bool:
    """Whether a text says hardly anything that another does not: its shingles stand there, and all its figures."""
    letters, others = _letters(part), _letters(whole)
    shingles = _shingles(letters)
    shared = len(shingles & _shingles(others)) / max(1, len(shingles))
    return shared >= CONTAINED and set(_FIGURE.findall(fold(part))) <= set(_FIGURE.findall(fold(whole)))


_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


_NO_LETTERS = re.compile(r"[\W_]+")


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", fold(text))


def _shingles(letters: str) -> set[str]:
    return {letters[at : at + SHINGLE] for at in range(max(1, len(letters) - SHINGLE + 1))}


def _minhash() -> Any:
    from rensa import RMinHash

    return RMinHash(num_perm=PERMUTATIONS, seed=1)


# --- stories --------------------------------------------------------------------------------------------------------

WINDOW = 7
"""Reports of one event come out within so many days; of the 45 pairs of the corpus all but one within two."""

CROSS_LANGUAGE = 0.2
"""What is added to the cosine of an English and a Chinese article: it is so much lower for the same content."""

SHARED_ENTITIES = 0.4
"""What is added if all entities are shared."""

FEW_ENTITIES = 5
"""Added to the number of all entities, so that one shared name does not count as all of them."""

DAY = 0.05
"""What is taken away for each day between the two."""

SAME_STORY = 0.72
"""From this kinship on, two articles or groups of articles tell one event."""

FLOOR = 0.3
"""Articles whose cosine is lower are not looked at: no pair of one story had less than 0.36."""

REGROUPED = 100
"""So many articles are grouped at once when one is added: what takes about 0.1 s."""


@dataclass(frozen=True, slots=True, eq=False)
class StoryItem:
    """What is compared of an article: its `centre`, the glossary ids that it surely mentions, its `signature`."""

    id: str
    published: date | None
    language: Language
    vector: Vector
    entities: frozenset[str]
    signature: bytes


def centre(passages: Vector) -> Vector:
    """Return the direction of the mean of an article's passage vectors, shape (passages, dimension)."""
    return direction(passages.sum(axis=0))


def direction(total: Vector) -> Vector:
    """Return a vector, such as the sum of an article's passage vectors, at length one; of zeros, zeros."""
    return np.asarray(total / max(float(np.sqrt(total @ total)), 1e-9), dtype=np.float32)


def near_copies(a: StoryItem, b: StoryItem) -> bool:
    """Whether two articles are about the same text."""
    return similarity(a.signature, b.signature) >= NEAR_COPY


def kinship(a: StoryItem, b: StoryItem) -> float:
    """Weigh what speaks for two articles telling one event: 1 for near copies, else content, names and dates.

    A linear model fitted on the dev threads of the corpus and, for content without names or dates, on NTREX. Articles
    without a date, or further apart than WINDOW, have none.
    """
    if near_copies(a, b):
        return 1.0
    if a.published is None or b.published is None or (days := abs((a.published - b.published).days)) > WINDOW:
        return 0.0
    cosine = float(a.vector @ b.vector)
    crossing = CROSS_LANGUAGE if a.language[:2] != b.language[:2] else 0.0
    shared = len(a.entities & b.entities) / (len(a.entities | b.entities) + FEW_ENTITIES)
    return min(1.0, round(cosine + crossing + SHARED_ENTITIES * shared - DAY * days, 6))  # ties stay ties


def least_cosine(item: StoryItem) -> float:
    """Return a cosine below which no article tells the same event, whatever its names, language and date."""
    shared = len(item.entities) / (len(item.entities) + FEW_ENTITIES)
    return max(FLOOR, SAME_STORY - CROSS_LANGUAGE - SHARED_ENTITIES * shared - 1e-5)


def stories(items: Sequence[StoryItem]) -> list[frozenset[str]]:
    """Group articles by event: every article is in one group, in the order of their first ids.

    Average linkage (Sokal and Michener, 1958) over the pairs that are near in time or near copies, so that a chain of
    likenesses does not join two events. The order of the items does not matter.
    """
    known = sorted(items, key=lambda item: item.id)
    linked = [(a, b) for a, b in _pairs(known) if kinship(known[a], known[b]) >= SAME_STORY]
    groups = (group for part in _components(len(known), linked) for group in _link([known[at] for at in part]))
    return [frozenset(item.id for item in group) for group in sorted(groups, key=lambda group: group[0].id)]


def texts(items: Sequence[StoryItem]) -> list[frozenset[str]]:
    """Group articles by text: near copies, and near copies of these, in the order of their first ids."""
    known = sorted(items, key=lambda item: item.id)
    linked = [(a, b) for a, b in set(_sharing_a_band(known)) if near_copies(known[a], known[b])]
    return [frozenset(known[at].id for at in part) for part in _components(len(known), linked)]


def regroup(new: StoryItem, existing: Mapping[str, Sequence[StoryItem]]) -> dict[str, frozenset[str]]:
    """Group anew the stories that a new article may belong to, and it: by story, the articles that are in it now.

    `existing` holds the members of the stories worth a look: those with an article near in time and content. Where
    they are too many to be grouped at once, the new article joins one of them, or none, and nothing else changes.
    """
    touched = {
        story: members
        for story, members in existing.items()
        if any(kinship(new, each) >= SAME_STORY for each in members)
    }
    if not touched:
        return {new.id: frozenset([new.id])}
    if sum(map(len, touched.values())) >= REGROUPED:
        return {assign(new, touched): frozenset([new.id])}
    groups = stories([new, *(each for members in touched.values() for each in members)])
    return {min(group): group for group in groups}


def assign(new: StoryItem, existing: Mapping[str, Sequence[StoryItem]]) -> str:
    """Return the id of the existing story that a new article tells, or its own id: it is then the first of a story."""
    scores = {story: float(np.mean([kinship(new, each) for each in members])) for story, members in existing.items()}
    copied = {story for story, members in existing.items() if any(near_copies(new, each) for each in members)}
    fitting = [story for story, score in scores.items() if story in copied or score >= SAME_STORY]
    return min(fitting, key=lambda story: (story not in copied, -scores[story], story), default=new.id)


def _pairs(items: Sequence[StoryItem]) -> Iterator[tuple[int, int]]:
    """Yield, each once and the lower index first, the pairs that may be of one story."""
    found = set(_sharing_a_band(items))
    dated = sorted((item.published, at) for at, item in enumerate(items) if item.published is not None)
    vectors = np.stack([items[at].vector for _, at in dated]) if dated else np.zeros((0, 1), np.float32)
    start = 0
    for row, (day, at) in enumerate(dated):
        while (day - dated[start][0]).days > WINDOW:
            start += 1
        for near in np.flatnonzero(vectors[start:row] @ vectors[row] >= FLOOR):
            other = dated[start + int(near)][1]
            found.add((min(at, other), max(at, other)))
    yield from sorted(found)


def _sharing_a_band(items: Sequence[StoryItem]) -> Iterator[tuple[int, int]]:
    shelves: defaultdict[bytes, list[int]] = defaultdict(list)
    for at, item in enumerate(items):
        for band in bands(item.signature):
            shelves[band].append(at)
    for shelf in shelves.values():
        yield from pairwise(shelf)  # a chain is enough: what hangs together is looked at as a whole


def _components(count: int, linked: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the connected parts of a graph, each sorted, in the order of their first nodes."""
    leader = list(range(count))

    def lead(node: int) -> int:
        while leader[node] != node:
            leader[node] = node = leader[leader[node]]
        return node

    for a, b in linked:
        first, second = sorted((lead(a), lead(b)))
        leader[second] = first
    parts: defaultdict[int, list[int]] = defaultdict(list)
    for node in range(count):
        parts[lead(node)].append(node)
    return list(parts.values())


def _link(part: Sequence[StoryItem]) -> list[list[StoryItem]]:
    """Join the two groups of the highest mean kinship until none reaches SAME_STORY; of equals, the first two."""
    size = len(part)
    scores = np.full((size, size), -1.0)
    for b in range(size):
        for a in range(b):
            scores[a, b] = scores[b, a] = kinship(part[a], part[b])
    groups = {at: [item] for at, item in enumerate(part)}
    while len(groups) > 1:
        a, b = divmod(int(np.argmax(scores)), size)
        if scores[a, b] < SAME_STORY:
            break
        weights = len(groups[a]), len(groups[b])
        scores[a] = scores[:, a] = (weights[0] * scores[a] + weights[1] * scores[b]) / sum(weights)
        scores[b] = scores[:, b] = scores[a, a] = -1.0
        groups[a] = sorted(groups[a] + groups.pop(b), key=lambda item: item.id)
    return list(groups.values())
