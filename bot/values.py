"""Numbers and dates as a text writes them, as values that compare across languages and scripts."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from bot.language import fold

_HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_CJK = f"\u2e80-\u30ff\uff01-\uff60{_HAN}"
_LIKE = str.maketrans("’‘“”„‐‑–—−「」『』", '\'\'"""-----""""')
_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BESIDE_HAN = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_SHORT_MONTH = re.compile(r"\b(jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?")
_MONTHS = {name[:3].lower(): name.lower() for name in calendar.month_name[1:]}


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Fold a text, and write thousands, spaces beside Han, quotation marks, dashes and months in one way."""
    text = _COMMA.sub("", fold(text).translate(_LIKE))
    text = _SHORT_MONTH.sub(lambda match: _MONTHS[match.group(1)[:3]], text)
    return " ".join(_BESIDE_HAN.sub("", text).split())


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as a text gives it, written at `text[start:end]` of its plain form."""

    year: int | None
    month: int | None
    day: int | None
    start: int = 0
    end: int = 0

    def within(self, other: Date) -> bool:
        """Whether the other date gives, and gives alike, all that this one does."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(mine is None or mine == theirs for mine, theirs in pairs)

    def whole(self, text: str) -> bool:
        """Whether a text is nothing but this date, and more than a year."""
        return self.month is not None and not re.search(r"\w", plain(text)[: self.start] + plain(text)[self.end :])


_NAMES = "|".join(_MONTHS.values())
_YEAR = r"(?:19|20)\d\d"
_DATE = re.compile(
    rf"\b(?P<y1>{_YEAR})[-/.](?P<m1>\d{{1,2}})[-/.](?P<d1>\d{{1,2}})\b"
    rf"|(?:(?<!\d)(?P<y2>{_YEAR})年)(?:(?P<m2>\d{{1,2}})月(?:(?P<d2>\d{{1,2}})[日号])?)?"
    r"|(?<!\d)(?P<m3>\d{1,2})月(?:(?P<d3>\d{1,2})[日号])?"
    r"|(?<![\d个第])(?P<d4>\d{1,2})日"
    rf"|\b(?P<M5>{_NAMES}) (?P<d5>\d{{1,2}})(?:st|nd|rd|th)?(?:-\d{{1,2}})?\b(?:,? (?P<y5>{_YEAR})\b)?"
    rf"|\b(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<M6>{_NAMES})\b(?:,? (?P<y6>{_YEAR})\b)?"
    rf"|\b(?P<M7>{_NAMES})(?: of|,)? (?P<y7>{_YEAR})\b"
    rf"|(?<![\d.,$€£¥])\b(?P<y8>{_YEAR})\b(?![.,]\d|[%亿万元]| (?:yuan|dollars|euros|million|billion))"
)


def dates(text: str) -> list[Date]:
    """Return the dates of a text in order; a weekday or `last month` is none."""
    return list(_dates(plain(text)))


def _dates(text: str) -> Iterator[Date]:
    for match in _DATE.finditer(text):
        part = {name[0]: value for name, value in match.groupdict().items() if value}
        named = list(_MONTHS.values()).index(part["M"]) + 1 if "M" in part else None
        year, month, day = (int(part[key]) if key in part else None for key in "ymd")
        yield Date(year, month or named, day, match.start(), match.end())


def filled(found: Sequence[Date], year: int | None) -> list[Date]:
    """Give dates that lack a year or month those of the date before them, and the first ones a default year."""
    full: list[Date] = []
    before = Date(year, None, None)
    for each in found:
        month = each.month or (before.month if each.day and not each.year else None)
        before = Date(each.year or before.year, month, each.day)
        full.append(before)
    return full


def quantities(text: str) -> set[Decimal]:
    """Return the numbers of a text as values: 18.2 billion, 182亿 and US$18.2bn agree, so do March and 3月."""
    return set(_quantities(plain(text)))


_SCALES = {
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "m": 6, "mn": 6, "bn": 9, "b": 9, "tn": 12,
    "crore": 7, "lakh": 5, "十": 1, "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7,
    "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12, "兆": 12,
}  # fmt: skip
_QUANTITY = re.compile(
    r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?:-\s*)?"
    r"(thousand\b|million\b|billion\b|trillion\b|crore\b|lakh\b|bn\b|mn\b|tn\b|[kmb]\b|万亿|[十百千]?[万亿]|[十百千兆])?"
)


def _quantities(text: str) -> Iterator[Decimal]:
    for number, scale in _QUANTITY.findall(text):
        value = Decimal(number.replace(",", ""))
        yield (value * 10 ** _SCALES[scale] if scale else value).normalize()
    for month in re.findall(rf"\b({_NAMES})\b", text):
        yield Decimal(list(_MONTHS.values()).index(month) + 1)
