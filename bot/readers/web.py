"""Pages of the web: what kind a page is, what its one address is, and the article that it holds."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers import encodings, fields
from bot.readers.fetch import Page
from bot.records import Article

Kind = Literal["feed", "html", "pdf", "text"]

_TRACKING = re.compile(
    r"utm_\w+|mtm_\w+|pk_\w+|hsa_\w+|_?ga|_gl|gclid|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|igsh(?:id)?|mc_[ce]id"
    r"|mkt_tok|_hs(?:enc|mi)|vero_id|s_cid|cmpid|ocid|xtor|wt\.mc_id|spm|share_token|isappinstalled|wechat_redirect",
    re.IGNORECASE,
)
"""Parameters that say where a reader came from; those that may name an article (id, cid, source, ref) are kept."""

_VARIANT = re.compile(r"/?(?:amp|amphtml|print|mobile|index\.\w+)?/?", re.IGNORECASE)
_SCRIPT = re.compile(r"^$|\.(?:php|aspx?|jsp|do|cgi)$", re.IGNORECASE)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_HEAD = 500_000
"""Bytes of a page in which its links are looked for."""


@dataclass(frozen=True, slots=True)
class Links:
    """What a page says about itself: its own one address, and the feeds that it belongs to."""

    canonical: str
    feeds: tuple[str, ...] = ()


def address(url: str) -> str:
    """Return an address without its fragment and without the parameters that only track who reads it."""
    parts = urlsplit(url)
    query = parts.query
    if any(_TRACKING.fullmatch(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        kept = [pair for pair in query.split("&") if not _TRACKING.fullmatch(pair.partition("=")[0])]
        query = "&".join(kept)
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path or "/", query, ""))


def key(url: str) -> str:
    """Return what is the same for all addresses of one page: without scheme, `www.` and the order of parameters."""
    parts = urlsplit(address(url))
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    path = parts.path.rstrip("/")
    return f"{_site(parts.netloc)}{path}{'?' if query else ''}{query}"


def identity(url: str) -> str:
    """Name the article of an address: fetched again, it is the same one, whatever has been changed in it."""
    return hashlib.sha256(key(url).encode("utf-8")).hexdigest()[:16]


def kind(page: Page) -> Kind:
    """Tell what a page is from what it holds: its content type is often wrong. Raises InputError if it is none."""
    start = page.content[:3_000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start.startswith(b"%PDF-"):
        return "pdf"
    if start.startswith(b"{") and b"jsonfeed.org/version" in page.content.replace(b"\\/", b"/"):
        return "feed"
    root = re.search(rb"<(?![?!])(?:\w+:)?(\w+)", start)
    if root and start.startswith(b"<"):
        return "feed" if root[1].lower() in (b"rss", b"feed", b"rdf") else "html"
    if page.media_type in ("text/html", "application/xhtml+xml"):
        return "html"
    if page.media_type in ("text/plain", "text/markdown") and b"\0" not in page.content[:1_000]:
        return "text"
    raise InputError(f"{page.url!r} holds neither a page nor a feed.", hint="Open it in a browser.")


def links(page: Page) -> Links:
    """Read the links in a page's head; a canonical address of another site or of a whole section is not believed."""
    import lxml.html

    start = encodings.decode(page.content[:_HEAD], declared=page.charset, damage=1.0)
    tree = lxml.html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*>", "", start) or "<p>")
    base = urljoin(page.url, next(iter(tree.xpath("//base/@href")), ""))
    named = [*tree.xpath("//link[@rel='canonical']/@href"), *tree.xpath("//meta[@property='og:url']/@content")]
    canonical = next((url for each in named if (url := _joined(base, each)) and _believed(url, page.url)), page.url)
    feeds = [
        url
        for link in tree.xpath("//link[@href]")
        if "alternate" in link.get("rel", "").lower().split()
        and link.get("type", "").lower().partition(";")[0].strip() in _FEED_TYPES
        and (url := _joined(base, link.get("href")))
    ]
    feeds.sort(key=lambda url: "comment" in url.lower())  # those of an article's comments last
    return Links(address(canonical), tuple(dict.fromkeys(feeds)))


def read(page: Page) -> tuple[Article, list[Failure]]:
    """Read the article of a page, a PDF or a plain text, under its one address, and what of it cannot be read.

    Raises InputError, MissingExtra.
    """
    form = kind(page)
    parts = list(_READERS[form](page))
    url = links(page).canonical if form == "html" else address(page.url)
    failures = [part for part in parts if isinstance(part, Failure)]
    for part in parts:
        if isinstance(part, Article):
            return replace(part, id=identity(url), url=url), failures
    raise InputError(failures[0].why if failures else f"{page.url!r} holds no article.")


def is_front(url: str) -> bool:
    """Whether an address is that of a whole site, which holds no article of its own."""
    return urlsplit(url).path.strip("/") in ("", "index.html", "index.php")


def _html(page: Page) -> Iterator[Article | Failure]:
    from bot.readers.html import article_from_html

    yield article_from_html(page.content, url=page.url, charset=page.charset)


def _pdf(page: Page) -> Iterator[Article | Failure]:
    from bot.readers import pdf

    return pdf.read(io.BytesIO(page.content), page.url)


def _text(page: Page) -> Iterator[Article | Failure]:
    title, _, body = encodings.decode(page.content, declared=page.charset).strip().partition("\n")
    yield fields.article({"title": title.lstrip("# "), "body": body})


def _feed(page: Page) -> Iterator[Article | Failure]:
    raise InputError(f"{page.url!r} is a feed, not an article.", hint="Follow it with `regbrief feeds add`.")


_READERS: dict[Kind, Callable[[Page], Iterator[Article | Failure]]] = {
    "feed": _feed,
    "html": _html,
    "pdf": _pdf,
    "text": _text,
}


def _joined(base: str, link: str) -> str | None:
    try:
        url = urljoin(base, link.strip())
        return url if re.match(r"https?://[^/?#@\s]+(?:[/?#]|$)", url, re.IGNORECASE) else None
    except ValueError:
        return None


def _believed(canonical: str, url: str) -> bool:
    """Whether an address may stand for another: same site, and not the section above it, which all its pages share."""
    named, found = urlsplit(canonical), urlsplit(url)
    if _site(named.netloc.lower()) != _site(found.netloc.lower()):
        return False
    above, path = named.path.rstrip("/"), found.path.rstrip("/")
    if path == above:  # article.php?id=5 is not article.php
        return bool(named.query) or not _SCRIPT.search(path) or not urlsplit(address(url)).query
    if path.startswith(f"{above}/"):
        return bool(above) and _VARIANT.fullmatch(path[len(above) :]) is not None
    return True


def _site(netloc: str) -> str:
    return re.sub(r"^(?:www|m|mobile|amp)\.|:(?:80|443)$", "", netloc)
