"""What may not be fetched, and how much of what may: hostile addresses, names, redirects, answers."""

from __future__ import annotations

import gzip
import itertools
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest
from website import Website

from bot.errors import AddressRefused, FetchError, SettingsError
from bot.readers import guard as guards
from bot.readers.fetch import Fetcher, Limits
from bot.readers.guard import Guard, lookup, public

PUBLIC = "93.184.216.34"

NAMES = {
    "example.org": [PUBLIC],
    "metadata.google.internal": ["169.254.169.254"],
    "rebound.example.org": ["127.0.0.1"],
    "intranet": ["10.1.2.3"],
    "printer.local": ["192.168.1.9"],
    "both.example.org": [PUBLIC, "10.0.0.1"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
    "six.example.org": ["fd00:ec2::254"],
    "scoped.example.org": ["fe80::1%eth0"],
    "localhost": ["::1", "127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "localtest.example.org.": ["127.0.0.1"],
    "xn--e1aybc.example.org": ["172.16.0.1"],
}

HOSTILE = {
    "file": "file:///etc/passwd",
    "ftp": "ftp://example.org/a",
    "gopher": "gopher://example.org:70/_GET",
    "data": "data:text/html,<p>x</p>",
    "javascript": "javascript:alert(1)",
    "unix socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "no scheme": "example.org/a",
    "no slashes": "http:example.org/a",
    "relative": "//example.org/a",
    "empty": "",
    "no host": "http:///a",
    "only a dot for a host": "http://./a",
    "only a port": "http://:80/a",
    "user name": "http://admin@example.org/",
    "password": "http://admin:secret@example.org/",
    "host after a user name": "http://example.org@127.0.0.1/",
    "empty user name": "http://@example.org/",
    "backslash": "http://example.org\\@127.0.0.1/",
    "blank": "http://example.org /a",
    "tab": "http://exa\tmple.org/",
    "line break that adds a header": "http://example.org/a\r\nHost: 127.0.0.1",
    "NUL": "http://example.org\0.127.0.0.1/",
    "percent in the host": "http://127.0.0.1%2f.example.org/",
    "loopback": "http://127.0.0.1/",
    "elsewhere in loopback": "http://127.8.9.1/",
    "any address": "http://0.0.0.0/",
    "short loopback": "http://127.1/",
    "zero": "http://0/",
    "decimal": "http://2130706433/",
    "octal": "http://0177.0.0.1/",
    "octal in one": "http://017700000001/",
    "hexadecimal": "http://0x7f.0.0.1/",
    "hexadecimal in one": "http://0x7f000001/",
    "mixed": "http://169.0xfe.43518/",
    "trailing dot": "http://127.0.0.1./",
    "too many parts": "http://127.0.0.1.1/",
    "wide digits": "http://１２７.0.0.1/",
    "circled digits": "http://①②⑦.0.0.1/",
    "wide dots": "http://127。0。0。1/",
    "private 10": "http://10.0.0.5/",
    "private 172": "http://172.31.255.1/",
    "private 192": "http://192.168.0.1/",
    "shared by carriers": "http://100.64.0.1/",
    "metadata of AWS": "http://169.254.169.254/latest/meta-data/",
    "metadata of Alibaba Cloud": "http://100.100.100.200/latest/meta-data/",
    "metadata of Oracle Cloud": "http://192.0.0.192/",
    "metadata of Azure": "http://168.63.129.16/",
    "multicast": "http://224.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    "documentation": "http://203.0.113.7/",
    "IPv6 loopback": "http://[::1]/",
    "IPv6 any address": "http://[::]/",
    "IPv6 mapped": "http://[::ffff:127.0.0.1]/",
    "IPv6 mapped in hexadecimal": "http://[::ffff:7f00:1]/",
    "IPv6 mapped of a public address": f"http://[::ffff:{PUBLIC}]/",
    "IPv6 compatible": "http://[::127.0.0.1]/",
    "NAT64 of loopback": "http://[64:ff9b::127.0.0.1]/",
    "NAT64 of metadata": "http://[64:ff9b::a9fe:a9fe]/",
    "NAT64 for local use": "http://[64:ff9b:1::a9fe:a9fe]/",
    "6to4 of loopback": "http://[2002:7f00:1::]/",
    "Teredo": "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "IPv6 link-local": "http://[fe80::1]/",
    "IPv6 link-local with a zone": "http://[fe80::1%25eth0]/",
    "IPv6 unique local": "http://[fd12:3456::1]/",
    "IPv6 site-local": "http://[fec0::1]/",
    "IPv6 multicast": "http://[ff02::1]/",
    "IPv6 documentation": "http://[2001:db8::1]/",
    "IPv6 unfinished": "http://[::1/",
    "localhost": "http://localhost/",
    "localhost with a dot": "http://localhost./",
    "name of metadata": "http://metadata.google.internal/computeMetadata/v1/",
    "name at loopback": "https://rebound.example.org/",
    "name in the intranet": "http://intranet/",
    "name at home": "http://printer.local/",
    "name with a public and a private address": "http://both.example.org/",
    "name at a mapped address": "http://mapped.example.org/",
    "name at IPv6 metadata": "http://six.example.org/",
    "name at a scoped address": "http://scoped.example.org/",
    "name with a trailing dot": "http://localtest.example.org./",
    "name in Cyrillic at a private address": "http://тест.example.org/",
    "port of SSH": "http://example.org:22/",
    "port of mail": "http://example.org:25/",
    "port of Redis": "http://example.org:6379/",
    "port of this server": "http://example.org:7860/",
    "port zero": "http://example.org:0/",
    "port that is none": "http://example.org:99999/",
    "very long": "http://example.org/" + "a" * 3_000,
}


@pytest.fixture
def fetcher(site: Website) -> Fetcher:
    """Fetches from the site, and takes little space for it."""
    return Fetcher(Guard(site.host), agent="Tester/1", limits=Limits(seconds=10, bytes=100_000, redirects=3))


@pytest.fixture
def hasty(site: Website) -> Fetcher:
    """Fetches from the site, and takes little time for it."""
    return Fetcher(Guard(site.host), agent="Tester/1", limits=Limits(seconds=0.5))


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the addresses to which a connection would be made, and make none."""
    found: list[str] = []

    def connect(self: object, host: str, port: int, **_: object) -> httpcore.NetworkStream:
        found.append(host)
        raise httpcore.ConnectError("closed")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return found


def resolver(*answers: Sequence[str]) -> tuple[Callable[[str], Sequence[str]], list[str]]:
    """Return a resolver that answers each lookup with the next of `answers`, and the names that it is asked for."""
    asked: list[str] = []
    following = itertools.chain(answers, itertools.repeat(answers[-1]))

    def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return next(following)

    return resolve, asked


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_address_is_refused_before_anything_is_connected_to(url: str, connected: list[str]) -> None:
    fetcher = Fetcher(Guard(resolve=NAMES.__getitem__), agent="Tester/1")
    with pytest.raises(AddressRefused):
        fetcher.get(url)
    assert connected == []


def test_there_are_many_hostile_addresses() -> None:
    assert len(set(HOSTILE.values())) == len(HOSTILE) >= 80


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b=c#d",
        "HTTP://EXAMPLE.ORG:80/",
        "http://example.org:8080/",
        f"http://{PUBLIC}/",
        "http://[2606:2800:220:1:248:1893:25c8:1946]/",
        f"http://[64:ff9b::{PUBLIC}]/",
    ],
)
def test_a_public_address_is_connected_to(url: str, connected: list[str]) -> None:
    with pytest.raises(FetchError, match="cannot be reached"):
        Fetcher(Guard(resolve=NAMES.__getitem__), agent="Tester/1").get(url)
    assert len(connected) == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("240.0.0.1", False),
        ("100.63.255.255", True),
        ("100.64.0.0", False),
        ("2001:4860:4860::8888", True),
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::100.100.100.200", False),
        ("2002:808:808::", False),
        ("3fff::1", False),
        ("4000::1", False),
        ("100::1", False),
    ],
)
def test_an_address_is_public_or_not(address: str, expected: bool) -> None:
    assert public(ip_address(address)) is expected


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("intranet", "http://intranet/"),
        ("intranet", "http://intranet:9000/"),
        ("other, INTRANET:9000", "http://intranet:9000/"),
        ("intranet.", "http://INTRANET./"),
        ("10.0.0.5", "http://10.0.0.5/"),
        ("10.0.0.5:81 intranet", "http://10.0.0.5:81/"),
        ("[::1]:9000", "http://[::1]:9000/"),
        ("::1", "http://[0:0::1]/"),
        ("тест.example.org", "http://xn--e1aybc.example.org/"),
    ],
)
def test_an_internal_host_that_is_allowed_is_connected_to(allowed: str, url: str, connected: list[str]) -> None:
    guard = Guard(allowed, resolve=lambda host: ["10.1.2.3"])
    with pytest.raises(FetchError, match="cannot be reached"):
        Fetcher(guard, agent="Tester/1").get(url)
    assert len(connected) == 1


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("intranet:9000", "http://intranet/"),
        ("intranet:9000", "http://intranet:9001/"),
        ("intranet", "http://intranet.example.org/"),
        ("intranet", "http://my-intranet/"),
        ("10.0.0.5", "http://10.0.0.6/"),
        ("10.0.0.5", "http://intranet/"),
        ("intranet", "file://intranet/etc/passwd"),
    ],
)
def test_what_is_allowed_allows_nothing_else(allowed: str, url: str, connected: list[str]) -> None:
    guard = Guard(allowed, resolve=lambda host: ["10.0.0.5"])
    with pytest.raises(AddressRefused):
        Fetcher(guard, agent="Tester/1").get(url)
    assert connected == []


@pytest.mark.parametrize("entry", ["http://intranet", "intranet:", "intranet:port", "a@b", "10.0.0.0/8", "[::1"])
def test_an_exception_that_is_no_host_is_an_error_that_names_it(entry: str) -> None:
    with pytest.raises(SettingsError, match="REGBRIEF_ALLOW_HOSTS"):
        Guard(f"intranet {entry}")


def test_a_name_that_changes_its_address_is_connected_to_at_the_one_that_was_checked(connected: list[str]) -> None:
    resolve, asked = resolver([PUBLIC], ["127.0.0.1"])
    with pytest.raises(FetchError, match="cannot be reached"):
        Fetcher(Guard(resolve=resolve), agent="Tester/1").get("http://rebinding.example.org/")
    assert (connected, asked) == ([PUBLIC], ["rebinding.example.org"])


def test_a_name_is_checked_again_when_it_is_fetched_again(connected: list[str]) -> None:
    resolve, _ = resolver([PUBLIC], ["127.0.0.1"])
    fetcher = Fetcher(Guard(resolve=resolve), agent="Tester/1")
    with pytest.raises(FetchError, match="cannot be reached"):
        fetcher.get("http://rebinding.example.org/")
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        fetcher.get("http://rebinding.example.org/")
    assert connected == [PUBLIC]


def test_a_name_to_which_a_page_redirects_is_checked(site: Website) -> None:
    site.redirect("/a", "http://rebinding.example.org/secret")
    guard = Guard(site.host, resolve=lambda host: ["127.0.0.1"])
    with pytest.raises(AddressRefused, match="not public"):
        Fetcher(guard, agent="Tester/1").get(site.url("/a"))
    assert site.asked == ["/a"]


def test_the_next_address_of_a_name_is_tried_where_one_is_dead(connected: list[str]) -> None:
    guard = Guard(resolve=lambda host: ["2606:2800::1", PUBLIC])
    with pytest.raises(FetchError, match="cannot be reached"):
        Fetcher(guard, agent="Tester/1").get("http://example.org/")
    assert connected == ["2606:2800::1", PUBLIC]


class Secured(httpcore.NetworkStream):
    """A connection that records for which name TLS is asked, and goes no further."""

    def __init__(self, names: list[str | None]) -> None:
        self.names = names

    def start_tls(self, context: ssl.SSLContext, server_hostname: str | None = None, timeout: Any = None) -> Any:
        assert context.check_hostname
        assert context.verify_mode is ssl.CERT_REQUIRED
        self.names.append(server_hostname)
        raise httpcore.ConnectError("closed")

    def close(self) -> None:
        pass


def test_the_certificate_is_that_of_the_name_and_not_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str | None] = []
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_, **__: Secured(names))
    with pytest.raises(FetchError):
        Fetcher(Guard(resolve=NAMES.__getitem__), agent="Tester/1").get("https://example.org/")
    assert names == ["example.org"]


def test_the_site_is_asked_under_its_name(site: Website, fetcher: Fetcher) -> None:
    site.put("/a?b=c", "<p>x")
    page = fetcher.get(site.url("/a?b=c#d"))
    assert (page.content, page.url, page.charset) == (b"<p>x", site.url("/a?b=c"), "utf-8")
    assert (site.headers["host"], site.headers["user-agent"]) == (site.host, "Tester/1")


def test_proxies_are_not_asked(site: Website, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.put("/a", "<p>x")
    assert fetcher.get(site.url("/a")).content == b"<p>x"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "http://[::1]:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://0:{port}/secret",
        "http://0x7f000001:{port}/secret",
        "http://user@localhost:{port}/secret",
        "http://169.254.169.254/secret",
        "https://127.0.0.1/secret",
        "file:///etc/passwd",
        "ftp://localhost/secret",
        "gopher://localhost:{port}/secret",
        "javascript:alert(1)",
        "http://[::1/secret",
        "",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_checked_like_any_address(
    site: Website, fetcher: Fetcher, location: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "PORTS", {*guards.PORTS, site.port})
    site.put("/secret", "secret")
    site.redirect("/a", location.format(port=site.port), status=status)
    with pytest.raises(AddressRefused):
        fetcher.get(site.url("/a"))
    assert site.asked == ["/a"]


def test_redirects_are_followed_to_a_page(site: Website, fetcher: Fetcher) -> None:
    site.redirect("/a", "/b", status=301)
    site.redirect("/b", "c?d=1#e", status=308)
    site.put("/c?d=1", "<p>x")
    assert fetcher.get(site.url("/a")).url == site.url("/c?d=1")


def test_endless_redirects_end(site: Website, fetcher: Fetcher) -> None:
    site.redirect("/a", "/a")
    with pytest.raises(FetchError, match="redirected more than 3 times"):
        fetcher.get(site.url("/a"))
    assert site.asked == ["/a"] * 4


@pytest.mark.parametrize(
    "type", ["image/png", "video/mp4", "application/zip", "application/octet-stream", "text/css", "application/x-sh"]
)
def test_other_types_of_content_are_refused_unread(site: Website, fetcher: Fetcher, type: str) -> None:
    site.put("/a", b"<p>x", type)
    with pytest.raises(FetchError, match=f"is '{type}'"):
        fetcher.get(site.url("/a"))


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        ("text/html", ("text/html", None)),
        ("TEXT/HTML; Charset=GB2312", ("text/html", "gb2312")),
        ('application/xhtml+xml;charset="big5"', ("application/xhtml+xml", "big5")),
        ("html", ("", None)),
        ("", ("", None)),
    ],
)
def test_the_type_of_content_is_read(
    site: Website, fetcher: Fetcher, type: str, expected: tuple[str, str | None]
) -> None:
    page = fetcher.get(site.put("/a", b"<p>x", type))
    assert (page.media_type, page.charset) == expected


LIMIT = 100_000


def answer(*headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: text/html", *headers, "", ""]).encode() + body


def chunked(parts: Iterable[bytes], *headers: str) -> list[bytes]:
    return [answer("Transfer-Encoding: chunked", *headers), *(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)]


BOMB = gzip.compress(bytes(50 * LIMIT))

TOO_LARGE: dict[str, list[bytes]] = {
    "as it says": [answer(f"Content-Length: {LIMIT + 1}")],
    "as it says, by far": [answer(f"Content-Length: {10**15}")],
    "without an end": [answer(), *([b"a" * 10_000] * 50)],
    "in chunks": chunked([b"a" * 10_000] * 50),
    "one chunk as large as memory": [answer("Transfer-Encoding: chunked"), b"7fffffffff\r\n", *([b"a" * 10_000] * 50)],
    "gzip": [answer("Content-Encoding: gzip", f"Content-Length: {len(BOMB)}", body=BOMB)],
    "gzip under another name": [answer("Content-Encoding: X-GZIP", body=BOMB)],
    "gzip in many members": [answer("Content-Encoding: gzip", body=gzip.compress(bytes(LIMIT // 4)) * 6)],
    "deflate": [answer("Content-Encoding: deflate", body=zlib.compress(bytes(50 * LIMIT)))],
}


@pytest.mark.parametrize("parts", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused(site: Website, fetcher: Fetcher, parts: list[bytes]) -> None:
    site.raw("/a", *parts)
    with pytest.raises(FetchError, match="over 100,000 bytes"):
        fetcher.get(site.url("/a"))


def test_a_bomb_is_never_unfolded_in_memory(site: Website, fetcher: Fetcher) -> None:
    import tracemalloc

    site.raw("/a", answer("Content-Encoding: gzip", body=gzip.compress(bytes(300 * LIMIT))))
    fetcher.get(site.put("/b", "<p>x"))
    tracemalloc.start()
    with pytest.raises(FetchError, match="over 100,000 bytes"):
        fetcher.get(site.url("/a"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * LIMIT


RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
COMPRESSED = {
    "gzip": ("gzip", gzip.compress(b"<p>x")),
    "gzip in two members": ("gzip", gzip.compress(b"<p>") + gzip.compress(b"x")),
    "gzip with padding": ("gzip", gzip.compress(b"<p>x") + bytes(9)),
    "deflate": ("deflate", zlib.compress(b"<p>x")),
    "deflate without a header": ("deflate", RAW.compress(b"<p>x") + RAW.flush()),
    "identity": ("identity", b"<p>x"),
}


@pytest.mark.parametrize(("encoding", "body"), COMPRESSED.values(), ids=COMPRESSED)
def test_compressed_answers_are_read(site: Website, fetcher: Fetcher, encoding: str, body: bytes) -> None:
    """Also where each byte comes in a chunk of its own, which is handed on alone however the network joins them."""
    bytewise = [bytes([byte]) for byte in body]
    site.raw("/a", *chunked([*bytewise, b""], f"Content-Encoding: {encoding}"))
    assert fetcher.get(site.url("/a")).content == b"<p>x"
    site.raw("/a", answer(f"Content-Encoding: {encoding}", body=body))
    assert fetcher.get(site.url("/a")).content == b"<p>x"


BROKEN: dict[str, tuple[bytes, str]] = {
    "gzip that is none": (answer("Content-Encoding: gzip", body=b"<p>x"), "not gzip"),
    "gzip cut off": (answer("Content-Encoding: gzip", body=gzip.compress(b"<p>x")[:-9]), "ends in the middle"),
    "brotli": (answer("Content-Encoding: br", body=b"\x0b\x02"), "compressed with 'br'"),
    "gzip twice": (answer("Content-Encoding: gzip, gzip", body=BOMB), "compressed with 'gzip, gzip'"),
    "less than it says": (answer("Content-Length: 1000", body=b"<p>x"), "no proper HTTP"),
    "a negative length": (answer("Content-Length: -1", body=b"<p>x"), "no proper HTTP"),
    "two lengths": (answer("Content-Length: 4", "Content-Length: 400", body=b"<p>x"), "no proper HTTP"),
    "a length that is no number": (answer("Content-Length: 0x4", body=b"<p>x"), "no proper HTTP"),
    "a chunk that is none": (answer("Transfer-Encoding: chunked", body=b"zz\r\nx"), "no proper HTTP"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "no proper HTTP"),
    "nothing": (b"", "no proper HTTP"),
    "headers without an end": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000, "no proper HTTP"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "answers 204"),
    "not modified, unasked": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "answers 304"),
    "an error": (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "answers 500"),
}


@pytest.mark.parametrize(("raw", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_an_error_that_says_so(site: Website, fetcher: Fetcher, raw: bytes, reason: str) -> None:
    site.raw("/a", raw)
    with pytest.raises(FetchError, match=reason):
        fetcher.get(site.url("/a"))


def test_no_more_is_read_than_the_length_says(site: Website, fetcher: Fetcher) -> None:
    site.raw("/a", answer("Content-Length: 4", body=b"<p>x" + b"HTTP/1.1 200 OK\r\n\r\nsmuggled"))
    assert fetcher.get(site.url("/a")).content == b"<p>x"


SLOW = {
    "body": [answer(), *([b"a"] * 400)],
    "chunks": chunked([b"a"] * 400),
    "headers": [b"HTTP/1.1 200 OK\r\n", *([b"A: b\r\n"] * 400)],
    "first line": [bytes([byte]) for byte in b"HTTP/1.1 200 OKAY" * 20],
}


@pytest.mark.parametrize("parts", SLOW.values(), ids=SLOW)
def test_a_drip_of_bytes_ends_at_the_time_limit(site: Website, hasty: Fetcher, parts: list[bytes]) -> None:
    site.raw("/a", *parts, pause=lambda: time.sleep(0.05))
    start = time.monotonic()
    with pytest.raises(FetchError, match="took too long") as error:
        hasty.get(site.url("/a"))
    assert 0.4 < time.monotonic() - start < 8
    assert error.value.temporary


def test_slow_redirects_share_the_time_limit(site: Website, hasty: Fetcher) -> None:
    for at in range(3):
        raw = f"HTTP/1.1 302 Found\r\nLocation: /{at + 1}\r\nContent-Length: 0\r\n\r\n".encode()
        site.raw(f"/{at}", b"", raw, pause=lambda: time.sleep(0.2))
    start = time.monotonic()
    with pytest.raises(FetchError, match="took too long"):
        hasty.get(site.url("/0"))
    assert time.monotonic() - start < 8


def test_a_slow_resolver_ends_at_the_time_limit() -> None:
    released = threading.Event()
    guard = Guard(resolve=lambda host: [PUBLIC] if released.wait(20) else [])
    start = time.monotonic()
    with pytest.raises(FetchError, match="took too long"):
        Fetcher(guard, agent="Tester/1", limits=Limits(seconds=0.2)).get("http://example.org/")
    released.set()
    assert time.monotonic() - start < 8


def test_a_server_that_does_not_answer_ends_at_the_time_limit(site: Website, hasty: Fetcher) -> None:
    site.raw("/a", b"", pause=lambda: time.sleep(1))
    with pytest.raises(FetchError, match="took too long"):
        hasty.get(site.url("/a"))


def test_a_name_without_an_address_may_have_one_later() -> None:
    with pytest.raises(FetchError, match="has no address") as error:
        Fetcher(Guard(resolve=lambda host: []), agent="Tester/1").get("http://example.org/")
    assert error.value.temporary


def test_the_system_resolver_knows_this_machine() -> None:
    assert "127.0.0.1" in lookup("localhost")


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "nowhere.invalid"])
def test_a_name_that_the_system_does_not_know_is_an_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise guards.socket.gaierror(-2, "Name or service not known")

    if host.endswith(".invalid"):
        monkeypatch.setattr(guards.socket, "getaddrinfo", unknown)
    with pytest.raises(FetchError, match="cannot be found"):
        lookup(host)
