"""Addresses and feeds: what is new on the web, fetched once, into the library.

Pages are fetched in threads, the library is written to by one: others may write while the network is waited for.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from bot.errors import BotError, FetchError, InputError, NotFound, Stopped
from bot.indexing import Progress
from bot.library import Library
from bot.outcomes import Failure, Feed, FeedSync, Ingested, Stage, Synced
from bot.readers import feed as reader
from bot.readers import web
from bot.readers.feed import Entry, Parsed
from bot.readers.fetch import Fetcher, Page
from bot.readers.guard import Guard
from bot.readers.visit import Visitor
from bot.records import Article
from bot.settings import Settings
from bot.subscriptions import Fetched

ADDRESSES_AT_ONCE = 8
ENTRIES_AT_ONCE = 200
"""New entries of one feed that are fetched in one go; the others are left for the next, while the feed has them."""

EXCERPT = "feed excerpt"
"""Tag of an article of which only the feed's own text could be had."""

_FULLER = 2.0
"""A feed's own text that is so many times longer than the page's is the article: the page has the rest for members."""

T = TypeVar("T")


@dataclass
class _Haul:
    """What one address has brought, before it is in the library."""

    articles: list[Article] = field(default_factory=list)
    fetched: list[Fetched] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    partial: list[Failure] = field(default_factory=list)
    known: int = 0
    waiting: int = 0
    again: bool = False
    """Something is left that the next reading may bring, even if the feed will not have changed."""


class Feeds:
    """The feeds that a library follows, and the pages that it has fetched. One is made for each run."""

    def __init__(self, library: Library, visitor: Visitor, *, progress: Progress = lambda stage: None) -> None:
        """`progress` is told of each page, from several threads; if it raises Stopped, what is fetched is kept."""
        self._library = library
        self._subscriptions = library.catalog.subscriptions
        self._visitor = visitor
        self._progress = progress
        self._claimed: set[str] = set()
        self._pages = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @classmethod
    def open(cls, library: Library, settings: Settings, *, progress: Progress = lambda stage: None) -> Feeds:
        """Fetch as the settings say. Raises SettingsError."""
        fetcher = Fetcher(Guard(settings.allow_hosts), agent=settings.user_agent)
        return cls(library, Visitor(fetcher, delay=settings.fetch_delay), progress=progress)

    def follow(self, addresses: Sequence[str]) -> list[Feed | Failure]:
        """Follow feeds, each named by its address or that of a page that links to it; in the order of `addresses`."""
        found = dict(self._each(addresses, self._find))
        there = {feed.url: feed for feed in self._subscriptions.feeds()}
        followed: list[Feed | Failure] = []
        for address in dict.fromkeys(addresses):
            feed = found[address]
            if isinstance(feed, Exception):
                followed.append(Failure(address, _reason(feed)))
                continue
            if feed.url not in there:
                self._subscriptions.put(feed)
            followed.append(there.setdefault(feed.url, feed))
        return followed

    def unfollow(self, address: str) -> None:
        """Follow a feed no longer; its articles stay. Raises NotFound."""
        for feed in self._subscriptions.feeds():
            if web.key(feed.url) == web.key(address):
                self._subscriptions.remove(feed.url)
                return
        raise NotFound(
            f"No feed has the address {address!r}.",
            hint="`regbrief feeds list` lists them.",
            case="feed",
            values={"address": address},
        )

    def take(self, addresses: Sequence[str]) -> Ingested:
        """Add the articles at these addresses: pages, or feeds with all their entries.

        A page that is named is fetched again, an entry of a feed is not. What cannot be read is named in `failed`.
        Raises LibraryLocked while another process writes.
        """
        done = Ingested()
        for address, haul in self._each(addresses, self._take):
            if isinstance(haul, Exception):
                haul = _Haul(failed=[Failure(address, _reason(haul))])
            done += self._store(haul)
        return done

    def sync(self) -> Synced:
        """Read every feed that is followed and fetch its new entries; a feed that fails does not stop the others.

        Raises LibraryLocked while another process writes.
        """
        known = {feed.url: feed for feed in self._subscriptions.feeds()}
        ended: dict[str, FeedSync] = {}
        for url, outcome in self._each(list(known), lambda url: self._read(known[url])):
            if isinstance(outcome, Exception):
                ended[url] = self._failed(known[url], outcome)
            else:
                ended[url] = self._kept(known[url], *outcome)
        return Synced(tuple(ended[url] for url in known))

    def _each(self, addresses: Sequence[str], work: Callable[[str], T]) -> Iterator[tuple[str, T | Exception]]:
        """Work on addresses in threads; yield each with its result, or with what went wrong, as it is done."""

        def worked(address: str) -> T:
            try:
                return work(address)
            finally:
                self._library.catalog.store.release()

        threads = ThreadPoolExecutor(ADDRESSES_AT_ONCE)
        try:
            running = {threads.submit(worked, address): address for address in dict.fromkeys(addresses)}
            for ended in as_completed(running):
                error = ended.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield running[ended], error if error is not None else ended.result()
        except BaseException:
            self._stopped.set()
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def _find(self, address: str) -> Feed:
        page = self._visitor.get(address)
        form = web.kind(page)
        if form != "feed":
            linked = web.links(page).feeds if form == "html" else ()
            if not linked:
                raise InputError(f"{address!r} is no feed and links to none.", hint="Give the feed's own address.")
            page = self._visitor.get(linked[0])
        return Feed(page.url, reader.parse(page).title)

    def _take(self, address: str) -> _Haul:
        page = self._visitor.get(address)
        form = web.kind(page)
        if form == "feed":
            return self._entries(page.url, reader.parse(page))
        linked = web.links(page).feeds if form == "html" else ()
        try:
            if linked and web.is_front(page.url):
                raise InputError(f"{address!r} is the front page of a site.", hint="Its feed is read.")
            article, failures = web.read(page)
        except InputError:
            if not linked:
                raise
            page = self._visitor.get(linked[0])
            return self._entries(page.url, reader.parse(page))
        self._count()
        names = {web.key(address), web.key(page.url), web.key(article.url or page.url)}
        article = self._named(article, self._subscriptions.fetched(names).values())
        return _Haul([article], [Fetched(name, article.id) for name in sorted(names)], failures)

    def _read(self, feed: Feed) -> tuple[Page, Parsed, _Haul]:
        page = self._visitor.get(feed.url, etag=feed.etag, modified=feed.modified)
        if page.unchanged:
            return replace(page, etag=feed.etag, modified=feed.modified), Parsed(feed.title, ()), _Haul()
        parsed = reader.parse(page)
        return page, parsed, self._entries(feed.url, parsed)

    def _entries(self, feed: str, parsed: Parsed) -> _Haul:
        haul = _Haul()
        named = {_name(feed, entry): entry for entry in reversed(parsed.entries)}  # of two of one name the first stays
        before = self._subscriptions.fetched(named)
        new = [name for name in reversed(named) if name not in before or not before[name].whole]
        haul.known = len(named) - len(new)
        haul.waiting = max(0, len(new) - ENTRIES_AT_ONCE)
        for name in new[:ENTRIES_AT_ONCE]:
            if self._stopped.is_set():
                haul.again = True
                break
            if self._claim({name}):
                entry = named[name]
                outlet = entry.source or parsed.title
                self._entry(haul, replace(entry, source=outlet), name=name, feed=feed, before=before.get(name))
            else:
                haul.again = True  # another feed has it, too, and may fail to fetch it
            self._count()
        return haul

    def _count(self) -> None:
        """Tell of one more page."""
        with self._lock:
            self._pages += 1
            try:
                self._progress(Stage("fetching", self._pages, None, "pages"))
            except Stopped:
                self._stopped.set()

    def _entry(self, haul: _Haul, entry: Entry, *, name: str, feed: str, before: Fetched | None) -> None:
        """Fetch an entry's page, or keep what the feed itself has of it."""
        own = _own(entry, name)
        try:
            if not entry.url:
                raise InputError("The entry names no page.")
            page = self._visitor.get(entry.url)
            article, failures = web.read(page)
        except Exception as error:  # pages are the work of strangers: not one of them may stop the others
            haul.again |= isinstance(error, FetchError) and error.temporary
            where = entry.url or f"{feed} ({entry.title or entry.key})"
            if own is None:
                haul.failed.append(Failure(where, _reason(error)))
                return
            if entry.url:
                own = replace(own, tags=(EXCERPT,))
                haul.partial.append(Failure(where, _reason(error)))
            own = self._named(own, [before] if before else [])
            haul.articles.append(own)
            haul.fetched.append(Fetched(name, own.id, feed, whole=not entry.url))
            return
        names = {name, web.key(page.url), web.key(article.url or page.url)}
        there = self._subscriptions.fetched(names)
        whole = next((each for each in there.values() if each.whole), None)
        if whole:
            haul.fetched.append(Fetched(name, whole.article_id, feed))
            haul.known += 1
            return
        if not self._claim(names - {name}):
            haul.again = True
            return
        article = _entitled(article, entry)
        haul.failed += failures
        if own and len(own.body) > _FULLER * len(article.body):
            article = replace(article, body=own.body, language=own.language)
        article = self._named(article, there.values())
        haul.articles.append(article)
        haul.fetched += [Fetched(each, article.id, feed) for each in sorted(names)]

    def _named(self, article: Article, before: Iterable[Fetched]) -> Article:
        """Keep the id under which an article came first, also if it was found at another address of the same page."""
        return replace(article, id=next((each.article_id for each in before), article.id))

    def _claim(self, names: set[str]) -> bool:
        """Take pages for this thread, unless another has one of them already."""
        with self._lock:
            free = self._claimed.isdisjoint(names)
            self._claimed |= names
        return free

    def _store(self, haul: _Haul) -> Ingested:
        done = self._library.add(haul.articles) if haul.articles else Ingested()
        self._subscriptions.note(haul.fetched, when=datetime.now(UTC))
        return replace(
            done,
            unchanged=done.unchanged + haul.known,
            failed=done.failed + tuple(haul.failed),
            partial=tuple(haul.partial),
        )

    def _failed(self, feed: Feed, error: Exception) -> FeedSync:
        problem = _reason(error)
        self._subscriptions.put(replace(feed, problem=problem))
        return FeedSync(feed.url, feed.title, problem=problem)

    def _kept(self, feed: Feed, page: Page, parsed: Parsed, haul: _Haul) -> FeedSync:
        done = self._store(haul)
        feed = replace(feed, title=parsed.title or feed.title, synced=datetime.now(UTC), problem=None)
        # Without its validators the feed is sent again the next time, and with it what is left.
        left = haul.again or haul.waiting
        self._subscriptions.put(
            replace(feed, etag=None if left else page.etag, modified=None if left else page.modified)
        )
        return FeedSync(feed.url, feed.title, done, haul.waiting)


def _name(feed: str, entry: Entry) -> str:
    return web.key(entry.url) if entry.url else f"{web.key(feed)}#{entry.key}"


def _own(entry: Entry, name: str) -> Article | None:
    """Make an article of the feed's own text, if it has one."""
    title = entry.title or entry.body.partition("\n")[0][:100]
    try:
        article = reader.article(replace(entry, title=title))
    except InputError:
        return None
    if entry.url:
        return replace(article, id=web.identity(entry.url), url=web.address(entry.url))
    return replace(article, id=hashlib.sha256(name.encode("utf-8")).hexdigest()[:16])


def _entitled(article: Article, entry: Entry) -> Article:
    """Take title and date from the feed, which has them for certain, and the outlet where the page does not say."""
    return replace(
        article,
        title=entry.title or article.title,
        published=entry.published or article.published or entry.updated,
        source=article.source or entry.source,
    )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, BotError) else f"It cannot be read ({type(error).__name__}: {error})."
