"""What evaluation passes around: questions with what they expect, suites of them, and results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.records import Article, Language, Turn


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves an answer: a sentence of an article, or, with an empty `sentence`, the whole article."""

    article_id: str
    sentence: str = ""
    start: int | None = None
    """First character of the sentence in the article's body, where known."""
    end: int | None = None
    language: Language | None = None
    """Language of the article, where the suite knows it."""
    grade: int = 1
    """Degree of relevance, as in TREC's qrels; 0 was judged and is not relevant."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what a right answer to it holds."""

    id: str
    text: str
    language: Language
    type: str
    answerable: bool
    answers: tuple[tuple[str, ...], ...] = ()
    """One group for each fact that is needed; any string of a group satisfies it."""
    evidence: tuple[Evidence, ...] = ()
    since: date | None = None
    until: date | None = None
    today: date | None = None
    history: tuple[Turn, ...] = ()
    article_ids: tuple[str, ...] = ()
    """Where not empty, only these articles may be searched (RGB gives each question its own documents)."""
    group: str = ""
    """What belongs together and should be resampled together: a thread, a document."""
    parallel: str = ""
    """The same question in other languages or scripts has the same key."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Questions, and the articles that they are asked of."""

    name: str
    description: str
    """What the original measures, and how this differs from it."""
    questions: tuple[Question, ...]
    articles: Iterable[Article] | None = None
    """None: the library that is open."""
    split: str = ""
    search_only: bool = False
    """The questions have no answers, only relevant articles: nothing is asked, only searched."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a system gave for a question."""

    question: Question
    answer: Mapping[str, Any] = field(default_factory=dict)
    """The JSON of an Answer (`bot.to_json`); empty where there was an error or the suite only searches."""
    hits: tuple[Mapping[str, Any], ...] = ()
    """The JSON of the Hits, best first; empty where the system gave none."""
    error: str | None = None
