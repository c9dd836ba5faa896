"""From a question to an answer: understood, searched, weighed, verified, and set against what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from time import perf_counter

from bot import prompts
from bot.catalog import Catalog
from bot.conflicts import Conflict, conflicts
from bot.conversation import complete
from bot.dates import Window, read_time
from bot.extractive import Answerer, Scored
from bot.glossary import Glossary
from bot.records import (
    EVERY_PART,
    LANGUAGES,
    Answer,
    Article,
    Citation,
    Claim,
    Filters,
    Language,
    Parts,
    Reason,
    Related,
    Searched,
    Turn,
    to_json,
)
from bot.retrieve import Candidate, Query, Retriever
from bot.stories import Stories
from bot.verify import faults, stands, verify

CANDIDATES = 16
"""Passages whose sentences are weighed for an answer."""

BEARING = 0.03
"""From this probability on, a sentence that is not quoted may still contradict one that is."""

RELATED = 3


@dataclass(frozen=True, slots=True)
class _Found:
    """What a search brought, and the milliseconds that it took."""

    query: Query
    filters: Filters
    candidates: Sequence[Candidate]
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
        stories: Stories,
        glossary: Glossary,
        *,
        parts: Parts = EVERY_PART,
    ) -> None:
        self._catalog = catalog
        self._retriever = retriever
        self._answerer = answerer
        self._stories = stories
        self._glossary = glossary
        self._parts = parts

    def answer(
        self,
        text: str,
        filters: Filters,
        *,
        history: Sequence[Turn],
        answer_language: Language | None,
        today: date,
        read_dates: bool,
    ) -> Answer:
        """Answer with quoted sentences, or refuse; see `Regbrief.ask`."""
        started = perf_counter()
        completed = complete(text, history, self._glossary)
        reading = read_time(completed, today=today)
        window = reading.window if read_dates else None
        if window is None or window.soft:
            found = self._find(completed, filters, latest=reading.latest)
            implied = None
        else:
            found = self._find_within(window, reading.text, filters, latest=reading.latest)
            implied = completed[window.start : window.end]
        claims, citations = self._verified(found.chosen)
        language = answer_language or found.query.language
        disputes: list[Conflict] = []
        if claims and self._parts.conflicts:
            disputes, claims, citations = self._disputed(completed, found, claims, citations, language)
        searched = Searched(
            articles=self._catalog.count(found.filters),
            since=found.filters.since,
            until=found.filters.until,
            languages=filters.languages or LANGUAGES,
            sources=filters.sources,
            question=completed,
            implied=implied,
        )
        related = _related([each.stored.article for each in found.candidates], citations)
        reason = None if claims else self._reason(found)
        if reason is None:
            written = " ".join(f"{claim.text} {''.join(f'[{n}]' for n in claim.citations)}" for claim in claims)
        else:
            written = prompts.refusal(reason, language, searched, related[0] if related else None)
        total = _milliseconds(started, perf_counter())
        spent = {"retrieve": found.retrieve, "rerank": found.rerank}
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
            answerer="extractive",
            timings_ms={**spent, "answer": round(total - sum(spent.values()), 1), "total": total},
        )

    def _verified(self, chosen: Sequence[Scored]) -> tuple[list[Claim], list[Citation]]:
        citations = [_citation(number, scored) for number, scored in enumerate(chosen, 1)]
        claims = [Claim(citation.quote, (citation.number,)) for citation in citations]
        if not self._parts.verification:
            return claims, citations
        return verify(claims, citations, articles=self._articles(citations), glossary=self._glossary)

    def _disputed(
        self, question: str, found: _Found, claims: list[Claim], citations: list[Citation], language: Language
    ) -> tuple[list[Conflict], list[Claim], list[Citation]]:
        """Look for reports that differ on what is asked; the answer then says so, and cites both sides."""
        places = {_place(each) for each in citations}
        bearing = [_citation(0, each) for each in found.scored if each.probability >= BEARING]
        others = [each for each in bearing if _place(each) not in places and stands(each, self._articles([each]))]
        disputes = conflicts(
            question,
            citations,
            others,
            stories=self._stories.of([each.article for each in found.scored]),
            glossary=self._glossary,
            encoder=self._retriever.encoder,
        )
        shown = []
        for dispute in disputes:
            sides = {(side.article_id, side.start) for side in dispute.sides}
            new = [each for each in others if _place(each) in sides - places]
            both = [*citations, *(replace(each, number=len(citations) + at) for at, each in enumerate(new, 1))]
            said = prompts.disputed(language, [side.value for side in dispute.sides])
            claim = Claim(said, tuple(each.number for each in both if _place(each) in sides))
            if not faults(claim, {each.number: each for each in both}, glossary=self._glossary):
                shown.append(dispute)
                claims, citations, places = [*claims, claim], both, places | sides
        return shown, claims, citations

    def _articles(self, citations: Sequence[Citation]) -> dict[str, Article]:
        """Read the cited articles again: what is checked is what the catalog holds, not what the search handed on."""
        return {each.article_id: self._catalog.article(each.article_id) for each in citations}

    def _find(self, question: str, filters: Filters, *, latest: bool = False) -> _Found:
        """Search, weigh and choose."""
        started = perf_counter()
        query = self._retriever.query(question)
        candidates = self._retriever.search(query, filters, limit=CANDIDATES)
        retrieved = perf_counter()
        scored = self._answerer.score(query, candidates)
        chosen = self._answerer.choose(scored, latest=latest)
        spent = _milliseconds(started, retrieved), _milliseconds(retrieved, perf_counter())
        return _Found(query, filters, candidates, scored, chosen, *spent)

    def _find_within(self, window: Window, question: str, filters: Filters, *, latest: bool) -> _Found:
        """Search what was published in a window that the question implies; failing that, since it began.

        News of a month is often printed after it, and looked back upon later.
        """
        until = min(filters.until or window.until, window.until) if window.until else filters.until
        found = self._find(question, replace(filters, since=window.since, until=until), latest=latest)
        if found.chosen or until == filters.until:
            return found
        later = self._find(question, replace(filters, since=window.since), latest=latest)
        return later if later.chosen else found

    def _reason(self, found: _Found) -> Reason:
        if not self._catalog.count(Filters()):
            return "empty_library"
        wider = replace(found.filters, since=None, until=None)
        if wider != found.filters and self._find(found.query.text, wider).chosen:
            return "outside_window"
        return "no_evidence"


def _place(citation: Citation) -> tuple[str, int]:
    return citation.article_id, citation.start


def _citation(number: int, scored: Scored) -> Citation:
    article, sentence = scored.article, scored.sentence
    return Citation(
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
        score=round(scored.probability, 3),
    )


def _related(articles: Sequence[Article], citations: Sequence[Citation]) -> tuple[Related, ...]:
    """Return the nearest articles that are not cited, one in the other language among them if all cited are in one."""
    cited = {each.article_id for each in citations}
    spoken = {each.language[:2] for each in citations}
    others = list({each.id: each for each in articles if each.id not in cited}.values())
    nearest = others[:RELATED]
    foreign = [each for each in others if each.language[:2] not in spoken]
    if len(spoken) == 1 and foreign and foreign[0] not in nearest:
        nearest = [*nearest[: RELATED - 1], foreign[0]]
    return tuple(Related(each.id, each.title, each.source, each.published, each.language, each.url) for each in nearest)


def _milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
