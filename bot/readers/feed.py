"""Feeds: RSS and Atom in all their versions, JSON Feed, and the feeds that an OPML file or a list names."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from bot import values
from bot.errors import InputError
from bot.language import clean
from bot.readers import blocks, encodings, fields
from bot.readers.byline import whole
from bot.readers.fetch import Page
from bot.records import Article


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where its page is, and what the feed itself says of it."""

    key: str
    """What the feed calls it; its address where it has no name."""
    url: str | None
    title: str
    published: date | None = None
    updated: date | None = None
    source: str = ""
    body: str = ""
    """The feed's own text of it, as paragraphs: the whole, a summary or nothing."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A feed as it was read, newest entry first as most feeds have them."""

    title: str
    entries: tuple[Entry, ...]


def parse(page: Page) -> Parsed:
    """Read a feed. Raises InputError if it is none."""
    return _json(page) if page.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else _xml(page)


def article(entry: Entry) -> Article:
    """Make an article of the feed's own text. Raises InputError where it has none."""
    return fields.article(
        {
            "title": entry.title,
            "body": entry.body,
            "published": entry.published or entry.updated,
            "source": entry.source,
            "url": entry.url,
        }
    )


def listed(text: str) -> list[str]:
    """Return the addresses in an OPML file, or in a text with one a line and comments after a #. Raises InputError."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return _outlines(text)
    lines = (re.split(r"(?:^|\s)#", line)[0].strip() for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def _xml(page: Page) -> Parsed:
    import feedparser

    declared = f"application/xml{f'; charset={page.charset}' if page.charset else ''}"
    try:
        read = feedparser.parse(
            io.BytesIO(page.content),  # never a text: feedparser would open a path or an address
            response_headers={"content-type": declared, "content-location": page.url},
        )
    except Exception as error:  # feedparser falls over some that are badly broken: KeyError, UnicodeEncodeError …
        raise InputError(f"{page.url!r} cannot be read as a feed: {error!r}.", hint="Ask its publisher.") from error
    if not read.get("version") and not read.entries:
        raise InputError(f"{page.url!r} is no feed.", hint="Give the address of an RSS, Atom or JSON feed.")
    return Parsed(_plain(read.feed.get("title", "")), tuple(_entry(each, page.url) for each in read.entries))


def _entry(entry: Any, base: str) -> Entry:
    texts = [part.value for part in entry.get("content", []) if part.get("value")] or [entry.get("summary", "")]
    updated = _day(entry["updated"]) if "updated" in entry else None
    url = _web(base, entry.get("link", ""))
    return Entry(
        key=entry.get("id") or url or entry.get("title", ""),
        url=url,
        title=_plain(entry.get("title", "")),
        published=_day(entry.get("published", "")),
        updated=updated,
        source=_plain((entry.get("source") or {}).get("title", "")),
        body=_paragraphs(max(texts, key=len)),
    )


def _json(page: Page) -> Parsed:
    try:
        read = json.loads(encodings.decode(page.content, declared=page.charset))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{page.url!r} is no JSON feed: {error}.", hint="It may be truncated.") from error
    if not isinstance(read, dict) or not isinstance(read.get("items"), list):
        raise InputError(f"{page.url!r} is no JSON feed.", hint="Give the address of an RSS, Atom or JSON feed.")
    items = [item for item in read["items"] if isinstance(item, dict)]
    return Parsed(_plain(_string(read, "title")), tuple(_item(item, page.url) for item in items))


def _item(item: Mapping[str, Any], base: str) -> Entry:
    url = _web(base, _string(item, "url") or _string(item, "external_url"))
    body = _paragraphs(_string(item, "content_html")) or _string(item, "content_text") or _string(item, "summary")
    return Entry(
        key=str(item.get("id") or url or ""),
        url=url,
        title=_plain(_string(item, "title")),
        published=_day(_string(item, "date_published")),
        updated=_day(_string(item, "date_modified")),
        body=body,
    )


def _day(written: str) -> date | None:
    """Return the day as its writer has it, in the writer's time zone; None where it cannot be told.

    feedparser's own reading turns it into another day in UTC, and makes some day or other of dates in Chinese.
    """
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return read(written.strip()).date()
        except (ValueError, TypeError, IndexError):
            continue
    return next((day for found in values.dates(written[:100]) if (day := whole(found))), None)


def _paragraphs(markup: str) -> str:
    import lxml.html

    text = clean(markup)
    if "<" not in text and "&" not in text:
        return text.strip()
    return "\n\n".join(blocks.paragraphs(lxml.html.fragment_fromstring(text, create_parent="div"))) if text else ""


def _plain(text: str) -> str:
    return " ".join(_paragraphs(text).split())


def _web(base: str, link: str) -> str | None:
    try:
        url = urljoin(base, link.strip())
    except ValueError:
        return None
    return url if link.strip() and url.startswith(("https://", "http://")) else None


def _string(values_of: Mapping[str, Any], name: str) -> str:
    value = values_of.get(name)
    return clean(value) if isinstance(value, str) else ""


def _outlines(text: str) -> list[str]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(text.encode("utf-8"), parser)
    found = [] if root is None else [str(each) for each in root.xpath("//outline/@xmlUrl")]
    if not found:
        raise InputError("The file names no feeds.", hint="Give an OPML file, or a text with one address a line.")
    return list(dict.fromkeys(found))
