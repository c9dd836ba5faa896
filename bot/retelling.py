"""A story told by a language model: written from its sentences in parts that it can read, of which the best lines stay.

The parts are told one after another, each line tied to the sentences that carry it and passed by the gate as in answers
(`bot.drafting`). Of what several parts gave, those lines are kept that rest on the most central sentences.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Container, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from math import ceil

from bot import instructions
from bot.condensing import Line, choose, ranks
from bot.drafting import Draft, Drafted, Writer
from bot.errors import Fault, ModelError
from bot.language import fold, plain
from bot.lines import stands_alone
from bot.passages import tokens
from bot.quotable import Quotable
from bot.records import AnswerLanguage
from bot.sources import HEADING, Source, key, readable

PARTS = 4
"""Parts in which a long story is read at most, the most telling sentences of it: what more there is repeats them."""

HALVED = 6
"""Sentences from which on a part that the model finds too long is halved."""


class Retelling:
    """Tells a story in a language model's words."""

    def __init__(self, writer: Writer) -> None:
        self.name = writer.model.name
        self._writer = writer

    def condense(
        self, told: Sequence[Quotable], *, limit: int, language: AnswerLanguage, said: Sequence[Quotable]
    ) -> Generator[Line | None, None, None]:
        """Have each part written, then yield the best lines. Raises ModelError where nothing could be proved."""
        parts = self._parts(told, limit, language, said)
        written = yield from self._written(parts, limit, language)
        yield from self._best(written, told, limit, language)

    def _parts(
        self, told: Sequence[Quotable], limit: int, language: AnswerLanguage, said: Sequence[Quotable]
    ) -> list[list[Quotable]]:
        """Part what is new into what the model can read. Raises ModelError if that is nothing."""
        fresh = choose(told, limit=len(told), language=language, said=said)
        articles = {each.article.id: each.article for each in fresh}
        places = {name: readable(article) for name, article in articles.items()}
        allowed = [each for each in fresh if each.sentence.start in places[each.article.id]]
        room = self._writer.room(instructions.to_brief([], limit, language, self._writer.glossary))
        parts = in_parts(told, allowed, room=room)
        if fresh and not parts:
            fault: Fault = "too_long" if allowed else "empty"
            raise ModelError(f"The model {self.name} cannot be given a sentence of the story.", fault=fault)
        return parts

    def _written(
        self, parts: list[list[Quotable]], limit: int, language: AnswerLanguage
    ) -> Generator[None, None, list[Line]]:
        """Have the parts written one after another; return the lines of all. Raises ModelError if there are none."""
        written: list[Line] = []
        wanting: ModelError | None = None
        share = min(limit, 1 + ceil(limit / max(1, len(parts))))
        waiting = deque(parts)
        while waiting:
            part = waiting.popleft()
            try:
                written += yield from self._lines(part, share, language)
            except ModelError as error:
                if error.fault == "too_long" and len(part) >= HALVED:
                    half = len(part) // 2  # it needs more tokens than were reckoned
                    waiting.extendleft([part[half:], part[:half]])
                elif error.fault in ("unproved", "empty"):
                    wanting = error  # the other parts may do
                else:
                    raise
        if wanting and not written:
            raise wanting
        return written

    # --- one part ---

    def _lines(
        self, part: Sequence[Quotable], limit: int, language: AnswerLanguage
    ) -> Generator[None, None, list[Line]]:
        """Return the lines that the model proves of one part."""
        given = self._sources(part)
        asked = instructions.to_brief(given, limit, language, self._writer.glossary)
        draft = Draft(self._writer, given, asked, language, check=_leaning)
        places = {(each.article.id, each.sentence.start): each for each in part}
        lines = []
        with closing(draft.written()) as sentences:
            for sentence in sentences:
                lines += [_line(sentence, places, language)] if sentence else []
                yield
        if not lines:
            raise ModelError(f"The model {self.name} found nothing to tell.", fault="empty")
        return lines

    def _sources(self, part: Sequence[Quotable]) -> list[Source]:
        members: dict[str, list[Quotable]] = {}
        for each in part:
            members.setdefault(each.article.id, []).append(each)
        return [
            Source(
                number,
                key(some[0].article, self._writer.salt),
                some[0].article,
                tuple(each.sentence for each in some),
            )
            for number, some in enumerate(members.values(), 1)
        ]

    # --- all parts ---

    def _best(
        self, lines: Sequence[Line], told: Sequence[Quotable], limit: int, language: AnswerLanguage
    ) -> list[Line]:
        """Keep the lines of the most central sentences, what is proved before what is not, in the order written."""
        worth = dict(zip(told, ranks(told, language), strict=True)) if lines else {}
        ordered = sorted(
            range(len(lines)),
            key=lambda at: (lines[at].status != "verified", -max(worth[each] for each in lines[at].carried_by)),
        )
        read = self._as_read(lines, language)
        kept: list[int] = []
        for at in ordered:
            if len(kept) < limit and not any(read[at].repeats(read[other]) for other in kept):
                kept.append(at)
        return [lines[at] for at in sorted(kept)]

    def _as_read(self, lines: Sequence[Line], language: AnswerLanguage) -> list[Quotable]:
        """Return the lines as if they stood where the first sentences that carry them do."""
        spoken = plain(language)
        vectors = self._writer.encoder.encode(
            [fold(each.text) for each in lines], kind="passage", languages=[spoken] * len(lines)
        )
        firsts = [each.carried_by[0] for each in lines]
        return [
            replace(
                first,
                article=replace(first.article, language=spoken),
                sentence=replace(first.sentence, text=line.text),
                vector=vector,
            )
            for line, first, vector in zip(lines, firsts, vectors, strict=True)
        ]


def in_parts(told: Sequence[Quotable], ranked: Sequence[Quotable], *, room: float) -> list[list[Quotable]]:
    """Part sentences, in the order in which they are told, into at most PARTS that fit in `room` tokens each.

    Of too many those that are `ranked` last are left out, and any that is too long by itself.
    """
    chosen = [each for each in ranked if _cost(each, last=None) <= room]
    while len(parts := _filled(told, set(chosen), room)) > PARTS:
        chosen = chosen[: len(chosen) * 9 // 10]
    return parts


def _filled(told: Sequence[Quotable], chosen: Container[Quotable], room: float) -> list[list[Quotable]]:
    parts: list[list[Quotable]] = []
    left = 0.0
    for each in told:
        if each not in chosen:
            continue
        cost = _cost(each, last=parts[-1][-1] if parts else None)
        if not parts or cost > left:
            parts.append([])
            left, cost = room, _cost(each, last=None)
        parts[-1].append(each)
        left -= cost
    return parts


def _cost(each: Quotable, *, last: Quotable | None) -> float:
    heading = 0 if last and last.article.id == each.article.id else HEADING
    return tokens(each.sentence.text) + 1 + heading


def _leaning(text: str) -> list[str]:
    return [] if stands_alone(_ended(text, "en")) else ["It cannot be read by itself."]


def _line(drafted: Drafted, places: dict[tuple[str, int], Quotable], language: AnswerLanguage) -> Line:
    carried_by = tuple(places[each.article_id, each.start] for each in drafted.quotes)
    return Line(_ended(drafted.text, language), carried_by, drafted.status)


def _ended(text: str, language: AnswerLanguage) -> str:
    """Return a line with the full stop that a list may leave out."""
    if re.search("[.!?。！？…][\"'”’」』）)]*$", text):
        return text
    return f"{text.rstrip(',;:，；：')}{'.' if language == 'en' else '。'}"
