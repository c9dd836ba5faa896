"""Figures and dates in a text with their units: 71.23亿元 and 7.123 billion yuan are one measure.

Each stands for the interval that its wording leaves open: 18.2 billion is anything that rounds to it, `about 18.2`
twice as wide, `at least 8 billion` hardly less. Two measures of one unit differ where the intervals do not meet.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.language import Folded, fold_with_offsets

BEYOND = 0.1
"""What `more than` and `nearly` allow to their side: 超过43亿 may be 43.16, `more than 70` is not 80."""

COARSE = 0.025
"""The zeros at the end of a round number hide no more than this share of it: 5,000 is 4,950 to 5,050."""


DATES = frozenset({"date", "day of a year"})


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure or date of a text, `text[start:end]`: its unit and the values that it allows, low to below high."""

    start: int
    end: int
    unit: str
    low: float
    high: float

    def differs(self, other: Measure) -> bool:
        """Whether both measure in one unit and cannot both be right."""
        return self.unit == other.unit and (self.low >= other.high or other.low >= self.high)

    def agrees(self, other: Measure) -> bool:
        """Whether both measure in one unit and may be the same."""
        return self.unit == other.unit and not self.differs(other)

    def ratio(self, other: Measure) -> float:
        """Return how many times the lesser the greater of two figures is; 1 for dates."""
        small, great = sorted((self.low + self.high, other.low + other.high))
        return 1.0 if self.unit in DATES else great / small if small else float("inf")


def measures(text: str) -> list[Measure]:
    """Return the figures with units and the dates of a text, from left to right."""
    folded = fold_with_offsets(text)
    dated = list(_dates(folded.text))
    taken = [(start, end) for start, end, *_ in dated]
    found = dated + [each for each in _figures(folded.text) if not any(s < each[1] and each[0] < e for s, e in taken)]
    return [_placed(folded, *each) for each in sorted(found)]


_Found = tuple[int, int, str, float, float]


def _placed(folded: Folded, start: int, end: int, unit: str, low: float, high: float) -> Measure:
    first, last = folded.original(start, end)
    return Measure(first, last, unit, low, high)


# --- figures --------------------------------------------------------------------------------------------------------

_SCALES = {
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "mn": 6, "bn": 9, "tn": 12, "m": 6, "b": 9,
    "十": 1, "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11,
    "万亿": 12, "兆": 12,
}  # fmt: skip
_WORDS = dict(zip("one two three four five six seven eight nine ten eleven twelve".split(), range(1, 13), strict=True))
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}

# Each unit in both languages; folded, so that 萬 and 億 and 港圓 need no entry.
CURRENCIES = {
    "USD": r"us\$|\$|u\.?s\.? dollars?|dollars?|usd|美元|美金",
    "HKD": r"hk\$|hong kong dollars?|hkd|港元|港币|港圆",
    "TWD": r"nt\$|(?:new )?taiwan dollars?|twd|新台币|新台币元|台币",
    "EUR": r"€|euros?|eur|欧元",
    "GBP": r"£|pounds?|gbp|英镑",
    "JPY": r"yen|jpy|日元|日圆",
    "KRW": r"₩|won|krw|韩元|韩币|韩圆|韩圜",
    "INR": r"₹|rupees?|inr|卢比",
    "AUD": r"a\$|australian dollars?|澳元",
    "CAD": r"c\$|canadian dollars?|加元",
    "SGD": r"s\$|singapore dollars?|新加坡元|新元",
    "CNY": r"rmb|yuan|renminbi|cny|人民币|元",
}
_UNITS = CURRENCIES | {
    "percent": r"%|percent|per cent|percentage points?|个百分点",
    "tenth": r"成(?!为|立|功|员|本|长|果|都|交|年)",
    "company": r"(?:[\w-]+ ){0,2}?(?:companies|company|firms?|enterprises|businesses|providers|platforms|lenders)\b|家",
    "person": r"(?:\w+ ){0,2}?(?:people|persons|users|drivers|victims|workers|individuals|members|riders)\b"
    r"|[名人位](?!民|工|类|次)|(?:个|位|名)?(?:用户|司机|受害人)",
    "month": r"months?\b|个月",
    "day": r"(?:working |business )?days?\b|天|[个]?(?:工作)?日(?!元|圆)",
    "year": r"years?\b|年(?!月|度|代|龄)",
    "hour": r"hours?\b|个?(?:小时|钟头)",
    "case": r"(?:\w+ )?(?:cases|deals|transactions)\b|[起宗件](?:案|交易|并购)?",
    "vote": r"votes?\b|票(?!据|房)",
    "item": r"(?:\w+ )?(?:services|games|products|apps|models)\b|[款项个](?!月|人|工作|百|小时|钟头)",
    "seat": r"seats?\b|个?(?:议席|席位|席)",
}
_NAMED = {f"u{at}": unit for at, unit in enumerate(_UNITS)}
_SUFFIX = "|".join(
    f"(?P<u{at}>{_UNITS[unit]}{'' if unit not in CURRENCIES else '(?![a-z])'})" for at, unit in enumerate(_UNITS)
)
_PREFIX = "|".join(f"(?P<p{at}>{pattern})" for at, pattern in enumerate(CURRENCIES.values()))
_LESS = r"(?P<below>up to|as (?:much|many) as|nearly|almost|close to|less than|under|below|fewer than|no more than"
_LESS += r"|最多|至多|最高|多达|高达|不超过|近|将近|接近|不到|不足|少于)"
_MORE = r"(?P<above>at least|no less than|no fewer than|more than|over|above|exceed(?:ed|s|ing)?"
_MORE += r"|至少|不少于|超过|逾|超|多于)"
_ABOUT = r"(?P<about>about|around|roughly|some|approximately|an estimated|约|大约|大概|约为|估计)"
_FIGURE = re.compile(
    rf"(?:(?<![a-z])(?:{_LESS}|{_MORE}|{_ABOUT})\s*(?:about |约)?)?(?:(?<![a-z])(?:{_PREFIX})\s*)?"
    rf"(?:(?<![\d.,a-z-])(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)|(?<![a-z])(?P<word>{'|'.join(_WORDS)})(?![a-z])"
    r"|(?<![第零一二三四五六七八九十百千万亿年月])(?P<han>[一二两三四五六七八九十百]+)(?=[家名位人起宗件款票席成万亿个]))"
    r"[\s-]?(?P<scale>(?:thousand|million|billion|trillion|mn|bn|tn|[mb])(?![a-z])|万亿|[十百千]?[万亿]|[百千兆])?"
    rf"(?P<after>余|多(?!个)|以上)?\s?-?(?:(?:{_SUFFIX})(?!\s?\d))?(?P<late>以上|左右|上下|or more|or above)?"
)


def _figures(folded: str) -> Iterator[_Found]:
    for match in _FIGURE.finditer(folded):
        groups = match.groupdict()
        prefixes = [unit for at, unit in enumerate(CURRENCIES) if groups[f"p{at}"]]
        suffixes = [unit for name, unit in _NAMED.items() if groups[name]]
        units = prefixes or suffixes
        if not units:
            continue
        value, step = _value(groups)
        unit = "percent" if units[0] == "tenth" else units[0]
        factor = 10.0 if units[0] == "tenth" else 1.0
        end = match.start() + len(match.group().rstrip())
        yield (match.start(), end, unit, *_interval(value * factor, step * factor, groups))


def _value(groups: dict[str, str | None]) -> tuple[float, float]:
    """Return the value of a match and the step of its last digit that counts."""
    scale = 10.0 ** _SCALES[groups["scale"]] if groups["scale"] else 1.0
    if groups["word"]:
        return _WORDS[groups["word"]] * scale, scale
    if groups["han"]:
        return _chinese(groups["han"]) * scale, scale
    digits = (groups["number"] or "").replace(",", "")
    value, decimals = float(digits), len(digits.partition(".")[2])
    zeros = len(digits) - len(digits.rstrip("0")) if not decimals else 0
    least = 10.0**-decimals if groups["scale"] else 0.0  # 18 billion may be 18.2; 8 companies are 8
    step = min(10.0 ** (zeros - decimals), max(least, 2 * COARSE * value))
    return value * scale, step * scale


def _chinese(digits: str) -> float:
    """Return the value of Chinese digits below a thousand: 八, 十一, 四十三, 一百."""
    value, digit = 0, 0
    for character in digits:
        if character in "十百":
            value += max(1, digit) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[character]
    return float(value + digit)


def _interval(value: float, step: float, groups: dict[str, str | None]) -> tuple[float, float]:
    low, high = value - step / 2, value + step / 2
    if groups["above"] or groups["after"] or groups["late"] in ("以上", "or more", "or above"):
        return low, max(high, value * (1 + BEYOND))
    if groups["below"]:
        return min(low, value * (1 - BEYOND)), high
    if groups["about"] or groups["late"]:
        return value - step, value + step
    return low, high


# --- dates ----------------------------------------------------------------------------------------------------------

_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): at for at, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m1>{_NAMES})\b\.?,?(?: (?P<y1>\d{{4}}))?"
    rf"|\b(?P<m2>{_NAMES})\b\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!,\d{{3}})(?:,? (?P<y2>\d{{4}}))?"
    rf"|\b(?P<m3>{_NAMES})\b (?P<y3>\d{{4}})"
    r"|(?:(?P<y4>(?:19|20)\d\d)年)?(?P<m4>\d{1,2})月(?:(?P<d4>\d{1,2})[日号])?"
    r"|(?P<y5>(?:19|20)\d\d)[-/.](?P<m5>\d{1,2})[-/.](?P<d5>\d{1,2})"
    r"|(?P<y6>(?:19|20)\d\d)年(?!来|度报告)"
    r"|(?<=\bin )(?P<y7>(?:19|20)\d\d)\b(?! [a-z]+ (?:people|users))"
)


def _dates(folded: str) -> Iterator[_Found]:
    """Yield dates as the span of days that they leave open: a year, a month or a day, years without one being 0."""
    for match in _DATE.finditer(folded):
        parts = {name[0]: _MONTHS.get(value) or int(value) for name, value in match.groupdict().items() if value}
        month, day = parts.get("m", 0), parts.get("d", 0)
        if month > 12 or day > 31:
            continue
        kind = "date" if "y" in parts else "day of a year"
        least = parts.get("y", 0) * 372 + max(0, month - 1) * 31 + max(0, day - 1)
        span = 1 if day else 31 if month else 372
        yield match.start(), match.end(), kind, float(least), float(least + span)
