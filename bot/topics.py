"""Which articles are about a topic, and not merely near it.

A question needs one passage that answers; a topic needs all articles that turn on it, and none besides. What counts is
how near passages and headline are, whether headline and lead name what the topic names, in any language, and how much
of its wording they have. `benchmarks/digest.py` measures it on topics in three scripts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.glossary import Glossary
from bot.index import Statistics
from bot.keywords import Analyzer
from bot.question import NAMES, Question
from bot.records import Article, Filters
from bot.retrieve import Candidate, Query, Retriever

PASSAGES = 100
"""Passages that are looked through for articles on a topic."""

TITLE, NAMED, WORDED = 0.5, 0.3, 0.2
"""What the headline's nearness, a name in headline or lead, and the wording add to the nearness of a passage."""

ABOUT = 0.485
"""From this relevance on, an article is about a topic whose names stand in it, but not in headline and lead."""
ABOUT_NAMED = 0.56
"""The same where it names a company, person, body, law or place: these are often mentioned in passing."""
ABOUT_UNNAMED = 0.44
"""The same where the topic names nothing that the glossary knows and the library mentions."""
MENTIONED = 3
"""Where fewer articles have a topic's names, these are only one way of wording it: `gig workers`."""
SHARE = 0.72
"""Where a topic says more than a name, an article is as relevant as this share of the best at least."""


@dataclass(frozen=True, slots=True)
class About:
    """An article about a topic, and how much so; the best are a little above 1."""

    article: Article
    relevance: float


class Topics:
    """Finds the articles about a topic in one library."""

    def __init__(self, retriever: Retriever, statistics: Statistics, *, analyzer: Analyzer, glossary: Glossary) -> None:
        self._retriever = retriever
        self._statistics = statistics
        self._analyzer = analyzer
        self._glossary = glossary

    def about(self, topic: str, filters: Filters) -> list[About]:
        """Return the articles about a topic that the filters let through, most relevant first."""
        query = self._retriever.query(topic)
        named = _Named(topic, self._glossary, self._statistics, self._analyzer)
        candidates = self._retriever.search(query, filters, limit=PASSAGES)
        nearest = _nearest(candidates)
        articles = {each.stored.article.id: each.stored.article for each in candidates}
        titles = self._titles(list(articles.values()), query)
        held = [(each, named.held(each)) for each in articles.values()]
        mentioned = sum(each.whole for _, each in held) >= MENTIONED
        found = []
        for article, words in held:
            relevance = nearest[article.id] + TITLE * titles[article.id] + WORDED * words.worded + NAMED * words.opening
            if words.possible and relevance >= named.floor(words, mentioned=mentioned):
                found.append(About(article, relevance))
        found.sort(key=lambda each: (-each.relevance, each.article.id))
        least = found[0].relevance * SHARE if found and named.says_more else 0.0
        return [each for each in found if each.relevance >= least]

    def names(self, topic: str) -> Callable[[str], bool]:
        """Return what tells whether a text mentions all that a topic names; where it names nothing, no text does."""
        named = _Named(topic, self._glossary, self._statistics, self._analyzer)
        return lambda text: named.all_in(self._analyzer.fold(text))

    def _titles(self, articles: Sequence[Article], query: Query) -> Mapping[str, float]:
        """Return the cosine of topic and headline of each article."""
        if not articles:
            return {}
        vectors = self._retriever.encoder.encode(
            [self._analyzer.fold(each.title) for each in articles],
            kind="passage",
            languages=[each.language for each in articles],
        )
        return {each.id: float(vector @ query.vector) for each, vector in zip(articles, vectors, strict=True)}


@dataclass(frozen=True, slots=True)
class _Held:
    """What of a topic an article has."""

    possible: bool
    """It mentions every body, company, person, law and place of the topic."""
    opening: bool
    """Headline and lead mention all names of the topic, terms included; a topic without any has this nowhere."""
    whole: bool
    worded: float
    """Share of the topic's content words in headline and lead."""


class _Named:
    """What a topic names and how it words it, held against articles."""

    def __init__(self, topic: str, glossary: Glossary, statistics: Statistics, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._question = Question(topic, glossary, statistics.informativeness(analyzer.content(topic)))
        bearers: dict[tuple[int, int], list[str]] = {}
        for mention in glossary.find(topic):
            bearers.setdefault((mention.start, mention.end), []).extend(glossary.forms(mention.entity))
        self._names = [_any_of(forms) for forms in bearers.values()]
        rest = "".join(" " if any(a <= at < b for a, b in bearers) else c for at, c in enumerate(topic))
        self._floor = ABOUT_NAMED if any(each.entity.kind in NAMES for each in glossary.find(topic)) else ABOUT
        self.says_more = bool(bearers) and bool(analyzer.content(rest))

    def held(self, article: Article) -> _Held:
        """Hold an article against the topic."""
        title, lead = article.title, article.body.partition("\n\n")[0]
        opening, whole = (self._analyzer.fold(f"{title}\n{text}") for text in (lead, article.body))
        return _Held(
            possible=all(self._question.met(whole).names),
            opening=self.all_in(opening),
            whole=self.all_in(whole),
            worded=self._question.coverage(set(self._analyzer.terms(f"{title}\n{lead}")), opening),
        )

    def floor(self, held: _Held, *, mentioned: bool) -> float:
        """Return the relevance that will do; `mentioned` says whether any article has the topic's names."""
        if not mentioned:
            return ABOUT_UNNAMED
        if not held.whole:
            return math.inf
        if held.opening:
            return ABOUT if self.says_more else 0.0
        return self._floor

    def all_in(self, folded: str) -> bool:
        """Whether a folded text has all names of the topic, of which there is one at least."""
        return bool(self._names) and all(name.search(folded) for name in self._names)


def _any_of(forms: Sequence[str]) -> re.Pattern[str]:
    """Compile a pattern of the folded forms of a name, Latin ones as whole words."""
    longest = sorted(set(forms), key=len, reverse=True)
    parts = [re.escape(each) for each in longest]
    return re.compile("|".join(rf"(?<![a-z0-9]){each}(?![a-z0-9])" if each.isascii() else each for each in parts))


def _nearest(candidates: Sequence[Candidate]) -> dict[str, float]:
    nearest: dict[str, float] = {}
    for each in candidates:
        article_id = each.stored.article.id
        nearest[article_id] = max(nearest.get(article_id, 0.0), each.similarity)
    return nearest
