"""Two replicas behind one address serve one library on PostgreSQL and Milvus, while one of them restarts."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from serving import until

if TYPE_CHECKING:
    from postgres_server import PostgresServer

pytestmark = pytest.mark.cluster

TESTS = Path(__file__).resolve().parent
ASKERS = 6
ROUNDS = 10
"""Versions that the editor writes of each article."""

TEXTS = {
    "en": ("Acme fined {0} euros", "The regulator fined Acme {0} euros.", "How much did the regulator fine Acme?"),
    "hans": ("流明支付被罚{0}元", "监管机构对流明支付罚款{0}元。", "监管机构对流明支付罚款多少？"),
    "hant": ("流明支付遭罰{0}元", "監管機構對流明支付罰款{0}元。", "監管機構對流明支付罰款多少？"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str, path: str = "/api/v1/health/ready") -> bool:
    try:
        return httpx.get(f"{address}{path}", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


class Replica:
    """A server of its own process and folder."""

    def __init__(self, folder: Path, *shared: str) -> None:
        self.folder, self._shared, self.port = folder, shared, free_port()
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(TESTS / "replica.py"), str(self.folder), *self._shared, str(self.port)]
        paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
        with self.folder.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, stdout=log, stderr=log)

    def restart(self) -> int:
        """Stop it as a service manager does, start it again, and return the exit status."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(60)
        self.start()
        until(lambda: answers(f"http://127.0.0.1:{self.port}"))
        return status

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def balanced(*ports: int) -> Iterator[str]:
    """Give the one address of two servers, behind the proxy that is shipped."""
    port = free_port()
    places = dict(zip(("REGBRIEF_REPLICA_ONE", "REGBRIEF_REPLICA_TWO"), ports, strict=True))
    proxy = subprocess.Popen(
        ["haproxy", "-db", "-q", "-f", str(TESTS.parent / "deploy" / "haproxy.cfg")],
        env={
            **os.environ,
            **{name: f"127.0.0.1:{each}" for name, each in places.items()},
            "REGBRIEF_PORT": str(port),
        },
    )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}"))
        yield f"http://127.0.0.1:{port}"
    finally:
        proxy.kill()
        proxy.wait()


@pytest.fixture
def replicas(postgres: PostgresServer, milvus_address: str, tmp_path: Path) -> Iterator[tuple[Replica, Replica]]:
    shared = postgres.database(), f"milvus:{milvus_address}"
    first, second = Replica(tmp_path / "one", *shared), Replica(tmp_path / "two", *shared)
    try:
        for each in (first, second):
            until(lambda port=each.port: answers(f"http://127.0.0.1:{port}"))  # type: ignore[misc]
        yield first, second
    finally:
        first.stop()
        second.stop()


class Desk:
    """Writes versions of three articles, asks about them, and holds what is quoted against what was written."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.versions: dict[str, list[str]] = {name: [] for name in TEXTS}
        self.done = threading.Event()
        self.asked = self.quoted = 0
        self.wrong: list[Any] = []

    def write(self) -> None:
        for number in range(ROUNDS):
            for name, (title, body, _) in TEXTS.items():
                article = {"id": name, "title": title.format(number), "body": body.format(number)}
                self.versions[name].append(article["body"])
                self._ended(self._sent("POST", "/api/v1/articles", json=article))
        self.done.set()

    def _ended(self, job: Any) -> None:
        while job["ended"] is None:
            time.sleep(0.05)
            job = self._sent("GET", f"/api/v1/jobs/{job['id']}")
        if job["state"] != "done":
            self.wrong.append(job)

    def ask(self, seed: int) -> None:
        choice = random.Random(seed)
        while not self.done.is_set():
            name, (_, _, question) = choice.choice(list(TEXTS.items()))
            oldest = max(0, len(self.versions[name]) - 2)
            answer = self._sent("POST", "/api/v1/ask", json={"question": question})
            self.asked += 1
            for each in answer["citations"]:
                self.quoted += 1
                if (
                    each["quote"]
                    not in self.versions[each["article_id"]][oldest if each["article_id"] == name else 0 :]
                ):
                    self.wrong.append(each)

    def _sent(self, method: str, path: str, **what: Any) -> Any:
        response = self._client.request(method, path, **what)
        if response.status_code not in (200, 202):
            self.wrong.append((path, response.status_code, response.text[:300]))
            return {"citations": [], "ended": "no", "state": "no"}
        return response.json()


class Stays(BaseHTTPRequestHandler):
    """Answers all that comes on a connection."""

    protocol_version = "HTTP/1.1"
    posts = 0

    def do_GET(self) -> None:
        self.tell(b"ok")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.tell(b"stays")

    def tell(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


class Leaves(Stays):
    """Is gone when the second question comes on a connection, as a server that is stopped between two."""

    def do_POST(self) -> None:
        self.posts += 1
        if self.posts > 1:
            self.close_connection = True
        else:
            super().do_POST()


@contextmanager
def listening(handler: type[Stays]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_question_that_comes_in_two_parts_is_asked_elsewhere_where_a_replica_has_gone() -> None:
    """The proxy can ask only what it still has: not what it had passed on by half when the connection was shut."""
    head = b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nCookie: regbrief_replica=one\r\nContent-Length: 5\r\n\r\n"
    with (
        listening(Leaves) as one,
        listening(Stays) as two,
        balanced(one, two) as address,
        socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), timeout=10) as client,
    ):
        for _ in range(2):
            client.sendall(head)
            time.sleep(0.1)
            client.sendall(b"hello")
            heard = client.recv(4096)
            assert heard.startswith(b"HTTP/1.1 200 ")
            assert heard.endswith(b"stays") or client.recv(4096).endswith(b"stays")


def test_nobody_notices_that_a_replica_restarts(replicas: tuple[Replica, Replica]) -> None:
    with (
        balanced(*(each.port for each in replicas)) as address,
        httpx.Client(base_url=address, timeout=60) as client,
        ThreadPoolExecutor(ASKERS + 1) as threads,
    ):
        desk = Desk(client)
        working = [threads.submit(desk.write), *(threads.submit(desk.ask, seed) for seed in range(ASKERS))]
        statuses = []
        for each in replicas:
            time.sleep(3)
            statuses.append(each.restart())
        for work in working:
            work.result(180)
        assert (statuses, desk.wrong) == ([-signal.SIGTERM] * 2, [])
        assert min(desk.asked, desk.quoted) > 50
        for each in replicas:
            listed = httpx.get(f"http://127.0.0.1:{each.port}/api/v1/articles").json()["articles"]
            assert {(a["id"], a["body"]) for a in listed} == {
                (name, texts[-1]) for name, texts in desk.versions.items()
            }
