"""`regbrief digest`, `timeline` and `summarize`: briefings as text, Markdown, HTML or JSON."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from bot.digest import STORIES
from bot.digest_text import Format, written
from bot.engine import Regbrief
from bot.records import Digest, Language, Timeline, to_json
from bot.timeline import EVENTS


class LanguageOption(StrEnum):
    """`bot.records.Language` as the command line library wants it."""

    ENGLISH = "en"
    SIMPLIFIED = "zh-Hans"
    TRADITIONAL = "zh-Hant"


class FormatOption(StrEnum):
    """`bot.digest_text.Format`, or JSON."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only articles published in this window.")]
Today = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="What 'last month' counts from.")]
Languages = Annotated[list[LanguageOption] | None, typer.Option("--language", help="Only this language (repeatable).")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this outlet (repeatable).")]
Spoken = Annotated[LanguageOption | None, typer.Option(help="Language of the words around the quotations.")]
Form = Annotated[FormatOption, typer.Option("--format", help="How to write it.")]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
Folder = Annotated[Path | None, typer.Option("--indexes", help="The library's folder (default: REGBRIEF_INDEXES).")]


def digest(
    topic: Annotated[str | None, typer.Argument(help="What about; default: the newest stories.")] = None,
    since: Day = None,
    until: Day = None,
    language: Languages = None,
    source: Sources = None,
    limit: Annotated[int, typer.Option(help="Stories at most, 1 to 50.")] = STORIES,
    answer_language: Spoken = None,
    today: Today = None,
    form: Form = FormatOption.TEXT,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Brief on the stories of a topic, or on the newest, in quoted lines."""
    with Regbrief.open(indexes=indexes) as bot:
        filters = _filters(since, until, language, source, answer_language, today)
        _print(bot.digest(topic, limit=limit, **filters), form, as_json)


def timeline(
    topic: str,
    since: Day = None,
    until: Day = None,
    language: Languages = None,
    source: Sources = None,
    limit: Annotated[int, typer.Option(help="Events at most, 1 to 100.")] = EVENTS,
    answer_language: Spoken = None,
    today: Today = None,
    form: Form = FormatOption.TEXT,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Tell what happened on a topic, day by day, in quoted lines."""
    with Regbrief.open(indexes=indexes) as bot:
        filters = _filters(since, until, language, source, answer_language, today)
        _print(bot.timeline(topic, limit=limit, **filters), form, as_json)


def summarize(
    article_id: str,
    answer_language: Spoken = None,
    form: Form = FormatOption.TEXT,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Tell one article, by id, in its central sentences."""
    with Regbrief.open(indexes=indexes) as bot:
        _print(bot.summarize(article_id, answer_language=_spoken(answer_language)), form, as_json)


def _filters(
    since: datetime | None,
    until: datetime | None,
    languages: list[LanguageOption] | None,
    sources: list[str] | None,
    answer_language: LanguageOption | None,
    today: datetime | None,
) -> dict[str, Any]:
    return {
        "since": _day(since),
        "until": _day(until),
        "languages": [language.value for language in languages or ()],
        "sources": sources,
        "answer_language": _spoken(answer_language),
        "today": _day(today),
    }


def _spoken(language: LanguageOption | None) -> Language | None:
    return language.value if language else None


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _print(what: Digest | Timeline, form: FormatOption, as_json: bool) -> None:
    """Write to stdout as it is: what is quoted has no markup of the console."""
    if as_json or form is FormatOption.JSON:
        sys.stdout.write(json.dumps(to_json(what), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(written(what, cast(Format, form.value)))
