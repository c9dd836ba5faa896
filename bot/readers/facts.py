"""What a page says about itself: JSON-LD first, then OpenGraph and other meta elements, then its text and address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import urljoin, urlsplit

from bot import values
from bot.readers import blocks, fields
from bot.readers.byline import byline, whole

_TITLES = "og:title twitter:title headline articletitle citation_title dc.title dcterms.title title"
_DATES = (
    "article:published_time og:article:published_time datepublished pubdate publishdate publish_date publication_date"
    " og:release_date sailthru.date parsely-pub-date citation_publication_date dc.date.issued dcterms.issued dc.date"
    " dcterms.date article:create_at weibo:article:create_at date"
)
_SOURCES = "og:site_name contentsource sitename citation_journal_title dc.publisher dcterms.publisher publisher"
_AUTHORS = "author article:author dc.creator dcterms.creator parsely-author sailthru.author byl citation_author"
_ARTICLE = re.compile(r"Article$|^(?:BlogPosting|Report|PressRelease|LiveBlogPosting|SocialMediaPosting|Legislation)$")
_SUFFIX = re.compile(r"\s*(?:[-–—|_｜·]+)\s*(?P<outlet>[^-–—|_｜·]{2,40})$")
_WITHIN = ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement")
_MARKED_AS_DATE = " or ".join(
    f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"
    for name in (
        "published",
        "pubtime",
        "pub-time",
        "pubdate",
        "pub-date",
        "publish-time",
        "publish-date",
        "entry-date",
    )
)
_ADDRESS_DATE = re.compile(r"(?:/|[-_/]t?)(?P<y>20\d\d)([-_/]?)(?P<m>\d\d)\2(?P<d>\d\d)(?=\D|$)")
_BARE_HOST = re.compile(r"^(?:www|m|amp|mobile)\.")


def facts(tree: Any, *, url: str | None) -> dict[str, Any]:
    """Return the title, published, source, author and url of a parsed page, as far as they are known."""
    meta = _meta(tree)
    node = next(_articles(tree), {})
    text = [line for block in blocks.paragraphs(tree) for line in block.split("\n")]
    heading = next((" ".join(h1.text_content().split()) for h1 in tree.iter("h1")), "")
    title = fields.plain_text(_text(node.get("headline")) or _of(meta, _TITLES) or heading or _title(tree))
    said = byline(_after(text, heading or title))
    source = _name(node.get("publisher")) or _of(meta, _SOURCES) or said.source
    return {
        "title": _without_outlet(title, source, heading),
        "published": _date(node.get("datePublished"), meta) or _marked_date(tree) or said.published or _date_in(url),
        "source": source or _host(url),
        "author": _names(node.get("author")) or _person(_of(meta, _AUTHORS)) or said.author,
        "url": _address(tree, node, meta, url),
    }


def _articles(tree: Any) -> Iterator[Mapping[str, Any]]:
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            try:
                found = json.loads((script.text or "").strip().rstrip(";"), strict=False)
            except (ValueError, RecursionError):
                continue
            yield from (each for each in _nodes(found) if any(map(_ARTICLE.search, _types(each))))


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Walk the objects of JSON-LD, wherever a list, a graph or a page holds them."""
    todo = [value]
    while todo:
        each = todo.pop(0)
        if isinstance(each, list):
            todo = [*each, *todo]
        elif isinstance(each, dict):
            yield each
            todo += [each[key] for key in _WITHIN if key in each]


def _types(node: Mapping[str, Any]) -> list[str]:
    types = node.get("@type")
    return [each for each in (types if isinstance(types, list) else [types]) if isinstance(each, str)]


def _meta(tree: Any) -> dict[str, str]:
    """Return the meta elements by name in small letters; the first of a name counts."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        if content := " ".join((element.get("content") or "").split()):
            found.setdefault(name.strip().lower(), content)
    return found


def _of(meta: Mapping[str, str], names: str) -> str:
    return next((meta[name] for name in names.split() if name in meta), "")


def _date(given: Any, meta: Mapping[str, str]) -> date | None:
    said = [given, *(meta[name] for name in _DATES.split() if name in meta)]
    return next((day for value in said if isinstance(value, str) if (day := day_of(value))), None)


def day_of(text: str) -> date | None:
    """Read the day that a piece of metadata names, in its own time zone; one that does not exist is none."""
    stamp = re.match(r"\s*(\d{4})-?(\d\d)-?(\d\d)(?!\d)", text)
    if stamp:
        return whole(values.Date(*map(int, stamp.groups())))
    return next((day for day in map(whole, values.dates(text)) if day), None)


def _marked_date(tree: Any) -> date | None:
    """Read the elements that are marked as the date of publication, or else the first time that the article shows."""
    marked = tree.xpath(f"//*[@itemprop='datePublished' or @pubdate or {_MARKED_AS_DATE}]")
    times = tree.xpath("//time[@datetime][not(ancestor::nav or ancestor::aside or ancestor::footer)]")
    for element in [*marked, *times[:1]]:
        stated = element.get("datetime") or element.get("content") or element.text_content()
        if len(stated) <= 100 and (day := day_of(stated)):
            return day
    return None


def _date_in(url: str | None) -> date | None:
    """Read the date in an address (/2021/09/14/, /2021-09-14-, /t20210914_)."""
    stamp = _ADDRESS_DATE.search(urlsplit(url).path) if url else None
    return whole(values.Date(*map(int, stamp.group("y", "m", "d")))) if stamp else None


def _title(tree: Any) -> str:
    return next((" ".join(title.text_content().split()) for title in tree.iter("title")), "")


def _without_outlet(title: str, source: str, heading: str) -> str:
    """Cut the outlet's name off the end of a title (Fined again – Example Post)."""
    suffix = _SUFFIX.search(title)
    if suffix and suffix.start() and (suffix["outlet"] == source or title[: suffix.start()] == heading):
        return title[: suffix.start()]
    return title


def _after(lines: list[str], title: str) -> list[str]:
    at = next((at for at, line in enumerate(lines) if title and line == title), None)
    return lines[at + 1 :] if at is not None else lines[:0]


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _name(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return _text(first.get("name") if isinstance(first, dict) else first)


def _names(value: Any) -> str:
    people = [_person(_name(each)) for each in (value if isinstance(value, list) else [value])]
    return ", ".join(dict.fromkeys(filter(None, people)))


def _person(name: str) -> str:
    """Drop an address that stands for an author, and the word before a name."""
    return "" if "://" in name else re.sub(r"^(?:[Bb]y |记者|記者|作者)[:：\s]*", "", name)


def _address(tree: Any, node: Mapping[str, Any], meta: Mapping[str, str], url: str | None) -> str | None:
    """Choose the page's own lasting address; one at another host than it came from could be anything."""
    links = [link.get("href") for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    for given in (*links, meta.get("og:url"), node.get("url"), node.get("mainEntityOfPage")):
        if not isinstance(given, str) or not given.strip():
            continue
        try:
            address = urljoin(url or "", given.strip())
            here, there = urlsplit(url or address), urlsplit(address)
        except ValueError:  # [ in a host
            continue
        a_section = there.path in ("", "/") and here.path not in ("", "/")
        if there.scheme in ("http", "https") and not a_section and _host(address) == _host(url or address) != "":
            return address
    return url


def _host(url: str | None) -> str:
    return _BARE_HOST.sub("", (urlsplit(url).hostname or "")) if url else ""
