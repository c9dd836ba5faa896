"""Dense search on a Chroma server (REGBRIEF_CHROMA_URL), which several machines may share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.breaker import Breaker
from bot.errors import BotError, LibraryDamaged, ServerError
from bot.neighbours import ChromaIndex, Collections, collections

PATIENCE = 30.0
"""Seconds for which a server may be silent."""

HURRY = 3.0
"""The same while somebody waits for an answer."""

CONNECTING = 2.0
"""Seconds in which it must take a connection."""


class VectorServer(ChromaIndex):
    """Nearest neighbours in collections of a server; each library has collections of its own there."""

    def __init__(self, url: str, name: Callable[[], str], *, patience: float = PATIENCE) -> None:
        """Name the server and, when it is first asked, the library.

        A server that is down is asked again, but not by each who comes. `url` may end in `?tenant=…&database=…`.
        """
        parts = urlsplit(url)
        self._url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._secure else 80)
        self._place = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self._name = name
        self._patience, self._hurry = patience, min(HURRY, patience)
        self._breaker = Breaker()
        self._lock = threading.Lock()
        self._clients: dict[float, Any] = {}
        self._collections: dict[float, Collections] = {}

    def ailing(self) -> str | None:
        """Ask the server for a sign of life; return what is wrong, None where nothing is."""
        try:
            with self._errors():
                self._heartbeat(self._hurry)
        except ServerError as error:
            return str(error)
        return None

    def warm(self) -> None:
        """Leave it to the server what it keeps in memory."""

    def refresh(self) -> None:
        """Do nothing: the server shows what it has."""

    def clear(self) -> None:
        """Forget every vector of this library."""
        with self._reading() as found:
            for collection in found.values():
                self._clients[self._patience].delete_collection(collection.name)
            self._collections = {}

    def close(self) -> None:
        """Let go of the connections; they are made again when they are needed."""
        for client in self._clients.values():
            for each in (client, client._admin_client):  # its own `close` leaves both open (1.5.9)
                each._server._session.close()
            client.close()
        self._clients, self._collections = {}, {}

    def _searching(self) -> AbstractContextManager[Collections]:
        return self._asked(self._hurry)

    def _reading(self) -> AbstractContextManager[Collections]:
        return self._asked(self._patience)

    _writing = _reading

    @contextmanager
    def _asked(self, patience: float) -> Iterator[Collections]:
        with self._errors():
            yield self._connected(patience)

    def _connected(self, patience: float) -> Collections:
        # Chroma waits for ever, and already while its client is being made: so it is asked for a sign of life first
        if not self._clients:
            self._heartbeat(patience)
        with self._lock:
            if not self._clients:
                self._clients = {each: self._connect(each) for each in {self._hurry, self._patience}}
            if not self._collections:
                name = f"regbrief-{self._name()}"
                self._collections = {each: collections(client, name) for each, client in self._clients.items()}
            return self._collections[patience]

    def _heartbeat(self, patience: float) -> None:
        import httpx

        httpx.get(f"{self._url}/api/v2/heartbeat", timeout=_timeout(patience), trust_env=False).raise_for_status()

    def _connect(self, patience: float) -> Any:
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import chromadb  # takes 0.8 s: only those who search pay for it
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        client: Any = chromadb.HttpClient(
            host=self._host,
            port=self._port,
            ssl=self._secure,
            settings=settings,
            tenant=self._place.get("tenant", "default_tenant"),
            database=self._place.get("database", "default_database"),
        )
        client._server._session.timeout = _timeout(patience)  # it offers no setting for it (1.5.9)
        return client

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with self._breaker.guarding():
            try:
                yield
            except BotError:
                raise
            except Exception as error:  # httpx's tree, Chroma's own, and ValueError where it cannot connect
                raise self._named(error) from error

    def _named(self, error: Exception) -> BotError:
        from chromadb.errors import InvalidArgumentError, InvalidDimensionException, NotFoundError

        what = f"{type(error).__name__}: {error}".strip(": ")
        if isinstance(error, NotFoundError | InvalidArgumentError | InvalidDimensionException):
            self._collections = {}
            return LibraryDamaged(
                f"The vectors on the Chroma server {self._url} are not those of this library: {what}.",
                hint="Run `regbrief doctor --rebuild`.",
            )
        return ServerError(
            f"The Chroma server {self._url} does not answer as it should: {what}.",
            hint="Start it, wait for it, or correct REGBRIEF_CHROMA_URL; nothing that was added is lost.",
        )


def _timeout(patience: float) -> Any:
    import httpx

    return httpx.Timeout(patience, connect=min(CONNECTING, patience))
