"""The evidence of an answer as HTML: a card a citation, and reports that differ side by side. It is pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.records import Answer, AnswerLanguage, Article, Citation, Language, Report
from bot.ui.kept import read
from bot.ui.markup import fragment
from bot.ui.strings import Strings

CONTEXT = 400
"""Characters of a paragraph shown at most on either side of a quotation."""

_BREAK = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A quotation and what stands around it in its paragraph."""

    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class Account:
    """One side of a conflict: what is said, in which words, by whom and when."""

    value: str
    quote: str
    language: Language
    source: str = ""
    published: date | None = None


def sheet(
    question: str,
    citations: Sequence[Citation],
    articles: Mapping[str, Article],
    *,
    number: int,
    language: AnswerLanguage,
    text: Strings,
    conflicts: Sequence[Mapping[str, object]] = (),
) -> str:
    """Render the cards of a turn, and above them what reports tell in two ways."""
    return fragment(
        "sheet",
        text,
        question=question,
        number=number,
        language=language,
        excerpts=[(each, excerpt(each, articles.get(each.article_id)), others(citations, each)) for each in citations],
        conflicts=[read(tuple[Account, ...], each.get("sides")) for each in conflicts],
    )


def note(words: str, *, number: int, text: Strings) -> str:
    """Render a line where there is no card."""
    return fragment("note", text, number=number, note=words)


def surroundings(article: Article, start: int, end: int, text: Strings) -> str:
    """Render a quotation in its whole paragraph, with the paragraphs before and after."""
    return fragment("surroundings", text, article=article, excerpt=neighbours(article, start, end))


def excerpt(citation: Citation, article: Article | None) -> Excerpt:
    """Cut out the paragraph around a quotation, or give the quotation alone where the article has changed since."""
    start, end = citation.start, citation.end
    if article is None or article.body[start:end] != citation.quote:
        return Excerpt("", citation.quote, "")
    before = _BREAK.split(article.body[:start])[-1].lstrip()
    after = _BREAK.split(article.body[end:], maxsplit=1)[0].rstrip()
    if len(before) > CONTEXT:
        before = "…" + before[-CONTEXT:].lstrip()
    if len(after) > CONTEXT:
        after = after[:CONTEXT].rstrip() + "…"
    return Excerpt(before, citation.quote, after)


def neighbours(article: Article, start: int, end: int) -> Excerpt:
    """Cut out the paragraph of a quotation, whole, and its neighbours on both sides."""
    before = _BREAK.split(article.body[:start])[-2:]
    after = _BREAK.split(article.body[end:])[:2]
    return Excerpt("\n\n".join(before).lstrip(), article.body[start:end], "\n\n".join(after).rstrip())


def others(citations: Sequence[Citation], citation: Citation) -> tuple[Report, ...]:
    """Return who else told the story of a citation, unless an earlier citation has named them."""
    earlier = [each.also_reported_by for each in citations if each.number < citation.number]
    return () if citation.also_reported_by in earlier else citation.also_reported_by


def answer_sheet(answer: Answer, articles: Mapping[str, Article], *, number: int, text: Strings) -> str:
    """Render the evidence of a whole answer."""
    return sheet(
        answer.question,
        answer.citations,
        articles,
        number=number,
        language=answer.language,
        text=text,
        conflicts=answer.conflicts,
    )
