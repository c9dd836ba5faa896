"""The values that flow through the pipeline. All are frozen: a step returns new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

Language = Literal["en", "zh-Hans", "zh-Hant"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

Reason = Literal["no_evidence", "outside_window", "empty_library"]
Status = Literal["verified", "unsupported"]


@dataclass(frozen=True, slots=True)
class Article:
    """One article as its outlet published it; `body` is never changed once it is here."""

    id: str
    title: str
    body: str
    language: Language
    published: date | None = None
    source: str = ""
    url: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a body: `body[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole neighbouring sentences of one article, the unit of retrieval: `body[start:end] == text`."""

    article_id: str
    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that matches a question; `score` is in 0..1, higher is better."""

    article_id: str
    passage_id: int
    text: str
    start: int
    end: int
    score: float
    title: str
    source: str
    published: date | None
    language: Language
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quotation: `article.body[start:end] == quote`, counted in characters of the original."""

    number: int
    article_id: str
    title: str
    source: str
    url: str | None
    published: date | None
    language: Language
    quote: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer and the numbers of the citations that carry it."""

    text: str
    citations: tuple[int, ...]
    status: Status = "verified"


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a conversation and what was answered."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """What an answer rests on: how many articles stood in the window and languages asked for.

    `question` is what was searched: the follow-up made complete. `implied` holds the question's own words that set
    the window, and is null where the caller set it or none is set.
    """

    articles: int
    since: date | None = None
    until: date | None = None
    languages: tuple[Language, ...] = LANGUAGES
    sources: tuple[str, ...] = ()
    question: str = ""
    implied: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """An article near the question that the answer does not quote."""

    article_id: str
    title: str
    source: str
    published: date | None
    language: Language
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, the same on every face. See `bot.records.to_json` for its JSON."""

    question: str
    language: Language
    abstained: bool
    reason: Reason | None
    answer: str
    as_of: date | None
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    conflicts: tuple[Mapping[str, Any], ...]
    related: tuple[Related, ...]
    searched: Searched
    answerer: str
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search may return. Dates are of publication, both inclusive; empty tuples do not filter."""

    since: date | None = None
    until: date | None = None
    languages: tuple[Language, ...] = ()
    sources: tuple[str, ...] = ()
    article_ids: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether anything but the language is restricted."""
        return bool(self.since or self.until or self.sources or self.article_ids)


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of the engine work. All do; evaluation turns one off at a time to see what it is worth."""

    folding: bool = True
    """Traditional and simplified script meet; off, only case and width do."""
    language_means: bool = True
    """The encoder takes the mean of its language from each vector."""
    language_quota: bool = True
    """English and Chinese each keep a share of the results."""
    keyword_search: bool = True
    dense_search: bool = True
    rerank: bool = True
    """Sentences are weighed; off, the best passage's are quoted and nothing is refused for want of evidence."""
    verification: bool = True
    """A claim that its quotation does not carry is dropped."""
    conflicts: bool = True
    """Reports that differ on what is asked are set side by side."""


EVERY_PART = Parts()


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be read, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of each article that was given to the library."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    failed: tuple[Failure, ...] = ()


def to_json(value: Any) -> Any:
    """Turn a record, or any nesting of records, into plain JSON types; dates become ISO strings."""
    from pydantic import TypeAdapter

    return TypeAdapter(type(value)).dump_python(value, mode="json")
