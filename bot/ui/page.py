"""The page: its tabs, and how it stands beside the API."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from fastapi import FastAPI

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

import gradio as gr

from bot.engine import Regbrief
from bot.records import LANGUAGES
from bot.serve.load import Turns
from bot.settings import Settings
from bot.ui import ask, briefing, quality, shelf
from bot.ui.front import Files, Front
from bot.ui.markup import fragment
from bot.ui.strings import HERE, Strings, strings

STYLES = ("page", "chat", "evidence", "tabs", "briefing", "library", "quality")
SCRIPTS = ("tabs", "ask", "dom", "store", "composer", "filters", "evidence", "reader", "actions", "history")
"""What the first tab needs; the browser fetches it at once, not one script after the other."""

# Gradio rewrites the selectors of `css`, media queries above all; in `head` a style sheet stays as it is.
HEAD = (
    "".join(f'<link rel="stylesheet" href="../page/{name}.css">' for name in STYLES)
    + "".join(f'<link rel="modulepreload" href="../page/{name}.js">' for name in SCRIPTS)
    + '<script type="module" src="../page/page.js"></script>'
)


def mount(app: FastAPI, bot: Regbrief, turns: Turns | None = None) -> FastAPI:
    """Add the page in each language to an application; the application's own routes come first.

    `turns` are those that all of its questions take, whichever face they come by.
    """
    settings = bot.settings or Settings.read()
    turns = turns or Turns(settings.concurrency, queue=settings.queue)
    app.mount("/page", Files(directory=HERE / "browser"))
    with ThreadPoolExecutor(1) as thread:  # outside of an event loop, Gradio makes one a page and never closes it
        thread.submit(asyncio.run, _mount(app, bot, turns)).result()
    app.add_middleware(Front)
    return app


async def _mount(app: FastAPI, bot: Regbrief, turns: Turns) -> None:
    theme = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]).set(
        body_background_fill="#f7f5f0",
        body_background_fill_dark="#141619",
        body_text_color="#1d1f21",
        body_text_color_dark="#e7e5df",
    )
    for language in LANGUAGES:
        gr.mount_gradio_app(
            app,
            page(bot, strings(language), turns),
            path=f"/{language}",
            footer_links=[],
            run_history=False,
            show_error=False,
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            theme=theme,
            head=HEAD,
        )


def page(bot: Regbrief, text: Strings, turns: Turns) -> gr.Blocks:
    """Lay out the page in one language: what it is called, and its tabs."""
    tabs = (
        ("ask", text("tab_ask"), partial(ask.tab, line=turns)),
        ("briefing", text("tab_briefing"), partial(briefing.tab, line=turns)),
        ("library", text("tab_library"), shelf.tab),
        ("quality", text("tab_quality"), quality.tab),
    )
    blocks = gr.Blocks(title=text("name"), analytics_enabled=False, fill_width=True)
    blocks.queue(max_size=max(1, (bot.settings or Settings.read()).queue))  # what can begin at once passes it, too
    with blocks:
        keys = bot.settings is not None and bot.settings.api_keys is not None
        masthead = fragment("masthead", text, articles=bot.count(), account=keys)
        gr.HTML(masthead, elem_id="masthead", apply_default_css=False, js_on_load=None)
        with gr.Tabs(elem_id="tabs"):
            for name, label, tab in tabs:
                with gr.Tab(label, id=name, elem_id=name):
                    tab(bot, text)
    return blocks
