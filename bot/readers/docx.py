"""Word documents (.docx)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath
from typing import IO, Any

from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers import blocks, facts, fields, zip
from bot.readers.byline import byline
from bot.records import Article

MAX_BYTES = 200_000_000
"""Larger documents are refused."""

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_NO_AUTHOR = re.compile(r"^(?:admin\w*|user\w*|windows|microsoft|python-docx|微软|微軟|用户)\b", re.IGNORECASE)
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def read(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the one article of a document. Raises InputError."""
    yield article_from_docx(fields.whole(file, limit=MAX_BYTES), name=PurePath(where).stem)


def article_from_docx(data: bytes, *, name: str = "Document") -> Article:
    """Read a document with its tables, notes and insertions; `name` is its title where it says none.

    Raises InputError where it has no text or cannot be read.
    """
    if data.startswith(_OLD_OFFICE):
        raise InputError(
            "The document is locked with a password, or it is an old .doc.", hint="Save it as .docx without a password."
        )
    known = _properties(data)
    root = _converted(data)
    texts = blocks.paragraphs(root)
    if not texts:
        raise InputError("The document has no text.", hint="If it holds pictures of pages, recognise their text (OCR).")
    heading = next((" ".join(h1.text_content().split()) for h1 in root.iter("h1")), "")
    title = heading or known.get("title", "") or (texts[0] if len(texts) > 1 and len(texts[0]) <= 100 else name)
    said = byline(text for text in texts if text != title)
    author = known.get("creator", "")
    return fields.article(
        {
            "title": title,
            "body": "\n\n".join([text for text in texts if text != title] or texts),
            "published": said.published or facts.day_of(known.get("created", "")),
            "author": said.author or ("" if _NO_AUTHOR.search(author) else author),
            "source": said.source,
        }
    )


def _converted(data: bytes) -> Any:
    import mammoth
    from lxml import html

    with zip.opened(BytesIO(data)) as archive:
        if "word/document.xml" not in archive.namelist() and "_rels/.rels" not in archive.namelist():
            raise InputError("The file is not a Word document.", hint="Save it as .docx.")
    try:
        found = mammoth.convert_to_html(BytesIO(data), style_map=_STYLES, convert_image=_no_image)
    except Exception as error:  # mammoth lets through what zip, XML and its own steps raise
        raise InputError(
            f"The document cannot be read: {' '.join(str(error).split())}.", hint="It seems damaged: get a whole copy."
        ) from error
    return html.document_fromstring(f"<body>{found.value}</body>")


def _no_image(_: object) -> list[object]:
    return []


def _properties(data: bytes) -> dict[str, str]:
    """Return what docProps/core.xml says of title, creator and created; nothing where it is missing or damaged."""
    from lxml import etree

    with zip.opened(BytesIO(data)) as archive:
        try:
            core = zip.content(archive, archive.getinfo("docProps/core.xml"))
            root = etree.fromstring(core, etree.XMLParser(resolve_entities=False, no_network=True))
        except (KeyError, InputError, etree.XMLSyntaxError):
            return {}
    return {etree.QName(each).localname: (each.text or "").strip() for each in root if isinstance(each.tag, str)}
