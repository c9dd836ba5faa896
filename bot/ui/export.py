"""Answers written out with all their quotations and links: text, Markdown, HTML, HTML for Word, and JSON.

Articles, questions and models are not trusted: everything is escaped, and only addresses of the web become links.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from jinja2 import Environment, FileSystemLoader, Template

from bot.digest_text import plain_markdown
from bot.errors import InputError
from bot.prompts import DISPUTED, UNDATED, UNSUPPORTED, Said
from bot.records import Answer, AnswerLanguage, Citation, Claim, to_json
from bot.sheet import WORDS, web_address, written_day
from bot.ui.strings import HERE

Form = Literal["text", "markdown", "html", "word", "json"]
FORMS: tuple[Form, ...] = get_args(Form)

KINDS: dict[Form, tuple[str, str]] = {
    "text": ("txt", "text/plain"),
    "markdown": ("md", "text/markdown"),
    "html": ("html", "text/html"),
    "word": ("doc", "application/msword"),
    "json": ("json", "application/json"),
}
"""The ending of the file's name, and its media type."""

AS_OF = Said("As of {day}.", "截至{day}。", "截至{day}。")
PAGE = Said("page {page}", "第{page}页", "第{page}頁")
QUOTED = Said("“{quote}”", "“{quote}”", "「{quote}」")


@dataclass(frozen=True, slots=True)
class Written:
    """A file: its name, its media type, and what is in it."""

    name: str
    media_type: str
    text: str


def written(answers: Sequence[Answer], form: str, *, language: AnswerLanguage) -> Written:
    """Write answers out, one after the other; the words around them are in `language`. Raises InputError."""
    if form not in FORMS:
        raise InputError(f"The form is {form!r}.", hint=f"Use {', '.join(FORMS)}.")
    if not answers:
        raise InputError("There is no answer to write out.", hint="Ask something first.")
    ending, media_type = KINDS[form]
    return Written(f"{_name(answers[0].question)}.{ending}", media_type, _text(answers, form, language))


def _text(answers: Sequence[Answer], form: Form, language: AnswerLanguage) -> str:
    if form == "json":
        return json.dumps([to_json(each) for each in answers], ensure_ascii=False, indent=2) + "\n"
    if form in ("html", "word"):
        return _page().render(answers=answers, word=form == "word", language=language, **_WORDS) + "\n"
    lines = _plain if form == "text" else _markdown
    return "\n\n".join("\n".join(lines(each, language)) for each in answers) + "\n"


def _name(question: str) -> str:
    """Make a file's name of a question: its letters and digits, in any script."""
    return re.sub(r"\W+", "-", question.lower()).strip("-")[:60].strip("-") or "regbrief"


def said(claim: Claim, language: AnswerLanguage) -> str:
    """Return a claim with what is to be said before and after it."""
    doubt = "" if claim.status == "verified" else UNSUPPORTED[language]
    return f"{claim.context}{claim.text}{claim.gloss}{doubt}"


def about(citation: Citation, language: AnswerLanguage) -> str:
    """Say whose a quotation is, of when, and on which page."""
    day = written_day(citation.published, language) if citation.published else UNDATED[language]
    page = PAGE[language].format(page=citation.page) if citation.page else ""
    return " · ".join(part for part in (citation.source, day, page) if part)


def disputes(answer: Answer, language: AnswerLanguage) -> list[str]:
    """Say in a line each where reports differ."""
    each_side = [[f"{side['value']} ({side['source']})" for side in each["sides"]] for each in answer.conflicts]
    return [DISPUTED[language].format(sides="; ".join(sides)) for sides in each_side]


def _marks(claim: Claim) -> str:
    return "".join(f"[{number}]" for number in claim.citations)


def _plain(answer: Answer, language: AnswerLanguage) -> Iterator[str]:
    yield from (answer.question, "")
    for claim in answer.claims:
        yield f"{said(claim, answer.language)} {_marks(claim)}"
    yield from ([answer.answer] if answer.abstained else [])
    yield from answer.notes
    yield from ([AS_OF[language].format(day=written_day(answer.as_of, language))] if answer.as_of else [])
    yield from ["", f"{WORDS['sources'][language]}"] if answer.citations else []
    for each in answer.citations:
        address = web_address(each.url)
        yield f"[{each.number}] {each.title} · {about(each, language)}" + (f" {address}" if address else "")
        yield f"    {QUOTED[language].format(quote=each.quote)}"


def _markdown(answer: Answer, language: AnswerLanguage) -> Iterator[str]:
    yield from (f"## {plain_markdown(answer.question)}", "")
    for claim in answer.claims:
        yield from (f"{plain_markdown(said(claim, answer.language))} {plain_markdown(_marks(claim))}", "")
    yield from ([plain_markdown(answer.answer), ""] if answer.abstained else [])
    for note in (*answer.notes, *disputes(answer, language)):
        yield from (f"*{plain_markdown(note)}*", "")
    if answer.as_of:
        yield from (AS_OF[language].format(day=written_day(answer.as_of, language)), "")
    yield from [f"### {WORDS['sources'][language]}", ""] if answer.citations else []
    for each in answer.citations:
        title, address = plain_markdown(each.title), web_address(each.url)
        linked = f"[{title}]({address})" if address else title
        yield f"- {plain_markdown(f'[{each.number}]')} {linked} · {plain_markdown(about(each, language))}"
        yield f"  > {plain_markdown(each.quote)}"


_WORDS = {
    "said": said,
    "about": about,
    "disputes": lambda answer, language: tuple(disputes(answer, language)),
    "as_of": AS_OF,
    "words": WORDS,
    "web_address": web_address,
    "written_day": written_day,
}


@cache
def _page() -> Template:
    loader = FileSystemLoader(HERE / "fragments")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("export.html")
