"""The values that flow through the pipeline. All are frozen: a step returns new ones."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, TypeVar, get_args

Language = Literal["en", "zh-Hans", "zh-Hant"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

AnswerLanguage = Literal["en", "zh-Hans", "zh-Hant", "zh-Hant-TW", "zh-Hant-HK"]
"""What Regbrief itself says may also keep to the traditional script of Taiwan, the default, or of Hong Kong."""
ANSWER_LANGUAGES: tuple[AnswerLanguage, ...] = get_args(AnswerLanguage)

Reason = Literal["no_evidence", "outside_window", "empty_library"]
Status = Literal["verified", "unsupported"]


@dataclass(frozen=True, slots=True)
class Article:
    """One article as its outlet published it; `body` is never changed once it is here.

    `pages` holds where in the body each page begins, if it came in pages (PDF).
    """

    id: str
    title: str
    body: str
    language: Language
    published: date | None = None
    source: str = ""
    url: str | None = None
    tags: tuple[str, ...] = ()
    author: str = ""
    pages: tuple[int, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """Return the page, counted from 1, on which this character of the body stands; None without pages."""
        return bisect_right(self.pages, offset) or None


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
class Report:
    """Another report of a story; a `copy` prints the text of one shown or named before it, and confirms nothing."""

    article_id: str
    title: str
    source: str
    published: date | None
    language: Language
    url: str | None = None
    copy: bool = False


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
    also_reported_by: tuple[Report, ...] = ()


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
    page: int | None = None
    also_reported_by: tuple[Report, ...] = ()
    answer_span: tuple[int, int] | None = None
    """The words that answer the question, counted like `start` and `end`; null where none stand out."""

    @property
    def pieces(self) -> tuple[str, str, str]:
        """Return what stands before the words that answer, these words, and the rest; the quotation and two blanks."""
        first, last = self.answer_span or (self.end, self.end)
        before, after = first - self.start, last - self.start
        return self.quote[:before], self.quote[before:after], self.quote[after:]

    @classmethod
    def of(cls, article: Article, sentence: Sentence, *, number: int, score: float) -> Citation:
        """Quote a sentence of an article."""
        return cls(
            number=number,
            article_id=article.id,
            title=article.title,
            source=article.source,
            url=article.url,
            published=article.published,
            language=article.language,
            quote=sentence.text,
            start=sentence.start,
            end=sentence.end,
            score=round(score, 3),
            page=article.page_at(sentence.start),
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer and the numbers of the citations that carry it.

    `context` is to be said before it: outlet and day, where the text says "yesterday" or 昨日; else empty. `gloss` is
    to be said after it: the reader's names for what a quotation in another language names; else empty.
    """

    text: str
    citations: tuple[int, ...]
    status: Status = "verified"
    context: str = ""
    gloss: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a conversation and what was answered."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """What an answer rests on: how many articles stood in the window and languages asked for.

    `question` is what was searched: the follow-up made complete. `implied` holds the question's own words that set
    the window, and is null where the caller set it or none is set; `implied_languages` and `implied_sources` hold those
    that set the languages and the outlets.
    """

    articles: int
    since: date | None = None
    until: date | None = None
    languages: tuple[Language, ...] = LANGUAGES
    sources: tuple[str, ...] = ()
    question: str = ""
    implied: str | None = None
    implied_languages: str | None = None
    implied_sources: str | None = None


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
    language: AnswerLanguage
    """Of the words around the quotations."""
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
    notes: tuple[str, ...] = ()
    """What the reader should know about the answer: that the model failed, that the articles leave something open."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    outside: tuple[Related, ...] = ()
    """Of a refusal: what answers beyond the dates, languages and outlets searched, nearest in time first."""


Verdict = Literal["right", "wrong", "wrong_citation"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader says of an answer, and the answer as it was given."""

    id: int
    given: datetime
    verdict: Verdict
    question: str
    language: Language
    note: str = ""
    citation: int | None = None
    """The number of the citation that is meant, if one is."""
    answer: Answer | None = None
    """Null where the reader judged a question of which the answer was not kept."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A quotation in its paragraph: `body[start:end] == text`, and `body[quote_start:quote_end] == quote`."""

    article_id: str
    text: str
    start: int
    end: int
    quote: str
    quote_start: int
    quote_end: int
    page: int | None = None


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
    story_grouping: bool = True
    """Of a story, or of copies, one report speaks; off, every article is a story of its own."""
    rerank: bool = True
    """Sentences are weighed; off, the best passage's are quoted and nothing is refused for want of evidence."""
    reader: bool = True
    """The best passages are read beside the question; off, sentences are weighed without."""
    verification: bool = True
    """A claim that its quotation does not carry is dropped."""
    conflicts: bool = True
    """Reports that differ on what is asked are set side by side."""


EVERY_PART = Parts()


Record = TypeVar("Record")


def from_json(kind: type[Record], value: Any) -> Record:
    """Make a record of the plain JSON types that `to_json` gave. Raises ValueError where they do not fit."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(value)


def to_json(value: Any) -> Any:
    """Turn a record, or any nesting of records, into plain JSON types; dates become ISO strings."""
    from pydantic import TypeAdapter

    kind = list if isinstance(value, list) else type(value)
    return TypeAdapter(kind).dump_python(value, mode="json")
