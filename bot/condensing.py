"""A story condensed to a few lines: the seam where a language model may stand in, and the choice of sentences.

`Extracts` takes sentences as they stand in their articles. `bot.retelling` has a model write lines of its own; what it
says passes the same gate.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.centrality import centrality, most_telling
from bot.language import plain
from bot.measures import DATES, measures
from bot.passages import tokens
from bot.quotable import Quotable
from bot.records import AnswerLanguage, Article, Status

FULL = 24.0
"""Tokens of a sentence that is likely to tell something."""

A_FIGURE = 0.5
"""What each of two figures in a sentence adds to the preference for it: these are asked for most."""

BESIDE = 0.7
"""What counts a sentence of another report than the one whose headline a story bears."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said, and the sentences that carry it."""

    text: str
    carried_by: tuple[Quotable, ...]
    status: Status = "verified"


class Condenser(Protocol):
    """Tells a story in a few lines: the seam where a language model may stand in for the choice of sentences."""

    name: str
    """As a briefing names who wrote it."""

    def condense(
        self, told: Sequence[Quotable], *, limit: int, language: AnswerLanguage, said: Sequence[Quotable]
    ) -> Generator[Line | None, None, None]:
        """Yield at most `limit` lines out of what is `told`, in reading order, and None while it is at work.

        None repeats another or what was `said`. The first sentences `told` are those of the article whose headline the
        story bears. Raises ModelError.
        """


class Extracts:
    """Tells a story in its most central sentences."""

    name = "extractive"

    def condense(
        self, told: Sequence[Quotable], *, limit: int, language: AnswerLanguage, said: Sequence[Quotable]
    ) -> Generator[Line | None, None, None]:
        """Choose the lead, then what is central and new, and put it in the order of the reports."""
        chosen = choose(told, limit=limit, language=language, said=said)
        yield from (Line(each.sentence.text, (each,)) for each in told if each in chosen)


def choose(
    told: Sequence[Quotable], *, limit: int, language: AnswerLanguage, said: Sequence[Quotable] = ()
) -> list[Quotable]:
    """Return the most telling sentences, best first, none of which repeats another or what was `said`."""
    if not told:
        return []
    vectors = _stacked(told)
    before = _stacked(said) if said else None
    chosen: list[Quotable] = []
    for at in most_telling(ranks(told, language), vectors, limit=len(told), said=before):
        if len(chosen) < limit and not any(told[at].repeats(other) for other in [*said, *chosen]):
            chosen.append(told[at])
    return chosen


def ranks(told: Sequence[Quotable], language: AnswerLanguage) -> list[float]:
    """Rank the sentences of a story by how central they are, the lead above all."""
    first = told[0].article.id
    beside = [1.0 if each.article.id == first else BESIDE for each in told]
    wanted = [share * _preference(each, language) for share, each in zip(beside, told, strict=True)]
    found = centrality(_stacked(told), wanted)
    if told[0].place == 0:
        found[0] = 2.0  # nothing says the news as the lead does
    return [float(each) for each in found]


def _stacked(told: Sequence[Quotable]) -> NDArray[np.float32]:
    return np.stack([each.vector for each in told])


def _preference(each: Quotable, language: AnswerLanguage) -> float:
    """Prefer what stands high in its report, is near the topic, full, exact, clear, and in the reader's language."""
    high = 1 / math.sqrt(1 + each.place)
    near = 0.3 + max(0.0, each.nearness)
    full = min(1.0, tokens(each.sentence.text) / FULL)
    exact = 1 + A_FIGURE * min(2, len([one for one in measures(each.sentence.text) if one.unit not in DATES]))
    return exact * high * near * full * (0.6 if each.vague else 1.0) * readable(each.article, language)


def readable(article: Article, language: AnswerLanguage) -> float:
    """Return how well a reader of a language reads an article, 1 at best."""
    if article.language == plain(language):
        return 1.0
    return 0.8 if article.language[:2] == language[:2] else 0.35
