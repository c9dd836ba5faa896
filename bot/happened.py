"""The day on which something happened, as the sentence that tells it gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.briefings import Precision
from bot.language import fold
from bot.lines import looks_ahead
from bot.values import Date, dates, firm


@dataclass(frozen=True, slots=True)
class When:
    """A day, or a month by its first day; `stated` is off where only the day of publication is known."""

    day: date
    precision: Precision = "day"
    stated: bool = True

    def meets(self, other: When, *, slack: int) -> bool:
        """Whether both may be one time: within so many days, or the one in the month of the other."""
        if "month" in (self.precision, other.precision):
            return (self.day.year, self.day.month) == (other.day.year, other.day.month)
        return abs((self.day - other.day).days) <= slack


def happened(sentence: str, published: date | None) -> When | None:
    """Return when what a sentence tells happened or is to happen; None where it states neither day nor month.

    Of several dates the first counts that is not merely referred to (`since`, 截至). A date without a year is the
    nearest to the day of publication, from which a weekday counts back; without that day it says nothing.
    """
    folded = fold(sentence)
    ahead = looks_ahead(sentence)
    found = [when for each in _stated(folded) if (when := _day(each, published, ahead=ahead))]
    days = [each for each in found if each.precision == "day"]
    weekday = _weekday(folded, published) if published else None
    if weekday and not any(weekday.meets(each, slack=1) for each in days):
        return weekday
    return next(iter(days or found), None)


def dated(published: date) -> When:
    """Take the day of publication for when something happened."""
    return When(published, stated=False)


def _stated(folded: str) -> Iterator[Date]:
    """Yield the dates that a sentence states for its own sake, each with the year of the one before if it has none."""
    year: int | None = None
    month: int | None = None
    for each in dates(folded):
        if not (firm(each, folded) or _on_a_day(each, folded)):
            continue
        filled = Date(each.year or year, each.month or (month if each.day else None), each.day, each.start, each.end)
        year, month = filled.year, filled.month
        before, after = folded[: each.start].rstrip(), folded[each.end :].lstrip()
        named = not filled.day and _NAMED_AFTER.match(after)
        if (filled.month or filled.day) and not (named or _REFERRED.search(before) or _REFERRED_AFTER.match(after)):
            yield filled


def _on_a_day(found: Date, folded: str) -> bool:
    """Whether 10日 is the tenth and not ten days."""
    if not found.day or found.month or folded[found.end - 1] != "日":
        return False
    return not (_COUNTED.match(folded, found.end) or _COUNTING.search(folded[: found.start]))


def _day(found: Date, published: date | None, *, ahead: bool) -> When | None:
    """Return the day that a date means for who reads it on the day of publication."""
    if found.year and found.month:
        return _when(found.year, found.month, found.day)
    if published is None:
        return None
    if found.month:
        years: Sequence[int] = [published.year - 1, published.year, published.year + 1]
        meant = [when for year in years if (when := _when(year, found.month, found.day))]
    else:
        last = published.replace(day=1) - timedelta(1)
        months = [(published.year, published.month), (last.year, last.month)]
        meant = [when for year, month in months if (when := _when(year, month, found.day))]
    if not ahead:
        meant = [each for each in meant if each.day <= published + timedelta(LATER)]
    return min(meant, key=lambda each: abs((each.day - published).days), default=None)


LATER = 1
"""Days by which a report may come out before the day that it tells of: time zones."""


def _when(year: int, month: int, day: int | None) -> When | None:
    try:
        return When(date(year, month, day or 1), "day" if day else "month")
    except ValueError:
        return None


def _weekday(folded: str, published: date) -> When | None:
    """Return the day that `on Thursday`, 周四 or `today` means in a report of this day."""
    if match := _WEEKDAY.search(folded):
        names = _DAYS_EN if match["en"] else _DAYS_ZH
        back = (published.weekday() - names.index(match["en"] or match["zh"])) % 7
        return When(published - timedelta(back))
    if match := _NEAR.search(folded):
        return When(published - timedelta(1 if match["yesterday"] else 0))
    return None


_DAYS_EN = ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
_DAYS_ZH = "一二三四五六日"
_WEEKDAY = re.compile(
    r"(?<!last )(?<!next )(?<!by )(?<!until )\b(?P<en>mon|tues|wednes|thurs|fri|satur|sun)day\b(?! to )"
    r"(?!,? (?:\d|the \d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)))"
    r"|(?<![上下每])(?:周|星期)(?P<zh>[一二三四五六日])(?![至到、])(?![(（]\d)"
)
_NEAR = re.compile(r"(?P<yesterday>\byesterday\b|昨[日天晚])|\btoday\b|今[日天](?!的头条)")
_COUNTED = re.compile("(?:工作|之?[内前后间]|以[内前后上下]|[的期或起])")
_COUNTING = re.compile("(?:[第每满逾近约过共达为]|至少|不少于|连续|间隔|期限)$")
_REFERRED = re.compile(
    r"(?:\b(?:between .{1,40} and|which ends? on"
    r"|since|until|till|before|after|following|between|as of|up to|ending|ended|than|the|of|dated|a|an|to)"
    r"|截至|截止|早于|晚于|至|到|依据|根据|按照|原[定订]|原计划|[的])$"
)
_REFERRED_AFTER = re.compile(
    r"(?:[^,，。]{0,8}以来|[^,，。]{0,12}(?:出台|制定|公布|发布|通过|签署|作出|启动|施行|提出|开始)的|[之以]前|[之以]后(?![，,])|至今|为止|[-–—至到](?=\d)|的(?!时候)|版|(?:deadline|complaint|draft|decision|ruling|notice"
    r"|order|law|act|fine|letter|judgment|agreement|election|offer|listing|probe)\b)"
)
_NAMED_AFTER = re.compile(r"[^,，。于在]{0,6}(?:规则|条例|办法|判决|裁决|决定|法案|协议|新规)")
"""A month that names a thing: 2023年10月出口管制规则."""
