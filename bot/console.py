"""What the commands share: their options, where they print, and how a value is printed as JSON."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.records import AnswerLanguage, to_json

errors = Console(stderr=True, emoji=False)
out = Console(emoji=False)  # a quotation is printed as it is: no :100: becomes a picture


class LanguageOption(StrEnum):
    """`bot.records.Language` as the command line library wants it where an option can be repeated."""

    ENGLISH = "en"
    SIMPLIFIED = "zh-Hans"
    TRADITIONAL = "zh-Hant"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only articles published in this window.")]
Today = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="What 'last month' counts from.")]
Languages = Annotated[list[LanguageOption] | None, typer.Option("--language", help="Only this language (repeatable).")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this outlet (repeatable).")]
Spoken = Annotated[AnswerLanguage | None, typer.Option(help="Language and script of the words around the quotations.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Folder = Annotated[Path | None, typer.Option("--indexes", help="The library's folder (default: REGBRIEF_INDEXES).")]


def filters(
    since: datetime | None, until: datetime | None, languages: list[LanguageOption] | None, sources: list[str] | None
) -> dict[str, Any]:
    """Return the filters of `Regbrief.ask`."""
    return {
        "since": day(since),
        "until": day(until),
        "languages": [language.value for language in languages or ()],
        "sources": sources,
    }


def day(moment: datetime | None) -> date | None:
    """Return the day of an option."""
    return moment.date() if moment else None


def complain(line: str, *, style: str = "red") -> None:
    """Print a line on stderr as it is, however long."""
    errors.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a record, or a list of them, on stdout."""
    sys.stdout.write(json.dumps(to_json(value), ensure_ascii=False, indent=2) + "\n")
