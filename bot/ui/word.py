"""A page of ours as Word likes it: HTML that opens as a document, with its paper, its fonts and no script."""

from __future__ import annotations

import re

_HEAD = """<xml><w:WordDocument><w:View>Print</w:View><w:Zoom>100</w:Zoom></w:WordDocument></xml>
<style>
@page Sheet { size: 21cm 29.7cm; margin: 2.5cm 2.2cm; }
div.Sheet { page: Sheet; }
body, p, li { font-family: Cambria, serif; mso-fareast-font-family: "MS Mincho", SimSun, PMingLiU; font-size: 11pt; }
:lang(zh-Hans) { mso-fareast-font-family: SimSun; mso-fareast-language: ZH-CN; }
:lang(zh-Hant) { mso-fareast-font-family: PMingLiU; mso-fareast-language: ZH-TW; }
h1, h2, h3 { font-family: Calibri, sans-serif; mso-fareast-font-family: SimHei; page-break-after: avoid; }
</style>
"""
_SPACES = ' xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40"'


def for_word(page: str) -> str:
    """Return a whole HTML page as one that Word opens as a document; a byte order mark tells it the encoding."""
    page = page.replace("<html ", f"<html{_SPACES} ", 1).replace("</head>", f"{_HEAD}</head>", 1)
    page = re.sub(r"<body([^>]*)>", r'<body\1><div class="Sheet">', page, count=1)
    return "\ufeff" + "</div></body>".join(page.rsplit("</body>", 1))
