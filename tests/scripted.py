"""Models that write what a test tells them to: in Python, and as an OpenAI-compatible server on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bot.chat import Message, Put
from bot.errors import ModelError


class Scripted:
    """Writes one text after another, in pieces of a few characters; an error among them is raised."""

    name = "scripted"

    def __init__(self, *texts: str | ModelError, context: int = 8192, size: int = 5) -> None:
        self.context = context
        self.asked: list[Sequence[Message]] = []
        self.put = 0
        self.stopped = False
        self._texts = list(texts)
        self._size = size

    def write(self, messages: Sequence[Message], put: Put, *, limit: int) -> None:
        self.asked.append(messages)
        text = self._texts.pop(0) if self._texts else ""
        if isinstance(text, ModelError):
            raise text
        text, broken, _ = text.partition("<break>")
        for at in range(0, len(text), self._size):
            self.put += 1
            if not put(text[at : at + self._size]):
                self.stopped = True
                return
        if broken:
            raise ModelError("It broke.", fault="malformed")

    def close(self) -> None:
        """Hold nothing."""


Reply = Callable[[BaseHTTPRequestHandler, int], None]
"""Answers the request whose number, from 0, is given."""


@contextmanager
def server(reply: Reply) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve on a free port of this machine; give its address, and what it was sent."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append({"path": self.path, "key": self.headers.get("Authorization", ""), **body})
            self.close_connection = True
            try:
                reply(self, len(heard) - 1)
            except (BrokenPipeError, ConnectionResetError):
                heard[-1]["gone"] = True

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.daemon_threads = True
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_address[1]}/v1", heard
    finally:
        serving.shutdown()
        serving.server_close()


def writes(*texts: str, pause: float = 0.0, end: str = "data: [DONE]\n\n") -> Reply:
    """Stream each text in chunks of a few characters, one text a request."""

    def reply(handler: BaseHTTPRequestHandler, number: int) -> None:
        begin(handler)
        text = texts[min(number, len(texts) - 1)]
        for at in range(0, len(text), 4):
            handler.wfile.write(chunk(text[at : at + 4]))
            handler.wfile.flush()
            time.sleep(pause)
        handler.wfile.write(chunk("", finish="stop") + end.encode())

    return reply


def begin(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()


def chunk(text: str, *, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
    body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


def refuses(status: int, message: str = "no", *, times: int = 99, then: Reply | None = None) -> Reply:
    """Answer with an error status, so many times, and after that as `then` does."""

    def reply(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number >= times and then:
            then(handler, number)
            return
        body = json.dumps({"error": {"message": message, "type": "error", "code": None}}).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Connection", "close")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply
