"""The page: its layout, what its controls do, and how it stands beside the API."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from fastapi import FastAPI

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

import gradio as gr

from bot import records
from bot.engine import MAX_QUESTION, Regbrief
from bot.errors import BotError, NotFound
from bot.records import LANGUAGES, Answer, Article, Citation, Claim
from bot.ui import evidence
from bot.ui.evidence import Turn
from bot.ui.front import Front
from bot.ui.strings import HERE, Strings, strings

TURNS = 50
"""So many turns of a conversation stay on the page."""

LATEST = 6
"""So many of the newest articles are listed before the first question."""

CONCURRENT = 8
"""Questions answered at the same time; further ones wait."""

Shown = tuple[tuple[Turn, ...], str, str]
"""The turns, and the chat and the evidence made of them."""

EXAMPLE = """element.addEventListener("click", (event) => {
  const example = event.target.closest(".example");
  if (example) trigger("select", { question: example.textContent });
});"""

UNDATED = """element.addEventListener("click", (event) => {
  const button = event.target.closest(".undated");
  if (button) trigger("select", { turn: Number(button.value) });
});"""


def mount(app: FastAPI, bot: Regbrief) -> FastAPI:
    """Add the page in each language to an application; the application's own routes come first."""
    with ThreadPoolExecutor(1) as thread:  # outside of an event loop, Gradio makes one a page and never closes it
        thread.submit(asyncio.run, _mount(app, bot)).result()
    app.add_middleware(Front)
    return app


async def _mount(app: FastAPI, bot: Regbrief) -> None:
    # Gradio rewrites the selectors of `css`, media queries above all; in `head` a style sheet stays as it is.
    style, script = ((HERE / name).read_text("utf-8") for name in ("style.css", "page.js"))
    theme = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]).set(
        body_background_fill="#f7f5f0",
        body_background_fill_dark="#141619",
        body_text_color="#1d1f21",
        body_text_color_dark="#e7e5df",
    )
    for language in LANGUAGES:
        gr.mount_gradio_app(
            app,
            page(bot, strings(language)),
            path=f"/{language}",
            footer_links=[],
            run_history=False,
            show_error=False,
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            theme=theme,
            head=f"<style>{style}</style><script>{script}</script>",
        )


def page(bot: Regbrief, text: Strings) -> gr.Blocks:
    """Lay out the page in one language."""
    blocks = gr.Blocks(title=text("name"), analytics_enabled=False, fill_width=True)
    with blocks:
        turns = gr.State((), time_to_live=24 * 3600)
        masthead = _html(evidence.masthead(text, bot.count()), "masthead")  # until the first load event
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="chat"):
                with gr.Column(elem_id="talk"):
                    examples = _html(evidence.welcome(text), "welcome", js_on_load=EXAMPLE)
                    chat = _html(evidence.transcript((), text), "transcript", js_on_load=UNDATED)
                with gr.Row(elem_id="composer"):
                    question = gr.Textbox(
                        label=text("question"),
                        placeholder=text("placeholder"),
                        max_lines=6,
                        max_length=MAX_QUESTION,
                        container=False,
                        elem_id="question",
                    )
                    send = gr.Button(text("send"), variant="primary", elem_id="send")
                with gr.Row(elem_id="below"):
                    _html(f'<p class="keys">{text("keys")}</p>', "keys")
                    again = gr.Button(text("again"), elem_id="again")
            with gr.Column(elem_id="evidence"):
                proof = _html(evidence.sheets((), text), "sheets")
                latest = _html("", "latest")

        # One event for all ways to ask: Gradio then holds back a second question while one is being answered.
        def ask(asked: str, turns: tuple[Turn, ...], event: gr.EventData) -> Iterator[tuple[Any, *Shown]]:
            source = getattr(event.target, "elem_id", None)
            if source == "transcript":
                for shown in _ask_undated(bot, event.turn, turns, text):
                    yield (gr.skip(), *shown)
                return
            box = ""  # emptied once: what is typed while an answer is under way stays
            for shown in _ask(bot, str(event.question) if source == "welcome" else asked, turns, text):
                yield (box, *shown)
                box = gr.skip()

        shown = [question, turns, chat, proof]
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        ways = [question.submit, send.click, examples.select, chat.select]
        asking = gr.on(ways, ask, [question, turns], shown, concurrency_limit=CONCURRENT, **quiet)
        again.click(lambda: ("", *_show((), text)), None, shown, cancels=[asking], queue=False, **quiet)
        blocks.load(lambda: _library(bot, text), None, [masthead, latest], queue=False, **quiet)
    return blocks


def _html(value: str, name: str, *, js_on_load: str | None = None) -> gr.HTML:
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=js_on_load)


def _ask(
    bot: Regbrief,
    asked: str,
    turns: tuple[Turn, ...],
    text: Strings,
    *,
    before: tuple[Turn, ...] | None = None,
    read_dates: bool = True,
) -> Iterator[Shown]:
    """Show the question at once, then what became of it; it may lean on the turns `before`, all of them if None."""
    if not asked.strip():
        yield _show(turns, text)
        return
    earlier = turns if before is None else before
    history = [records.Turn(each.question, each.answer) for each in earlier if each.answer is not None]
    turns = turns[-TURNS + 1 :]
    number = turns[-1].number + 1 if turns else 1
    yield _show((*turns, evidence.pending(asked, number=number, text=text)), text)
    try:
        for turn in _answered(bot, asked, history, number=number, text=text, read_dates=read_dates):
            yield _show((*turns, turn), text)
        return
    except BotError as error:
        turn = evidence.failed(asked, error, number=number, text=text)
    except Exception:
        logging.getLogger(__name__).exception("A question could not be answered.")
        turn = evidence.failed(asked, None, number=number, text=text)
    yield _show((*turns, turn), text)


def _answered(
    bot: Regbrief, asked: str, history: list[records.Turn], *, number: int, text: Strings, read_dates: bool
) -> Iterator[Turn]:
    """Yield the turn again and again while a model writes it, a claim at a time, and then whole."""
    claims: list[Claim] = []
    citations: list[Citation] = []
    writing = False
    with closing(bot.stream(asked, history=history, read_dates=read_dates)) as events:
        for event in events:
            writing = writing or event.data == "writing"
            if isinstance(event.data, Citation):
                citations.append(event.data)
            elif isinstance(event.data, Claim):
                claims.append(event.data)
            if isinstance(event.data, Answer):
                articles = _articles(bot, event.data)
                yield evidence.answered(event.data, articles, number=number, text=text, read_dates=read_dates)
            elif writing and not isinstance(event.data, Citation):
                yield evidence.underway(asked, claims, citations, number=number, text=text)


def _ask_undated(bot: Regbrief, number: object, turns: tuple[Turn, ...], text: Strings) -> Iterator[Shown]:
    """Ask the question of a turn again, as it was asked then, but let its words set no window."""
    for position, turn in enumerate(turns):
        if turn.number == number:
            yield from _ask(bot, turn.question, turns, text, before=turns[:position], read_dates=False)
            return
    yield _show(turns, text)


def _library(bot: Regbrief, text: Strings) -> tuple[str, str]:
    """Show what is in the library now: how many articles, and the newest in the page's language."""
    newest = list(bot.articles(languages=[text.language], limit=LATEST))
    return evidence.masthead(text, bot.count()), evidence.latest(newest, text)


def _show(turns: tuple[Turn, ...], text: Strings) -> Shown:
    return turns, evidence.transcript(turns, text), evidence.sheets(turns, text)


def _articles(bot: Regbrief, answer: Answer) -> dict[str, Article]:
    """Read the cited articles; one that was removed in the meantime is left out."""
    found = {}
    for article_id in {each.article_id for each in answer.citations}:
        try:
            found[article_id] = bot.article(article_id)
        except NotFound:
            continue
    return found
