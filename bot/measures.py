"""Figures and dates in a text with their units: 71.23亿元 and 7.123 billion yuan are one measure.

Each stands for the interval that its wording leaves open: 18.2 billion is anything that rounds to it, `about 18.2`
twice as wide, `at least 8 billion` hardly less. Two measures of one unit differ where the intervals do not meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.language import Folded, fold_with_offsets
from bot.values import Date, Figure, dates, figures, firm

BEYOND = 0.1
"""What `more than` and `nearly` allow to their side: 超过43亿 may be 43.16, `more than 70` is not 80."""

DATES = frozenset({"date", "day of a year"})


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure or date of a text, `text[start:end]`: its unit and the values that it allows, low to below high."""

    start: int
    end: int
    unit: str
    low: float
    high: float

    def differs(self, other: Measure) -> bool:
        """Whether both measure in one unit and cannot both be right."""
        return self.unit == other.unit and (self.low >= other.high or other.low >= self.high)

    def agrees(self, other: Measure) -> bool:
        """Whether both measure in one unit and may be the same."""
        return self.unit == other.unit and not self.differs(other)

    def ratio(self, other: Measure) -> float:
        """Return how many times the lesser the greater of two figures is; 1 for dates."""
        small, great = sorted((self.low + self.high, other.low + other.high))
        return 1.0 if self.unit in DATES else great / small if small else float("inf")


def measures(text: str) -> list[Measure]:
    """Return the figures with units and the dates of a text, from left to right."""
    folded = fold_with_offsets(text)
    found = [_span(each) for each in dates(text) if firm(each, folded.text)]
    found += [Measure(each.start, each.end, each.unit, *interval(each)) for each in figures(text) if each.unit]
    return sorted((_placed(each, folded) for each in found), key=lambda each: each.start)


def interval(figure: Figure) -> tuple[float, float]:
    """Return the values that a figure's wording leaves open, low to below high."""
    value, step = float(figure.value), figure.step
    low, high = value - step / 2, value + step / 2
    if figure.bound == "above":
        return low, max(high, value * (1 + BEYOND))
    if figure.bound == "below":
        return min(low, value * (1 - BEYOND)), high
    return (value - step, value + step) if figure.bound == "about" else (low, high)


def _placed(measure: Measure, folded: Folded) -> Measure:
    start, end = folded.original(measure.start, measure.end)
    return replace(measure, start=start, end=end)


def _span(date: Date) -> Measure:
    """Return a date as the span of days that it leaves open: a year, a month or a day, no year being 0."""
    kind = "date" if date.year else "day of a year"
    least = (date.year or 0) * 372 + max(0, (date.month or 0) - 1) * 31 + max(0, (date.day or 0) - 1)
    span = 1 if date.day else 31 if date.month else 372
    return Measure(date.start, date.end, kind, float(least), float(least + span))
