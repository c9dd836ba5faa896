"""The server on its socket: who says nothing, sends slowly or does not listen holds nobody up; stopping drains."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse

from bot.engine import Regbrief
from bot.serve.app import Server
from bot.serve.connections import Connection
from bot.serve.guards import Guards
from bot.settings import Settings

GET = b"GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n"


class Served:
    """A server in a thread, and its address."""

    def __init__(self, app: FastAPI, settings: Settings, stop: asyncio.Event) -> None:
        self.server = Server(app, settings, closing=stop)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.01)
        self.port = int(self.server.servers[0].sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def await_connections(self, count: int) -> None:
        """Wait until there are so many connections."""
        deadline = time.monotonic() + 30
        while len(self.server.server_state.connections) != count:
            assert time.monotonic() < deadline, f"there are {len(self.server.server_state.connections)} connections"
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(40)
        assert not self.thread.is_alive()


@pytest.fixture
def serve(shared_bot: Regbrief, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    running: list[Served] = []

    def served(**settings: Any) -> Served:
        read = Settings(port=0, audit_log=tmp_path / "audit.jsonl", **settings)
        guards = Guards.of(shared_bot, read)
        app = application()
        guards.stand_before(app)
        running.append(Served(app, read, guards.closing))
        return running[-1]

    yield served
    for each in running:
        each.stop()


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/api/v1/stats")
    def stats() -> PlainTextResponse:
        return PlainTextResponse("stats")

    @app.get("/api/v1/search")
    def large() -> PlainTextResponse:
        return PlainTextResponse("x" * 20_000_000)

    @app.post("/api/v1/ask")
    async def ask() -> StreamingResponse:
        return StreamingResponse(steps())

    @app.post("/v1/chat/completions")
    async def chat() -> StreamingResponse:
        return StreamingResponse(steps(), media_type="text/event-stream")

    @app.get("/en/gradio_api/heartbeat/{session}")
    async def heartbeat(session: str) -> StreamingResponse:
        return StreamingResponse(beats())

    return app


async def steps() -> AsyncIterator[bytes]:
    for number in range(5):
        yield f"{number} ".encode()
        await asyncio.sleep(0.1)


async def beats() -> AsyncIterator[bytes]:
    while True:
        yield b"ALIVE "
        await asyncio.sleep(0.05)


def ended(connection: socket.socket) -> bool:
    """Whether the other end closes a connection before long; it may take its last words with it."""
    connection.settimeout(20)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:  # reset
        return True
    return True


SILENT = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"GET /api", id="half-a-line"),
    pytest.param(GET, id="half-a-head"),
]


@pytest.mark.parametrize("said", SILENT)
def test_who_sends_no_whole_head_is_hung_up_on(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(Connection, "head", 0.2)
    with closing(serve().connect()) as connection:
        connection.sendall(said)
        assert ended(connection)


def test_who_sends_no_whole_second_head_is_hung_up_on(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "head", 0.2)
    with closing(serve().connect()) as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(GET)
        assert ended(connection)


def test_what_turns_out_to_be_no_http_is_no_fault_of_the_servers(
    serve: Callable[..., Served], caplog: pytest.LogCaptureFixture
) -> None:
    with closing(serve().connect()) as connection:
        head = GET.replace(b"GET /api/v1/stats", b"POST /api/v1/ask") + b"Content-Length: 1000000000\r\n"
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\nno chunk\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
        assert ended(connection)
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


def test_who_does_not_take_the_answer_is_hung_up_on(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "unread", 0.3)
    served = serve()
    with closing(served.connect()) as connection:
        connection.sendall(GET.replace(b"stats", b"search") + b"\r\n")
        served.await_connections(1)
        served.await_connections(0)


def test_who_takes_the_answer_slowly_gets_all_of_it(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "unread", 2)
    size = 0
    with closing(serve().connect()) as connection:
        connection.sendall(GET.replace(b"stats", b"search") + b"Connection: close\r\n\r\n")
        while piece := connection.recv(1_000_000):
            size += len(piece)
            time.sleep(0.05)
    assert size > 20_000_000


def test_half_open_and_slow_clients_do_not_keep_others_waiting(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "head", 3600)
    served = serve()
    with ExitStack() as idle:
        for number in range(150):
            connection = idle.enter_context(closing(served.connect()))
            if number % 3:
                half = GET.replace(b"GET", b"POST") + b"Content-Length: 1000\r\n\r\n{" if number % 2 else GET
                connection.sendall(half)
        served.await_connections(150)
        assert [httpx.get(f"{served.url}/api/v1/stats", timeout=20).text for _ in range(10)] == ["stats"] * 10


def test_one_connection_too_many_is_told_to_come_again(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "share", 3)
    served = serve()
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(closing(served.connect()))
        served.await_connections(3)
        with closing(served.connect()) as connection:
            told = connection.recv(4096)
    assert told.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5\r\n" in told
    served.await_connections(0)
    assert httpx.get(f"{served.url}/api/v1/stats").text == "stats"


def test_an_answer_under_way_is_finished_when_the_server_is_stopped(serve: Callable[..., Served]) -> None:
    served = serve()
    with httpx.stream("POST", f"{served.url}/api/v1/ask", content=b"{}") as answer:
        pieces = answer.iter_text()
        first = next(pieces)
        served.server.should_exit = True
        assert first + "".join(pieces) == "0 1 2 3 4 "


def test_who_waits_for_a_turn_when_the_server_is_stopped_is_told_to_come_again(serve: Callable[..., Served]) -> None:
    served = serve(concurrency=1)
    told: list[httpx.Response] = []

    def wait() -> None:
        told.append(httpx.post(f"{served.url}/api/v1/ask", content=b"{}"))

    with httpx.stream("POST", f"{served.url}/api/v1/ask", content=b"{}") as answer:
        pieces = answer.iter_text()
        first = next(pieces)
        waiting = threading.Thread(target=wait)
        waiting.start()
        served.await_connections(2)
        served.server.should_exit = True
        assert first + "".join(pieces) == "0 1 2 3 4 "
        waiting.join()
    assert [(each.status_code, each.headers["retry-after"]) for each in told] == [(503, "5")]


def test_an_open_page_does_not_keep_the_server_from_stopping(serve: Callable[..., Served]) -> None:
    served = serve(drain_timeout=30)
    with httpx.stream("GET", f"{served.url}/en/gradio_api/heartbeat/x") as answer:
        pieces = answer.iter_text()
        assert next(pieces) == "ALIVE "
        started = time.perf_counter()
        served.server.should_exit = True
        assert set("".join(pieces).split()) <= {"ALIVE"}  # to its proper end: httpx raises where it is cut off
        served.stop()
    assert time.perf_counter() - started < 25  # of 30 that it has


def test_an_answer_that_does_not_end_is_cut_off_after_the_time_to_drain(serve: Callable[..., Served]) -> None:
    served = serve(drain_timeout=0)
    with httpx.stream("POST", f"{served.url}/api/v1/ask", content=b"{}") as answer:
        pieces = answer.iter_text()
        next(pieces)
        served.server.should_exit = True
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)


def test_a_stream_that_is_cut_off_then_says_so(serve: Callable[..., Served]) -> None:
    served = serve(drain_timeout=0)
    with httpx.stream("POST", f"{served.url}/v1/chat/completions", headers={"Accept-Language": "zh-TW"}) as answer:
        pieces = answer.iter_text()
        next(pieces)
        served.server.should_exit = True
        rest = "".join(pieces)
    assert "伺服器正在停止。" in rest
    assert rest.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")],
    ids=["nobody", "a-proxy"],
)
def test_only_a_proxy_that_is_named_says_whom_it_speaks_for(
    serve: Callable[..., Served], caplog: pytest.LogCaptureFixture, proxies: str, seen: str
) -> None:
    caplog.set_level("INFO", "bot.serve")
    served = serve(proxies=proxies, readable_without_keys=True)
    httpx.get(f"{served.url}/api/v1/stats", headers={"x-forwarded-for": "203.0.113.9"})
    served.stop()
    [record] = [each for each in caplog.records if each.name == "bot.serve.observe"]
    assert getattr(record, "from") == seen
