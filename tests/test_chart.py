"""Articles over time as bars, and events as dots above them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.records import Language
from bot.ui.chart import Bar, Box, Chart, Step, chart, lanes, start_of, step_for
from bot.ui.strings import strings
from bot.ui.timeplot import Mark, plot

MONDAY = date(2024, 1, 1)
EN = strings("en")


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (1, "day"),
        (28, "day"),
        (29, "week"),
        (5 * 365, "week"),
        (6 * 365, "month"),
        (40 * 365, "quarter"),
        (99 * 365, "year"),
    ],
)
def test_the_step_is_the_shortest_that_fits(days: int, step: Step) -> None:
    assert step_for(MONDAY, MONDAY + timedelta(days - 1)) == step


@pytest.mark.parametrize(
    ("step", "start"),
    [
        ("day", "2024-05-16"),
        ("week", "2024-05-13"),
        ("month", "2024-05-01"),
        ("quarter", "2024-04-01"),
        ("year", "2024-01-01"),
    ],
)
def test_a_day_lies_in_a_step(step: Step, start: str) -> None:
    assert start_of(date(2024, 5, 16), step) == date.fromisoformat(start)


def test_articles_are_counted_by_week_and_language_without_gaps() -> None:
    published = [(MONDAY, "en"), (MONDAY + timedelta(6), "zh-Hans"), (MONDAY + timedelta(30), "en")]
    made = chart(published, ("en", "zh-Hans"))
    weeks = [MONDAY + timedelta(7 * number) for number in range(5)]
    counts = [(1, 1), (0, 0), (0, 0), (0, 0), (1, 0)]
    bars = tuple(Bar(week, week + timedelta(6), each) for week, each in zip(weeks, counts, strict=True))
    assert made == Chart("week", ("en", "zh-Hans"), bars)


def test_nothing_with_a_day_makes_no_chart() -> None:
    assert chart([], ("en",)) is None


def test_bars_stand_on_each_other() -> None:
    made = Chart("day", ("en", "zh-Hans"), (Bar(MONDAY, MONDAY, (3, 1)), Bar(MONDAY, MONDAY, (0, 0))))
    assert (made.top, list(made.boxes())) == (5, [Box(21, 40, 8, 60, 0), Box(21, 20, 8, 20, 1)])


@pytest.mark.parametrize(("count", "top"), [(0, 1), (1, 1), (3, 5), (6, 10), (11, 20), (21, 50), (501, 1000)])
def test_the_scale_ends_at_a_round_number(count: int, top: int) -> None:
    assert Chart("day", ("en",), (Bar(MONDAY, MONDAY, (count,)),)).top == top


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "May 2024", "Jun 2024"]),
        ("zh-Hans", ["2024年1月", "2024年2月", "2024年3月", "2024年4月", "2024年5月", "2024年6月"]),
        ("zh-Hant", ["2024年1月", "2024年2月", "2024年3月", "2024年4月", "2024年5月", "2024年6月"]),
    ],
)
def test_the_axis_names_few_days_in_the_words_of_the_page(language: Language, names: list[str]) -> None:
    made = chart([(MONDAY, "en"), (date(2024, 6, 30), "en")], ("en",))
    assert made
    assert [name for _, name in made.ticks(strings(language))] == names


def test_marks_that_stand_close_get_lanes() -> None:
    assert lanes([0, 1, 2, 10, 11, 50], gap=5) == [0, 1, 2, 0, 1, 0]


def test_events_have_dots_where_they_happened_and_a_month_covers_its_days() -> None:
    marks = [
        Mark("event-2", date(2024, 2, 1), "二月", "zh-Hans", month=True),
        Mark("event-1", MONDAY, "First", "en", ahead=True),
    ]
    made = plot([], marks, EN)
    assert made
    first, second = made.dots
    assert (first.target, first.when, first.ahead, first.label) == ("event-1", "1 January 2024", True, "First")
    assert (second.first, second.last, second.when) == (date(2024, 2, 1), date(2024, 2, 29), "February 2024")
    assert 0 < first.x < second.x < 100
    assert (made.caption, made.lanes) == ("Articles a week", 1)
