"""The values that flow through the pipeline. All are frozen: a step returns new ones."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
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


@dataclass(frozen=True, slots=True)
class DigestStory:
    """One story of a briefing; every line is a claim whose numbers are those of the briefing's citations."""

    headline: str
    """The title of the article `article_id`, in its `language`."""
    article_id: str
    language: Language
    first: date | None
    last: date | None
    """Between these days its reports came out."""
    lines: tuple[Claim, ...]
    changed: tuple[Claim, ...] = ()
    """What is otherwise than before."""
    disputed: tuple[Claim, ...] = ()
    """Where reports differ, in words; `conflicts` has both sides."""
    ahead: tuple[Claim, ...] = ()
    """What a report says is still to come."""
    conflicts: tuple[Mapping[str, Any], ...] = ()
    also_reported_by: tuple[Report, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Return all its lines in the order in which they are read."""
        return (*self.lines, *self.changed, *self.disputed, *self.ahead)


@dataclass(frozen=True, slots=True)
class Digest:
    """A briefing, newest story first; of a topic, of what is new where `topic` is null, or of one article."""

    topic: str | None
    language: AnswerLanguage
    """Of the words around the quotations."""
    abstained: bool
    reason: Reason | None
    notice: str
    """Says that nothing was found, and what was searched; empty otherwise."""
    since: date | None
    until: date | None
    as_of: date | None
    stories: tuple[DigestStory, ...]
    citations: tuple[Citation, ...]
    searched: Searched
    answerer: str
    article_id: str | None = None
    """The article that is summarized, if it is one."""
    notes: tuple[str, ...] = ()
    """What the reader should know about the briefing: that the model failed, and of how many stories."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)


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


Precision = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """What happened on a day, or in the month that begins with it, in one quoted line."""

    day: date
    precision: Precision
    stated: bool
    """Whether the quotation gives the date; otherwise it is that of publication."""
    ahead: bool
    """Whether it was still to come when the newest report cited came out."""
    headline: str
    """The title of the article that the line stands in."""
    claim: Claim


@dataclass(frozen=True, slots=True)
class Timeline:
    """The events of a topic, earliest first, each told once."""

    topic: str
    language: AnswerLanguage
    abstained: bool
    reason: Reason | None
    notice: str
    since: date | None
    until: date | None
    as_of: date | None
    events: tuple[TimelineEvent, ...]
    citations: tuple[Citation, ...]
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


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be read, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of each article that was given to the library.

    `duplicates` are copies of an article that was there before: near copies, which are kept, and exact ones.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    failed: tuple[Failure, ...] = ()
    partial: tuple[Failure, ...] = ()
    """Entries of feeds of which only the feed's own text is in, as their page could not be read, and why."""

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


StageName = Literal["looking", "reading", "fetching", "indexing", "grouping", "copying", "telling"]
Unit = Literal["files", "bytes", "pages", "articles", "passages", "stories"]


@dataclass(frozen=True, slots=True)
class Stage:
    """How far long work is: `done` of `total`, in `unit`; `total` is null where it is not known."""

    name: StageName
    done: int
    total: int | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is followed, and what is known of it from the last time; `articles` counts those it has brought."""

    url: str
    title: str = ""
    etag: str | None = None
    modified: str | None = None
    synced: datetime | None = None
    problem: str | None = None
    """Why it could not be read the last time."""
    articles: int = 0


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with which the library is kept in step; `files` counts those that have been read."""

    path: str
    synced: datetime | None = None
    """When a sync has last come to its end."""
    files: int = 0


@dataclass(frozen=True, slots=True)
class FolderSync:
    """What became of a folder's files and their articles."""

    path: str
    ingested: Ingested = field(default_factory=Ingested)
    """The articles of the files that were read; `failed` also names what failed before and has not changed."""
    removed: int = 0
    """Articles that no file gives any more."""
    moved: int = 0
    """Files that have another path and the same content."""
    read: int = 0
    untouched: int = 0
    """Files that were not read, as they are what they were."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be done with one article, and where it comes from; a `copy` is exact, and left out."""

    change: Literal["add", "update", "remove", "copy"]
    title: str
    where: str
    """The file, or the id of an article that would be removed."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of files and articles; nothing has been written."""

    ingested: Ingested = field(default_factory=Ingested)
    removed: int = 0
    moved: int = 0
    changes: tuple[Foreseen, ...] = ()
    """What would change, in order."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A library as one file."""

    path: str
    articles: int
    bytes: int
    made: datetime


@dataclass(frozen=True, slots=True)
class FeedSync:
    """What became of one feed and its new entries."""

    url: str
    title: str
    ingested: Ingested = field(default_factory=Ingested)
    """Entries that had been fetched before are `unchanged`."""
    waiting: int = 0
    """New entries that are left for the next time."""
    problem: str | None = None
    """Why the feed itself could not be read."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of every feed, in the order in which they were added, or of every folder that was named."""

    feeds: tuple[FeedSync, ...] = ()
    folders: tuple[FolderSync, ...] = ()


JobKind = Literal["articles", "files", "addresses", "sync"]
JobState = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Job:
    """Long work that a server has been given, and how far it has come."""

    id: str
    kind: JobKind
    what: tuple[str, ...]
    """Titles, file names or addresses."""
    state: JobState
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    stage: Stage | None = None
    """How far it is, or was when it ended."""
    article_ids: tuple[str, ...] = ()
    """Of the articles that it was given, as far as they are known: of addresses they are not."""
    changed: bool | None = None
    """Whether the library has changed; null while that is not known."""
    ingested: Ingested | None = None
    """What became of articles, files and addresses, once it has ended."""
    synced: Synced | None = None
    """What became of feeds, once it has ended."""
    error: Mapping[str, str] | None = None
    """Why it has failed: code, message and hint."""


Record = TypeVar("Record")


def from_json(kind: type[Record], value: Any) -> Record:
    """Make a record of the plain JSON types that `to_json` gave. Raises ValueError where they do not fit."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(value)


def to_json(value: Any) -> Any:
    """Turn a record, or any nesting of records, into plain JSON types; dates become ISO strings."""
    from pydantic import TypeAdapter

    return TypeAdapter(type(value)).dump_python(value, mode="json")
