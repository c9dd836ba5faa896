"""PDF, with the page on which each part of the text stands.

PDFium is not safe for threads: one PDF is read at a time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import IO, Any

from bot.errors import InputError
from bot.language import clean
from bot.outcomes import Failure
from bot.readers import facts, fields, pages
from bot.readers.byline import byline
from bot.records import Article

MAX_BYTES = 200_000_000
"""Larger PDFs are refused."""

MAX_PAGES = 3_000

_TAIL = 4_096
"""Bytes at the end in which the end mark stands, with what some mail programs add after it."""

_ONE_AT_A_TIME = threading.Lock()
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_HYPHENS = "\x02\ufffe"  # PDFium's marks for a hyphen at the end of a line
_NO_CHARACTER = re.compile("[\ue000-\uf8ff\ufffd\x00-\x08\x0e-\x1f]")
_NO_TITLE = re.compile(
    r"\.(?:docx?|pdf|indd|qxd|pptx?|wps|tex|rtf)$|^(?:microsoft (?:word|powerpoint)|untitled|无标题|無標題|未命名"
    r"|(?:document|文档|文件|幻灯片|投影片|slide) ?\d*$)|[\x80-\xff]{4}",
    re.IGNORECASE,
)
"""What programs write where nobody gave a title, and titles in an encoding that PDF has not."""

_NO_AUTHOR = re.compile(
    r"^(?:admin\w*|users?|windows|lenovo|hp|dell|pc|microsoft|owner|微软|微軟|用户|系统管理员)\b|[\x80-\xff]{4}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Document:
    """What PDFium finds: the lines of each page, which pages only show pictures or are damaged, and the metadata."""

    pages: list[list[pages.Line]]
    pictures: list[int]
    damaged: list[int]
    metadata: dict[str, str]


def read(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the one article of a PDF, and name the pages that are only pictures or damaged. Raises InputError."""
    document = _opened(fields.whole(file, limit=MAX_BYTES))
    yield _article(document, PurePath(where).stem)
    if document.pictures:
        yield Failure(f"{where}, pages {_ranges(document.pictures)}", f"They are pictures without text. {_OCR}")
    if document.damaged:
        yield Failure(f"{where}, pages {_ranges(document.damaged)}", f"They cannot be read. {_DAMAGED}")


def article_from_pdf(data: bytes, *, name: str = "PDF") -> Article:
    """Read a PDF; `name` is its title where it says none. Raises InputError where it has no text or cannot be read."""
    return _article(_opened(data), name)


def _article(document: Document, name: str) -> Article:
    kept = pages.without_furniture(document.pages)
    first = next((page for page in kept if page), [])
    heading = pages.heading(next(page for page in document.pages if page))  # which may be the running head too
    given = " ".join(document.metadata.get("Title", "").split())
    given = "" if _NO_TITLE.search(given) else given
    title = given or _joined(heading) or (first[0].text if len(first) > 1 and len(first[0].text) <= 100 else name)
    body, starts = pages.laid_out([[line for line in page if not _is_title(line, heading, title)] for page in kept])
    if not body:
        body, starts = pages.laid_out(kept)
    said = byline(line.text for line in first if line.text != title)
    author = document.metadata.get("Author", "")
    article = fields.article(
        {
            "title": title,
            "body": body,
            "published": said.published
            or facts.day_of(document.metadata.get("CreationDate", "").removeprefix("D:")[:8]),
            "author": said.author or ("" if _NO_AUTHOR.search(author) else author),
            "source": said.source,
        }
    )
    return replace(article, pages=starts)


def _opened(data: bytes) -> Document:
    import pypdfium2

    if b"%PDF-" not in data[:1024]:
        raise InputError("The file is not a PDF.", hint="Check its name, or get a whole copy.")
    if b"%%EOF" not in data[-_TAIL:]:
        raise InputError("The PDF has no end: it seems truncated.", hint="Get a whole copy.")
    with _ONE_AT_A_TIME:
        try:
            with pypdfium2.PdfDocument(data) as pdf:
                return _document(pdf)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == _PASSWORD:
                raise InputError("The PDF is locked with a password.", hint="Save a copy without it.") from error
            raise InputError(f"The PDF cannot be read: {str(error).rstrip('.')}.", hint=_DAMAGED) from error


def _document(pdf: Any) -> Document:
    if len(pdf) > MAX_PAGES:
        raise InputError(f"The PDF has {len(pdf):,} pages.", hint=f"Split it: at most {MAX_PAGES:,} are read.")
    import pypdfium2

    found: list[list[pages.Line]] = []
    pictures, damaged = [], []
    for number in range(1, len(pdf) + 1):
        try:
            page = pdf[number - 1]
        except pypdfium2.PdfiumError:
            damaged.append(number)
            found.append([])
            continue
        lines = _lines(page)
        found.append(lines)
        if not lines and next(page.get_objects(filter=[_IMAGE], max_depth=4), None) is not None:
            pictures.append(number)
        page.close()
    if damaged and not any(found):
        raise InputError("The pages of the PDF cannot be read.", hint=_DAMAGED)
    if not any(found):
        what = "The PDF is scanned: its pages are pictures without text." if pictures else "The PDF has no text."
        raise InputError(what, hint=_OCR if pictures else "Check that it is the right file.")
    text = "".join(line.text for page in found for line in page)
    if len(_NO_CHARACTER.findall(text)) > len(text) / 4:
        raise InputError("The PDF's fonts do not say which characters they draw.", hint=_OCR)
    return Document(found, pictures, damaged, {name: clean(value) for name, value in pdf.get_metadata_dict().items()})


_DAMAGED = "It seems damaged: get a whole copy."
_IMAGE = 3  # FPDF_PAGEOBJ_IMAGE
_OCR = "Recognise the text (OCR) first, for instance with ocrmypdf, and add what it writes."


def _lines(page: Any) -> list[pages.Line]:
    """Return the lines of a page in the order in which it draws them."""
    from pypdfium2 import raw

    text_page = page.get_textpage()
    box, lines, text = raw.FS_RECTF(), [], ""
    boxes: list[tuple[float, float, float, float]] = []
    for at in range(text_page.count_chars()):
        character = chr(raw.FPDFText_GetUnicode(text_page, at))
        ends = character in "\r\n" or character in _HYPHENS
        text += "-" if character in _HYPHENS else character
        if raw.FPDFText_GetLooseCharBox(text_page, at, box) and not character.isspace():
            boxes.append((box.left, box.right, box.bottom, box.top))
        if ends:
            lines.append(_line(text, boxes))
            text, boxes = "", []
    return [line for line in [*lines, _line(text, boxes)] if line]


def _line(text: str, boxes: list[tuple[float, float, float, float]]) -> pages.Line | None:
    text = " ".join(clean(text).split())
    if not text or not boxes:
        return None
    lefts, rights, bottoms, tops = zip(*boxes, strict=True)
    height = sum(top - bottom for bottom, top in zip(bottoms, tops, strict=True)) / len(boxes)
    return pages.Line(text, min(lefts), max(rights), min(bottoms), height)


def _joined(lines: list[pages.Line]) -> str:
    from bot.readers import blocks

    return blocks.joined([line.text for line in lines])


def _is_title(line: pages.Line, heading: list[pages.Line], title: str) -> bool:
    return line.text == title or (any(line is each for each in heading) and _joined(heading) == title)


def _ranges(numbers: list[int]) -> str:
    """Write 1, 2, 3, 7 as 1–3, 7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
