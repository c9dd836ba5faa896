"""Citation markers in what a model writes, resolved while it is still writing.

A model is asked for `[1]`, and writes 【1】, ［1］, [1, 2], [1-3], [^1], [source 1], 【1†source】, [1](address), or a
source's key instead. What could still become a marker is held back until it is one, or cannot be one any more. A number
that no source has is dropped; the others keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 48
"""A bracket that has not closed after so many characters is no marker."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker: the sources that it names, by number, whether it names any that is not there, and whether it is [?]."""

    numbers: tuple[int, ...] = ()
    unknown: bool = False
    gap: bool = False


Piece = str | Mark

_NUMBER = r"\^?\s?\d{1,9}"
_WORD = r"(?:sources?|refs?|references?|documents?|docs?|来源|來源|资料|資料|文献|文獻)[\s:：#.]*"
_DASH = r"\s*(?:[-‐‑–—−~～至]|to)\s*"
_ITEM = rf"(?:{_WORD})?(?:{_NUMBER}(?:{_DASH}{_NUMBER})?|[a-z]+\d[a-z\d]*)"
_BODY = re.compile(rf"\s*{_ITEM}(?:\s*[,，、;；/&和\s]\s*{_ITEM})*\s*(?:†[^\[\]【】]*)?", re.IGNORECASE)
_PART = re.compile(
    rf"(?P<first>\d{{1,9}})(?:{_DASH}\^?\s?(?P<last>\d{{1,9}}))?(?![a-z\d])|(?P<key>[a-z]+\d[a-z\d]*)", re.I
)
_GAP = re.compile(r"\s*[?？]\s*")
_OPENING, _CLOSING = "[【［〔", "]】］〕"
_START = re.compile("[\\[【［〔<]")
_OPEN = re.compile(rf"[{re.escape(_OPENING)}][^{re.escape(_OPENING + _CLOSING)}\n]{{0,{LONGEST}}}")
_LINK = re.compile(r"\((?:https?:|#|/)[^()\s]*\)", re.IGNORECASE)
_TAG = re.compile(r"</?(?:think|thinking|reasoning|thought)>", re.IGNORECASE)
_TAGS = tuple(f"<{slash}{name}>" for slash in ("", "/") for name in ("think", "thinking", "reasoning", "thought"))


class Markers:
    """Splits a stream of text into text and marks; thoughts between <think> and </think> are left out."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys of the sources, the first of which has number 1."""
        self._keys = {key.lower(): number for number, key in enumerate(keys, 1)}
        self._held = ""
        self._thinking = False
        self._after_mark = False

    def feed(self, text: str) -> list[Piece]:
        """Take the next piece of the stream, of any length, and return what is settled by it."""
        self._held += text
        return list(self._settled(ended=False))

    def finish(self) -> list[Piece]:
        """Return what was held back, now that nothing follows."""
        found = list(self._settled(ended=True))
        self._held = ""
        return found

    def _settled(self, *, ended: bool) -> Iterator[Piece]:
        while self._held:
            if self._thinking:
                if not self._skip_thought():
                    return
                continue
            step = self._step(ended)
            if step is None:
                return
            piece, self._held = step
            self._after_mark = isinstance(piece, Mark) or (self._after_mark and not piece)
            if piece:
                yield piece

    def _step(self, ended: bool) -> tuple[Piece, str] | None:
        """Return the next piece and the rest, or None where more must come first."""
        held = self._held
        if self._after_mark and held[0] == "(":
            return self._link(held, ended)
        start = _START.search(held, 0)
        if start is None:
            return held, ""
        if start.start():
            return held[: start.start()], held[start.start() :]
        return self._tag(held, ended) if held[0] == "<" else self._bracket(held, ended)

    def _link(self, held: str, ended: bool) -> tuple[Piece, str] | None:
        link = _LINK.match(held)
        if link:
            return "", held[link.end() :]
        could = re.fullmatch(r"\((?:h(?:t(?:t(?:p(?:s?(?::[^()\s]*)?)?)?)?)?|[#/][^()\s]*)?", held, re.IGNORECASE)
        if could and not ended and len(held) < 500:
            return None
        self._after_mark = False
        return held[0], held[1:]

    def _tag(self, held: str, ended: bool) -> tuple[Piece, str] | None:
        tag = _TAG.match(held)
        if tag:
            self._thinking = not tag.group().startswith("</")
            return "", held[tag.end() :]
        if not ended and any(each.startswith(held.lower()) for each in _TAGS):
            return None
        return held[0], held[1:]

    def _bracket(self, held: str, ended: bool) -> tuple[Piece, str] | None:
        inside = _OPEN.match(held)
        assert inside is not None
        end = inside.end()
        if end < len(held) and held[end] in _CLOSING:
            mark = self._mark(held[1:end])
            return (mark, held[end + 1 :]) if mark else (held[: end + 1], held[end + 1 :])
        if end == len(held) and end <= LONGEST and not ended:
            return None
        return held[0], held[1:]

    def _mark(self, body: str) -> Mark | None:
        if _GAP.fullmatch(body):
            return Mark(gap=True)
        if not _BODY.fullmatch(body):
            return None
        named = re.sub("†.*", "", re.sub(_WORD, "", body, flags=re.IGNORECASE))
        numbers: list[int] = []
        unknown = False
        for part in _PART.finditer(named):
            if part["key"]:
                number = self._keys.get(part["key"].lower())
                first = last = number or 0
            else:
                first, last = sorted((int(part["first"]), int(part["last"] or part["first"])))
            numbers += [number for number in self._keys.values() if first <= number <= last]
            unknown |= first < 1 or last > len(self._keys)
        return Mark(tuple(dict.fromkeys(numbers)), unknown)

    def _skip_thought(self) -> bool:
        """Drop what is thought; tell whether the thought has ended."""
        end = re.search(r"</(?:think|thinking|reasoning|thought)>", self._held, re.IGNORECASE)
        if end is None:
            self._held = self._held[-12:]  # an ending tag may have begun
            return False
        self._thinking, self._held = False, self._held[end.end() :]
        return True
