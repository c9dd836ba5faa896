"""Regbrief: the only place where the parts are wired together, and the Python face of the product."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot import asked, excerpts, intake, readers
from bot.answering import Answering, Step
from bot.backup import backup, restore
from bot.chat import ChatModel
from bot.digest import STORIES, Digests
from bot.drafting import Writer
from bot.encoder import BundledEncoder, Encoder, Kind, Vectors, open_encoder
from bot.errors import InputError, LibraryLocked, LibraryMismatch, NotFound, ServerError, StorageError
from bot.extractive import Answerer, Model
from bot.folders import Folders, preview
from bot.generative import open_model
from bot.glossary import Glossary
from bot.judgements import judged
from bot.keywords import Analyzer
from bot.language import clean, detect, fold, fold_case
from bot.library import Library, Progress
from bot.records import (
    EVERY_PART,
    Answer,
    AnswerLanguage,
    Article,
    Backup,
    Citation,
    Claim,
    Digest,
    Excerpt,
    Failure,
    Feed,
    Feedback,
    Folder,
    Hit,
    Ingested,
    Language,
    Parts,
    Preview,
    Synced,
    Timeline,
    Turn,
    Verdict,
)
from bot.rerank import Scorer, open_scorer
from bot.retelling import Retelling
from bot.retrieve import Retriever
from bot.scope import read_scope
from bot.settings import Settings
from bot.timeline import EVENTS, Timelines
from bot.topics import Topics

if TYPE_CHECKING:
    from bot.feeds import Feeds


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
        self.timelines = Timelines(library.catalog, retriever, self.topics, glossary)
        self.answering = Answering(library.catalog, retriever, answerer, glossary, parts=parts, writer=writer)
        self.digests = Digests(
            library.catalog,
            retriever,
            self.topics,
            glossary,
            condenser=Retelling(writer) if writer else None,
            faults=self.answering.faults,
        )
        self.listeners: list[Callable[[Answer], None]] = []
        """Each is told of every answer before it is given, whoever asked: for figures and traces."""

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        indexes: str | Path | None = None,
        parts: Parts = EVERY_PART,
        progress: Progress | None = None,
        **overrides: Any,
    ) -> Regbrief:
        """Open the library that the settings name; keyword arguments win over REGBRIEF_* (`indexes="…"`).

        `parts` turns parts of the engine off, for evaluation; a library is asked with the parts it was built with.
        `progress` is told of what an older version or a broken write has left to do.
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
            chroma_url=settings.chroma_url,
        )
        return cls.from_library(
            library,
            encoder=encoder,
            glossary=glossary,
            scorer=scorer,
            chat=_open_chat(settings),
            parts=parts,
            settings=settings,
            progress=progress,
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
            chroma_url=settings.chroma_url,
            progress=progress,
        )
        return cls.from_library(library, encoder=encoder, glossary=glossary, scorer=scorer, settings=settings)

    @classmethod
    def restore(
        cls,
        file: str | Path,
        settings: Settings | None = None,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Backup:
        """Make the library that the settings name what it was when it was backed up.

        The file is checked wholly, and all is built, before anything of the library is changed; one that holds articles
        is replaced only if that is said. `progress` is told of "copying" (bytes) and "indexing" (passages). Raises
        InputError, LibraryLocked.
        """
        settings = settings or Settings.read()
        glossary, encoder, _ = _open_parts(settings)
        build: dict[str, Any] = {
            "encoder": encoder,
            "analyzer": Analyzer(glossary.names()),
            "glossary": glossary,
            "events": isinstance(encoder, BundledEncoder),
            "chroma_url": settings.chroma_url,
        }

        def indexed(folder: Path, progress: Progress | None) -> Library:
            try:
                return Library.refill(folder, progress=progress, **build)
            except LibraryMismatch:
                return Library.rebuild(folder, progress=progress, **build)

        return restore(Path(file), settings.indexes, indexed, overwrite=overwrite, progress=progress)

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
        progress: Progress | None = None,
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
            with suppress(LibraryLocked, StorageError, ServerError):  # it can be asked, and is completed another time
                library.settle(progress)
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

        Nothing that cannot be read stops the rest: it is named in `failed`. `progress` is called with a Stage, often:
        "reading" (bytes of the files, or articles), "indexing" (passages) and "fetching" (pages). If it raises
        `Stopped`, what is done is kept and returned. Raises InputError for a path that is not there and LibraryLocked
        while another process writes.
        """
        items, addresses = _parted(what)
        done = self.library.add(intake.read(items, progress), progress=progress)
        return done + self._feeds(progress).take(addresses) if addresses else done

    def preview(self, what: str | Path | Article | Iterable[str | Path | Article]) -> Preview:
        """Say what `add` would do, and write nothing. Raises InputError, also for addresses."""
        return intake.preview(self.library.catalog, given(what))

    def follow(self, addresses: str | Iterable[str]) -> list[Feed | Failure]:
        """Follow feeds, each named by its address or that of a page that links to it; what cannot be is a Failure."""
        return self._feeds().follow([addresses] if isinstance(addresses, str) else list(addresses))

    def unfollow(self, address: str) -> None:
        """Follow a feed no longer; its articles stay. Raises NotFound."""
        self._feeds().unfollow(address)

    def feeds(self) -> list[Feed]:
        """Return the feeds that are followed, and when and how each was last read."""
        return self.library.catalog.feeds()

    def sync(
        self,
        folders: str | Path | Iterable[str | Path] = (),
        *,
        insist: bool = False,
        fresh: bool = False,
        progress: Progress | None = None,
    ) -> Synced:
        """Fetch what is new in the feeds; or, where folders are named, bring the library in step with these.

        A feed or file that fails does not stop the others. What a folder has lost is removed, if it came from there
        and no other file has it; unless one insists, not for a folder that has lost all or most of its files (raises
        InputError). `fresh` also reads files that have not changed. `progress` is called as by `add`, and before with
        the stage "looking" (files). Raises LibraryLocked while another process writes.
        """
        named = [folders] if isinstance(folders, str | Path) else list(folders)
        if not named:
            return self._feeds(progress).sync()
        done = [Folders(self.library, progress=progress).sync(Path(each), insist=insist, fresh=fresh) for each in named]
        return Synced(folders=tuple(done))

    def preview_sync(self, folder: str | Path, *, insist: bool = False, fresh: bool = False) -> Preview:
        """Say what `sync` would do with a folder, and write nothing. Raises InputError."""
        return preview(self.library.catalog, Path(folder), insist=insist, fresh=fresh)

    def folders(self) -> list[Folder]:
        """Return the folders that have been synced, and when each was last."""
        return self.library.catalog.folders()

    def forget_folder(self, folder: str | Path) -> None:
        """Keep a folder in step no longer; its articles stay, whatever becomes of its files. Raises NotFound."""
        if not self.library.catalog.forget_folder(os.path.abspath(folder)):
            raise NotFound(f"No sync knows the folder {str(folder)!r}.", hint="`regbrief folders list` lists them.")

    def backup(self, file: str | Path, *, overwrite: bool = False, progress: Progress | None = None) -> Backup:
        """Write the library as it stands at this moment to one file, for `restore`; others may write meanwhile.

        `progress` is told of "copying" (bytes). Raises InputError where the file is there and not to be overwritten.
        """
        return backup(self.library.folder, Path(file), overwrite=overwrite, progress=progress)

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
        events = self._events(asked.question(question), given)
        answer = [event.data for event in events][-1]
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str, **filters: Any) -> Generator[Event, None, None]:
        """Answer as `ask` does, in steps: a status, then each claim after its new citations, then the whole answer.

        A claim comes once it is verified, and is not taken back; closing the generator stops the model that writes.
        """
        return self._events(asked.question(question), filters)

    def _events(self, question: str, filters: Mapping[str, Any]) -> Generator[Event, None, None]:
        yield Event("status", "searching")
        steps = self._steps(question, **filters)
        try:
            while True:
                step = next(steps)
                yield Event(_KINDS[type(step)], step)
        except StopIteration as done:
            for listener in self.listeners:
                listener(done.value)
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
        filters = asked.filters(since, min(until or today, today) if today else until, languages, sources, article_ids)
        self.library.refresh()
        return (
            yield from self.answering.steps(
                question,
                filters,
                history=history,
                answer_language=asked.answer_language(answer_language),
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
        asked.limit(limit, 100)
        query = self.retriever.query(asked.question(question))
        self.library.refresh()
        filters = asked.filters(since, until, languages, sources, article_ids)
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
        progress: Progress | None = None,
    ) -> Digest:
        """Brief on the stories of a topic, or without one on the newest: each in a few proved lines, newest first.

        The filters are those of `ask`; at most `limit` stories, 1 to 50, are told, those most about the topic. The
        words around the quotations, and those of a language model, are in `answer_language`, else in the topic's.
        `progress` is called with the stage "telling" while a model writes; if it raises `Stopped`, the model is stopped
        and the rest is quoted. Raises InputError.
        """
        filters = asked.filters(since, until, languages, sources, None)
        wanted = asked.question(topic) if topic is not None else None
        self.library.refresh()
        return self.digests.digest(
            wanted,
            filters,
            limit=asked.limit(limit, 50),
            language=asked.answer_language(answer_language),
            today=today or date.today(),
            progress=progress,
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
        filters = asked.filters(since, until, languages, sources, None)
        wanted = asked.question(topic)
        self.library.refresh()
        return self.timelines.timeline(
            wanted,
            filters,
            limit=asked.limit(limit, 100),
            language=asked.answer_language(answer_language),
            today=today or date.today(),
        )

    def about(
        self,
        topic: str,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        today: date | None = None,
    ) -> list[Article]:
        """Return the articles about a topic that the filters of `ask` let through, most about it first.

        They are those of which `digest` and `timeline` tell. Raises InputError.
        """
        filters = asked.filters(since, until, languages, sources, None)
        wanted = asked.question(topic)
        self.library.refresh()
        scope = read_scope(wanted, filters, language=None, glossary=self.glossary, today=today or date.today())
        return [each.article for each in self.topics.about(scope.topic, scope.filters)]

    def summarize(
        self, article_id: str, *, answer_language: AnswerLanguage | None = None, progress: Progress | None = None
    ) -> Digest:
        """Tell one article in a few proved lines, in order; `progress` is called as by `digest`. Raises NotFound."""
        language = asked.answer_language(answer_language)
        return self.digests.summarize(article_id, language=language, progress=progress)

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
        filters = asked.filters(since, until, languages, sources, article_ids)
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
            asked.filters(*(filters.get(name) for name in ("since", "until", "languages", "sources", "article_ids")))
        )

    def sources(self) -> dict[str, int]:
        """Count the articles of each outlet, most first."""
        return self.library.catalog.sources()

    def embed(self, texts: Sequence[str], *, kind: Kind = "passage") -> Vectors:
        """Return the library's encoder's vectors of texts, one row of length one each: `query` is of a question.

        English and Chinese share one space; the dot product of two rows is how near they are.
        """
        cleaned = [clean(text) for text in texts]
        languages = [detect(text) for text in cleaned]
        return self.retriever.encoder.encode([fold(text) for text in cleaned], kind=kind, languages=languages)

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

    def writable(self) -> bool:
        """Say whether this process may write to the library; another one may still hold it."""
        folder = self.library.folder
        return all(os.access(path, os.W_OK) for path in (folder, folder / "catalog.sqlite"))

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


def given(what: str | Path | Article | Iterable[str | Path | Article]) -> list[Article | Path]:
    """Find the files that are named, and list them and the articles. Raises InputError, also for an address."""
    items, addresses = _parted(what)
    if addresses:
        raise InputError(f"{addresses[0]!r} is an address.", hint="Only files and articles have a preview.")
    return items


def _parted(what: str | Path | Article | Iterable[str | Path | Article]) -> tuple[list[Article | Path], list[str]]:
    """Find the files that are named, and part them and articles from addresses."""
    items = [what] if isinstance(what, str | Path | Article) else list(what)
    found: list[Article | Path] = []
    addresses: list[str] = []
    for item in items:
        if isinstance(item, str) and is_address(item):
            addresses.append(item)
        elif isinstance(item, Article):
            found.append(item)
        else:
            found += readers.find(Path(item))
    return found, addresses
