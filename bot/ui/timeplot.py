"""A timeline as a plot: bars of articles by language, and above them a dot for each event."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.records import LANGUAGES, Language
from bot.ui.chart import Chart, Step, chart, lanes
from bot.ui.strings import NAMES, Strings

GAP, GAP_NARROW = 2.6, 8.0
"""A dot of 24 pixels in hundredths of the plot, on a desk and on a phone."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What gets a dot: the id of what it leads to, its day, which may stand for its month, and what happened."""

    target: str
    day: date
    label: str
    language: Language
    month: bool = False
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark on the axis: `x` in hundredths, and the lane in which it stands on a wide and on a narrow screen."""

    target: str
    x: float
    lane: int
    lane_narrow: int
    first: date
    last: date
    ahead: bool
    when: str
    label: str
    language: Language


@dataclass(frozen=True, slots=True)
class Plot:
    """All that is drawn; `names` are the languages of the bars in words."""

    chart: Chart
    caption: str
    names: tuple[tuple[str, Language], ...]
    dots: tuple[Dot, ...]
    lanes: int
    lanes_narrow: int


def plot(published: Iterable[tuple[date, Language]], marks: Sequence[Mark], text: Strings) -> Plot | None:
    """Lay out bars and dots; None where nothing has a day."""
    days = sorted(_middle(each.day, each.month) for each in marks)
    made = chart(published, LANGUAGES, first=days[0] if days else None, last=days[-1] if days else None)
    if made is None:
        return None
    dots = _dots(made, sorted(marks, key=lambda each: each.day), text)
    return Plot(
        made,
        captioned(made.step, text),
        tuple((NAMES[language], language) for language in LANGUAGES),
        dots,
        1 + max((dot.lane for dot in dots), default=0),
        1 + max((dot.lane_narrow for dot in dots), default=0),
    )


def captioned(step: Step, text: Strings) -> str:
    """Say what the bars count."""
    captions = {
        "day": text("chart_day"),
        "week": text("chart_week"),
        "month": text("chart_a_month"),
        "quarter": text("chart_quarter"),
        "year": text("chart_a_year"),
    }
    return captions[step]


def _dots(made: Chart, marks: Sequence[Mark], text: Strings) -> tuple[Dot, ...]:
    places = [made.at(_middle(mark.day, mark.month)) for mark in marks]
    wide, narrow = lanes(places, gap=GAP), lanes(places, gap=GAP_NARROW)
    return tuple(
        Dot(
            mark.target,
            places[at],
            wide[at],
            narrow[at],
            mark.day,
            _month_end(mark.day) if mark.month else mark.day,
            mark.ahead,
            _when(mark.day, mark.month, text),
            mark.label,
            mark.language,
        )
        for at, mark in enumerate(marks)
    )


def _when(day: date, month: bool, text: Strings) -> str:
    if not month:
        return text.date(day)
    return text("chart_month", month=text("months").split()[day.month - 1], year=day.year)


def _middle(day: date, month: bool) -> date:
    return day.replace(day=15) if month else day


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
