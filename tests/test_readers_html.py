"""A web page becomes its article: the text alone, with the facts that the page states about itself."""

from __future__ import annotations

import io
import json
from datetime import date
from email.message import EmailMessage
from typing import Any

import pytest

from bot import readers
from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers.html import article_from_html
from bot.records import Article

PARAGRAPHS = {
    "en": [
        "The Harbour Financial Authority on Monday told Lumen Pay to split off its lending arm by the end of March.",
        "Lumen Pay said that it would “comply in full” and that its users would not notice any change to the app.",
        "The order follows a two-year inquiry into how the company sold small loans to students and young workers.",
    ],
    "zh-Hans": [
        "港湾金融管理局周一要求流明支付在三月底之前分拆其贷款业务，并引入外部股东。",
        "流明支付表示将“全面遵守”，用户不会感到应用程序有任何变化。",
        "此前监管部门用两年时间调查了该公司如何向学生和年轻职工发放小额贷款。",
    ],
    "zh-Hant": [
        "港灣金融管理局週一要求流明支付在三月底之前分拆其貸款業務，並引入外部股東。",
        "流明支付表示將「全面遵守」，用戶不會感到應用程式有任何變化。",
        "此前監管機構用兩年時間調查了該公司如何向學生和年輕職工發放小額貸款。",
    ],
}
TITLE = {"en": "Lumen Pay must split", "zh-Hans": "流明支付须分拆", "zh-Hant": "流明支付須分拆"}
OUTLET = {"en": "Example Post", "zh-Hans": "示例报", "zh-Hant": "範例報"}
AUTHOR = {"en": "Ana Reyes", "zh-Hans": "王一", "zh-Hant": "王小明"}
URL = "https://news.example/2021/lumen.html"

each_language = pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])


def page(language: str, *, head: str = "", byline: str = "", charset: str = "utf-8", title: str | None = None) -> str:
    paragraphs = "\n".join(f"<p>{text}</p>" for text in PARAGRAPHS[language])
    return f"""<!doctype html><html><head><meta charset="{charset}"><title>{title or TITLE[language]}</title>{head}
    <style>p {{ color: red }}</style><script>var tracking = "do not read me";</script></head><body>
    <nav><ul><li><a href="/">Home 首页</a></li><li><a href="/tech">Technology 科技</a></li></ul></nav>
    <div class="cookie-banner"><p>We use cookies. 我们使用cookies。</p></div>
    <article><h1>{TITLE[language]}</h1>{byline}{paragraphs}</article>
    <aside class="related"><h3>Read also 推荐阅读</h3><ul><li><a href="/x">Another 另一则新闻</a></li></ul></aside>
    <footer><p>© 2024 All rights reserved 版权所有</p></footer></body></html>"""


def linked_data(language: str, **changes: Any) -> str:
    node = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": TITLE[language],
        "datePublished": "2021-09-14T23:30:00+08:00",
        "author": [{"@type": "Person", "name": AUTHOR[language]}],
        "publisher": {"@type": "Organization", "name": OUTLET[language]},
    }
    return f'<script type="application/ld+json">{json.dumps(node | changes, ensure_ascii=False)}</script>'


def about(article: Article) -> tuple[str, date | None, str, str]:
    return article.title, article.published, article.source, article.author


@each_language
def test_a_page_becomes_its_article_alone(language: str) -> None:
    found = article_from_html(page(language, head=linked_data(language)).encode(), url=URL)
    assert found.body == "\n\n".join(PARAGRAPHS[language])
    assert found.language == language
    assert about(found) == (TITLE[language], date(2021, 9, 14), OUTLET[language], AUTHOR[language])
    assert found.url == URL


@each_language
@pytest.mark.parametrize(
    "head",
    [
        pytest.param(
            '<meta property="og:title" content="{title}"><meta property="og:site_name" content="{outlet}">'
            '<meta property="article:published_time" content="2021-09-14T08:00:00Z">'
            '<meta name="author" content="{author}">',
            id="open-graph",
        ),
        pytest.param(
            '<meta name="ArticleTitle" content="{title}"><meta name="ContentSource" content="{outlet}">'
            '<meta name="PubDate" content="2021-09-14 10:00"><meta name="Author" content="{author}">',
            id="government",
        ),
        pytest.param(
            '<meta name="DC.title" content="{title}"><meta name="DC.publisher" content="{outlet}">'
            '<meta name="DC.date.issued" content="14 September 2021"><meta name="DC.creator" content="{author}">',
            id="dublin-core",
        ),
    ],
)
def test_meta_elements_say_what_the_page_is(language: str, head: str) -> None:
    stated = head.format(title=TITLE[language], outlet=OUTLET[language], author=AUTHOR[language])
    found = article_from_html(page(language, head=stated).encode())
    assert about(found) == (TITLE[language], date(2021, 9, 14), OUTLET[language], AUTHOR[language])


@pytest.mark.parametrize(
    ("language", "byline"),
    [
        ("en", "<p class='byline'>By Ana Reyes</p><p>14 September 2021 | Source: Example Post</p>"),
        ("zh-Hans", "<div>2021年09月14日 10:20　来源：示例报　作者：王一</div>"),
        ("zh-Hant", "<div><span>2021-09-14 10:20</span> <span>來源：範例報</span></div><p>記者王小明／台北報導</p>"),
    ],
)
def test_the_lines_below_the_title_say_what_no_metadata_does(language: str, byline: str) -> None:
    found = article_from_html(page(language, byline=byline).encode())
    assert about(found) == (TITLE[language], date(2021, 9, 14), OUTLET[language], AUTHOR[language])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"@type": ["Article", "Thing"]}, date(2021, 9, 14), id="types"),
        pytest.param({"datePublished": "2021-02-30"}, date(2021, 9, 1), id="impossible-date"),
        pytest.param({"datePublished": ["2021"], "author": {"name": None}}, date(2021, 9, 1), id="other-forms"),
        pytest.param({"@type": "Organization", "headline": "No"}, date(2021, 9, 1), id="not-the-article"),
    ],
)
def test_a_fact_that_cannot_be_is_left_to_the_next_source(changes: dict[str, Any], expected: date) -> None:
    head = linked_data("en", **changes) + '<meta name="date" content="2021-09-01">'
    found = article_from_html(page("en", head=head).encode())
    assert (found.title, found.published) == ("Lumen Pay must split", expected)


def test_linked_data_is_found_in_a_graph_and_broken_linked_data_is_passed_over() -> None:
    graph = json.dumps({"@graph": [{"@type": "WebSite"}, {"@type": "NewsArticle", "datePublished": "2021-09-14"}]})
    head = f'<script type="application/ld+json">{{"@type":</script><script type="application/ld+json">{graph};</script>'
    assert article_from_html(page("en", head=head).encode()).published == date(2021, 9, 14)


@pytest.mark.parametrize("said", ["3 May 2019", "2019-05-03", "2019年5月3日"])
def test_a_date_in_the_text_or_the_footer_is_not_the_pages(said: str) -> None:
    text = page("en").replace("two-year inquiry", f"inquiry of {said}").replace("© 2024", f"© {said}")
    assert article_from_html(text.encode()).published is None


@pytest.mark.parametrize(
    "byline",
    [
        "<time datetime='2021-09-14T23:00:00Z'>today</time>",
        "<span itemprop='datePublished' content='2021-09-14'>today</span>",
        "<span class='source pubtime'>2021年09月14日 10:20</span>",
        "<aside><time datetime='2020-01-01'></time></aside><p class='entry-date'>Sept. 14, 2021</p>",
    ],
    ids=["time", "microdata", "class", "not-of-another"],
)
def test_an_element_marked_as_the_date_is_read(byline: str) -> None:
    assert article_from_html(page("en", byline=byline).encode()).published == date(2021, 9, 14)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("2021/09/14/lumen-pay.html", date(2021, 9, 14)),
        ("art/2021-09-14-lumen", date(2021, 9, 14)),
        ("gov/t20210914_5638.html", date(2021, 9, 14)),
        ("2021/13/45/lumen", None),
        ("story/202109141", None),
    ],
)
def test_the_date_in_an_address_is_the_last_resort(path: str, expected: date | None) -> None:
    found = article_from_html(page("en").encode(), url=f"https://news.example/{path}")
    assert (found.published, found.source) == (expected, "news.example")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("<b>Fined</b> &amp;amp; warned | Example Post", "Fined & warned"),
        ("罚款 &lt;三倍&gt; - Example Post", "罚款 <三倍>"),
        ("罰款😀\u200f再罰_Example Post", "罰款😀\u200f再罰"),
        ("Rules - and exceptions", "Rules - and exceptions"),
    ],
    ids=["en-tags", "zh-Hans-entities", "zh-Hant-emoji-and-mark", "not-an-outlet"],
)
def test_a_title_is_plain_text_without_the_outlet(title: str, expected: str) -> None:
    quoted = title.replace("<", "&lt;").replace(">", "&gt;") if "<b>" in title else title
    head = f'<meta property="og:title" content="{quoted}"><meta property="og:site_name" content="Example Post">'
    assert article_from_html(page("en", head=head).encode()).title == expected


@pytest.mark.parametrize(
    ("canonical", "url", "expected"),
    [
        ("/2021/lumen", "https://news.example/2021/lumen?utm=1", "https://news.example/2021/lumen"),
        ("https://www.news.example/a", "https://news.example/a?b", "https://www.news.example/a"),
        ("https://elsewhere.example/a", "https://news.example/a", "https://news.example/a"),
        ("https://news.example/", "https://news.example/a", "https://news.example/a"),
        ("javascript:alert(1)", "https://news.example/a", "https://news.example/a"),
        ("https://[bad/a", "https://news.example/a", "https://news.example/a"),
        ("https://news.example/a", None, "https://news.example/a"),
        ("/a", None, None),
    ],
    ids=["relative", "www", "other-site", "front-page", "script", "malformed", "file", "file-relative"],
)
def test_a_page_is_believed_about_its_address_within_its_site(
    canonical: str, url: str | None, expected: str | None
) -> None:
    head = f'<link rel="canonical" href="{canonical}">'
    assert article_from_html(page("en", head=head).encode(), url=url).url == expected


# --- text -----------------------------------------------------------------------------------------------------------


def body_of(inner: str) -> str:
    return article_from_html(f"<html><body><article><h1>Title</h1>{inner}</article></body></html>".encode()).body


def test_breaks_lists_tables_and_quotations_are_paragraphs() -> None:
    a, b, c = PARAGRAPHS["zh-Hans"]
    inner = (
        f"<p>{a}<br>{b}</p><ul><li>第一点</li><li>第二点</li></ul><blockquote><p>{c}</p></blockquote>"
        f"<table><tr><th>年</th><th>罚款</th></tr><tr><td>2021</td><td>三亿</td></tr></table><p>{b}再说一遍。</p>"
    )
    expected = [a, b, "第一点", "第二点", c, "年 | 罚款", "2021 | 三亿", f"{b}再说一遍。"]
    assert body_of(inner).split("\n\n") == expected


def test_a_short_chinese_page_keeps_its_paragraphs_and_leaves_its_byline_out() -> None:
    a, b, c = PARAGRAPHS["zh-Hant"]
    inner = f"<p class='byline'>記者王小明</p><p>{a}</p><h2>背景</h2><p>{b}</p><p>{c}</p>"
    assert body_of(inner).split("\n\n") == [a, "背景", b, c]


def test_old_chinese_pages_part_their_paragraphs_by_breaks_and_indents() -> None:
    a, b, c = PARAGRAPHS["zh-Hans"]
    page = f"<html><body><div id='content'>　　{a}<br>　　{b}<br><br>　　{c}</div></body></html>"
    assert article_from_html(page.encode("gb18030")).body.split("\n\n") == [a, b, c]


def test_a_line_broken_within_a_sentence_stays_in_its_paragraph() -> None:
    assert "the end of\nMarch, it said." in body_of(
        f"<p>By the end of<br>March, it said.</p><p>{PARAGRAPHS['en'][0]}</p>"
    )


# --- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "encoding", "declared", "header"),
    [
        ("zh-Hans", "gb18030", "gb2312", None),
        ("zh-Hans", "gb18030", "utf-8", None),
        ("zh-Hans", "gb18030", "utf-8", "utf-8"),
        ("zh-Hans", "gb18030", "big5", "iso-8859-1"),
        ("zh-Hans", "utf-8", "gb2312", "gbk"),
        ("zh-Hans", "utf-16", "utf-8", None),
        ("zh-Hans", "utf-16-le", "utf-16", None),
        ("zh-Hant", "big5", "big5", None),
        ("zh-Hant", "big5hkscs", "utf-8", "utf-8"),
        ("zh-Hant", "big5", "gb2312", None),
        ("zh-Hant", "gb18030", "big5", None),
        ("zh-Hant", "utf-8-sig", "big5", "big5"),
        ("zh-Hant", "utf-16-be", "big5", None),
        ("en", "cp1252", "utf-8", None),
        ("en", "cp1252", "iso-8859-1", None),
        ("en", "utf-8", "gb2312", None),
        ("en", "gb18030", "gb2312", None),
        ("en", "utf-16", "utf-8", None),
    ],
)
def test_the_encoding_is_told_whatever_the_page_declares(
    language: str, encoding: str, declared: str, header: str | None
) -> None:
    data = page(language, charset=declared).replace("©", "").encode(encoding, "ignore")
    assert article_from_html(data, charset=header).body == "\n\n".join(PARAGRAPHS[language])


def test_some_damaged_bytes_do_not_lose_a_page() -> None:
    data = page("zh-Hans").encode("gb18030").replace("全面".encode("gb18030"), "全".encode("gb18030") + b"\xff\xff")
    found = article_from_html(data).body
    assert found.split("\n\n")[0] == PARAGRAPHS["zh-Hans"][0]
    assert "“全" in found


def test_nul_surrogates_and_an_xml_declaration_do_not_lose_a_page() -> None:
    text = page("zh-Hant").replace("全面", "全\0&#xD800;&#0;面")
    found = article_from_html(b'<?xml version="1.0" encoding="gbk"?>' + text.encode()).body
    assert found.split("\n\n")[0] == PARAGRAPHS["zh-Hant"][0]
    assert not {"\0", "\ud800"} & set(found)


# --- what is no article ---------------------------------------------------------------------------------------------

NO_TEXT = "The page holds no article text. It may need a login or JavaScript: save the text that you see."


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "The file is empty. Check that it was written completely.", id="empty"),
        pytest.param(b"<!-- -->", NO_TEXT, id="comment"),
        pytest.param(b"<html><head><title>Loading</title></head><body></body></html>", NO_TEXT, id="no-body"),
        pytest.param(b"<html><body><script>app()</script><div id=root></div></body></html>", NO_TEXT, id="script"),
        pytest.param(
            b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" * 9,
            "The file is not text. Save it as plain text in UTF-8.",
            id="image",
        ),
    ],
)
def test_what_holds_no_article_is_an_error_that_says_so(data: bytes, why: str) -> None:
    with pytest.raises(InputError) as raised:
        article_from_html(data)
    assert str(raised.value) == why


def test_a_page_nested_more_deeply_than_any_article_is_an_error() -> None:
    deep = f"<html><body>{'<div>' * 20_000}<p>{PARAGRAPHS['en'][0]}</p>"
    with pytest.raises(InputError, match="The page holds no article text"):
        article_from_html(deep.encode())


# --- saved with its parts -------------------------------------------------------------------------------------------


def saved(language: str, *, charset: str) -> bytes:
    message = EmailMessage()
    message["Snapshot-Content-Location"] = URL
    message["Subject"] = TITLE[language]
    message.set_content("unused")
    message.make_related()
    data = page(language, charset=charset).encode(charset, "xmlcharrefreplace")
    message.get_payload()[0].set_content(data, "text", "html", cte="base64")
    message.add_related(b"\x89PNG", "image", "png")
    return message.as_bytes()


@pytest.mark.parametrize(
    ("language", "charset"), [("en", "utf-8"), ("zh-Hans", "gb18030"), ("zh-Hant", "big5")], ids=lambda value: value
)
def test_a_page_saved_with_its_parts_is_read(language: str, charset: str) -> None:
    (found,) = readers.read_file(io.BytesIO(saved(language, charset=charset)), "a.mhtml")
    assert isinstance(found, Article), found
    assert (found.body, found.url) == ("\n\n".join(PARAGRAPHS[language]), URL)


def test_a_saved_page_without_a_page_is_named() -> None:
    found = list(readers.read_file(io.BytesIO(b"Subject: x\n\nno page"), "a.mht"))
    assert found == [Failure("a.mht", "The file holds no page. Save the page again, as HTML or text.")]
