"""What the page shows, as HTML: the turns of a conversation, and the evidence sheet of each.

All functions are pure. The markup is in `fragments.html`, which escapes every value that is put into it: articles,
questions and models are not trusted. `gr.HTML` shows what it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.errors import BotError
from bot.language import detect
from bot.prompts import REFUSAL
from bot.records import Answer, Article, Citation, Claim, Language, Report
from bot.ui.strings import HERE, NAMES, Strings, examples, strings

CONTEXT = 400
"""Characters of a paragraph shown at most on either side of a quotation."""

_ADDRESS = re.compile(r"https?://[^\s\x00-\x20\x7f\"'<>\\^`{|}]+", re.IGNORECASE)
_BREAK = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation as it is shown: its part of the chat and its sheet of evidence.

    `answer` is what was answered, in words; None where nothing is, or not yet.
    """

    number: int
    talk: str
    sheet: str
    question: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A quotation and what stands around it in its paragraph."""

    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One claim, the language that it is written in, and its citations.

    `told` is the claim in three pieces: before the words that answer, these words, and after; two may be empty.
    """

    told: tuple[str, str, str]
    language: Language
    verified: bool
    citations: tuple[Citation, ...]


def masthead(text: Strings, articles: int) -> str:
    """Render the name, the promise, the number of articles and the ways out of the page."""
    return _render("masthead", text, articles=articles)


def welcome(text: Strings) -> str:
    """Render the questions that can be tried, those in the page's language first."""
    return _render("welcome", text, examples=sorted(examples().items(), key=lambda each: each[0] != text.language))


def latest(articles: Sequence[Article], text: Strings) -> str:
    """Render the newest articles."""
    return _render("latest", text, articles=articles)


def transcript(turns: Sequence[Turn], text: Strings) -> str:
    """Render the conversation."""
    return _render("transcript", text, turns=turns)


def sheets(turns: Sequence[Turn], text: Strings) -> str:
    """Render the evidence of all turns; only the last one's is not hidden."""
    return _render("sheets", text, turns=turns)


def pending(question: str, *, number: int, text: Strings) -> Turn:
    """Render a question that is being answered."""
    return Turn(
        number,
        _render("pending", text, question=question, number=number),
        _render("note", text, note=text("evidence_pending")),
        question,
    )


def underway(
    question: str, claims: Sequence[Claim], citations: Sequence[Citation], *, number: int, text: Strings
) -> Turn:
    """Render what is verified of an answer while the rest is being written."""
    said = _joined(claims, citations, detect(claims[0].text) if claims else text.language)
    return Turn(
        number,
        _render("underway", text, question=question, number=number, lines=said),
        _render("note", text, note=text("evidence_pending")),
        question,
    )


def answered(
    answer: Answer, articles: Mapping[str, Article], *, number: int, text: Strings, read_dates: bool = True
) -> Turn:
    """Render an answer or a refusal in the answer's own language, and its evidence in the page's.

    `read_dates` is off where the question's words were not to set a window.
    """
    own = strings(answer.language)
    if answer.reason is not None:
        message = _code(REFUSAL[answer.reason][own.language])
        talk = _render("refusal", own, answer=answer, number=number, message=message, read_dates=read_dates)
        return Turn(number, talk, _render("note", text, note=text("evidence_none")), answer.question, answer.answer)
    excerpts = [(each, excerpt(each, articles.get(each.article_id)), others(answer, each)) for each in answer.citations]
    return Turn(
        number,
        _render("answer", own, answer=answer, number=number, lines=lines(answer), read_dates=read_dates),
        _render("sheet", text, answer=answer, number=number, excerpts=excerpts),
        answer.question,
        answer.answer,
    )


def failed(question: str, error: BotError | None, *, number: int, text: Strings) -> Turn:
    """Render a question that could not be answered; `error` says why where the reader can act on it."""
    return Turn(
        number,
        _render("failure", text, question=question, number=number, error=error),
        _render("note", text, note=text("failed")),
        question,
    )


def lines(answer: Answer) -> list[Line]:
    """Join claims with their citations. A claim that only quotes is in the language of what it quotes."""
    return _joined(answer.claims, answer.citations, answer.language)


def _joined(claims: Sequence[Claim], cited_so_far: Sequence[Citation], own: Language) -> list[Line]:
    cited = {each.number: each for each in cited_so_far}
    joined = []
    for claim in claims:
        citations = tuple(cited[number] for number in claim.citations)
        quoted = next((each for each in citations if each.quote == claim.text), None)
        language, told = (quoted.language, quoted.pieces) if quoted else (own, (claim.text, "", ""))
        joined.append(Line(told, language, claim.status == "verified", citations))
    return joined


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


def others(answer: Answer, citation: Citation) -> tuple[Report, ...]:
    """Return who else told the story of a citation, unless an earlier citation has named them."""
    earlier = [each.also_reported_by for each in answer.citations if each.number < citation.number]
    return () if citation.also_reported_by in earlier else citation.also_reported_by


def link(url: str | None) -> str | None:
    """Return an address that may stand in a link: http and https only."""
    return url if url and _ADDRESS.fullmatch(url) else None


def _code(message: str) -> Markup:
    """Set what stands in `backticks` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(message))))


def _render(macro: str, text: Strings, **values: object) -> str:
    return str(_macros()[macro](text, **values)).strip()


@cache
def _macros() -> Mapping[str, Callable[..., Markup]]:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"link": link, "language_name": NAMES.__getitem__}
    environment.globals["languages"] = NAMES
    return vars(environment.get_template("fragments.html").module)
