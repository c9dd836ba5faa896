"""The lines of printed pages as paragraphs: where one ends, what is only furniture, and where each page begins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from bot.readers import blocks

_PAGE_NUMBER = re.compile(
    r"\W*(?:page|第)?\W*(?:\d{1,4}|[ivxl]{1,6})\W*[页頁]?\W*(?:(?:of|共|之)?\W*\d{1,4})?\W*[页頁]?\W*", re.IGNORECASE
)
_BULLET = re.compile(r"[•▪◦●■‣]")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_WIDEST = 1.7
"""From line to line within a paragraph, in heights of a line: double spacing."""

_AT_EDGE = 2
"""As many lines at the top and at the foot of a page may be furniture."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands on its page, in points from the lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    height: float


def without_furniture(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Drop page numbers, and the heads and feet that three pages and a tenth of all have in common."""
    edges = Counter(mark for page in pages for mark in {_mark(line) for line in _edge(page)})
    running = {mark for mark, count in edges.items() if count >= max(3, len(pages) / 10)}
    return [[line for line in page if not _is_furniture(line, page, running)] for page in pages]


def laid_out(pages: Sequence[Sequence[Line]]) -> tuple[str, tuple[int, ...]]:
    """Return the text, with a blank line between paragraphs, and where in it each page begins."""
    words = frozenset(word.lower() for page in pages for line in page for word in _WORD.findall(line.text))
    done: list[str] = []
    starts: dict[int, int] = {}
    offset, text = 0, ""
    for parted, number, line in _steps(pages):
        if parted and text:
            done.append(text)
            offset, text = offset + len(text) + 2, ""
        text = blocks.appended(text, line.text, words) if text else line.text
        starts.setdefault(number, offset + len(text) - len(line.text))
    body = "\n\n".join([*done, text])
    at = [starts.get(number, -1) for number in range(len(pages))]
    for number in reversed(range(len(pages))):  # an empty page begins where the next one does
        if at[number] < 0:
            at[number] = at[number + 1] if number + 1 < len(pages) else len(body)
    return body, tuple(at)


def heading(page: Sequence[Line]) -> list[Line]:
    """Return the lines of the largest print in the upper part of a first page, if any is larger than the rest."""
    usual = median(line.height for line in page) if page else 0.0
    upper = page[: max(8, len(page) // 3)]
    largest = max((line.height for line in upper), default=0.0)
    if largest < 1.15 * usual:
        return []
    first = next(at for at, line in enumerate(upper) if line.height == largest)
    same = [abs(line.height - largest) < 0.1 * largest for line in upper[first:]]
    return list(upper[first : first + (same.index(False) if False in same else len(same))])


def _steps(pages: Sequence[Sequence[Line]]) -> Iterable[tuple[bool, int, Line]]:
    """Yield each line with its page, and whether a paragraph begins with it."""
    before: tuple[Line, float] | None = None
    for number, page in enumerate(pages):
        for column in _columns(page):
            edge = max(line.right for line in column)
            usual = median([a.bottom - b.bottom for a, b in pairwise(column)] or [0.0])
            usual = min(usual, _WIDEST * median(line.height for line in column))
            margin = min(line.left for line in column)
            for at, line in enumerate(column):
                if before is None:
                    yield True, number, line
                elif at == 0:  # a column or a page on
                    yield _ends(*before) or _differ(before[0], line), number, line
                else:
                    gap = column[at - 1].bottom - line.bottom
                    apart = gap > 1.35 * usual and gap > 1.35 * line.height
                    indented = line.left - margin > line.height and column[at - 1].left - margin < line.height / 2
                    short = _room(column[at - 1], edge) > _first_word(line)
                    goes_on = column[at - 1].text.endswith("-") or line.text[:1].islower()
                    begins = bool(_BULLET.match(line.text)) or ((indented or short) and not goes_on)
                    yield apart or begins or _differ(column[at - 1], line), number, line
                before = line, edge


def _columns(page: Sequence[Line]) -> list[list[Line]]:
    """Part the lines of a page wherever the text goes on further up."""
    columns: list[list[Line]] = []
    for line in page:
        if columns and line.bottom < columns[-1][-1].bottom + line.height:
            columns[-1].append(line)
        else:
            columns.append([line])
    return columns


def _ends(line: Line, edge: float) -> bool:
    """Whether the last line of a column ends its paragraph: it says so, and leaves room or ends with the margin."""
    return blocks.ends_sentence(line.text) or _room(line, edge) > 0.3 * (edge - line.left)


def _differ(one: Line, other: Line) -> bool:
    return abs(one.height - other.height) > 0.15 * max(one.height, other.height)


def _room(line: Line, edge: float) -> float:
    return edge - line.right


def _first_word(line: Line) -> float:
    """Estimate how wide the first word is, with the space before it; of Chinese, two characters and their mark."""
    per_unit = (line.right - line.left) / max(blocks.width(line.text), 1)
    word = line.text.split(" ")[0]
    return per_unit * (5 if blocks.is_wide(word[:1]) else len(word) + 1.5)


def _edge(page: Sequence[Line]) -> list[Line]:
    return [*page[:_AT_EDGE], *page[-_AT_EDGE:]] if len(page) > _AT_EDGE else list(page)


def _mark(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _is_furniture(line: Line, page: Sequence[Line], running: set[str]) -> bool:
    at_edge = any(line is each for each in _edge(page))
    numbers = len(page) > 1 and (line is page[0] or line is page[-1]) and _PAGE_NUMBER.fullmatch(line.text)
    return at_edge and bool(numbers or _mark(line) in running)
