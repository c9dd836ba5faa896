"""Files become articles; what cannot be read is named with its place and the fix, and the rest is read."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot import readers
from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers.fields import MAX_BYTES, article, content_id
from bot.records import Article

EN = """ date 2021-09-14 Harbour regulator tells Lumen Pay to split off its lending arm

‘QUIET EXPANSION’: The payments firm must set up a separate app and bring in outside shareholders

By Ana Reyes  /  Staff reporter

The Harbour Financial Authority on Monday told Lumen Pay to split off its lending arm.
   \t
Lumen Pay said that it would “comply in full”.
"""
EN_BODY = """‘QUIET EXPANSION’: The payments firm must set up a separate app and bring in outside shareholders

By Ana Reyes  /  Staff reporter

The Harbour Financial Authority on Monday told Lumen Pay to split off its lending arm.

Lumen Pay said that it would “comply in full”."""
HANS = """date 2021-09-14 监管部门要求流明支付分拆贷款业务

“悄然扩张”

记者 王一

监管部门周一要求流明支付分拆贷款业务。
"""
HANT = "date:2021-09-14 監管機關要求流明支付分拆貸款業務\r\n\r\n記者 王一\r\n\r\n監管機關要求流明支付分拆貸款業務。\r\n"


def read(path: Path, content: str | bytes) -> list[Article | Failure]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(readers.read(path))


def only(found: list[Article | Failure]) -> Article:
    assert len(found) == 1
    assert isinstance(found[0], Article), found[0]
    return found[0]


@pytest.mark.parametrize(
    ("content", "title", "body", "language"),
    [
        pytest.param(EN, "Harbour regulator tells Lumen Pay to split off its lending arm", EN_BODY, "en", id="en"),
        pytest.param(
            HANS,
            "监管部门要求流明支付分拆贷款业务",
            "“悄然扩张”\n\n记者 王一\n\n监管部门周一要求流明支付分拆贷款业务。",
            "zh-Hans",
            id="zh-Hans",
        ),
        pytest.param(
            HANT,
            "監管機關要求流明支付分拆貸款業務",
            "記者 王一\n\n監管機關要求流明支付分拆貸款業務。",
            "zh-Hant",
            id="zh-Hant",
        ),
    ],
)
def test_text_has_date_and_title_on_its_first_line(
    tmp_path: Path, content: str, title: str, body: str, language: Any
) -> None:
    published = date(2021, 9, 14)
    author = "Ana Reyes" if language == "en" else "王一"
    expected = Article(content_id(title, body, published), title, body, language, published, author=author)
    assert read(tmp_path / "a.txt", content) == [expected]


def test_text_without_a_date_has_its_title_on_the_first_line(tmp_path: Path) -> None:
    found = only(read(tmp_path / "a.txt", "dated furniture sells well\n\nA shop said so."))
    assert (found.title, found.published, found.body) == ("dated furniture sells well", None, "A shop said so.")


MARKDOWN = """---
id: {id}
title: "{title}"
language: {language}
published: 2021-11-20
source: {source}
url: https://example.org/a
tags: [fines, antitrust]
---
{body}
"""


@pytest.mark.parametrize(
    ("language", "title", "source", "body"),
    [
        pytest.param("en", "Fine: 1.5 million", "Example Post", "The fine was paid.\n\nNobody spoke.", id="en"),
        pytest.param("zh-Hans", "罚款：150万", "示例报", "罚款已缴。\n\n无人发言。", id="zh-Hans"),
        pytest.param("zh-Hant", "罰款：150萬", "範例報", "罰款已繳。\n\n無人發言。", id="zh-Hant"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_markdown_front_matter_gives_the_fields(
    tmp_path: Path, language: Any, title: str, source: str, body: str, line_end: str
) -> None:
    content = MARKDOWN.format(id="a-1", title=title, language=language, source=source, body=body)
    url, tags = "https://example.org/a", ("fines", "antitrust")
    expected = Article("a-1", title, body, language, date(2021, 11, 20), source, url, tags)
    assert read(tmp_path / "a.md", content.replace("\n", line_end)) == [expected]


@pytest.mark.parametrize(
    ("content", "title", "body"),
    [
        pytest.param("# Fined again\n\nThe text.", "Fined again", "The text.", id="heading"),
        pytest.param("又罚了。\n\n第二段。", "a-name", "又罚了。\n\n第二段。", id="no-heading"),
        pytest.param("---\nsource: 範例報\n---\n## 又罰了\n\n內文。", "又罰了", "內文。", id="front-matter-heading"),
    ],
)
def test_markdown_without_a_title_takes_the_heading_or_the_name(
    tmp_path: Path, content: str, title: str, body: str
) -> None:
    found = only(read(tmp_path / "a-name.md", content))
    assert (found.title, found.body) == (title, body)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(
            {"id": "j-1", "title": "Fined", "body": "Text.", "published": "2021-11-20", "tags": ["a"], "url": None},
            Article("j-1", "Fined", "Text.", "en", date(2021, 11, 20), tags=("a",)),
            id="en",
        ),
        pytest.param(
            {"id": "j-2", "title": "罚款", "body": "已经处罚。", "published": None, "source": "示例报"},
            Article("j-2", "罚款", "已经处罚。", "zh-Hans", source="示例报"),
            id="zh-Hans",
        ),
        pytest.param(
            {"id": "j-3", "title": "罰款", "body": "已經處罰。", "language": "zh-Hant", "url": "http://a.example"},
            Article("j-3", "罰款", "已經處罰。", "zh-Hant", url="http://a.example"),
            id="zh-Hant",
        ),
    ],
)
def test_json_lines_give_the_fields(tmp_path: Path, record: dict[str, Any], expected: Article) -> None:
    assert read(tmp_path / "a.jsonl", json.dumps(record)) == [expected]


def test_a_record_without_an_id_is_named_by_its_content() -> None:
    record = {"title": "罰款", "body": "已經處罰。"}
    assert article(record).id == article(dict(record)).id
    assert article(record).id != article(record | {"published": "2021-11-20"}).id


def test_a_folder_is_read_in_order_of_name_but_for_its_documentation(tmp_path: Path) -> None:
    (tmp_path / "2021").mkdir()
    for name in ("b.md", "2021/a.txt", "c.JSONL", "README.md", ".hidden.md", "image.png", "~$open.docx"):
        (tmp_path / name).write_text("x")
    assert readers.find(tmp_path) == [tmp_path / "2021/a.txt", tmp_path / "b.md", tmp_path / "c.JSONL"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.md", "There is no file or folder {path!r}. Check the spelling."),
        ("photo.png", "No reader takes 'photo.png'. {forms}"),
        ("old.doc", "No reader takes 'old.doc'. Save it as .docx or .pdf."),
    ],
)
def test_a_path_that_cannot_be_read_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "old.doc").write_bytes(b"\xd0\xcf")
    with pytest.raises(InputError) as raised:
        readers.find(tmp_path / name)
    forms = ".csv .docx .eml .htm .html .jsonl .markdown .md .mht .mhtml .ndjson .pdf .tsv .txt .xhtml .zip".split()
    known = {"path": str(tmp_path / name), "forms": f"It reads {', '.join(forms)}."}
    assert str(raised.value) == message.format(**known)


# --- encodings ------------------------------------------------------------------------------------------------------

CHINESE = {
    "zh-Hans": "监管机构要求流明支付分拆贷款业务\n\n监管机构周一表示，流明支付必须设立独立的应用程序，并引入外部股东。",
    "zh-Hant": "監管機構要求流明支付分拆貸款業務\n\n監管機構週一表示，流明支付必須設立獨立的應用程式，並引入外部股東。",
}
ENGLISH = "Café chain fined €5 million\n\nThe regulator’s decision – the first of its kind – was “fair”."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param(ENGLISH, "cp1252", id="en-cp1252"),
        pytest.param(ENGLISH, "utf-8-sig", id="en-utf-8-with-mark"),
        pytest.param(CHINESE["zh-Hans"], "gb18030", id="zh-Hans-gb18030"),
        pytest.param(CHINESE["zh-Hant"], "gb18030", id="zh-Hant-gb18030"),
        pytest.param(CHINESE["zh-Hant"], "big5", id="zh-Hant-big5"),
        pytest.param(CHINESE["zh-Hans"], "utf-16", id="zh-Hans-utf-16"),
        pytest.param("\ufeff" + CHINESE["zh-Hant"], "utf-16-be", id="zh-Hant-utf-16-be"),
        pytest.param(ENGLISH, "utf-16-le", id="en-utf-16-without-mark"),
        pytest.param(CHINESE["zh-Hans"], "utf-16-le", id="zh-Hans-utf-16-without-mark"),
        pytest.param(CHINESE["zh-Hant"], "utf-16-be", id="zh-Hant-utf-16-be-without-mark"),
        pytest.param("“Fair”, says regulator\n\nIt’s “the first of its kind”.", "gb18030", id="en-gb18030-marks"),
        pytest.param("©Reuters: firm fined\n\nIt will pay.", "cp1252", id="en-cp1252-like-big5"),
        pytest.param("啫喱公司被罰\n\n監管機構話佢哋嘅做法唔啱，使用者冇得揀。", "big5hkscs", id="zh-Hant-big5-hkscs"),
    ],
)
def test_the_encoding_is_told_from_the_content(tmp_path: Path, text: str, encoding: str) -> None:
    found = only(read(tmp_path / "a.txt", text.encode(encoding)))
    assert f"{found.title}\n\n{found.body}" == text.removeprefix("\ufeff")


BINARY = bytes(range(128, 256)) * 8

EMPTY = "The file is empty. Check that it was written completely."
NOT_TEXT = "The file is not text. Save it as plain text in UTF-8."
UNTOLD = "The file's encoding cannot be told. Save it in UTF-8."


@pytest.mark.parametrize("suffix", [".txt", ".md"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", EMPTY, id="empty"),
        pytest.param(b" \n\t\r\n", EMPTY, id="blank"),
        pytest.param(
            CHINESE["zh-Hant"].encode()[:-1],
            "The file ends in the middle of a character. It seems truncated: get a whole copy.",
            id="truncated-utf-8",
        ),
        pytest.param(
            CHINESE["zh-Hans"].encode("utf-16")[:-1],
            "The file says that it is utf-16 but is not: truncated data. It seems damaged.",
            id="truncated-utf-16",
        ),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" * 9, NOT_TEXT, id="image"),
        pytest.param(BINARY, UNTOLD, id="binary"),
        pytest.param(
            CHINESE["zh-Hans"].encode() * 9 + b"\xff" + CHINESE["zh-Hans"].encode(),
            "The file looks like utf-8, but 1 of its 511 characters cannot be read. "
            "It seems damaged or truncated: get a whole copy, or save it in UTF-8.",
            id="damaged",
        ),
        pytest.param(
            CHINESE["zh-Hans"].encode("gb18030")[:-1],
            "The file looks like gb18030, but 1 of its 51 characters cannot be read. "
            "It seems damaged or truncated: get a whole copy, or save it in UTF-8.",
            id="truncated-gb18030",
        ),
    ],
)
def test_a_file_that_is_not_whole_text_is_a_failure(tmp_path: Path, suffix: str, content: bytes, why: str) -> None:
    path = (tmp_path / "a").with_suffix(suffix)
    assert read(path, content) == [Failure(str(path), why)]


def test_a_file_that_cannot_be_opened_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "gone.md"
    assert list(readers.read(path)) == [Failure(str(path), "It cannot be opened: No such file or directory.")]


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    why = "The file has over 20,000,000 bytes. Split it."
    assert list(readers.read(path)) == [Failure(str(path), why)]


# --- fields ---------------------------------------------------------------------------------------------------------

GOOD = '{"id": "good", "title": "罰款", "body": "已經處罰。"}'


def line(**fields: Any) -> str:
    return json.dumps({"title": "Fined", "body": "Text."} | fields)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(
            line(published="2021-02-30"),
            "published is '2021-02-30', which is no date. Write it as YYYY-MM-DD.",
            id="impossible-date",
        ),
        pytest.param(
            line(published=[2021]), "published is [2021], which is no date. Write it as YYYY-MM-DD.", id="date"
        ),
        pytest.param(
            line(language="fr"),
            "language is 'fr'. Use one of en, zh-Hans, zh-Hant, or leave it out.",
            id="unknown-language",
        ),
        pytest.param(
            line(url="javascript:alert(1)"),
            "url is 'javascript:alert(1)'. Give an address that begins with https:// or http://.",
            id="javascript-url",
        ),
        pytest.param(line(title=""), "The article has no title. Give a title.", id="title-empty"),
        pytest.param(json.dumps({"body": "正文。"}), "The article has no title. Give a title.", id="title-missing"),
        pytest.param(line(body=" \n\n "), "The article has no text. Give its paragraphs in the body.", id="body-blank"),
        pytest.param(line(body="\0"), "The article has no text. Give its paragraphs in the body.", id="body-only-nul"),
        pytest.param(line(title=["罚款"]), "title is ['罚款']. It must be a text.", id="title-list"),
        pytest.param(line(body=17), "body is 17. It must be a text.", id="body-number"),
        pytest.param(line(id=17), "id is 17. It must be a text.", id="id-number"),
        pytest.param(line(tags="fines"), "tags is 'fines'. Give a list of texts.", id="tags-text"),
        pytest.param(line(tags=[1]), "tags is [1]. Give a list of texts.", id="tags-numbers"),
        pytest.param('["罰款"]', "The line holds a list. Each line is one object.", id="list"),
    ],
)
def test_a_bad_line_is_named_with_its_value_and_the_rest_is_read(tmp_path: Path, bad: str, why: str) -> None:
    path = tmp_path / "a.jsonl"
    good = Article("good", "罰款", "已經處罰。", "zh-Hant")
    assert read(path, "\n".join([GOOD, bad, "", GOOD])) == [good, Failure(f"{path}:2", why), good]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b'{"title": "Fined", "bo', id="truncated"),
        pytest.param("{'title': '罚款'}".encode(), id="python"),
        pytest.param('{"title": "罰款", "body": "已經處罰。"}'.encode("big5"), id="big5"),
        pytest.param(b'{"n": ' + b"9" * 5_000 + b"}", id="number-too-long"),
        pytest.param(b"[" * 100_000, id="too-deep"),
        pytest.param(BINARY.replace(b"\n", b""), id="binary"),
    ],
)
def test_a_line_that_is_not_json_is_named_and_the_rest_is_read(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "a.jsonl"
    failure, good = read(path, bad + b"\n" + GOOD.encode())
    assert isinstance(failure, Failure)
    assert failure.where == f"{path}:1"
    assert failure.why.startswith("The line is not JSON in UTF-8: ")
    assert failure.why.endswith(" It may be truncated.")
    assert good == Article("good", "罰款", "已經處罰。", "zh-Hant")


def test_an_overlong_line_is_one_failure_and_does_not_shift_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.readers.fields.MAX_BYTES", 100)
    path = tmp_path / "a.jsonl"
    found = read(path, "\n".join(["x" * 350, GOOD, "[]"]))
    assert found == [
        Failure(f"{path}:1", "The line is over 100 bytes. Split the article."),
        Article("good", "罰款", "已經處罰。", "zh-Hant"),
        Failure(f"{path}:3", "The line holds a list. Each line is one object."),
    ]


@pytest.mark.parametrize(
    ("front", "why"),
    [
        pytest.param(
            "title: 罚款\npublished: 2021-02-30",
            "published is '2021-02-30', which is no date. Write it as YYYY-MM-DD.",
            id="impossible-date",
        ),
        pytest.param("title: {罰: 款}", "title is {'罰': '款'}. It must be a text.", id="title-map"),
        pytest.param("title:", "The article has no title. Give a title.", id="title-empty"),
        pytest.param("- 罚款", "The front matter is ['罚款']. Write each field as `name: value`.", id="list"),
        pytest.param("又罰了", "The front matter is '又罰了'. Write each field as `name: value`.", id="prose"),
    ],
)
def test_bad_front_matter_is_named_with_its_value(tmp_path: Path, front: str, why: str) -> None:
    path = tmp_path / "a.md"
    assert read(path, f"---\n{front}\n---\nText.\n") == [Failure(str(path), why)]


def test_front_matter_without_an_end_is_not_taken_for_text(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    why = "The front matter has no end. Close it with a line of three hyphens."
    assert read(path, "---\ntitle: 罚款\n\n已经处罚。") == [Failure(str(path), why)]


def test_rules_in_markdown_are_not_taken_for_front_matter(tmp_path: Path) -> None:
    found = only(read(tmp_path / "a.md", "# 罰款\n\n一。\n\n---\n\n二。\n\n---\n\n三。"))
    assert (found.title, found.body) == ("罰款", "一。\n\n---\n\n二。\n\n---\n\n三。")


def test_null_in_front_matter_is_no_value_and_other_words_are_texts(tmp_path: Path) -> None:
    found = only(read(tmp_path / "a.md", "---\nid: 17\ntitle: yes\nurl: null\nsource: ~\ntags:\n---\nText."))
    assert found == Article("17", "yes", "Text.", "en")


@pytest.mark.parametrize(
    "front",
    [
        pytest.param("title: Fined: again", id="colon"),
        pytest.param("title: [罚款", id="unclosed"),
        pytest.param("title: 罰\0款", id="nul"),
        pytest.param("title: " + "[" * 2_000, id="too-deep"),
    ],
)
def test_front_matter_that_is_not_yaml_is_named_in_one_line(tmp_path: Path, front: str) -> None:
    path = tmp_path / "a.md"
    (failure,) = read(path, f"---\n{front}\n---\nText.\n")
    assert isinstance(failure, Failure)
    assert failure.where == str(path)
    assert failure.why.startswith("The front matter is not YAML: ")
    assert failure.why.endswith(" Quote values that hold a colon.")
    assert "\n" not in failure.why


@pytest.mark.parametrize(
    ("given", "title"),
    [
        pytest.param("If a < b, fine", "If a < b, fine", id="less-than"),
        pytest.param("p<0.05 in trial", "p<0.05 in trial", id="less-than-number"),
        pytest.param("AT&T fined", "AT&T fined", id="ampersand"),
        pytest.param("<b>Fined</b> &amp; warned", "Fined & warned", id="en-tags"),
        pytest.param("<h1>罚款&nbsp;150万</h1>", "罚款 150万", id="zh-Hans-tags"),
        pytest.param("罰款 &lt;三倍&gt;\n再罰", "罰款 <三倍> 再罰", id="zh-Hant-entities"),
        pytest.param("Fined\0 \ud800again", "Fined again", id="nul-and-surrogate"),
        pytest.param("\ud83d\ude00 Fined", "😀 Fined", id="surrogate-pair"),
        pytest.param("罚" * 600, "罚" * 499 + "…", id="too-long"),
    ],
)
def test_titles_lose_markup_but_not_what_looks_like_it(given: str, title: str) -> None:
    assert article({"title": given, "body": "Text."}).title == title


@pytest.mark.parametrize(
    ("given", "body"),
    [
        pytest.param("One.\r\n\r\n\r\nTwo\0.", "One.\n\nTwo.", id="en"),
        pytest.param("一。\ud800\n \t\n二。", "一。\n\n二。", id="zh-Hans"),
        pytest.param("\ufeff壹。\u2028貳。", "壹。\n貳。", id="zh-Hant"),
    ],
)
def test_bodies_can_be_stored_and_have_one_blank_line_between_paragraphs(given: str, body: str) -> None:
    assert article({"title": "t", "body": given}).body == body


def test_surrogates_in_json_escapes_are_dropped(tmp_path: Path) -> None:
    found = only(read(tmp_path / "a.jsonl", r'{"id": "a", "title": "罚\ud800款", "body": "\udfff已经处罚。"}'))
    assert (found.title, found.body) == ("罚款", "已经处罚。")


def test_one_bad_file_does_not_stop_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_text(EN, "utf-8")
    (tmp_path / "c.md").write_bytes(BINARY)
    found = [each for path in readers.find(tmp_path) for each in readers.read(path)]
    assert [each.where if isinstance(each, Failure) else each.title for each in found] == [
        str(tmp_path / "a.txt"),
        "Harbour regulator tells Lumen Pay to split off its lending arm",
        str(tmp_path / "c.md"),
    ]
