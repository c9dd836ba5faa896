"""Regbrief: questions on technology regulation, answered with quotations that were checked."""

from bot.engine import Event, Regbrief
from bot.errors import BotError
from bot.records import (
    Answer,
    Article,
    Citation,
    Claim,
    Digest,
    DigestStory,
    Failure,
    Feed,
    FeedSync,
    Hit,
    Ingested,
    Related,
    Searched,
    Synced,
    Timeline,
    TimelineEvent,
    to_json,
)
from bot.settings import Settings

__all__ = [
    "Answer",
    "Article",
    "BotError",
    "Citation",
    "Claim",
    "Digest",
    "DigestStory",
    "Event",
    "Failure",
    "Feed",
    "FeedSync",
    "Hit",
    "Ingested",
    "Regbrief",
    "Related",
    "Searched",
    "Settings",
    "Synced",
    "Timeline",
    "TimelineEvent",
    "to_json",
]
