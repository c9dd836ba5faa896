"""The sentences of reports that may be quoted as a line, and when one of them only says again what another said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Encoder
from bot.language import fold
from bot.lines import stands_alone, vague
from bot.orders import speaks_to_a_model
from bot.passages import sentences
from bot.records import Article, Citation, Language, Sentence
from bot.values import figures, quantities

READ = 80
"""Sentences of an article that are read: what a long one says later is seldom its news."""

VERY_SAME, SAME, SAME_FIGURES = 0.92, 0.82, 0.5
"""Cosine over which a sentence says what another has said: in any case, if it adds no number, and if besides they share
a figure (means removed)."""
ACROSS = 0.1
"""By so much is the cosine of sentences in two languages lower."""


@dataclass(frozen=True, eq=False)
class Quotable:
    """A sentence that can stand as a line of its own; `place` counts the sentences of its article from 0."""

    article: Article
    sentence: Sentence
    place: int
    vector: NDArray[np.float32]
    nearness: float
    """Cosine of the topic; 0 where there is none."""

    @cached_property
    def vague(self) -> bool:
        """Whether its subject is `the company` or the like."""
        return vague(self.sentence.text)

    @cached_property
    def numbers(self) -> set[Decimal]:
        """Return its numbers, the parts of its dates among them."""
        return quantities(self.sentence.text)

    @cached_property
    def figures(self) -> set[Decimal]:
        """Return its numbers without those of dates."""
        return {each.value for each in figures(self.sentence.text)}

    def citation(self) -> Citation:
        """Quote it; the number is given by who cites."""
        return Citation.of(self.article, self.sentence, number=0, score=max(0.0, min(1.0, self.nearness)))

    def repeats(self, other: Quotable) -> bool:
        """Whether it says no more than another, in the same language or in another."""
        across = self.article.language[:2] != other.article.language[:2]
        likeness = float(self.vector @ other.vector) + ACROSS * across
        if likeness > VERY_SAME or likeness <= SAME_FIGURES:
            return likeness > VERY_SAME
        day = self.article.published
        today = {Decimal(number) for number in (day.year, day.month, day.day)} if day else set()
        adds_nothing = self.numbers <= other.numbers | today
        return adds_nothing and (likeness > SAME or bool(self.figures & other.figures))


def quotables(
    articles: Iterable[Article], encoder: Encoder, topic: NDArray[np.float32] | None = None
) -> list[Quotable]:
    """Return the sentences of articles that can stand alone, in order; `topic` is the vector that they are near to."""
    found: list[tuple[Article, int, Sentence]] = [
        (article, place, sentence)
        for article in articles
        for place, sentence in enumerate(whole_sentences(article.body)[:READ])
        if stands_alone(sentence.text, first=not place) and not speaks_to_a_model(sentence.text)
    ]
    vectors = _encoded([(each.text, article.language) for article, _, each in found], encoder)
    return [
        Quotable(article, sentence, place, vector, 0.0 if topic is None else float(vector @ topic))
        for (article, place, sentence), vector in zip(found, vectors, strict=True)
    ]


def whole_sentences(body: str) -> list[Sentence]:
    """Return the sentences of a body up to their full stop: what a semicolon parts is no line by itself."""
    whole: list[Sentence] = []
    for each in sentences(body):
        last = whole[-1] if whole else None
        if last and last.text.endswith(("；", ";")) and not body[last.end : each.start].strip(" "):
            whole[-1] = Sentence(last.start, each.end, body[last.start : each.end])
        else:
            whole.append(each)
    return whole


def _encoded(texts: Sequence[tuple[str, Language]], encoder: Encoder) -> NDArray[np.float32]:
    if not texts:
        return np.zeros((0, 1), dtype=np.float32)
    folded = [fold(text) for text, _ in texts]
    return encoder.encode(folded, kind="passage", languages=[language for _, language in texts])
