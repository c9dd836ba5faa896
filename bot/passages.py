"""From an article to passages: runs of whole neighbouring sentences, short enough to point at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.records import Article, Passage, Sentence
from bot.sentences import sentence_spans

VERSION = 1
"""Raised when the same article would be cut differently; part of the manifest of an index."""

PASSAGE_TOKENS = 120
"""About how many tokens of the bundled encoder a passage holds at most, unless one sentence is longer."""

SENTENCE_CHARACTERS = 2_000
"""Text without any sentence end is cut after this many characters, at a space where there is one."""

_HAN = re.compile(r"[㐀-鿿\uf900-\ufaff]")


def sentences(body: str) -> list[Sentence]:
    """Return the sentences of a body, in order, with their offsets in it."""
    spans = (piece for span in sentence_spans(body) for piece in _pieces(body, span))
    return [Sentence(start, end, body[start:end]) for start, end in spans]


def passages(article: Article) -> list[Passage]:
    """Cut an article into passages that cover every sentence once, in order."""
    return [
        Passage(article.id, number, group[0].start, group[-1].end, article.body[group[0].start : group[-1].end])
        for number, group in enumerate(_groups(sentences(article.body)))
    ]


def tokens(text: str) -> float:
    """Estimate the encoder's tokens: about 4.2 letters, or 1.5 Han characters, a token (measured on NTREX)."""
    han = len(_HAN.findall(text))
    return han / 1.5 + (len(text) - han) / 4.2


def _groups(all_sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    group: list[Sentence] = []
    size = 0.0
    for sentence in all_sentences:
        weight = tokens(sentence.text)
        if group and size + weight > PASSAGE_TOKENS:
            yield group
            group, size = [], 0.0
        group.append(sentence)
        size += weight
    if group:
        yield group


def _pieces(body: str, span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    start, end = span
    while end - start > SENTENCE_CHARACTERS:
        cut = body.rfind(" ", start + 1, start + SENTENCE_CHARACTERS)
        cut = cut if cut > start else start + SENTENCE_CHARACTERS
        yield start, cut
        start = cut + 1 if body[cut] == " " else cut
    if start < end:
        yield start, end
