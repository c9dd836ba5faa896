"""Pages: one address each, told from what they hold, read as articles; and the manners of fetching them."""

from __future__ import annotations

import time
from datetime import date
from types import SimpleNamespace

import pytest
from website import Website, send

from bot.errors import AddressRefused, FetchError, InputError
from bot.readers import web
from bot.readers.fetch import Fetcher, Limits, Page
from bot.readers.guard import Guard
from bot.readers.visit import Visitor
from bot.readers.web import Links

URL = "https://example.org/news/fine"


def page(content: str | bytes, type: str = "text/html", *, url: str = URL, charset: str | None = None) -> Page:
    return Page(url, content.encode("utf-8") if isinstance(content, str) else content, type, charset)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a#top", "https://example.org/a"),
        ("HTTPS://Example.ORG/A", "https://example.org/A"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/a?utm_source=x&utm_medium=rss", "https://example.org/a"),
        ("https://example.org/a?id=5&UTM_Campaign=y&page=2", "https://example.org/a?id=5&page=2"),
        ("https://example.org/a?fbclid=1&gclid=2&mc_cid=3&spm=4&_hsenc=5", "https://example.org/a"),
        ("https://example.org/a?cid=5&source=6&ref=7&uid=8", "https://example.org/a?cid=5&source=6&ref=7&uid=8"),
        ("https://example.org/a?b=%2F&c", "https://example.org/a?b=%2F&c"),
        ("https://example.org/新闻?题=罚款&utm_id=1", "https://example.org/新闻?题=罚款"),
        ("https://example.org/新聞#罰款", "https://example.org/新聞"),
    ],
)
def test_an_address_loses_what_only_tracks_its_readers(url: str, expected: str) -> None:
    assert web.address(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a?b=1&c=2",
        "https://www.example.org/a/?c=2&b=1",
        "https://m.example.org:443/a?b=1&c=2&utm_source=x#d",
    ],
)
def test_variants_of_an_address_are_one_page(url: str) -> None:
    assert web.key(url) == "example.org/a?b=1&c=2"
    assert web.identity(url) == web.identity("https://example.org/a?b=1&c=2")


@pytest.mark.parametrize(
    "url",
    ["https://example.org/b", "https://example.org/A", "https://example.com/a", "https://example.org/a?id=1"],
)
def test_other_addresses_are_other_pages(url: str) -> None:
    assert web.identity(url) != web.identity("https://example.org/a")


RSS = '<?xml version="1.0"?><rss version="2.0"><channel><title>x</title></channel></rss>'
KINDS = {
    "page": (page("<!DOCTYPE html><html><p>x"), "html"),
    "fragment": (page("<p>x"), "html"),
    "page that begins with text": (page("x <p>"), "html"),
    "XHTML": (page('<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"/>'), "html"),
    "RSS": (page(RSS, "application/rss+xml"), "feed"),
    "RSS that is said to be a page": (page(RSS), "feed"),
    "RSS after a mark and a comment": (page(b"\xef\xbb\xbf <!-- x --><rss/>", "text/xml"), "feed"),
    "RSS in UTF-16": (page(RSS.encode("utf-16"), "text/xml"), "feed"),
    "RSS 1.0": (page("<rdf:RDF xmlns:rdf='x'/>", "text/xml"), "feed"),
    "Atom": (page("<feed xmlns='http://www.w3.org/2005/Atom'/>", "application/xml"), "feed"),
    "Atom with a prefix": (page("<atom:feed xmlns:atom='x'/>", "application/xml"), "feed"),
    "JSON feed": (page('{"version": "https://jsonfeed.org/version/1.1"}', "application/json"), "feed"),
    "JSON feed, escaped": (page('{"version": "https:\\/\\/jsonfeed.org\\/version\\/1"}', "text/plain"), "feed"),
    "PDF": (page(b"%PDF-1.7 x", "application/pdf"), "pdf"),
    "PDF that is said to be a page": (page(b"%PDF-1.7 x"), "pdf"),
    "text": (page("x", "text/plain"), "text"),
}


@pytest.mark.parametrize(("given", "expected"), KINDS.values(), ids=KINDS)
def test_what_a_page_holds_says_what_it_is(given: Page, expected: str) -> None:
    assert web.kind(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        page('{"error": "x"}', "application/json"),
        page(b"PK\x03\x04", ""),
        page(b"\x89PNG\0\0", "text/plain"),
        page("", "application/xml"),
    ],
)
def test_what_is_neither_page_nor_feed_is_an_error(given: Page) -> None:
    with pytest.raises(InputError, match="neither a page nor a feed"):
        web.kind(given)


CANONICAL = {
    "none": ("", URL, URL),
    "its own": ('<link rel="canonical" href="/news/fine-2024">', URL, "https://example.org/news/fine-2024"),
    "another form of the host": (
        '<link rel="canonical" href="https://www.example.org/news/fine">',
        URL,
        "https://www.example.org/news/fine",
    ),
    "of a mobile page": (
        '<link rel="canonical" href="https://example.org/fine">',
        "https://m.example.org/fine?x=1",
        "https://example.org/fine",
    ),
    "og:url": ('<meta property="og:url" content="/fine?utm_source=og">', URL, "https://example.org/fine"),
    "after a base": ('<base href="/zh/"><link rel="canonical" href="fine">', URL, "https://example.org/zh/fine"),
    "of an AMP page": ('<link rel="canonical" href="/a/b">', "https://example.org/a/b/amp", "https://example.org/a/b"),
    "of another site": ('<link rel="canonical" href="https://evil.example/fine">', URL, URL),
    "of another site's part": ('<link rel="canonical" href="https://example.org.evil.example/">', URL, URL),
    "of the whole site": ('<link rel="canonical" href="/">', URL, URL),
    "of the section": ('<link rel="canonical" href="/news/">', URL, URL),
    "of the script for all": ('<link rel="canonical" href="/a.php">', "https://example.org/a.php?id=5", None),
    "no address": ('<link rel="canonical" href="http://[bad">', URL, URL),
    "not of the web": ('<link rel="canonical" href="javascript:alert(1)">', URL, URL),
    "with a user name": ('<link rel="canonical" href="https://x@example.org/a">', URL, URL),
    "empty": ('<link rel="canonical" href="">', URL, URL),
}


@pytest.mark.parametrize(("head", "url", "expected"), CANONICAL.values(), ids=CANONICAL)
def test_a_canonical_address_is_believed_within_reason(head: str, url: str, expected: str | None) -> None:
    found = web.links(page(f"<html><head>{head}</head><body><p>x", url=url))
    assert found == Links(expected or url)


def test_the_feeds_of_a_page_are_found_those_of_comments_last() -> None:
    head = """
        <link rel="alternate" type="application/rss+xml" href="/comments/feed/">
        <link rel="alternate" type="application/rss+xml; charset=utf-8" href="/feed/">
        <LINK REL="Alternate" TYPE="application/atom+xml" HREF="atom.xml">
        <link rel="alternate" type="application/feed+json" href="https://feeds.example.com/f.json">
        <link rel="alternate" hreflang="zh" href="/zh/"><link rel="alternate" type="application/rss+xml" href="ftp://x/">
    """
    assert web.links(page(f"<html><head>{head}</head>")).feeds == (
        "https://example.org/feed/",
        "https://example.org/news/atom.xml",
        "https://feeds.example.com/f.json",
        "https://example.org/comments/feed/",
    )


TEXTS = {
    "en": (
        "Acme fined",
        "The regulator fined Acme 1.5 million euros on Friday, and said that “more cases” – as in Köln – will follow.",
    ),
    "zh-Hans": (
        "流明支付被罚",
        "监管机构周五对流明支付处以一百五十万元罚款，并表示还将有更多案件。该公司须开放外部链接。",
    ),
    "zh-Hant": (
        "流明支付被罰",
        "監管機構週五對流明支付處以一百五十萬元罰款，並表示還將有更多案件。該公司須開放外部連結。",
    ),
}
ENCODINGS = [
    ("en", "utf-8", True),
    ("en", "cp1252", True),
    ("en", "cp1252", False),
    ("en", "mac-roman", True),
    ("zh-Hans", "utf-8", False),
    ("zh-Hans", "gb18030", True),
    ("zh-Hans", "gb18030", False),
    ("zh-Hant", "utf-16", False),
    ("zh-Hant", "big5", True),
    ("zh-Hant", "big5", False),
]


class Waits(list[float]):
    """Instead of sleeping, note for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(round(seconds, 1))


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def visitor(site: Website, waits: Waits) -> Visitor:
    fetcher = Fetcher(Guard(site.host), agent="Tester/1 (x)", limits=Limits(seconds=10, redirects=3))
    return Visitor(fetcher, delay=0, sleep=waits)


@pytest.mark.parametrize(("language", "encoding", "declared"), ENCODINGS)
def test_a_page_becomes_an_article_whatever_it_is_written_in(
    site: Website, visitor: Visitor, language: str, encoding: str, declared: bool
) -> None:
    title, text = TEXTS[language]
    html = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{text}</p></article></body>"
    site.put("/a?utm_source=x", html.encode(encoding), f"text/html; charset={encoding}" if declared else "text/html")
    article, failures = web.read(visitor.get(site.url("/a?utm_source=x")))
    assert (article.title, article.body, article.language, failures) == (title, text, language, [])
    assert (article.id, article.url) == (web.identity(site.url("/a")), site.url("/a"))


def test_a_page_that_has_changed_keeps_its_name(site: Website, visitor: Visitor) -> None:
    ids = set()
    for text in ("The regulator fined Acme on Friday.", "The regulator fined Acme on Friday. Acme will appeal."):
        site.put("/a", f"<html><title>Acme fined</title><body><article><p>{text} It said so.</p></article>")
        ids.add(web.read(visitor.get(site.url("/a")))[0].id)
    assert len(ids) == 1


def test_a_plain_text_is_an_article_with_its_first_line_for_a_title() -> None:
    article, _ = web.read(page("# Acme fined\n\nThe regulator fined Acme.\n", "text/plain"))
    assert (article.title, article.body) == ("Acme fined", "The regulator fined Acme.")


def pdf(text: str) -> bytes:
    """Write a PDF of one page with one line."""
    drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    whole, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(whole)
    whole += b"xref\n0 6\n0000000000 65535 f \n" + table
    return whole + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def test_a_pdf_is_read_by_its_reader(site: Website, visitor: Visitor) -> None:
    site.put("/order.pdf", pdf("The regulator fined Acme 1.5 million euros on Friday."), "application/pdf")
    article, failures = web.read(visitor.get(site.url("/order.pdf")))
    assert "fined Acme 1.5 million" in f"{article.title} {article.body}"
    assert (article.url, failures) == (site.url("/order.pdf"), [])


@pytest.mark.parametrize(
    "given",
    [
        page(RSS, "text/xml"),
        page("<html><body></body></html>"),
        page(b"%PDF-1.4 broken", "application/pdf"),
        page("", "text/html"),
    ],
)
def test_a_page_without_an_article_is_an_error(given: Page) -> None:
    with pytest.raises(InputError):
        web.read(given)


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /a*\nAllow: /a/b", True),
        ("User-agent: *\nAllow: /\nUser-agent: tester\nDisallow: /a/", False),
        ("User-agent: *\nDisallow: /\nUser-agent: Tester\nAllow: /", True),
        ("User-agent: Other\nDisallow: /", True),
        ("\ufeffUser-agent: *\nDisallow: /a", False),
        ("<html>no robots here", True),
    ],
)
def test_robots_txt_is_obeyed(site: Website, visitor: Visitor, robots: str, allowed: bool) -> None:
    site.put("/robots.txt", robots, "text/plain")
    site.put("/a/b", "<p>x")
    if allowed:
        assert visitor.get(site.url("/a/b")).content == b"<p>x"
    else:
        with pytest.raises(FetchError, match=r"robots\.txt does not allow"):
            visitor.get(site.url("/a/b"))
    assert site.asked == ["/robots.txt", "/a/b"][: 1 + allowed]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_without_a_robots_txt_all_is_allowed(site: Website, visitor: Visitor, status: int) -> None:
    site.put("/robots.txt", "", status=status)
    assert visitor.get(site.put("/a", "<p>x")).content == b"<p>x"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_while_robots_txt_cannot_be_read_nothing_is_allowed(site: Website, visitor: Visitor, status: int) -> None:
    site.put("/robots.txt", "", status=status)
    with pytest.raises(FetchError, match=r"robots\.txt cannot be read") as error:
        visitor.get(site.put("/a", "<p>x"))
    assert error.value.temporary
    assert site.asked == ["/robots.txt"] * 3


def test_robots_txt_is_read_once(site: Website, visitor: Visitor) -> None:
    for path in ("/a", "/b", "/c"):
        visitor.get(site.put(path, "<p>x"))
    assert site.asked == ["/robots.txt", "/a", "/b", "/c"]


def test_a_robots_txt_elsewhere_is_checked_like_any_address(site: Website, visitor: Visitor) -> None:
    site.redirect("/robots.txt", "http://169.254.169.254/latest")
    with pytest.raises(AddressRefused):
        visitor.get(site.put("/a", "<p>x"))
    assert site.asked == ["/robots.txt"]


def test_where_a_page_redirects_to_robots_txt_counts_too(site: Website, visitor: Visitor) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /secret", "text/plain")
    site.put("/secret", "<p>x")
    with pytest.raises(FetchError, match=r"robots\.txt does not allow"):
        visitor.get(site.redirect("/a", "/secret"))
    assert site.asked == ["/robots.txt", "/a"]


@pytest.fixture
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.readers.visit.time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.mark.usefixtures("_stopped_clock")
def test_a_host_is_asked_at_a_modest_rate(site: Website, waits: Waits) -> None:
    visitor = Visitor(Fetcher(Guard(site.host), agent="Tester/1"), delay=2, sleep=waits)
    for path in ("/a", "/b"):
        visitor.get(site.put(path, "<p>x"))
    assert waits == [2.0, 4.0]  # nobody sleeps here: the second page's turn is still two turns away


@pytest.mark.usefixtures("_stopped_clock")
@pytest.mark.parametrize(("asked", "expected"), [("0.5", 1.0), ("10", 10.0), ("86400", 60.0), ("x", 1.0)])
def test_a_crawl_delay_is_kept_up_to_a_minute(site: Website, waits: Waits, asked: str, expected: float) -> None:
    site.put("/robots.txt", f"User-agent: *\nCrawl-delay: {asked}", "text/plain")
    visitor = Visitor(Fetcher(Guard(site.host), agent="Tester/1"), delay=1, sleep=waits)
    for path in ("/a", "/b"):
        visitor.get(site.put(path, "<p>x"))
    assert waits == [1.0, expected + 1]


def test_what_fails_briefly_is_tried_again_when_the_server_says(site: Website, visitor: Visitor, waits: Waits) -> None:
    answers = iter([(503, {"Retry-After": "7"}), (429, {}), (200, {"Content-Type": "text/html"})])

    def answer(handler: object) -> None:
        status, headers = next(answers)
        send(handler, b"<p>x", headers, status=status)

    site.pages["/a"] = answer
    assert visitor.get(site.url("/a")).content == b"<p>x"
    assert waits[:1] == [7.0]


def test_a_server_that_is_busy_for_long_is_left_for_another_time(site: Website, visitor: Visitor, waits: Waits) -> None:
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3_600))
    site.put("/a", "", status=503, Retry_After=soon)
    with pytest.raises(FetchError, match="answers 503"):
        visitor.get(site.url("/a"))
    assert (site.asked, waits) == (["/robots.txt", "/a"], [])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_what_fails_for_good_is_not_tried_again(site: Website, visitor: Visitor, status: int) -> None:
    with pytest.raises(FetchError, match=f"answers {status}"):
        visitor.get(site.put("/a", "", status=status))
    assert site.asked == ["/robots.txt", "/a"]


def test_a_host_that_goes_on_failing_is_left_alone(site: Website, visitor: Visitor) -> None:
    for number in range(5):
        with pytest.raises(FetchError) as error:
            visitor.get(site.put(f"/{number}", "", status=500))
        assert error.value.temporary
    assert site.asked == ["/robots.txt", *(f"/{number}" for number in range(3) for _ in range(3))]


def test_an_answer_is_fetched_only_if_it_has_changed(site: Website, visitor: Visitor) -> None:
    site.put("/a", "", status=304)
    page = visitor.get(site.url("/a"), etag='"1"', modified="Tue, 05 Mar 2024 06:30:00 GMT")
    assert (page.unchanged, page.content) == (True, b"")
    assert site.headers["if-none-match"] == '"1"'
    assert site.headers["if-modified-since"] == "Tue, 05 Mar 2024 06:30:00 GMT"


def test_the_date_of_a_page_is_read(site: Website, visitor: Visitor) -> None:
    html = """<html><head><title>Acme fined</title>
        <meta property="article:published_time" content="2024-03-05T06:30:00+08:00"></head>
        <body><article><p>The regulator fined Acme 1.5 million euros, and said that more cases will follow.</p>"""
    article, _ = web.read(visitor.get(site.put("/a", html)))
    assert article.published == date(2024, 3, 5)
