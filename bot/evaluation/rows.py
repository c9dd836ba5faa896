"""The report's list of questions: what was expected, what came, and where it went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.evaluation.ranking import holds
from bot.evaluation.records import Evidence

Row = Mapping[str, Any]

SHOWN_HITS = {True: 5, False: 2}
"""Hits whose text is shown, of a failure and of a success; of the others only those that hold evidence are."""

SHOWN_CHARACTERS = 480
"""Longer passages are cut around what they prove."""

OUTCOMES = {
    "error": "Error",
    "wrong": "Wrong answer",
    "refused": "Refused, though there is an answer",
    "answered": "Answered, though nothing answers it",
    "missed": "Evidence not found",
    "right": "Right answer",
    "rightly": "Rightly refused",
    "found": "Evidence found",
}
"""What can become of a question; the first five are failures."""

FAILURES = ("error", "wrong", "refused", "answered", "missed")

CAUSES = {
    "search": "No evidence among the hits",
    "choice": "Evidence found, not quoted",
    "wording": "Evidence quoted, a fact is missing",
    "confidence": "Evidence found, refused all the same",
    "caution": "Should have refused",
    "": "",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A piece of evidence, the rank of the first hit that holds it, and the number of the citation that does."""

    article_id: str
    language: str
    sentence: str
    rank: int | None
    cited: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as it is shown: `parts` are pieces of its text, marked where they are evidence; none if only named."""

    rank: int
    hit: Mapping[str, Any]
    proves: bool
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class View:
    """One question of the list."""

    row: Row
    outcome: str
    cause: str
    evidence: tuple[Proof, ...]
    hits: tuple[Found, ...]
    citations: tuple[tuple[Row, str], ...]
    """The answer's citations, each with its quotation where the answer does not hold it anyway."""

    @property
    def failed(self) -> bool:
        """Whether something went wrong."""
        return self.outcome in FAILURES


def views(rows: Sequence[Row]) -> list[View]:
    """Prepare the questions of a report, failures first."""
    made = [_view(row) for row in rows]
    order = list(OUTCOMES)
    return sorted(made, key=lambda each: order.index(each.outcome))


def _view(row: Row) -> View:
    evidence = [_evidence(each) for each in row.get("evidence") or ()]
    hits = [each for each in row.get("hits") or () if isinstance(each, Mapping)]
    cited = [each for each in _answer(row).get("citations") or () if isinstance(each, Mapping)]
    proofs = tuple(_proof(each, hits, cited) for each in evidence if each.grade > 0)
    outcome = _outcome(row, proofs)
    found = tuple(_found(hits, evidence, SHOWN_HITS[outcome in FAILURES]))
    written = str(_answer(row).get("answer") or "")
    quotes = (str(each.get("quote") or "") for each in cited)
    shown = tuple((each, "" if quote in written else quote) for each, quote in zip(cited, quotes, strict=True))
    return View(row, outcome, _cause(outcome, proofs, searched=bool(hits)), proofs, found, shown)


def _answer(row: Row) -> Mapping[str, Any]:
    return row.get("answer") or {}


def _evidence(given: Mapping[str, Any]) -> Evidence:
    known = ("article_id", "sentence", "start", "end", "language", "grade")
    return Evidence(**{name: given[name] for name in known if given.get(name) is not None})


def _proof(evidence: Evidence, hits: Sequence[Row], cited: Sequence[Row]) -> Proof:
    rank = next((rank for rank, hit in enumerate(hits, 1) if holds(hit, evidence)), None)
    number = next((each.get("number") for each in cited if holds(each, evidence)), None)
    return Proof(evidence.article_id, evidence.language or "", evidence.sentence, rank, number)


def _outcome(row: Row, proofs: Sequence[Proof]) -> str:
    if row.get("error") is not None:
        return "error"
    correct = row["scores"].get("correct")
    refused = bool(_answer(row).get("abstained"))
    if correct is None:
        return "found" if not proofs or any(each.rank for each in proofs) else "missed"
    if not row.get("answerable", True):
        return "rightly" if correct == 1 else "answered"
    return "right" if correct == 1 else "refused" if refused else "wrong"


def _cause(outcome: str, proofs: Sequence[Proof], *, searched: bool) -> str:
    if outcome == "answered":
        return "caution"
    if outcome not in ("wrong", "refused") or not proofs:
        return ""
    if any(each.cited for each in proofs):
        return "wording"
    if not searched:
        return ""
    if not any(each.rank for each in proofs):
        return "search"
    return "confidence" if outcome == "refused" else "choice"


def _found(hits: Sequence[Row], evidence: Sequence[Evidence], texts: int) -> Iterator[Found]:
    for rank, hit in enumerate(hits, 1):
        proven = [each for each in evidence if each.grade > 0 and holds(hit, each)]
        shown = proven or rank <= texts
        yield Found(rank, hit, bool(proven), tuple(each for each in _parts(hit, proven) if each[0]) if shown else ())


def _parts(hit: Row, proven: Sequence[Evidence]) -> Iterator[tuple[str, bool]]:
    """Cut a hit's text into what is evidence and what is not, and shorten it around the first evidence."""
    text = str(hit.get("text") or "")
    spans = sorted(_span(hit, text, each) for each in proven if each.sentence)
    first = spans[0][0] if spans else 0
    start = 0 if len(text) <= SHOWN_CHARACTERS else max(0, min(first - 100, len(text) - SHOWN_CHARACTERS))
    end = start + SHOWN_CHARACTERS
    at = start
    if start:
        yield "… ", False
    for low, high in spans:
        low, high = max(low, at), min(high, end)
        if low < high:
            yield text[at:low], False
            yield text[low:high], True
            at = high
    yield text[at:end], False
    if end < len(text):
        yield " …", False


def _span(hit: Row, text: str, evidence: Evidence) -> tuple[int, int]:
    found = text.find(evidence.sentence)
    if found >= 0:
        return found, found + len(evidence.sentence)
    start = hit.get("start")
    if evidence.start is None or evidence.end is None or not isinstance(start, int):
        return 0, 0
    return max(evidence.start - start, 0), min(max(evidence.end - start, 0), len(text))
