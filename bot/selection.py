"""Which of the weighed sentences are quoted: those near the best, no two saying the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from bot.values import quantities
from bot.weighing import QUOTED, Scored

SAME = 0.86
SAME_ACROSS = 0.80
"""Cosine over which two sentences repeat each other (means removed)."""

SAME_FIGURES = 0.5
"""The same, where two reports of one story give the same figures, in any two languages."""


def near_best(scored: Sequence[Scored], *, follow: float, latest: bool = False) -> list[Scored]:
    """Return the sentences, best first, whose weight is at least the share `follow` of the best one's.

    Where the `latest` is asked for, a sentence loses half its weight with each year that it is behind the newest.
    """
    weights = _recency(scored) if latest else [1.0] * len(scored)
    weighed = [(weight * each.probability, each) for weight, each in zip(weights, scored, strict=True)]
    floor = follow * max((weight for weight, _ in weighed), default=0.0)
    return [each for weight, each in sorted(weighed, key=lambda pair: -pair[0]) if weight >= floor]


def without_repeats(ranked: Sequence[Scored], *, limit: int = QUOTED, stories: Mapping[str, str]) -> list[Scored]:
    """Return the first `limit` sentences, which must be encoded, that do not say what one before them has said.

    `stories` gives the story of an article: two reports of one say the same sooner than two others do.
    """
    quoted: list[Scored] = []
    for each in ranked:
        if len(quoted) < limit and not any(_repeats(each, other, stories) for other in quoted):
            quoted.append(each)
    return quoted


def _recency(scored: Sequence[Scored]) -> list[float]:
    """Return ½ to the power of the years by which each article is behind the newest; undated ones weigh least."""
    dates = [each.article.published for each in scored]
    newest = max((each for each in dates if each), default=date.min)
    weights = [0.5 ** ((newest - each).days / 365) if each else 0.0 for each in dates]
    least = min((weight for weight in weights if weight), default=1.0)
    return [weight or least for weight in weights]


def _repeats(one: Scored, other: Scored, stories: Mapping[str, str]) -> bool:
    """Whether a sentence says what another has said, in the same or in a different language."""
    same_language = one.article.language[:2] == other.article.language[:2]
    assert one.vector is not None
    assert other.vector is not None
    likeness = float(one.vector @ other.vector)
    if likeness > (SAME if same_language else SAME_ACROSS):
        return True
    story = stories.get(one.article.id)
    apart = story is None or story != stories.get(other.article.id) or one.article.id == other.article.id
    return not apart and likeness > SAME_FIGURES and _adds_no_figure(one, other)


def _adds_no_figure(one: Scored, other: Scored) -> bool:
    """Whether two sentences share figures and the first has no other one, save of the day on which it came out."""
    own, told = quantities(one.sentence.text), quantities(other.sentence.text)
    day = one.article.published
    today = {Decimal(number) for number in (day.year, day.month, day.day)} if day else set()
    return bool(own & told) and own <= told | today
