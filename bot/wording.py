"""What wording gives away: the figures that a question is after, and whether a sentence sets two against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language import fold
from bot.measures import DATES, Measure, measures
from bot.values import CURRENCIES
from bot.verify import negated

# --- questions ------------------------------------------------------------------------------------------------------

_MONEY = re.compile(
    r"how much|\b(?:fined?|cost|amount|paid|pay|penalty|raise|worth|price|sum|losse?s?|charges?)\b"
    r"|多少(?:钱|元|亿|万)|[罚募损失金额元]|赔|款"
)
_PERCENT = re.compile(r"percent|share|\bgr[eo]w|proportion|how much of|%|比例|占|份额|股|几成|率|增长|增速")
_LASTING = re.compile(r"how long|how many (?:days|months|years|hours)|多久|多长|[几多少][个]?(?:天|日|月|年|小时)|时限")
_COUNT = re.compile(r"how many|number of|threshold|figures?\b|多少|几[家个名款起件票]|门槛|人数|数字|数量")
_WHEN = re.compile(
    r"\bwhen\b|what (?:date|day|month|year)|which (?:day|month|year)|何时|何日|什么时候|时间|日期|哪一?[天年月日]"
    r"|几[号月]"
)
_ASKED: Sequence[tuple[re.Pattern[str], frozenset[str]]] = (
    (_WHEN, DATES),
    (_LASTING, frozenset({"day", "month", "year", "hour"})),
    (_PERCENT, frozenset({"percent"})),
    (_COUNT, frozenset({"company", "person", "case", "vote", "item", "seat"})),
    (_MONEY, frozenset(CURRENCIES)),
)


def asked(question: str) -> frozenset[str]:
    """Return the units in which a question may be answered, also those of the figures that it names."""
    folded = fold(question)
    kinds = frozenset[str]().union(*(units for pattern, units in _ASKED if pattern.search(folded)))
    return kinds | {each.unit for each in named(question)}


_SCALE = r"thousand|million|billion|trillion|bn|万亿|[十百千]?[万亿]"
_EITHER = re.compile(
    rf"(\d[\d.,]*)\s?({_SCALE})?(\s?(?:or|vs\.?|versus|还是|或)\s?)(?=\d[\d.,]*\s?({_SCALE})?\s?(%|[a-z]+|[㐀-鿿]{{1,2}}))"
)


def named(question: str) -> list[Measure]:
    """Return the figures that a question names; in `1.5 or 1 percent` the first takes the unit of the second."""
    found = measures(_EITHER.sub(lambda m: f"{m[1]} {m[2] or m[4] or ''}{m[5]}{m[3]}", fold(question)))
    return [each for each in found if each.unit not in DATES]


_DOUBT = re.compile(
    r"\b(?:differ|agree|match|conflict|discrepan|dispute|contradict|inconsisten)|reports? var|\bdraft\b.*\bfinal"
    r"|说法|[稿案][^？]{0,6}定稿|(?:数字|口径|为何|为什么|前后)[^？]{0,8}不同|不一|一致|一样|到底|究竟|前后|矛盾|出入"
)
_NEWEST = re.compile(r"\b(?:now|current(?:ly)?|latest|newest|today)\b|现在|目前|如今|最新|现时")
_NO_FIGURE = re.compile(r"\b(?:why|who|whom)\b|为什么|为何|原因|谁")
_FIGURE = re.compile(r"\bhow (?:much|many|long)\b|\bwhen\b|多少|几|何时|什么时候")
_WHICH = re.compile(
    r"\bwhich\b.*\b(?:more|larger|higher|bigger|less)\b|\bcompare|times (?:the|as)"
    r"|哪.*[更较多重高]|差多少|几倍|多少倍|区别|变化"
)


def doubts(question: str) -> bool:
    """Whether a question says or supposes that accounts differ."""
    return bool(_DOUBT.search(fold(question)))


def newest(question: str) -> bool:
    """Whether only what holds now is asked for."""
    return bool(_NEWEST.search(fold(question)))


def unmeasured(question: str) -> bool:
    """Whether a reason or a name is asked for, and no figure."""
    folded = fold(question)
    return bool(_NO_FIGURE.search(folded)) and not _FIGURE.search(folded)


def compares(question: str) -> bool:
    """Whether the figures of two things are asked for: they may well differ."""
    return bool(_WHICH.search(fold(question)))


# --- sentences ------------------------------------------------------------------------------------------------------

_AGAINST = re.compile(
    r"reported differently|\bhad (?:been )?(?:put|reported|given|estimated|stated)\b|finally imposed"
    r"|\bwhile .{1,60}\b(?:cited|according to|said|put|reported)\b"
    r"|说法不|不一致|有所不同|有出入|前后讲|则[称说是]|比[^，；。]{0,16}(?:公布|预计|报道|估计)[^，；。]{0,16}[多少高低]"
    r"|[高低多少][于][^，；。]{0,16}(?:公布|预计|报道|估计)"
)
_REVISED = re.compile(
    r"\b(?:cut|reduced|lowered|revised|raised) (?:it |the fine |that )?(?:from|to)\b|[减降][至为到]|改为"
)


def contrasts(sentence: str) -> bool:
    """Whether a sentence says that a figure is given in several ways."""
    return bool(_AGAINST.search(fold(sentence)))


def revises(sentence: str) -> bool:
    """Whether a sentence says that a figure was replaced by another."""
    return bool(_REVISED.search(fold(sentence)))


_OUTCOMES: Sequence[tuple[re.Pattern[str], re.Pattern[str]]] = tuple(
    (re.compile(yes), re.compile(no))
    for yes, no in (
        (r"\b(?:approved|cleared)\b|批准|核准|放行", r"\b(?:blocked|prohibited|rejected)\b|禁止|否决|驳回"),
        (r"\bupheld\b|维持", r"\b(?:overturned|annulled|quashed)\b|撤销|推翻"),
        (r"\b(?:pleaded guilty|found guilty|convicted)\b", r"\bacquitted\b"),
        (r"\b(?:passed|adopted)\b|[获三]读?通过", r"\b(?:voted down|defeated)\b|遭?否决"),
    )
)


def opposed(a: str, b: str) -> bool:
    """Whether one text tells an outcome and the other its contrary; where one of them is negated, nothing is said."""
    first, second = fold(a), fold(b)
    return negated(a) == negated(b) and any(
        bool(yes.search(x) and no.search(y)) and not (no.search(x) or yes.search(y))
        for yes, no in _OUTCOMES
        for x, y in ((first, second), (second, first))
    )
