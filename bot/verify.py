"""Does the quote carry the claim? The gate that every answer passes, whoever wrote it.

A claim is supported when everything in it that can be checked by rule agrees with its quotations: the quotations stand
in their articles letter for letter, and the claim's numbers, dates, names, deeds, negation and certainty are theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from bot.deeds import deeds
from bot.glossary import Glossary
from bot.language import detect, fold
from bot.measures import interval
from bot.records import Article, Citation, Claim
from bot.values import Date, Figure, dates, figures, filled, quantities


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
    own = _own(claim.text, quoted)
    published = [citations[number].published for number in claim.citations]
    found = [*_figure_faults(claim.text, quoted, {each.year for each in published if each})]
    found += [f"{name} is not in the quotation." for name in _strangers(claim.text, quoted, glossary)]
    if not agree_in_negation(claim.text, quoted, glossary):
        found.append("Claim and quotation differ in negation.")
    found += [f"The quotation does not say that anything was {deed}." for deed in sorted(deeds(own) - deeds(quoted))]
    return found + certainty_faults(claim.text, quoted, glossary)


# --- figures and dates ----------------------------------------------------------------------------------------------


def _figure_faults(text: str, quoted: str, years: set[int]) -> Iterator[str]:
    """Name the numbers and dates of a claim that its quotations do not give; they may give them more exactly."""
    default: Sequence[int | None] = sorted(years) or [None]
    known = [each for year in default for each in filled(dates(quoted), year)]
    theirs, numbers = figures(quoted), quantities(quoted)
    dated = dates(text)
    sound = [each for each in dated if any(each.within(one) for one in known) or _counts_days(each, numbers)]
    spans = [(each.start, each.end) for each in sound]
    missing = {
        each.value
        for each in figures(text)
        if not any(start <= each.start and each.end <= end for start, end in spans)
        and not any(_carries(one, each, text) for one in theirs)
        and not (each.value == 1 and each.unit)  # one company, 一家: an article, not a count
    }
    doubtful = [each for each in dated if each not in sound]
    parts = {Decimal(part) for each in doubtful for part in (each.year, each.month, each.day) if part}
    yield from (f"The number {number:f} is not in the quotation." for number in sorted(missing | (parts - numbers)))
    if doubtful:
        yield "A date is not in the quotation."


def _counts_days(date: Date, numbers: set[Decimal]) -> bool:
    """Whether 30日 may be a number of days that the quotation has."""
    return date.year is None and date.month is None and Decimal(date.day or 0) in numbers


def _carries(theirs: Figure, own: Figure, text: str) -> bool:
    """Whether a quotation's figure gives one of a claim: as exactly, in the same unit, and no more vaguely."""
    if theirs.unit and own.unit and theirs.unit != own.unit:
        return False
    if theirs.bound and not own.bound and _BOUNDS[theirs.bound].search(fold(text)):
        own = replace(own, bound=theirs.bound)  # 最高可罚4%: the word stands further away
    if theirs.value == own.value and theirs.bound == own.bound:
        return True
    if own.bound == "above" and theirs.bound != "above" and theirs.value <= own.value:
        return False
    if own.bound == "below" and theirs.bound != "below" and theirs.value >= own.value:
        return False
    if not (theirs.unit or own.unit):
        return theirs.value == own.value
    (low, high), (least, most) = interval(theirs), interval(own)
    slack = 1e-9 * high
    return least - slack <= low and high <= most + slack


_BOUNDS = {
    "below": re.compile(r"\b(?:up to|no more than|at most|maximum|as much as)\b|最高|最多|至多|多达|高达|不超过"),
    "above": re.compile(r"\b(?:at least|more than|over|exceed\w*|minimum)\b|至少|不少于|超过|最低"),
    "about": re.compile(r"\b(?:about|around|roughly|approximately|some)\b|大约|大概|约为|左右"),
}


# --- names ----------------------------------------------------------------------------------------------------------


def _strangers(text: str, quoted: str, glossary: Glossary) -> list[str]:
    """Return the names of a claim that its quotations do not have in any language: those of the glossary by id."""
    theirs = {mention.entity.id for mention in glossary.find(quoted)}
    mentions = glossary.find(text)
    bearers: dict[tuple[int, int], set[str]] = {}
    for mention in mentions:
        bearers.setdefault((mention.start, mention.end), set()).add(mention.entity.id)
    missing = {min(each) for each in bearers.values() if each.isdisjoint(theirs)}
    rest = "".join("\n" if any(s <= at < e for s, e in bearers) else c for at, c in enumerate(text))
    folded, english = fold(quoted), detect(text) == "en"
    if english and not _LATIN.search(folded):
        return sorted(missing)  # a name that only Chinese script writes cannot be told
    unknown = {each[0] for each in (_CAPITALISED if english else _LATIN).finditer(rest) if not _common(each, rest)}
    return sorted(missing) + sorted(each for each in unknown if not _holds(folded, fold(each)))


_LATIN = re.compile(r"(?<![A-Za-z])[A-Za-z][A-Za-z&'’.-]{2,}[A-Za-z](?![A-Za-z])")
_CAPITALISED = re.compile(r"(?<![A-Za-z.])[A-Z][A-Za-z&’'-]+[A-Za-z](?![A-Za-z])")
_COMMON = re.compile(
    r"january|february|march|april|may|june|july|august|september|october|november|december"
    r"|american|british|chinese|european|french|german|irish|italian|japanese|korean|indian|taiwanese|dutch|western"
    r"|article|section|chapter|act|regulation|directive|law"
)


def _common(word: re.Match[str], text: str) -> bool:
    """Whether a capital says nothing: at the beginning of a sentence, in a month, in `European`."""
    before = text[: word.start()].rstrip(" \"“‘'(")
    begins = not before or before[-1] in ".!?:;。！？：；"
    return begins or bool(_COMMON.fullmatch(word[0].lower().removesuffix("'s").removesuffix("’s")))


def _holds(folded: str, name: str) -> bool:
    name = re.sub("['’]s?$", "", name)
    return bool(re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", folded))


# --- negation and certainty -----------------------------------------------------------------------------------------


def agree_in_negation(text: str, quoted: str, glossary: Glossary | None = None) -> bool:
    """Whether a claim says that something is not so where its quotations do, and only there.

    Words that the claim itself sets in quotation marks, and that stand in a quotation, are not its own: a claim that
    only sets such words side by side says nothing that a "not" beside them could turn around. Each clause of a claim
    is held against the clause of the quotations that it has most in common with, where one can be told.
    """
    own = _own(text, quoted)
    if own != text and not negated(own):
        return True
    pairs = [(clause, _bearing(clause, quoted, glossary)) for clause in _clauses(text)]
    if all(bearing for _, bearing in pairs):
        return all(negated(clause) == negated(bearing) for clause, bearing in pairs if bearing)
    return negated(text) == negated(quoted)


def negated(text: str) -> bool:
    """Whether a text says that something is not so."""
    return bool(_NEGATION.search(fold(text)))


def certainty_faults(text: str, quoted: str, glossary: Glossary | None = None) -> list[str]:
    """Say where a claim is surer than its quotations, or less sure: planned is not done, alleged is not proved."""
    found = []
    own = _own(text, quoted)
    for clause in _clauses(own):
        bearing = _bearing(clause, quoted, glossary)
        if bearing is None and len(_clauses(quoted)) > 1:
            continue
        said = fold(_MAY_MONTH.sub("", bearing or quoted))
        claimed, whole = fold(_MAY_MONTH.sub("", clause)), fold(_MAY_MONTH.sub("", own))
        for pattern, kept, what in _UNSETTLED:
            if pattern.search(said) and not kept.search(whole):
                found.append(f"The quotation says so only as {what}.")
        if _POSSIBLE.search(claimed) and not (_OPEN.search(fold(quoted)) or _ALLOWED.search(fold(quoted))):
            found.append("The quotation says so as a fact, not as a possibility.")
    return list(dict.fromkeys(found))


def _own(text: str, quoted: str) -> str:
    return _QUOTED.sub(lambda match: "" if match[1] in quoted else match[0], text)


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE_END.split(text) if len(_content(clause, None)) > 1] or [text]


def _bearing(clause: str, quoted: str, glossary: Glossary | None) -> str | None:
    """Return the one clause of the quotations that shares most with a clause; None where none can be told apart."""
    clauses = _clauses(quoted)
    content = _content(clause, glossary)
    shared = [sum(map(_weight, content & _content(each, glossary))) for each in clauses]
    best = max(shared)
    return clauses[shared.index(best)] if best >= SHARED and shared.count(best) == 1 else None


def _content(text: str, glossary: Glossary | None) -> set[str]:
    """Return what two clauses can have in common: long words by their beginning, pairs of Han, numbers and names."""
    folded = fold(text)
    words = {word[:5] for word in _LONG_WORD.findall(folded)}
    pairs = {run[at : at + 2] for run in _HAN_RUN.findall(folded) for at in range(len(run) - 1)}
    names = {mention.entity.id for mention in glossary.find(text)} if glossary else set()
    return words | pairs | names | {f"{number:f}" for number in quantities(text)}


def _weight(shared: str) -> int:
    """Return how much it counts that two clauses share this: what is said hangs on its numbers."""
    return 4 if shared[0].isdigit() else 1


SHARED = 2
"""So much at least must two clauses share, to be about the same."""

_CLAUSE_END = re.compile(r"[;；。！？!?\n，]|,(?!\d)|\b(?:but|while|although|though|whereas|which)\b")
_LONG_WORD = re.compile("[a-z]{4,}")
_HAN_RUN = re.compile("[㐀-鿿]{2,}")
_MAY_MONTH = re.compile(r"\bMay\b(?= \d)|(?<=\d )May\b|(?<=[Ii]n )May\b|\bdraft(?:ed)? (?:by|law)\b")
_POSSIBLE = re.compile(r"\b(?:may|might|could|possibly|perhaps|potentially|likely)\b|可能|或许|或将|或会|也许|有望|恐")
_PLANNED = re.compile(
    r"\b(?:plan(?:s|ned|ning)?|propos(?:e|es|ed|al|als|ing)|draft|consider(?:s|ed|ing)?|intend(?:s|ed)?|aim(?:s|ed)?"
    r"|seek(?:s|ing)?|sought|expected|mull(?:s|ing)?|weigh(?:s|ing)?)\b"
    r"|计划(?!单列)|拟|打算|考虑|草案|征求意见稿|提议|建议|有意|预计"
)
_ALLEGED = re.compile(
    r"\b(?:alleg(?:e|es|ed|edly|ation|ations)|accus(?:e|es|ed|ing|ation)|suspect(?:s|ed)?|reportedly|claim(?:s|ed)?)\b"
    r"|涉嫌|指控|被控|据称|疑似|传闻|据传"
)
_FUTURE = re.compile(r"\b(?:will|would|shall|to be|is to|are to)\b|将")
_ATTRIBUTED = re.compile(
    r"\b(?:said|says|according to|argue[sd]?|charge[sd]?|investigat\w+|complain\w+)\b|[称指]|表示|认为|调查|起诉"
)
_ALLOWED = re.compile(r"\b(?:can|able|allow(?:s|ed)?|permit(?:s|ted)?|up to)\b|可以|可|允许|最高|有权")
_OPEN = re.compile("|".join(each.pattern for each in (_POSSIBLE, _PLANNED, _ALLEGED, _FUTURE)))
_UNSETTLED: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...] = (
    (_POSSIBLE, re.compile(f"{_OPEN.pattern}|{_ALLOWED.pattern}"), "possible"),
    (_PLANNED, _OPEN, "planned"),
    (_ALLEGED, re.compile(f"{_ALLEGED.pattern}|{_ATTRIBUTED.pattern}|{_POSSIBLE.pattern}"), "alleged"),
)
_QUOTED = re.compile("[“「]([^“”「」]+)[”」]")
_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|none|without|cannot|\w+n['’]t)\b"
    r"|不(?!断|仅|同|少|久|但|良|动产|当|正当|一(?!定)|合规|公平|合理|实|利|安全|足|平等|透明|法)|没有|未(?!来|成年|必)|无(?!线|人机|论)|并非|免于"
)
