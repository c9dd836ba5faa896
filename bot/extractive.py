"""An answer out of quoted sentences: which sentences answer the question, and whether any does.

The reader, where there is one, reads the best passages beside the question. Every candidate sentence then gets a
probability that it answers, by a logistic regression over a few `Signals`. A second one, over the best sentence's
probability and what of the question it lacks, decides whether the question is answered. `tools/fit_answerer.py` fits
both on the dev questions and writes `bot/models/answerer.json` with their figures.
"""

from __future__ import annotations

import json
import math
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Lock
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.index import Statistics
from bot.keywords import Analyzer
from bot.passages import sentences
from bot.question import Question, holds_amount, holds_date
from bot.records import Article, Language, Sentence
from bot.rerank import Pointed, Reading, Scorer, Window
from bot.retrieve import Candidate, Query
from bot.values import quantities

MODEL = Path(__file__).parent / "models" / "answerer.json"

SENTENCES = 20
"""So many sentences at most are weighed for a question."""

ENCODED = 10
"""Of these so many are encoded where a reader has read them, those that promise most (`Model.promise`). On the dev
questions 10 answer as well as 20, at half of what encoding cost."""

CACHED_SENTENCES = 8_000
"""Vectors of sentences kept in memory, 1.5 kB each."""

_NO_STORIES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a sentence; each is about in 0..1."""

    similarity: float
    """Cosine of question and sentence."""
    asked_similarity: float
    """Cosine of the question without its names and sentence."""
    passage_similarity: float
    """Cosine of question and passage."""
    retrieval: float
    """Fused rank score of the passage."""
    coverage: float
    """Share of the question's content words that the sentence has, by their inverse document frequency."""
    passage_coverage: float
    """The same for title and passage."""
    cross_language: float
    """1 where question and sentence are in different languages, so that only names and numbers can be shared."""
    missing_names: float
    """Share of the question's names that the article does not mention in any language."""
    distant_names: float
    """The same for title and passage."""
    missing_years: float
    """Share of the question's years that the article, its date included, does not mention."""
    distant_years: float
    """The same for date, title and passage."""
    amount: float
    """1 where an amount is asked for and the sentence has one, -1 where it has none, 0 where none is asked for."""
    date: float
    """The same for dates."""
    answering: float = 0.0
    """The reader's log-odds that the passage answers, divided by ten."""
    share: float = 0.0
    """The reader's share of the sentence in that."""
    certainty: float = 0.0
    """The reader's probability of the words that it points at in the sentence."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence of an article and the probability that it answers."""

    article: Article
    sentence: Sentence
    signals: Signals
    vector: NDArray[np.float32]
    probability: float
    pointed: Pointed | None = None
    """What the reader points at; its span counts characters of the sentence."""


DECISIVE = ("missing_names", "distant_names", "missing_years", "distant_years", "answering")
"""The signals of the best sentence that decide, beside its probability, whether the question is answered."""

UNENCODED = ("similarity", "asked_similarity")
"""The signals that are known only when a sentence has been encoded."""


@dataclass(frozen=True, slots=True)
class Model:
    """The weights of both regressions, and the decisions made with them."""

    weights: tuple[float, ...]
    """In the order of `Signals`."""
    bias: float
    threshold: float
    """Below this confidence the answer is a refusal."""
    follow: float
    """A further sentence is quoted if its probability is at least this share of the best one's."""
    glance: tuple[float, ...]
    """What the signals weigh that are known before a sentence is encoded, in the order of `Signals`."""
    decision: tuple[float, ...] = (1.0, *[0.0] * len(DECISIVE))
    """Of the log-odds of the best sentence, then in the order of `DECISIVE`."""
    decision_bias: float = 0.0

    @classmethod
    def load(cls, path: Path = MODEL, *, reader: bool = True) -> Model:
        """Read the model that was fitted with a reader, or the one without."""
        stored = json.loads(path.read_text("utf-8"))["with_reader" if reader else "without_reader"]
        weights, glance = (
            tuple(stored[part].get(name, 0.0) for name in Signals.__dataclass_fields__)
            for part in ("weights", "glance")
        )
        decision = stored["decision"]
        return cls(
            weights,
            stored["bias"],
            decision["threshold"],
            stored["follow"],
            glance,
            tuple(decision["weights"].get(name, 0.0) for name in ("log_odds", *DECISIVE)),
            decision["bias"],
        )

    @classmethod
    def by_rank(cls) -> Model:
        """Weigh nothing but the rank of the passage, and refuse nothing: what sentences would be without weighing."""
        weights = tuple(float(name == "retrieval") for name in Signals.__dataclass_fields__)
        return cls(weights, 0.0, threshold=0.0, follow=1.0, glance=weights)

    def probability(self, signals: Signals) -> float:
        """Return the logistic function of the weighted signals."""
        return _logistic(np.dot(self.weights, astuple(signals)) + self.bias)

    def promise(self, signals: Signals) -> float:
        """Rank a sentence that has not been encoded yet, the more likely to answer the higher."""
        return float(np.dot(self.glance, astuple(signals)))

    def confidence(self, best: Scored) -> float:
        """Return the probability that a question is answered whose best sentence this is."""
        odds = min(max(best.probability, 1e-9), 1 - 1e-9)
        values = (math.log(odds / (1 - odds)), *(getattr(best.signals, name) for name in DECISIVE))
        return _logistic(np.dot(self.decision, values) + self.decision_bias)


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
        self._cache: OrderedDict[tuple[str, Language], NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()
        self.cached: Counter[str] = Counter()
        """How often the vector of a sentence was known, and how often not."""

    def score(self, query: Query, candidates: Sequence[Candidate], *, limit: int | None = None) -> list[Scored]:
        """Score at most `limit` sentences of the best candidates, most telling first.

        Where that is not given, it is ENCODED or, without a reader, SENTENCES.
        """
        question = Question(
            query.text, self._glossary, self._keywords.informativeness(self._analyzer.content(query.text))
        )
        readings = self._read(query.text, candidates)
        found = self._sentences(question, candidates, readings)
        glanced = [(each, self._signals(question, query, each)) for each in found]
        likely = sorted(glanced, key=lambda pair: -self.model.promise(pair[1]))
        likely = likely[: limit or (ENCODED if any(readings) else SENTENCES)]
        vectors = self._encode([(each.sentence.text, each.article.language) for each, _ in likely])
        scored = []
        for (each, signals), vector in zip(likely, vectors, strict=True):
            whole = replace(
                signals, similarity=float(vector @ query.vector), asked_similarity=float(vector @ query.asked)
            )
            probability = self.model.probability(whole)
            scored.append(Scored(each.article, each.sentence, whole, vector, probability, each.pointed))
        return sorted(scored, key=lambda each: -each.probability)

    def choose(
        self,
        scored: Sequence[Scored],
        *,
        limit: int = 5,
        latest: bool = False,
        stories: Mapping[str, str] = _NO_STORIES,
    ) -> list[Scored]:
        """Choose at most `limit` sentences, no two saying the same; none where the best is not good enough.

        Where the `latest` is asked for, a sentence loses half its weight with each year that it is behind the newest.
        `stories` gives the story of an article: two reports of one say the same sooner than two others do.
        """
        if not scored or self.model.confidence(scored[0]) < self.model.threshold:
            return []
        weights = _recency(scored) if latest else [1.0] * len(scored)
        ranked = sorted(zip(weights, scored, strict=True), key=lambda pair: -pair[0] * pair[1].probability)
        floor = ranked[0][0] * ranked[0][1].probability * self.model.follow
        chosen: list[Scored] = []
        for weight, each in ranked:
            enough = weight * each.probability >= floor
            if len(chosen) < limit and enough and not any(_repeats(each, other, stories) for other in chosen):
                chosen.append(each)
        return chosen

    def _read(self, question: str, candidates: Sequence[Candidate]) -> list[Reading | None]:
        """Read the passages, each under its title; none for those that the budget leaves unread."""
        if not self._reader or not candidates:
            return [None] * len(candidates)
        readings = self._reader.read(question, [_window(each) for each in candidates], budget=self._budget)
        return [*readings, *[None] * (len(candidates) - len(readings))]

    def _sentences(
        self, question: Question, candidates: Sequence[Candidate], readings: Sequence[Reading | None]
    ) -> list[_Found]:
        """Pick the sentences worth weighing: those that the reader points at, or that share words with the question."""
        found = []
        unread = min((each.log_odds for each in readings if each), default=0.0)
        for rank, (candidate, reading) in enumerate(zip(candidates, readings, strict=True)):
            context = self._context(question, candidate)
            passage = candidate.stored.passage
            for at, sentence in enumerate(sentences(passage.text)):
                coverage = question.coverage(self._terms(sentence.text), self._analyzer.fold(sentence.text))
                moved = Sentence(passage.start + sentence.start, passage.start + sentence.end, sentence.text)
                pointed = _within(reading.sentences[at], len(_head(candidate)) + sentence.start) if reading else None
                log_odds = reading.log_odds if reading else unread
                each = _Found(candidate, moved, context, coverage, log_odds, pointed)
                worth = pointed.share * _logistic(log_odds) if pointed else 0.0
                found.append((worth + 0.2 * (coverage - 0.05 * rank), each))
        found.sort(key=lambda pair: -pair[0])
        return [each for _, each in found[:SENTENCES]]

    def _signals(self, question: Question, query: Query, each: _Found) -> Signals:
        """Say what speaks for a sentence before it is encoded."""
        candidate, context, pointed = each.candidate, each.context, each.pointed
        return Signals(
            similarity=0.0,
            asked_similarity=0.0,
            passage_similarity=candidate.similarity,
            retrieval=candidate.score,
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
        )

    def _context(self, question: Question, candidate: Candidate) -> _Context:
        article, passage = candidate.stored.article, candidate.stored.passage
        text = f"{article.title}\n{passage.text}"
        near, dated = self._analyzer.fold(text), f"\n{article.published or ''}"
        whole = self._analyzer.fold(f"{article.title}\n{article.body}\n{article.source}")
        return _Context(
            coverage=question.coverage(self._terms(text), near),
            missing_names=question.missing_names(whole),
            distant_names=question.missing_names(near),
            missing_years=question.missing_years(whole + dated),
            distant_years=question.missing_years(near + dated),
        )

    def _terms(self, text: str) -> set[str]:
        return set(self._analyzer.terms(text))

    def _encode(self, texts: Sequence[tuple[str, Language]]) -> list[NDArray[np.float32]]:
        wanted = dict.fromkeys(texts)
        with self._lock:
            known = {each: self._cache[each] for each in wanted if each in self._cache}
            new = [each for each in wanted if each not in known]
            self.cached.update(hit=len(known), miss=len(new))
        vectors = self._encoder.encode(
            [self._analyzer.fold(text) for text, _ in new], kind="passage", languages=[language for _, language in new]
        )
        fresh = dict(zip(new, vectors, strict=True))
        with self._lock:
            self._cache.update(fresh)
            while len(self._cache) > CACHED_SENTENCES:
                self._cache.popitem(last=False)
        return [fresh[each] if each in fresh else known[each] for each in texts]


@dataclass(frozen=True, slots=True)
class _Context:
    coverage: float
    missing_names: float
    distant_names: float
    missing_years: float
    distant_years: float


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


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _match(wanted: bool, there: bool) -> float:
    return (1.0 if there else -1.0) if wanted else 0.0


def _recency(scored: Sequence[Scored]) -> list[float]:
    """Return ½ to the power of the years by which each article is behind the newest; undated ones weigh least."""
    dates = [each.article.published for each in scored]
    newest = max((each for each in dates if each), default=date.min)
    weights = [0.5 ** ((newest - each).days / 365) if each else 0.0 for each in dates]
    least = min((weight for weight in weights if weight), default=1.0)
    return [weight or least for weight in weights]


def _repeats(one: Scored, other: Scored, stories: Mapping[str, str]) -> bool:
    """Whether a sentence says what another has said, in the same or in a different language."""
    same_language = one.article.language[:2] == other.article.language[:2]
    likeness = float(one.vector @ other.vector)
    if likeness > (SAME if same_language else SAME_ACROSS):
        return True
    story = stories.get(one.article.id)
    apart = story is None or story != stories.get(other.article.id) or one.article.id == other.article.id
    return not apart and likeness > SAME_FIGURES and _adds_no_figure(one, other)


def _adds_no_figure(one: Scored, other: Scored) -> bool:
    """Whether two sentences share figures and the first has no other one, save of the day on which it came out."""
    own, told = quantities(one.sentence.text), quantities(other.sentence.text)
    day = one.article.published
    today = {Decimal(number) for number in (day.year, day.month, day.day)} if day else set()
    return bool(own & told) and own <= told | today


SAME = 0.86
SAME_ACROSS = 0.80
"""Cosine over which two sentences repeat each other (means removed)."""

SAME_FIGURES = 0.5
"""The same, where two reports of one story give the same figures, in any two languages."""
