"""Briefings and timelines as values: lines that are claims, with the citations that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from bot.records import AnswerLanguage, Citation, Claim, Language, Reason, Report, Searched


@dataclass(frozen=True, slots=True)
class DigestStory:
    """One story of a briefing; every line is a claim whose numbers are those of the briefing's citations."""

    headline: str
    """The title of the article `article_id`, in its `language`."""
    article_id: str
    language: Language
    first: date | None
    last: date | None
    """Between these days its reports came out."""
    lines: tuple[Claim, ...]
    changed: tuple[Claim, ...] = ()
    """What is otherwise than before."""
    disputed: tuple[Claim, ...] = ()
    """Where reports differ, in words; `conflicts` has both sides."""
    ahead: tuple[Claim, ...] = ()
    """What a report says is still to come."""
    conflicts: tuple[Mapping[str, Any], ...] = ()
    also_reported_by: tuple[Report, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Return all its lines in the order in which they are read."""
        return (*self.lines, *self.changed, *self.disputed, *self.ahead)


@dataclass(frozen=True, slots=True)
class Digest:
    """A briefing, newest story first; of a topic, of what is new where `topic` is null, or of one article."""

    topic: str | None
    language: AnswerLanguage
    """Of the words around the quotations."""
    abstained: bool
    reason: Reason | None
    notice: str
    """Says that nothing was found, and what was searched; empty otherwise."""
    since: date | None
    until: date | None
    as_of: date | None
    stories: tuple[DigestStory, ...]
    citations: tuple[Citation, ...]
    searched: Searched
    answerer: str
    article_id: str | None = None
    """The article that is summarized, if it is one."""
    notes: tuple[str, ...] = ()
    """What the reader should know about the briefing: that the model failed, and of how many stories."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)


Precision = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """What happened on a day, or in the month that begins with it, in one proved line."""

    day: date
    precision: Precision
    stated: bool
    """Whether the quotation gives the date; otherwise it is that of publication."""
    ahead: bool
    """Whether it was still to come when the newest report cited came out."""
    headline: str
    """The title of the article that the line stands in."""
    claim: Claim


@dataclass(frozen=True, slots=True)
class Timeline:
    """The events of a topic, earliest first, each told once."""

    topic: str
    language: AnswerLanguage
    abstained: bool
    reason: Reason | None
    notice: str
    since: date | None
    until: date | None
    as_of: date | None
    events: tuple[TimelineEvent, ...]
    citations: tuple[Citation, ...]
    searched: Searched
    answerer: str
    notes: tuple[str, ...] = ()
    """What the reader should know about the timeline: that the model failed, and at how many events."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
