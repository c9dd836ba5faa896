"""`regbrief digest`, `timeline` and `summarize`: briefings as text, Markdown, HTML or JSON."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, cast

import typer

from bot.bars import Bars, opened
from bot.briefings import Digest, Timeline
from bot.console import Day, Folder, Json, Languages, Sources, Spoken, Today, day, filters, print_json
from bot.digest import STORIES
from bot.digest_text import Format, written
from bot.timeline import EVENTS


class FormatOption(StrEnum):
    """`bot.digest_text.Format`, or JSON."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


Form = Annotated[FormatOption, typer.Option("--format", help="How to write it.")]


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
    with opened(indexes=indexes) as bot:
        asked = {"answer_language": answer_language, "today": day(today), **filters(since, until, language, source)}
        with Bars() as bars:  # which shows nothing where no model writes
            told = bot.digest(topic, limit=limit, progress=bars, **asked)
        _print(told, form, as_json)


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
    """Tell what happened on a topic, day by day, in proved lines."""
    with opened(indexes=indexes) as bot:
        asked = {"answer_language": answer_language, "today": day(today), **filters(since, until, language, source)}
        with Bars() as bars:
            told = bot.timeline(topic, limit=limit, progress=bars, **asked)
        _print(told, form, as_json)


def summarize(
    article_id: str,
    answer_language: Spoken = None,
    form: Form = FormatOption.TEXT,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Tell one article, by id, in its central sentences."""
    with opened(indexes=indexes) as bot:
        with Bars() as bars:
            told = bot.summarize(article_id, answer_language=answer_language, progress=bars)
        _print(told, form, as_json)


def _print(what: Digest | Timeline, form: FormatOption, as_json: bool) -> None:
    """Write to stdout as it is: what is quoted has no markup of the console."""
    if as_json or form is FormatOption.JSON:
        print_json(what)
    else:
        sys.stdout.write(written(what, cast(Format, form.value)))
