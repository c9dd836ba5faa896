"""Thousands of hostile requests, to a server on its socket: it stays up, and the library is what it was."""

from __future__ import annotations

import json
import os
import random
import socket
import string
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
from samples import ARTICLES, WordEncoder
from test_server import Served

from bot import Regbrief
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Filters
from bot.serve.connections import Connection
from bot.serve.guards import Guards
from bot.settings import Settings

pytestmark = pytest.mark.faults

REQUESTS = int(os.environ.get("REGBRIEF_HOSTILE_REQUESTS", "2000"))
SEED = int(os.environ.get("REGBRIEF_HOSTILE_SEED", "7"))

PATHS = """
/api/v1/ask /api/v1/search /api/v1/digest /api/v1/timeline /api/v1/articles /api/v1/articles/files
/api/v1/articles/addresses /api/v1/articles/fine-en /api/v1/articles/fine-en/excerpt /api/v1/articles/fine-en/summary
/api/v1/jobs /api/v1/jobs/x /api/v1/feeds /api/v1/feeds/sync /api/v1/feedback /api/v1/stats /api/v1/health /metrics
/v1/chat/completions /v1/models /v1/embeddings /mcp /api/openapi.json /api/docs / /en/
""".split()
METHODS = "GET POST PUT PATCH HEAD OPTIONS TRACE CONNECT DELETE get G\x00T PRI".split()
NAMES = "question since languages history topic limit messages model input stream id title body".split()
VALUES = ("\x00", "\ud800", "x" * 200_000, 10**400, -1, 1e308, None, True, [], {}, [[]], "2021-99-99", "'; DROP", "%s")

Piece = Callable[[random.Random], bytes]


def noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 30, 3_000)))


def broken_json(chance: random.Random) -> bytes:
    whole = json.dumps({"question": "支付寶被要求做什麼？", "history": [{"question": "?", "answer": "!"}]}).encode()
    cut = whole[: chance.randrange(len(whole))]
    return chance.choice((cut, whole.replace(b'"', b"'", 3), cut + b"\x00", b"\xff\xfe" + whole, b"{" * 5_000))


def deep_json(chance: random.Random) -> bytes:
    depth = chance.choice((100, 10_000, 100_000))
    return b'{"question":' * depth if chance.random() < 0.5 else b"[" * depth + b"]" * depth


def wrong_types(chance: random.Random) -> bytes:
    value = chance.choice(VALUES)
    body = dict.fromkeys(chance.sample(NAMES, chance.randint(1, 5)), value)
    return json.dumps(chance.choice((body, [body], value))).replace("Infinity", "1e999").encode()


def huge(chance: random.Random) -> bytes:
    return b'{"question": "' + b"a" * chance.choice((999_000, 1_100_000)) + b'"}'


def broken_parts(chance: random.Random) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="../../etc/%s"\r\n\r\n' % noise(chance)[:20]
    return chance.choice((b"--x", head, head + noise(chance), b"--x\r\n" * 50, head.replace(b"form-data", b"\x00")))


def spoilt_file(chance: random.Random) -> bytes:
    name = chance.choice(("a.pdf", "a.docx", "a.zip", "a.eml", "a.mhtml", "a.xml"))
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
    start = chance.choice((b"PK\x03\x04", b"%PDF-1.7\n", b"\x00"))
    return head + start + chance.randbytes(300) + b"\r\n--x--\r\n"


BODIES: tuple[tuple[str, Piece], ...] = (
    ("application/json", noise),
    ("application/json", broken_json),
    ("application/json", deep_json),
    ("application/json", wrong_types),
    ("application/json", huge),
    ("multipart/form-data; boundary=x", broken_parts),
    ("multipart/form-data; boundary=x", spoilt_file),
    ("multipart/form-data", broken_parts),
    ("text/\x7fplain", noise),
)


def path(chance: random.Random) -> bytes:
    """Return a path with something wrong about it, or nothing."""
    known = chance.choice(PATHS).encode()
    letters = "".join(chance.choices(string.printable, k=20)).encode()
    tricks = (
        known,
        known + b"?q=" + b"%00%ff%ed%a0%80" * 3,
        known + b"?since=0001-01-01&limit=-1&limit=999999999999999999999&language=xx",
        known + b"/../../../../etc/passwd",
        known + b"/%2e%2e%2f%2e%2e%2fcatalog.sqlite",
        known + b"//" + letters.replace(b"\n", b"").replace(b"\r", b""),
        b"http://evil.example" + known,
        known + b"/" + b"a" * chance.choice((300, 70_000)),
        b"*",
    )
    return chance.choice(tricks)


def headers(chance: random.Random) -> bytes:
    floods = (
        b"",
        b"X: " + b"y" * 60_000 + b"\r\n",
        b"".join(b"X-%d: y\r\n" % number for number in range(500)),
        b"Authorization: Bearer rgb_00000000_" + b"a" * 43 + b"\r\n",
        b"Accept-Language: " + b"zh-Hant;q=x," * 500 + b"\r\n",
        b"Cookie: session=" + noise(chance).hex().encode() + b"\r\n",
        b"X-Request-ID: \x1b[31m\r\n",
        b"Host: evil.example\r\n",
        b"If-None-Match: " + b'"' * 900 + b"\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Content-Length: 5\r\n",
        b"\x00: \x00\r\n",
    )
    return b"".join(chance.sample(floods, chance.randint(0, 2)))


def request(chance: random.Random) -> bytes:
    """Make a request that no honest client sends; none of them would change the library."""
    kind, body = chance.choice(BODIES)
    method, where, sent = chance.choice(METHODS), path(chance), body(chance)
    if method == "DELETE" and where.startswith(b"/api/v1/articles/fine-en"):
        method = "PUT"
    length = b"Content-Length: %d\r\n" % max(0, len(sent) + chance.choice((0, 0, 0, 0, -1, 7, 10**9)))
    head = b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n" % (method.encode("latin-1"), where)
    return head + b"Content-Type: %s\r\n" % kind.encode("latin-1") + headers(chance) + length + b"\r\n" + sent


def attack(port: int, chance: random.Random) -> str:
    """Send a request in one of several rude ways, and return what came of it: a status, or how it ended."""
    sent = request(chance)
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as connection:
        connection.settimeout(2)
        how = chance.random()
        try:
            if how < 0.1:  # hangs up in the middle
                connection.sendall(sent[: len(sent) // 2])
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return "aborted"
            if how < 0.15:  # asks well for a stream, and leaves
                body = json.dumps({"question": "How much was Alibaba fined?", "stream": True}).encode()
                head = b"POST /api/v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                connection.recv(10)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return "left a stream"
            connection.sendall(sent)
            if how < 0.3:  # has nothing more to say
                connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        except TimeoutError:
            return "no answer yet"
        except OSError:
            return "hung up on"
    return answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else "closed"


@pytest.fixture
def attacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Served, Library]]:
    from bot.serve.api import create_app

    monkeypatch.setattr(Connection, "head", 1.0)
    library = Library(tmp_path / "library", WordEncoder(), Analyzer())
    library.add(ARTICLES)
    bot = Regbrief.from_library(library, encoder=WordEncoder(), glossary=Glossary())
    settings = Settings(port=0, audit_log=tmp_path / "audit.jsonl")
    guards = Guards.of(bot, settings)
    app = create_app(bot)
    guards.add_routes(app, bot)
    guards.stand_before(app)
    served = Served(app, settings, guards.closing)
    yield served, library
    served.stop()
    library.close()


def held(library: Library) -> list[Article]:
    return list(library.catalog.articles(Filters()))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Starlette leaves parts to be collected
def test_hostile_requests_leave_the_server_up_and_the_library_as_it_was(attacked: tuple[Served, Library]) -> None:
    served, library = attacked
    before = held(library)
    slow = [served.connect() for _ in range(50)]  # they send a letter now and then
    found: Counter[str] = Counter()
    with ThreadPoolExecutor(8) as attackers:
        chances = (random.Random(f"{SEED}-{number}") for number in range(REQUESTS))
        for number, outcome in enumerate(attackers.map(partial(attack, served.port), chances)):
            found[outcome] += 1
            with suppress(OSError):
                slow[number % len(slow)].send(b"G")
    print(dict(found.most_common()))
    for each in slow:
        each.close()
    live = httpx.get(f"{served.url}/api/v1/health/live", timeout=20)
    asked = httpx.post(f"{served.url}/api/v1/ask", json={"question": "How much was Alibaba fined?"}, timeout=20)
    assert (live.json(), asked.status_code) == ({"status": "ok"}, 200)
    assert found["500"] == 0
    assert held(library) == before
    assert library.problems() == []
