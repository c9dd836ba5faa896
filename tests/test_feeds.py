"""Feeds: what is new is fetched in full, once, with its date; what fails is named and tried again; nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from earlier import unversion
from website import Website

from bot import Failure, Feed, Ingested, Regbrief, Settings, Stage, Stopped, to_json
from bot.cli import main
from bot.errors import InputError, LibraryLocked, NotFound
from bot.feeds import EXCERPT
from bot.glossary import Glossary
from bot.library import Library
from bot.readers import feed as reader
from bot.readers.feed import Entry
from bot.readers.fetch import Page

STORIES = {
    "en": ("Acme fined", "The regulator fined Acme 1.5 million euros on Friday. More cases will follow, it said."),
    "zh-Hans": (
        "流明支付被罚",
        "监管机构周五对流明支付处以一百五十万元罚款。该机构表示，还将有更多案件，请各公司自查。流明支付须在三十日内开放外部链接，并每月报告一次整改的进展。",
    ),
    "zh-Hant": (
        "流明支付被罰",
        "監管機構週五對流明支付處以一百五十萬元罰款。該機構表示，還將有更多案件，請各公司自查。流明支付須在三十日內開放外部連結，並每月報告一次整改的進展。",
    ),
}
DAY = "Tue, 05 Mar 2024 06:30:00 +0800"


def html(language: str = "en", *, extra: str = "", head: str = "") -> str:
    title, text = STORIES[language]
    return f"""<html><head><title>{title} | Site</title><meta property="og:site_name" content="The Site">{head}</head>
        <body><nav>Home</nav><article><h1>{title}</h1><p>{text}</p><p>{extra}</p></article></body></html>"""


def item(link: str, title: str = "", *, day: str = DAY, text: str = "Summary.", guid: str = "") -> str:
    name = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    when = f"<pubDate>{day}</pubDate>" if day else ""
    return (
        f"<item><title>{title or STORIES['en'][0]}</title><link>{escape(link)}</link>{name}{when}"
        f"<description>{escape(text)}</description></item>"
    )


def rss(*items: str, title: str = "A feed", encoding: str = "utf-8") -> str:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>{title}</title>'
        f"<link>/</link>{''.join(items)}</channel></rss>"
    )


RSS = "application/rss+xml"


@pytest.fixture
def bot(site: Website, library: Library, encoder: Any, glossary: Glossary) -> Regbrief:
    """An empty library that may fetch from the site, without pauses."""
    settings = Settings.read(allow_hosts=site.host, fetch_delay=0)
    return Regbrief.from_library(library, encoder=encoder, glossary=glossary, settings=settings)


def page(content: str | bytes, *, charset: str | None = None) -> Page:
    data = content.encode("utf-8") if isinstance(content, str) else content
    return Page("https://example.org/feeds/x.xml", data, "text/xml", charset)


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>罚款 &amp; Fines</title>
  <entry><title type="html">Acme &lt;b&gt;fined&lt;/b&gt;</title><id>tag:1</id><link rel="alternate" href="/a"/>
    <link rel="enclosure" href="/a.mp3"/><published>2024-03-05T23:30:00-08:00</published>
    <updated>2024-03-09T00:00:00Z</updated><content type="html">&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;</content>
  </entry></feed>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Fines</title></channel>
  <item rdf:about="https://example.org/a"><title>Acme fined</title><link>https://example.org/a</link>
  <dc:date>2024-03-05T01:00:00+08:00</dc:date></item></rdf:RDF>"""
JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Fines",
    "items": [
        {
            "id": 7,
            "url": "/a",
            "title": "Acme fined",
            "content_html": "<p>One.</p><p>Two.</p>",
            "date_published": "2024-03-05T23:30:00-08:00",
            "date_modified": "2024-03-09T00:00:00Z",
        },
        {"id": "8", "content_text": "A note.\n\nAnd more."},
        "no item",
    ],
}
A = "https://example.org/a"
FORMS: dict[str, tuple[str, str, list[Entry]]] = {
    "RSS 2.0": (
        rss(item("../a", "Acme &amp; Co &lt;i&gt;fined&lt;/i&gt;", text="<p>One.</p><p>Two.</p>", guid="1")),
        "A feed",
        [Entry("1", A, "Acme & Co fined", date(2024, 3, 5), body="One.\n\nTwo.")],
    ),
    "RSS 1.0": (RDF, "Fines", [Entry(A, A, "Acme fined", updated=date(2024, 3, 5))]),
    "Atom": (
        ATOM,
        "罚款 & Fines",
        [Entry("tag:1", A, "Acme fined", date(2024, 3, 5), date(2024, 3, 9), body="One.\n\nTwo.")],
    ),
    "JSON": (
        json.dumps(JSON),
        "Fines",
        [
            Entry("7", A, "Acme fined", date(2024, 3, 5), date(2024, 3, 9), body="One.\n\nTwo."),
            Entry("8", None, "", body="A note.\n\nAnd more."),
        ],
    ),
    "not well-formed": (
        rss(item("/a", "A & B")).replace("</channel></rss>", "<oops>"),
        "A feed",
        [Entry(A, A, "A & B", date(2024, 3, 5), body="Summary.")],
    ),
    "empty": (rss(title="Quiet"), "Quiet", []),
}


@pytest.mark.parametrize(("content", "title", "entries"), FORMS.values(), ids=FORMS)
def test_every_form_of_feed_is_read(content: str, title: str, entries: list[Entry]) -> None:
    assert reader.parse(page(content)) == reader.Parsed(title, tuple(entries))


@pytest.mark.parametrize("content", ["", "no feed", "<html><p>x</p></html>", "{", "{}", '{"items": 1}', "[1]"])
def test_what_is_no_feed_is_an_error(content: str) -> None:
    with pytest.raises(InputError, match="is no"):
        reader.parse(page(content))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Tue, 05 Mar 2024 06:30:00 +0800", date(2024, 3, 5)),
        ("Tue, 5 Mar 2024 23:59 EST", date(2024, 3, 5)),
        ("05 Mar 24 06:30:00 GMT", date(2024, 3, 5)),
        ("2024-03-05T23:30:00-08:00", date(2024, 3, 5)),
        ("2024-03-05 01:02:03", date(2024, 3, 5)),
        ("2024-03-05", date(2024, 3, 5)),
        ("2024年3月5日", date(2024, 3, 5)),
        ("2024年3月5日 星期二 下午", date(2024, 3, 5)),
        ("March 5, 2024", date(2024, 3, 5)),
        ("2024-02-31", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_day_is_that_of_the_writer(written: str, expected: date | None) -> None:
    (entry,) = reader.parse(page(rss(item("/a", day=written)))).entries
    assert entry.published == expected


@pytest.mark.parametrize(
    ("language", "encoding", "charset"),
    [
        ("zh-Hans", "utf-8", None),
        ("zh-Hans", "gb18030", None),
        ("zh-Hans", "gb2312", "gb2312"),
        ("zh-Hans", "gb18030", "utf-8"),
        ("zh-Hant", "big5", None),
        ("zh-Hant", "big5", "us-ascii"),
        ("zh-Hant", "utf-16", None),
        ("en", "iso-8859-1", None),
    ],
)
def test_a_feed_is_read_whatever_it_is_written_in(language: str, encoding: str, charset: str | None) -> None:
    title = STORIES[language][0] + ("é" if language == "en" else "")
    content = rss(item("/a", title), title=title, encoding=encoding).encode(encoding)
    parsed = reader.parse(page(content, charset=charset))
    assert (parsed.title, parsed.entries[0].title) == (title, title)


def test_what_the_server_says_of_a_feed_counts_where_the_feed_says_nothing() -> None:
    content = rss(item("/a", "流明支付被罚"))[38:].encode("gb18030")
    assert reader.parse(page(content, charset="gb18030")).entries[0].title == "流明支付被罚"


ENTITIES = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
HOSTILE = {
    "a billion laughs": f'<!DOCTYPE r [<!ENTITY a0 "ha">{ENTITIES}]>{rss(item("/a", "&a9;"))[38:]}',
    "a file as an entity": f'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>{rss(item("/a", "&x;"))[38:]}',
    "deep nesting": rss(item("/a", text="<div>" * 3_000 + "x")),
    "script": rss(item("/a", "x<script>alert(1)</script>", text="<script>alert(1)</script><p onclick='x'>y</p>")),
    "a link that is none": rss(item("http://[bad"), item("javascript:alert(1)"), item("file:///etc/passwd")),
    "NULs": rss(item("/a")).replace("Summary", "Sum\0mary"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_feed_is_read_or_refused(content: str) -> None:
    try:
        parsed = reader.parse(page(content))
    except InputError:
        return
    told = json.dumps(to_json(parsed.entries))
    assert len(told) < 40_000
    assert not any(word in told for word in ("root:", "alert(", "javascript", "file:", "\\u0000", "onclick"))


def test_many_entries_are_read_in_no_time() -> None:
    items = [item(f"/{number}", f"Number {number}") for number in range(2_000)]
    assert len(reader.parse(page(rss(*items))).entries) == 2_000


@pytest.mark.parametrize("language", STORIES)
def test_an_entry_comes_with_its_full_text_and_the_feeds_date(site: Website, bot: Regbrief, language: str) -> None:
    title, text = STORIES[language]
    site.put("/a", html(language, head='<meta property="article:published_time" content="2020-01-01">'))
    bot.follow(site.put("/feed", rss(item("/a?utm_source=rss", title)), RSS))
    (synced,) = bot.sync().feeds
    assert (synced.title, synced.ingested, synced.problem) == ("A feed", Ingested(added=1), None)
    (article,) = bot.articles()
    assert (article.title, article.body, article.language) == (title, text, language)
    assert (article.published, article.source, article.url) == (date(2024, 3, 5), "The Site", site.url("/a"))


def test_a_second_sync_fetches_nothing_twice(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    bot.follow(site.put("/feed", rss(item("/a")), RSS))
    bot.sync()
    site.forget()
    assert bot.sync().feeds[0].ingested == Ingested(unchanged=1)
    assert site.asked == ["/robots.txt", "/feed"]


def test_an_entry_that_scrolls_off_the_feed_stays(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    site.put("/b", html("zh-Hans"))
    bot.follow(site.put("/feed", rss(item("/a")), RSS))
    bot.sync()
    site.put("/feed", rss(item("/b", STORIES["zh-Hans"][0])), RSS)
    bot.sync()
    site.put("/feed", rss(), RSS)
    bot.sync()
    assert {article.url for article in bot.articles()} == {site.url("/a"), site.url("/b")}
    assert bot.feeds()[0].articles == 2


def test_an_unchanged_feed_is_not_sent_again(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    bot.follow(site.put("/feed", rss(item("/a")), RSS, ETag='"1"', Last_Modified=DAY))
    bot.sync()
    site.put("/feed", "", status=304)
    assert bot.sync().feeds[0].ingested == Ingested()
    assert (site.headers["if-none-match"], site.headers["if-modified-since"]) == ('"1"', DAY)
    (feed,) = bot.feeds()
    assert (feed.etag, feed.modified, feed.problem) == ('"1"', DAY, None)


def test_one_story_is_fetched_once_whoever_links_to_it(site: Website, bot: Regbrief) -> None:
    site.put("/a", html(head='<link rel="canonical" href="/a">'))
    site.put("/a/amp", html(head='<link rel="canonical" href="/a">'))
    site.redirect("/short", "/a")
    for number, link in enumerate(("/a", "/a/amp", "/short", "/a?utm_source=x#y")):
        bot.follow(site.put(f"/feed{number}", rss(item(link)), RSS))
        bot.sync()
    assert [article.url for article in bot.articles()] == [site.url("/a")]
    site.forget()
    assert bot.sync().feeds[2].ingested == Ingested(unchanged=1)
    assert not {"/a", "/a/amp", "/short"} & set(site.asked)


def test_two_feeds_at_once_fetch_a_story_once(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    site.redirect("/short", "/a")
    bot.follow([site.put(f"/feed{n}", rss(item("/a" if n % 2 else "/short")), RSS) for n in range(6)])
    bot.sync()
    bot.sync()
    assert [article.url for article in bot.articles()] == [site.url("/a")]
    assert bot.sync().feeds[5].ingested == Ingested(unchanged=1)


def test_an_article_that_was_removed_does_not_come_back(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    bot.follow(site.put("/feed", rss(item("/a")), RSS))
    bot.sync()
    bot.remove([article.id for article in bot.articles()])
    bot.sync()
    assert list(bot.articles()) == []


FULL = "<p>The regulator fined Acme.</p><p>More will follow.</p>"
UNREADABLE: dict[str, tuple[Callable[[Website], object], str]] = {
    "gone": (lambda site: site.put("/a", "", status=404), "answers 404"),
    "for members": (lambda site: site.put("/a", "", status=403), "answers 403"),
    "not allowed": (
        lambda site: site.put("/robots.txt", "User-agent: *\nDisallow: /a", "text/plain"),
        "robots.txt does not allow",
    ),
    "a picture": (lambda site: site.put("/a", b"x", "image/png"), "is 'image/png'"),
    "empty": (lambda site: site.put("/a", "<html><body></body></html>"), ""),
    "internal": (lambda site: site.redirect("/a", "http://127.0.0.1:1/"), "port 1"),
}


@pytest.mark.parametrize(("prepare", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_where_a_page_cannot_be_read_the_feeds_own_text_is_taken_and_it_says_so(
    site: Website, bot: Regbrief, prepare: Callable[[Website], object], reason: str
) -> None:
    prepare(site)
    bot.follow(site.put("/feed", rss(item("/a", text=FULL)), RSS))
    (synced,) = bot.sync().feeds
    ((where, why),) = ((each.where, each.why) for each in synced.ingested.partial)
    assert (synced.ingested.added, synced.ingested.failed, where) == (1, (), site.url("/a"))
    assert reason in why
    (article,) = bot.articles()
    assert (article.body, article.tags) == ("The regulator fined Acme.\n\nMore will follow.", (EXCERPT,))
    assert (article.published, article.source, article.url) == (date(2024, 3, 5), "A feed", site.url("/a"))


def test_the_full_text_replaces_the_feeds_own_when_it_can_be_read(site: Website, bot: Regbrief) -> None:
    site.redirect("/short", "/a")
    site.put("/a", "", status=500)
    bot.follow(site.put("/feed", rss(item("/short", text="The regulator fined Acme.")), RSS, ETag='"1"'))
    bot.sync()
    assert bot.feeds()[0].etag is None  # so that an unchanged feed is read again
    (before,) = bot.articles()
    site.put("/a", html())
    assert bot.sync().feeds[0].ingested == Ingested(updated=1)
    (after,) = bot.articles()
    assert (after.id, after.body, after.tags) == (before.id, STORIES["en"][1], ())
    assert bot.feeds()[0].etag == '"1"'


def test_a_feed_with_the_whole_text_helps_where_the_page_has_a_part(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    whole = "".join(f"<p>The regulator fined Acme for reason {number} of many.</p>" for number in range(9))
    bot.follow(site.put("/feed", rss(item("/a", text=whole)), RSS))
    bot.sync()
    (article,) = bot.articles()
    assert (article.body.count("reason"), article.tags) == (9, ())


def test_entries_without_a_page_are_articles_too(site: Website, bot: Regbrief) -> None:
    bot.follow(site.put("/feed", json.dumps(JSON), "application/feed+json"))
    site.put("/a", html())
    assert bot.sync().feeds[0].ingested == Ingested(added=2)
    assert {(article.title, article.url) for article in bot.articles()} == {
        ("Acme fined", site.url("/a")),
        ("A note.", None),
    }
    assert bot.sync().feeds[0].ingested == Ingested(unchanged=2)


def test_an_entry_with_nothing_to_read_is_named_and_stops_nothing(site: Website, bot: Regbrief) -> None:
    site.put("/b", html())
    bot.follow(site.put("/feed", rss(item("/a", text=""), "<item><title>x</title></item>", item("/b")), RSS))
    (synced,) = bot.sync().feeds
    assert synced.ingested.added == 1
    (first, second) = synced.ingested.failed
    assert (first.where, "answers 404" in first.why) == (site.url("/a"), True)
    assert second == Failure(f"{site.url('/feed')} (x)", "The entry names no page.")


def test_a_page_that_breaks_its_reader_stops_nothing(
    site: Website, bot: Regbrief, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.readers import web

    def broken(page: Page) -> Any:
        raise RecursionError("too deep")

    read = web.read
    monkeypatch.setattr(web, "read", lambda page: broken(page) if page.url.endswith("/a") else read(page))
    site.put("/a", html())
    site.put("/b", html("zh-Hant"))
    bot.follow(site.put("/feed", rss(item("/a", text=""), item("/b")), RSS))
    (synced,) = bot.sync().feeds
    assert synced.ingested.added == 1
    assert synced.ingested.failed[0].why == "It cannot be read (RecursionError: too deep)."


BROKEN: dict[str, Callable[[Website], object]] = {
    "gone": lambda site: site.put("/bad", "", status=410),
    "a page": lambda site: site.put("/bad", html()),
    "hangs up": lambda site: site.raw("/bad", b""),
    "redirected inside": lambda site: site.redirect("/bad", "http://169.254.169.254/"),
    "not compressed as it says": lambda site: site.put("/bad", "x", RSS, Content_Encoding="gzip"),
}


@pytest.mark.parametrize("prepare", BROKEN.values(), ids=BROKEN)
def test_a_feed_that_fails_does_not_stop_the_others(
    site: Website, bot: Regbrief, prepare: Callable[[Website], object]
) -> None:
    site.put("/a", html())
    bot.follow([site.put("/bad", rss(title="Bad"), RSS), site.put("/good", rss(item("/a"), title="Good"), RSS)])
    prepare(site)
    bad, good = bot.sync().feeds
    assert (bad.title, bad.ingested, bool(bad.problem)) == ("Bad", Ingested(), True)
    assert (good.title, good.ingested, good.problem) == ("Good", Ingested(added=1), None)
    assert [feed.problem for feed in bot.feeds()] == [bad.problem, None]
    site.put("/bad", rss(title="Bad"), RSS)
    bot.sync()
    assert bot.feeds()[0].problem is None


def test_more_new_entries_than_are_fetched_at_once_wait(
    site: Website, bot: Regbrief, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.feeds.ENTRIES_AT_ONCE", 2)
    items = [item(f"/{number}", f"Number {number}", text=f"Text {number}.") for number in range(5)]
    bot.follow(site.put("/feed", rss(*items), RSS, ETag='"1"'))
    waiting = []
    for number in range(5):
        site.put(f"/{number}", html(extra=f"This is number {number}, and it is not like the others."))
    while not waiting or waiting[-1]:
        waiting.append(bot.sync().feeds[0].waiting)
    assert (waiting, bot.count()) == ([3, 1, 0], 5)


def test_a_sync_leaves_no_connection_open(site: Website, bot: Regbrief, library: Library) -> None:
    bot.follow([site.put(f"/feed{number}", rss(item(f"/{number}")), RSS) for number in range(9)])
    before = len(library.catalog.store._opened)
    bot.sync()
    assert len(library.catalog.store._opened) == before


def test_progress_counts_the_entries(site: Website, bot: Regbrief) -> None:
    counted: list[Stage] = []
    site.put("/a", html())
    bot.follow(site.put("/feed", rss(item("/a"), item("/b")), RSS))
    bot.sync(progress=counted.append)
    assert counted == [Stage("fetching", 1, None, "pages"), Stage("fetching", 2, None, "pages")]


def test_a_sync_that_is_stopped_keeps_what_is_fetched(site: Website, bot: Regbrief) -> None:
    for path in ("/a", "/b", "/c"):
        site.put(path, html())
    bot.follow(site.put("/feed", rss(item("/a"), item("/b"), item("/c")), RSS))

    def stop(stage: Stage) -> None:
        raise Stopped

    assert bot.sync(progress=stop).feeds[0].ingested == Ingested(added=1)
    assert {"/b", "/c"}.isdisjoint(site.asked)
    assert bot.sync().feeds[0].ingested == Ingested(duplicates=2, unchanged=1)


def test_a_library_that_is_written_to_is_an_error_and_loses_nothing(
    site: Website, bot: Regbrief, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put("/a", html())
    bot.follow(site.put("/feed", rss(item("/a")), RSS, ETag='"1"'))

    def locked(*_: object, **__: object) -> Ingested:
        raise LibraryLocked("Another process is writing.")

    with monkeypatch.context() as patch:
        patch.setattr(Library, "add", locked)
        with pytest.raises(LibraryLocked):
            bot.sync()
    assert bot.sync().feeds[0].ingested == Ingested(added=1)


FOLLOWED = {
    "a feed": lambda site: site.put("/feed", rss(), RSS),
    "a page that links to it": lambda site: site.put(
        "/", html(head='<link rel="alternate" type="application/rss+xml" href="/feed">')
    ),
    "an address that redirects to it": lambda site: site.redirect("/old", "/feed", status=301),
}


@pytest.mark.parametrize("prepare", FOLLOWED.values(), ids=FOLLOWED)
def test_a_feed_is_followed_by_what_leads_to_it(
    site: Website, bot: Regbrief, prepare: Callable[[Website], str]
) -> None:
    site.put("/feed", rss(), RSS)
    expected = [Feed(site.url("/feed"), "A feed")]
    assert bot.follow(prepare(site)) == expected == bot.feeds()
    bot.sync()
    assert bot.follow(prepare(site)) == bot.feeds() != expected


def test_what_cannot_be_followed_is_named_beside_what_can(site: Website, bot: Regbrief) -> None:
    feed, page = site.put("/feed", rss(), RSS), site.put("/page", html())
    outcome = bot.follow([page, feed, site.url("/gone"), "ftp://example.org/", feed])
    assert [type(each) for each in outcome] == [Failure, Feed, Failure, Failure]
    assert outcome[0] == Failure(page, f"{page!r} is no feed and links to none. Give the feed's own address.")
    assert [each.url for each in bot.feeds()] == [feed]


def test_a_feed_is_followed_no_longer_but_its_articles_stay(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    feed = site.put("/feed", rss(item("/a")), RSS)
    bot.follow(feed)
    bot.sync()
    bot.unfollow(feed)
    assert (bot.feeds(), bot.count(), bot.sync().feeds) == ([], 1, ())
    with pytest.raises(NotFound, match="No feed has the address"):
        bot.unfollow(feed)


def test_a_page_is_added_by_its_address(site: Website, bot: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A note\n\nThe regulator wrote a note.\n", "utf-8")
    site.put("/a", html("zh-Hans"))
    assert bot.add([site.url("/a?utm_source=x"), str(tmp_path / "a.txt")]) == Ingested(added=2)
    assert bot.add(site.url("/a")) == Ingested(unchanged=1)
    site.put("/a", html("zh-Hans", extra="另有两家公司被约谈，监管机构要求其在一个月内完成整改。"))
    assert bot.add(site.url("/a")) == Ingested(updated=1)
    assert bot.count() == 2


@pytest.mark.parametrize("path", ["/feed", "/", "/section"])
def test_a_feed_is_added_by_its_address_or_that_of_a_front_page(site: Website, bot: Regbrief, path: str) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
    site.put("/feed", rss(item("/a"), item("/b", text="")), RSS)
    site.put("/", html("zh-Hant", head=link))
    site.put("/section", f"<html><head>{link}</head><body></body></html>")
    site.put("/a", html(head=link))
    done = bot.add(site.url(path))
    assert (done.added, [failure.where for failure in done.failed]) == (1, [site.url("/b")])
    assert [article.title for article in bot.articles()] == ["Acme fined"]
    assert bot.feeds() == []
    assert bot.add(site.url("/a")) == Ingested(
        updated=1
    )  # the page, though it names a feed; its date is not the feed's


def test_addresses_that_cannot_be_read_are_named_and_stop_nothing(site: Website, bot: Regbrief) -> None:
    site.put("/a", html())
    wrong = [site.url("/gone"), "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", "ftp://example.org/"]
    done = bot.add([*wrong, site.url("/a")])
    assert (done.added, sorted(failure.where for failure in done.failed)) == (1, sorted(wrong))


def test_a_library_of_an_earlier_version_can_follow_feeds(site: Website, bot: Regbrief, library: Library) -> None:
    library.close()
    with sqlite3.connect(library.folder / "catalog.sqlite") as db:
        unversion(db)
        db.executescript("DROP TABLE feeds; DROP TABLE pages;")
    db.close()
    reopened = type(library.catalog)(library.folder / "catalog.sqlite", Glossary())
    assert reopened.subscriptions.feeds() == []
    reopened.close()


@pytest.mark.parametrize(
    "text",
    [
        "# Regulators\nhttps://example.org/feed  # EDPB\n\n  https://example.org/b#c\nhttps://example.org/feed\n",
        '<?xml version="1.0"?><opml version="2.0"><body><outline text="x"><outline type="rss" text="EDPB"'
        ' xmlUrl="https://example.org/feed"/><outline xmlUrl="https://example.org/b#c"/></outline></body></opml>',
    ],
)
def test_a_list_of_feeds_is_read(text: str) -> None:
    assert reader.listed(text) == ["https://example.org/feed", "https://example.org/b#c"]


def test_an_opml_file_without_feeds_is_an_error() -> None:
    with pytest.raises(InputError, match="names no feeds"):
        reader.listed("<opml><body/></opml>")


def test_the_example_list_names_feeds_in_every_language() -> None:
    from bot.readers.guard import Guard

    text = (Path(__file__).parent.parent / "corpus" / "feeds.example.txt").read_text("utf-8")
    addresses = reader.listed(text)
    assert len(addresses) == len(set(addresses)) >= 15
    assert [str(Guard().url(address)) for address in addresses] == addresses
    assert all(heading in text for heading in ("English", "简体", "繁體"))


@pytest.fixture
def run(
    site: Website,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    encoder: Any,
) -> Callable[..., tuple[int, str, str]]:
    """Run `regbrief` in this process, on a library of its own that may fetch from the site."""
    monkeypatch.setattr("bot.materials.open_encoder", lambda *_, **__: encoder)
    for name, value in {"INDEXES": tmp_path / "indexes", "ALLOW_HOSTS": site.host, "FETCH_DELAY": 0}.items():
        monkeypatch.setenv(f"REGBRIEF_{name}", str(value))

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["regbrief", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


Run = Callable[..., tuple[int, str, str]]


def test_feeds_on_the_command_line(run: Run, site: Website, tmp_path: Path) -> None:
    feed = site.put("/feed", rss(item("/a"), item("/gone", text=""), item("/part", text="A part.")), RSS)
    site.put("/a", html())
    (tmp_path / "list.txt").write_text(f"{feed}  # the one\n{site.url('/none')}\n", "utf-8")
    status, out, err = run("feeds", "add", "--file", tmp_path / "list.txt")
    assert (status, out.split()) == (0, ["A", "feed", feed])
    assert f"{site.url('/none')}: " in err
    status, out, err = run("sync")
    assert (status, out) == (0, "")
    assert "A feed: added 2, updated 0, unchanged 0, duplicates 0, failed 1" in err
    assert f"{site.url('/gone')}: '{site.url('/gone')}' answers 404 (Not Found)." in err
    assert f"{site.url('/part')}: only the feed's own text, as: '{site.url('/part')}' answers 404" in err
    status, out, _ = run("feeds", "list", "--json")
    (listed,) = json.loads(out)
    assert (listed["url"], listed["title"], listed["articles"], listed["problem"]) == (feed, "A feed", 2, None)
    status, out, _ = run("feeds", "sync", "--json")
    (synced,) = json.loads(out)["feeds"]
    assert (status, synced["url"], synced["ingested"]["unchanged"]) == (0, feed, 2)
    assert run("feeds", "remove", feed)[0] == 0
    assert json.loads(run("feeds", "list", "--json")[1]) == []
    assert run("feeds", "remove", feed)[0] == 1


def test_ingest_takes_an_address_on_the_command_line(run: Run, site: Website) -> None:
    status, out, _ = run("ingest", site.put("/a", html()), "--json")
    assert (status, json.loads(out)["added"]) == (0, 1)
    status, out, err = run("ingest", "http://127.0.0.1:1/")
    assert (status, out) == (1, "")
    assert "http://127.0.0.1:1/: " in err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("sync",), 0, "No feed is followed. Add one with `regbrief feeds add ADDRESS`."),
        (("feeds", "add"), 1, "No feed is named."),
        (("feeds", "add", "--file", "nowhere.txt"), 1, "'nowhere.txt' cannot be read"),
        (("feeds", "add", "ftp://example.org/"), 1, "is neither http nor https"),
        (("feeds", "oops"), 2, "No such command"),
    ],
)
def test_the_command_line_says_what_is_wrong(run: Run, arguments: tuple[str, ...], status: int, said: str) -> None:
    ended, out, err = run(*arguments)
    assert (ended, out) == (status, "")
    assert said in err


def test_when_every_feed_fails_the_status_says_so(run: Run, site: Website) -> None:
    run("feeds", "add", site.put("/feed", rss(), RSS))
    site.put("/feed", "", status=404)
    status, _, err = run("sync")
    assert (status, "A feed: " in err) == (1, True)


def test_an_exception_that_is_no_host_is_an_error_of_its_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIEF_ALLOW_HOSTS", "http://intranet")
    status, _, err = run("sync")
    assert (status, "REGBRIEF_ALLOW_HOSTS holds 'http://intranet'" in err) == (1, True)
