"""From a question to passages: dense and keyword candidates of both languages, fused with room for each.

Of copies, one speaks; in search results, of all reports of a story. An answer weighs each report by itself, as one may
say what another does not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.catalog import Catalog, Stored
from bot.encoder import Encoder
from bot.errors import ServerError
from bot.glossary import Glossary, Mention
from bot.index import Found, Half, SearchIndex
from bot.keywords import Analyzer
from bot.language import detect
from bot.records import EVERY_PART, Filters, Hit, Language, Parts, Report
from bot.stories import Told
from bot.voices import also_reported, one_a_story, one_a_text

WORDS = 0.2
"""What the words count in a fused score; the rest is the cosine. On the dev questions 0.15 to 0.3 do as well."""

QUOTA = 0.25
"""Share of the results kept for each of English and Chinese where it has candidates."""

ALIAS_WEIGHT = 0.5
"""What a glossary's other name for a thing counts beside the words that were typed."""

DEPTH = 50
"""Passages taken from each search at least; where few voices are among them, up to DEEPEST."""

DEEPEST = 1_000


Item = TypeVar("Item")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for searching."""

    text: str
    language: Language
    vector: NDArray[np.float32]
    asked: NDArray[np.float32]
    """Vector of the question without the names in it: what is asked about them."""
    terms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage found, with what spoke for it: `similarity` is a cosine, `score` the fused one in 0..1.

    Where only its words have found it, `similarity` is the least of those found by meaning: it is no nearer than that.
    """

    stored: Stored
    similarity: float
    score: float


class Results(list[Item]):
    """What was found, best first; `lost` names what it was searched without, as its server does not answer."""

    def __init__(self, items: Iterable[Item] = (), *, lost: tuple[Half, ...] = ()) -> None:
        super().__init__(items)
        self.lost = lost


class Retriever:
    """Searches one library."""

    def __init__(
        self,
        catalog: Catalog,
        index: SearchIndex,
        *,
        encoder: Encoder,
        analyzer: Analyzer,
        glossary: Glossary,
        parts: Parts = EVERY_PART,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self.encoder = encoder
        self._analyzer = analyzer
        self._glossary = glossary
        self._parts = parts

    def query(self, question: str) -> Query:
        """Fold, encode and cut a question; the glossary adds the other names of what it mentions."""
        language = detect(question)
        texts = [self._analyzer.fold(text) for text in (question, self._asked(question))]
        vector, asked = self.encoder.encode(texts, kind="query", languages=[language, language])
        return Query(question, language, vector, asked, self._terms(question, language))

    def search(self, query: Query, filters: Filters, *, limit: int) -> Results[Candidate]:
        """Return the best passages that pass the filters, best first, at least a share of them in each language.

        What a copy only repeats is left out.
        """
        return self._search(query, filters, limit, one_a_text)

    def hits(self, query: Query, filters: Filters, *, limit: int) -> Results[Hit]:
        """Return the best passages as `search` does, but of each story those of one report, and who else told it."""
        candidates = self._search(query, filters, limit, one_a_story)
        also = self.also_reported([each.stored.article.id for each in candidates], filters)
        hits = (_hit(each, also.get(each.stored.article.id, ())) for each in candidates)
        return Results(hits, lost=candidates.lost)

    def best(self, ranked: Sequence[Candidate], *, limit: int) -> list[Candidate]:
        """Return the first candidates of a ranking, at least a share of them in each of English and Chinese."""
        groups = [each.stored.article.language[:2] for each in ranked]
        quota = QUOTA if self._parts.language_quota else 0.0
        return [ranked[at] for at in with_quota(range(len(ranked)), groups, limit=limit, quota=quota)]

    def stories(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return the story of each article; one that is not there is in none."""
        return {each: told.story for each, told in self._told(article_ids).items()}

    def also_reported(self, article_ids: Iterable[str], filters: Filters) -> dict[str, tuple[Report, ...]]:
        """Return, for each article shown, who else told its story among those that the filters let through."""
        shown = self._told(article_ids)
        tellers = self._catalog.tellers({each.story for each in shown.values()}, filters)
        return {each: also_reported(shown, tellers, each) for each in shown}

    def _told(self, article_ids: Iterable[str]) -> dict[str, Told]:
        return self._catalog.told(article_ids) if self._parts.story_grouping else {}

    def _search(self, query: Query, filters: Filters, limit: int, voices: _Voices) -> Results[Candidate]:
        depth = max(DEPTH, limit * 2)
        while True:
            found, exhausted = self._ranked(query, filters, depth)
            scores = {each.stored.key: each.score for each in found}
            told = self._told({each.stored.article.id for each in found})
            speaking = {each.key for each in voices([each.stored for each in found], scores, told)}
            if len(speaking) >= limit or exhausted or depth >= DEEPEST:
                break
            depth *= 4
        ranked = [each for each in found if each.stored.key in speaking]
        return Results(self.best(ranked, limit=limit), lost=found.lost)

    def _ranked(self, query: Query, filters: Filters, depth: int) -> tuple[Results[Candidate], bool]:
        """Fuse the first `depth` passages of each search; say whether there are no more."""
        halves, lost = self._halves(query, filters, depth)
        dense, words = dict(halves.get("dense", ())), dict(halves.get("keywords", ()))
        stored = self._catalog.stored({*dense, *words})
        least = min(dense.values(), default=0.0)  # what its words alone have found is no nearer than the last of these
        similarity = {key: dense.get(key, least) for key in stored}
        foreign = {key for key, each in stored.items() if each.article.language[:2] != query.language[:2]}
        scores = fuse(similarity, words, foreign=foreign)
        found = (Candidate(stored[key], similarity[key], score) for key, score in scores.items())
        return Results(found, lost=lost), max(len(dense), len(words)) < depth

    def _halves(self, query: Query, filters: Filters, depth: int) -> tuple[dict[Half, Found], tuple[Half, ...]]:
        """Search by meaning and by words; where one is lost the other is enough. Raises ServerError where both are."""
        searches: dict[Half, Callable[[], Found]] = {}
        if self._parts.dense_search:
            searches["dense"] = lambda: self._index.nearest(query.vector, filters, limit=depth)
        if self._parts.keyword_search:
            searches["keywords"] = lambda: self._index.matching(query.terms, filters, limit=depth)
        found: dict[Half, Found] = {}
        faults: dict[Half, ServerError] = {}
        for half, search in searches.items():
            try:
                found[half] = search()
            except ServerError as error:
                faults[half] = error
        if faults and not found:
            raise next(iter(faults.values()))
        for half, fault in faults.items():
            log.warning("Searched without %s: %s", half, fault)
        return found, tuple(faults)

    def _asked(self, question: str) -> str:
        """Cut out the names: a sentence that answers often says "the company" where the question names it."""
        text = question
        for start, end in sorted({(each.start, each.end) for each in self._names(question)}, reverse=True):
            text = text[:start] + text[end:]
        return text

    def _names(self, question: str) -> list[Mention]:
        return [each for each in self._glossary.find(question) if each.entity.kind != "term"]

    def _terms(self, question: str, language: Language) -> dict[str, float]:
        typed = self._analyzer.content(question) or set(self._analyzer.terms(question))
        if language == "zh-Hant":
            typed |= self._analyzer.content(" ".join(self._analyzer.document(question, language)))
        known = (mention.entity for mention in self._glossary.find(question) if not mention.ambiguous)
        forms = (form for entity in known for form in self._glossary.forms(entity))
        other = {term for form in forms for term in self._analyzer.content(form)} - typed
        return dict.fromkeys(typed, 1.0) | dict.fromkeys(other, ALIAS_WEIGHT)


def fuse(similarity: Mapping[int, float], words: Mapping[int, float], *, foreign: Set[int]) -> dict[int, float]:
    """Fuse the cosine of each passage with the keyword score of some, best first; a score is in 0..1.

    It is a convex combination of the cosine and of the share that a keyword score has of the best one (Bruch, Gai and
    Ingber, TOIS 2023, https://doi.org/10.1145/3596512). A passage in another language than the question has hardly a
    word in common with it: the share that its cosine has of the best one in that language stands for its words. So does
    that of every passage where none in the question's own language was found by its words.
    """
    wordless = foreign if words.keys() - foreign else similarity.keys()
    shares, stand_ins = _shares(words), _shares({key: similarity[key] for key in wordless})
    scores = {
        key: (1 - WORDS) * max(0.0, cosine) + WORDS * max(shares.get(key, 0.0), stand_ins.get(key, 0.0))
        for key, cosine in similarity.items()
    }
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def _shares(values: Mapping[int, float]) -> dict[int, float]:
    """Return what each has of the best, 0 for what is not above nought."""
    best = max(values.values(), default=0.0)
    return {key: max(0.0, value) / best if best > 0 else 0.0 for key, value in values.items()}


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


_Voices = Callable[[Sequence[Stored], Mapping[int, float], Mapping[str, Told]], list[Stored]]


def _hit(candidate: Candidate, also: tuple[Report, ...]) -> Hit:
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
        also_reported_by=also,
    )
