"""Regbrief: the only place where the parts are wired together, and the Python face of the product."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot import excerpts, readers
from bot.answering import Answering, Step
from bot.chat import ChatModel
from bot.digest import STORIES, Digests
from bot.drafting import Writer
from bot.encoder import BundledEncoder, Encoder, open_encoder
from bot.errors import InputError, LibraryLocked, choice
from bot.extractive import Answerer, Model
from bot.generative import open_model
from bot.glossary import Glossary
from bot.judgements import judged
from bot.keywords import Analyzer
from bot.language import clean, fold, fold_case
from bot.library import Library, Progress
from bot.records import (
    ANSWER_LANGUAGES,
    EVERY_PART,
    LANGUAGES,
    Answer,
    AnswerLanguage,
    Article,
    Citation,
    Claim,
    Digest,
    Excerpt,
    Failure,
    Feed,
    Feedback,
    Filters,
    Hit,
    Ingested,
    Language,
    Parts,
    Synced,
    Timeline,
    Turn,
    Verdict,
)
from bot.rerank import Scorer, open_scorer
from bot.retrieve import Retriever
from bot.settings import Settings
from bot.timeline import EVENTS, Timelines
from bot.topics import Topics

if TYPE_CHECKING:
    from bot.feeds import Feeds

MAX_QUESTION = 2_000


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an answer under way; `data` is a text, a Claim, a Citation or the whole Answer."""

    type: Literal["status", "claim", "citation", "done"]
    data: str | Claim | Citation | Answer


_KINDS: Mapping[type, Literal["status", "claim", "citation"]] = {str: "status", Claim: "claim", Citation: "citation"}


class Regbrief:
    """A library that can be asked. `Regbrief.open()` is the usual way to get one."""

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        answerer: Answerer,
        glossary: Glossary,
        *,
        parts: Parts = EVERY_PART,
        settings: Settings | None = None,
        writer: Writer | None = None,
    ) -> None:
        self.library = library
        self.retriever = retriever
        self.answerer = answerer
        self.glossary = glossary
        self.parts = parts
        self.settings = settings
        self.writer = writer
        self.topics = Topics(retriever, library.keywords, analyzer=library.analyzer, glossary=glossary)
        self.digests = Digests(library.catalog, retriever, self.topics, glossary)
        self.timelines = Timelines(library.catalog, retriever, self.topics, glossary)
        self.answering = Answering(library.catalog, retriever, answerer, glossary, parts=parts, writer=writer)

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        indexes: str | Path | None = None,
        parts: Parts = EVERY_PART,
        **overrides: Any,
    ) -> Regbrief:
        """Open the library that the settings name; keyword arguments win over REGBRIEF_* (`indexes="…"`).

        `parts` turns parts of the engine off, for evaluation; a library is asked with the parts it was built with.
        Raises SettingsError, LibraryMismatch, LibraryDamaged.
        """
        settings = settings or Settings.read(indexes=indexes, **overrides)
        glossary, encoder, scorer = _open_parts(settings)
        if isinstance(encoder, BundledEncoder) and not parts.language_means:
            encoder = encoder.without_means()
        library = Library(
            settings.indexes,
            encoder,
            Analyzer(glossary.names(), fold=fold if parts.folding else fold_case),
            glossary=glossary,
            events=isinstance(encoder, BundledEncoder) and parts.language_means,
        )
        return cls.from_library(
            library,
            encoder=encoder,
            glossary=glossary,
            scorer=scorer,
            chat=_open_chat(settings),
            parts=parts,
            settings=settings,
        )

    @classmethod
    def rebuild(cls, settings: Settings | None = None, *, progress: Progress | None = None) -> Regbrief:
        """Make the indexes anew from the catalog and open the library."""
        settings = settings or Settings.read()
        glossary, encoder, scorer = _open_parts(settings)
        library = Library.rebuild(
            settings.indexes,
            encoder,
            Analyzer(glossary.names()),
            glossary=glossary,
            events=isinstance(encoder, BundledEncoder),
            progress=progress,
        )
        return cls.from_library(library, encoder=encoder, glossary=glossary, scorer=scorer, settings=settings)

    @classmethod
    def from_library(
        cls,
        library: Library,
        *,
        encoder: Encoder,
        glossary: Glossary,
        scorer: Scorer | None = None,
        chat: ChatModel | None = None,
        caution: float | None = None,
        parts: Parts = EVERY_PART,
        settings: Settings | None = None,
    ) -> Regbrief:
        """Wire the search and the answers of an open library.

        `scorer` reads the best passages beside the question; `chat` writes the answers, which quote without it;
        `caution`, in 0..1, is the least confidence to answer, where the settings do not say it.
        """
        if settings and caution is None:
            caution = settings.caution
        milliseconds = settings.rerank_budget_ms if settings else 0
        analyzer = library.analyzer
        retriever = Retriever(
            library.catalog,
            library.keywords,
            library.vectors,
            encoder=encoder,
            analyzer=analyzer,
            glossary=glossary,
            parts=parts,
        )
        scorer = scorer if parts.rerank and parts.reader else None
        model = Model.load(reader=scorer is not None) if parts.rerank else Model.by_rank()
        model = model if caution is None else replace(model, threshold=caution)
        answerer = Answerer(
            encoder,
            library.keywords,
            analyzer=analyzer,
            glossary=glossary,
            model=model,
            reader=scorer,
            budget=milliseconds / 1000 or None,
        )
        if library.unsettled():
            with suppress(LibraryLocked):  # who holds the lock is doing this very work
                library.settle()
        writer = None
        if chat:
            writer = Writer(
                chat,
                encoder,
                glossary,
                unverified=settings.unverified if settings else "drop",
                timeout=settings.llm_timeout if settings else 60,
                verification=parts.verification,
            )
        return cls(library, retriever, answerer, glossary, parts=parts, settings=settings, writer=writer)

    def add(
        self, what: str | Path | Article | Iterable[str | Path | Article], *, progress: Progress | None = None
    ) -> Ingested:
        """Add articles, files, folders, and addresses of pages and feeds; what is known is replaced if it has changed.

        Nothing that cannot be read stops the rest: it is named in `failed`. Raises InputError for a path that is not
        there and LibraryLocked while another process writes.
        """
        items = [what] if isinstance(what, str | Path | Article) else list(what)
        addresses = [item for item in items if isinstance(item, str) and is_address(item)]
        rest = [item for item in items if not isinstance(item, str) or not is_address(item)]
        sources = [[item] if isinstance(item, Article) else readers.find(Path(item)) for item in rest]
        done = self.library.add(_read(each for source in sources for each in source), progress=progress)
        return done + self._feeds(progress).take(addresses) if addresses else done

    def follow(self, addresses: str | Iterable[str]) -> list[Feed | Failure]:
        """Follow feeds, each named by its address or that of a page that links to it; what cannot be is a Failure."""
        return self._feeds().follow([addresses] if isinstance(addresses, str) else list(addresses))

    def unfollow(self, address: str) -> None:
        """Follow a feed no longer; its articles stay. Raises NotFound."""
        self._feeds().unfollow(address)

    def feeds(self) -> list[Feed]:
        """Return the feeds that are followed, and when and how each was last read."""
        return self.library.catalog.feeds()

    def sync(self, *, progress: Progress | None = None) -> Synced:
        """Fetch what is new in the feeds; one that fails does not stop the others. `progress` counts entries.

        Raises LibraryLocked while another process writes.
        """
        return self._feeds(progress).sync()

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles everywhere. Raises NotFound, and then removes none."""
        self.library.remove(article_ids)

    def ask(
        self,
        question: str,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        article_ids: Sequence[str] | None = None,
        history: Sequence[Turn] = (),
        answer_language: AnswerLanguage | None = None,
        today: date | None = None,
        read_dates: bool = True,
    ) -> Answer:
        """Answer with sentences that quotations carry, or refuse and say what was searched.

        The filters narrow by publication date (inclusive), language, outlet and article. `history`, oldest turn first,
        completes a follow-up. Words such as "last month" set the window where `since` and `until` do not, unless
        `read_dates` is off; they count from `today`, and a stated `today` also hides what was published later. Raises
        InputError for a question or a filter that cannot be used.
        """
        given = {
            "since": since,
            "until": until,
            "languages": languages,
            "sources": sources,
            "article_ids": article_ids,
            "history": history,
            "answer_language": answer_language,
            "today": today,
            "read_dates": read_dates,
        }
        events = self._events(_question(question), given)
        answer = [event.data for event in events][-1]
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str, **filters: Any) -> Generator[Event, None, None]:
        """Answer as `ask` does, in steps: a status, then each claim after its new citations, then the whole answer.

        A claim comes once it is verified, and is not taken back; closing the generator stops the model that writes.
        """
        return self._events(_question(question), filters)

    def _events(self, question: str, filters: Mapping[str, Any]) -> Generator[Event, None, None]:
        yield Event("status", "searching")
        steps = self._steps(question, **filters)
        try:
            while True:
                step = next(steps)
                yield Event(_KINDS[type(step)], step)
        except StopIteration as done:
            yield Event("done", done.value)
        finally:
            steps.close()

    def _steps(
        self,
        question: str,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        article_ids: Sequence[str] | None = None,
        history: Sequence[Turn] = (),
        answer_language: AnswerLanguage | None = None,
        today: date | None = None,
        read_dates: bool = True,
    ) -> Generator[Step, None, Answer]:
        readable = read_dates and not since and not until
        filters = _filters(since, min(until or today, today) if today else until, languages, sources, article_ids)
        self.library.refresh()
        return (
            yield from self.answering.steps(
                question,
                filters,
                history=history,
                answer_language=_language(answer_language),
                today=today or date.today(),
                read_dates=readable,
            )
        )

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        article_ids: Sequence[str] | None = None,
    ) -> list[Hit]:
        """Return the passages that match best, best first, with the filters of `ask`. Raises InputError."""
        _limit(limit, 100)
        query = self.retriever.query(_question(question))
        self.library.refresh()
        filters = _filters(since, until, languages, sources, article_ids)
        return self.retriever.hits(query, filters, limit=limit)

    def digest(
        self,
        topic: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        limit: int = STORIES,
        answer_language: AnswerLanguage | None = None,
        today: date | None = None,
    ) -> Digest:
        """Brief on the stories of a topic, or without one on the newest: each in a few quoted lines, newest first.

        The filters are those of `ask`; at most `limit` stories, 1 to 50, are told, those most about the topic. The
        words around the quotations are in `answer_language`, else in the topic's. Raises InputError.
        """
        filters = _filters(since, until, languages, sources, None)
        wanted = _question(topic) if topic is not None else None
        self.library.refresh()
        return self.digests.digest(
            wanted, filters, limit=_limit(limit, 50), language=_language(answer_language), today=today or date.today()
        )

    def timeline(
        self,
        topic: str,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        limit: int = EVENTS,
        answer_language: AnswerLanguage | None = None,
        today: date | None = None,
    ) -> Timeline:
        """Tell what happened on a topic, earliest first, each event once and in a quoted line.

        The filters are those of `ask`; no event before `since` is told. At most `limit` events, 1 to 100, are told,
        those that most reports tell. Raises InputError.
        """
        filters = _filters(since, until, languages, sources, None)
        wanted = _question(topic)
        self.library.refresh()
        return self.timelines.timeline(
            wanted, filters, limit=_limit(limit, 100), language=_language(answer_language), today=today or date.today()
        )

    def summarize(self, article_id: str, *, answer_language: AnswerLanguage | None = None) -> Digest:
        """Tell one article in its central sentences, in order. Raises NotFound."""
        return self.digests.summarize(article_id, language=_language(answer_language))

    def articles(
        self,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        article_ids: Sequence[str] | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> Iterator[Article]:
        """Iterate over the articles that the filters of `ask` let through, newest first."""
        filters = _filters(since, until, languages, sources, article_ids)
        return self.library.catalog.articles(filters, limit=limit, offset=offset)

    def article(self, article_id: str) -> Article:
        """Return one article. Raises NotFound."""
        return self.library.catalog.article(article_id)

    def excerpt(
        self, article_id: str, *, quote: str | None = None, start: int | None = None, end: int | None = None
    ) -> Excerpt:
        """Return a quotation in its paragraph: the words `quote`, or `body[start:end]`. Raises NotFound, InputError."""
        article = self.article(article_id)
        if quote is not None and start is None and end is None:
            return excerpts.of(article, quote)
        if quote is None and start is not None and end is not None:
            return excerpts.at(article, start, end)
        raise InputError("It is not clear what is quoted.", hint="Give quote, or start and end.", case="quoted")

    def count(self, **filters: Any) -> int:
        """Count the articles that the filters of `ask` let through."""
        return self.library.catalog.count(
            _filters(*(filters.get(name) for name in ("since", "until", "languages", "sources", "article_ids")))
        )

    def sources(self) -> dict[str, int]:
        """Count the articles of each outlet, most first."""
        return self.library.catalog.sources()

    def give_feedback(
        self, answer: Answer | str, verdict: Verdict, *, note: str = "", citation: int | None = None
    ) -> Feedback:
        """Keep what a reader says of an answer, with the answer; return it with its id and the time.

        `verdict` is "right", "wrong" or "wrong_citation", of which `citation` may say which number is meant; a
        refusal is right where the library has no answer. Give the Answer as `ask` or `stream` returned it, so that it
        can become a question of an evaluation (`regbrief feedback export`); where you no longer have it, the question
        alone. `note` is the reader's own words, up to 2,000 characters. It may be called from any thread, also while
        articles are being added; what it returns is on disk. Each call keeps an entry of its own. Raises InputError
        for a verdict, a number or a note that cannot be used.
        """
        return self.library.catalog.keep_feedback(judged(answer, verdict, note=note, citation=citation))

    def feedback(self, *, verdict: Verdict | None = None, limit: int = -1, offset: int = 0) -> list[Feedback]:
        """Return what readers have said of answers, newest first."""
        return self.library.catalog.feedback(verdict, limit=limit, offset=offset)

    def feedback_counts(self) -> dict[Verdict, int]:
        """Count what readers have said of answers, by verdict; those that nobody gave are left out."""
        return self.library.catalog.feedback_counts()

    def problems(self) -> list[str]:
        """Say in words where the indexes do not agree with the catalog; empty if all is well."""
        return self.library.problems()

    def _feeds(self, progress: Progress | None = None) -> Feeds:
        from bot.feeds import Feeds  # its libraries are not needed to ask

        settings = self.settings or Settings.read()
        return Feeds.open(self.library, settings, progress=progress or (lambda count: None))

    def close(self) -> None:
        """Close the library's files, and let go of the language model."""
        if self.writer:
            self.writer.model.close()
        self.library.close()

    def __enter__(self) -> Regbrief:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_address(what: str) -> bool:
    """Whether a text is an address, not the path of a file."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", what) is not None


def _open_parts(settings: Settings) -> tuple[Glossary, Encoder, Scorer | None]:
    shipped = settings.corpus / "glossary.yaml"
    glossary = Glossary.open(*[path for path in (shipped if shipped.exists() else None, settings.glossary) if path])
    encoder = open_encoder(
        settings.encoder, base_url=settings.encoder_url, api_key=settings.encoder_key.get_secret_value()
    )
    return glossary, encoder, open_scorer(settings.reranker)


def _open_chat(settings: Settings) -> ChatModel | None:
    return open_model(
        settings.llm,
        base_url=settings.llm_base_url,
        key=settings.llm_key.get_secret_value(),
        timeout=settings.llm_timeout,
        context=settings.llm_context,
    )


def _read(items: Iterable[Article | Path]) -> Iterator[Article | Failure]:
    for item in items:
        if isinstance(item, Article):
            yield _checked(item)
        else:
            yield from readers.read(item)


def _checked(article: Article) -> Article | Failure:
    try:
        return readers.checked(article)
    except InputError as error:
        return Failure(f"article {article.id!r}", str(error))


def _question(question: str) -> str:
    text = clean(question).strip()
    if not text:
        raise InputError("The question is empty.", hint="Ask something.", case="empty_question")
    if len(text) > MAX_QUESTION:
        raise InputError(
            f"The question has {len(text):,} characters.",
            hint=f"At most {MAX_QUESTION:,} are read.",
            case="too_long",
            values={"field": "question", "count": f"{len(text):,}", "most": f"{MAX_QUESTION:,}"},
        )
    return text


def _limit(limit: int, most: int) -> int:
    if not 1 <= limit <= most:
        raise InputError(
            f"limit is {limit}.", hint=f"Use 1 to {most}.", case="limit", values={"value": limit, "most": most}
        )
    return limit


def _language(language: AnswerLanguage | None) -> AnswerLanguage | None:
    if language is not None and language not in ANSWER_LANGUAGES:
        raise choice("answer_language", language, ANSWER_LANGUAGES)
    return language


def _filters(
    since: date | None,
    until: date | None,
    languages: Sequence[Language] | None,
    sources: Sequence[str] | None,
    article_ids: Sequence[str] | None,
) -> Filters:
    if since and until and since > until:
        raise InputError(
            f"since {since} is after until {until}.",
            hint="Swap them.",
            case="window",
            values={"since": since, "until": until},
        )
    for language in languages or ():
        if language not in LANGUAGES:
            raise choice("language", language, LANGUAGES)
    return Filters(since, until, tuple(languages or ()), tuple(sources or ()), tuple(article_ids or ()))
