"""Regbrief: the only place where the parts are wired together, and the Python face of the product."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from bot import asked
from bot.answering import Answering, Step
from bot.backup import restore
from bot.chat import ChatModel
from bot.copying import copy
from bot.coverage import Coverage
from bot.desk import Newsroom
from bot.digest import Digests
from bot.drafting import Writer
from bot.encoder import Encoder, Kind, Vectors
from bot.errors import LibraryLocked, ServerError, StorageError
from bot.extractive import Answerer
from bot.glossary import Glossary
from bot.indexing import Progress
from bot.language import clean, detect, fold
from bot.library import Library
from bot.materials import Materials, open_chat
from bot.outcomes import Backup, Copied
from bot.records import EVERY_PART, Answer, AnswerLanguage, Citation, Claim, Hit, Language, Parts, Turn
from bot.rerank import Scorer, open_scorer
from bot.retelling import Retelling
from bot.retrieve import Results, Retriever
from bot.settings import Settings
from bot.timeline import Timelines
from bot.topics import Topics
from bot.weighing import Model


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an answer under way; `data` is a text, a Claim, a Citation or the whole Answer."""

    type: Literal["status", "claim", "citation", "done"]
    data: str | Claim | Citation | Answer


_KINDS: Mapping[type, Literal["status", "claim", "citation"]] = {str: "status", Claim: "claim", Citation: "citation"}


class Regbrief(Coverage):
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
        self.retriever = retriever
        self.answerer = answerer
        self.parts = parts
        self.writer = writer
        self.answering = Answering(library.catalog, retriever, answerer, glossary, parts=parts, writer=writer)
        topics = Topics(retriever, library.search_index, analyzer=library.analyzer, glossary=glossary)
        condenser = Retelling(writer) if writer else None
        newsroom = Newsroom(glossary, condenser=condenser, faults=self.answering.faults)
        super().__init__(
            library,
            settings,
            glossary,
            topics=topics,
            digests=Digests(library.catalog, retriever, topics, glossary, newsroom),
            timelines=Timelines(library.catalog, retriever, topics, glossary, newsroom),
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
        made = Materials.read(settings, parts)
        library = Library(settings.indexes, **made.library())
        return cls.from_library(
            library,
            encoder=made.encoder,
            glossary=made.glossary,
            scorer=open_scorer(settings.reranker),
            chat=open_chat(settings),
            parts=parts,
            settings=settings,
            progress=progress,
        )

    @classmethod
    def rebuild(cls, settings: Settings | None = None, *, progress: Progress | None = None) -> Regbrief:
        """Make the indexes anew from the catalog and open the library."""
        settings = settings or Settings.read()
        made = Materials.read(settings)
        library = Library.rebuild(settings.indexes, **made.library(), progress=progress)
        scorer = open_scorer(settings.reranker)
        return cls.from_library(library, encoder=made.encoder, glossary=made.glossary, scorer=scorer, settings=settings)

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
        settings = (settings or Settings.read()).in_folder("restore")
        made = Materials.read(settings)
        return restore(Path(file), settings.indexes, made.indexed, overwrite=overwrite, progress=progress)

    @classmethod
    def copy(cls, to: str | Path, settings: Settings | None = None, *, progress: Progress | None = None) -> Copied:
        """Bring the library that the settings name to another place, on other engines or not, and compare the two.

        `to` is a folder, and after it, with commas, what is not in it: postgresql://USER@HOST/DATABASE,
        milvus:http://HOST:PORT, chroma:http://HOST:PORT. Nothing is encoded of which there is a vector, ids and stories
        stay, and a copy that was broken off goes on from where it was. Nobody may write to either meanwhile. `progress`
        is told of "copying" and "comparing" (rows) and "indexing" (passages). Raises InputError where something else is
        in the place of the copy, LibraryLocked.
        """
        settings = settings or Settings.read()
        return copy(settings, settings.at(str(to)), Materials.read(settings).opened, progress=progress)

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
            library.search_index,
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
            library.search_index,
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
        read_sources: bool = True,
    ) -> Answer:
        """Answer with sentences that quotations carry, or refuse and say what was searched.

        The filters narrow by publication date (inclusive), language, outlet and article. `history`, oldest turn first,
        completes a follow-up. Words such as "last month" set the window where `since` and `until` do not, unless
        `read_dates` is off; they count from `today`, and a stated `today` also hides what was published later. Words
        such as "according to Reuters" and "in Chinese sources" set the outlets and the languages where neither these
        nor articles are given, unless `read_sources` is off. Raises InputError for a question or a filter that cannot
        be used.
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
            "read_sources": read_sources,
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
        read_sources: bool = True,
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
                horizon=today,
                read_dates=readable,
                read_sources=read_sources and not (languages or sources or article_ids),
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
    ) -> Results[Hit]:
        """Return the passages that match best, best first, with the filters of `ask`.

        `lost` of what is returned names the half of the search, "dense" or "keywords", whose server does not answer:
        the passages were then found by the other. Raises InputError, and ServerError where neither answers.
        """
        asked.limit(limit, 100)
        query = self.retriever.query(asked.question(question))
        self.library.refresh()
        filters = asked.filters(since, until, languages, sources, article_ids)
        return self.retriever.hits(query, filters, limit=limit)

    def embed(self, texts: Sequence[str], *, kind: Kind = "passage") -> Vectors:
        """Return the library's encoder's vectors of texts, one row of length one each: `query` is of a question.

        English and Chinese share one space; the dot product of two rows is how near they are.
        """
        cleaned = [clean(text) for text in texts]
        languages = [detect(text) for text in cleaned]
        return self.retriever.encoder.encode([fold(text) for text in cleaned], kind=kind, languages=languages)

    def close(self) -> None:
        """Close the library's files, and let go of the language model."""
        if self.writer:
            self.writer.model.close()
        self.library.close()

    def __enter__(self) -> Regbrief:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
