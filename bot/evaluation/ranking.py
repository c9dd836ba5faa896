"""Did the search find the evidence? Every formula is that of `ir_measures` (MacAvaney et al. 2022)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.evaluation.citations import covers
from bot.evaluation.records import Evidence, Result
from bot.language import detect
from bot.records import Language

MEASURES = {
    "success@1": "Success@1",
    "success@5": "Success@5",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "mrr@10": "RR@10",
    "ndcg@10": "nDCG@10",
    "map": "AP",
}
"""Our names of the measures, and those of ir_measures."""

_Keep = Callable[[Evidence], bool]


def retrieval(results: Sequence[Result]) -> list[dict[str, float]]:
    """Score each question's hits: `recall@10` … for evidence sentences, `article_recall@10` … for whole articles.

    Questions without evidence, or whose system gave no hits at all, get no scores. Where some questions have hits, one
    without found nothing.
    """
    return retrieval_where(results, lambda evidence: True)


def retrieval_by_language(results: Sequence[Result]) -> dict[Language, list[dict[str, float]]]:
    """Score the same lists again for the evidence in each language alone: which language does the search favour?"""
    known = _languages(results)
    evidence = {each for result in results for each in result.question.evidence}
    of = {each: each.language or known.get(each.article_id) or detect(each.sentence) for each in evidence}
    present: list[Language] = [each for each in ("en", "zh-Hans", "zh-Hant") if each in of.values()]
    return {each: retrieval_where(results, lambda one, each=each: of[one] == each) for each in present}  # type: ignore[misc]


def retrieval_where(results: Sequence[Result], keep: _Keep) -> list[dict[str, float]]:
    """Score the hits against the part of the evidence that `keep` lets through."""
    scores: list[dict[str, float]] = [{} for _ in results]
    if not any(result.hits for result in results):
        return scores
    for prefix, view in (("", _sentences), ("article_", _articles)):
        rankings = {str(index): view(result, keep) for index, result in enumerate(results)}
        for query, name, value in _measure({query: each for query, each in rankings.items() if any(each[0].values())}):
            scores[int(query)][prefix + name] = value
    return scores


_Ranking = tuple[dict[str, int], list[str]]
"""What is relevant, with its grade, and what was found, best first."""


def _sentences(result: Result, keep: _Keep) -> _Ranking:
    """Rank evidence sentences: a hit that covers new ones counts as these, any other (a repetition too) as a miss.

    So how much there is to find does not depend on how a system cuts its passages. A hit that covers some covers those
    of the reports for which it speaks, too: they need not be shown again.
    """
    evidence = [each for each in result.question.evidence if each.sentence and keep(each)]
    found: list[str] = []
    for rank, hit in enumerate(result.hits):
        held = [holds(hit, each) for each in evidence]
        others = spoken_for(hit) if any(held) else ()
        covered = [f"evidence {i}" for i, each in enumerate(evidence) if held[i] or each.article_id in others]
        found += [each for each in covered if each not in found] or [f"miss {rank}"]
    return {f"evidence {i}": each.grade for i, each in enumerate(evidence)}, found


def _articles(result: Result, keep: _Keep) -> _Ranking:
    """Rank articles: those that a hit names as reports of the same story come right after its own."""
    relevant = {each.article_id: each.grade for each in result.question.evidence if keep(each)}
    named = [each for hit in result.hits for each in (str(hit.get("article_id")), *spoken_for(hit))]
    return relevant, list(dict.fromkeys(named))


def spoken_for(hit: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the articles that a hit names as other reports of its story."""
    return tuple(str(each.get("article_id")) for each in hit.get("also_reported_by") or ())


def holds(hit: Mapping[str, Any], evidence: Evidence) -> bool:
    """Whether a hit, or a citation's JSON, is on a piece of evidence: on its sentence, or in its article."""
    start, end = hit.get("start"), hit.get("end")
    span = (start, end) if isinstance(start, int) and isinstance(end, int) else (-1, -1)
    text = str(hit.get("text") or hit.get("quote") or "")
    return hit.get("article_id") == evidence.article_id and (not evidence.sentence or covers(span, text, evidence))


def _measure(rankings: Mapping[str, _Ranking]) -> list[tuple[str, str, float]]:
    import ir_measures

    names = {ir_measures.parse_measure(theirs): ours for ours, theirs in MEASURES.items()}
    qrels = [
        ir_measures.Qrel(query, document, grade)
        for query, (relevant, _) in rankings.items()
        for document, grade in relevant.items()
    ]
    run = [
        ir_measures.ScoredDoc(query, document, -float(rank))
        for query, (_, found) in rankings.items()
        for rank, document in enumerate(found)
    ]
    values = ir_measures.iter_calc(list(names), qrels, run)
    return [(each.query_id, names[each.measure], float(each.value)) for each in values]


def _languages(results: Sequence[Result]) -> dict[str, Language]:
    """Return the languages of the articles that were found or cited, as the system gave them."""
    known: defaultdict[str, Language] = defaultdict()
    for result in results:
        for each in (*result.hits, *(result.answer.get("citations") or ())):
            if isinstance(each, Mapping) and each.get("language") in ("en", "zh-Hans", "zh-Hant"):
                known[str(each.get("article_id"))] = each["language"]
    return known
