"""The text of a tree of elements (HTML, or what trafilatura makes of it) as paragraphs; and lines as paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font hi i img ins kbd label mark math nobr q ref rp rt ruby"
    " s samp small span strike strong sub sup svg time tt u var wbr".split()
)
_BREAK = frozenset({"br", "lb"})
_ROW = frozenset({"row", "tr"})
_UNSEEN = frozenset({"script", "style", "title", "template", "noscript", "graphic"})

_SENTENCE_END = re.compile(r"[.!?。！？…:：;；][\"'”’」』)）]*$")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U000323af，。！？；：、“”‘’（）《》「」『』—…]")
_HYPHENS = ("-", "\u00ad", "\u2010")
_COMPOUND = re.compile(r"\b(?:anti|co|cross|ex|high|long|low|mid|multi|non|pre|post|self|short|so|third|well)$", re.I)


def paragraphs(root: Any) -> list[str]:
    """Return the paragraphs of an lxml tree in order; a row of a table is one, its cells set apart by a bar."""
    from lxml.etree import iterwalk

    found: list[str] = []
    text: list[str] = []

    def end() -> None:
        found.extend(_split("".join(text)))
        text.clear()

    walk = iterwalk(root, events=("start", "end"))
    for event, element in walk:
        starts = event == "start"
        if element.tag not in _INLINE and element.tag not in _BREAK:
            end()
        if starts and element.tag in _ROW and element is not root:
            cells = [paragraphs(cell) for cell in element]
            laid_out = any(len(cell) > 1 for cell in cells)  # a page or a mail in the form of a table
            texts = list(chain.from_iterable(cells))
            found.extend(texts if laid_out else [" | ".join(texts)])
        if starts and (element.tag in _UNSEEN or (element.tag in _ROW and element is not root)):
            walk.skip_subtree()
        elif starts:
            text.append("\n" if element.tag in _BREAK else _flat(element.text))
        if not starts and element is not root:
            text.append(_flat(element.tail))
    end()
    return [paragraph for paragraph in found if paragraph]


def joined(lines: Sequence[str]) -> str:
    """Join the lines of a paragraph: Chinese without a space, a word parted by a hyphen as one."""
    text = ""
    for line in (" ".join(each.split()) for each in lines):
        text = appended(text, line) if text else line
    return text


def unwrapped(text: str) -> str:
    """Undo line breaks within paragraphs where a mail program or an editor has wrapped the lines."""
    found = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        widths = [width(line) for line in lines]
        wrapped = len(lines) > 1 and min(widths[:-1]) >= 50 and max(widths) <= 100
        found.append(joined(lines) if wrapped else "\n".join(lines))
    return "\n\n".join(block for block in found if block)


def appended(text: str, line: str, words: frozenset[str] = frozenset()) -> str:
    """Write a line after the text before it; a hyphen at its end stays if `words` or the author's capitals have it."""
    if text.endswith(_HYPHENS) and len(text) > 1 and text[-2].isalnum():
        left, right = re.split(r"[^\w]", text[:-1])[-1], re.split(r"[^\w]", line)[0]
        if not right[:1].islower():  # Anti-Monopoly, 2019-20: the hyphen is the author's
            return text + line
        if text[-1] == "\u00ad" or (left + right).lower() in words:
            return text[:-1] + line
        kept = f"{left}-{right}".lower() in words or _COMPOUND.search(left)
        return f"{text[:-1]}-{line}" if kept else text[:-1] + line
    return text + line if _WIDE.match(text[-1:]) or _WIDE.match(line[:1]) else f"{text} {line}"


def _split(text: str) -> Iterator[str]:
    """Part text at the breaks that end a paragraph: two in a row, one before an indent, one after a sentence."""
    parts: list[str] = []
    for line in text.split("\n"):
        parted = not line.strip() or line.lstrip(" ").startswith("\u3000")
        if parts and (parted or _SENTENCE_END.search(parts[-1])):
            yield "\n".join(parts)
            parts = []
        if line.strip():
            parts.append(line.strip())
    yield "\n".join(parts)


def _flat(text: str | None) -> str:
    return re.sub(r"[ \t\r\n\f]+", " ", text or "")


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return bool(_SENTENCE_END.search(text))


def is_wide(text: str) -> bool:
    """Whether a text begins with a Chinese character or mark."""
    return bool(_WIDE.match(text))


def width(line: str) -> int:
    """Count the columns of a line: a Chinese character takes two."""
    return len(line) + len(_WIDE.findall(line))
