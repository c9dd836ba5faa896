"""The turns of a conversation as HTML: a question, and what became of it. All functions are pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.errors import BotError
from bot.language import detect, plain
from bot.prompts import REFUSAL
from bot.records import Answer, AnswerLanguage, Article, Citation, Claim
from bot.ui import evidence
from bot.ui.kept import Wish
from bot.ui.markup import code, fragment
from bot.ui.strings import Strings


@dataclass(frozen=True, slots=True)
class Shown:
    """One turn as it is shown: its part of the chat, and its sheet of evidence."""

    number: int
    talk: str
    sheet: str


@dataclass(frozen=True, slots=True)
class Line:
    """One claim, the language that it is written in, and its citations.

    `told` is the claim in three pieces: before the words that answer, these words, and after; two may be empty.
    `context` stands before it and `gloss` after it, both in the language `frame`.
    """

    told: tuple[str, str, str]
    language: AnswerLanguage
    verified: bool
    citations: tuple[Citation, ...]
    context: str = ""
    gloss: str = ""
    frame: AnswerLanguage = "en"


def underway(
    question: str,
    claims: Sequence[Claim],
    citations: Sequence[Citation],
    articles: Mapping[str, Article],
    *,
    number: int,
    text: Strings,
) -> Shown:
    """Render what is verified of an answer while the rest is being looked for or written."""
    language = detect(question, default=text.language)
    said = joined(claims, citations, language)
    pending = text("writing") if said else text("searching")
    cards = evidence.note(text("evidence_pending"), number=number, text=text)
    if citations:
        cards = evidence.sheet(question, citations, articles, number=number, language=language, text=text)
    return Shown(
        number, fragment("underway", text, question=question, number=number, lines=said, pending=pending), cards
    )


def queued(question: str, place: int, *, number: int, text: Strings) -> Shown:
    """Render a question that waits for its turn, and its place in the line."""
    pending = text("queued", place=place)
    return Shown(
        number,
        fragment("underway", text, question=question, number=number, lines=(), pending=pending),
        evidence.note(text("evidence_pending"), number=number, text=text),
    )


def turned_away(question: str, *, number: int, text: Strings) -> Shown:
    """Render a question that was not taken, as too many wait."""
    return Shown(
        number,
        fragment("unsent", text, question=question, number=number),
        evidence.note(text("evidence_none"), number=number, text=text),
    )


def answered(
    answer: Answer,
    articles: Mapping[str, Article],
    *,
    wish: Wish,
    number: int,
    text: Strings,
    suggestions: Sequence[str] = (),
) -> Shown:
    """Render an answer or a refusal in the words of the page, and its evidence."""
    spoken = [(detect(each, default=plain(answer.language)), each) for each in suggestions]
    if answer.reason is not None:
        message = code(REFUSAL[answer.reason][answer.language])
        values = {"answer": answer, "wish": wish, "number": number, "message": message, "suggestions": spoken}
        return Shown(
            number,
            fragment("refusal", text, **values),
            evidence.note(text("evidence_none"), number=number, text=text),
        )
    said = joined(answer.claims, answer.citations, answer.language)
    return Shown(
        number,
        fragment("answer", text, answer=answer, wish=wish, number=number, lines=said, suggestions=spoken),
        evidence.answer_sheet(answer, articles, number=number, text=text),
    )


def failed(question: str, error: BotError | None, *, number: int, text: Strings) -> Shown:
    """Render a question that could not be answered; `error` says why where the reader can act on it."""
    return Shown(
        number,
        fragment("failure", text, question=question, number=number, error=error),
        evidence.note(text("failed"), number=number, text=text),
    )


def unanswered(question: str, *, number: int, text: Strings) -> Shown:
    """Render a question that was stopped, or that failed, before it was kept."""
    return Shown(
        number,
        fragment("unanswered", text, question=question, number=number),
        evidence.note(text("evidence_none"), number=number, text=text),
    )


def joined(claims: Sequence[Claim], cited_so_far: Sequence[Citation], own: AnswerLanguage) -> list[Line]:
    """Join claims with their citations. A claim that only quotes is in the language of what it quotes."""
    cited = {each.number: each for each in cited_so_far}
    lines = []
    for claim in claims:
        citations = tuple(cited[number] for number in claim.citations if number in cited)
        quoted = next((each for each in citations if each.quote == claim.text), None)
        language, told = (quoted.language, quoted.pieces) if quoted else (own, (claim.text, "", ""))
        lines.append(Line(told, language, claim.status == "verified", citations, claim.context, claim.gloss, own))
    return lines
