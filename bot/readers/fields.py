"""The fields of an article as files and programs give them, checked and completed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html.parser import HTMLParser
from typing import IO, Any

from bot.errors import InputError
from bot.language import clean, detect
from bot.records import LANGUAGES, Article, Language

MAX_BYTES = 20_000_000
"""Files and records over this size are refused: no article is that long."""

MAX_TITLE = 500

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_REQUIRED = {"id": "id", "title": "title", "body": "text"}
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)*")


def article(fields: Mapping[str, Any]) -> Article:
    """Make an article from the fields of DESIGN's contract; only `title` and `body` are required.

    The language is detected and the id made from the content where they are absent. Raises InputError naming the
    field, its value and what it should be.
    """
    body = _BLANK_LINES.sub("\n\n", _text(fields, "body")).strip()
    title = " ".join(plain_text(_text(fields, "title")).split())
    if not body:
        raise InputError("The article has no text.", hint="Give its paragraphs in the body.", case="no_text")
    if not title:
        raise InputError("The article has no title.", hint="Give a title.", case="no_title")
    if len(body) > MAX_BYTES:
        raise InputError(
            f"The body has {len(body):,} characters.",
            hint=f"Split it: at most {MAX_BYTES:,} are read.",
            case="too_long",
            values={"field": "body", "count": f"{len(body):,}", "most": f"{MAX_BYTES:,}"},
        )
    title = title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"
    published = _date(fields.get("published"))
    return Article(
        id=_text(fields, "id").strip() or content_id(title, body, published),
        title=title,
        body=body,
        language=_language(fields.get("language"), body),
        published=published,
        source=" ".join(plain_text(_text(fields, "source")).split()),
        url=_url(_text(fields, "url").strip()),
        tags=_tags(fields.get("tags")),
        author=" ".join(plain_text(_text(fields, "author")).split()),
    )


def checked(article: Article) -> Article:
    """Return an article that a program has made, as it is: its offsets must hold. Raises InputError if it cannot be."""
    for name in ("id", "title", "body", "source", "url", "author"):
        value = getattr(article, name)
        if not isinstance(value, str) and (name, value) != ("url", None):
            raise InputError(f"{name} is {value!r}.", hint="It must be a text.")
        if value is not None and _HALF_CHARACTER.search(value):
            raise InputError(f"{name} holds half a character.", hint="Clean it with bot.language.clean.")
        if name in _REQUIRED and not value.strip():
            raise InputError(f"The article has no {_REQUIRED[name]}.", hint="Give one.")
    if article.published is not None and type(article.published) is not date:
        raise InputError(f"published is {article.published!r}.", hint="Give a datetime.date.")
    if len(article.body) > MAX_BYTES:
        raise InputError(f"The body has {len(article.body):,} characters.", hint=f"At most {MAX_BYTES:,} are read.")
    _language(article.language or "none", article.body)
    _url(article.url or "")
    _tags(article.tags)
    return article


def content_id(title: str, body: str, published: date | None) -> str:
    """Name an article by what it says: the same text read twice is one article."""
    content = "\0".join((title, body, published.isoformat() if published else ""))
    return hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]


def whole(file: IO[bytes], *, limit: int = MAX_BYTES) -> bytes:
    """Read a file to its end. Raises InputError for one that is empty or has more bytes than the limit."""
    data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"The file has over {limit:,} bytes.", hint="Split it.")
    if not data.strip():
        raise InputError("The file is empty.", hint="Check that it was written completely.")
    return data


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}.", hint="It must be a text.")
    return clean(value)


def _date(value: Any) -> date | None:
    if value is None or value == "" or value == "null":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError as error:
        raise InputError(
            f"published is {value!r}, which is no date.",
            hint="Write it as YYYY-MM-DD.",
            case="date",
            values={"field": "published", "value": repr(value)},
        ) from error


def _language(value: Any, body: str) -> Language:
    if value is None or value == "":
        return detect(body)
    for language in LANGUAGES:
        if value == language:
            return language
    raise InputError(f"language is {value!r}.", hint=f"Use one of {', '.join(LANGUAGES)}, or leave it out.")


def _url(value: str) -> str | None:
    if not value or value == "null":
        return None
    if not re.match(r"https?://[^\s/]+", value):
        raise InputError(
            f"url is {value!r}.",
            hint="Give an address that begins with https:// or http://.",
            case="url",
            values={"field": "url", "value": repr(value)},
        )
    return value


def _tags(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(tag, str) for tag in value):
        raise InputError(f"tags is {value!r}.", hint="Give a list of texts.")
    return tuple(clean(tag) for tag in value)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain_text(text: str) -> str:
    """Strip tags and resolve character references; what only looks like a tag (a < b) stays."""
    if "<" not in text and "&" not in text:
        return text
    parser = _Text()
    parser.feed(text)
    parser.close()
    return "".join(parser.parts)
