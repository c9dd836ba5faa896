"""Who gets in, from where, how often and with how much: the guards before an application of a few routes."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from samples import WordEncoder
from scripted import Scripted
from starlette.responses import Response

from bot.engine import Regbrief
from bot.errors import ModelError, NotPermitted, SettingsError
from bot.extractive import Model
from bot.glossary import Glossary
from bot.library import Library
from bot.serve import load
from bot.serve.access import Caller, anonymous, caller, permit
from bot.serve.audit import note
from bot.serve.bodies import Bodies
from bot.serve.errors import add_handlers
from bot.serve.guards import Guards
from bot.serve.headers import PAGE_POLICY
from bot.serve.keys import Keys
from bot.serve.logs import Told, clean
from bot.serve.rates import network
from bot.serve.sites import hostname
from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
HERE = "http://127.0.0.1:7860"
Serve = Callable[..., TestClient]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


@pytest.fixture
def reader(keys: Keys) -> dict[str, str]:
    return {"authorization": f"Bearer {keys.make('reader', 'read')[1]}"}


@pytest.fixture
def editor(keys: Keys) -> dict[str, str]:
    return {"authorization": f"Bearer {keys.make('editor', 'admin')[1]}"}


@pytest.fixture
def serve(shared_bot: Regbrief, tmp_path: Path) -> Serve:
    """Put the guards before an application, as the settings say."""

    def served(**settings: Any) -> TestClient:
        read = Settings(audit_log=tmp_path / "audit.jsonl", **settings)
        app = application()
        guards = Guards.of(shared_bot, read)
        guards.add_routes(app, shared_bot)
        guards.stand_before(app)
        client = TestClient(app, base_url=HERE, raise_server_exceptions=False, follow_redirects=False)
        client.guards = guards  # type: ignore[attr-defined]
        return client

    return served


@pytest.fixture
def guarded(serve: Serve, keys: Keys) -> Serve:
    """The same, with keys."""
    return lambda **settings: serve(api_keys=keys.path, **settings)


def application() -> FastAPI:
    app = FastAPI()
    add_handlers(app)

    @app.post("/api/v1/ask")
    async def ask(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{caller(request).name} {len(await request.body())}")

    @app.post("/v1/chat/completions")
    def chat() -> str:
        return "chat"

    @app.get("/api/v1/stats")
    def stats() -> str:
        return "stats"

    @app.get("/api/v1/feedback")
    def feedback() -> str:
        return "feedback"

    @app.post("/api/v1/articles")
    async def add(request: Request) -> PlainTextResponse:
        note(request, articles=["fine-en"])
        return PlainTextResponse(str(len(await request.body())), headers={"Location": "/api/v1/jobs/7"})

    @app.delete("/api/v1/articles/{article_id}")
    def remove(article_id: str) -> str:
        return article_id

    @app.post("/something/new")
    def forgotten() -> str:
        return "forgotten"

    @app.get("/en/")
    def page() -> PlainTextResponse:
        return PlainTextResponse("page")

    @app.get("/fail")
    def fail() -> None:
        raise ZeroDivisionError("secret rgb_00000000_abcdefghijkl in /srv/regbrief/library")

    @app.post("/api/v1/search")
    async def stream() -> StreamingResponse:
        return StreamingResponse(pieces(app.state.heard), media_type="text/event-stream")

    return app


async def pieces(heard: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield each piece when the one before was heard, and not earlier."""
    for number in range(3):
        yield f"data: {number}\n\n".encode()
        await asyncio.wait_for(heard.wait(), 2)
        heard.clear()


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


# ---- starting ----

OPEN_TO_NETWORK = (
    "The server would stand open to the network on 0.0.0.0. Set REGBRIEF_API_KEYS to a file that `regbrief keys make` "
    "fills, or, to let everybody read and ask, REGBRIEF_READABLE_WITHOUT_KEYS=true."
)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "news.example.org", ""])
def test_on_a_network_it_does_not_start_without_keys(host: str) -> None:
    with pytest.raises(SettingsError) as raised:
        anonymous(Settings(host=host))
    assert str(raised.value) == OPEN_TO_NETWORK.replace("0.0.0.0", host)


@pytest.mark.parametrize("setting", [{"server_names": "news.example.org"}, {"proxies": "127.0.0.1"}], ids=str)
def test_behind_a_proxy_it_does_not_start_without_keys(setting: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="stand open to the network"):
        anonymous(Settings(**setting))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_the_loopback_all_is_open(host: str) -> None:
    assert anonymous(Settings(host=host)) == "admin"


def test_told_so_it_lets_everybody_read_and_nobody_change() -> None:
    assert anonymous(Settings(host="0.0.0.0", readable_without_keys=True)) == "read"


def test_it_does_not_start_with_an_empty_file_of_keys(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no key in the file") as raised:
        anonymous(Settings(api_keys=tmp_path / "keys.json"))
    assert raised.value.hint == "Make one with `regbrief keys make NAME --scope admin`."


# ---- keys and scopes ----

REQUESTS = [
    pytest.param("GET", "/api/v1/stats", 401, 200, 200, id="read"),
    pytest.param("POST", "/api/v1/ask", 401, 200, 200, id="ask"),
    pytest.param("POST", "/v1/chat/completions", 401, 200, 200, id="openai"),
    pytest.param("GET", "/metrics", 401, 200, 200, id="metrics"),
    pytest.param("GET", "/en/", 401, 200, 200, id="page"),
    pytest.param("GET", "/api/v1/feedback", 401, 403, 200, id="what-others-said"),
    pytest.param("POST", "/api/v1/articles", 401, 403, 200, id="add"),
    pytest.param("DELETE", "/api/v1/articles/fine-en", 401, 403, 200, id="remove"),
    pytest.param("POST", "/something/new", 401, 403, 200, id="a-route-that-is-not-listed"),
    pytest.param("POST", "/en/gradio_api/upload", 401, 403, 404, id="upload"),
    pytest.param("GET", "/api/v1/health/live", 200, 200, 200, id="live"),
    pytest.param("GET", "/api/v1/health/ready", 200, 200, 200, id="ready"),
]


@pytest.mark.parametrize(("method", "path", "nobody", "reading", "editing"), REQUESTS)
def test_what_a_key_allows(
    guarded: Serve,
    reader: dict[str, str],
    editor: dict[str, str],
    method: str,
    path: str,
    nobody: int,
    reading: int,
    editing: int,
) -> None:
    client = guarded()
    found = [client.request(method, path, headers=headers).status_code for headers in ({}, reader, editor)]
    assert found == [nobody, reading, editing]


def test_anthropics_clients_send_the_key_in_their_own_header(guarded: Serve, reader: dict[str, str]) -> None:
    key = reader["authorization"].removeprefix("Bearer ")
    assert guarded().post("/api/v1/ask", headers={"x-api-key": key}).text == "reader 0"


@pytest.mark.parametrize(
    ("language", "message", "hint"),
    [
        ("en", "This needs a key.", "Send it as `Authorization: Bearer KEY`; `regbrief keys make NAME` makes one."),
        (
            "zh-CN",
            "此请求需要密钥。",
            "请以 `Authorization: Bearer 密钥` 附上密钥；`regbrief keys make 名称` 可生成密钥。",
        ),
        (
            "zh-TW",
            "此請求需要金鑰。",
            "請以 `Authorization: Bearer 金鑰` 附上金鑰；`regbrief keys make 名稱` 可產生金鑰。",
        ),
    ],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_a_refusal_is_in_the_language_asked_for(
    guarded: Serve, reader: dict[str, str], language: str, message: str, hint: str
) -> None:
    response = guarded().get("/api/v1/stats", headers={"accept-language": language})
    assert response.json() == {"error": {"code": "no_key", "message": message, "hint": hint}}
    assert response.headers["www-authenticate"] == 'Bearer realm="regbrief"'


def test_under_v1_a_refusal_has_the_form_of_openai(guarded: Serve, reader: dict[str, str]) -> None:
    error = guarded().post("/v1/chat/completions").json()["error"]
    assert (error["type"], error["code"]) == ("authentication_error", "no_key")


def test_a_revoked_key_is_refused_at_once(guarded: Serve, keys: Keys, reader: dict[str, str]) -> None:
    keys.make("other", "read")
    client = guarded()
    assert client.get("/api/v1/stats", headers=reader).status_code == 200
    keys.revoke("reader")
    assert code(client.get("/api/v1/stats", headers=reader)) == (401, "bad_key")


def test_without_keys_whatever_a_client_sends_for_one_is_ignored(serve: Serve) -> None:
    client = serve()
    assert client.post("/api/v1/ask", headers={"authorization": "Bearer sk-none"}).text == "anyone 0"
    assert client.delete("/api/v1/articles/x").status_code == 200


def test_where_all_may_read_changes_need_a_key(guarded: Serve, editor: dict[str, str]) -> None:
    client = guarded(host="0.0.0.0", readable_without_keys=True)
    assert client.post("/api/v1/ask").status_code == 200
    assert code(client.post("/api/v1/articles")) == (403, "not_permitted")
    assert client.post("/api/v1/articles", headers=editor).status_code == 200


def test_who_keeps_guessing_keys_has_to_wait(guarded: Serve, reader: dict[str, str]) -> None:
    client = guarded()
    wrong = {"authorization": f"Bearer rgb_00000000_{'A' * 43}"}
    answers = [client.get("/api/v1/stats", headers=wrong) for _ in range(21)]
    assert [each.status_code for each in answers] == [401] * 20 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert client.get("/api/v1/stats", headers=reader).status_code == 200


def test_a_handler_of_the_page_can_ask_for_a_scope(guarded: Serve, reader: dict[str, str]) -> None:
    app = application()

    @app.post("/api/v1/digest")
    def handler(request: Request) -> str:
        return permit(request, "admin").name

    guards = guarded().guards  # type: ignore[attr-defined]
    guards.stand_before(app)
    response = TestClient(app, base_url=HERE).post("/api/v1/digest", headers=reader)
    assert code(response) == (403, NotPermitted.code)


# ---- browsers ----

CROSS = [
    pytest.param("POST", {}, 200, id="no-browser"),
    pytest.param("POST", {"sec-fetch-site": "same-origin", "origin": HERE}, 200, id="own-page"),
    pytest.param("POST", {"origin": HERE}, 200, id="own-page-old-browser"),
    pytest.param("POST", {"origin": "https://evil.example"}, 403, id="other-site"),
    pytest.param("POST", {"origin": "null"}, 403, id="sandboxed"),
    pytest.param("POST", {"sec-fetch-site": "cross-site"}, 403, id="other-site-without-origin"),
    pytest.param("POST", {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:3000"}, 403, id="other-port"),
    pytest.param("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403, id="embedded"),
    pytest.param("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 200, id="a-link"),
    pytest.param("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403, id="a-form"),
]


@pytest.mark.parametrize(("method", "headers", "status"), CROSS)
def test_what_a_page_of_another_site_may_send(serve: Serve, method: str, headers: dict[str, str], status: int) -> None:
    path = "/api/v1/stats" if method == "GET" else "/api/v1/ask"
    assert serve().request(method, path, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7860", 200),
        ("localhost:7860", 200),
        ("[::1]:7860", 200),
        ("192.168.1.4", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:7860", 421),
        ("localhost.evil.example", 421),
        ("", 421),
        ("a b", 421),
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(serve: Serve, host: str, status: int) -> None:
    assert serve().get("/api/v1/stats", headers={"host": host}).status_code == status


def test_names_of_the_server_are_let_in(guarded: Serve, reader: dict[str, str]) -> None:
    client = guarded(server_names="news.example.org, 新聞.example")
    found = [
        client.get("/api/v1/stats", headers={**reader, "host": host}).status_code
        for host in ("news.example.org", "NEWS.example.org.:443", "other.example.org")
    ]
    assert found == [200, 200, 421]


@pytest.mark.parametrize(
    ("host", "name"),
    [("EXAMPLE.org.:80", "example.org"), ("[::1]", "::1"), ("[::1", ""), ("a:b", ""), ("x@y:1", "x@y")],
)
def test_a_host_header_is_read_strictly(host: str, name: str) -> None:
    assert hostname(host) == name


def test_cors_is_shut_unless_a_site_is_named(guarded: Serve, reader: dict[str, str]) -> None:
    preflight = {
        "origin": "https://desk.example.org",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    shut, opened = guarded(), guarded(cors_origins="https://desk.example.org")
    assert "access-control-allow-origin" not in shut.options("/api/v1/ask", headers=preflight).headers
    allowed = opened.options("/api/v1/ask", headers=preflight)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://desk.example.org")
    assert "access-control-allow-credentials" not in allowed.headers
    sent = {**reader, "origin": "https://desk.example.org", "sec-fetch-site": "cross-site"}
    assert [client.post("/api/v1/ask", headers=sent).status_code for client in (shut, opened)] == [403, 200]


def test_a_site_that_is_let_in_needs_a_key_of_its_own(guarded: Serve, keys: Keys) -> None:
    key, _ = keys.make("person", "admin")
    client = guarded(cors_origins="http://127.0.0.1:3000")
    response = Response()
    client.guards.sessions.begin(response, key.id, secure=False)  # type: ignore[attr-defined]
    cookie = {"cookie": response.headers["set-cookie"].split(";")[0]}
    own, other = ({"origin": each, "sec-fetch-site": "same-site"} for each in (HERE, "http://127.0.0.1:3000"))
    found = [
        client.post("/api/v1/ask", headers=cookie | each).status_code
        for each in (own | {"sec-fetch-site": "same-origin"}, other)
    ]
    assert found == [200, 401]


def test_not_every_site_is_let_in_without_keys() -> None:
    with pytest.raises(SettingsError, match="would let any site that a browser visits use the library"):
        anonymous(Settings(cors_origins="*"))


def test_headers_are_on_every_answer(guarded: Serve, reader: dict[str, str]) -> None:
    client = guarded()
    answers = [client.get(path, headers=reader) for path in ("/en/", "/api/v1/stats", "/api/docs", "/nowhere")]
    answers += [client.get("/api/v1/stats"), client.get("/fail", headers=reader)]
    common = ("x-content-type-options", "x-frame-options", "referrer-policy", "cross-origin-resource-policy")
    assert {tuple(each.headers[name] for name in common) for each in answers} == {
        ("nosniff", "DENY", "same-origin", "same-origin")
    }
    policies = [each.headers["content-security-policy"] for each in answers]
    assert (policies[0], policies[1]) == (PAGE_POLICY, "default-src 'none'; frame-ancestors 'none'")
    assert answers[1].headers["cache-control"] == "private, no-cache"
    assert all("server" not in each.headers for each in answers)


# ---- limits ----


def test_a_key_may_ask_so_often(guarded: Serve, reader: dict[str, str], editor: dict[str, str]) -> None:
    client = guarded(rate_limit="2/hour")
    answers = [client.post("/api/v1/ask", headers=reader) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 3600
    assert client.post("/api/v1/ask", headers=editor).status_code == 200


def test_an_address_may_ask_so_often(guarded: Serve, reader: dict[str, str], editor: dict[str, str]) -> None:
    client = guarded(rate_limit_address="2/hour")
    found = [client.post("/api/v1/ask", headers=headers).status_code for headers in (reader, editor, reader)]
    assert found == [200, 200, 429]
    assert client.get("/en/", headers=reader).status_code == 200


@pytest.mark.parametrize(
    ("address", "whose"),
    [("10.0.0.7", "10.0.0.7"), ("2001:db8::1", "2001:db8::/64"), ("2001:db8::ffff:1", "2001:db8::/64"), ("-", "-")],
)
def test_an_address_of_ipv6_counts_with_its_neighbours(address: str, whose: str) -> None:
    assert network(address) == whose


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/api/v1/ask", 1_000_000, 200), ("/api/v1/ask", 1_000_001, 413), ("/api/v1/articles", 1_500_000, 200),
     ("/api/v1/articles", 2_000_001, 413)],
)  # fmt: skip
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_has_a_largest_size(serve: Serve, path: str, size: int, status: int, chunked: bool) -> None:
    def pieces() -> Iterator[bytes]:
        for start in range(0, size, 100_000):
            yield b"x" * min(100_000, size - start)

    response = serve(max_upload_mb=2).post(path, content=pieces() if chunked else b"x" * size)
    assert response.status_code == status
    if status == 200:
        assert response.text.split()[-1] == str(size)


def statuses(come: Iterator[dict[str, Any]]) -> list[int]:
    """Return what one is answered who sends these messages slowly; none reaches an application."""
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return next(come)

    async def never(*_: Any) -> None:
        raise AssertionError

    async def send(message: Any) -> None:
        found.extend(message[name] for name in ("status",) if name in message)

    scope = {"type": "http", "method": "POST", "path": "/api/v1/ask", "headers": []}
    asyncio.run(Bodies(never, upload=1, patience=0.1)(scope, receive, send))
    return found


PIECE = {"type": "http.request", "body": b"x", "more_body": True}


def test_a_body_that_trickles_is_given_up() -> None:
    assert statuses(itertools.repeat(PIECE)) == [408]


def test_half_of_a_body_is_none() -> None:
    assert statuses(iter([PIECE, PIECE, {"type": "http.disconnect"}])) == []


# ---- load ----


def loaded(app: Any, *, places: int = 1, queue: int = 0, patience: float = 5.0, closing: bool = False) -> Any:
    """Return a way to send requests to an application in turns: it gives what each was answered."""

    async def run(paths: list[str], *, stop_after: float | None = None) -> list[list[dict[str, Any]]]:
        stop = asyncio.Event()
        stack = load.Loaded(app, turns=load.Turns(places, queue=queue), patience=patience, closing=stop)

        async def one(path: str) -> list[dict[str, Any]]:
            sent: list[dict[str, Any]] = []

            async def send(message: Any) -> None:
                sent.append(message)

            async def receive() -> dict[str, Any]:
                await asyncio.sleep(3600)
                return {}

            method = "GET" if "heartbeat" in path else "POST"
            await stack({"type": "http", "method": method, "path": path, "headers": []}, receive, send)
            return sent

        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, stop.set)
        return await asyncio.gather(*(one(path) for path in paths))

    return lambda *paths, **named: asyncio.run(run(list(paths), **named))


async def slow(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"done"})


def test_what_finds_no_place_is_told_to_come_again() -> None:
    answers = loaded(slow, places=1, queue=1)("/api/v1/ask", "/api/v1/ask", "/api/v1/ask", "/api/v1/stats")
    assert [each[0]["status"] for each in answers] == [200, 200, 503, 200]
    assert (b"retry-after", b"5") in answers[2][0]["headers"]


def test_who_leaves_before_the_turn_came_is_not_worked_for() -> None:
    async def main() -> tuple[list[str], int]:
        worked: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            worked.append(scope["who"])
            await asyncio.sleep(0.1)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        async def send(message: Any) -> None:
            pass

        turns = load.Turns(1, queue=5)
        stack = Bodies(load.Loaded(app, turns=turns, patience=5, closing=asyncio.Event()), upload=1)

        async def one(who: str, *, leaves: bool) -> None:
            come = [{"type": "http.request", "body": b"{}"}] + [{"type": "http.disconnect"}] * leaves

            async def receive() -> Any:
                return come.pop(0) if come else await asyncio.sleep(3600)

            await stack(
                {"type": "http", "method": "POST", "path": "/api/v1/ask", "headers": [], "who": who}, receive, send
            )

        await asyncio.gather(one("first", leaves=False), one("second", leaves=True), one("third", leaves=False))
        return worked, turns.waiting + turns.busy

    assert asyncio.run(main()) == (["first", "third"], 0)


def test_what_shows_nothing_for_long_is_given_up() -> None:
    async def stuck(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(3600)

    [answer] = loaded(stuck, patience=0.05)("/api/v1/ask")
    assert (answer[0]["status"], json.loads(answer[1]["body"])["error"]["code"]) == (503, "timed_out")


def test_a_thread_that_was_given_up_keeps_its_place_until_it_returns() -> None:
    async def main() -> list[int]:
        done = threading.Event()
        turns = load.Turns(1, queue=0)

        async def working(scope: Any, receive: Any, send: Any) -> None:
            try:
                await asyncio.to_thread(done.wait, 5)
            except asyncio.CancelledError:
                while not done.is_set():
                    await asyncio.sleep(0.01)

        statuses: list[int] = []

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        stack = load.Loaded(working, turns=turns, patience=0.05, closing=asyncio.Event())
        scope = {"type": "http", "method": "POST", "path": "/api/v1/ask", "headers": []}
        await stack(scope, send, send)
        busy = [turns.busy]
        done.set()
        while turns.busy:
            await asyncio.sleep(0.01)
        return [*statuses, *busy, turns.busy]

    assert asyncio.run(main()) == [503, 1, 0]


def test_a_stream_that_goes_on_is_not_given_up() -> None:
    async def steady(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(5):
            await asyncio.sleep(0.15)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    [answer] = loaded(steady, patience=0.5)("/api/v1/ask")
    assert b"".join(each.get("body", b"") for each in answer) == b"xxxxx"


def test_what_never_ends_ends_when_the_server_stops() -> None:
    async def heartbeat(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"ALIVE", "more_body": True})
            await asyncio.sleep(0.01)

    started = time.perf_counter()
    [answer] = loaded(heartbeat)("/zh-Hant/gradio_api/heartbeat/x", stop_after=0.05)
    assert answer[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert time.perf_counter() - started < 30


def test_a_stream_passes_all_guards_piece_by_piece(serve: Serve) -> None:
    app = serve().app
    sent: list[bytes] = []

    async def main() -> None:
        app.state.heard = asyncio.Event()
        whole = [{"type": "http.request", "body": b"{}", "more_body": False}]

        async def receive() -> dict[str, Any]:
            return whole.pop() if whole else await asyncio.sleep(3600, {})

        async def send(message: Any) -> None:
            if message.get("body"):
                sent.append(message["body"])
                app.state.heard.set()

        where = {"path": "/api/v1/search", "raw_path": b"/api/v1/search", "query_string": b"", "root_path": ""}
        who = {"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 7860)}
        await app(
            {"type": "http", "method": "POST", "scheme": "http", "http_version": "1.1", **where, **who}, receive, send
        )

    asyncio.run(main())
    assert sent == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]


# ---- what is told, and to whom ----


def test_an_error_shows_nothing_but_its_identifier(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    response = serve().get("/fail", headers={"x-request-id": "desk-7", "accept-language": "zh-TW"})
    assert (*code(response), response.headers["x-request-id"]) == (500, "internal", "desk-7")
    assert response.json()["error"]["message"] == "我們這邊出了問題。"
    lines = [Told(as_json=True).format(each) for each in caplog.records if each.levelno >= logging.ERROR]
    [line] = [json.loads(each) for each in lines]
    assert (line["error"], line["route"]) == ("ZeroDivisionError", "/fail")
    assert re.search(r"test_guards:\d+$", line["at"])
    assert "secret" not in str(line)
    assert "/srv" not in str(line)


def test_a_request_is_a_line_with_its_identifier(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot.serve")
    response = serve().post("/api/v1/ask", content="支付宝")
    [record] = [each for each in caplog.records if each.name == "bot.serve.observe"]
    fields = ("method", "path", "route", "status", "who")
    assert [getattr(record, name) for name in fields] == ["POST", "/api/v1/ask", "/api/v1/ask", 200, "anyone"]
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


def test_an_identifier_that_could_break_a_log_is_replaced(serve: Serve) -> None:
    given = serve().get("/api/v1/stats", headers={"x-request-id": "a b{}"}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("An index in /srv/新聞/indexes is damaged.", "An index in …/indexes is damaged."),
        ("GET /api/v1/articles/fine-en", "GET /api/v1/articles/fine-en"),
        ("see https://example.org/a/b for 10/4/2021", "see https://example.org/a/b for 10/4/2021"),
        ("key rgb_00000000_abcdefghijkl was sent", "key rgb_00000000_… was sent"),
        ("GET /x\r\n2026 info forged\x1b[31m", "GET /x 2026 info forged [31m"),
    ],
    ids=["path", "served", "address", "key", "forged"],
)
def test_paths_and_keys_are_taken_out_of_the_log(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_every_change_is_on_record(guarded: Serve, editor: dict[str, str], tmp_path: Path, keys: Keys) -> None:
    client = guarded()
    client.post("/api/v1/ask", headers=editor)
    client.post("/api/v1/articles", headers={**editor, "x-request-id": "desk-8"}, content=b"{}")
    client.delete("/api/v1/articles/nowhere/x", headers=editor)
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    [key] = keys.all()
    told = [
        {name: each.get(name) for name in ("who", "key", "from", "what", "status", "articles", "began")}
        for each in lines
    ]
    who = {"who": "editor", "key": key.id, "from": "testclient"}
    assert told == [
        who | {"what": "POST /api/v1/articles", "status": 200, "articles": ["fine-en"], "began": "/api/v1/jobs/7"},
        who | {"what": "DELETE /api/v1/articles/nowhere/x", "status": 404, "articles": None, "began": None},
    ]
    assert lines[0]["request_id"] == "desk-8"


def test_where_the_library_cannot_be_written_changes_are_lines_of_the_log(
    bot: Regbrief, caplog: pytest.LogCaptureFixture
) -> None:
    (bot.library.folder / "audit.jsonl").mkdir()
    Guards.of(bot, Settings()).audit.record(Caller("editor", "admin", "127.0.0.1"), "sign in")
    assert [each.getMessage() for each in caplog.records][1:] == ["sign in"]


def test_a_log_of_changes_that_was_named_must_be_writable(shared_bot: Regbrief, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the file cannot be written"):
        Guards.of(shared_bot, Settings(audit_log=tmp_path))


def test_metrics_count_requests_answers_and_the_library(serve: Serve, shared_bot: Regbrief) -> None:
    client = serve()
    client.get("/api/v1/stats")
    client.get("/x/1")
    client.get("/x/2")
    shared_bot.ask("How much did the market regulator fine Alibaba on Saturday?")
    shared_bot.ask("昨晚馬德里足球賽誰贏了？")
    told = client.get("/metrics").text.splitlines()
    for line in (
        'regbrief_requests_total{method="GET",route="/api/v1/stats",status="200"} 1.0',
        'regbrief_requests_total{method="GET",route="other",status="404"} 2.0',
        'regbrief_answers_total{answerer="extractive",outcome="answered"} 1.0',
        'regbrief_answers_total{answerer="extractive",outcome="no_evidence"} 1.0',
        'regbrief_stage_seconds_count{stage="retrieve"} 2.0',
        'regbrief_articles{language="en"} 1.0',
        'regbrief_articles{language="zh-Hant"} 1.0',
        f'regbrief_sentence_cache_total{{outcome="miss"}} {float(shared_bot.answerer.vectors.counts["miss"])}',
        "regbrief_waiting 0.0",
    ):
        assert line in told


def test_metrics_count_what_a_model_fails_at(shared_library: Library, fixed_model: Model, tmp_path: Path) -> None:
    failing = Scripted(ModelError("It fell silent.", fault="timeout"))
    bot = Regbrief.from_library(shared_library, encoder=WordEncoder(), glossary=Glossary(), chat=failing)
    figures = Guards.of(bot, Settings(audit_log=tmp_path / "audit.jsonl")).figures
    assert bot.ask("監管機構要求支付寶分拆什麼業務？").notes
    assert figures.registry.get_sample_value("regbrief_model_errors_total", {"fault": "timeout"}) == 1


def test_metrics_are_those_of_the_documentation(serve: Serve) -> None:
    documented = set(re.findall(r"`(regbrief_\w+)`", (ROOT / "docs" / "DEPLOY.md").read_text("utf-8")))
    told = set(re.findall(r"^# TYPE (regbrief_\w+)", serve().get("/metrics").text, re.MULTILINE))
    assert {name for name in told if not name.endswith("_created")} == documented


def test_not_ready_once_the_server_is_stopped(serve: Serve) -> None:
    client = serve()
    ready = client.get("/api/v1/health/ready")
    client.guards.closing.set()  # type: ignore[attr-defined]
    stopping = client.get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok"})
    assert (stopping.status_code, stopping.json()) == (503, {"status": "stopping"})
    assert client.get("/api/v1/health/live").json() == {"status": "ok"}
