"""Regbrief: questions on technology regulation, answered with quotations that were checked."""

from bot.briefings import Digest, DigestStory, Timeline, TimelineEvent
from bot.client import AsyncRegbriefClient, RegbriefClient
from bot.engine import Event, Regbrief
from bot.errors import BotError, Stopped
from bot.outcomes import (
    Backup,
    Copied,
    Failure,
    Feed,
    FeedSync,
    Folder,
    FolderSync,
    Foreseen,
    Ingested,
    Job,
    Preview,
    Stage,
    Synced,
    TableCopied,
)
from bot.records import Answer, Article, Citation, Claim, Excerpt, Feedback, Hit, Related, Searched, to_json
from bot.settings import Settings

__all__ = [
    "Answer",
    "Article",
    "AsyncRegbriefClient",
    "Backup",
    "BotError",
    "Citation",
    "Claim",
    "Copied",
    "Digest",
    "DigestStory",
    "Event",
    "Excerpt",
    "Failure",
    "Feed",
    "FeedSync",
    "Feedback",
    "Folder",
    "FolderSync",
    "Foreseen",
    "Hit",
    "Ingested",
    "Job",
    "Preview",
    "Regbrief",
    "RegbriefClient",
    "Related",
    "Searched",
    "Settings",
    "Stage",
    "Stopped",
    "Synced",
    "TableCopied",
    "Timeline",
    "TimelineEvent",
    "to_json",
]
