"""A quotation with what stands around it: its paragraph, and where both stand in the article."""

from __future__ import annotations

import re

from bot.errors import InputError, NotFound
from bot.records import Article, Excerpt

_BREAK = re.compile(r"\n\s*\n")


def at(article: Article, start: int, end: int) -> Excerpt:
    """Return what stands in `body[start:end]`, in its paragraph or paragraphs. Raises InputError."""
    if not 0 <= start < end <= len(article.body):
        raise InputError(
            f"start is {start} and end is {end}.",
            hint=f"Count characters of the body, which has {len(article.body):,}.",
            case="offsets",
            values={"start": start, "end": end, "length": f"{len(article.body):,}"},
        )
    before = [match.end() for match in _BREAK.finditer(article.body, 0, start)]
    after = _BREAK.search(article.body, end)
    first, last = before[-1] if before else 0, after.start() if after else len(article.body)
    return Excerpt(
        article_id=article.id,
        text=article.body[first:last],
        start=first,
        end=last,
        quote=article.body[start:end],
        quote_start=start,
        quote_end=end,
        page=article.page_at(start),
    )


def of(article: Article, quote: str) -> Excerpt:
    """Return where a text first stands in an article, word for word. Raises InputError and NotFound."""
    if not quote:
        raise InputError("The quotation is empty.", hint="Give words of the article.", case="empty_quote")
    start = article.body.find(quote)
    if start < 0:
        raise NotFound(
            f"The article {article.id!r} does not have these words.",
            hint="Quote it letter for letter.",
            case="quote",
            values={"id": article.id},
        )
    return at(article, start, start + len(quote))
