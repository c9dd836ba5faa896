"""Which sentences of the cited sources carry what a model wrote, so that the reader still gets quotations.

The best sentence comes first; others join it while they settle something that the gate (`bot.verify`) finds wanting:
the name that the first calls `the company`, the date that stands in the one before. What no quotation comes near in
meaning, by the encoder, is not carried, however well its words fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.language import detect, fold, plain
from bot.records import AnswerLanguage, Citation, Claim, Sentence
from bot.sources import Source
from bot.verify import faults

COVERED = 0.5
"""Cosine from which a sentence, or a clause of it, is near enough to a statement; of clauses of the corpus, 4 % in
English and 14 % in Chinese are as near to the sentence that follows theirs."""
COVERED_ACROSS = 0.39
"""The same between English and Chinese: 95 % of NTREX's translations are nearer, and 11 % of those of the next line."""

NOVEL = (0.8, 0.6)
"""Share of a statement's words, in Chinese and in English, from which it must be ALIKE its sentence to be carried."""
ALIKE = 0.7

QUOTES = 3
"""So many sentences at most carry one statement."""

TRIED = 10
"""So many of the likest sentences are tried to settle a fault."""


@dataclass(frozen=True, slots=True)
class Support:
    """The quotations that come nearest to a statement, and what they leave unproved, in words."""

    quotes: tuple[Citation, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Near:
    """A sentence of a source as a quotation, how like the statement it is, and its vectors: its own, its clauses'."""

    quote: Citation
    source: int
    likeness: float
    vectors: NDArray[np.float32]


class Attribution:
    """Ties statements to the sentences of some sources."""

    def __init__(self, sources: Sequence[Source], encoder: Encoder, glossary: Glossary) -> None:
        self._sources = {each.number: each for each in sources}
        self._encoder = encoder
        self._glossary = glossary
        self._vectors: dict[int, list[NDArray[np.float32]]] = {}

    def support(self, text: str, language: AnswerLanguage, numbers: Sequence[int]) -> Support:
        """Find the quotations in these sources that carry a statement, or come nearest to it."""
        vectors = self._encode(_parts(text, language), language)
        near = sorted(self._near(vectors[0], numbers), key=lambda each: -each.likeness)
        if not near:
            return Support((), ("It cites nothing.",))
        chosen = self._chosen(text, near)
        found = self._faults(text, chosen)
        strange = _novelty(text, chosen, self._glossary) > NOVEL[language == "en"]
        if not all(_covered(vector, chosen, language, least=ALIKE if strange else 0.0) for vector in vectors):
            found.append("The source does not say this.")
        return Support(tuple(each.quote for each in chosen), tuple(found))

    def _near(self, vector: NDArray[np.float32], numbers: Sequence[int]) -> list[_Near]:
        return [
            _Near(_quotation(source, sentence, likeness := float((rows @ vector).max())), number, likeness, rows)
            for number in dict.fromkeys(numbers)
            for source in [self._sources[number]]
            for sentence, rows in zip(source.sentences, self._rows(source), strict=True)
        ]

    def _chosen(self, text: str, near: Sequence[_Near]) -> list[_Near]:
        """Take the likest sentence, then those that settle most of its faults, then one of each other source named."""
        chosen = [near[0]]
        wanting = self._faults(text, chosen)
        while wanting and len(chosen) < QUOTES:
            tried = [each for each in near[:TRIED] if each not in chosen]
            results = [(self._faults(text, [*chosen, each]), each) for each in tried]
            best = min(results, key=lambda pair: len(pair[0]), default=(wanting, near[0]))
            if len(best[0]) >= len(wanting):
                break
            wanting, chosen = best[0], [*chosen, best[1]]
        for source in dict.fromkeys(each.source for each in near):
            other = next(each for each in near if each.source == source)
            if source not in {each.source for each in chosen} and len(chosen) < QUOTES and other.likeness >= COVERED:
                more = [*chosen, other]
                chosen = more if len(self._faults(text, more)) <= len(wanting) else chosen
        return chosen

    def _faults(self, text: str, chosen: Sequence[_Near]) -> list[str]:
        cited = {number: each.quote for number, each in enumerate(chosen, 1)}
        return faults(Claim(text, tuple(cited)), cited, glossary=self._glossary)

    def _rows(self, source: Source) -> list[NDArray[np.float32]]:
        if source.number not in self._vectors:
            parts = [_parts(sentence.text, source.article.language) for sentence in source.sentences]
            rows = self._encode([part for each in parts for part in each], source.article.language)
            ends = accumulate(len(each) for each in parts)
            self._vectors[source.number] = [rows[end - len(each) : end] for each, end in zip(parts, ends, strict=True)]
        return self._vectors[source.number]

    def _encode(self, texts: Sequence[str], language: AnswerLanguage) -> NDArray[np.float32]:
        return self._encoder.encode(
            [fold(text) for text in texts], kind="passage", languages=[plain(language)] * len(texts)
        )


def _parts(text: str, language: AnswerLanguage) -> list[str]:
    """Return a sentence and its clauses: what a long one says in passing is near to none of it as a whole."""
    clauses = [clause for clause in _CLAUSE_END.split(text) if len(clause) > _SHORT[language == "en"]]
    return [text, *(clauses if len(clauses) > 1 else ())]


_CLAUSE_END = re.compile(r"[;；，]|,\s")
_SHORT = (6, 24)
"""A clause of no more characters, in Chinese and in English, says too little to be held against anything."""


def _covered(vector: NDArray[np.float32], chosen: Sequence[_Near], language: AnswerLanguage, *, least: float) -> bool:
    return any(
        float((each.vectors @ vector).max())
        >= max(least, COVERED if each.quote.language[:2] == language[:2] else COVERED_ACROSS)
        for each in chosen
    )


def _novelty(text: str, chosen: Sequence[_Near], glossary: Glossary) -> float:
    """Return the share of a statement's words, names aside, that its quotations do not have; 0 across languages."""
    same = [each for each in chosen if (detect(text) == "en") == (each.quote.language == "en")]
    own = _words(text, glossary)
    theirs = set().union(*(_words(each.quote.quote, glossary) for each in same))
    return len(own - theirs) / len(own) if same and own else 0.0


def _words(text: str, glossary: Glossary) -> set[str]:
    """Return the longer words of a text by their first letters, and its pairs of Han characters, but for names."""
    for mention in reversed(glossary.find(text)):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    folded = fold(text)
    runs = re.findall("[㐀-鿿]{2,}", folded)
    words = {word[:4] for word in set(re.findall("[a-z]{3,}", folded)) - _LITTLE}
    return words | {run[at : at + 2] for run in runs for at in range(len(run) - 1)}


_LITTLE = frozenset(
    "the and that for was were has had have with from its their this which are been his her not but".split()
)


def _quotation(source: Source, sentence: Sentence, likeness: float) -> Citation:
    return Citation.of(source.article, sentence, number=0, score=min(1.0, max(0.0, likeness)))
