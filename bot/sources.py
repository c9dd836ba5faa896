"""What a model is given to read: numbered sources cut from the articles found, within the room that it has.

The most telling sentences come first, each with its neighbours, and keep their places in the article, so that what is
written about them can be tied to them again. What a model reads is cleaned of everything that could pass for a word of
ours: brackets that look like markers, tags, characters that nobody sees. Paragraphs that speak to a model are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2s
from secrets import token_bytes

from bot.orders import shown, speaks_to_a_model
from bot.passages import sentences, tokens
from bot.records import Article, Sentence
from bot.weighing import Scored

SOURCES = 8
"""Articles at most; with more, small models lose their way."""

HEADING = 40
"""Tokens that the line before a source takes, about."""


@dataclass(frozen=True, slots=True)
class Source:
    """An article as a model sees it: its number, its opaque key, and some of its sentences in their order."""

    number: int
    key: str
    article: Article
    sentences: tuple[Sentence, ...]

    def text(self) -> str:
        """Return the sentences, with … where some are left out between two."""
        parts = []
        for before, each in zip((None, *self.sentences), self.sentences, strict=False):
            gap = before is not None and bool(re.search(r"\w", self.article.body[before.end : each.start]))
            parts.append(("… " if gap else "") + shown(each.text))
        return " ".join(parts)


def sources(scored: Sequence[Scored], *, room: int, salt: bytes) -> list[Source]:
    """Choose what fits in `room` tokens: the most telling sentences first, each with the one before and after."""
    taken: dict[str, set[int]] = {}
    articles: dict[str, Article] = {}
    for each in scored:
        article = each.article
        if article.id not in articles and len(articles) == SOURCES:
            continue
        known = _readable(article)
        at = next((n for n, one in known.items() if one.start == each.sentence.start), None)
        if at is None:
            continue
        for near in (at, at - 1, at + 1):
            cost = tokens(known[near].text) + (0 if article.id in articles else HEADING) if near in known else 0
            if near in known and near not in taken.get(article.id, ()) and cost <= room:
                room -= int(cost) + 1
                articles[article.id] = article
                taken.setdefault(article.id, set()).add(near)
    return [
        Source(number, key(article, salt), article, tuple(_readable(article)[at] for at in sorted(taken[article.id])))
        for number, article in enumerate(articles.values(), 1)
    ]


def readable(article: Article) -> set[int]:
    """Return where in an article the sentences begin that a model may read."""
    return {each.start for each in _readable(article).values()}


def key(article: Article, salt: bytes = b"") -> str:
    """Return a short name for an article that its author cannot foresee: two letters and two digits."""
    digest = blake2s(article.id.encode(), key=salt).digest()
    letters = "bcdfghjkmnpqrstvwxz"
    return "".join(letters[byte % len(letters)] for byte in digest[:2]) + f"{digest[2] % 90 + 10}"


def new_salt() -> bytes:
    """Return what makes keys unforeseeable."""
    return token_bytes(16)


def _readable(article: Article) -> dict[int, Sentence]:
    """Return the sentences of an article by number, but for paragraphs in which one speaks to a model."""
    known = dict(enumerate(sentences(article.body)))
    starts = [0, *(match.end() for match in re.finditer(r"\n\s*\n", article.body))]
    barred = {_paragraph(starts, each.start) for each in known.values() if speaks_to_a_model(each.text)}
    return {at: each for at, each in known.items() if _paragraph(starts, each.start) not in barred}


def _paragraph(starts: Sequence[int], offset: int) -> int:
    return max(start for start in starts if start <= offset)
