"""Are an answer's citations real, complete, on the evidence, and do they say what the answer says?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean

from bot.evaluation.normalize import k_precision, states
from bot.evaluation.reading import Reading, Statement
from bot.evaluation.records import Evidence, Question
from bot.glossary import Glossary
from bot.language import detect
from bot.records import Citation
from bot.values import dates, filled, plain, quantities
from bot.verify import agree_in_negation, faults, negated

Span = tuple[int, int]


def citation_scores(reading: Reading, question: Question, glossary: Glossary) -> dict[str, float]:
    """Score the citations of an answer that is not a refusal."""
    return {
        **_real(reading),
        **_complete(reading),
        **agreement(reading, glossary),
        **(_on_evidence(reading, question) if question.answerable else {}),
    }


# --- real and complete ----------------------------------------------------------------------------------------------


def _real(reading: Reading) -> dict[str, float]:
    """Validity: the quotation stands at its offsets. Verbatim: it stands somewhere in the article that it names."""
    if not reading.citations:
        return {}
    every = reading.citations.values()
    return {
        "citation_validity": len(reading.sound) / len(every),
        "citation_verbatim": fmean(reading.verbatim(each) for each in every),
    }


def _complete(reading: Reading) -> dict[str, float]:
    """Coverage: the share of sentences that bear a marker which resolves; and what the markers look like."""
    scores = {}
    if reading.statements:
        known = reading.citations.keys()
        scores["citation_coverage"] = fmean(bool(known & set(each.numbers)) for each in reading.statements)
    numbers = [number for _, group in reading.markers for number in group]
    if numbers:
        scores["markers_resolve"] = fmean(number in reading.citations for number in numbers)
        scores["markers_form"] = fmean(written == f"[{group[0]}]" for written, group in reading.markers)
        scores["markers_order"] = float(list(dict.fromkeys(numbers)) == list(range(1, len(set(numbers)) + 1)))
    return scores


# --- on the evidence ------------------------------------------------------------------------------------------------


def _on_evidence(reading: Reading, question: Question) -> dict[str, float]:
    """Precision: the share of citations that are evidence. Recall: the share of needs that a citation meets."""
    evidence = [each for each in question.evidence if each.grade > 0]
    if not evidence:
        return {}
    every = list(reading.citations.values())
    bodies = {id: article.body for id, article in reading.articles.items()}
    articles = {each.article_id for each in evidence}
    scores = {"citation_recall_article": _recall(_needs(question, evidence), {each.article_id for each in every})}
    if every:
        cited = {each.article_id for each in every}
        scores["citation_precision_article"] = len(cited & articles) / len(cited)
    if all(each.sentence for each in evidence):
        sound = list(reading.sound.values())
        met = {each for each in evidence if any(_proves(one, each, bodies) for one in sound)}
        scores["citation_recall_sentence"] = fmean(bool(met & set(need)) for need in _needs(question, evidence))
        if every:
            right = [one for one in sound if any(_proves(one, each, bodies) for each in evidence)]
            scores["citation_precision_sentence"] = len(right) / len(every)
    if question.answers:
        quotes = [each.quote for each in reading.sound.values()]
        proved = (any(states(quote, one) for quote in quotes for one in group) for group in question.answers)
        scores["facts_proved"] = fmean(proved)
    return scores


def _needs(question: Question, evidence: Sequence[Evidence]) -> list[list[Evidence]]:
    """Group the evidence by the fact that it states: the same fact told in three languages needs one citation.

    Evidence that states none of the accepted strings is a need of its own only where none does.
    """
    groups = ([each for each in evidence if _tells(each, group)] for group in question.answers)
    return [group for group in groups if group] or [list(evidence)]


def _tells(evidence: Evidence, group: Iterable[str]) -> bool:
    return any(states(evidence.sentence, accepted) for accepted in group)


def _recall(needs: Sequence[Sequence[Evidence]], cited: set[str]) -> float:
    return fmean(any(each.article_id in cited for each in need) for need in needs)


def _proves(citation: Citation, evidence: Evidence, bodies: Mapping[str, str]) -> bool:
    if citation.article_id != evidence.article_id:
        return False
    return covers((citation.start, citation.end), citation.quote, evidence, bodies.get(evidence.article_id))


def covers(span: Span, text: str, evidence: Evidence, body: str | None = None) -> bool:
    """Whether a part of the evidence's own article holds at least half of the evidence sentence, or lies in it.

    By offsets where both are known, else by the words.
    """
    start, end = evidence.start, evidence.end
    if start is None and body is not None and (found := body.find(evidence.sentence)) >= 0:
        start, end = found, found + len(evidence.sentence)
    if start is not None and end is not None and 0 <= span[0] < span[1]:
        shared = min(end, span[1]) - max(start, span[0])
        return 2 * shared >= min(end - start, span[1] - span[0]) > 0
    one, other = plain(text), plain(evidence.sentence)
    return bool(one and other) and (one in other or other in one)


# --- agreement ------------------------------------------------------------------------------------------------------


def agreement(reading: Reading, glossary: Glossary) -> dict[str, float]:
    """Return the shares of cited claims that agree with what their articles say where the citations point.

    Each measure counts the claims that have something of its kind. `agreement_all` is the engine's own gate
    (`bot.verify.faults`) and dates together, and asks that every citation of the claim stands.
    """
    found: dict[str, list[bool]] = {}
    overlap = []
    for statement, claim in zip((each for each in reading.statements if each.numbers), reading.claims(), strict=True):
        sources = [reading.citations[number] for number in claim.citations if number in reading.citations]
        quoted = "\n".join(reading.source(each) for each in sources)
        years = {each.published.year if each.published else None for each in sources}
        checks = dict(_checks(statement, quoted, years, glossary))
        for name, agrees in checks.items():
            found.setdefault(f"agreement_{name}", []).append(agrees)
        gate = not faults(claim, reading.sound, glossary=glossary)
        found.setdefault("agreement_all", []).append(gate and checks.get("date", True))
        if detect(claim.text)[:2] == detect(quoted)[:2] and (shared := k_precision(claim.text, quoted)) is not None:
            overlap.append(shared)
    scores = {name: fmean(each) for name, each in found.items()}
    return {**scores, "k_precision": fmean(overlap)} if overlap else scores


def _checks(
    statement: Statement, quoted: str, years: set[int | None], glossary: Glossary
) -> Iterator[tuple[str, bool]]:
    text = statement.text
    if said := quantities(text):
        yield "number", said <= quantities(quoted)
    if said_dates := dates(text):
        known = [each for year in years for each in filled(dates(quoted), year)]
        yield "date", all(any(each.within(one) for one in known) for each in said_dates)
    if names := _names(text, glossary):
        yield "name", names <= _names(quoted, glossary)
    if negated(text) or negated(quoted):
        yield "negation", agree_in_negation(text, quoted)


def _names(text: str, glossary: Glossary) -> set[str]:
    return {each.entity.id for each in glossary.find(text)}
