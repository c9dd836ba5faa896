"""Tables (.csv, .tsv): one article a row, the first row naming the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import IO

from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers import encodings, facts, fields
from bot.records import Article

MAX_BYTES = 200_000_000
"""Larger tables are refused: JSON lines have no limit."""

_COLUMNS = {
    "id": "id identifier key 编号 編號 序号 序號",
    "title": "title headline name subject 标题 標題 题目 題目",
    "body": "body text content article full_text fulltext maintext main_text story 正文 内容 內容 全文 內文 文本",
    "language": "language lang 语言 語言",
    "published": "published date publication_date published_at publish_date pub_date pubdate datetime time"
    " 日期 发布日期 發布日期 发布时间 發布時間 出版日期 时间 時間",
    "source": "source outlet publisher publication newspaper media site 来源 來源 媒体 媒體 出处 出處",
    "url": "url link address web_url article_url source_url 链接 連結 鏈接 网址 網址",
    "tags": "tags keywords categories topics section 标签 標籤 关键词 關鍵詞 分类 分類",
    "author": "author authors byline writer journalist 作者 记者 記者",
}
_FIELDS = {name: field for field, names in _COLUMNS.items() for name in names.split()}
_TIME_OF_DAY = re.compile(r"[T ]\d{1,2}:\d\d.*$")


def read(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the article of each row; a bad row becomes a Failure with the number of its line. Raises InputError."""
    text = encodings.decode(fields.whole(file, limit=MAX_BYTES))
    csv.field_size_limit(fields.MAX_BYTES)
    rows = csv.reader(StringIO(text.lstrip().replace("\0", ""), newline=""), _dialect(text))
    names = _names(next(rows))
    while True:
        place = f"{where}:{rows.line_num + 1}"
        try:
            row = next(rows, None)
            if row is None:
                return
            if any(cell.strip() for cell in row):
                yield fields.article(_fields(row, names))
        except csv.Error as error:
            yield Failure(place, f"The row cannot be read: {error}. Double the quotation marks inside a text.")
        except InputError as error:
            yield Failure(place, str(error))


def _dialect(text: str) -> type[csv.Dialect]:
    """Return the dialect whose delimiter parts the first line into the most columns."""

    class Dialect(csv.excel):
        delimiter = max(",\t;|", key=text.lstrip().split("\n", 1)[0].count)
        strict = True  # else an open quotation mark swallows the rows that follow

    return Dialect


def _names(header: list[str]) -> list[str]:
    """Return the field that each column holds, or an empty name. Raises InputError without a title and a body."""
    plain = [re.sub(r"[\s_-]+", "_", cell.strip().lower()) for cell in header]
    names = [_FIELDS.get(cell, "") for cell in plain]
    for field in ("title", "body"):
        if field not in names:
            raise InputError(
                f"No column holds the {field}: the first row is {', '.join(map(repr, header))[:200]}.",
                hint=f"Name one {field!r}; the others are {', '.join(name for name in _COLUMNS if name != field)}.",
            )
    return names


def _fields(row: list[str], names: list[str]) -> Mapping[str, object]:
    if len(row) > len(names):
        raise InputError(
            f"The row has {len(row)} columns, the first has {len(names)}.", hint="Put texts that hold commas in quotes."
        )
    found: dict[str, object] = {}
    for name, cell in zip(names, row, strict=False):
        if name and cell.strip():
            found.setdefault(name, cell)
    if isinstance(tags := found.get("tags"), str):
        found["tags"] = [tag.strip() for tag in re.split(r"[,;|、；，]", tags) if tag.strip()]
    if isinstance(published := found.get("published"), str):
        found["published"] = facts.day_of(_TIME_OF_DAY.sub("", published)) or published
    return found
