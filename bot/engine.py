"""Regbrief: the only place where the parts are wired together, and the Python face of the product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from bot import readers
from bot.answering import Answering
from bot.encoder import BundledEncoder, Encoder, open_encoder
from bot.errors import InputError, LibraryLocked
from bot.extractive import Answerer, Model
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.language import clean, fold, fold_case
from bot.library import Library, Progress
from bot.records import (
    EVERY_PART,
    LANGUAGES,
    Answer,
    Article,
    Citation,
    Claim,
    Failure,
    Filters,
    Hit,
    Ingested,
    Language,
    Parts,
    Turn,
)
from bot.retrieve import Retriever, hits
from bot.settings import Settings
from bot.stories import Stories

MAX_QUESTION = 2_000


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an answer under way; `data` is a text, a Claim, a Citation or the whole Answer."""

    type: Literal["status", "claim", "citation", "done"]
    data: str | Claim | Citation | Answer


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
    ) -> None:
        self.library = library
        self.retriever = retriever
        self.answerer = answerer
        self.glossary = glossary
        self.parts = parts
        stories = Stories(library.catalog, library.vectors, glossary)
        self.answering = Answering(library.catalog, retriever, answerer, stories, glossary, parts=parts)

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
        glossary, encoder = _open_parts(settings)
        if isinstance(encoder, BundledEncoder) and not parts.language_means:
            encoder = encoder.without_means()
        library = Library(
            settings.indexes, encoder, Analyzer(glossary.names(), fold=fold if parts.folding else fold_case)
        )
        return cls.from_library(library, encoder=encoder, glossary=glossary, caution=settings.caution, parts=parts)

    @classmethod
    def rebuild(cls, settings: Settings | None = None, *, progress: Progress | None = None) -> Regbrief:
        """Make the indexes anew from the catalog and open the library."""
        settings = settings or Settings.read()
        glossary, encoder = _open_parts(settings)
        library = Library.rebuild(settings.indexes, encoder, Analyzer(glossary.names()), progress=progress)
        return cls.from_library(library, encoder=encoder, glossary=glossary, caution=settings.caution)

    @classmethod
    def from_library(
        cls,
        library: Library,
        *,
        encoder: Encoder,
        glossary: Glossary,
        caution: float | None = None,
        parts: Parts = EVERY_PART,
    ) -> Regbrief:
        """Wire the search and the answers of an open library; `caution`, in 0..1, is the least confidence to answer."""
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
        model = Model.load() if parts.rerank else Model.by_rank()
        model = model if caution is None else replace(model, threshold=caution)
        answerer = Answerer(encoder, library.keywords, analyzer=analyzer, glossary=glossary, model=model)
        if library.unsettled():
            with suppress(LibraryLocked):  # who holds the lock is doing this very work
                library.settle()
        return cls(library, retriever, answerer, glossary, parts=parts)

    def add(
        self, what: str | Path | Article | Iterable[str | Path | Article], *, progress: Progress | None = None
    ) -> Ingested:
        """Add articles, files and folders; an article whose id is known is replaced if it has changed.

        Nothing that cannot be read stops the rest: it is named in `failed`. Raises InputError for a path that is not
        there and LibraryLocked while another process writes.
        """
        items = [what] if isinstance(what, str | Path | Article) else list(what)
        sources = [[item] if isinstance(item, Article) else readers.find(Path(item)) for item in items]
        return self.library.add(_read(each for source in sources for each in source), progress=progress)

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
        answer_language: Language | None = None,
        today: date | None = None,
        read_dates: bool = True,
    ) -> Answer:
        """Answer with quoted sentences, or refuse and say what was searched.

        The filters narrow by publication date (inclusive), language, outlet and article. `history`, oldest turn first,
        completes a follow-up. Words such as "last month" set the window where `since` and `until` do not, unless
        `read_dates` is off; they count from `today`, and a stated `today` also hides what was published later. Raises
        InputError for a question or a filter that cannot be used.
        """
        text = _question(question)
        readable = read_dates and not since and not until
        filters = _filters(since, min(until or today, today) if today else until, languages, sources, article_ids)
        self.library.refresh()
        return self.answering.answer(
            text,
            filters,
            history=history,
            answer_language=answer_language,
            today=today or date.today(),
            read_dates=readable,
        )

    def stream(self, question: str, **filters: Any) -> Iterator[Event]:
        """Answer as `ask` does, in steps: a status, then each claim after its new citations, then the whole answer."""
        _question(question)
        return self._events(question, filters)

    def _events(self, question: str, filters: Mapping[str, Any]) -> Iterator[Event]:
        yield Event("status", "searching")
        answer = self.ask(question, **filters)
        shown: set[int] = set()
        for claim in answer.claims:
            for citation in answer.citations:
                if citation.number in claim.citations and citation.number not in shown:
                    shown.add(citation.number)
                    yield Event("citation", citation)
            yield Event("claim", claim)
        yield Event("done", answer)

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
        if not 1 <= limit <= 100:
            raise InputError(f"limit is {limit}.", hint="Use 1 to 100.")
        query = self.retriever.query(_question(question))
        self.library.refresh()
        filters = _filters(since, until, languages, sources, article_ids)
        return hits(self.retriever.search(query, filters, limit=limit))

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

    def count(self, **filters: Any) -> int:
        """Count the articles that the filters of `ask` let through."""
        return self.library.catalog.count(
            _filters(*(filters.get(name) for name in ("since", "until", "languages", "sources", "article_ids")))
        )

    def sources(self) -> dict[str, int]:
        """Count the articles of each outlet, most first."""
        return self.library.catalog.sources()

    def problems(self) -> list[str]:
        """Say in words where the indexes do not agree with the catalog; empty if all is well."""
        return self.library.problems()

    def close(self) -> None:
        """Close the library's files."""
        self.library.close()

    def __enter__(self) -> Regbrief:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_parts(settings: Settings) -> tuple[Glossary, Encoder]:
    shipped = settings.corpus / "glossary.yaml"
    glossary = Glossary.open(*[path for path in (shipped if shipped.exists() else None, settings.glossary) if path])
    encoder = open_encoder(
        settings.encoder, base_url=settings.encoder_url, api_key=settings.encoder_key.get_secret_value()
    )
    return glossary, encoder


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
        raise InputError("The question is empty.", hint="Ask something.")
    if len(text) > MAX_QUESTION:
        raise InputError(f"The question has {len(text):,} characters.", hint=f"At most {MAX_QUESTION:,} are read.")
    return text


def _filters(
    since: date | None,
    until: date | None,
    languages: Sequence[Language] | None,
    sources: Sequence[str] | None,
    article_ids: Sequence[str] | None,
) -> Filters:
    if since and until and since > until:
        raise InputError(f"since {since} is after until {until}.", hint="Swap them.")
    for language in languages or ():
        if language not in LANGUAGES:
            raise InputError(f"language is {language!r}.", hint=f"Use {', '.join(LANGUAGES)}.")
    return Filters(since, until, tuple(languages or ()), tuple(sources or ()), tuple(article_ids or ()))
