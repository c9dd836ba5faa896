"""What the page says, in the three languages of the interface, and which of them a browser asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.records import LANGUAGES, Language

HERE = Path(__file__).parent
NAMES: dict[Language, str] = {"en": "English", "zh-Hans": "简体", "zh-Hant": "繁體"}
"""Each language in its own words, the same on every page."""


@dataclass(frozen=True, slots=True)
class Strings:
    """The page's words in one language: `text("as_of", date=…)`."""

    language: Language
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        return self.texts[key].format(**values)

    def count(self, key: str, number: int) -> str:
        """Return the words for so many things, with the singular where the language has one."""
        return self(f"{key}_one") if number == 1 else self(key, count=f"{number:,}")

    def window(self, since: date | None, until: date | None) -> str:
        """Say when articles were published, both days included; empty where any day will do."""
        if since and until and since != until:
            return self("published", since=self.date(since), until=self.date(until))
        if since and until:
            return self("published_on", date=self.date(since))
        if since:
            return self("published_since", date=self.date(since))
        return self("published_until", date=self.date(until)) if until else ""

    def date(self, day: date | None) -> str:
        """Write a date as the language does."""
        if day is None:
            return self("undated")
        month = self("months").split()[day.month - 1]
        return self("date", day=day.day, month=month, year=day.year)


@cache
def strings(language: Language) -> Strings:
    """Return the page's words in one language."""
    return Strings(language, {key: texts[language] for key, texts in _read("strings.yaml").items()})


@cache
def examples() -> dict[Language, tuple[str, ...]]:
    """Return the questions that the page offers, by language."""
    read = _read("examples.yaml")
    return {language: tuple(read[language]) for language in LANGUAGES}


def preferred(accept_language: str) -> Language:
    """Return the interface language that an Accept-Language header (RFC 9110, 12.5.4) asks for, else English."""
    weighted = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, parameter = part.strip().partition(";")
        language = _language(tag.strip().lower())
        if language and (weight := _weight(parameter)) > 0:
            weighted.append((-weight, position, language))
    return min(weighted)[2] if weighted else "en"


def _language(tag: str) -> Language | None:
    primary, *rest = tag.split("-")
    if primary == "zh":
        traditional = "hant" in rest or ("hans" not in rest and {"tw", "hk", "mo"} & set(rest))
        return "zh-Hant" if traditional else "zh-Hans"
    return "en" if primary == "en" else None


def _weight(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return 0.0


def _read(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return read
