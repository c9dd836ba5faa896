"""What the page says, in the three languages of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.records import LANGUAGES, AnswerLanguage, Language

HERE = Path(__file__).parent
NAMES: dict[Language, str] = {"en": "English", "zh-Hans": "简体", "zh-Hant": "繁體"}
"""Each language in its own words, the same on every page."""

ANSWER_NAMES: dict[AnswerLanguage, str] = {
    "en": "English",
    "zh-Hans": "简体",
    "zh-Hant": "繁體",
    "zh-Hant-TW": "繁體（台灣）",
    "zh-Hant-HK": "繁體（香港）",
}
"""What an answer can be given in, in its own words."""

STRONG, GOOD = 0.5, 0.2
"""From these scores on a quotation is a strong, or a good, match."""


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

    def score(self, score: float) -> str:
        """Say in words how sure it is that a quotation answers; the scores of a library lie mostly below a half."""
        if score >= STRONG:
            return self("score_strong")
        return self("score_good") if score >= GOOD else self("score_weak")

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


def _read(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return read
