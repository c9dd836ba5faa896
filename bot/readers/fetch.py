"""Fetch an address: every connection goes to an address that the guard has checked, within limits of size and time."""

from __future__ import annotations

import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import Message
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from typing import Any

import httpcore
import httpx

from bot.errors import AddressRefused, FetchError
from bot.readers.guard import Guard

TEXTS = frozenset(
    """
    text/html application/xhtml+xml text/plain text/markdown application/pdf
    application/rss+xml application/atom+xml application/rdf+xml application/xml text/xml
    application/feed+json application/json
    """.split()
)
"""The content types that hold articles or feeds; a server that names none is believed until its answer is read."""

GZIP = b"\x1f\x8b"
"""The first bytes of each member of a gzip stream."""

CONNECT_SECONDS = 6.0
"""For each address of a host, so that a dead one leaves time for the next."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may take; bytes are counted after decompression, redirects and their time together."""

    seconds: float = 30.0
    bytes: int = 20_000_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Page:
    """What an address has answered; `url` is where it was found in the end, after redirects."""

    url: str
    content: bytes
    media_type: str = ""
    charset: str | None = None
    etag: str | None = None
    modified: str | None = None
    unchanged: bool = False
    """The server says that it is as `etag` or `modified` had it: there is no content."""


class Fetcher:
    """Fetches addresses directly, without proxies: a proxy would resolve the names again, and unchecked."""

    def __init__(self, guard: Guard, *, agent: str, limits: Limits | None = None) -> None:
        self.guard = guard
        self.agent = agent
        self._limits = limits or Limits()
        self._tls: ssl.SSLContext | None = None

    def get(
        self,
        address: str,
        *,
        etag: str | None = None,
        modified: str | None = None,
        types: frozenset[str] | None = TEXTS,
        before: Callable[[httpx.URL], None] = lambda url: None,
    ) -> Page:
        """Fetch an address, following redirects; `before` is called ahead of each request and does not cost its time.

        With `etag` and `modified`, of an earlier answer, the server may say that nothing has changed. `types` are the
        content types that are read, None reads any. Raises FetchError.
        """
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        seconds = self._limits.seconds
        for _ in range(self._limits.redirects + 1):
            url = self.guard.url(address)
            before(url)
            deadline = _Deadline(seconds, url.host)
            with _named(url):
                answer = self._request(url, headers, types, deadline)
            if isinstance(answer, Page):
                return answer
            address, seconds = str(_joined(url, answer)), deadline.left()
        raise FetchError(
            f"{address!r} is redirected more than {self._limits.redirects} times.", hint="Open it in a browser."
        )

    def _request(
        self, url: httpx.URL, headers: dict[str, str | None], types: frozenset[str] | None, deadline: _Deadline
    ) -> Page | str:
        """Return what is at this address, or where it has gone."""
        sent = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self.agent,
            "Accept": "*/*" if types is None else ", ".join([*sorted(types), "*/*;q=0.1"]),
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
        } | {name: value for name, value in headers.items() if value}
        with (
            httpcore.ConnectionPool(self._context(), network_backend=_Backend(self.guard, deadline)) as pool,
            pool.stream("GET", _target(url), headers=list(sent.items())) as response,
        ):
            received = httpx.Headers(response.headers)
            if response.status in (301, 302, 303, 307, 308):
                return str(received.get("location", ""))
            media_type, charset = _content_type(received.get("content-type", ""))
            etag, modified = _token(received.get("etag")), _token(received.get("last-modified"))
            found = Page(str(url), b"", media_type, charset, etag, modified)
            if response.status == 304 and any(headers.values()):
                return replace(found, unchanged=True)
            if response.status != 200:
                raise _refused(url, response.status, received)
            if types is not None and media_type and media_type not in types:
                raise FetchError(
                    f"{str(url)!r} is {media_type!r}.", hint="Pages, PDFs, plain texts and feeds are read."
                )
            return replace(found, content=self._content(response.iter_stream(), received))

    def _content(self, parts: Iterable[bytes], headers: httpx.Headers) -> bytes:
        limit = self._limits.bytes
        if headers.get("content-length", "").isdigit() and int(headers["content-length"]) > limit:
            raise _too_large(limit)
        content = bytearray()
        for part in _decompressed(parts, headers.get("content-encoding", "").strip().lower(), limit + 1):
            content += part
            if len(content) > limit:
                raise _too_large(limit)
        return bytes(content)

    def _context(self) -> ssl.SSLContext:
        self._tls = self._tls or httpx.create_ssl_context()
        return self._tls


class _Deadline:
    def __init__(self, seconds: float, host: str) -> None:
        self._seconds = seconds
        self._host = host
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises FetchError when there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise FetchError(f"{self._host!r} took too long.", hint="Try again later.", temporary=True)
        return seconds


class _Backend(httpcore.NetworkBackend):
    """Connects to the addresses that the guard gives for a name; TLS goes on checking the certificate of the name."""

    def __init__(self, guard: Guard, deadline: _Deadline) -> None:
        self._guard = guard
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = _within(self._deadline, lambda: self._guard.addresses(host, port))
        for address in others:
            try:
                return self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(last, port)

    def _connect(self, address: str, port: int) -> httpcore.NetworkStream:
        seconds = min(CONNECT_SECONDS, self._deadline.left())
        return _Stream(self._sockets.connect_tcp(address, port, timeout=seconds), self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes together end at the deadline: a drip of bytes gains no time."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _within(deadline: _Deadline, resolve: Callable[[], list[str]]) -> list[str]:
    """Resolve in a thread of its own, which is left behind at the deadline: the system's resolver takes no timeout."""
    answers: SimpleQueue[list[str] | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(resolve())
        except BaseException as error:
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except Empty:
        deadline.left()
        raise
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _decompressed(parts: Iterable[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """Undo gzip or deflate in steps of at most `most` bytes: a bomb is never unfolded in memory."""
    if encoding in ("", "identity"):
        yield from parts
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchError(f"The answer is compressed with {encoding!r}.", hint="Only gzip and deflate are read.")
    width = zlib.MAX_WBITS | 32  # gzip or zlib, told by the first bytes
    unfolding, begun, held = None, False, b""
    for part in parts:
        part, held = held + part, b""
        while part:
            if begun and unfolding is None and not part.startswith(GZIP):
                if len(part) >= len(GZIP):
                    return  # what follows is no further member, but padding
                held = part
                break
            if unfolding is None and encoding == "deflate" and part[0] & 15 != 8:
                width = -zlib.MAX_WBITS  # some servers send deflate without zlib's header
            unfolding, begun = unfolding or zlib.decompressobj(width), True
            try:
                yield unfolding.decompress(part, most)
            except zlib.error as error:
                raise FetchError(f"The answer is not {encoding}: {error}.", hint="Try again later.") from error
            if unfolding.eof:
                part, unfolding = unfolding.unused_data, None
            else:
                part = unfolding.unconsumed_tail
    if unfolding is not None:
        raise FetchError("The answer ends in the middle.", hint="Try again later.", temporary=True)


@contextmanager
def _named(url: httpx.URL) -> Iterator[None]:
    """Turn what goes wrong on the way into a FetchError that names the address."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise FetchError(f"{str(url)!r} took too long.", hint="Try again later.", temporary=True) from error
    except httpcore.NetworkError as error:
        raise FetchError(f"{str(url)!r} cannot be reached: {error}.", hint="Try later.", temporary=True) from error
    except httpcore.ProtocolError as error:
        raise FetchError(f"{str(url)!r} answers no proper HTTP: {error}.", hint="Try later.", temporary=True) from error


def _target(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _joined(url: httpx.URL, location: str) -> httpx.URL:
    try:
        if location:
            return url.join(location)
    except (httpx.InvalidURL, ValueError):
        pass
    raise AddressRefused(f"{str(url)!r} is redirected to {location[:200]!r}.", hint="That is no address.")


def _refused(url: httpx.URL, status: int, headers: httpx.Headers) -> FetchError:
    temporary = status in (408, 425, 429) or status >= 500
    return FetchError(
        f"{str(url)!r} answers {status} ({httpx.codes.get_reason_phrase(status) or 'unknown'}).",
        hint="Try again later." if temporary else "Open it in a browser.",
        temporary=temporary,
        retry_after=_seconds(headers.get("retry-after", "")),
        status=status,
    )


def _too_large(limit: int) -> FetchError:
    return FetchError(f"The answer is over {limit:,} bytes.", hint="Save what you need of it as a file.")


def _seconds(value: str) -> float | None:
    """Read a Retry-After header: seconds, or the date until which to wait."""
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _content_type(value: str) -> tuple[str, str | None]:
    message = Message()
    message["content-type"] = value
    charset = message.get_content_charset()
    return (message.get_content_type() if "/" in value else ""), charset


def _token(value: str | None) -> str | None:
    """Keep a validator only in a form in which it can be sent back."""
    return value if value and len(value) < 500 and value.isascii() and value.isprintable() else None
