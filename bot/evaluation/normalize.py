"""Texts made comparable: facts, tokens and dates, whatever the script, width, spacing or way of writing a date."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bot.values import dates, plain

_HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"

# --- facts ----------------------------------------------------------------------------------------------------------


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
