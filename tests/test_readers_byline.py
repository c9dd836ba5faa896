"""The lines below a title say when, by whom and where an article was published; what they mention does not count."""

from __future__ import annotations

from datetime import date

import pytest

from bot.readers.byline import byline

DAY = date(2021, 9, 14)


@pytest.mark.parametrize(
    ("line", "published", "author", "source"),
    [
        ("By Ana Reyes  /  Staff reporter", None, "Ana Reyes", ""),
        ("By Ana Reyes and Li Wei, Example Post", None, "Ana Reyes and Li Wei", ""),
        ("Sept. 14, 2021 | By Ana Reyes", DAY, "Ana Reyes", ""),
        ("Tuesday, 14 September 2021 09:30 BST", DAY, "", ""),
        ("BRUSSELS, 14 September 2021 – The Commission has opened an inquiry into five firms.", DAY, "", ""),
        ("Published: 2021-09-14 | Source: Example Post", DAY, "", "Example Post"),
        ("2021年9月14日 10:30　来源：示例报　作者：张三", DAY, "张三", "示例报"),
        ("2021-09-14 10:30 来源： 示例网 记者：李四 编辑：王五", DAY, "李四", "示例网"),
        ("示例社北京9月14日电（记者王一、李二三）监管部门要求流明支付分拆。", None, "王一、李二三", ""),
        ("發布時間：2021/09/14 10:22", DAY, "", ""),
        ("（記者王一／台北報導）", None, "王一", ""),
        ("文／張小明", None, "張小明", ""),
        ("作者:司馬相如 2021-09-14", DAY, "司馬相如", ""),
    ],
)
def test_a_line_about_the_article_is_read(line: str, published: date | None, author: str, source: str) -> None:
    found = byline([line])
    assert (found.published, found.author, found.source) == (published, author, source)


@pytest.mark.parametrize(
    "line",
    [
        "By the end of 2021",
        "The rule took effect on 14 September 2021.",
        "The rules of 14 September 2021",
        "消费者 王一",
        "新规于2021年9月14日起施行。",
        "關於2021年9月14日的規定",
        "Published 30 February 2021",
        "",
    ],
)
def test_a_line_of_the_article_is_not_taken_for_one_about_it(line: str) -> None:
    found = byline([line])
    assert (found.published, found.author, found.source) == (None, "", "")


@pytest.mark.parametrize(
    ("before", "author"),
    [
        (["A heading", "The regulator told Lumen Pay to split."], "Ana Reyes"),
        (["The regulator told Lumen Pay to split.", "It will comply."], ""),
        (["监管机构要求流明支付分拆。", "该公司表示将遵守。"], ""),
        (["A line of text"] * 12, ""),
    ],
    ids=["summary", "begun", "begun-zh", "too-late"],
)
def test_only_lines_before_the_article_begins_count(before: list[str], author: str) -> None:
    assert byline([*before, "By Ana Reyes"]).author == author


@pytest.mark.parametrize("line", ["© 14 September 2021 Example Post", "Copyright 2021-09-14", "版权所有 2021年9月14日"])
def test_a_line_on_rights_does_not_date_an_article(line: str) -> None:
    assert byline([line]).published is None
