"""A PDF becomes paragraphs that know their pages; one that cannot be read says why and what to do."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from documents import Font, Shown, chinese, column, latin, pdf
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from bot import readers
from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers.pages import Line, laid_out, without_furniture
from bot.readers.pdf import article_from_pdf
from bot.records import Article

LINES = {
    "en": [
        "The Harbour Financial Authority on Monday told Lumen Pay to split off",
        "its lending arm by the end of March, and to bring in outside share-",
        "holders. It called the risk well-known.",
        "",
        "Lumen Pay said that it would comply in full and that its users would",
        "not notice.",
    ],
    "zh-Hans": [
        "　　港湾金融管理局周一要求流明支付在三月底之前分拆其贷款业务，并引入外部",
        "股东。此举是两年调查的结果。",
        "　　流明支付表示将“全面遵守”，用户不会感到应用程序有任何变化，也不会有新",
        "的费用。",
    ],
    "zh-Hant": [
        "　　港灣金融管理局週一要求流明支付在三月底之前分拆其貸款業務，並引入外部",
        "股東。此舉是兩年調查的結果。",
        "　　流明支付表示將「全面遵守」，用戶不會感到應用程式有任何變化，也不會有新",
        "的費用。",
    ],
}
TEXT = {
    "en": [
        "The Harbour Financial Authority on Monday told Lumen Pay to split off its lending arm by the end of March, and"
        " to bring in outside shareholders. It called the risk well-known.",
        "Lumen Pay said that it would comply in full and that its users would not notice.",
    ],
    "zh-Hans": [
        "港湾金融管理局周一要求流明支付在三月底之前分拆其贷款业务，并引入外部股东。此举是两年调查的结果。",
        "流明支付表示将“全面遵守”，用户不会感到应用程序有任何变化，也不会有新的费用。",
    ],
    "zh-Hant": [
        "港灣金融管理局週一要求流明支付在三月底之前分拆其貸款業務，並引入外部股東。此舉是兩年調查的結果。",
        "流明支付表示將「全面遵守」，用戶不會感到應用程式有任何變化，也不會有新的費用。",
    ],
}


def paged(*texts: list[str], font: Font | None = None, title: str = "Title") -> bytes:
    first = [(60.0, 800.0, 20.0, title)]
    return pdf([[*(first if at == 0 else []), *column(text, top=760)] for at, text in enumerate(texts)], font=font)


@pytest.mark.parametrize(
    ("language", "font"),
    [
        pytest.param("en", latin(), id="en"),
        pytest.param("zh-Hans", chinese("GBK-EUC-H", "GB1", "gbk"), id="zh-Hans-gbk"),
        pytest.param("zh-Hans", chinese("UniGB-UTF16-H", "GB1", "utf-16-be"), id="zh-Hans-unicode"),
        pytest.param("zh-Hant", chinese("ETenms-B5-H", "CNS1", "big5"), id="zh-Hant-big5"),
        pytest.param("zh-Hant", chinese("UniCNS-UCS2-H", "CNS1", "utf-16-be"), id="zh-Hant-unicode"),
    ],
)
def test_lines_become_paragraphs(language: str, font: Font) -> None:
    found = article_from_pdf(paged(LINES[language], font=font, title="Lumen"))
    assert found.body.split("\n\n") == TEXT[language]
    assert (found.title, found.language, found.pages) == ("Lumen", language, (0,))


def test_characters_of_a_font_that_names_no_unicode_are_told_from_its_collection() -> None:
    by_number = replace(chinese("Identity-H", "GB1", "utf-16-be"), encode=lambda text: bytes.fromhex(text))
    found = article_from_pdf(pdf([[(60, 700, 12, "03e803e903ea03eb03ec03ed")]], font=by_number))
    assert found.body == "拜稗斑班搬扳"


def test_a_map_to_unicode_is_followed() -> None:
    font = replace(
        chinese("Identity-H", "Identity", "utf-16-be", to_unicode=True), encode=lambda text: bytes.fromhex(text)
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange <0000>"
        " <ffff> endcodespacerange 2 beginbfchar <0001> <7f70> <0002> <6b3e> endbfchar endcmap end end"
    )
    assert article_from_pdf(pdf([[(60, 700, 12, "00010002")]], font=font, to_unicode=cmap)).body == "罰款"


# --- pages ----------------------------------------------------------------------------------------------------------


def test_each_part_of_the_text_knows_its_page() -> None:
    found = article_from_pdf(paged(["One ends here.", ""], ["Two is here."], ["Three is here.", "", "And here."]))
    assert found.body == "One ends here.\n\nTwo is here.\n\nThree is here.\n\nAnd here."
    places = {text: found.page_at(found.body.index(text)) for text in ("One", "Two", "Three", "And")}
    assert places == {"One": 1, "Two": 2, "Three": 3, "And": 3}


def test_a_paragraph_goes_on_over_the_page_and_its_parts_know_theirs() -> None:
    lines = LINES["en"][:2]
    found = article_from_pdf(paged(lines, ["holders, by the end of next year at the latest, as it had said before."]))
    assert found.body.endswith(
        "bring in outside shareholders, by the end of next year at the latest, as it had said before."
    )
    assert found.page_at(found.body.index("outside")) == 1
    assert found.page_at(found.body.index("next year")) == 2


def test_an_empty_page_counts() -> None:
    found = article_from_pdf(paged(["One."], [], ["Three."], []))
    assert (found.page_at(0), found.page_at(found.body.index("Three"))) == (1, 3)
    assert len(found.pages) == 4


def test_an_article_without_pages_has_none() -> None:
    assert Article("a", "t", "body", "en").page_at(2) is None


def test_page_numbers_and_running_heads_are_left_out() -> None:
    texts = ["Alpha begins.", "Beta follows.", "Gamma ends."]
    pages: list[list[Shown]] = [
        [(60, 810, 9, "Official Journal 2021"), *column([text], top=700), (290, 30, 9, f"Page {at} of 3")]
        for at, text in enumerate(texts, 1)
    ]
    found = article_from_pdf(pdf(pages, info={"Title": "Order"}))
    assert found.body.split("\n\n") == texts
    assert found.title == "Order"


def test_a_title_that_every_page_repeats_is_still_the_title() -> None:
    pages: list[list[Shown]] = [
        [(60, 810, 20 if at == 0 else 9, "The Digital Order"), *column([f"Text {'abc'[at]}."], top=700)]
        for at in range(3)
    ]
    found = article_from_pdf(pdf(pages))
    assert (found.title, found.body) == ("The Digital Order", "Text a.\n\nText b.\n\nText c.")


@pytest.mark.parametrize("number", ["2", "- 2 -", "第2页", "第 2 頁 共 9 頁", "Page 2", "2/9", "ii"])
def test_a_page_number_is_told_in_its_usual_forms(number: str) -> None:
    lines = [Line("Text stands here.", 60, 300, 700, 12), Line(number, 290, 300, 30, 12)]
    assert without_furniture([lines]) == [lines[:1]]


def test_a_sentence_with_a_number_is_no_page_number() -> None:
    lines = [Line("Text stands here.", 60, 300, 700, 12), Line("It paid 2 million.", 60, 300, 680, 12)]
    assert without_furniture([lines]) == [lines]


def test_two_columns_are_read_one_after_the_other() -> None:
    left = column(
        ["The left column says the first", "thing. It goes on with the second", "and the third, and over to the"],
        top=700,
    )
    right = column(["other column, where it ends.", "", "A new paragraph begins there."], left=320, top=700)
    found = article_from_pdf(pdf([[(60, 790, 20, "Two columns"), *left, *right]]))
    assert found.body.split("\n\n") == [
        "The left column says the first thing. It goes on with the second and the third, and over to the other column,"
        " where it ends.",
        "A new paragraph begins there.",
    ]


@given(st.lists(st.lists(st.text("ab-监管 .。", min_size=1).filter(lambda text: text.strip()), max_size=5), max_size=5))
def test_every_page_begins_where_its_first_line_stands(texts: list[list[str]]) -> None:
    pages = [
        [Line(" ".join(text.split()), 60, 60 + 9 * len(text), 700 - 20 * at, 12) for at, text in enumerate(page)]
        for page in texts
    ]
    body, starts = laid_out(pages)
    assert len(starts) == len(pages)
    assert all(body.startswith(page[0].text.rstrip("-"), at) for page, at in zip(pages, starts, strict=True) if page)


# --- hyphens --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["an agree-", "ment was made"], "an agreement was made"),
        (["the Anti-", "Monopoly Law applies"], "the Anti-Monopoly Law applies"),
        (["a cross-border rule, a cross-", "border rule"], "a cross-border rule, a cross-border rule"),
        (["a well-", "known firm"], "a well-known firm"),
        (["coordinated and co-", "ordinated"], "coordinated and coordinated"),
        (["re-signed, then resigned, then re-", "signed"], "re-signed, then resigned, then resigned"),
        (["from 2019-", "2021 on"], "from 2019-2021 on"),
    ],
)
def test_a_word_parted_at_the_end_of_a_line_is_made_whole(lines: list[str], expected: str) -> None:
    page = [Line(text, 60, 400, 700 - 16 * at, 12) for at, text in enumerate(lines)]
    assert laid_out([page])[0] == expected


# --- facts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("info", "title"),
    [
        ({"Title": "Order of 14 September"}, "Order of 14 September"),
        ({"Title": "关于罚款的决定"}, "关于罚款的决定"),
        ({"Title": "關於罰款的決定"}, "關於罰款的決定"),
        ({"Title": "Microsoft Word - final2.docx"}, "Large print"),
        ({"Title": "untitled"}, "Large print"),
        ({"Title": "¹ØÓÚ·£¿î"}, "Large print"),
        ({}, "Large print"),
    ],
)
def test_the_title_is_what_the_document_says_or_prints_large(info: dict[str, str], title: str) -> None:
    data = pdf(
        [[*column(["Ministry of Trade"], top=810), (60, 760, 22, "Large print"), *column(["Text. " * 9] * 9, top=700)]],
        info=info,
    )
    assert article_from_pdf(data).title == title


@pytest.mark.parametrize(
    ("lines", "info", "expected"),
    [
        (["14 September 2021", "By Ana Reyes"], {"CreationDate": "D:20240101"}, (date(2021, 9, 14), "Ana Reyes")),
        (["No date."], {"CreationDate": "D:20210914233000+08'00'", "Author": "Li Wei"}, (date(2021, 9, 14), "Li Wei")),
        (["No date."], {"CreationDate": "D:20210230", "Author": "Administrator"}, (None, "")),
    ],
    ids=["text", "metadata", "neither"],
)
def test_date_and_author_come_from_the_text_or_the_metadata(
    lines: list[str], info: dict[str, str], expected: tuple[date | None, str]
) -> None:
    found = article_from_pdf(
        pdf([[(60, 790, 22, "Title"), *column([*lines, "", "The text of it."], top=740)]], info=info)
    )
    assert (found.published, found.author) == expected


# --- what cannot be read --------------------------------------------------------------------------------------------

WHOLE = paged(LINES["en"])
OCR = "Recognise the text (OCR) first, for instance with ocrmypdf, and add what it writes."


def locked(password: str, *, algorithm: str) -> bytes:
    writer, target = PdfWriter(clone_from=PdfReader(io.BytesIO(WHOLE))), io.BytesIO()
    writer.encrypt(password, "owner", algorithm=algorithm)
    writer.write(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(
            pdf([None, None]), f"The PDF is scanned: its pages are pictures without text. {OCR}", id="scanned"
        ),
        pytest.param(pdf([[]]), "The PDF has no text. Check that it is the right file.", id="blank"),
        pytest.param(
            locked("secret", algorithm="RC4-128"),
            "The PDF is locked with a password. Save a copy without it.",
            id="locked",
        ),
        pytest.param(WHOLE[:-40], "The PDF has no end: it seems truncated. Get a whole copy.", id="truncated"),
        pytest.param(b"<html>404</html>", "The file is not a PDF. Check its name, or get a whole copy.", id="a-page"),
        pytest.param(b"", "The file is empty. Check that it was written completely.", id="empty"),
        pytest.param(
            b"%PDF-1.7\njunk\n%%EOF",
            "The PDF cannot be read: Failed to load document (PDFium: Data format error). "
            "It seems damaged: get a whole copy.",
            id="damaged",
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason_and_the_fix(data: bytes, why: str) -> None:
    assert list(readers.read_file(io.BytesIO(data), "a.pdf")) == [Failure("a.pdf", why)]


def test_a_document_that_only_forbids_changes_is_read() -> None:
    assert article_from_pdf(locked("", algorithm="RC4-128")).body == article_from_pdf(WHOLE).body


def test_fonts_that_name_no_characters_are_an_error() -> None:
    font = replace(chinese("Identity-H", "Identity", "utf-16-be"), encode=lambda text: bytes.fromhex(text))
    with pytest.raises(InputError, match=r"fonts do not say which characters they draw\. Recognise"):
        article_from_pdf(pdf([[(60, 700, 12, "e001e002e003e004")]], font=font))


def test_pages_that_are_pictures_are_named_beside_what_was_read() -> None:
    data = pdf([column(["One has text."]), None, None, column(["Four too."]), None])
    article, failure = readers.read_file(io.BytesIO(data), "a.pdf")
    assert isinstance(article, Article), article
    assert article.body == "One has text.\n\nFour too."
    assert failure == Failure("a.pdf, pages 2–3, 5", f"They are pictures without text. {OCR}")


def test_a_damaged_page_is_named_beside_what_was_read() -> None:
    data = pdf([column(["One."]), column(["Two."]), column(["Three."])])
    at = data.index(b"10 0 obj") + len(b"10 0 obj\n")
    damaged = data[:at] + b"null".ljust(data.index(b"endobj", at) - at) + data[data.index(b"endobj", at) :]
    article, failure = readers.read_file(io.BytesIO(damaged), "a.pdf")
    assert isinstance(article, Article), article
    assert (article.body, article.page_at(article.body.index("Three"))) == ("One.\n\nThree.", 3)
    assert failure == Failure("a.pdf, pages 2", "They cannot be read. It seems damaged: get a whole copy.")
