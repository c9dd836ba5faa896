"""The tab in which questions are asked: its layout, and what the browser's scripts (browser/ask.js) ask of the server.

Nothing of a conversation stays on the server: a question comes with the turns before it, and each step of its answer
goes back through one component, the wire, that shows nothing itself.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from functools import partial
from typing import Any

import gradio as gr

from bot.asked import MAX_QUESTION
from bot.engine import Regbrief
from bot.errors import BotError, InputError, NotFound
from bot.records import ANSWER_LANGUAGES, Answer, Article, Citation, Claim, to_json
from bot.serve.audit import note
from bot.serve.load import Turns
from bot.suggest import suggestions
from bot.ui import evidence, export, reading, turns
from bot.ui.kept import Asked, Exporting, Judged, Kept, Opening, Wish, read
from bot.ui.line import in_turn
from bot.ui.markup import fragment, reason
from bot.ui.strings import ANSWER_NAMES, Strings, examples
from bot.ui.turns import Shown

LATEST = 6
"""So many of the newest articles are listed before the first question."""

SEARCHED = ("since", "until", "languages", "sources")
"""The filters that suggested questions are looked up with, too."""

WIRE = """import(new URL("../page/ask.js", document.baseURI)).then(
  (module) => module.start({ trigger, server, watch, props, events: ["asked", "stopped"] })
);"""

UNSENT = "() => document.dispatchEvent(new Event('regbrief:unsent'))"
"""Tells the browser's scripts that a question was not taken: too many wait, or the server cannot be reached."""

Step = dict[str, Any]
"""What a browser is sent of a turn: its number, its state and its HTML; at the end also the answer to keep."""


def tab(bot: Regbrief, text: Strings, *, line: Turns) -> None:
    """Lay out the tab: the conversation with its question box, and the evidence beside it."""
    desk = fragment(
        "desk",
        text,
        examples=sorted(examples().items(), key=lambda each: each[0] != text.language),
        answer_languages=[(each, ANSWER_NAMES[each]) for each in ANSWER_LANGUAGES if each != "zh-Hant"],
        longest=MAX_QUESTION,
        model=bot.settings.llm if bot.settings else "extractive",
    )

    def library(_: object) -> Step:
        return _safely(lambda: _library(bot, text), text)

    def restored(sent: object) -> Step:
        return _safely(lambda: _restored(bot, sent, text), text)

    def opened(sent: object) -> Step:
        return _safely(lambda: _opened(bot, read(Opening, sent), text), text)

    def widened(sent: object) -> Step:
        return _safely(lambda: _widened(bot, read(Opening, sent), text), text)

    def exported(sent: object) -> Step:
        return _safely(lambda: _exported(read(Exporting, sent), text), text)

    def judged(sent: object, request: gr.Request) -> Step:
        return _safely(lambda: _judged(bot, read(Judged, sent), request), text)

    async def ask(event: gr.EventData) -> AsyncIterator[Step]:
        waiting, full = partial(_waiting, event.asked, text), partial(_turned_away, event.asked, text)
        async with aclosing(in_turn(line, asked(bot, event.asked, text), waiting=waiting, full=full)) as steps:
            async for step in steps:
                yield {**step, "token": event.token}

    gr.HTML(desk, elem_id="ask-page", apply_default_css=False, js_on_load=None)
    wire = gr.HTML(
        None,
        html_template="",
        js_on_load=WIRE,
        apply_default_css=False,
        elem_id="wire",
        server_functions=[library, restored, opened, widened, exported, judged],
    )
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    asking = wire.asked(ask, None, wire, concurrency_limit=None, trigger_mode="multiple", **quiet)
    asking.failure(None, None, None, js=UNSENT)
    wire.stopped(None, None, None, cancels=[asking], queue=False, **quiet)


def asked(bot: Regbrief, sent: object, text: Strings) -> Generator[Step, None, None]:
    """Answer a question in steps: what is verified so far, then the whole answer, then what could be asked next."""
    number, question = 1, ""
    try:
        what = read(Asked, sent)
        number, question = what.number, what.wish.question
        yield from _steps(bot, what, text)
    except BotError as error:
        yield _step(turns.failed(question, error, number=number, text=text), "failed")
    except Exception:
        logging.getLogger(__name__).exception("A question could not be answered.")
        yield _step(turns.failed(question, None, number=number, text=text), "failed")


def _waiting(sent: object, text: Strings, place: int) -> Step:
    what = read(Asked, sent)
    return _step(turns.queued(what.wish.question, place, number=what.number, text=text), "underway")


def _turned_away(sent: object, text: Strings) -> Step:
    what = read(Asked, sent)
    return _step(turns.turned_away(what.wish.question, number=what.number, text=text), "failed")


def _steps(bot: Regbrief, what: Asked, text: Strings) -> Iterator[Step]:
    wish, number = what.wish, what.number
    claims: list[Claim] = []
    citations: list[Citation] = []
    articles: dict[str, Article] = {}
    with closing(bot.stream(wish.question, history=what.history, **_filters(wish))) as events:
        for event in events:
            if isinstance(event.data, Citation):
                citations.append(event.data)
                articles |= _articles(bot, [event.data], known=articles)
                continue
            if isinstance(event.data, Answer):
                break
            if isinstance(event.data, Claim):
                claims.append(event.data)
            shown = turns.underway(wish.question, claims, citations, articles, number=number, text=text)
            yield _step(shown, "underway")
    answer = event.data
    assert isinstance(answer, Answer)
    articles |= _articles(bot, answer.citations, known=articles)
    yield _done(answer, articles, wish, number, text)
    narrowed = {name: value for name, value in _filters(wish).items() if name in SEARCHED}
    if further := suggestions(bot, answer, earlier=[each.question for each in what.history], **narrowed):
        yield _done(answer, articles, wish, number, text, further)


def _done(
    answer: Answer,
    articles: Mapping[str, Article],
    wish: Wish,
    number: int,
    text: Strings,
    further: tuple[str, ...] = (),
) -> Step:
    shown = _whole(answer, articles, wish, number, text, further)
    return {**_step(shown, "done"), "answer": to_json(answer), "suggestions": list(further)}


def _whole(
    answer: Answer, articles: Mapping[str, Article], wish: Wish, number: int, text: Strings, further: tuple[str, ...]
) -> Shown:
    return turns.answered(answer, articles, wish=wish, number=number, text=text, suggestions=further)


def _step(shown: Shown, state: str) -> Step:
    return {"number": shown.number, "state": state, "talk": shown.talk, "sheet": shown.sheet}


def _filters(wish: Wish) -> dict[str, Any]:
    """Return the filters of `ask`; those that are not set are left out."""
    given = {name: getattr(wish, name) for name in ("since", "until", "languages", "sources", "answer_language")}
    return {name: value for name, value in given.items() if value} | {
        "read_dates": wish.read_dates,
        "read_sources": wish.read_sources,
    }


def _library(bot: Regbrief, text: Strings) -> Step:
    """Say what is in the library now: how many articles, the newest in the page's language, and the outlets."""
    newest = list(bot.articles(languages=[text.language], limit=LATEST))
    sources = sorted(bot.sources().items(), key=lambda each: (-each[1], each[0]))
    return {
        "count": text.count("articles", bot.count()),
        "latest": fragment("latest", text, articles=newest),
        "sources": fragment("outlets", text, sources=[each for each in sources if each[0]]),
    }


def _restored(bot: Regbrief, sent: object, text: Strings) -> Step:
    """Render turns that a browser has kept, in the words of this page."""
    shown = []
    for kept in read(tuple[Kept, ...], sent):
        if kept.answer is None:
            shown.append(turns.unanswered(kept.wish.question, number=kept.number, text=text))
            continue
        articles = _articles(bot, kept.answer.citations)
        shown.append(_whole(kept.answer, articles, kept.wish, kept.number, text, kept.suggestions))
    return {"turns": [_step(each, "done") for each in shown]}


def _opened(bot: Regbrief, what: Opening, text: Strings) -> Step:
    try:
        article = bot.article(what.article_id)
    except NotFound:
        return {"html": reading.missing(text)}
    return {"html": reading.article(article, what.places, text)}


def _widened(bot: Regbrief, what: Opening, text: Strings) -> Step:
    """Render the one place that is given with its neighbouring paragraphs."""
    if len(what.places) != 1:
        raise InputError(f"{len(what.places)} places were given.", hint="Give one.")
    try:
        article = bot.article(what.article_id)
    except NotFound:
        return {"html": reading.missing(text)}
    return {"html": evidence.surroundings(article, what.places[0].start, what.places[0].end, text)}


def _exported(what: Exporting, text: Strings) -> Step:
    answers = [each.answer for each in what.turns if each.answer]
    written = export.written(answers, what.form, language=text.language)
    return {"name": written.name, "type": written.media_type, "text": written.text}


def _judged(bot: Regbrief, what: Judged, request: Any) -> Step:
    bot.give_feedback(what.answer, what.verdict, note=what.note, citation=what.citation)  # type: ignore[arg-type]
    note(request, feedback=what.verdict)
    return {}


def _safely(work: Any, text: Strings) -> Step:
    """Do what a browser asks for; what went wrong is said in its words, never in those of a stack trace."""
    try:
        done: Step = work()
    except BotError as error:
        return {"error": reason(error, text.language)}
    return done


def _articles(
    bot: Regbrief, citations: list[Citation] | tuple[Citation, ...], *, known: Mapping[str, Article] | None = None
) -> dict[str, Article]:
    """Read the cited articles that are not known yet; one that was removed in the meantime is left out."""
    found = {}
    for article_id in {each.article_id for each in citations} - set(known or ()):
        try:
            found[article_id] = bot.article(article_id)
        except NotFound:
            continue
    return found
