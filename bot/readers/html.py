"""Web pages, as files (.html) or with all their parts in one (.mhtml)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache
from typing import IO, Any

from bot.errors import InputError
from bot.language import clean
from bot.outcomes import Failure
from bot.readers import blocks, encodings, facts, fields
from bot.records import Article

UNREADABLE = 0.005
"""At most this share of a page's characters may be damaged, as browsers too would show the rest."""

_SHORT = "60"
"""Characters: trafilatura takes shorter texts for none. Its own 250 are for English; Chinese says as much in 60."""

_DECLARED = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w:.-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w:.-]+)", re.I)
_XML = re.compile(r"\s*<\?xml[^>]*\?>")


def read(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the one article of a page. Raises InputError."""
    yield article_from_html(fields.whole(file))


def article_from_html(data: bytes, *, url: str | None = None, charset: str | None = None) -> Article:
    """Read the article of a page, without what stands around it.

    `url` is where the page came from and `charset` what its server said of it; both may be wrong or missing. Raises
    InputError where the page holds no article.
    """
    declared = _DECLARED.search(data[:4096])
    named = charset or (next(filter(None, declared.groups())).decode() if declared else None)
    tree = _parsed(clean(encodings.decode(data, declared=named, damage=UNREADABLE)))
    known = facts.facts(tree, url=url)
    body = [text for text in blocks.paragraphs(_main_text(tree)) if text != known["title"]]
    if not body:
        raise _no_text()
    return fields.article({**known, "title": known["title"] or body[0][:100], "body": "\n\n".join(body)})


def _parsed(page: str) -> Any:
    from lxml import etree, html

    try:
        return html.document_fromstring(_XML.sub("", page, count=1))
    except (etree.ParserError, ValueError) as error:
        raise _no_text() from error


def _main_text(tree: Any) -> Any:
    from trafilatura import bare_extraction

    for name in ("trafilatura", "courlan"):
        logging.getLogger(name).addHandler(logging.NullHandler())  # what they find wrong is said by our errors
    try:
        found = bare_extraction(tree, include_comments=False, with_metadata=False, config=_settings())
    except RecursionError as error:
        raise InputError("The page's elements are nested too deeply.", hint="Save its text as a text file.") from error
    body = getattr(found, "body", None)
    if body is None:
        raise _no_text()
    return body


@cache
def _settings() -> Any:
    from trafilatura.settings import use_config

    settings = use_config()
    settings.set("DEFAULT", "MIN_EXTRACTED_SIZE", _SHORT)
    return settings


def _no_text() -> InputError:
    return InputError(
        "The page holds no article text.", hint="It may need a login or JavaScript: save the text that you see."
    )
