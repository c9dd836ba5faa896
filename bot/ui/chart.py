"""Articles over time as stacked bars: how the days are cut, what is counted, and where things stand on the axis."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from bot.ui.strings import Strings

Step = Literal["day", "week", "month", "quarter", "year"]

MOST_BARS = 265
"""Weeks of five years: longer spans get longer steps."""

WIDEST = 8.0
"""Hundredths of the width that a bar takes at most: of few days, each would be a wall."""

THINNEST = 0.7
"""Width of a bar at least, in hundredths of the plot, so that one is seen on a phone."""

MOST_TICKS = 6

_DAYS: dict[Step, float] = {"day": 1, "week": 7, "month": 30.4, "quarter": 91.3, "year": 365.2}
_MONTHS: dict[Step, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of time, both days included, and how many articles of each series came out in it."""

    first: date
    last: date
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a bar in hundredths of the plot; `series` counts from 0."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, earliest first and without gaps, and the names of their series."""

    step: Step
    series: tuple[str, ...]
    bars: tuple[Bar, ...]

    @property
    def first(self) -> date:
        return self.bars[0].first

    @property
    def last(self) -> date:
        return self.bars[-1].last

    @property
    def top(self) -> int:
        """Return the end of the scale: the highest bar, rounded up to what reads well."""
        highest = max((bar.total for bar in self.bars), default=1)
        return next(each for each in _round_numbers() if each >= highest)

    def at(self, day: date) -> float:
        """Return where the middle of a day stands, in hundredths of the width."""
        days = (self.last - self.first).days + 1
        return round(100 * ((day - self.first).days + 0.5) / days, 3)

    def boxes(self) -> Iterator[Box]:
        """Yield what is to be drawn, bottom up."""
        step = 100 / len(self.bars)
        width = min(max(step, THINNEST), WIDEST)
        for place, bar in enumerate(self.bars):
            left, height = round(place * step - (width - step) / 2, 3), 0.0
            for series, count in enumerate(bar.counts):
                share = 100 * count / self.top
                height += share
                if count:
                    yield Box(left, round(100 - height, 3), round(width, 3), round(share, 3), series)

    def ticks(self, text: Strings) -> Iterator[tuple[float, str]]:
        """Yield what the axis names, and where, in hundredths of the width."""
        for step in ("day", "week", "month", "quarter", "year"):
            starts = [each for each in _starts(self.first, self.last, step) if each >= self.first]
            if len(starts) <= MOST_TICKS:
                break
        skip = -(-len(starts) // MOST_TICKS)
        for day in starts[::skip]:
            yield round(100 * (day - self.first).days / ((self.last - self.first).days + 1), 2), _named(day, step, text)

    def spans(self, text: Strings) -> str:
        """Return the days of each bar for scripts: as JSON, in ISO form and in words."""
        days = [[str(bar.first), str(bar.last), text.date(bar.first), text.date(bar.last)] for bar in self.bars]
        return json.dumps(days, ensure_ascii=False)


def chart(
    published: Iterable[tuple[date, str]], series: Sequence[str], *, first: date | None = None, last: date | None = None
) -> Chart | None:
    """Count articles by step of time and series; None where there is no day at all. `first` and `last` widen it."""
    dated = list(published)
    days = [day for day, _ in dated] + [each for each in (first, last) if each]
    if not days:
        return None
    step = step_for(min(days), max(days))
    starts = list(_starts(min(days), max(days), step))
    counted = Counter((start_of(day, step), name) for day, name in dated)
    bars = (
        Bar(start, end - timedelta(1), tuple(counted[start, name] for name in series))
        for start, end in pairwise([*starts, _next(starts[-1], step)])
    )
    return Chart(step, tuple(series), tuple(bars))


def step_for(first: date, last: date) -> Step:
    """Return the shortest step, a week at least unless the span is a few weeks, that makes no more bars than fit."""
    days = (last - first).days + 1
    if days <= 28:
        return "day"
    return next((step for step in ("week", "month", "quarter") if days / _DAYS[step] <= MOST_BARS), "year")


def start_of(day: date, step: Step) -> date:
    """Return the first day of the step in which a day lies; weeks begin on Monday."""
    if step in _MONTHS:
        return day.replace(month=(day.month - 1) // _MONTHS[step] * _MONTHS[step] + 1, day=1)
    return day - timedelta(day.weekday() if step == "week" else 0)


def _starts(first: date, last: date, step: Step) -> Iterator[date]:
    start = start_of(first, step)
    while start <= last:
        yield start
        start = _next(start, step)


def _next(start: date, step: Step) -> date:
    if step not in _MONTHS:
        return start + timedelta(7 if step == "week" else 1)
    years, months = divmod(start.month - 1 + _MONTHS[step], 12)
    return date(start.year + years, months + 1, 1)


def _named(day: date, step: Step, text: Strings) -> str:
    """Name a day as precisely as the step asks for."""
    if step == "year":
        return text("chart_year", year=day.year)
    if step not in _MONTHS:
        return text.date(day)
    return text("chart_month", month=text("months").split()[day.month - 1][:3], year=day.year)


def _round_numbers() -> Iterator[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def lanes(places: Sequence[float], *, gap: float) -> list[int]:
    """Put marks that stand closer than `gap` hundredths one above the other: return a lane, from 0, for each."""
    ends: list[float] = []
    taken = []
    for place in places:
        lane = next((number for number, end in enumerate(ends) if place - end >= gap), len(ends))
        ends[lane : lane + 1] = [place]
        taken.append(lane)
    return taken
