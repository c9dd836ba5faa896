"""Words that mean something else on another day: yesterday, 昨日, last Friday, 上個月."""

from __future__ import annotations

import re

from bot.language import fold

_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DEICTIC = re.compile(
    rf"\b(?:yesterday|today|tonight|tomorrow)\b|\b(?:last|next|this|past|coming|previous) "
    rf"(?:{_WEEKDAY}|night|week(?:end)?|month|quarter|year|spring|summer|autumn|fall|winter)\b"
    rf"|\b(?:on|by|until|since|late|early) {_WEEKDAY}\b"
    r"(?!,? (?:\d|the \d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)))"
    r"|\b(?:(?:\d+|an?|two|three|several|a few) (?:hour|day|week|month)s?|earlier this \w+) ago\b"
    r"|[昨今明][天日早晚晨]|[前后]天|[今去明]年|[上本下](?:个?月|周|星期|礼拜|季度|半年)"
    r"|(?:周|星期|礼拜)[一二三四五六日天](?!\d)|(?<![\d年月])(?<!\d )\d{1,2}日(?!本)"
)


def is_deictic(sentence: str) -> bool:
    """Whether a sentence can only be understood with the day on which it was published."""
    return bool(_DEICTIC.search(fold(sentence)))
