"""Plain text: a date and a title on the first line, then the article.

    date 2021-09-14 China targets Alipay in tech crackdown

    ‘UNRULY GROWTH’: …

Without the date, the first line is the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bot.readers import fields
from bot.records import Article, Failure

_FIRST_LINE = re.compile(r"\s*(?:date[:\s]\s*(?P<date>\d{4}-\d{1,2}-\d{1,2})\s+)?(?P<title>\S[^\r\n]*)")


def read(path: Path) -> Iterator[Article | Failure]:
    """Read the one article of a text file. Raises InputError."""
    whole = fields.decode(path)
    first = _FIRST_LINE.match(whole)
    title, published = (first["title"], first["date"]) if first else ("", None)
    yield fields.article({"title": title, "body": whole[first.end() :] if first else "", "published": published})
