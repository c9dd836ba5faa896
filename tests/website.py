"""A site on this machine's loopback that answers as a test tells it, also as no decent site would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[Any], None]


@dataclass
class Website:
    """Answers 404 for what it has not been given, whatever the query.

    `asked` has the paths of all requests, `headers` those of the last one.
    """

    port: int
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def url(self, path: str, *, host: str = "localhost") -> str:
        return f"http://{host}:{self.port}{path}"

    def put(
        self, path: str, body: str | bytes, type: str = "text/html; charset=utf-8", *, status: int = 200, **headers: str
    ) -> str:
        """Answer a path with this body; return the address."""
        content = body.encode("utf-8") if isinstance(body, str) else body

        def answer(handler: BaseHTTPRequestHandler) -> None:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            send(handler, content, {"Content-Type": type, **named}, status=status)

        self.pages[path] = answer
        return self.url(path)

    def redirect(self, path: str, location: str, *, status: int = 302) -> str:
        self.pages[path] = lambda handler: send(handler, b"", {"Location": location}, status=status)
        return self.url(path)

    def raw(self, path: str, *parts: bytes, pause: Callable[[], object] = lambda: None) -> str:
        """Answer a path with these very bytes, pausing after each part, and hang up."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.close_connection = True
            for part in parts:
                handler.wfile.write(part)
                pause()

        self.pages[path] = answer
        return self.url(path)

    def forget(self) -> None:
        """Forget what has been asked so far."""
        self.asked.clear()


def send(handler: Any, body: bytes, headers: Mapping[str, str], *, status: int = 200) -> None:
    """Answer with a body; without one for 304."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if status != 304:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if status != 304:
        handler.wfile.write(body)


@contextmanager
def running() -> Iterator[Website]:
    """Run a site for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.headers = {name.lower(): value for name, value in self.headers.items()}
            answer = site.pages.get(self.path) or site.pages.get(self.path.partition("?")[0])
            try:
                if answer:
                    answer(self)
                else:
                    send(self, b"", {}, status=404)
            except OSError:  # the other side has hung up, as it should on the answers that are too long
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Website(server.server_address[1])
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
