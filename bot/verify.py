"""Does the quote carry the claim? The gate that every answer passes, whoever wrote it.

A claim is supported when everything in it that can be checked by rule agrees with its quotations: the quotations stand
in their articles letter for letter, and the claim's numbers, names and negation are theirs.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from bot.glossary import Glossary
from bot.language import fold
from bot.records import Article, Citation, Claim


def verify(
    claims: Sequence[Claim], citations: Sequence[Citation], *, articles: Mapping[str, Article], glossary: Glossary
) -> tuple[list[Claim], list[Citation]]:
    """Keep the claims that their citations carry, and number the citations anew in order of first use."""
    sound = {citation.number: citation for citation in citations if stands(citation, articles)}
    kept = [claim for claim in claims if not faults(claim, sound, glossary=glossary)]
    order = list(dict.fromkeys(number for claim in kept for number in claim.citations))
    renumbered = {old: new for new, old in enumerate(order, 1)}
    return (
        [replace(claim, citations=tuple(renumbered[number] for number in claim.citations)) for claim in kept],
        [replace(sound[old], number=new) for old, new in renumbered.items()],
    )


def stands(citation: Citation, articles: Mapping[str, Article]) -> bool:
    """Whether the quotation is, letter for letter, what stands at its offsets in its article."""
    article = articles.get(citation.article_id)
    inside = article is not None and 0 <= citation.start < citation.end <= len(article.body)
    return bool(inside and article and article.body[citation.start : citation.end] == citation.quote)


def faults(claim: Claim, citations: Mapping[int, Citation], *, glossary: Glossary) -> list[str]:
    """Say in words what keeps a claim from being supported; empty if it is."""
    if not claim.citations:
        return ["It cites nothing."]
    missing = [number for number in claim.citations if number not in citations]
    if missing:
        return [f"Citation {missing[0]} does not stand in its article."]
    quotes = [citations[number].quote for number in claim.citations]
    if claim.text in quotes:
        return []
    quoted = "\n".join(quotes)
    found = [
        f"The number {number:f} is not in the quotation." for number in quantities(claim.text) - quantities(quoted)
    ]
    named = _entities(claim.text, glossary) - _entities(quoted, glossary)
    found += [f"{name} is not in the quotation." for name in sorted(named)]
    if negated(claim.text) != any(negated(quote) for quote in quotes):
        found.append("Claim and quotation differ in negation.")
    return found


def quantities(text: str) -> set[Decimal]:
    """Return the numbers of a text as values: 18.2 billion, 182亿 and US$18.2bn agree, so do March and 3月."""
    return set(_values(fold(text)))


def negated(text: str) -> bool:
    """Whether a text says that something is not so."""
    return bool(_NEGATION.search(fold(text)))


_SCALES = {
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "m": 6, "mn": 6, "bn": 9, "b": 9, "tn": 12,
    "crore": 7, "lakh": 5, "十": 1, "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7,
    "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12, "兆": 12,
}  # fmt: skip
_QUANTITY = re.compile(
    r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?:-\s*)?"
    r"(thousand\b|million\b|billion\b|trillion\b|crore\b|lakh\b|bn\b|mn\b|tn\b|[kmb]\b|万亿|[十百千]?[万亿]|[十百千兆])?"
)
_MONTHS = [name.lower() for name in calendar.month_name[1:]]
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})\b")
_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|none|without|cannot|\w+n['’]t)\b"
    r"|不(?!断|仅|同|少|久|但|良|动产|当|正当)|没有|未(?!来|成年|必)|无(?!线|人机|论)|并非|免于"
)


def _values(folded: str) -> Iterator[Decimal]:
    for number, scale in _QUANTITY.findall(folded):
        value = Decimal(number.replace(",", ""))
        yield (value * 10 ** _SCALES[scale] if scale else value).normalize()
    for month in _MONTH.findall(folded):
        yield Decimal(_MONTHS.index(month) + 1)


def _entities(text: str, glossary: Glossary) -> set[str]:
    return {mention.entity.id for mention in glossary.find(text)}


def cited_articles(citations: Iterable[Citation]) -> list[str]:
    """Return the ids of the articles cited, each once, in order."""
    return list(dict.fromkeys(citation.article_id for citation in citations))
