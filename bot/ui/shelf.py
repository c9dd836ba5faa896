"""The library tab: what there is to search, and how it comes in and goes out.

What is shown is read here. What changes the library the browser (browser/library.js) sends to the API, whose guards,
limits and jobs hold for people as for programs.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from bot import readers
from bot.engine import Regbrief
from bot.errors import BotError, NotFound, NotPermitted
from bot.serve.access import permit
from bot.settings import Settings
from bot.ui import reading
from bot.ui.listing import Query, overview, page_of
from bot.ui.markup import fragment
from bot.ui.strings import NAMES, Strings
from bot.ui.timeplot import captioned
from bot.ui.troubles import worded

WIRE = """import(new URL("../page/library.js", document.baseURI)).then((tab) => tab.start(element, server));"""

Sent = dict[str, str]


def tab(bot: Regbrief, text: Strings) -> None:
    """Lay out the tab; its parts are read when it is looked at."""

    def shelf(_: object, request: gr.Request) -> Sent:
        return _safely(lambda: held(bot, text, admin=_may_change(request)), text)

    def listed(sent: object) -> Sent:
        return _safely(lambda: {"html": rows(bot, Query.read(sent), text)}, text)

    def opened(sent: object) -> Sent:
        return _safely(lambda: {"html": whole(bot, str(sent), text)}, text)

    def checked(_: object) -> Sent:
        return _safely(lambda: {"html": health(bot.problems(), text)}, text)

    def told(sent: object) -> Sent:
        return _safely(
            lambda: {"said": [worded(str(each), text) for each in (sent if isinstance(sent, list) else ())]}, text
        )

    gr.HTML(
        fragment("library", text),
        elem_id="library-page",
        apply_default_css=False,
        js_on_load=WIRE,
        server_functions=[shelf, listed, opened, checked, told],
    )


def held(bot: Regbrief, text: Strings, *, admin: bool) -> Sent:
    """Render what the library holds, how it can be added to, and the feeds; `admin` says whether it may be changed."""
    may = admin and bot.writable()
    megabytes = (bot.settings or Settings.read()).max_upload_mb
    return {
        "overview": counted(bot, text),
        "adding": fragment("library_adding", text, may=may, forms=forms(), megabytes=megabytes),
        "feeds": fragment("library_feeds", text, feeds=bot.feeds(), may=may),
        "count": text.count("articles", bot.count()),
        "may": "yes" if may else "",
    }


def counted(bot: Regbrief, text: Strings) -> str:
    """Render the counts, and the charts over time."""
    found = overview(bot.articles())
    unnamed = text("library_others")
    plots = [
        ("language", found.by_language, [(NAMES[language], language) for language in found.languages]),
        ("outlet", found.by_outlet, [*((name, None) for name in found.largest), (unnamed, None)]),
    ]
    return fragment(
        "library_overview",
        text,
        found=found,
        plots=plots,
        caption=captioned(found.by_language.step, text) if found.by_language else "",
        feeds=len(bot.feeds()),
    )


def rows(bot: Regbrief, query: Query, text: Strings) -> str:
    """Render a page of the list."""
    languages = [query.language] if query.language else None
    return fragment("library_rows", text, page=page_of(bot.articles(languages=languages), query))


def whole(bot: Regbrief, article_id: str, text: Strings) -> str:
    """Render an article to be read."""
    try:
        return reading.article(bot.article(article_id), (), text)
    except NotFound:
        return reading.missing(text)


def health(problems: list[str], text: Strings) -> str:
    """Render what a check has found."""
    return fragment("library_health", text, problems=[problem(each, text) for each in problems])


def problem(found: str, text: Strings) -> tuple[str, str]:
    """Return what is wrong in the words of the page, and their language; what is not known stays as it is."""
    said: Mapping[str, Callable[[str], str]] = {
        r"(\d+) passages are missing from the keyword index\.": lambda n: text("problem_missing_keyword", count=n),
        r"(\d+) passages are missing from the vector index\.": lambda n: text("problem_missing_vector", count=n),
        r"(\d+) passages are in the keyword index but .*": lambda n: text("problem_extra_keyword", count=n),
        r"(\d+) passages are in the vector index but .*": lambda n: text("problem_extra_vector", count=n),
        r"(\d+) passages wait to be indexed or dropped\.": lambda n: text("problem_waiting", count=n),
        r"(\d+) articles wait for their story\.": lambda n: text("problem_untold", count=n),
    }
    for pattern, words in said.items():
        if match := re.fullmatch(pattern, found):
            return words(match[1]), text.language
    return found, "en"


def forms() -> tuple[str, ...]:
    """Return the endings of the files that can be read."""
    return tuple(sorted(readers.READERS.keys() | readers.CONTAINERS.keys()))


def _may_change(request: gr.Request) -> bool:
    try:
        permit(request, "admin")
    except NotPermitted:
        return False
    return True


def _safely(work: Callable[[], Any], text: Strings) -> Sent:
    """Return what was made, or as `error` why it could not be."""
    try:
        done: Sent = work()
        return done
    except BotError as error:
        return {"error": fragment("briefing_failure", text, error=error)}
    except Exception:
        logging.getLogger(__name__).exception("The library could not be shown.")
        return {"error": fragment("briefing_failure", text, error=None)}
