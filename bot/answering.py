"""From a question to an answer: understood, searched, weighed, verified, and set against what differs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from time import perf_counter

from bot import prompts
from bot.anchors import read_anchor
from bot.catalog import Catalog
from bot.conflicts import Conflict, conflicts
from bot.conversation import complete
from bot.dates import Window, read_time
from bot.deixis import is_deictic
from bot.drafting import Draft, Writer
from bot.errors import Fault, ModelError
from bot.extractive import Answerer
from bot.glossary import Glossary
from bot.language import detect
from bot.ledger import Ledger
from bot.origins import read_origin
from bot.records import (
    EVERY_PART,
    LANGUAGES,
    Answer,
    AnswerLanguage,
    Article,
    Citation,
    Claim,
    Filters,
    Parts,
    Reason,
    Related,
    Searched,
    Turn,
    to_json,
)
from bot.retrieve import Candidate, Query, Results, Retriever
from bot.verify import faults, stands, verify
from bot.voices import beyond, nearest
from bot.weighing import Scored

CANDIDATES = 16
"""Passages found for an answer, and for what else is near the question."""

WEIGHED = 10
"""Of these the passages that are read, and whose sentences are weighed. On the dev questions 10 answer as well as 16,
8 lose one key fact of 217, and reading is most of what a question costs."""

OUTSIDE = 3
"""So many passages of what lies outside of a question's filters are read, to say whether it would have answered."""

BEARING = 0.03
"""From this probability on, a sentence that is not quoted may still contradict one that is."""

CERTAIN = 0.3
"""From this probability on, the words that the reader points at are shown to answer."""

BEAT = 1.0
"""Seconds of writing after which a step says that it goes on."""

SHORTER = 2
"""So often half as much is put to a model that finds it too long: it needs more tokens than were reckoned."""

Step = str | Citation | Claim

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a search brought, and the milliseconds that it took."""

    query: Query
    filters: Filters
    candidates: Results[Candidate]
    scored: Sequence[Scored]
    chosen: Sequence[Scored]
    retrieve: float
    rerank: float


class Answering:
    """Answers questions from one library."""

    def __init__(
        self,
        catalog: Catalog,
        retriever: Retriever,
        answerer: Answerer,
        glossary: Glossary,
        *,
        parts: Parts = EVERY_PART,
        writer: Writer | None = None,
    ) -> None:
        self._catalog = catalog
        self._retriever = retriever
        self._answerer = answerer
        self._glossary = glossary
        self._parts = parts
        self._writer = writer
        self.faults: Counter[Fault] = Counter()
        """How often the language model failed, and in what way."""

    def steps(
        self,
        text: str,
        filters: Filters,
        *,
        history: Sequence[Turn],
        answer_language: AnswerLanguage | None,
        today: date,
        horizon: date | None,
        read_dates: bool,
        read_sources: bool,
    ) -> Generator[Step, None, Answer]:
        """Answer, or refuse, a claim at a time, each after what it cites first; return it whole. See `Regbrief.ask`.

        What was published after the `horizon` is never told of. A text says what is being done; closing the generator
        stops the model that is writing.
        """
        started = perf_counter()
        completed = self._completed(text, history)
        origin = read_origin(completed, self._glossary, self._catalog.sources) if read_sources else None
        wanted = origin.text if origin else completed
        filters = origin.narrowed(filters) if origin else filters
        reading = read_anchor(wanted, read_time(wanted, today=today), self._glossary, today=today)
        window = reading.window if read_dates and reading.window and not reading.window.soft else None
        understood = perf_counter()
        query = self._retriever.query(reading.text if window else wanted)
        encoding = _milliseconds(understood, perf_counter())
        if window:
            found = self._find_within(window, query, filters, latest=reading.latest)
            implied = wanted[window.start : window.end]
        else:
            found = self._find(query, filters, latest=reading.latest)
            implied = None
        language = answer_language or detect(completed)
        ledger = Ledger()
        answerer, notes = yield from self._claims(completed, found, language, ledger)
        disputes = []
        if ledger.claims and self._parts.conflicts:
            for dispute, said, quotes in self._disputed(completed, found, ledger.citations, language):
                disputes.append(dispute)
                yield from ledger.add(said, self._told(quotes, found))
        claims, citations = ledger.claims, ledger.citations
        searched = Searched(
            articles=self._catalog.count(found.filters),
            since=found.filters.since,
            until=found.filters.until,
            languages=filters.languages or LANGUAGES,
            sources=filters.sources,
            question=completed,
            implied=implied,
            implied_languages=origin.languages_said if origin else None,
            implied_sources=origin.sources_said if origin else None,
        )
        nearby = {each.stored.article.id: each.stored.article for each in found.candidates}
        stories = self._retriever.stories([*nearby, *(each.article_id for each in citations)])
        related = nearest(list(nearby.values()), citations, stories)
        reason, outside = (None, ()) if claims else self._reason(found, horizon)
        if reason is None:
            written = " ".join(_printed(claim, language) for claim in claims)
        else:
            written = prompts.refusal(reason, language, searched, related, outside)
        total = _milliseconds(started, perf_counter())
        spent = {"retrieve": round(encoding + found.retrieve, 1), "rerank": found.rerank}
        return Answer(
            question=text,
            language=language,
            abstained=reason is not None,
            reason=reason,
            answer=written,
            as_of=max((each.published for each in citations if each.published), default=None),
            claims=tuple(claims),
            citations=tuple(citations),
            conflicts=tuple(to_json(each) for each in disputes),
            related=related,
            searched=searched,
            answerer=answerer,
            notes=(*(prompts.LOST[half][language] for half in found.candidates.lost), *notes),
            timings_ms={**spent, "answer": round(total - sum(spent.values()), 1), "total": total},
            outside=outside,
        )

    def _completed(self, text: str, history: Sequence[Turn]) -> str:
        completed = complete(text, history, self._glossary)
        return self._writer.complete(text, history, otherwise=completed) if self._writer and history else completed

    # --- claims ---

    def _claims(
        self, question: str, found: _Found, language: AnswerLanguage, ledger: Ledger
    ) -> Generator[Step, None, tuple[str, tuple[str, ...]]]:
        """Enter what is written, or else quoted; return who wrote it, and what the reader should know about that."""
        notes: tuple[str, ...] = ()
        written = False
        if found.chosen and self._writer:
            fault, gap = yield from self._written(self._writer, question, found, language, ledger)
            written = bool(ledger.claims)
            if fault:
                notes = (prompts.fallback(fault, language, broken_off=written),)
            elif gap:
                notes = (prompts.GAP[language],)
            if written and not fault:
                return self._writer.model.name, notes
        yield from self._quoted(found, ledger, language)
        return self._writer.model.name if self._writer and written else "extractive", notes

    def _written(
        self, writer: Writer, question: str, found: _Found, language: AnswerLanguage, ledger: Ledger
    ) -> Generator[Step, None, tuple[Fault | None, bool]]:
        """Enter what a model writes; return why it fell short, and whether it says that the articles do."""
        draft = writer.draft(question, found.scored, language)
        for attempt in range(1, SHORTER + 2):
            try:
                yield from self._entered(draft, found, ledger)
                break
            except ModelError as error:
                shorter = writer.draft(question, found.scored, language, room=draft.size // 2)
                if error.fault != "too_long" or ledger.claims or attempt > SHORTER or not shorter.size:
                    log.warning("%s", error)
                    self.faults[error.fault] += 1
                    return error.fault, draft.gap
                draft = shorter
        return None, draft.gap

    def _entered(self, draft: Draft, found: _Found, ledger: Ledger) -> Iterator[Step]:
        """Enter what a draft proves, as it is written. Raises ModelError."""
        yield "writing"
        shown = perf_counter()
        with closing(draft.written()) as sentences:
            for sentence in sentences:
                if sentence and all(stands(each, self._articles([each])) for each in sentence.quotes):
                    yield from ledger.add(sentence.text, self._told(sentence.quotes, found), sentence.status)
                elif perf_counter() - shown > BEAT:
                    shown = perf_counter()
                    yield "writing"

    def _quoted(self, found: _Found, ledger: Ledger, language: AnswerLanguage) -> Iterator[Step]:
        """Enter the sentences chosen, as they stand in their articles."""
        citations = [_citation(number, scored) for number, scored in enumerate(found.chosen, 1)]
        claims = [Claim(citation.quote, (citation.number,)) for citation in citations]
        if self._parts.verification:
            claims, citations = verify(claims, citations, articles=self._articles(citations), glossary=self._glossary)
        for claim, citation in zip(claims, self._told(citations, found), strict=True):
            if not ledger.cites(citation):
                gloss = self._gloss(citation, language, ledger)
                yield from ledger.add(claim.text, [citation], context=_context(citation, language), gloss=gloss)

    def _gloss(self, citation: Citation, language: AnswerLanguage, ledger: Ledger) -> str:
        """Give the reader's names for what a quotation in another language names for the first time."""
        if citation.language[:2] == language[:2]:
            return ""
        counterparts = self._glossary.counterparts
        said = {ours for each in ledger.citations for ours in counterparts(each.quote, language).values()}
        names = {ours: theirs for theirs, ours in counterparts(citation.quote, language).items()}
        return prompts.gloss(language, {theirs: ours for ours, theirs in names.items() if ours not in said})

    def _told(self, quotes: Sequence[Citation], found: _Found) -> list[Citation]:
        """Add to quotations who else reported what their articles do."""
        also = self._retriever.also_reported({each.article_id for each in quotes}, found.filters)
        return [replace(each, also_reported_by=also.get(each.article_id, ())) for each in quotes]

    def _disputed(
        self, question: str, found: _Found, citations: Sequence[Citation], language: AnswerLanguage
    ) -> Iterator[tuple[Conflict, str, list[Citation]]]:
        """Look for reports that differ on what is asked; yield how the answer says so, and both sides' quotations."""
        places = {_place(each) for each in citations}
        bearing = [_citation(0, each) for each in found.scored if each.probability >= BEARING]
        others = [each for each in bearing if _place(each) not in places and stands(each, self._articles([each]))]
        disputes = conflicts(
            question,
            citations,
            others,
            stories=self._retriever.stories({each.article.id for each in found.scored}),
            glossary=self._glossary,
            encoder=self._retriever.encoder,
        )
        for dispute in disputes:
            sides = {(side.article_id, side.start) for side in dispute.sides}
            both = {at: each for at, each in enumerate([*citations, *others], 1) if _place(each) in sides}
            said = prompts.disputed(language, [side.value for side in dispute.sides])
            if not faults(Claim(said, tuple(both)), both, glossary=self._glossary):
                yield dispute, said, list(both.values())

    def _articles(self, citations: Sequence[Citation]) -> dict[str, Article]:
        """Read the cited articles again: what is checked is what the catalog holds, not what the search handed on."""
        return self._catalog.standing({each.article_id for each in citations})

    def _find(self, query: Query, filters: Filters, *, latest: bool = False) -> _Found:
        """Search, weigh and choose."""
        started = perf_counter()
        candidates = self._retriever.search(query, filters, limit=CANDIDATES)
        retrieved = perf_counter()
        scored = self._answerer.score(query, self._retriever.best(candidates, limit=WEIGHED))
        chosen = self._chosen(scored, latest=latest)
        spent = _milliseconds(started, retrieved), _milliseconds(retrieved, perf_counter())
        return _Found(query, filters, candidates, scored, chosen, *spent)

    def _chosen(self, scored: Sequence[Scored], *, latest: bool = False) -> Sequence[Scored]:
        stories = self._retriever.stories({each.article.id for each in scored})
        return self._answerer.choose(scored, latest=latest, stories=stories)

    def _find_within(self, window: Window, query: Query, filters: Filters, *, latest: bool) -> _Found:
        """Search what was published in a window that the question implies; failing that, since it began.

        News of a month is often printed after it, and looked back upon later.
        """
        until = min(filters.until or window.until, window.until) if window.until else filters.until
        found = self._find(query, replace(filters, since=window.since, until=until), latest=latest)
        if found.chosen or until == filters.until:
            return found
        later = self._find(query, replace(filters, since=window.since), latest=latest)
        return later if later.chosen else found

    def _reason(self, found: _Found, horizon: date | None) -> tuple[Reason, tuple[Related, ...]]:
        """Say why nothing is said, and what would have answered in a wider search: first one of all dates."""
        if not self._catalog.count(Filters()):
            return "empty_library", ()
        narrow = found.filters
        undated = replace(narrow, since=None, until=horizon)
        anyones = replace(undated, languages=(), sources=())
        if undated != narrow and (chosen := self._outside(found.query, undated)):
            return "outside_window", beyond([each.article for each in chosen], narrow)
        chosen = self._outside(found.query, anyones) if anyones != undated else ()
        return "no_evidence", beyond([each.article for each in chosen], narrow)

    def _outside(self, query: Query, filters: Filters) -> Sequence[Scored]:
        """Choose from a wider search, of which only the first passages are read."""
        candidates = self._retriever.search(query, filters, limit=OUTSIDE)
        return self._chosen(self._answerer.score(query, candidates))


def _place(citation: Citation) -> tuple[str, int]:
    return citation.article_id, citation.start


def _printed(claim: Claim, language: AnswerLanguage) -> str:
    doubt = "" if claim.status == "verified" else prompts.UNSUPPORTED[language]
    return f"{claim.context}{claim.text}{claim.gloss} {''.join(f'[{number}]' for number in claim.citations)}{doubt}"


def _context(citation: Citation, language: AnswerLanguage) -> str:
    """Name outlet and day where the quotation means something else on another day."""
    if citation.published is None or not is_deictic(citation.quote):
        return ""
    return prompts.said_on(language, citation.source, citation.published)


def _citation(number: int, scored: Scored) -> Citation:
    citation = Citation.of(scored.article, scored.sentence, number=number, score=scored.probability)
    pointed = scored.pointed
    if pointed is None or pointed.span is None or pointed.certainty < CERTAIN:
        return citation
    start, end = pointed.span
    return replace(citation, answer_span=(citation.start + start, citation.start + end))


def _milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
