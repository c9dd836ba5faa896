"""Regbrief: questions on technology regulation, answered with quotations that were checked."""

from bot.engine import Event, Regbrief
from bot.errors import BotError
from bot.records import Answer, Article, Citation, Claim, Hit, Ingested, Related, Searched, to_json
from bot.settings import Settings

__all__ = [
    "Answer",
    "Article",
    "BotError",
    "Citation",
    "Claim",
    "Event",
    "Hit",
    "Ingested",
    "Regbrief",
    "Related",
    "Searched",
    "Settings",
    "to_json",
]
