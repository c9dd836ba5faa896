"""Which addresses may be fetched: http and https, and only hosts that everybody on the internet can reach.

A name is judged by the addresses that it resolves to, and `bot.readers.fetch` connects to these very addresses: a name
that resolves to something else a moment later gains nothing.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from bot.errors import AddressRefused, FetchError, SettingsError

PORTS = frozenset({80, 443, 8080, 8443})
MAX_ADDRESS = 2_000

Resolve = Callable[[str], Sequence[str]]
"""Turn a host name into its IP addresses, in the order in which they should be tried."""

_FIX = "Only public http and https addresses are fetched; REGBRIEF_ALLOW_HOSTS names internal hosts that may be, too."

_IPV4_TOO = tuple(
    map(
        IPv4Network,
        (
            "100.64.0.0/10",  # shared by carriers; Alibaba Cloud's metadata is in it
            "168.63.129.16/32",  # Azure's host agent: the one metadata address that is public by its number
            "192.0.0.0/24",  # protocol assignments; Oracle Cloud's metadata is in it
            "192.88.99.0/24",  # 6to4 relays
        ),
    )
)
"""Closed, though some versions of `ipaddress` call them global."""

_IPV6_OPEN = IPv6Network("2000::/3")
_IPV6_CLOSED = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments; Teredo carries IPv4
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4 carries IPv4
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


class Guard:
    """Says which addresses may be fetched; `allow_hosts` lists exceptions as HOST or HOST:PORT, split by commas."""

    def __init__(self, allow_hosts: str = "", *, resolve: Resolve | None = None) -> None:
        """Raise SettingsError for an exception that is no host."""
        self._allowed = frozenset(_exception(entry) for entry in re.split(r"[\s,]+", allow_hosts) if entry)
        self._resolve = resolve or lookup

    def url(self, address: str) -> httpx.URL:
        """Parse an address and check what can be told without resolving its host. Raises AddressRefused."""
        shown = address if len(address) <= 200 else f"{address[:199]}…"
        if len(address) > MAX_ADDRESS:
            raise AddressRefused(
                f"{shown!r} has {len(address):,} characters.", hint=f"At most {MAX_ADDRESS:,} are read."
            )
        if re.search(r"[\s\\\x00-\x1f\x7f]", address):
            raise AddressRefused(f"{shown!r} holds a blank, a backslash or a control character.", hint="Remove it.")
        try:
            url = httpx.URL(address).copy_with(fragment=None)
        except (httpx.InvalidURL, ValueError) as error:
            raise AddressRefused(f"{shown!r} is no address: {error}.", hint="Check the spelling.") from error
        if url.scheme not in ("http", "https"):
            raise AddressRefused(f"{shown!r} is neither http nor https.", hint=_FIX)
        if re.match(r"[^/]*//[^/?#]*@", address):
            raise AddressRefused(f"{shown!r} holds a user name.", hint="Remove what stands before the @.")
        host = url.raw_host.decode("ascii")
        if not _ip(host) and not re.fullmatch(r"(?=.*[0-9a-z])[0-9a-z._-]+", host):
            raise AddressRefused(f"{shown!r} names no host.", hint="Check the spelling.")
        if _numeric(host) and not _ip(host):
            raise AddressRefused(f"{shown!r} writes an IP address in disguise.", hint="Write four decimal numbers.")
        if _port(url) not in PORTS and not self._excepted(host, _port(url)):
            raise AddressRefused(f"{shown!r} is on port {url.port}.", hint=_FIX)
        return url

    def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a host and return its addresses; if one of them may not be reached, none may. Raises FetchError."""
        literal = _ip(host)
        found = [literal] if literal else [ip_address(each) for each in self._resolve(host)]
        if not found:
            raise FetchError(f"The host {host!r} has no address.", hint="Check the spelling.", temporary=True)
        if not self._excepted(host, port):
            for address in found:
                if not public(address):
                    raise AddressRefused(f"The host {host!r} is at {address}, which is not public.", hint=_FIX)
        return [str(address) for address in found]

    def _excepted(self, host: str, port: int) -> bool:
        name = str(_ip(host) or host.rstrip("."))
        return (name, None) in self._allowed or (name, port) in self._allowed


def public(address: IPv4Address | IPv6Address) -> bool:
    """Whether everybody on the internet reaches the same machine at this address.

    Of IPv6 only what is handed out for that, and of the forms that carry IPv4 only NAT64 of a public address, which
    networks without IPv4 use for every site.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in closed for closed in _IPV4_TOO)
    if address in _NAT64:
        return public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _IPV6_OPEN and not any(address in closed for closed in _IPV6_CLOSED)


def lookup(host: str) -> list[str]:
    """Ask the system's resolver. Raises FetchError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(
            f"The host {host!r} cannot be found: {error}.", hint="Check the spelling and the network.", temporary=True
        ) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _port(url: httpx.URL) -> int:
    return (443 if url.scheme == "https" else 80) if url.port is None else url.port


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]") if host.endswith("]") else host)
    except ValueError:
        return None


def _numeric(host: str) -> bool:
    """Whether resolvers may take the host for a number, as in 127.1, 0x7f.0.0.1 or 2130706433."""
    last = host.rstrip(".").rpartition(".")[2]
    return bool(re.fullmatch(r"\d+|0x[0-9a-f]*", last, re.IGNORECASE))


def _exception(entry: str) -> tuple[str, int | None]:
    bare = None if "[" in entry else _ip(entry)
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:/@\[\]]+)(?::(\d{1,5}))?", entry)
    if bare is None and found is None:
        raise SettingsError(
            f"REGBRIEF_ALLOW_HOSTS holds {entry!r}.", hint="Write HOST or HOST:PORT, several split by commas."
        )
    host, port = (entry, None) if bare or found is None else found.groups()
    name = str(_ip(host) or httpx.URL(f"http://{host}").raw_host.decode("ascii").rstrip("."))
    return name, int(port) if port else None
