"""What a question asks for, as far as words can tell: names, years, and whether it wants an amount or a date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.glossary import Glossary, Kind
from bot.language import fold

NAMES: frozenset[Kind] = frozenset({"regulator", "company", "person", "law", "place"})
"""The kinds of entities that an article must mention to answer a question that names them."""


@dataclass(frozen=True, slots=True)
class Met:
    """Which of a question's names and of its years a text has, in their order."""

    names: tuple[bool, ...] = ()
    years: tuple[bool, ...] = ()


NOTHING_ASKED = Met()
"""Of a question without names and years."""


def lacking(met: Sequence[tuple[bool, ...]]) -> float:
    """Return the share of names, or years, that none of these texts has."""
    found = [any(each) for each in zip(*met, strict=True)]
    return found.count(False) / max(1, len(found))


class Question:
    """A question's demands on an answer; texts are given folded."""

    def __init__(self, text: str, glossary: Glossary, informativeness: Mapping[str, float]) -> None:
        """Take the weights of the question's content words (`Keywords.informativeness`)."""
        self._informativeness = informativeness
        folded = fold(text)
        self.wants_amount = bool(_ASKS_AMOUNT.search(folded))
        self.wants_date = bool(_ASKS_DATE.search(folded))
        self._names = list(dict.fromkeys(_names(text, glossary)))
        self._years = sorted(set(_YEAR.findall(folded)))

    def coverage(self, terms: set[str], folded: str) -> float:
        """Return the share of the question's content that a text has, a name in another language included."""
        total = sum(self._informativeness.values())
        if not total:
            return 0.0
        aliases = " ".join(form for forms in self._names if _mentions(folded, forms) for form in forms)
        shared = (weight for term, weight in self._informativeness.items() if term in terms or term in aliases)
        return sum(shared) / total

    def met(self, folded: str) -> Met:
        """Say which of the question's names a text mentions in any language, and which of its years it has."""
        there = set(_YEAR.findall(folded))
        return Met(tuple(_mentions(folded, forms) for forms in self._names), tuple(y in there for y in self._years))


def holds_amount(text: str) -> bool:
    """Whether a text has a number that may be an amount."""
    return bool(_AMOUNT.search(fold(text)))


def holds_date(text: str) -> bool:
    """Whether a text has a date or a weekday."""
    return bool(_DATE.search(fold(text)))


_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ASKS_AMOUNT = re.compile(
    r"\bhow (?:much|many|large|big|long|high)\b|\bsize of\b"
    r"|\bwhat (?:fine|penalty|amount|share|percentage|number|sum)\b"
    r"|多少|几[家个款次项亿万名天岁年月小]|多大|多高|多久|金额|罚了|罚款是"
)
_ASKS_DATE = re.compile(
    r"\bwhen\b|\bwhat (?:date|day|year|month)\b|\bsince what\b|\bhow soon\b"
    r"|何时|什么时候|哪一?[天年日月]|几[时月]|何日|日期"
)
_AMOUNT = re.compile(r"\d|[一二三四五六七八九十百千万亿两]+(?:家|个|款|次|项|亿|万|名|成|倍|天|年|小时|元)")
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d"
    r"|\b\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\d\s?[年月日]|昨日|今日|周[一二三四五六日]"
)
_CAPITALISED = re.compile(r"(?<![A-Za-z0-9])[a-z]?[A-Z][A-Za-z0-9&-]+(?: [a-z]?[A-Z][A-Za-z0-9&-]+)*")
_HAN = re.compile("[㐀-鿿]")
_WORD = re.compile(r"\S+")
_WORDS = """
what which who whose when where why how did do does is are was were has have had can will would should and but in on at
of for the a an to from by with since until under after before january february march april may june july august
september october november december monday tuesday wednesday thursday friday saturday sunday ai id
"""
_NOT_NAMES = frozenset(_WORDS.split())


def _names(text: str, glossary: Glossary) -> Iterator[tuple[str, ...]]:
    """Yield the folded forms of each name: those of the glossary, then English words in capitals that it lacks.

    A country is named by its public bodies, too: its own press need not say whose court or ministry it was.
    """
    bearers: dict[tuple[int, int], list[str]] = {}
    for mention in glossary.find(text, kinds=NAMES):
        forms = glossary.forms(mention.entity) if mention.ambiguous else glossary.own_forms(mention.entity)
        local = glossary.bodies(mention.entity.region or "") if mention.entity.kind == "place" else ()
        bearers.setdefault((mention.start, mention.end), []).extend([*forms, *local])
    yield from map(tuple, bearers.values())
    known = {at for mention in glossary.find(text) for at in range(mention.start, mention.end)}
    rest = "".join("\n" if at in known else character for at, character in enumerate(text))
    chinese = bool(_HAN.search(text))
    for run in _CAPITALISED.finditer(rest):
        words = [word for word in _WORD.finditer(rest, *run.span()) if fold(word.group()) not in _NOT_NAMES]
        if words and (chinese or not _begins_sentence(text, words[0].start())):
            yield (fold(" ".join(word.group() for word in words)),)


def _begins_sentence(text: str, at: int) -> bool:
    """Whether a capital says nothing, as any English sentence begins with one."""
    before = text[:at].rstrip()
    return not before or before[-1] in ".?!"


def _mentions(folded: str, forms: Sequence[str]) -> bool:
    """Whether a text has one of these forms, Latin ones as whole words."""
    for form in forms:
        at = folded.find(form)
        while at >= 0:
            before, after = folded[at - 1 : at], folded[at + len(form) : at + len(form) + 1]
            if not form[0].isascii() or not (_letter(before) or _letter(after)):
                return True
            at = folded.find(form, at + 1)
    return False


def _letter(character: str) -> bool:
    return character.isascii() and character.isalnum()
