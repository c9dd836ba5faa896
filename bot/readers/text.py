"""Plain text: a date and a title on the first line, then the article.

    date 2021-09-14 China targets Alipay in tech crackdown

    ‘UNRULY GROWTH’: …

Without the date, the first line is the title. What the next lines say of author, outlet and date is read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from bot.outcomes import Failure
from bot.readers import encodings, fields
from bot.readers.byline import byline
from bot.records import Article

_FIRST_LINE = re.compile(r"\s*(?:date[:\s]\s*(?P<date>\d{4}-\d{1,2}-\d{1,2})\s+)?(?P<title>\S[^\r\n]*)")


def read(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the one article of a text file. Raises InputError."""
    text = encodings.decode(fields.whole(file))
    first = _FIRST_LINE.match(text)
    body = text[first.end() :] if first else ""
    said = byline(body.splitlines())
    yield fields.article(
        {
            "title": first["title"] if first else "",
            "body": body,
            "published": (first and first["date"]) or said.published,
            "author": said.author,
            "source": said.source,
        }
    )
