"""From results to what a report says of them, the list of questions included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.errors import MissingExtra
from bot.evaluation.records import Result
from bot.glossary import Glossary
from bot.records import to_json

Bodies = Callable[[str], str | None]


def figures(
    results: Sequence[Result], bodies: Bodies, *, glossary: Glossary, seed: int, progress: Callable[[int], None]
) -> dict[str, Any]:
    """Score every result and sum up. Raises MissingExtra without the extra `eval`."""
    try:
        from bot.evaluation import metrics
    except ImportError as error:
        raise MissingExtra(
            f"Evaluation needs the package {error.name!r}.", hint="Install it: pip install 'regbrief[eval]'."
        ) from error
    ranked = metrics.retrieval(results)
    scores = []
    for result, found in zip(results, ranked, strict=True):
        scores.append({**metrics.score(result, bodies, glossary=glossary), **found})
        progress(1)
    summary: dict[str, Any] = metrics.aggregate(results, scores, seed)
    return {**summary, "questions": [_question(*pair) for pair in zip(results, scores, strict=True)]}


def _question(result: Result, scores: dict[str, float]) -> dict[str, Any]:
    asked = result.question
    return {
        "id": asked.id,
        "question": asked.text,
        "language": asked.language,
        "type": asked.type,
        "group": asked.group,
        "answerable": asked.answerable,
        "expected": [list(group) for group in asked.answers],
        "evidence": [to_json(each) for each in asked.evidence],
        "answer": dict(result.answer),
        "hits": [dict(hit) for hit in result.hits],
        "scores": scores,
        "error": result.error,
    }
