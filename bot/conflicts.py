"""Where reports differ: quotations that give the figure, date or outcome that a question asks for in several ways.

Nothing is concluded about who is right. That 182.28亿 and 18.2 billion are one figure, `bot.measures` tells. Two figures
are only held against each other where something says that they measure one thing: the question names both; a sentence
sets them against each other itself (`had put`, 说法不一); or reports of one story give them in like words. Missing a
conflict is forgiven, making one up is not: `python benchmarks/conflicts.py` counts both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.language import fold
from bot.measures import DATES, Measure, asked, measures, named
from bot.records import Citation, Language
from bot.verify import negated

ALIKE = 0.5
"""From this cosine on, two sentences without their figures say the same; where the question doubts, DOUBTED will do."""
DOUBTED = 0.25
ALIKE_DATES = 0.7
"""A sentence of a story may name the day of many things."""
CROSS_LANGUAGE = 0.15
"""What is added to the cosine of an English and a Chinese sentence."""
RATIO = 2.6
"""Figures of one thing seldom differ more; those of two things mostly do."""


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
    """A measure in a quotation, and how many figures of its unit stand there."""

    citation: Citation
    measure: Measure
    rivals: int
    used: bool

    def differs(self, other: _Said) -> bool:
        return self.measure.differs(other.measure)


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
    compare = _Comparison(question, stories, glossary, encoder)
    pairs = _named(question, said) or _stated(question, said) or compare.told(said)
    return [_conflict(*pair) for pair in pairs] or compare.outcomes([*cited, *others], len(cited))


# --- what is said ---------------------------------------------------------------------------------------------------

_DOUBT = re.compile(
    r"\b(?:differ|agree|match|conflict|discrepan|dispute|contradict|inconsisten)|reports? var|\bdraft\b.*\bfinal"
    r"|说法|不同|[稿案][^？]{0,6}定稿|不一|一致|一样|到底|究竟|前后|各是|为何|矛盾|出入"
)
_NEWEST = re.compile(r"\b(?:now|current(?:ly)?|latest|newest|today)\b|现在|目前|如今|最新|现时")


_WHY = re.compile(r"\bwhy\b|为什么|为何|怎么判|原因")
_WHICH = re.compile(r"\bwhich\b.*\b(?:more|larger|higher|bigger|less)\b|compare|times (?:the|as)|哪.*[更较多重高]|差多少|几倍|多少倍|区别|变化")

def _said(wanted: frozenset[str], citations: Sequence[Citation], *, used: bool) -> Iterator[_Said]:
    for citation in citations:
        found = measures(citation.quote)
        for measure in found:
            if measure.unit in wanted:
                yield _Said(citation, measure, sum(measure.differs(other) for other in found), used)


# --- figures that the question names --------------------------------------------------------------------------------

def _named(question: str, said: Sequence[_Said]) -> list[tuple[_Said, _Said]]:
    """Return the sentences that say the one and the other of two figures that the question names."""
    for a, b in combinations(named(question), 2):
        if a.differs(b):
            first, second = (
                [each for each in said if each.measure.unit == named.unit and not each.measure.differs(named)]
                for named in (a, b)
            )
            if first and second and (first[0].used or second[0].used):
                return [(first[0], second[0])]
    return []


# --- figures that a sentence sets against each other ----------------------------------------------------------------

_AGAINST = re.compile(
    r"reported differently|\bhad (?:been )?(?:put|reported|given|estimated|stated)\b|finally imposed"
    r"|\bwhile .{1,60}\b(?:cited|according to|said|put|reported)\b"
    r"|说法不|不一致|有所不同|有出入|前后讲|则[称说是]|比[^，；。]{0,16}(?:公布|预计|报道|估计)[^，；。]{0,16}[多少高低]"
    r"|[高低多少][于][^，；。]{0,16}(?:公布|预计|报道|估计)"
)
_REVISED = re.compile(
    r"\b(?:cut|reduced|lowered|revised|raised) (?:it |the fine |that )?(?:from|to)\b|[减降][至为到]|改为"
)


def _stated(question: str, said: Sequence[_Said]) -> list[tuple[_Said, _Said]]:
    """Return figures that one sentence sets against each other, if the answer uses the sentence or one of them."""
    cue = _AGAINST if _NEWEST.search(fold(question)) else re.compile(f"{_AGAINST.pattern}|{_REVISED.pattern}")
    used = [each for each in said if each.used]
    return [
        (a, b)
        for a, b in combinations(said, 2)
        if a.citation is b.citation
        and a.differs(b)
        and _comparable(a.measure, b.measure)
        and cue.search(fold(a.citation.quote))
        and (a.used or any(not each.differs(a) and each.measure.unit == a.measure.unit for each in used))
    ][:1]


def _comparable(a: Measure, b: Measure) -> bool:
    if a.unit in DATES:
        return True
    small, great = sorted((a.low + a.high, b.low + b.high))
    return great <= RATIO * small


# --- figures of several reports -------------------------------------------------------------------------------------

_OUTCOMES: Sequence[tuple[re.Pattern[str], re.Pattern[str]]] = tuple(
    (re.compile(yes), re.compile(no))
    for yes, no in (
        (r"\b(?:approved|cleared)\b|批准|核准|放行", r"\b(?:blocked|prohibited|rejected)\b|禁止|否决|驳回|不予批准"),
        (r"\bupheld\b|维持", r"\b(?:overturned|annulled|quashed)\b|撤销|推翻"),
        (r"\b(?:guilty|convicted)\b|有罪", r"\b(?:acquitted|not guilty)\b|无罪"),
        (r"\b(?:passed|adopted)\b|[获三]读?通过", r"\b(?:voted down|defeated)\b|未获通过|遭否决"),
    )
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d|,\d)")


class _Comparison:
    """Holds sentences of several reports against each other."""

    def __init__(self, question: str, stories: Mapping[str, str], glossary: Glossary, encoder: Encoder) -> None:
        self._doubted = bool(_DOUBT.search(fold(question)))
        self._stories = stories
        self._glossary = glossary
        self._encoder = encoder

    def told(self, said: Sequence[_Said]) -> list[tuple[_Said, _Said]]:
        """Return the pair of figures in the likest sentences, one of them used, if these are like enough."""
        single = [each for each in said if not each.rivals]
        pairs = [pair for pair in combinations(single, 2) if pair[0].used and self._may_differ(*pair)]
        likeness = self._likeness([(a.citation, b.citation) for a, b in pairs])
        fitting = [at for at, pair in enumerate(pairs) if likeness[at] >= self._floor(pair)]
        return [pairs[at] for at in sorted(fitting, key=lambda at: -likeness[at])[:1]]

    def outcomes(self, citations: Sequence[Citation], used: int) -> list[Conflict]:
        """Return the conflict of the likest sentences of one story that tell opposite outcomes."""
        pairs = [
            (a, b)
            for a, b in combinations(citations, 2)
            if a in citations[:used] and self._one_story(a, b) and _opposed(a.quote, b.quote)
        ]
        fitting = [pair for pair, likeness in zip(pairs, self._likeness(pairs), strict=True) if likeness >= ALIKE]
        return [Conflict("outcome", _sides([(each, each.quote) for each in pair])) for pair in fitting[:1]]

    def _may_differ(self, a: _Said, b: _Said) -> bool:
        one_report = a.citation.article_id == b.citation.article_id
        return (
            a.differs(b)
            and _comparable(a.measure, b.measure)
            and (self._doubted if one_report else self._doubted or self._one_story(a.citation, b.citation))
            and not self._apart(a.citation.quote, b.citation.quote)
        )

    def _floor(self, pair: tuple[_Said, _Said]) -> float:
        if pair[0].measure.unit in DATES:
            return ALIKE_DATES
        return DOUBTED if self._doubted else ALIKE

    def _one_story(self, a: Citation, b: Citation) -> bool:
        stories = [self._stories.get(each.article_id) for each in (a, b)]
        return a.article_id != b.article_id and stories[0] is not None and stories[0] == stories[1]

    def _apart(self, a: str, b: str) -> bool:
        """Whether two sentences are about different companies or, unless the question doubts, about different years."""
        companies = [
            {each.entity.id for each in self._glossary.find(text) if each.entity.kind in ("company", "person")}
            for text in (a, b)
        ]
        years = [set(_YEAR.findall(fold(text))) for text in (a, b)]
        differing = [companies] if self._doubted else [companies, years]
        return any(all(pair) and pair[0].isdisjoint(pair[1]) for pair in differing)

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


def _bare(text: str) -> str:
    """Return a text without its figures and dates."""
    for measure in reversed(measures(text)):
        text = f"{text[: measure.start]} {text[measure.end :]}"
    return text


def _opposed(a: str, b: str) -> bool:
    """Whether one text tells an outcome and the other its contrary."""
    first, second = fold(a), fold(b)
    return negated(a) == negated(b) and any(
        bool(yes.search(x) and no.search(y)) and not (no.search(x) or yes.search(y))
        for yes, no in _OUTCOMES
        for x, y in ((first, second), (second, first))
    )


def _conflict(a: _Said, b: _Said) -> Conflict:
    """Return the two sides of a conflict."""
    return Conflict(
        a.measure.unit,
        _sides([(each.citation, each.citation.quote[each.measure.start : each.measure.end]) for each in (a, b)]),
    )


def _sides(accounts: Sequence[tuple[Citation, str]]) -> tuple[Side, ...]:
    sides = (
        Side(value, each.quote, each.article_id, each.source, each.published, each.language, each.start, each.end)
        for each, value in accounts
    )
    return tuple(sorted(sides, key=lambda side: side.published or date.max))
