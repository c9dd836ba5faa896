"""What the first lines of an article say about it: when, by whom and where it was published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from bot import values

LINES = 12
"""As many lines, from the title on, may be about the article rather than of it."""

LONGEST = 90
"""Lines with more characters are of the article."""

_STATEMENT = re.compile(r"[。！？!?；;]\s*$|[a-z0-9)’”]{3}\.\s*$")
_RIGHTS = re.compile(r"©|\(c\)|copyright|all rights|版[权權]", re.IGNORECASE)
_OPENING = re.compile(r"[^。.!?]{0,60}?(?: [-–—]{1,2} |——?|[)）】]|[电電](?=[(（]))(?:[(（][^)）]{0,20}[)）])?")
_BEFORE_A_DATE = re.compile(r"(?:^|[|·:】)）]|时间|日期|发布|published|posted|updated|date|on|day,?)\W*$")
"""In plain form. Elsewhere in a short line a date may be that of what a heading is about."""

_CAPITALS = r"[A-Z][\w.’'-]*(?: (?:[A-Z][\w.’'-]*|de|van|von|der|bin|al)){1,4}"
_HAN = r"[\u4e00-\u9fff·]{2,9}"
_AUTHORS = (
    re.compile(
        rf"(?:^|[|·] ?)(?:by|By|BY|Author:|Written by) *(?P<name>{_CAPITALS}(?: and {_CAPITALS})*)"
        r"(?= *(?:$|[,|/(·]|[-–—] ))"
    ),
    re.compile(
        rf"(?:^|[\s(（【|／/])(?:[\u4e00-\u9fff]{{0,6}}记者|[\u4e00-\u9fff]{{0,6}}記者|作者|撰文|撰稿|文(?=[:：／/]))[\s:：／/]*"
        rf"(?P<name>{_HAN}(?:、{_HAN})*)(?=$|[\s(（)）】|／/])"
    ),
)
_SOURCES = (
    re.compile(r"(?:来源|來源|稿源)\s*[:：]\s*(?P<name>[\w·（）()-]{2,30})"),
    re.compile(r"(?:^|[|·] ?)(?:Source|Published by|Published in): *(?P<name>[A-Z][^|·,]{1,40})"),
)


@dataclass(frozen=True, slots=True)
class Byline:
    """What was found; empty or None where nothing was."""

    published: date | None = None
    author: str = ""
    source: str = ""


def byline(lines: Iterable[str]) -> Byline:
    """Read the lines from an article's title on.

    A statement dates what it reports: of one only the opening counts (BRUSSELS, 25 March 2024 – The Commission …).
    With the second one the article has begun: the first may be its summary.
    """
    head = list(_head(" ".join(line.split()) for line in lines if line.strip()))
    days = [day for line in head for day in _days(line)]
    return Byline(days[0] if days else None, _first(_AUTHORS, head), _first(_SOURCES, head))


def whole(found: values.Date) -> date | None:
    """Return the day that a date names; None where it names none, or one that does not exist."""
    try:
        return date(found.year or 0, found.month or 0, found.day or 0)
    except ValueError:
        return None


def _head(lines: Iterable[str]) -> Iterator[str]:
    statements = 0
    for line in islice(lines, LINES):
        if len(line) <= LONGEST and not _STATEMENT.search(line):
            yield "" if _RIGHTS.match(line) else line
        elif (statements := statements + 1) == 2:
            return
        elif opening := _OPENING.match(line):
            yield opening[0]


def _days(line: str) -> list[date]:
    named = _OPENING.match(line) or _first((*_AUTHORS, *_SOURCES), [line])
    text = values.plain(line)
    found = [(each, whole(each)) for each in values.dates(line)]
    return [day for each, day in found if day and (named or _BEFORE_A_DATE.search(text[: each.start]))]


def _first(patterns: Iterable[re.Pattern[str]], lines: Iterable[str]) -> str:
    matches = (pattern.search(line) for line in lines for pattern in patterns)
    return next((match["name"].strip() for match in matches if match), "")
