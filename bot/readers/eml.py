"""Mails (.eml) with what is attached to them, and pages that browsers save in that form (.mhtml)."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from io import BytesIO
from typing import IO, Any

from bot.errors import InputError
from bot.language import clean
from bot.outcomes import Failure
from bot.readers import blocks, encodings, fields, html
from bot.records import Article

MAX_BYTES = 200_000_000
"""Larger mails are refused."""


def read(
    file: IO[bytes], where: str, inside: Callable[[IO[bytes], str], Iterator[Article | Failure]]
) -> Iterator[Article | Failure]:
    """Read a mail and, by `inside`, what is attached; one that only carries attachments is no article itself."""
    message = _message(file)
    text = _text(message)
    attached = [part for part in message.walk() if _is_attached(part)]
    if text or not attached:
        yield fields.article(
            {
                "title": _header(message, "subject") or next(iter(text.split("\n")), "")[:100],
                "body": text,
                "published": _date(message),
                "source": _sender(message),
            }
        )
    for number, part in enumerate(attached, 1):
        name = _name(part, number)
        yield from inside(BytesIO(_content(part)), f"{where}/{name}")


def read_page(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the article of a page that a browser saved with its parts. Raises InputError."""
    message = _message(file)
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    if page is None:
        raise InputError("The file holds no page.", hint="Save the page again, as HTML or text.")
    address = _header(message, "snapshot-content-location") or _header(page, "content-location")
    url = address if address.startswith(("http://", "https://")) else None
    yield html.article_from_html(_content(page), url=url, charset=_charset(page))


def _message(file: IO[bytes]) -> EmailMessage:
    message = message_from_bytes(fields.whole(file, limit=MAX_BYTES), policy=policy.default)
    assert isinstance(message, EmailMessage)
    if not message.keys():
        raise InputError("The file has no head: it is not a mail.", hint="Save the mail again, as .eml.")
    return message


def _text(message: EmailMessage) -> str:
    """Return the plain text, or what the HTML says where that is more than twice as long: a stub stands in for it."""
    plain = _plain(message.get_body(("plain",)))
    rich = _rich(message.get_body(("html",)))
    return rich if len(rich) > 2 * len(plain) else plain


def _plain(part: Any) -> str:
    return blocks.unwrapped(clean(_decoded(part))) if part is not None else ""


def _rich(part: Any) -> str:
    from lxml import etree
    from lxml import html as tree

    page = clean(_decoded(part)) if part is not None else ""
    try:
        return "\n\n".join(blocks.paragraphs(tree.document_fromstring(page))) if page.strip() else ""
    except (etree.ParserError, ValueError):
        return ""


def _decoded(part: EmailMessage) -> str:
    content = _content(part)
    return encodings.decode(content, declared=_charset(part), damage=html.UNREADABLE) if content.strip() else ""


def _content(part: EmailMessage) -> bytes:
    if part.get_content_type() == "message/rfc822":
        return bytes(part.get_content())
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _is_attached(part: Any) -> bool:
    return not part.is_multipart() and part.get_content_disposition() == "attachment"


def _name(part: EmailMessage, number: int) -> str:
    return clean(part.get_filename() or f"{number}{mimetypes.guess_extension(part.get_content_type()) or ''}")


def _charset(part: EmailMessage) -> str | None:
    charset = part.get_content_charset()
    return str(charset) if charset else None


def _header(message: EmailMessage, name: str) -> str:
    """Return a header as text; one in bare bytes, which old mailers write, in the encoding that it is in."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name), "").encode(
        "utf-8", "surrogateescape"
    )
    return " ".join(clean(_parsed(message, name, raw) if raw.isascii() else encodings.decode(raw, damage=1.0)).split())


def _parsed(message: EmailMessage, name: str, raw: bytes) -> str:
    try:
        return str(message.get(name, ""))
    except (AttributeError, IndexError, ValueError):  # of Python's own parser, for an address that is cut off
        return raw.decode("ascii")


def _sender(message: EmailMessage) -> str:
    name, address = parseaddr(_header(message, "from"))
    return name or address


def _date(message: EmailMessage) -> date | None:
    """Return the day on which it was sent, in the sender's time zone."""
    try:
        return parsedate_to_datetime(_header(message, "date")).date()
    except (ValueError, TypeError, IndexError):
        return None
