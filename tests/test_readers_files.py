"""Word documents, mails, tables and archives become articles; what in them cannot be read is named one by one."""

from __future__ import annotations

import io
import sys
import zipfile
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from documents import W, column, docx, packed, paragraph, pdf

from bot import readers
from bot.outcomes import Failure
from bot.readers import zip as archives
from bot.records import Article

TITLE = {"en": "Lumen Pay must split", "zh-Hans": "流明支付须分拆", "zh-Hant": "流明支付須分拆"}
TEXT = {
    "en": ["The regulator told Lumen Pay to split.", "It will comply."],
    "zh-Hans": ["监管机构要求流明支付分拆业务。", "该公司表示将遵守。"],
    "zh-Hant": ["監管機構要求流明支付分拆業務。", "該公司表示將遵守。"],
}
LINE = {
    "en": "By Ana Reyes, 14 September 2021",
    "zh-Hans": "2021年9月14日 记者 王一",
    "zh-Hant": "2021年9月14日 記者 王小明",
}
AUTHOR = {"en": "Ana Reyes", "zh-Hans": "王一", "zh-Hant": "王小明"}

each_language = pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])


def read(data: bytes, name: str) -> list[Article | Failure]:
    return list(readers.read_file(io.BytesIO(data), name))


def article(data: bytes, name: str) -> Article:
    (found,) = read(data, name)
    assert isinstance(found, Article), found
    return found


def summary(found: list[Article | Failure]) -> list[str]:
    return [f"{each.where}: {each.why}" if isinstance(each, Failure) else each.title for each in found]


# --- Word -----------------------------------------------------------------------------------------------------------


@each_language
def test_a_word_document_becomes_an_article(language: str) -> None:
    body = paragraph(TITLE[language], style="Title") + "".join(map(paragraph, [LINE[language], *TEXT[language]]))
    found = article(docx(body), "a.docx")
    assert (found.title, found.body) == (TITLE[language], "\n\n".join([LINE[language], *TEXT[language]]))
    assert (found.language, found.published, found.author) == (language, date(2021, 9, 14), AUTHOR[language])


def test_insertions_fields_tables_and_links_are_text_and_deletions_are_not() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>".format
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("年", "罚款"))
    body = (
        f'<w:p>{run("一")}<w:ins w:id="1" w:author="a">{run("插入")}</w:ins><w:del w:id="2" w:author="a">'
        f"<w:r><w:delText>删</w:delText></w:r></w:del></w:p><w:sdt><w:sdtContent>{paragraph('字段')}</w:sdtContent></w:sdt>"
        f'<w:tbl><w:tr>{cells}</w:tr></w:tbl><w:p><w:hyperlink w:anchor="x">{run("链接")}</w:hyperlink></w:p>'
    )
    assert article(docx(paragraph("题", style="Title") + body), "a.docx").body == "一插入\n\n字段\n\n年 | 罚款\n\n链接"


@pytest.mark.parametrize(
    ("core", "expected"),
    [
        (
            "<dc:title>Order</dc:title><dc:creator>Li Wei</dc:creator>"
            "<dcterms:created>2021-09-14T01:00:00Z</dcterms:created>",
            ("Order", date(2021, 9, 14), "Li Wei"),
        ),
        ("<dc:title/><dc:creator>Administrator</dc:creator><dcterms:created>now</dcterms:created>", ("One.", None, "")),
    ],
    ids=["given", "not-given"],
)
def test_a_word_document_states_title_date_and_author(core: str, expected: tuple[str, date | None, str]) -> None:
    found = article(docx(paragraph("One.") + paragraph("Two."), core=core), "a.docx")
    assert (found.title, found.published, found.author) == expected


WORD = docx(paragraph("Text."))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(
            WORD[:-60], "The file is not a whole archive. It seems truncated: get a whole copy.", id="truncated"
        ),
        pytest.param(
            b"\xd0\xcf\x11\xe0" * 9,
            "The document is locked with a password, or it is an old .doc. Save it as .docx without a password.",
            id="locked",
        ),
        pytest.param(packed({"a.txt": "x"}), "The file is not a Word document. Save it as .docx.", id="other-archive"),
        pytest.param(
            docx("<w:p/>"),
            "The document has no text. If it holds pictures of pages, recognise their text (OCR).",
            id="blank",
        ),
    ],
)
def test_a_word_document_that_cannot_be_read_says_why(data: bytes, why: str) -> None:
    assert read(data, "a.docx") == [Failure("a.docx", why)]


def test_a_word_document_with_broken_xml_says_so() -> None:
    (found,) = read(docx("<w:p>"), "a.docx")
    assert isinstance(found, Failure)
    assert found.why.startswith("The document cannot be read: ")
    assert found.why.endswith(" It seems damaged: get a whole copy.")


def test_a_document_that_includes_itself_many_times_is_not_expanded() -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>'
    files = {"_rels/.rels": "<a/>", "word/document.xml": f'{laughs}<w:document xmlns:w="{W}">&c;</w:document>'}
    (found,) = read(packed(files), "a.docx")
    assert isinstance(found, Failure)


# --- mail -----------------------------------------------------------------------------------------------------------


def mail(language: str, *, charset: str = "utf-8", html: str = "", attached: dict[str, bytes] | None = None) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = TITLE[language]
    message["From"] = "示例报 <desk@news.example>"
    message["Date"] = "Tue, 14 Sep 2021 23:30:00 +0800"
    message.set_content("\n\n".join(TEXT[language]), charset=charset)
    if html:
        message.add_alternative(html, subtype="html", charset=charset)
    for name, data in (attached or {}).items():
        message.add_attachment(data, "application", "octet-stream", filename=name)
    return message.as_bytes()


@pytest.mark.parametrize(
    ("language", "charset"),
    [("en", "utf-8"), ("en", "cp1252"), ("zh-Hans", "gb2312"), ("zh-Hans", "gb18030"), ("zh-Hant", "big5")],
)
def test_a_mail_becomes_an_article(language: str, charset: str) -> None:
    found = article(mail(language, charset=charset), "a.eml")
    assert (found.title, found.body) == (TITLE[language], "\n\n".join(TEXT[language]))
    assert (found.published, found.source) == (date(2021, 9, 14), "示例报")


@each_language
def test_a_mail_whose_plain_text_is_a_stub_is_read_from_its_html(language: str) -> None:
    rows = "".join(f"<table><tr><td><p>{text}</p></td></tr></table>" for text in TEXT[language] * 3)
    html = f"<html><style>p {{color: red}}</style><body>{rows}</body></html>"
    assert article(mail(language, html=html), "a.eml").body == "\n\n".join(TEXT[language] * 3)


def test_a_mail_in_another_encoding_than_it_says_is_read() -> None:
    head = "Subject: 罰款決定\nFrom: 範例報 <a@b.example>\nContent-Type: text/plain; charset=utf-8\n\n".encode("big5")
    found = article(head + "監管機構要求流明支付分拆業務。\n\n該公司表示將遵守。".encode("big5"), "a.eml")
    assert (found.title, found.source) == ("罰款決定", "範例報")
    assert found.body == "監管機構要求流明支付分拆業務。\n\n該公司表示將遵守。"


def test_lines_that_a_mailer_has_wrapped_are_joined() -> None:
    lines = (
        "The Harbour Financial Authority on Monday told Lumen Pay to split off its\nlending arm.\n\nAddress:\n1 Road"
    )
    found = article(b"Subject: s\n\n" + lines.encode(), "a.eml")
    assert found.body.split("\n\n") == [lines.split("\n\n")[0].replace("\n", " "), "Address:\n1 Road"]


def test_what_is_attached_is_read_and_what_cannot_be_is_named() -> None:
    attached = {
        "报告.pdf": pdf([[(60, 790, 20, "Report"), *column(["Text."], top=700)]]),
        "scan.pdf": pdf([None]),
        "logo.png": b"\x89PNG",
        "old.doc": b"\xd0\xcf",
        "more.zip": packed({"in.txt": "Inner\n\nText."}),
    }
    assert summary(read(mail("en", attached=attached), "a.eml")) == [
        "Lumen Pay must split",
        "Report",
        "a.eml/scan.pdf: The PDF is scanned: its pages are pictures without text. "
        "Recognise the text (OCR) first, for instance with ocrmypdf, and add what it writes.",
        "a.eml/old.doc: No reader takes .doc. Save it as .docx or .pdf.",
        "Inner",
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no head at all", "The file has no head: it is not a mail. Save the mail again, as .eml."),
        (b"Subject: Empty\n\n\n", "The article has no text. Give its paragraphs in the body."),
    ],
)
def test_what_is_no_mail_or_says_nothing_is_named(data: bytes, why: str) -> None:
    assert read(data, "a.eml") == [Failure("a.eml", why)]


def test_a_mail_with_a_date_that_does_not_exist_has_none() -> None:
    assert article(b"Subject: s\nDate: Tue, 30 Feb 2021 10:00:00 +0000\n\nText.", "a.eml").published is None


# --- tables ---------------------------------------------------------------------------------------------------------

ROWS = {
    "en": 'Headline,Text,Date,Outlet,Byline,Keywords\n"Fined, again",Paid.,14 Sep 2021,Example Post,Ana Reyes,"a, b"\n',
    "zh-Hans": "标题,正文,发布日期,来源,作者,关键词\n再次罚款,已缴。,2021年9月14日,示例报,王一,甲、乙\n",
    "zh-Hant": "標題,內文,發布時間,媒體,記者,標籤\n再次罰款,已繳。,2021/9/14 10:20,範例報,王小明,甲;乙\n",
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@each_language
def test_each_row_of_a_table_is_an_article(language: str, encoding: str) -> None:
    found = article(ROWS[language].encode(encoding), "a.csv")
    expected = {
        "en": ("Fined, again", "Paid.", "Example Post", "Ana Reyes", ("a", "b")),
        "zh-Hans": ("再次罚款", "已缴。", "示例报", "王一", ("甲", "乙")),
        "zh-Hant": ("再次罰款", "已繳。", "範例報", "王小明", ("甲", "乙")),
    }
    assert (found.title, found.body, found.source, found.author, found.tags) == expected[language]
    assert found.published == date(2021, 9, 14)


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"], ids=["tab", "semicolon", "bar"])
def test_the_delimiter_is_told_from_the_first_row(delimiter: str) -> None:
    rows = f"title{delimiter}body{delimiter}source\nFined{delimiter}It paid, again.{delimiter}Example Post\n"
    assert article(rows.encode(), "a.tsv").body == "It paid, again."


def test_bad_rows_are_named_by_their_line_and_the_rest_is_read() -> None:
    rows = (
        'title,body,date\nOne,"Text\nover lines",\n,No title,\nThree,Text,2021-02-30\nFour,a,b,c\n"Five"x,y,\nSix,Text,'
    )
    assert summary(read(rows.encode(), "a.csv")) == [
        "One",
        "a.csv:4: The article has no title. Give a title.",
        "a.csv:5: published is '2021-02-30', which is no date. Write it as YYYY-MM-DD.",
        "a.csv:6: The row has 4 columns, the first has 3. Put texts that hold commas in quotes.",
        "a.csv:7: The row cannot be read: ',' expected after '\"'. Double the quotation marks inside a text.",
        "Six",
    ]


def test_an_open_quotation_mark_is_named_and_not_taken_for_text() -> None:
    assert summary(read(b'title,body\nOne,Text\nTwo,"Text\nThree,Text\n', "a.csv")) == [
        "One",
        "a.csv:3: The row cannot be read: unexpected end of data. Double the quotation marks inside a text.",
    ]


def test_a_table_without_the_columns_of_an_article_says_which_it_has() -> None:
    (found,) = read("姓名,年龄\n王一,30\n".encode(), "a.csv")
    assert found == Failure(
        "a.csv",
        "No column holds the title: the first row is '姓名', '年龄'. "
        "Name one 'title'; the others are id, body, language, published, source, url, tags, author.",
    )


# --- archives -------------------------------------------------------------------------------------------------------


def test_each_file_of_an_archive_is_read_by_its_own_reader_and_failures_name_it() -> None:
    files = {
        "2021/a.md": "# One\n\nText.",
        "b.txt": "二\n\n正文。".encode("gb18030"),
        "c.jsonl": '{"title": "三", "body": "內文。"}\n[]\n',
        "d.docx": docx(paragraph("Four", style="Title") + paragraph("Text.")),
        "empty.txt": b"",
        "e.pdf": b"%PDF-1.7 cut",
        "f.zip": packed({"g.txt": "Seven\n\nText.", "h.rtf": b"{\\rtf1}"}),
        "README.md": "# Not an article",
        "__MACOSX/._a.md": b"\0\5",
        "photo.jpg": b"\xff\xd8",
    }
    assert summary(read(packed(files), "all.zip")) == [
        "One",
        "二",
        "三",
        "all.zip/c.jsonl:2: The line holds a list. Each line is one object.",
        "Four",
        "all.zip/empty.txt: The file is empty. Check that it was written completely.",
        "all.zip/e.pdf: The PDF has no end: it seems truncated. Get a whole copy.",
        "Seven",
        "all.zip/f.zip/h.rtf: No reader takes .rtf. Save it as .docx or .pdf.",
    ]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("新闻/监管机构.md", "gb18030"),
        ("新聞/監管機構.md", "big5"),
        ("新闻/监管机构.md", "utf-8"),
        ("café.md", "cp437"),
    ],
)
def test_names_are_read_in_the_encoding_of_the_system_that_packed_them(name: str, encoding: str) -> None:
    raw = name.encode(encoding)
    data = packed({"x" * len(raw): "Text."}).replace(b"x" * len(raw), raw)
    assert article(data, "a.zip").title == name.rpartition("/")[2].removesuffix(".md")


def test_a_path_out_of_the_archive_is_only_a_name() -> None:
    found = read(packed({"../../../tmp/evil.txt": b"", "/etc/evil.txt": b""}), "a.zip")
    assert [each.where for each in found if isinstance(each, Failure)] == [
        "a.zip/../../../tmp/evil.txt",
        "a.zip//etc/evil.txt",
    ]


def test_a_name_cannot_write_to_the_terminal() -> None:
    (found,) = read(packed({"a\x1b[31m\nb.txt": b""}), "a.zip")
    assert isinstance(found, Failure)
    assert found.where == "a.zip/a[31m b.txt"


def nested(depth: int) -> bytes:
    data = packed({"deep.txt": "Deep\n\nText."})
    for _ in range(depth):
        data = packed({"in.zip": data})
    return data


def test_archives_in_archives_are_read_to_a_depth() -> None:
    assert summary(read(nested(2), "a.zip")) == ["Deep"]
    assert summary(read(nested(3), "a.zip")) == [
        "a.zip/in.zip/in.zip/in.zip: It lies in 3 others. Unpack the outer ones.",
    ]


def test_an_archive_that_unpacks_to_far_more_than_it_has_is_refused() -> None:
    data = packed({"bomb.txt": b"0" * 20_000_000})
    size = zipfile.ZipFile(io.BytesIO(data)).infolist()[0].compress_size
    why = f"The archive has {size:,} bytes and unpacks to 20,000,000. Unpack it yourself if you trust it."
    assert read(data, "a.zip") == [Failure("a.zip", why)]
    assert summary(read(docx("<w:p/>" + " " * 20_000_000), "a.docx"))[0].startswith("a.docx: The archive has ")


def test_an_archive_of_too_many_or_too_large_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 1)
    two = packed({"a.txt": "One\n\nText.", "b.txt": "Two\n\nText."})
    assert summary(read(two, "a.zip")) == ["a.zip: The archive holds 2 files. Split it: at most 1 are read."]
    monkeypatch.setattr(archives, "MAX_FILES", 2)
    monkeypatch.setattr(archives, "MAX_FILE", 4)
    assert summary(read(packed({"a.txt": "12345"}), "a.zip")) == [
        "a.zip/a.txt: It has 5 bytes. Unpack it: at most 4 are read packed."
    ]


def test_a_damaged_or_locked_file_does_not_stop_the_rest() -> None:
    data = packed({"a.txt": "One\n\nText.", "b.txt": "Two\n\nText."}, compression=zipfile.ZIP_STORED)
    damaged = data.replace(b"One\n", b"0ne\n", 1)
    assert summary(read(damaged, "a.zip")) == [
        "a.zip/a.txt: It cannot be unpacked: Bad CRC-32 for file 'a.txt'. It seems damaged: get a whole copy.",
        "Two",
    ]
    locked = bytearray(data)
    locked[data.index(b"PK\x01\x02") + 8] |= 1
    assert summary(read(bytes(locked), "a.zip"))[0] == (
        "a.zip/a.txt: It is locked with a password. Pack it without one."
    )


def test_a_truncated_archive_is_named() -> None:
    assert summary(read(packed({"a.txt": "One\n\nText."})[:-30], "a.zip")) == [
        "a.zip: The file is not a whole archive. It seems truncated: get a whole copy."
    ]


# --- one way in -----------------------------------------------------------------------------------------------------


def test_a_library_that_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mammoth", None)
    (found,) = read(WORD, "a.docx")
    assert isinstance(found, Failure)
    assert found.why == "Reading it needs 'mammoth', which is not installed. Run pip install mammoth."


def test_a_reader_that_fails_in_a_new_way_does_not_stop_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: object, where: str) -> list[Article]:
        raise LookupError("no glyph 7")

    monkeypatch.setitem(readers.READERS, ".pdf", broken)
    assert summary(read(packed({"a.pdf": b"", "b.txt": "Two\n\nText."}), "a.zip")) == [
        "a.zip/a.pdf: Its reader failed: LookupError('no glyph 7'). Save it in another form.",
        "Two",
    ]
