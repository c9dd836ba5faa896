"""Time that is told by an event: since the AI Act was passed, 个人信息保护法施行以来, before the DMA applied.

The glossary says when a law was passed and when it took effect; the words around its name say which is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.dates import TimeReading, Window
from bot.glossary import Glossary
from bot.language import fold, fold_with_offsets

_PASSED = "passed|adopted|approved|enacted|signed(?: into law)?|became law|通过|颁布|出台|公布|签署"
_EFFECTIVE = (
    "took effect|taken effect|came into (?:force|effect)|entered into force|went into (?:force|effect)"
    "|生效|施行|实施|上路"
)
_APPLIES = "began to apply|started to apply|started applying|applied|applies|适用"
_EVENT = f"(?:(?P<passed>{_PASSED})|(?P<effective>{_EFFECTIVE})|(?P<applies>{_APPLIES}))"
_ENGLISH_BEFORE = re.compile(r"\b(?P<side>since|after|before|following|until)\s+(?:the\s+|[\w.]+['’]s\s+|eu\s+){0,2}$")
_ENGLISH_AFTER = re.compile(
    r"\s+(?:was |were |has been |had been |has |had |first |finally |fully )*"
    rf"{_EVENT}\b"
)
_CHINESE_AFTER = re.compile(
    rf"[》」]?(?:的)?(?:正式|在[^\s，。？]{{1,6}}?)?{_EVENT}"
    r"(?P<side>以来|至今|之后|以后|后|之前|以前|前)"
)
_CHINESE_LEAD = re.compile(r"(?:自从|从|自|在)?(?:欧盟|中国|英国|美国|加州)?(?:的)?[《「]?$")
_BEFORE = ("before", "until", "之前", "以前", "前")


def read_anchor(question: str, reading: TimeReading, glossary: Glossary, *, today: date) -> TimeReading:
    """Add the window that an event sets, where the question's words set none that filters; future events set none."""
    if reading.window is not None and not reading.window.soft:
        return reading
    window = next((each for each in _windows(question, glossary) if (each.since or date.min) <= today), None)
    return TimeReading(window, reading.latest, question) if window else reading


def _windows(question: str, glossary: Glossary) -> Iterator[Window]:
    folded = fold_with_offsets(question)
    for mention in glossary.find(question):
        start, end = (len(fold(question[:at])) for at in (mention.start, mention.end))
        for side, event, first, last in _told(folded.text, start, end):
            day = getattr(mention.entity, event) or (mention.entity.effective if event == "applies" else None)
            if day:
                span = folded.original(first, last)
                before = side in _BEFORE
                since, until = (None, day - timedelta(days=1)) if before else (day, None)
                yield Window(since, until, *span)


def _told(text: str, start: int, end: int) -> Iterator[tuple[str, str, int, int]]:
    """Yield the side, the event and the span of each reading of the words around a name."""
    lead, after = _ENGLISH_BEFORE.search(text[:start]), _ENGLISH_AFTER.match(text, end)
    if lead and after:
        yield lead["side"], _event(after), lead.start(), after.end()
    chinese = _CHINESE_AFTER.match(text, end)
    if chinese:
        before = _CHINESE_LEAD.search(text[:start])
        first = before.start() if before else start
        yield chinese["side"], _event(chinese), first, chinese.end()


def _event(match: re.Match[str]) -> str:
    return next(name for name in ("passed", "effective", "applies") if match[name])
