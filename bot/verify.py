"""Does the quote carry the claim? The gate that every answer passes, whoever wrote it.

A claim is supported when everything in it that can be checked by rule agrees with its quotations: the quotations stand
in their articles letter for letter, and the claim's numbers, names and negation are theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.glossary import Glossary
from bot.language import fold
from bot.records import Article, Citation, Claim
from bot.values import dates, filled, quantities


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
    published = [citations[number].published for number in claim.citations]
    years: list[int | None] = [each.year for each in published if each]
    known = [each for year in years or [None] for each in filled(dates(quoted), year)]
    if not all(any(each.within(one) for one in known) for each in dates(claim.text)):
        found.append("A date is not in the quotation.")
    named = _entities(claim.text, glossary) - _entities(quoted, glossary)
    found += [f"{name} is not in the quotation." for name in sorted(named)]
    if not agree_in_negation(claim.text, quoted):
        found.append("Claim and quotation differ in negation.")
    return found


def agree_in_negation(text: str, quoted: str) -> bool:
    """Whether a claim says that something is not so where its quotations do, and only there.

    Words that the claim itself sets in quotation marks, and that stand in a quotation, are not its own: a claim that
    only sets such words side by side says nothing that a "not" beside them could turn around.
    """
    own = _QUOTED.sub(lambda match: "" if match[1] in quoted else match[0], text)
    if own != text and not negated(own):
        return True
    return negated(text) == negated(quoted)


def negated(text: str) -> bool:
    """Whether a text says that something is not so."""
    return bool(_NEGATION.search(fold(text)))


_QUOTED = re.compile("[“「]([^“”「」]+)[”」]")
_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|none|without|cannot|\w+n['’]t)\b"
    r"|不(?!断|仅|同|少|久|但|良|动产|当|正当|一(?!定))|没有|未(?!来|成年|必)|无(?!线|人机|论)|并非|免于"
)


def _entities(text: str, glossary: Glossary) -> set[str]:
    return {mention.entity.id for mention in glossary.find(text)}
