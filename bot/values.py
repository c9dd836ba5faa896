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


# --- dates ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as a text gives it, written at `text[start:end]` of its folded form."""

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
        folded = fold(text)
        return self.month is not None and not re.search(r"\w", folded[: self.start] + folded[self.end :])


_NAMES = "|".join(sorted([*_MONTHS.values(), *_MONTHS, "sept"], key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_HAN_YEAR = "[一二][〇○零一二三四五六七八九]{3}"
_HAN_MONTH = "十[一二]?|[一二三四五六七八九]"
_HAN_DAY = "[二三]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_DATE = re.compile(
    rf"\b(?P<y1>{_YEAR})[-/.](?P<m1>\d{{1,2}})[-/.](?P<d1>\d{{1,2}})\b"
    rf"|(?:(?:(?<!\d)(?P<y2>{_YEAR})|民国\s?(?P<r2>\d{{2,3}})|(?P<Y2>{_HAN_YEAR}))\s?年)"
    rf"(?:\s?(?P<m2>\d{{1,2}}|{_HAN_MONTH})\s?月(?:\s?(?P<d2>\d{{1,2}}|{_HAN_DAY})\s?[日号])?)?"
    rf"|(?<![\d.])(?P<m3>\d{{1,2}})\s?月(?:\s?(?P<d3>\d{{1,2}})\s?[日号])?"
    rf"|(?<![零一二三四五六七八九十百几两数每第上下本])(?P<m9>{_HAN_MONTH})月(?:(?P<d9>{_HAN_DAY})[日号])?"
    r"|(?<![\d个第])(?P<d4>\d{1,2})\s?日"
    rf"|\b(?P<M5>{_NAMES})\b\.? (?P<d5>\d{{1,2}})(?:st|nd|rd|th)?(?:-\d{{1,2}})?\b(?!,\d{{3}})(?:,? (?P<y5>{_YEAR})\b)?"
    rf"|\b(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<M6>{_NAMES})\b\.?(?:,? (?P<y6>{_YEAR})\b)?"
    rf"|\b(?P<M7>{_NAMES})\b\.?(?: of|,)? (?P<y7>{_YEAR})\b"
    r"|(?:(?<=\bin )|(?<=\bsince )|(?<=\bby )|(?<=\buntil )|(?<=\blate )|(?<=\bearly ))(?P<M8>ma(?:y|rch))\b"
    rf"|\b(?P<M9>{'|'.join(name for name in _MONTHS.values() if name not in ('may', 'march'))})\b"
    rf"|(?<![\d.,$€£¥])\b(?P<y8>{_YEAR})\b(?![.,]\d|[%亿万元]| (?:yuan|dollars|euros|million|billion))"
)


def dates(text: str) -> list[Date]:
    """Return the dates of a text in order; a weekday or `last month` is none."""
    return list(_dates(fold(text).translate(_LIKE)))


def _dates(folded: str) -> Iterator[Date]:
    for match in _DATE.finditer(re.sub(r"\s", " ", folded)):
        part = {name[0]: value for name, value in match.groupdict().items() if value}
        year = int(part["y"]) if "y" in part else None
        if "Y" in part:
            year = int("".join(str(_DIGITS[character]) for character in part["Y"]))
        elif "r" in part:
            year = 1911 + int(part["r"])  # the first year of the Republic is 1912
        month, day = (_small(part[key]) if key in part else None for key in "md")
        if "M" in part:
            month = list(_MONTHS).index(part["M"][:3]) + 1
        yield Date(year, month, day, match.start(), match.end())


def filled(found: Sequence[Date], year: int | None) -> list[Date]:
    """Give dates that lack a year or month those of the date before them, and the first ones a default year."""
    full: list[Date] = []
    before = Date(year, None, None)
    for each in found:
        month = each.month or (before.month if each.day and not each.year else None)
        before = Date(each.year or before.year, month, each.day)
        full.append(before)
    return full


def _small(written: str) -> int:
    """Return the value of a number below a thousand in digits of either kind: 12, 八, 十一, 四十三, 一百零五."""
    if written.isdigit() and written.isascii():
        return int(written)
    value, digit = 0, 0
    for character in written:
        if character in "十百":
            value += max(1, digit) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[character]
    return value + digit


# --- figures --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its scale at `text[start:end]` of the folded text, and its unit; an empty one where it has none.

    `step` is the value of the last digit that counts: 18.2 billion has one of 0.1 billion.
    """

    start: int
    end: int
    value: Decimal
    step: float
    unit: str = ""
    bound: str = ""
    """`above`, `below` or `about` where the wording says so."""


COARSE = 0.025
"""The zeros at the end of a round number hide no more than this share of it: 5,000 is 4,950 to 5,050."""

_SCALES = {
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "m": 6, "mn": 6, "bn": 9, "b": 9, "tn": 12,
    "crore": 7, "lakh": 5, "十": 1, "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9,
    "百亿": 10, "千亿": 11, "万亿": 12, "兆": 12,
}  # fmt: skip
_WORDS = dict(zip("one two three four five six seven eight nine ten eleven twelve".split(), range(1, 13), strict=True))

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
    "company": r"(?:[a-z-]+ ){0,2}?(?:companies|company|firms?|enterprises|businesses|providers|platforms|lenders)\b"
    r"|家",
    "person": r"(?:[a-z]+ ){0,2}?(?:people|persons|users|drivers|victims|workers|individuals|members|riders)\b"
    r"|[名人位](?!民|工|类|次)|(?:个|位|名)?(?:用户|司机|受害人)",
    "month": r"months?\b|个月",
    "day": r"(?:working |business )?days?\b|天|[个]?(?:工作)?日(?!元|圆)",
    "year": r"years?\b|年(?!月|度|代|龄)",
    "hour": r"hours?\b|个?(?:小时|钟头)",
    "case": r"(?:[a-z]+ )?(?:cases|deals|transactions)\b|[起宗件](?:案|交易|并购)?",
    "vote": r"votes?\b|票(?!据|房)",
    "item": r"(?:[a-z]+ )?(?:services|games|products|apps|models)\b|[款项个](?!月|人|工作|百|小时|钟头)",
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
_DECIMAL = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SCALE = r"(?P<scale>(?:thousand|million|billion|trillion|crore|lakh|mn|bn|tn|[kmb])(?![a-z])"
_SCALE += r"|万亿|[十百千]?[万亿]|[百千兆]{many})?"
_FIGURE = re.compile(
    rf"(?:(?<![a-z])(?:{_LESS}|{_MORE}|{_ABOUT})\s*(?:about |约)?)?"
    rf"(?:(?:(?:(?<![a-z])(?:{_PREFIX})\s*|(?<![\d.,a-z-]))(?P<number>{_DECIMAL})"
    rf"|(?<![a-z])(?P<word>{'|'.join(_WORDS)})(?![a-z])"
    r"|(?<![第零一二三四五六七八九十百千万亿年月])(?P<han>[一二两三四五六七八九十百]+)(?=[家名位人起宗件款票席成万亿个]))"
    rf"[\s-]?{_SCALE.replace('{many}', '')}"
    rf"(?P<after>余|多(?!个)|以上)?\s?-?(?:(?:{_SUFFIX})(?!\s?\d))?"
    r"|(?P<hundredths>百分之)(?P<share>[零一二两三四五六七八九十百]+|\d+(?:\.\d+)?))"
    r"(?P<late>以上|左右|上下|or more|or above)?"
)
_BARE = re.compile(rf"(?P<number>{_DECIMAL})\s*(?:-\s*)?{_SCALE.replace('{many}', '|十')}")


def figures(text: str) -> list[Figure]:
    """Return the numbers of a text from left to right; those of a month or a day are none, nor is 2021年."""
    folded = fold(text).translate(_LIKE)
    dated = [(each.start, each.end) for each in _dates(folded) if firm(each, folded)]
    found = [each for each in _measured(folded) if not _overlaps(each, dated)]
    taken = dated + [(each.start, each.end) for each in found]
    return sorted(found + [each for each in _bare(folded) if not _overlaps(each, taken)], key=lambda each: each.start)


def quantities(text: str) -> set[Decimal]:
    """Return the numbers of a text as values: 18.2 billion, 182亿 and US$18.2bn agree, so do March and 3月."""
    parts = (part for each in dates(text) for part in (each.year, each.month, each.day) if part)
    return {each.value for each in figures(text)} | set(map(Decimal, parts))


def firm(found: Date, folded: str) -> bool:
    """Whether a date is sure to be one: a bare 2021 may be a number of things, `in 2021` and 2021年 are not."""
    if found.month and (found.year or found.day or not folded[found.start].isalpha() or folded[found.start] > "z"):
        return found.month <= 12 and (found.day or 0) <= 31
    if found.month or found.day:
        return False  # 14日 may as well be fourteen days
    after = folded[found.end :]
    if folded[found.end - 1] == "年":
        return not re.match("来|度报告", after)
    return folded[: found.start].endswith("in ") and not re.match(" [a-z]+ (?:people|users)", after)


def _overlaps(figure: Figure, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < figure.end and figure.start < end for start, end in spans)


def _measured(folded: str) -> Iterator[Figure]:
    """Yield the figures that have a unit."""
    for match in _FIGURE.finditer(folded):
        groups = match.groupdict()
        end = match.start() + len(match.group().rstrip())
        if groups["share"]:
            share = groups["share"]
            number = Decimal(share) if share[0].isascii() else Decimal(_small(share))
            yield Figure(match.start(), end, number.normalize(), _step(str(number), 0), "percent", _bound(groups))
            continue
        prefixes = [unit for at, unit in enumerate(CURRENCIES) if groups[f"p{at}"]]
        units = prefixes or [unit for name, unit in _NAMED.items() if groups[name]]
        if units:
            value, step = _value(groups)
            tenth = units[0] == "tenth"
            value, step, unit = (value * 10, step * 10, "percent") if tenth else (value, step, units[0])
            yield Figure(match.start(), end, value.normalize(), step, unit, _bound(groups))


def _bare(folded: str) -> Iterator[Figure]:
    for match in _BARE.finditer(folded):
        value, step = _value({"word": None, "han": None, **match.groupdict()})
        yield Figure(match.start(), match.end(), value.normalize(), step)


def _value(groups: dict[str, str | None]) -> tuple[Decimal, float]:
    """Return the value of a match and the step of its last digit that counts."""
    scale = _SCALES[groups["scale"]] if groups["scale"] else 0
    if groups["word"]:
        return Decimal(_WORDS[groups["word"]]).scaleb(scale), 10.0**scale
    if groups["han"]:
        return Decimal(_small(groups["han"])).scaleb(scale), 10.0**scale
    digits = (groups["number"] or "").replace(",", "")
    return Decimal(digits).scaleb(scale), _step(digits, scale)


def _step(digits: str, scale: int) -> float:
    decimals = len(digits.partition(".")[2])
    zeros = len(digits) - len(digits.rstrip("0")) if not decimals else 0
    least = 10.0**-decimals if scale else 0.0  # 18 billion may be 18.2; 8 companies are 8
    return float(min(10.0 ** (zeros - decimals), max(least, 2 * COARSE * float(digits)))) * 10.0**scale


def _bound(groups: dict[str, str | None]) -> str:
    if groups["above"] or groups["after"] or groups["late"] in ("以上", "or more", "or above"):
        return "above"
    if groups["below"]:
        return "below"
    return "about" if groups["about"] or groups["late"] else ""
