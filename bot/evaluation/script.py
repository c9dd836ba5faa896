"""Is an answer written in its reader's script, and does the same question in another script get the same answer?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import combinations
from statistics import fmean

from bot.evaluation.reading import Reading
from bot.evaluation.records import Result
from bot.language import detect
from bot.records import Language

_BRACKETED = re.compile(r"[(（][^()（）]*[)）]")


def purity(text: str, language: Language) -> float | None:
    """Return the share of characters that are of the right script, of those that belong to one script only.

    For Chinese these are the characters that are written differently in the other Chinese script; for English they are
    letters against Han characters outside brackets. None where there are none.
    """
    kinds = [kind for kind in map(_kind, _BRACKETED.sub(" ", text)) if kind]
    if language != "en":
        kinds = [kind for kind in kinds if kind in ("zh-Hans", "zh-Hant")]
        return fmean(kind == language for kind in kinds) if kinds else None
    return fmean(kind == "en" for kind in kinds) if kinds else None


@cache
def _kind(character: str) -> str:
    """Tell what a character belongs to: en, zh-Hans or zh-Hant alone, `han` for both, or nothing."""
    if not character.isalpha():
        return ""
    kinds = {detect(character, default="zh-Hans"), detect(character, default="zh-Hant")}
    return "han" if len(kinds) == 2 else str(kinds.pop())


def consistency(results: Iterable[Result], readings: Iterable[Reading]) -> dict[str, list[float]]:
    """Compare the answers to the same question asked in several languages or scripts, one value a question.

    `consistency_articles` is the mean Jaccard index of the articles cited over all pairs of answers that cite any;
    `consistency_abstention` is 1 where all of them refuse or none does.
    """
    families: defaultdict[str, list[Reading]] = defaultdict(list)
    for result, reading in zip(results, readings, strict=True):
        if result.question.parallel and result.error is None and result.answer:
            families[result.question.parallel].append(reading)
    values: Mapping[str, list[float]] = {"consistency_articles": [], "consistency_abstention": []}
    for family in families.values():
        if len(family) < 2:
            continue
        values["consistency_abstention"].append(float(len({each.abstained for each in family}) == 1))
        if (shared := _jaccard([{one.article_id for one in each.citations.values()} for each in family])) is not None:
            values["consistency_articles"].append(shared)
    return {name: each for name, each in values.items() if each}


def _jaccard(cited: Sequence[set[str]]) -> float | None:
    pairs = [(one, other) for one, other in combinations(cited, 2) if one | other]
    return fmean(len(one & other) / len(one | other) for one, other in pairs) if pairs else None
