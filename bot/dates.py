"""Time expressions in a question -> a window of publication dates.

Expressions of all three scripts are met in the folded form and read by one grammar. Three ideas decide what becomes of
them. A relative expression (last month, 去年) or a word for news says when articles were published: the window is
hard. A period in which something happened (in March 2022, 2021年9月) only makes articles of that time more likely:
the window is soft. A date that names a thing (the 2020 complaint, 2018年的罚款), a day (on 1 November 2021) and the
date of a figure (as of May 2025, 截至2024年底) is content, as are periods that are compared: there is no window.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Window:
    """Publication dates, both inclusive, None where open; `question[start:end]` says so.

    A soft window is when something happened: prefer what was published then, but do not drop what was not.
    """

    since: date | None
    until: date | None
    start: int
    end: int
    soft: bool = False


@dataclass(frozen=True, slots=True)
class TimeReading:
    """What a question says about time; `text` is the question without the window's words, for searching."""

    window: Window | None
    latest: bool
    text: str


# --- points in time, in folded text: no capitals, no traditional characters, no full-width digits ---------------------

_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ORDINALS = {
    w: n for n, pair in enumerate(("first 1st", "second 2nd", "third 3rd", "fourth 4th"), 1) for w in pair.split()
}
_SHIFTS = {w: n for n, words in enumerate(("上上 前年", "last previous 上 去年", "this current 本 这 今年 本年", "next 下 明年", "后年"), -2)
           for w in words.split()}  # fmt: skip
_PARTS = {w: n for n, words in enumerate(("early beginning start 初 上旬", "mid middle 中 中旬", "late end 底 末 下旬"))
          for w in words.split()}  # fmt: skip
_DAYS_AGO = {"today": 0, "今天": 0, "今日": 0, "yesterday": 1, "昨天": 1, "昨日": 1, "前天": 2, "前日": 2}
_DAYS_AGO["day before yesterday"] = 2
_WEEKDAYS = {
    w: n
    for n, pair in enumerate(("mon 一", "tue 二", "wed 三", "thu 四", "fri 五", "sat 六", "sun 日"))
    for w in pair.split()
}
_WEEKDAYS["天"] = 6
_UNITS = {"day": "day", "天": "day", "日": "day", "week": "week", "周": "week", "星期": "week", "礼拜": "week"}
_UNITS |= {
    "month": "month",
    "月": "month",
    "quarter": "quarter",
    "季": "quarter",
    "季度": "quarter",
    "year": "year",
    "年": "year",
}

_HAN = "〇零一二三四五六七八九"
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_NOT_YEAR = r"(?![.,/:]?\d|-\d{1,3}\b|\s?(?:%|percent|[mb]illion|thousand|yuan|rmb|dollars|euros|pounds|people|users|companies))"
_YEAR = r"(?<![$€£¥#.,/\d])\b(?P<year>(?:19[89]|20\d)\d)\b" + _NOT_YEAR
_YEARS = rf"(?:{_YEAR}|(?P<shift>last|this|next|previous) year)\b"
_OF_YEAR = rf"(?:,? (?:(?:of|in) )?{_YEARS})"
_PART = r"\b(?:(?P<part>early|mid|late|(?:beginning|start|middle|end)(?= of| in)|(?:in )?)(?: of| in)?[- ]?)"
_PART = r"\b(?:(?P<part>early|mid|late|beginning|start|middle|end)(?: of| in)?[- ])?"
_NUMBER = rf"\d{{1,3}}|{'|'.join(_NUMBERS)}"
_HAN_NUMBER = rf"(?<![\d第每{_HAN}十])(?:\d{{1,2}}|[{_HAN[2:]}两十]{{1,3}})"
_HAN_YEAR = (
    rf"(?:(?:民国\s?(?P<roc>\d{{1,3}}|[{_HAN}十百]{{1,5}})|(?<![\d.])(?P<year>(?:19[89]|20\d)\d|[一二][{_HAN}]{{3}}))\s?年度?"
    r"|(?P<shift>去年|前年|今年|本年|明年|后年)度?)"
)
_PART_ENDS = r"(?!步|审|创|期|级|次|特律|线|层)"
_POINTS = [
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?<![\d.-])(?P<year>(?:19|20)\d\d)(?P<dash>[-/.])(?P<month>\d\d?)(?P=dash)(?P<day>\d\d?)(?![\d-])",
        r"(?<![\d.-])(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)(?![\d-])",
        rf"\b(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? {_MONTH}{_OF_YEAR}?",
        rf"\b{_MONTH} (?P<day>\d\d?)(?:st|nd|rd|th)?\b{_OF_YEAR}?",
        rf"{_PART}\b{_MONTH}{_OF_YEAR}?",
        rf"\b(?:(?P<nth>{'|'.join(_ORDINALS)}) (?P<what>quarter|half)|(?P<what2>[qh])(?P<n2>[1-4]))\b{_OF_YEAR}?",
        rf"{_YEAR} ?(?P<what2>[qh])(?P<n2>[1-4])\b",
        rf"{_PART}{_YEARS}",
        rf"\b(?P<shift>last|this|next|previous|current) (?:(?P<unit>week|month|quarter)\b|{_MONTH}|(?P<weekday>(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*day)\b)",
        rf"\b(?:past|last|previous) (?P<rolling>{_NUMBER})[ -](?P<unit>day|week|month|quarter|year)s?\b",
        r"\b(?:the (?:past|last)|past) (?P<unit>day|week|month|quarter|year)\b(?P<rolling>)",
        rf"\b(?P<ago>{_NUMBER}|an?) (?P<unit>day|week|month|year)s? ago\b",
        r"\b(?P<days>today|yesterday|(?:the )?day before yesterday)\b",
        rf"{_HAN_YEAR}?\s?(?<![\d个每{_HAN}十])(?P<month>\d\d?|[{_HAN}十]{{1,3}})\s?月(?:份|(?P<day>\d+|[{_HAN}十]{{1,3}})[日号]"
        rf"|(?P<part>[上中下]旬|中(?=$|[,。?、的])|[初底末]{_PART_ENDS}))?",
        rf"{_HAN_YEAR}?的?(?P<half>[上下])半年",
        rf"{_HAN_YEAR}(?:的?第?(?P<quarter>[一二三四1-4])季度?|\s?(?P<what2>[qh])(?P<n2>[1-4])\b)|第(?P<quarter2>[一二三四1-4])季度?",
        rf"{_HAN_YEAR}(?:年?(?P<part>[初底末]{_PART_ENDS})|(?P<part2>年中|中(?=$|[,。?、的])))?",
        r"(?<![\d.])(?P<year>(?:19[89]|20\d)\d)(?=\s?[-–—~至到]\s?(?:19|20)\d\d\s?年)",
        r"(?<!以)(?P<shift>上上|[上本这下])一?个?(?P<unit>月|周|星期|礼拜|季度?)(?P<weekday>(?<!月)(?<!季)(?<!度)[一二三四五六日天])?",
        rf"(?:近|过去)的?(?:这)?(?P<rolling>半|(?:{_HAN_NUMBER}))个?(?P<unit>天|日|周|星期|礼拜|月|季度?|年)(?:以?来|之?[内间])?",
        rf"(?P<rolling>半|(?:{_HAN_NUMBER}))个?(?P<unit>天|日|周|星期|礼拜|月|季度|年)以?来",
        rf"(?P<ago>{_HAN_NUMBER})个?(?P<unit>天|日|周|星期|礼拜|月|年)[之以]?前",
        r"(?P<days>昨天|昨日|前天|前日|今天|今日)",
    )
]
