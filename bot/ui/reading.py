"""An article to be read whole, with the quotations from it marked. All functions are pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.records import Article
from bot.ui.kept import Place
from bot.ui.markup import fragment
from bot.ui.strings import Strings

_PARAGRAPH = re.compile(r"\S.*?(?=\n\s*\n|\s*\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a paragraph that the same quotations cover, by their numbers.

    `first` and `last` say whether the first of them begins, or one of them ends, here.
    """

    text: str
    numbers: tuple[int, ...] = ()
    first: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph in pieces; `page` is the page that begins with it, null where none does."""

    pieces: tuple[Piece, ...]
    page: int | None = None


def article(what: Article, places: Sequence[Place], text: Strings) -> str:
    """Render an article with its quotations marked and numbered."""
    return fragment("article", text, article=what, paragraphs=list(paragraphs(what, places)))


def missing(text: Strings) -> str:
    """Say that an article is no longer there."""
    return fragment("missing", text)


def paragraphs(what: Article, places: Sequence[Place]) -> Iterator[Paragraph]:
    """Split an article into paragraphs, and each where a quotation begins or ends."""
    shown_page = None
    for match in _PARAGRAPH.finditer(what.body):
        page = what.page_at(match.start())
        yield Paragraph(
            tuple(_pieces(what.body, match.start(), match.end(), places)), page if page != shown_page else None
        )
        shown_page = page


def _pieces(body: str, start: int, end: int, places: Sequence[Place]) -> Iterator[Piece]:
    edges = {start, end} | {edge for each in places for edge in (each.start, each.end) if start < edge < end}
    ordered = sorted(edges)
    for left, right in pairwise(ordered):
        covering = [each for each in places if each.start <= left and right <= each.end]
        yield Piece(
            body[left:right],
            tuple(each.number for each in covering),
            first=bool(covering) and covering[0].start == left,
            last=any(each.end == right for each in covering),
        )
