"""Whose reports a question asks for: words that make an outlet, or a language, the source -> filters.

All three scripts meet in the folded form. A name counts only where the words around it say that it is who reports:

- An outlet of the library: according to X, reported by X, what has X reported on, X's coverage, 据X报道, X怎么报道.
  Of one that the glossary knows, a regulator or a company, only what can say nothing else counts: what X reported
  may be what it owned up to. The glossary also knows its other names, in any script.
- A language of sources: in Chinese sources, how do English media cover, 中文媒体怎么报道, 英文来源里.
- What is asked about an outlet or about the media (Was X fined? 中文媒体被罚了吗), what is set against something else
  (other than X, 与X的报道一致吗) and the language of the answer (answer in English, 用中文回答) are content: no filter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from bot.dates import LONGEST, without
from bot.glossary import Glossary
from bot.language import Folded, fold, fold_with_offsets
from bot.records import LANGUAGES, Filters, Language
from bot.sourcing import COMPARES, DENIES, HINT, IN_LANGUAGE, LIST, OF_A_STRANGER, OF_ANY


@dataclass(frozen=True, slots=True)
class OriginReading:
    """What a question says about whose reports are meant.

    `languages_said` and `sources_said` are its words that do, null where none do; `text` is the question without them.
    """

    languages: tuple[Language, ...]
    sources: tuple[str, ...]
    languages_said: str | None
    sources_said: str | None
    text: str

    def narrowed(self, filters: Filters) -> Filters:
        """Return filters that name no language and no outlet with those that are meant."""
        return replace(filters, languages=self.languages, sources=self.sources)


@dataclass(frozen=True, slots=True)
class _Name:
    """Outlets, held under these names, that the folded text has at `[start:end]`; `subject` if the glossary has one."""

    start: int
    end: int
    sources: tuple[str, ...]
    subject: bool


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words that filter, and the spans of them that are not to be searched for."""

    spans: tuple[tuple[int, int], ...]

    @property
    def whole(self) -> tuple[int, int]:
        return self.spans[0][0], self.spans[-1][1]


_QUOTES = ("《》", "“”", "「」", '""')
_CHINESE: tuple[Language, ...] = ("zh-Hans", "zh-Hant")


def read_origin(question: str, glossary: Glossary, held: Callable[[], Iterable[str]]) -> OriginReading:
    """Find the outlets and the languages whose reports a question asks for; never raise.

    `held` returns the outlets of the library, and is called only where a question may name one.
    """
    folded = fold_with_offsets(question[:LONGEST])
    if not HINT.search(folded.text) or COMPARES.search(folded.text):
        return OriginReading((), (), None, None, question)
    spoken = list(_languages(folded.text))
    languages = _ordered(chain.from_iterable(each for _, each in spoken))
    named = list(_outlets(question, folded, glossary, held()))
    sources = tuple(dict.fromkeys(chain.from_iterable(each for _, each in named)))
    in_languages = [phrase for phrase, _ in spoken if languages]
    by_outlets = [phrase for phrase, _ in named]
    rest = question
    for start, end in reversed(_apart(span for phrase in (*in_languages, *by_outlets) for span in phrase.spans)):
        rest = without(rest, *folded.original(start, end))
    said = [_said(question, folded, phrases) for phrases in (in_languages, by_outlets)]
    return OriginReading(languages, sources, said[0], said[1], rest)


def _apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans from left to right, those that overlap as one."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if apart and start < apart[-1][1]:
            first, last = apart.pop()
            start, end = first, max(last, end)
        apart.append((start, end))
    return apart


def _ordered(languages: Iterable[Language]) -> tuple[Language, ...]:
    """Return languages in their order, each once; none where all are meant."""
    meant = set(languages)
    return tuple(each for each in LANGUAGES if each in meant) if len(meant) < len(LANGUAGES) else ()


def _said(question: str, folded: Folded, phrases: Sequence[_Phrase]) -> str | None:
    spans = (folded.original(*phrase.whole) for phrase in phrases)
    return ", ".join(dict.fromkeys(question[start:end].strip(" ,，") for start, end in spans)) or None


def _languages(text: str) -> Iterator[tuple[_Phrase, tuple[Language, ...]]]:
    """Yield the phrases that name a language of sources, from left to right, none within another."""
    matches = (match for pattern in IN_LANGUAGE for match in pattern.finditer(text))
    done = 0
    for match in sorted(matches, key=lambda match: (match.start(), -match.end())):
        if match.start() >= done and not DENIES.search(text[: match.start()]):
            done = match.end()
            yield _Phrase(_around(match, "on")), _meant(match["language"])


def _meant(language: str) -> tuple[Language, ...]:
    if language[0] in "英e":
        return ("en",)
    if language[0] in "简s":
        return ("zh-Hans",)
    return ("zh-Hant",) if language[0] in "繁正t" else _CHINESE


def _outlets(
    question: str, folded: Folded, glossary: Glossary, held: Iterable[str]
) -> Iterator[tuple[_Phrase, tuple[str, ...]]]:
    """Yield the phrases that name outlets as the source, with what the library calls these."""
    for name in _runs(folded.text, _names(question, folded, glossary, held)):
        phrase = _phrase(folded.text, name)
        if phrase and not DENIES.search(folded.text[: phrase.whole[0]]):
            yield phrase, name.sources


def _phrase(text: str, name: _Name) -> _Phrase | None:
    """Return the words that make a name the source, the first form that fits; None where it is not."""
    start, end = name.start, name.end
    if text[max(0, start - 1) : start] + text[end : end + 1] in _QUOTES:
        start, end = start - 1, end + 1
    left, right = text[max(0, start - 80) : start], text[end : end + 60]
    for before, after in OF_ANY if name.subject else OF_ANY + OF_A_STRANGER:
        lead, tail = before.search(left), after.match(right)
        if lead and tail:
            begin = start - len(lead["lead"])
            return _Phrase(((begin, end), *_around(tail, "on", end)) if tail[0] else ((begin, end),))
    return None


def _around(match: re.Match[str], group: str, offset: int = 0) -> tuple[tuple[int, int], ...]:
    """Return the span of a match, in two pieces where it has a topic within."""
    start, end = match.span()
    if group not in match.re.groupindex or match[group] is None:
        return ((start + offset, end + offset),)
    first, last = match.span(group)
    return (start + offset, first + offset), (last + offset, end + offset)


def _runs(text: str, names: Iterable[_Name]) -> Iterator[_Name]:
    """Yield names, those that are listed (X and Y) as one."""
    run: _Name | None = None
    for name in names:
        if run and LIST.fullmatch(text[run.end : name.start]):
            run = _Name(run.start, name.end, (*run.sources, *name.sources), run.subject or name.subject)
            continue
        if run:
            yield run
        run = name
    if run:
        yield run


def _names(question: str, folded: Folded, glossary: Glossary, held: Iterable[str]) -> list[_Name]:
    """Return the outlets that a question names, from left to right, at each place the longest."""
    known: dict[str, list[str]] = {}
    for source in held:
        known.setdefault(_key(source), []).append(source)
    mentions = [(each.start, each.end, glossary.forms(each.entity)) for each in glossary.find(question[:LONGEST])]
    found = [
        _Name(*span, tuple(known[key]), False) for key in known if key for span in _places(question, folded, known, key)
    ]
    for start, end, forms in mentions:
        sources = tuple(chain.from_iterable(known.get(_key(form), ()) for form in forms))
        if sources:
            first, last = (len(fold(question[:at])) for at in (start, end))
            found.append(_Name(first, last, tuple(dict.fromkeys(sources)), True))
    names: list[_Name] = []
    for name in sorted(found, key=lambda each: (each.start, -each.end, not each.subject)):
        if not names or name.start >= names[-1].end:
            names.append(name)
    return names


def _places(question: str, folded: Folded, known: dict[str, list[str]], key: str) -> Iterator[tuple[int, int]]:
    """Yield where a folded name stands as a whole, and is not a part of a longer one: Reuters Institute."""
    at = folded.text.find(key)
    while at >= 0:
        start, end = folded.original(at, at + len(key))
        if _whole(question, start, end, known[key]):
            yield at, at + len(key)
        at = folded.text.find(key, at + 1)


def _whole(question: str, start: int, end: int, spelled: Collection[str]) -> bool:
    before, after, name = question[:start], question[end:], question[start:end]
    if not name[:1].isascii():
        return True
    if name.islower() and all(each.startswith("The ") for each in spelled):  # according to the information
        return False
    return not (_JOINED_BEFORE.search(before) or _JOINED_AFTER.match(after))


_JOINED_BEFORE = re.compile(r"[A-Za-z0-9]$|(?<=\w )(?!The\b)[A-Z][\w&.-]* $")
_JOINED_AFTER = re.compile(r"[A-Za-z0-9]| (?!I\b)[A-Z][a-z]")


@lru_cache(maxsize=1 << 16)
def _key(source: str) -> str:
    key = fold(source).strip()
    return key.removeprefix("the ") if len(key) > 1 else ""
