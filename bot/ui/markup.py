"""The one place where what was read becomes HTML. Every value that is put into a fragment is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.errors import BotError
from bot.language import plain, render
from bot.records import AnswerLanguage, Language
from bot.serve.errors import said
from bot.ui.strings import HERE, NAMES, Strings
from bot.ui.troubles import worded

FRAGMENTS = ("page", "turn", "evidence", "reader", "briefing", "library", "quality")

_ADDRESS = re.compile(r"https?://[^\s\x00-\x20\x7f\"'<>\\^`{|}]+", re.IGNORECASE)


def fragment(macro: str, text: Strings, **values: object) -> str:
    """Render one macro of the fragments in the words of the page."""
    return str(_macros()[macro](text, **values)).strip()


def link(url: str | None) -> str | None:
    """Return an address that may stand in a link: http and https only."""
    return url if url and _ADDRESS.fullmatch(url) else None


def code(message: str) -> Markup:
    """Set what stands in `backticks` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(message))))


def other_script(title: str, language: Language) -> str | None:
    """Return a Chinese title in the other script; None for other titles, and where the scripts are alike."""
    if language == "en":
        return None
    turned = render(title, "zh-Hans" if language == "zh-Hant" else "zh-Hant")
    return None if turned == title else turned


def reason(error: BotError, language: Language) -> str:
    """Say in a language why something cannot be done, and what to do about it."""
    fault = said(error, language)
    return f"{fault.message}{' ' if fault.message[-1:].isascii() else ''}{fault.hint}"


def language_name(language: AnswerLanguage) -> str:
    """Name the language of a text in its own words."""
    return NAMES[plain(language)]


@cache
def _macros() -> Mapping[str, Callable[..., Markup]]:
    environment = Environment(
        loader=FileSystemLoader(HERE / "fragments"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "link": link,
        "language_name": language_name,
        "other_script": other_script,
        "reason": reason,
        "worded": worded,
    }
    environment.globals["languages"] = NAMES
    macros: dict[str, Callable[..., Markup]] = {}
    for name in FRAGMENTS:
        macros |= vars(environment.get_template(f"{name}.html").module)
    return macros
