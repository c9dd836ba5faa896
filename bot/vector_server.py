"""Dense search on a Chroma server (REGBRIEF_CHROMA_URL), which several machines may share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.errors import BotError, LibraryDamaged, ServerError
from bot.neighbours import ChromaIndex, Collections, collections

PATIENCE = 30.0
"""Seconds for which a server may be silent."""

CONNECTING = 3.0
"""Seconds in which it must take a connection."""


class VectorServer(ChromaIndex):
    """Nearest neighbours in collections of a server; each library has collections of its own there."""

    def __init__(self, url: str, name: Callable[[], str], *, patience: float = PATIENCE) -> None:
        """Name the server and, when it is first asked, the library; a server that is down is tried again each time.

        `url` may end in `?tenant=…&database=…`.
        """
        parts = urlsplit(url)
        self._url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._secure else 80)
        self._place = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self._name = name
        self._patience = patience
        self._lock = threading.Lock()
        self._client: Any = None
        self._collections: Collections | None = None

    def warm(self) -> None:
        """Leave it to the server what it keeps in memory."""

    def refresh(self) -> None:
        """Do nothing: the server shows what it has."""

    def clear(self) -> None:
        """Forget every vector of this library."""
        with self._reading() as found:
            for collection in found.values():
                self._client.delete_collection(collection.name)
            self._collections = None

    def close(self) -> None:
        """Let go of the connections; they are made again when they are needed."""
        if self._client:
            for each in (self._client, self._client._admin_client):  # its own `close` leaves both open (1.5.9)
                each._server._session.close()
            self._client.close()
        self._client = self._collections = None

    @contextmanager
    def _reading(self) -> Iterator[Collections]:
        with self._errors():
            yield self._connected()

    _writing = _reading

    def _connected(self) -> Collections:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            if self._collections is None:
                self._collections = collections(self._client, f"regbrief-{self._name()}")
            return self._collections

    def _connect(self) -> Any:
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import chromadb  # takes 0.8 s: only those who search pay for it
        import httpx
        from chromadb.config import Settings

        # Chroma waits for ever, and already while its client is being made: so it is asked for a sign of life first
        timeout = httpx.Timeout(self._patience, connect=min(CONNECTING, self._patience))
        httpx.get(f"{self._url}/api/v2/heartbeat", timeout=timeout, trust_env=False).raise_for_status()
        settings = Settings(anonymized_telemetry=False)
        client: Any = chromadb.HttpClient(
            host=self._host,
            port=self._port,
            ssl=self._secure,
            settings=settings,
            tenant=self._place.get("tenant", "default_tenant"),
            database=self._place.get("database", "default_database"),
        )
        client._server._session.timeout = timeout  # it offers no setting for it (1.5.9)
        return client

    @contextmanager
    def _errors(self) -> Iterator[None]:
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
            self._collections = None
            return LibraryDamaged(
                f"The vectors on the Chroma server {self._url} are not those of this library: {what}.",
                hint="Run `regbrief doctor --rebuild`.",
            )
        return ServerError(
            f"The Chroma server {self._url} does not answer as it should: {what}.",
            hint="Start it, wait for it, or correct REGBRIEF_CHROMA_URL; nothing that was added is lost.",
        )
