"""The questions that come with Regbrief (corpus/questions.jsonl), written for its corpus; also users' own in that form.

A line is an object with `id`, `question`, `language`, `type`, `answerable`, `answers`, `evidence` (`article_id` and a
`sentence` of it, verbatim) and, where they apply, `split`, `thread`, `since`, `until`, `today`, `history`, `parallel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.evaluation.datasets.files import one_file, read_lines
from bot.evaluation.records import Evidence, Question, Suite
from bot.language import detect
from bot.records import LANGUAGES, Language, Turn

SEVERAL_FACTS = ("list", "multi_article", "comparison", "conflict", "summary")
"""Types in which each entry of `answers` is a fact that is needed; in the others any entry is the answer."""

DESCRIPTION = (
    "Questions written by hand for the shipped corpus, in English, simplified and traditional Chinese: facts, lists, "
    "across languages, over several articles, bound to a time, latest state, comparisons, conflicting figures, "
    "follow-ups, summaries, and questions that the corpus cannot answer. dev and test share no thread of events. "
    "Accepted answers are short strings in every script in which the evidence says them; evidence is "
    "verbatim sentences."
)


def load(data: Sequence[Path], *, split: str = "dev") -> Suite:
    """Read the questions of one split; `all` takes every split. Raises InputError."""
    path = one_file(data, suite="gold")
    entries = [entry for entry in read_lines(path) if split in ("all", entry.get("split", split))]
    if not entries:
        raise InputError(f"{str(path)!r} has no question of the split {split!r}.", hint="Use dev, test or all.")
    return Suite("gold", DESCRIPTION, tuple(_question(entry, path) for entry in entries), split=split)


def _question(entry: dict[str, Any], path: Path) -> Question:
    try:
        return Question(
            id=entry["id"],
            text=entry["question"],
            language=entry["language"],
            type=entry["type"],
            answerable=entry["answerable"],
            answers=_groups(entry["answers"], entry["type"]),
            evidence=tuple(
                Evidence(each["article_id"], each["sentence"], language=_language(each)) for each in entry["evidence"]
            ),
            since=_date(entry.get("since")),
            until=_date(entry.get("until")),
            today=_date(entry.get("today")),
            history=tuple(Turn(turn["question"], turn["answer"]) for turn in entry.get("history") or ()),
            group=entry.get("thread", ""),
            parallel=entry.get("parallel") or "",
        )
    except (KeyError, TypeError, ValueError) as error:
        name = entry.get("id", "a question without an id")
        raise InputError(f"{name} in {str(path)!r} lacks or misuses a field: {error!r}.") from error


def _groups(answers: list[Any], kind: str) -> tuple[tuple[str, ...], ...]:
    if kind in SEVERAL_FACTS or any(isinstance(each, list) for each in answers):
        return tuple(tuple(each) if isinstance(each, list) else (each,) for each in answers)
    return (tuple(answers),) if answers else ()


def _language(evidence: dict[str, Any]) -> Language:
    """Shipped articles have their language as the end of their id; elsewhere the sentence tells it."""
    ending = str(evidence["article_id"]).rpartition(".")[2]
    return next((each for each in LANGUAGES if each == ending), None) or detect(evidence["sentence"])


def _date(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None
