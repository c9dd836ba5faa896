"""What a briefing or a timeline is asked for: the topic, the window that its words set, the language to speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot import prompts
from bot.anchors import read_anchor
from bot.catalog import Catalog
from bot.dates import read_time
from bot.glossary import Glossary
from bot.language import detect
from bot.records import LANGUAGES, AnswerLanguage, Filters, Reason, Searched

LATER = timedelta(days=14)
"""What happened in a period is reported up to so many days after it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A topic without the words of its window, the filters with it, and these words themselves."""

    topic: str
    filters: Filters
    language: AnswerLanguage
    implied: str | None = None


def read_scope(
    topic: str, filters: Filters, *, language: AnswerLanguage | None, glossary: Glossary, today: date
) -> Scope:
    """Take the window out of a topic (`app stores since last year`) where no window is given."""
    spoken = language or (detect(topic) if topic else (filters.languages or LANGUAGES)[0])
    if not topic or filters.since or filters.until:
        return Scope(topic, filters, spoken)
    reading = read_anchor(topic, read_time(topic, today=today), glossary, today=today)
    window = reading.window
    if window is None:
        return Scope(topic, filters, spoken)
    until = window.until + LATER if window.until and window.soft else window.until
    narrowed = replace(filters, since=window.since, until=until)
    return Scope(reading.text, narrowed, spoken, topic[window.start : window.end])


def searched(catalog: Catalog, scope: Scope) -> Searched:
    """Say what was searched."""
    return Searched(
        articles=catalog.count(scope.filters),
        since=scope.filters.since,
        until=scope.filters.until,
        languages=scope.filters.languages or LANGUAGES,
        sources=scope.filters.sources,
        question=scope.topic,
        implied=scope.implied,
    )


def refusal(
    catalog: Catalog, scope: Scope, anything: Callable[[Filters], object], *, but: prompts.Untold | None
) -> tuple[Reason, str]:
    """Say why nothing is told: in a word, and to the reader.

    `anything` finds what other filters would let through; `but` says what is wrong with the articles that there are.
    """
    wider = replace(scope.filters, since=None, until=None)
    reason: Reason = "no_evidence"
    if not catalog.count(Filters()):
        reason = "empty_library"
    elif but is None and wider != scope.filters and anything(wider):
        reason = "outside_window"
    return reason, prompts.uncovered(reason, scope.language, searched(catalog, scope), but=but)
