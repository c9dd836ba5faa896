"""Texts made comparable: facts, tokens and dates, whatever the script, width, spacing or way of writing a date."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.language import fold

_HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_CJK = f"\u2e80-\u30ff\uff01-\uff60{_HAN}"
_LIKE = str.maketrans("’‘“”„‐‑–—−「」『』", '\'\'"""-----""""')
_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_BESIDE_HAN = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_SHORT_MONTH = re.compile(r"\b(jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?")
_MONTHS = {name[:3].lower(): name.lower() for name in calendar.month_name[1:]}

# --- facts ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Fold a text, and write thousands, spaces beside Han, quotation marks, dashes and months in one way."""
    text = _COMMA.sub("", fold(text).translate(_LIKE))
    text = _SHORT_MONTH.sub(lambda match: _MONTHS[match.group(1)[:3]], text)
    return " ".join(_BESIDE_HAN.sub("", text).split())


def states(text: str, accepted: str) -> bool:
    """Whether a text states an accepted answer: the same words or number, or the same date written another way.

    What begins or ends in a Latin letter or a digit must begin or end there in the text too: 155 is not in 1155 nor
    in 155.5, and `fine` not in `defined`.
    """
    wanted = plain(accepted)
    if not wanted:
        return False
    before = r"(?<![a-z0-9])(?<!\d[.,])" if wanted[0].isascii() and wanted[0].isalnum() else ""
    after = r"(?![a-z0-9])(?![.,]\d)" if wanted[-1].isascii() and wanted[-1].isalnum() else ""
    if re.search(before + re.escape(wanted) + after, plain(text)):
        return True
    asked = dates(accepted)
    return len(asked) == 1 and asked[0].whole(accepted) and any(asked[0].within(each) for each in dates(text))


def key_facts(text: str, groups: Sequence[Sequence[str]]) -> list[bool]:
    """Tell for each needed fact whether a text states any of its accepted strings."""
    return [any(states(text, accepted) for accepted in group) for group in groups]


# --- tokens ---------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(rf"[{_HAN}]|\d+(?:\.\d+)*|[^\W\d_{_HAN}]+")
_ARTICLES = frozenset(("a", "an", "the"))


def tokens(text: str) -> list[str]:
    """Cut a folded text as CMRC 2018's script does (Cui et al. 2019, `mixed_segmentation`, `remove_punctuation`).

    A Han character is a token, a run of Latin letters or of digits is one, punctuation is none (DRCD, Shao et al.
    2018, counts characters too). English articles are dropped as in SQuAD (Rajpurkar et al. 2016).
    """
    return [token for token in _TOKEN.findall(plain(text)) if token not in _ARTICLES]


def token_f1(prediction: str, groups: Sequence[Sequence[str]]) -> float:
    """Return the F1 of shared tokens (SQuAD, Rajpurkar et al. 2016) with the expected facts.

    Of each group the string is taken that the prediction comes nearest to; the strings of all groups together are
    what is expected. CMRC's own script compares the longest common run instead of the bag of tokens.
    """
    found = Counter(tokens(prediction))
    best = [
        max((Counter(tokens(each)) for each in group), key=lambda bag: _f1(found, bag)) for group in groups if group
    ]
    return _f1(found, sum(best, Counter()))


def exact_match(prediction: str, group: Sequence[str]) -> float:
    """Return 1 if the prediction is one of the accepted strings, punctuation, case and script aside (SQuAD, CMRC)."""
    return float(any(tokens(prediction) == tokens(accepted) for accepted in group))


def k_precision(claim: str, knowledge: str) -> float | None:
    """Return the share of a claim's tokens that its source holds (K-Precision, Adlakha et al. 2024, TACL)."""
    said = Counter(tokens(claim))
    return (said & Counter(tokens(knowledge))).total() / said.total() if said else None


def _f1(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


# --- dates ----------------------------------------------------------------------------------------------------------


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
        return self.month is not None and not _TOKEN.search(plain(text)[: self.start] + plain(text)[self.end :])


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
