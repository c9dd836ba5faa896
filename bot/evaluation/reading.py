"""An answer as it was given, whoever gave it, read so that it can be measured: statements, markers, quotations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from bot.language import fold
from bot.records import Article, Citation, Claim
from bot.sentences import sentence_spans
from bot.verify import stands

Bodies = Callable[[str], str | None]
"""Gives the original body of an article, or None where there is no such article."""

# [1] [4,5] [4-6] ［3］ 【3】 【3†source】 [^3], with the space before: the forms that chat models write.
_MARKER = re.compile(
    r"[ \t]*[\[【［]\s*\^?(?:(?:来源|來源|source|ref)\s*)?"
    r"(\d{1,3}(?:\s*[,，、;；~～–—-]\s*\d{1,3})*)"
    r"(?:†[^\]】］]*)?\s*[\]】］]",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"no (?:article|source|document|information|evidence)[^.]{0,40}(?:answer|support|found|mention)"
    r"|(?:can(?:not|'t|’t)|could not|unable to|insufficient information to) (?:be )?(?:answer|find)"
    r"|i (?:don't|don’t|do not) know"
    r"|(?:无法|不能|没法)(?:回答|从中|根据)|(?:没有|未)(?:找到|提到|提及|足够)|不知道|信息不足|没有文章能回答"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, without markers, and the numbers of the markers on it."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """An answer's JSON with its quotations looked up in their articles."""

    answer: Mapping[str, Any]
    citations: Mapping[int, Citation]
    articles: Mapping[str, Article]

    @classmethod
    def of(cls, answer: Mapping[str, Any], bodies: Bodies) -> Reading:
        """Read an answer; fields that are missing count as empty, citations that cannot be read as wrong."""
        citations: dict[int, Citation] = {}
        for position, each in enumerate(answer.get("citations") or (), 1):
            citation = _citation(each, position)
            citations.setdefault(citation.number, citation)
        found = {each.article_id: bodies(each.article_id) for each in citations.values()}
        articles = {id: Article(id, "", body, "en") for id, body in found.items() if body is not None}
        return cls(answer, citations, articles)

    @cached_property
    def text(self) -> str:
        """The answer without its markers."""
        return self._clean[0]

    @cached_property
    def abstained(self) -> bool:
        """Whether the system refused: as it says itself, or, where it does not say, in its words and without citing."""
        said = self.answer.get("abstained")
        if said is not None:
            return bool(said)
        return not self.citations and (not self.text.strip() or bool(_REFUSAL.search(fold(self.text))))

    @cached_property
    def sound(self) -> Mapping[int, Citation]:
        """The citations whose quotation stands at its offsets."""
        return {number: each for number, each in self.citations.items() if stands(each, self.articles)}

    def source(self, citation: Citation) -> str:
        """Return what the article says where a citation points, which need not be what the citation quotes."""
        article = self.articles.get(citation.article_id)
        if article is None:
            return ""
        if citation.quote and citation.quote in article.body:
            return citation.quote
        return article.body[max(citation.start, 0) : max(citation.end, 0)]

    def verbatim(self, citation: Citation) -> bool:
        """Whether the quotation stands anywhere in its article."""
        article = self.articles.get(citation.article_id)
        return bool(article and citation.quote and citation.quote in article.body)

    @cached_property
    def markers(self) -> list[tuple[str, tuple[int, ...]]]:
        """The markers in the answer, as written and as the numbers that they stand for."""
        return [(match.group().strip(), _numbers(match.group(1))) for match in self._marks()]

    @cached_property
    def statements(self) -> list[Statement]:
        """The sentences of the answer, each with the markers in it and after it.

        A claim that the answer lists counts as one statement however many sentences it has, without the outlet and day
        that its `context` names and the names that its `gloss` gives; whatever else the answer says counts too.
        """
        text, placed = self._clean
        spans = [span for span in _spans(text, self._claims()) if re.search(r"[^\W_]", text[span[0] : span[1]])]
        numbers: list[list[int]] = [[] for _ in spans]
        for at, group in placed:
            before = [index for index, (start, _) in enumerate(spans) if start < at]
            if spans:
                numbers[before[-1] if before else 0] += group
        return [
            Statement(text[start:end], tuple(dict.fromkeys(each)))
            for (start, end), each in zip(spans, numbers, strict=True)
        ]

    def claims(self) -> list[Claim]:
        """Return the statements that cite something, as claims."""
        return [Claim(each.text, each.numbers) for each in self.statements if each.numbers]

    def own_words(self) -> str:
        """Return what the system itself wrote: the answer without quotations, titles, outlets and what is in quotes."""
        text = self.text
        quoted = [each.quote for each in self.citations.values()] + [each.title for each in self.citations.values()]
        quoted += [each.source for each in self.citations.values()]
        quoted += [gloss for _, _, gloss in self._claims()]
        quoted += [str(each.get(key) or "") for each in self._related() for key in ("title", "source")]
        for each in sorted(filter(None, quoted), key=len, reverse=True):
            text = text.replace(each, " ")
        return re.sub(r"「[^」]*」|『[^』]*』|“[^”]*”|《[^》]*》|\"[^\"]*\"", " ", text)

    @cached_property
    def _written(self) -> str:
        return str(self.answer.get("answer") or "")

    def _claims(self) -> list[tuple[str, str, str]]:
        """Return the context, the text and the gloss of each claim that the answer lists."""
        listed = [each for each in self.answer.get("claims") or () if isinstance(each, Mapping)]
        context, text, gloss = ([str(each.get(name) or "") for each in listed] for name in ("context", "text", "gloss"))
        return list(zip(context, text, gloss, strict=True))

    def _related(self) -> list[Mapping[str, Any]]:
        return [each for each in self.answer.get("related") or () if isinstance(each, Mapping)]

    def _marks(self) -> list[re.Match[str]]:
        """Find the markers, but not those inside a quotation that stands: an encyclopedia's [1] is its own."""
        quoted = [
            (match.start(), match.end())
            for citation in self.sound.values()
            for match in re.finditer(re.escape(citation.quote), self._written)
        ]
        found = _MARKER.finditer(self._written)
        return [each for each in found if not any(start <= each.start(1) < end for start, end in quoted)]

    @cached_property
    def _clean(self) -> tuple[str, list[tuple[int, tuple[int, ...]]]]:
        """The answer without markers, and where in it each marker stood."""
        pieces: list[str] = []
        placed = []
        at = length = 0
        for match in self._marks():
            pieces.append(self._written[at : match.start()])
            length += len(pieces[-1])
            placed.append((length, _numbers(match.group(1))))
            at = match.end()
        return "".join([*pieces, self._written[at:]]), placed


def _citation(value: Any, position: int) -> Citation:
    """Read a citation leniently: what is missing or of another type becomes something that cannot stand."""
    given = value if isinstance(value, Mapping) else {}
    score = given.get("score")
    return Citation(
        number=_integer(given.get("number"), position),
        article_id=str(given.get("article_id") or ""),
        title=str(given.get("title") or ""),
        source=str(given.get("source") or ""),
        url=None,
        published=_day(given.get("published")),
        language=given.get("language") or "en",
        quote=str(given.get("quote") or ""),
        start=_integer(given.get("start"), -1),
        end=_integer(given.get("end"), -1),
        score=float(score) if isinstance(score, int | float) and score == score else 0.0,
    )


def _integer(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _numbers(inside: str) -> tuple[int, ...]:
    """Read the inside of a marker: `4,5` and `4-6`."""
    found: list[int] = []
    for piece in re.split(r"\s*[,，、;；]\s*", inside):
        first, *last = (int(each) for each in re.split(r"\s*[~～–—-]\s*", piece))
        found += range(first, last[-1] + 1) if last and first <= last[-1] <= first + 50 else [first, *last]
    return tuple(found)


def _spans(text: str, claims: list[tuple[str, str, str]]) -> Iterator[tuple[int, int]]:
    """Return the spans of the claims, where they stand in order, and of the sentences between them."""
    at = 0
    for context, claim, gloss in claims:
        start = text.find(context + claim, at) if claim else -1
        if start >= 0:
            yield from _sentences(text, at, start)
            at = start + len(context + claim)
            yield start + len(context), at
            at += len(gloss)
    yield from _sentences(text, at, len(text))


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    yield from ((start + first, start + last) for first, last in sentence_spans(text[start:end]))
