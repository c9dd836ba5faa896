"""Outcomes that exclude each other: approved or blocked, upheld or overturned."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language import fold
from bot.verify import negated

_OUTCOMES: Sequence[tuple[re.Pattern[str], re.Pattern[str]]] = tuple(
    (re.compile(yes), re.compile(no))
    for yes, no in (
        (r"\b(?:approved|cleared)\b|批准|核准|放行", r"\b(?:blocked|prohibited|rejected)\b|禁止|否决|驳回|不予批准"),
        (r"\bupheld\b|维持", r"\b(?:overturned|annulled|quashed)\b|撤销|推翻"),
        (r"\b(?:guilty|convicted)\b|有罪", r"\b(?:acquitted|not guilty)\b|无罪"),
        (r"\b(?:passed|adopted)\b|[获三]读?通过", r"\b(?:voted down|defeated)\b|未获通过|遭否决"),
    )
)


def opposed(a: str, b: str) -> bool:
    """Whether one text tells an outcome and the other its contrary."""
    first, second = fold(a), fold(b)
    return negated(a) == negated(b) and any(
        bool(yes.search(x) and no.search(y)) and not (no.search(x) or yes.search(y))
        for yes, no in _OUTCOMES
        for x, y in ((first, second), (second, first))
    )
