"""From a question to passages: dense and keyword candidates of both languages, fused with room for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.catalog import Catalog, Stored
from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.keywords import Analyzer, Keywords
from bot.language import detect, fold
from bot.records import LANGUAGES, Filters, Hit, Language
from bot.vectors import Vectors

RRF_K = 60
"""Rank offset of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

QUOTA = 0.25
"""Share of the results kept for each of English and Chinese where it has candidates."""

ALIAS_WEIGHT = 0.5
"""What a glossary's other name for a thing counts beside the words that were typed."""

EXACT_KEYS = 10_000
"""Up to so many passages in a window are handed to dense search by key; above, it over-fetches and drops."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for searching."""

    text: str
    language: Language
    vector: NDArray[np.float32]
    terms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage found, with what spoke for it: `similarity` is a cosine, `score` the fused one in 0..1."""

    stored: Stored
    similarity: float
    score: float


class Retriever:
    """Searches one library."""

    def __init__(
        self,
        catalog: Catalog,
        keywords: Keywords,
        vectors: Vectors,
        *,
        encoder: Encoder,
        analyzer: Analyzer,
        glossary: Glossary,
    ) -> None:
        self._catalog = catalog
        self._keywords = keywords
        self._vectors = vectors
        self._encoder = encoder
        self._analyzer = analyzer
        self._glossary = glossary

    def query(self, question: str) -> Query:
        """Fold, encode and cut a question; the glossary adds the other names of what it mentions."""
        language = detect(question)
        vector = self._encoder.encode([fold(question)], kind="query", languages=[language])[0]
        return Query(question, language, vector, self._terms(question, language))

    def search(self, query: Query, filters: Filters, *, limit: int) -> list[Candidate]:
        """Return the best passages that pass the filters, best first, at least a share of them in each language."""
        depth = max(50, limit * 2)
        dense = self._dense(query.vector, filters, depth)
        sparse = self._keywords.search(query.terms, filters, limit=depth)
        scores = fuse([[key for key, _ in dense], [key for key, _ in sparse]])
        stored = self._catalog.stored(scores)
        ranked = [key for key in scores if key in stored]
        kept = with_quota(ranked, [stored[key].article.language[:2] for key in ranked], limit=limit, quota=QUOTA)
        similarity = dict(dense)
        return [Candidate(stored[key], similarity.get(key, 0.0), scores[key]) for key in kept]

    def _terms(self, question: str, language: Language) -> dict[str, float]:
        typed = self._analyzer.content(question) or set(self._analyzer.terms(question))
        if language == "zh-Hant":
            typed |= self._analyzer.content(" ".join(self._analyzer.document(question, language)))
        forms = (form for mention in self._glossary.find(question) for form in self._glossary.forms(mention.entity))
        other = {term for form in forms for term in self._analyzer.content(form)} - typed
        return dict.fromkeys(typed, 1.0) | dict.fromkeys(other, ALIAS_WEIGHT)

    def _dense(self, vector: NDArray[np.float32], filters: Filters, limit: int) -> list[tuple[int, float]]:
        languages = filters.languages or LANGUAGES
        if not filters.active:
            return self._vectors.search(vector, languages, limit=limit)
        keys = self._catalog.keys(filters, limit=EXACT_KEYS + 1)
        if len(keys) <= EXACT_KEYS:
            return self._vectors.search(vector, languages, limit=limit, keys=keys)
        fetched = limit
        while True:
            fetched *= 4
            found = self._vectors.search(vector, languages, limit=fetched)
            allowed = self._catalog.passing([key for key, _ in found], filters)
            passing = [pair for pair in found if pair[0] in allowed]
            if len(passing) >= limit or len(found) < fetched:
                return passing[:limit]


def fuse(rankings: Sequence[Sequence[int]]) -> dict[int, float]:
    """Fuse rankings by reciprocal rank; the scores are divided by the best possible one, best first."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + 1 / (RRF_K + rank)
    best = len(rankings) / (RRF_K + 1)
    return {key: score / best for key, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))}


def with_quota(ranked: Sequence[int], groups: Sequence[str], *, limit: int, quota: float) -> list[int]:
    """Keep the first `limit` of a ranking, but for each group at least its first `quota` × `limit`, in rank order."""
    room = int(limit * quota)
    kept: set[int] = set()
    for group in sorted(set(groups)):
        kept.update([at for at, other in enumerate(groups) if other == group][:room])
    for at in range(len(ranked)):
        if len(kept) >= limit:
            break
        kept.add(at)
    return [ranked[at] for at in sorted(kept)][:limit]


def hits(candidates: Sequence[Candidate]) -> list[Hit]:
    """Present candidates as search results."""
    return [_hit(candidate) for candidate in candidates]


def _hit(candidate: Candidate) -> Hit:
    passage, article = candidate.stored.passage, candidate.stored.article
    return Hit(
        article_id=article.id,
        passage_id=candidate.stored.key,
        text=passage.text,
        start=passage.start,
        end=passage.end,
        score=round(candidate.score, 4),
        title=article.title,
        source=article.source,
        published=article.published,
        language=article.language,
        url=article.url,
    )
