"""The figures of an evaluation: per question, and over all of them with intervals. No model judges here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bot.evaluation import statistics
from bot.evaluation.citations import citation_scores
from bot.evaluation.measures import MEASURES
from bot.evaluation.normalize import exact_match, key_facts, token_f1, tokens
from bot.evaluation.ranking import retrieval, retrieval_by_language
from bot.evaluation.reading import Bodies, Reading
from bot.evaluation.records import Question, Result
from bot.evaluation.refusal import Decision, arrays, aurc, confidence, excess_aurc, ratios, risk_coverage
from bot.evaluation.script import consistency, purity
from bot.evaluation.statistics import Estimate
from bot.glossary import Glossary
from bot.language import detect, fold
from bot.records import LANGUAGES

__all__ = ["aggregate", "retrieval", "score"]

Scores = Mapping[str, float]
_NOTHING = Glossary()


def score(result: Result, bodies: Bodies, *, glossary: Glossary = _NOTHING) -> dict[str, float]:
    """Score one question; a measure that does not apply to it is absent.

    `bodies` gives the original body of an article, `glossary` the names that a claim and its quotation must share.
    `retrieval` scores the hits, of all questions at once.
    """
    question = result.question
    graded = bool(question.answers) or not question.answerable
    if result.error is not None:
        return {"errors": 1.0, **({"correct": 0.0} if graded else {})}
    if not result.answer:
        return {}
    reading = Reading.of(result.answer, bodies)
    scores = {"errors": 0.0}
    if graded:
        scores["decision"] = float(reading.abstained != question.answerable)
    if (pure := purity(reading.own_words(), question.language)) is not None:
        scores["script_purity"] = pure
    if reading.abstained:
        scores |= _refused(question)
    else:
        scores["answer_tokens"] = float(len(tokens(reading.text)))
        scores |= _answered(reading.text, question) if question.answerable else {}
        scores |= citation_scores(reading, question, glossary)
    if graded:
        right = scores.get("key_facts") == 1 if question.answerable else reading.abstained
        scores["correct"] = float(right)
    return scores


def _answered(text: str, question: Question) -> dict[str, float]:
    scores = {}
    if question.answers:
        stated = key_facts(text, question.answers)
        scores["key_facts"] = sum(stated) / len(stated)
        scores["f1"] = token_f1(text, question.answers)
    if len(question.answers) == 1:
        scores["em"] = exact_match(text, question.answers[0])
    language = detect(text)[:2]
    alike = [
        fold(each.sentence) for each in question.evidence if each.sentence and detect(each.sentence)[:2] == language
    ]
    if alike:
        import sacrebleu

        scores["chrf"] = sacrebleu.sentence_chrf(fold(text), alike).score / 100
    return scores


def _refused(question: Question) -> dict[str, float]:
    """Return what a refusal costs where there was an answer: nothing is stated, cited or proved."""
    if not question.answerable:
        return {}
    scores = dict.fromkeys(("key_facts", "f1", "facts_proved") if question.answers else (), 0.0)
    if len(question.answers) == 1:
        scores["em"] = 0.0
    if question.evidence:
        scores["citation_recall_article"] = 0.0
        if all(each.sentence for each in question.evidence):
            scores["citation_recall_sentence"] = 0.0
    return scores


# --- over all questions ---------------------------------------------------------------------------------------------


def aggregate(results: Sequence[Result], scores: Sequence[Scores], seed: int) -> dict[str, Any]:
    """Sum up: `metrics`, `by` type, language and grid, `curves`, `latency_ms`, `counts`.

    Every figure has its 95 % bootstrap interval. `scores` are those of `score` and `retrieval` together, one a result.
    """
    readings = [Reading.of(each.answer, lambda _: None) for each in results]
    decided = [_decision(*each) for each in zip(results, readings, scores, strict=True)]
    return {
        "metrics": _ordered(
            {
                **_estimates(results, scores, decided, seed),
                **_surest([each for each in decided if each], seed),
                **{
                    name: statistics.mean(values, [""] * len(values), seed=seed)
                    for name, values in consistency(results, readings).items()
                },
            }
        ),
        "by": {
            "type": _by(lambda question: question.type, results, scores, decided, seed),
            "language": _by(lambda question: question.language, results, scores, decided, seed),
            "grid": _grid(results, seed),
        },
        "curves": _curves([each for each in decided if each]),
        "latency_ms": latency(results),
        "counts": _counts(results, decided),
    }


def latency(results: Sequence[Result]) -> dict[str, dict[str, float | int]]:
    """Return the median and the 95th percentile of each stage that the answers name, in milliseconds."""
    stages: dict[str, list[float]] = {}
    for result in results:
        timings = result.answer.get("timings_ms")
        for stage, value in timings.items() if isinstance(timings, Mapping) else ():
            if isinstance(value, int | float):
                stages.setdefault(str(stage), []).append(float(value))
    return {stage: statistics.percentiles(values) for stage, values in stages.items()}


def _decision(result: Result, reading: Reading, scores: Scores) -> Decision | None:
    if "decision" not in scores:
        return None
    right = scores["correct"] == 1 and not reading.abstained
    return Decision(reading.abstained, result.question.answerable, confidence(reading), right)


def _estimates(
    results: Sequence[Result], scores: Sequence[Scores], decided: Sequence[Decision | None], seed: int
) -> dict[str, Estimate]:
    groups = [each.question.group for each in results]
    estimates = {}
    for name in dict.fromkeys(name for each in scores for name in each):
        pairs = [(each[name], group) for each, group in zip(scores, groups, strict=True) if name in each]
        estimates[name] = statistics.mean(*zip(*pairs, strict=True), seed=seed)
    known = [(each, group) for each, group in zip(decided, groups, strict=True) if each]
    if any(not each.answerable for each, _ in known):
        for name, (above, below) in ratios([each for each, _ in known]).items():
            estimates[name] = statistics.ratio(above, below, [group for _, group in known], seed=seed)
    return _ordered({name: each for name, each in estimates.items() if each["value"] is not None})


def _surest(decided: Sequence[Decision], seed: int) -> dict[str, Estimate]:
    if not decided:
        return {}
    confidences, losses = arrays(decided)
    measures = {"aurc": aurc, "e_aurc": excess_aurc}
    return {name: statistics.estimate(each, confidences, losses, seed=seed) for name, each in measures.items()}


def _by(
    key: Callable[[Question], str],
    results: Sequence[Result],
    scores: Sequence[Scores],
    decided: Sequence[Decision | None],
    seed: int,
) -> dict[str, dict[str, Estimate]]:
    kinds = sorted({key(each.question) for each in results})
    chosen = {kind: [i for i, each in enumerate(results) if key(each.question) == kind] for kind in kinds}
    return {
        kind: _estimates([results[i] for i in each], [scores[i] for i in each], [decided[i] for i in each], seed)
        for kind, each in chosen.items()
    }


def _grid(results: Sequence[Result], seed: int) -> list[dict[str, Any]]:
    """Score the search for each pair of question language and document language, each with its script."""
    cells = []
    by_document = retrieval_by_language(results)
    for asked in LANGUAGES:
        for document, scores in by_document.items():
            pairs = [(r, s) for r, s in zip(results, scores, strict=True) if r.question.language == asked and s]
            if pairs:
                some, their = [each for each, _ in pairs], [each for _, each in pairs]
                estimates = _estimates(some, their, [None] * len(some), seed)
                cells.append({"question": asked, "document": document, "n": len(some), "metrics": estimates})
    return cells


def _curves(decided: Sequence[Decision]) -> dict[str, Any]:
    answered = [each for each in decided if not each.abstained]
    curves: dict[str, Any] = {"risk_coverage": risk_coverage(decided)}
    if decided:
        risk = float(np.mean([each.loss for each in answered])) if answered else 0.0
        curves["working_point"] = {"coverage": round(len(answered) / len(decided), 4), "risk": round(risk, 4)}
    return curves


def _counts(results: Sequence[Result], decided: Sequence[Decision | None]) -> dict[str, int]:
    known = [each for each in decided if each]
    return {
        "questions": len(results),
        "errors": sum(each.error is not None for each in results),
        "answered_right": sum(each.answerable and not each.abstained and each.right for each in known),
        "answered_wrong": sum(each.answerable and not each.abstained and not each.right for each in known),
        "refused_wrongly": sum(each.answerable and each.abstained for each in known),
        "refused_rightly": sum(not each.answerable and each.abstained for each in known),
        "answered_unanswerable": sum(not each.answerable and not each.abstained for each in known),
    }


def _ordered(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Put the measures in the order of the report, unknown ones last."""
    known = list(MEASURES)
    return dict(sorted(estimates.items(), key=lambda each: known.index(each[0]) if each[0] in known else len(known)))
