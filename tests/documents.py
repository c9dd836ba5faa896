"""Documents in the forms that the readers take, written by hand so that each byte of them is known."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Font:
    """A PDF font: its object, that of its descendant, and how it writes a text."""

    font: str
    descendant: str
    encode: Callable[[str], bytes]


def latin() -> Font:
    """Helvetica, in Windows-1252."""
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    return Font(font, "null", lambda text: text.encode("cp1252"))


def chinese(cmap: str, ordering: str, encoding: str, *, to_unicode: bool = False) -> Font:
    """A font that is not embedded, as official documents use them: `cmap` says how bytes become characters."""
    unicode = "/ToUnicode 5 0 R" if to_unicode else ""
    return Font(
        f"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/{cmap}/DescendantFonts[4 0 R]{unicode}>>",
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/CIDSystemInfo<</Registry(Adobe)"
        f"/Ordering({ordering})/Supplement 4>>/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 6"
        "/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>>>",
        lambda text: text.encode(encoding),
    )


Shown = tuple[float, float, float, str]
"""Left and bottom in points from the lower left corner, size, text."""


def pdf(
    pages: Sequence[Sequence[Shown] | None],
    *,
    font: Font | None = None,
    info: Mapping[str, str] | None = None,
    to_unicode: str = "",
) -> bytes:
    """Write a PDF of 595 by 842 points; a page that is None shows only a picture."""
    font = font or latin()
    kids = " ".join(f"{8 + 2 * at} 0 R" for at in range(len(pages)))
    stated = "".join(f"/{name}<feff{value.encode('utf-16-be').hex()}>" for name, value in (info or {}).items())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode(),
        font.font.encode(),
        font.descendant.encode(),
        _stream(to_unicode.encode()),
        f"<<{stated}>>".encode(),
        _stream(b"\x80", "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"),
    ]
    for shown in pages:
        resources = "/Resources<</Font<</F 3 0 R>>/XObject<</I 7 0 R>>>>"
        contents = len(objects) + 2
        page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{resources}/Contents {contents} 0 R>>"
        objects += [page.encode(), _stream(b"q 595 0 0 842 0 0 cm /I Do Q" if shown is None else _drawn(shown, font))]
    return _file(objects)


def column(lines: Sequence[str], *, left: float = 60, top: float = 780, size: float = 12) -> list[Shown]:
    """Place lines below each other; an empty one leaves room."""
    return [(left, top - 1.4 * size * at, size, line) for at, line in enumerate(lines) if line]


def _drawn(shown: Sequence[Shown], font: Font) -> bytes:
    lines = [f"/F {size} Tf 1 0 0 1 {x} {y} Tm <{font.encode(text).hex()}> Tj" for x, y, size, text in shown]
    return "\n".join(["BT", *lines, "ET"]).encode()


def _stream(data: bytes, entries: str = "") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), entries.encode(), data)


def _file(objects: Sequence[bytes]) -> bytes:
    data, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer\n<</Size %d/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + trailer


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def docx(body: str, *, core: str = "") -> bytes:
    """Write a Word document of the paragraphs of `body`, which are WordprocessingML, and of its core properties."""
    return packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" '
            'ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/styles.xml": f'<w:styles xmlns:w="{W}"><w:style w:type="paragraph" w:styleId="Title">'
            '<w:name w:val="Title"/></w:style></w:styles>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="s1" '
            f'Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
            f"{core}</cp:coreProperties>",
        }
    )


def paragraph(text: str, *, style: str = "") -> str:
    """Write a paragraph of WordprocessingML."""
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{styled}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def packed(files: Mapping[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Write an archive of files by name."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()
