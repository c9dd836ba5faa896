"""An answer out of quoted sentences: which sentences answer the question, and whether any does.

The reader, where there is one, reads the passages that are worth it beside the question; without one, their sentences
are encoded and compared with it. Every sentence then gets a probability that it answers, by a logistic regression over
a few `Signals`. Another, over the best sentence's probability and what of the question it lacks, decides whether the
question is answered (bot/weighing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.index import Statistics
from bot.keywords import Analyzer
from bot.passages import sentences
from bot.question import Met, Question, holds_amount, holds_date, lacking
from bot.recall import Recall
from bot.records import Article, Language, Sentence
from bot.rerank import Pointed, Reading, Scorer, Window
from bot.retrieve import Candidate, Query
from bot.selection import near_best, without_repeats
from bot.weighing import QUOTED, Around, Model, Outlook, Scored, Signals, logarithm, logistic

READ = 8
"""So many passages at most are read for a question, those with the best outlook (`Skim`)."""

FIRST = 3
"""The names that so many passages lack, those found first, decide whether the question is answered (`Around`)."""

SENTENCES = 20
"""So many sentences at most are weighed for a question."""

CACHED_SENTENCES = 8_000
"""Vectors of sentences kept in memory, 1.5 kB each."""

CACHED_READINGS = 500
"""Readings kept in memory: a refusal looks again at what it has read, among what lies outside of its filters."""

_NO_STORIES: Mapping[str, str] = MappingProxyType({})


class Answerer:
    """Chooses the sentences that answer."""

    def __init__(
        self,
        encoder: Encoder,
        keywords: Statistics,
        *,
        analyzer: Analyzer,
        glossary: Glossary,
        model: Model,
        reader: Scorer | None = None,
        budget: float | None = None,
    ) -> None:
        """Take the parts; `budget` is how many seconds the reader may take for a question, null for no limit."""
        self._encoder = encoder
        self._keywords = keywords
        self._analyzer = analyzer
        self._glossary = glossary
        self.model = model
        self._reader = reader
        self._budget = budget
        self.vectors: Recall[tuple[str, Language], NDArray[np.float32]] = Recall(CACHED_SENTENCES)
        self.readings: Recall[tuple[str, Window], Reading] = Recall(CACHED_READINGS)

    def score(self, query: Query, candidates: Sequence[Candidate]) -> list[Scored]:
        """Score at most SENTENCES sentences of the candidates, most telling first."""
        question = self._question(query)
        passages = self._seen(question, candidates)
        seen = self._worth_reading(query, passages)
        found = self._sentences(question, seen, self._read(query.text, [each.candidate for each in seen]))
        vectors: Sequence[NDArray[np.float32] | None] = [None] * len(found)
        if self.model.weighs_cosines:
            vectors = self._encode([(each.sentence.text, each.article.language) for each in found])
        highest, around = max((each.score for each in candidates), default=0.0), _around(passages)
        scored = []
        for each, vector in zip(found, vectors, strict=True):
            signals = self._signals(question, query, each, highest, vector)
            probability, met = self.model.probability(signals), each.context.met
            scored.append(Scored(each.article, each.sentence, signals, vector, probability, each.pointed, met, around))
        return sorted(scored, key=lambda each: -each.probability)

    def choose(
        self,
        scored: Sequence[Scored],
        *,
        limit: int = QUOTED,
        latest: bool = False,
        stories: Mapping[str, str] = _NO_STORIES,
    ) -> list[Scored]:
        """Choose at most `limit` sentences, no two saying the same; none where the best is not good enough."""
        if not scored or self.model.confidence(scored) < self.model.threshold:
            return []
        near = near_best(scored, follow=self.model.follow, latest=latest)
        return without_repeats(self._with_vectors(near), limit=limit, stories=stories)

    def outlooks(self, query: Query, candidates: Sequence[Candidate]) -> list[Outlook]:
        """Say what speaks for each passage before it is read."""
        return _outlooks(query, self._seen(self._question(query), candidates))

    def _question(self, query: Query) -> Question:
        weights = self._keywords.informativeness(self._analyzer.content(query.text))
        return Question(query.text, self._glossary, weights)

    def _seen(self, question: Question, candidates: Sequence[Candidate]) -> list[_Seen]:
        return [_Seen(each, self._context(question, each)) for each in candidates]

    def _worth_reading(self, query: Query, seen: Sequence[_Seen]) -> Sequence[_Seen]:
        """Leave out, where there is a reader, the passages that would be read in vain."""
        skim = self.model.skim
        if not self._reader or not skim or not seen:
            return seen
        worth = list(map(skim.probability, _outlooks(query, seen)))
        best, *others = sorted(range(len(seen)), key=lambda at: -worth[at])[:READ]
        read = {best, *(at for at in others if worth[at] >= skim.least)}
        return [each for at, each in enumerate(seen) if at in read]

    def _read(self, question: str, candidates: Sequence[Candidate]) -> list[Reading | None]:
        """Read the passages, each under its title; none for those that the budget leaves unread."""
        if not (reader := self._reader):
            return [None] * len(candidates)
        wanted = [(question, _window(each)) for each in candidates]
        found = self.readings.of(
            wanted, lambda new: reader.read(question, [window for _, window in new], budget=self._budget)
        )
        return [found.get(each) for each in wanted]

    def _sentences(self, question: Question, seen: Sequence[_Seen], readings: Sequence[Reading | None]) -> list[_Found]:
        """Pick the sentences worth weighing: those that the reader points at, or that share words with the question."""
        found = []
        unread = min((each.log_odds for each in readings if each), default=0.0)
        for rank, (each, reading) in enumerate(zip(seen, readings, strict=True)):
            candidate, passage = each.candidate, each.candidate.stored.passage
            parts = sentences(passage.text)
            unsaid = Pointed(1 / max(len(parts), 1)) if self._reader else None
            for at, sentence in enumerate(parts):
                coverage = question.coverage(self._terms(sentence.text), self._analyzer.fold(sentence.text))
                moved = Sentence(passage.start + sentence.start, passage.start + sentence.end, sentence.text)
                pointed = _within(reading.sentences[at], len(_head(candidate)) + sentence.start) if reading else unsaid
                log_odds = reading.log_odds if reading else unread
                worth = pointed.share * logistic(log_odds) if pointed else 0.0
                weighed = _Found(candidate, moved, each.context, coverage, log_odds, pointed)
                found.append((worth + 0.2 * (coverage - 0.05 * rank), weighed))
        found.sort(key=lambda pair: -pair[0])
        return [weighed for _, weighed in found[:SENTENCES]]

    def _signals(
        self, question: Question, query: Query, each: _Found, highest: float, vector: NDArray[np.float32] | None
    ) -> Signals:
        """Say what speaks for a sentence; `highest` is the best passage's fused score."""
        candidate, context, pointed = each.candidate, each.context, each.pointed
        return Signals(
            similarity=0.0 if vector is None else float(vector @ query.vector),
            asked_similarity=0.0 if vector is None else float(vector @ query.asked),
            passage_similarity=candidate.similarity,
            retrieval=candidate.score - highest,
            coverage=each.coverage,
            passage_coverage=context.coverage,
            cross_language=float(each.article.language[:2] != query.language[:2]),
            missing_names=context.missing_names,
            distant_names=context.distant_names,
            missing_years=context.missing_years,
            distant_years=context.distant_years,
            amount=_match(question.wants_amount, holds_amount(each.sentence.text)),
            date=_match(question.wants_date, holds_date(each.sentence.text)),
            answering=each.log_odds / 10,
            share=pointed.share if pointed else 0.0,
            certainty=pointed.certainty if pointed else 0.0,
            log_share=logarithm(pointed.share) if pointed else 0.0,
            log_certainty=logarithm(pointed.certainty) if pointed else 0.0,
        )

    def _context(self, question: Question, candidate: Candidate) -> _Context:
        article, passage = candidate.stored.article, candidate.stored.passage
        text = f"{article.title}\n{passage.text}"
        near, dated = self._analyzer.fold(text), f"\n{article.published or ''}"
        whole = self._analyzer.fold(f"{article.title}\n{article.body}\n{article.source}")
        met, beside = question.met(whole + dated), question.met(near + dated)
        return _Context(
            coverage=question.coverage(self._terms(text), near),
            missing_names=lacking([met.names]),
            distant_names=lacking([beside.names]),
            missing_years=lacking([met.years]),
            distant_years=lacking([beside.years]),
            met=met,
        )

    def _terms(self, text: str) -> set[str]:
        return set(self._analyzer.terms(text))

    def _with_vectors(self, scored: Sequence[Scored]) -> list[Scored]:
        """Encode what has not been; one sentence by itself is compared with nothing."""
        if len(scored) < 2 or all(each.vector is not None for each in scored):
            return list(scored)
        vectors = self._encode([(each.sentence.text, each.article.language) for each in scored])
        return [replace(each, vector=vector) for each, vector in zip(scored, vectors, strict=True)]

    def _encode(self, texts: Sequence[tuple[str, Language]]) -> list[NDArray[np.float32]]:
        found = self.vectors.of(texts, self._encoded)
        return [found[each] for each in texts]

    def _encoded(self, texts: Sequence[tuple[str, Language]]) -> Sequence[NDArray[np.float32]]:
        folded, languages = [self._analyzer.fold(text) for text, _ in texts], [language for _, language in texts]
        return list(self._encoder.encode(folded, kind="passage", languages=languages))


@dataclass(frozen=True, slots=True)
class _Context:
    coverage: float
    missing_names: float
    distant_names: float
    missing_years: float
    distant_years: float
    met: Met


@dataclass(frozen=True, slots=True)
class _Seen:
    """A passage with what was found about it before it is read."""

    candidate: Candidate
    context: _Context


def _outlooks(query: Query, seen: Sequence[_Seen]) -> list[Outlook]:
    similarity = max((each.candidate.similarity for each in seen), default=0.0)
    coverage = max((each.context.coverage for each in seen), default=0.0)
    return [_outlook(query, each, rank, similarity, coverage) for rank, each in enumerate(seen)]


def _outlook(query: Query, each: _Seen, rank: int, similarity: float, coverage: float) -> Outlook:
    candidate, context = each.candidate, each.context
    across = float(candidate.stored.article.language[:2] != query.language[:2])
    return Outlook(
        similarity=candidate.similarity,
        behind=similarity - candidate.similarity,
        rank=rank / 10,
        coverage=context.coverage,
        coverage_behind=coverage - context.coverage,
        missing_names=context.missing_names,
        distant_names=context.distant_names,
        missing_years=context.missing_years,
        distant_years=context.distant_years,
        cross_language=across,
        cross_coverage=across * context.coverage,
    )


def _around(seen: Sequence[_Seen]) -> Around:
    if not seen:
        return Around()
    astray = fmean(each.context.distant_names for each in seen[:FIRST])
    return Around(astray, max(each.candidate.similarity for each in seen))


@dataclass(frozen=True, slots=True)
class _Found:
    """A sentence worth weighing, with what was found about it before it is encoded."""

    candidate: Candidate
    sentence: Sentence
    context: _Context
    coverage: float
    log_odds: float
    pointed: Pointed | None

    @property
    def article(self) -> Article:
        return self.candidate.stored.article


def _head(candidate: Candidate) -> str:
    return f"{candidate.stored.article.title}\n"


def _window(candidate: Candidate) -> Window:
    """Set a passage under the title of its article: what `it` and `the company` stand for is often said only there."""
    head, passage = _head(candidate), candidate.stored.passage
    spans = tuple((len(head) + each.start, len(head) + each.end) for each in sentences(passage.text))
    return Window(head + passage.text, spans)


def _within(pointed: Pointed, start: int) -> Pointed:
    """Count the characters of a span of the window from the start of its sentence."""
    return replace(pointed, span=(pointed.span[0] - start, pointed.span[1] - start)) if pointed.span else pointed


def _match(wanted: bool, there: bool) -> float:
    return (1.0 if there else -1.0) if wanted else 0.0
