"""The sentences of a text that a model is still writing, each with the sources that its markers name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.markers import Mark, Piece
from bot.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence without its markers, the numbers that they name, and whether they name any source that is not there.

    `ended` is False for the last words of a text that stops in mid-sentence.
    """

    text: str
    numbers: tuple[int, ...] = ()
    unknown: bool = False
    ended: bool = True


class Statements:
    """Cuts a stream of texts and marks into statements; `gap` tells whether the writer marked one with [?]."""

    def __init__(self) -> None:
        self.gap = False
        self._text = ""
        self._marks: list[tuple[int, Mark]] = []
        self._after_mark = False

    def feed(self, pieces: Iterable[Piece]) -> list[Statement]:
        """Take what comes next, and return the sentences that are complete with it."""
        for piece in pieces:
            if isinstance(piece, Mark):
                self.gap |= piece.gap
                self._text = self._text.rstrip(" \t")
                self._marks.append((len(self._text), piece))
            else:
                glued = self._after_mark and self._text.endswith((".", "!", "?")) and piece[0].isalnum()
                self._text += (" " if glued else "") + piece.replace("\n", "\n\n")  # models do not wrap their lines
            self._after_mark = isinstance(piece, Mark)
        return list(self._complete())

    def finish(self) -> list[Statement]:
        """Return what is left, now that nothing follows."""
        found = list(self._complete(ended=True))
        rest = self._take(len(self._text), len(self._text))
        return found + ([rest] if rest else [])

    def _complete(self, *, ended: bool = False) -> Iterator[Statement]:
        while True:
            spans = sentence_spans(self._text)
            if len(spans) < 2 or not (ended or _WORD.match(self._text, spans[1][0])):
                return  # where a sentence ends may depend on the word that follows
            statement = self._take(spans[0][1], spans[1][0])
            if statement:
                yield statement

    def _take(self, end: int, following: int) -> Statement | None:
        """Cut off the sentence that ends here; marks on its line, before the next word, are its own."""
        line_end = self._text.find("\n", end, following)
        own_until = following if line_end < 0 else line_end
        own = [mark for at, mark in self._marks if at <= own_until]
        written = self._text[:end]
        self._text = self._text[following:]
        self._marks = [(at - following, mark) for at, mark in self._marks if at > own_until]
        self._marks = [(max(0, at), mark) for at, mark in self._marks]
        text = _plain(written)
        if not re.search(r"\w", text) or text[0] in ":：" or text[-1] in ":：":
            return None  # a heading, a preface, or the list of sources below a text
        numbers = tuple(dict.fromkeys(number for mark in own for number in mark.numbers))
        ended = bool(_ENDED.search(text)) or bool(own)
        return Statement(text, numbers, any(mark.unknown for mark in own), ended)


_WORD = re.compile(r"\w*[㐀-鿿]|\S+\s|\S{12}")
_ENDED = re.compile("[.!?。！？…][\"'”’」』）)]*$")
_LIST_MARK = re.compile(r"^\s*(?:[-*•·–—>]+|#{1,6}|\(?\d{1,2}[.)、）])\s+")
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_BEFORE_STOP = re.compile(r"\s+(?=[.,;:!?。，；：！？])")


def _plain(written: str) -> str:
    """Return a sentence without list marks and emphasis, on one line."""
    text = _EMPHASIS.sub("", _LIST_MARK.sub("", written))
    return _BEFORE_STOP.sub("", " ".join(text.split()))
