"""Readers of damaged files: whatever bytes come, articles and failures come of them, in a bounded time."""

from __future__ import annotations

import io
import json
import os
import time
from email.message import EmailMessage

import pytest
from documents import column, docx, packed, paragraph, pdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import to_json
from bot.errors import BotError
from bot.language import clean
from bot.outcomes import Failure
from bot.readers import feed, read_file
from bot.readers.fetch import Page
from bot.records import Article

pytestmark = pytest.mark.faults

EXAMPLES = int(os.environ.get("REGBRIEF_FUZZ_EXAMPLES", "150"))
"""Files of each form, half of them damaged ones and half random bytes behind a good beginning."""

PATIENCE = 20.0
"""Seconds that one small file may take, on a busy machine."""

NEWS = "支付寶須分拆\n\n監管機構要求支付寶分拆小額貸款業務。\n\n螞蟻集團的上市計畫在2020年11月暫停，涉及182億元。\n"
PAGE = (
    '<html lang="zh-Hant"><head><meta charset="utf-8"><title>支付寶須分拆</title>'
    '<meta property="article:published_time" content="2021-09-14T08:00:00+08:00">'
    '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "支付寶須分拆"}</script></head>'
    f"<body><article><h1>支付寶須分拆</h1>{'<p>監管機構要求支付寶分拆小額貸款業務。</p>' * 6}</article>"
).encode()
ROW = {
    "title": "Apple fined",
    "body": "Apple was fined 5 euros.\n\nIt appeals.",
    "published": "2021-04-10",
    "tags": ["x"],
}


def mail() -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"] = "苹果被罚", "Desk <desk@example.org>"
    message["Date"] = "Sat, 10 Apr 2021 08:00:00 +0800"
    message.set_content("苹果公司被罚款五欧元。\n\n苹果将上诉。\n")
    message.add_alternative("<p>苹果公司被罚款五欧元。</p>", subtype="html")
    message.add_attachment(NEWS.encode("big5", "replace"), maintype="text", subtype="plain", filename="a.txt")
    return bytes(message)


def webpage() -> bytes:
    message = EmailMessage()
    message["Subject"], message["Content-Location"] = "支付寶", "https://example.org/a"
    message.make_related()
    message.add_related(PAGE, maintype="text", subtype="html")
    return bytes(message)


def syndicated() -> bytes:
    entry = (
        "<item><title>Apple fined</title><link>https://example.org/a</link><description>5 euros.</description></item>"
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{entry * 3}</channel></rss>'.encode()


GOOD = {
    "a.html": PAGE,
    "a.docx": docx(paragraph("Apple fined", style="Title") + paragraph("苹果公司被罚款五欧元。" * 5)),
    "a.pdf": pdf([column(["Apple fined", "Apple was fined 5 euros on Saturday."] * 8)] * 2, info={"Title": "蘋果遭罰"}),
    "a.eml": mail(),
    "a.mhtml": webpage(),
    "a.csv": f'title,body,published\n支付寶,{NEWS.splitlines()[2]},2021-09-14\n"Apple","Fined\n\n5 euros.",\n'.encode(),
    "a.jsonl": "".join(json.dumps(ROW, ensure_ascii=no) + "\n" for no in (True, False)).encode(),
    "a.md": f"---\ntitle: Apple\npublished: 2021-04-10\ntags: [a, b]\n---\n{NEWS}".encode(),
    "a.txt": NEWS.encode("gb18030"),
    "a.zip": packed({"a.txt": NEWS, "b/c.jsonl": json.dumps(ROW), "d.html": PAGE, "e.zip": packed({"f.txt": NEWS})}),
    "feed": syndicated(),
}
DOCTYPE = b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
TOKENS = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"]]>", b"<!--", DOCTYPE, b"&b;", b"&#xD800;", b"<div>" * 2_000, b"\r\n\r\n",
    b"PK\x05\x06", b"endstream", b"<</Length 99999999>>", b'"', b"{" * 2_000, b"--\n", b"\\ud800", b"9999-99-99", b"-1",
    b"Content-Transfer-Encoding: base64\n", b"=?utf-8?b?////?=", b"1e999",
)  # fmt: skip

Change = tuple[str, int, int, bytes]
changes = st.lists(
    st.tuples(
        st.sampled_from(("cut", "put", "over", "twice")),
        st.integers(0, 2**16),
        st.integers(1, 300),
        st.sampled_from(TOKENS) | st.binary(max_size=20),
    ),
    min_size=1,
    max_size=6,
)


def damaged(data: bytes, change: Change) -> bytes:
    """Cut bytes out, put some in, write over them, or repeat them."""
    how, start, size, token = change
    at = start % (len(data) + 1)
    end = min(len(data), at + size)
    middle = {"cut": b"", "put": token + data[at:end], "over": token, "twice": data[at:end] * 2}[how]
    return data[:at] + middle + data[end:]


def found(name: str, data: bytes) -> list[object]:
    """Read bytes as a file of that name, or as a feed."""
    if name != "feed":
        return [*read_file(io.BytesIO(data), name)]
    try:
        parsed = feed.parse(Page("https://example.org/feed", data, "application/rss+xml"))
        return [feed.article(entry) for entry in parsed.entries if entry.title and entry.body]
    except BotError as error:
        return [error]


def check(name: str, data: bytes) -> None:
    started = time.monotonic()
    for each in found(name, data):
        assert isinstance(each, Article | Failure | BotError)
        if isinstance(each, Article):
            assert each.body.strip()
            assert (clean(each.title), clean(each.body)) == (each.title, each.body)
            json.dumps(to_json(each), ensure_ascii=False).encode("utf-8")
        elif isinstance(each, Failure):
            each.why.encode("utf-8")
    assert time.monotonic() - started < PATIENCE


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(given_changes=changes)
def test_a_damaged_file_gives_articles_and_failures(name: str, given_changes: list[Change]) -> None:
    data = GOOD[name]
    for change in given_changes:
        data = damaged(data, change)
    check(name, data)


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(kept=st.integers(0, 64), noise=st.binary(max_size=2_000))
def test_noise_gives_articles_and_failures(name: str, kept: int, noise: bytes) -> None:
    check(name, GOOD[name][:kept] + noise)


FELL_OVER = [
    pytest.param("feed", GOOD["feed"].replace(b"<title>", b"<title>&#xD800;</b>", 1), id="feedparser-surrogate"),
    pytest.param("feed", b"<rss><link>&b;</link>" + GOOD["feed"][60:], id="feedparser-link"),
    pytest.param("a.eml", b"From: <\nSubject: a\n\n" + NEWS.encode(), id="email-angle"),
    pytest.param("a.eml", b"From: a@[\nSubject: a\n\n" + NEWS.encode(), id="email-bracket"),
]


@pytest.mark.parametrize(("name", "data"), FELL_OVER)
def test_what_a_library_has_fallen_over_is_told_in_words(name: str, data: bytes) -> None:
    assert not [each for each in found(name, data) if isinstance(each, Failure) and "reader failed" in each.why]


@pytest.mark.parametrize("name", GOOD)
def test_the_files_are_good_before_they_are_damaged(name: str) -> None:
    assert not [each for each in found(name, GOOD[name]) if isinstance(each, Failure | BotError)]
