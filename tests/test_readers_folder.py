"""A folder of every format and encoding goes in at once; what fails is named, and citations know their pages."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path

from documents import chinese, column, docx, packed, paragraph, pdf
from earlier import unversion

from bot.catalog import Catalog
from bot.engine import Regbrief
from bot.outcomes import Failure
from bot.records import Article, to_json

PAGE = """<html><head><meta charset="utf-8"><title>{title}</title>
<meta property="article:published_time" content="2023-05-02T10:00:00+08:00"></head><body><nav><a href="/">Home</a></nav>
<article><h1>{title}</h1><p>{text}</p><p>{more}</p></article><footer>All rights reserved</footer></body></html>"""

FILES: dict[str, bytes] = {
    "bare.html": PAGE.format(
        title="數據條例通過", text="立法會週二通過數據條例，平台須在六個月內遵守。", more="條例規定最高罰款五百萬元。"
    ).encode("big5"),
    "notes.txt": "算法备案开始\n\n网信部门周三开始受理算法备案，企业须在十个工作日内提交。".encode("gb18030"),
    "old.txt": "深度合成規定\n\n監管機構要求平台標註深度合成內容，違者將被約談。".encode("utf-16-le"),
    "cafe.txt": "Café chain fined\n\nThe data office fined the chain €2 million – its “largest” fine.".encode("cp1252"),
    "own.md": b"---\ntitle: Chip rules\npublished: 2023-01-09\n---\nThe ministry widened its rules on chips.",
    "bulk.jsonl": b'{"title": "Cloud inquiry", "body": "The authority opened an inquiry into clouds."}\n{"title": 1}',
    "table.csv": "标题,正文\n直播新规,直播平台须核验未成年人身份。\n,没有标题\n".encode("gb18030"),
    "word.docx": docx(paragraph("Merger blocked", style="Title") + paragraph("The commission blocked the merger.")),
    "mail.eml": b"Subject: Advert rules\nFrom: Desk <a@b.example>\n\nThe watchdog drafted rules on adverts.",
    "pack.zip": packed({"in.txt": "Toy recall\n\nThe agency recalled a talking toy.", "bad.txt": b"", "x.odt": b"PK"}),
    "printed.pdf": pdf(
        [
            [(60, 790, 22, "关于网络游戏的决定"), *column(["第一条　游戏企业须实名登记用户。"], top=700)],
            column(["第二条　未成年人每周只能在周末玩三小时游戏。"], top=700),
        ],
        font=chinese("GBK-EUC-H", "GB1", "gb18030"),
    ),
    "scan.pdf": pdf([None]),
    "cut.pdf": pdf([column(["Text."])])[:-30],
    "cut.docx": docx(paragraph("Text."))[:-30],
    "noise.txt": bytes(range(128, 256)) * 8,
    "app.html": b"<html><body><div id=root></div><script>run()</script></body></html>",
    "photo.png": b"\x89PNG",
}
TITLES = [
    *("Advert rules", "Café chain fined", "Chip rules", "Cloud inquiry", "Merger blocked", "Toy recall"),
    *("关于网络游戏的决定", "數據條例通過", "深度合成規定", "直播新规", "算法备案开始"),
]
WHY = {
    "app.html": "The page holds no article text.",
    "bulk.jsonl:2": "title is 1.",
    "cut.docx": "The file is not a whole archive.",
    "cut.pdf": "The PDF has no end: it seems truncated.",
    "noise.txt": "The file's encoding cannot be told.",
    "pack.zip/bad.txt": "The file is empty.",
    "pack.zip/x.odt": "No reader takes .odt.",
    "scan.pdf": "The PDF is scanned: its pages are pictures without text.",
    "table.csv:3": "The article has no title.",
}


def folder(path: Path) -> Path:
    for name, data in FILES.items():
        (path / name).write_bytes(data)
    return path


def test_everything_in_a_folder_is_read_or_named(bot: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    place = folder(tmp_path / "news")
    before = {article.id for article in bot.articles()}
    done = bot.add(place)
    assert sorted(each.title for each in bot.articles() if each.id not in before) == sorted(TITLES)
    assert done.added == len(TITLES)
    named = {each.where.removeprefix(f"{place}/"): each.why for each in done.failed}
    assert named.keys() == WHY.keys()
    assert [where for where, why in named.items() if not why.startswith(WHY[where])] == []
    assert all(len(why) > len(WHY[where]) + 5 for where, why in named.items()), "each says what to do"


def test_a_second_reading_changes_nothing(bot: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    bot.add(folder(tmp_path / "news"))
    again = bot.add(tmp_path / "news")
    assert (again.added, again.updated, again.unchanged) == (0, 0, len(TITLES))


def test_a_citation_of_a_pdf_names_its_page(bot: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "printed.pdf").write_bytes(FILES["printed.pdf"])
    bot.add(tmp_path / "printed.pdf")
    answer = bot.ask("未成年人每周能玩多少小时游戏？")
    cited = {citation.quote: citation.page for citation in answer.citations}
    assert cited["第二条 未成年人每周只能在周末玩三小时游戏。"] == 2
    assert next(each for each in to_json(answer)["citations"] if each["page"] == 2)


def test_a_citation_of_an_article_without_pages_names_none(bot: Regbrief) -> None:
    answer = bot.ask("How much did the market regulator fine Alibaba?")
    assert {citation.page for citation in answer.citations} == {None}


def test_author_and_pages_are_kept(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    article = Article("a", "t", "One.\n\nTwo.", "en", date(2021, 9, 14), author="Ana Reyes", pages=(0, 6))
    assert catalog.put([(article, [])]) == ["added"]
    assert catalog.article("a") == article
    assert catalog.put([(article, [])]) == ["unchanged"]
    catalog.close()


def test_a_library_from_before_pages_gains_them_and_keeps_its_articles(tmp_path: Path) -> None:
    path, article = tmp_path / "catalog.sqlite", Article("a", "t", "One.", "en", tags=("x",))
    Catalog(path).put([(article, [])])
    with sqlite3.connect(path) as db:
        unversion(db)
        db.execute("ALTER TABLE articles DROP COLUMN author")
        db.execute("ALTER TABLE articles DROP COLUMN pages")
    db.close()
    catalog = Catalog(path)
    assert catalog.article("a") == article
    assert catalog.put([(article, [])]) == ["unchanged"]
    catalog.close()


def test_author_and_pages_are_in_the_json_of_an_article() -> None:
    shown = json.loads(json.dumps(to_json(Article("a", "t", "b", "en", author="王一", pages=(0,)))))
    assert (shown["author"], shown["pages"]) == ("王一", [0])


def test_a_failure_names_the_file_inside_the_archive(bot: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_bytes(FILES["pack.zip"])
    failed = bot.add(tmp_path / "pack.zip").failed
    assert Failure(f"{tmp_path}/pack.zip/x.odt", "No reader takes .odt. Save it as .docx or .pdf.") in failed
