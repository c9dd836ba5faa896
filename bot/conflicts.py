"""Where reports differ: quotations that give the figure, date or outcome that a question asks for in several ways.

Nothing is concluded about who is right. That 182.28亿 and 18.2 billion are one figure, `bot.measures` tells. Figures
are held against each other only where something says that they measure one thing: the question names both; a sentence
sets them against each other itself (`had put`, 说法不一); or reports of one story, or where the question doubts any,
give them in like words. Missing a conflict is forgiven, making one up is not.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.language import fold
from bot.measures import DATES, Measure, measures
from bot.records import Citation, Language
from bot.wording import asked, compares, contrasts, doubts, named, newest, opposed, revises, unmeasured

ALIKE = 0.5
"""From this cosine on, two sentences without their figures say the same; where the question doubts, DOUBTED will do."""
DOUBTED = 0.25
ALIKE_DATES = 0.7
"""A sentence of a story may name the day of many things."""
CROSS_LANGUAGE = 0.15
"""What is added to the cosine of an English and a Chinese sentence."""
RATIO = 2.6
"""Figures of one thing seldom differ more, those of two things mostly do; unless the sentences are like ALIKE_DATES."""


@dataclass(frozen=True, slots=True)
class Side:
    """One account: the words that differ, the quotation that they stand in, whose it is, and when it came out."""

    value: str
    quote: str
    article_id: str
    source: str
    published: date | None
    language: Language
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """What is told in two ways: a unit (`CNY`, `percent`, `person`, `date`) or `outcome`; earliest first."""

    unit: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """A measure in a quotation, and whether the answer uses it."""

    citation: Citation
    measure: Measure
    used: bool

    def rest(self) -> list[Measure]:
        """Return the other measures of the quotation in the same unit."""
        found = measures(self.citation.quote)
        return [each for each in found if each.unit == self.measure.unit and each != self.measure]

    def years(self) -> set[str]:
        """Return the years that the quotation names beside the measure, or else that in which it came out."""
        quote, published = self.citation.quote, self.citation.published
        named = set(_YEAR.findall(f"{quote[: self.measure.start]} {quote[self.measure.end :]}"))
        return named or ({str(published.year)} if published else set())


def conflicts(
    question: str,
    cited: Sequence[Citation],
    others: Sequence[Citation] = (),
    *,
    stories: Mapping[str, str],
    glossary: Glossary,
    encoder: Encoder,
) -> list[Conflict]:
    """Find where what is cited differs in itself, or from `others`, further sentences that bear on the question.

    `stories` gives the story of each article; one that is not there is in none. At most one conflict is returned, the
    surest; both lists come most telling first.
    """
    wanted = asked(question)
    said = [*_said(wanted, cited, used=True), *_said(wanted, others, used=False)]
    if pairs := _named(question, said):
        return [_conflict(*pair) for pair in pairs]
    compare = _Comparison(question, stories, glossary, encoder)
    if unmeasured(question) and not compare.doubted:
        return []
    said = [each for each in said if compare.on_topic(each.citation)]
    pairs = _stated(question, said) or ([] if compares(question) else compare.told(said))
    return [_conflict(*pair) for pair in pairs] or compare.outcomes([*cited, *others], used=len(cited))


def _said(wanted: frozenset[str], citations: Sequence[Citation], *, used: bool) -> list[_Said]:
    return [
        _Said(citation, measure, used)
        for citation in citations
        for measure in measures(citation.quote)
        if measure.unit in wanted
    ]


def _named(question: str, said: Sequence[_Said]) -> list[tuple[_Said, _Said]]:
    """Return the sentences that say the one and the other of two figures that the question names."""
    for a, b in combinations(named(question), 2):
        first, second = ([each for each in said if each.measure.agrees(figure)] for figure in (a, b))
        if a.differs(b) and first and second and (first[0].used or second[0].used):
            return [(first[0], second[0])]
    return []


# --- figures that a sentence sets against each other ----------------------------------------------------------------


def _stated(question: str, said: Sequence[_Said]) -> list[tuple[_Said, _Said]]:
    """Return figures that one sentence sets against each other, if the answer uses the sentence or one of them."""
    sets_against = contrasts if newest(question) else lambda sentence: contrasts(sentence) or revises(sentence)
    used = [each.measure for each in said if each.used]
    return [
        (a, b)
        for a, b in combinations(said, 2)
        if a.citation is b.citation
        and a.measure.differs(b.measure)
        and a.measure.ratio(b.measure) <= RATIO
        and sets_against(a.citation.quote)
        and (a.used or any(each.agrees(a.measure) for each in used))
    ][:1]


# --- figures of several reports -------------------------------------------------------------------------------------

_BODIES = ("regulator",)
_COMPANIES = ("company", "person")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d|,\d)")


class _Comparison:
    """Holds sentences of several reports against each other."""

    def __init__(self, question: str, stories: Mapping[str, str], glossary: Glossary, encoder: Encoder) -> None:
        self.doubted = doubts(question)
        self._question = question
        self._stories = stories
        self._glossary = glossary
        self._encoder = encoder

    def told(self, said: Sequence[_Said]) -> list[tuple[_Said, _Said]]:
        """Return the figures of the likest two sentences, one of them used, if they are like enough."""
        pairs = [pair for pair in combinations(said, 2) if pair[0].used and self._may_differ(*pair)]
        likeness = self._likeness([(a.citation, b.citation) for a, b in pairs])
        fitting = [
            (pair, like)
            for pair, like in zip(pairs, likeness, strict=True)
            if like >= self._floor(pair[0].measure, pair[1].measure)
        ]
        return [pair for pair, _ in sorted(fitting, key=lambda each: _preference(*each))[:1]]

    def outcomes(self, citations: Sequence[Citation], *, used: int) -> list[Conflict]:
        """Return the conflict of the first two like sentences of one story that tell opposite outcomes."""
        pairs = [
            (citations[at], other)
            for at in range(used)
            for other in citations[at + 1 :]
            if self._one_story(citations[at], other) and opposed(citations[at].quote, other.quote)
        ]
        fitting = [pair for pair, like in zip(pairs, self._likeness(pairs), strict=True) if like >= ALIKE]
        return [Conflict("outcome", _sides([(each, each.quote) for each in pair])) for pair in fitting[:1]]

    def on_topic(self, citation: Citation) -> bool:
        """Whether quotation and headline do not name other bodies, or other companies, than the question."""
        asked_about, near = self._question, f"{citation.title} {citation.quote}"
        return not any(_apart(self._names(asked_about, k), self._names(near, k)) for k in (_BODIES, _COMPANIES))

    def _may_differ(self, a: _Said, b: _Said) -> bool:
        companies = (self._names(each.citation.quote, _COMPANIES) for each in (a, b))
        if not a.measure.differs(b.measure) or _apart(*companies):
            return False
        rest = a.rest(), b.rest()
        same_rest = len(rest[0]) == len(rest[1]) and all(x.agrees(y) for x, y in zip(*rest, strict=True))
        if self.doubted:
            return same_rest or not any(x.agrees(y) for x in [a.measure, *rest[0]] for y in [b.measure, *rest[1]])
        return same_rest and self._one_story(a.citation, b.citation) and not _apart(a.years(), b.years())

    def _floor(self, a: Measure, b: Measure) -> float:
        if a.unit in DATES or a.ratio(b) > RATIO:
            return ALIKE_DATES
        return DOUBTED if self.doubted else ALIKE

    def _names(self, text: str, kinds: Container[str]) -> set[str]:
        return {each.entity.id for each in self._glossary.find(text) if each.entity.kind in kinds}

    def _one_story(self, a: Citation, b: Citation) -> bool:
        stories = [self._stories.get(each.article_id) for each in (a, b)]
        return a.article_id != b.article_id and stories[0] is not None and stories[0] == stories[1]

    def _likeness(self, pairs: Sequence[tuple[Citation, Citation]]) -> list[float]:
        """Return the cosine of each two sentences without their figures, raised where their languages differ."""
        texts = list(dict.fromkeys((_bare(each.quote), each.language) for pair in pairs for each in pair))
        if not texts:
            return []
        vectors = self._encoder.encode(
            [fold(text) for text, _ in texts], kind="passage", languages=[language for _, language in texts]
        )
        at = dict(zip(texts, vectors, strict=True))
        return [
            float(at[_bare(a.quote), a.language] @ at[_bare(b.quote), b.language])
            + (CROSS_LANGUAGE if a.language[:2] != b.language[:2] else 0.0)
            for a, b in pairs
        ]


def _preference(pair: tuple[_Said, _Said], likeness: float) -> tuple[bool, bool, float, float]:
    """Put first what is used, in two articles, in the likest words and, of several figures there, the nearest."""
    a, b = pair
    one_report = a.citation.article_id == b.citation.article_id
    return not b.used, one_report, -likeness, round(a.measure.ratio(b.measure), 1)


def _apart(a: set[str], b: set[str]) -> bool:
    """Whether both name something, but nothing in common."""
    return bool(a and b and a.isdisjoint(b))


def _bare(text: str) -> str:
    """Return a text without its figures and dates."""
    for measure in reversed(measures(text)):
        text = f"{text[: measure.start]} {text[measure.end :]}"
    return text


def _conflict(a: _Said, b: _Said) -> Conflict:
    accounts = [(each.citation, each.citation.quote[each.measure.start : each.measure.end]) for each in (a, b)]
    return Conflict(a.measure.unit, _sides(accounts))


def _sides(accounts: Sequence[tuple[Citation, str]]) -> tuple[Side, ...]:
    sides = (
        Side(value, each.quote, each.article_id, each.source, each.published, each.language, each.start, each.end)
        for each, value in accounts
    )
    return tuple(sorted(sides, key=lambda side: side.published or date.max))
