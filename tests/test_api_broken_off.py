"""An answer that gets stuck, or fails, in the middle: over every face it ends with an error that says so."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from openai import APIError, InternalServerError, OpenAI
from openai.types.chat import ChatCompletionUserMessageParam
from samples import WordEncoder
from serving import serving
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bot import AsyncRegbriefClient, BotError, Regbrief, RegbriefClient, Settings
from bot.chat import Message, Put
from bot.errors import FetchError, TimedOut
from bot.extractive import Model
from bot.glossary import Glossary
from bot.library import Library
from bot.serve.api import create_app
from bot.serve.guards import Guards

QUESTION = "監管機構要求支付寶分拆什麼業務？"
BODY = {"question": QUESTION}
MESSAGE: ChatCompletionUserMessageParam = {"role": "user", "content": QUESTION}


class Halting:
    """Writes a sentence that is proved, and then does what it is made to."""

    name = "halting"
    context = 8192

    def __init__(self, then: Callable[[], object]) -> None:
        self.then = then

    def write(self, messages: Sequence[Message], put: Put, *, limit: int) -> None:
        put("監管機構要求支付寶分拆小額貸款業務。[1]\n")
        put("螞蟻集團")
        self.then()

    def close(self) -> None:
        """Hold nothing."""


@contextmanager
def answered_by(model: Halting, library: Library, audit: Path, **settings: Any) -> Iterator[str]:
    """Serve a library behind its guards, with this model; give the address."""
    read = Settings(audit_log=audit, **settings)
    bot = Regbrief.from_library(library, encoder=WordEncoder(), glossary=Glossary(), chat=model, settings=read)
    app = create_app(bot)
    Guards.of(bot, read).stand_before(app)
    with serving(app) as address:
        yield address


@contextmanager
def silent(library: Library, audit: Path, *, seconds: float) -> Iterator[str]:
    """Serve a library with a model that falls silent for longer than an answer may show nothing new."""
    released = threading.Event()
    with answered_by(Halting(lambda: released.wait(60)), library, audit, request_timeout=seconds) as address:
        yield address
        released.set()


@pytest.fixture
def stuck(shared_library: Library, fixed_model: Model, tmp_path: Path) -> Iterator[str]:
    """The same, with time enough for a stream to begin on a busy machine; after a second a model shows life."""
    with silent(shared_library, tmp_path / "audit.jsonl", seconds=0.9) as address:
        yield address


@pytest.fixture
def failing(shared_library: Library, fixed_model: Model, tmp_path: Path) -> Iterator[str]:
    """A server whose model fails in a way that nobody has thought of."""

    def fail() -> None:
        raise ZeroDivisionError("secret rgb_00000000_abcdefghijkl in /srv/model.gguf")

    with answered_by(Halting(fail), shared_library, tmp_path / "audit.jsonl") as address:
        yield address


def events(address: str, language: str = "en") -> list[tuple[str, Any]]:
    body, headers = {**BODY, "stream": True}, {"Accept-Language": language}
    text = httpx.post(f"{address}/api/v1/ask", json=body, headers=headers, timeout=60).text
    assert re.fullmatch(r"(?:event: \w+\r?\ndata: .*\r?\n\r?\n)+", text)
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\r?\ndata: (.*)\r?\n", text)]


SPOKEN = [
    pytest.param("en-GB", "Nothing came of the answer for as long as the server waits.", id="en"),
    pytest.param("zh-CN", "回答在服务器等待的时间内没有进展。", id="zh-Hans"),
    pytest.param("zh-TW", "回答在伺服器等待的時間內沒有進展。", id="zh-Hant"),
]


@pytest.mark.parametrize(("language", "message"), SPOKEN)
def test_a_stream_that_is_given_up_ends_with_an_error(stuck: str, language: str, message: str) -> None:
    name, data = events(stuck, language)[-1]
    assert (name, data["error"]["code"], data["error"]["message"]) == ("error", "timed_out", message)
    assert "REGBRIEF_REQUEST_TIMEOUT" in data["error"]["hint"]


def test_a_stream_that_fails_ends_with_an_error_that_tells_nothing(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    *said, (name, data) = events(failing)
    assert [each for each, _ in said] == ["status", "status", "citation", "claim"]
    assert (name, data["error"]["code"]) == ("error", "internal")
    assert not re.search("secret|srv|ZeroDivision", str(data))
    assert [each.exc_info[0] for each in caplog.records if each.exc_info] == [ZeroDivisionError]


@pytest.mark.parametrize(
    ("server", "status", "code"), [("stuck", 503, "timed_out"), ("failing", 500, "internal")], ids=["stuck", "failing"]
)
@pytest.mark.parametrize("face", ["rest", "openai"])
def test_an_answer_in_one_piece_is_an_error_of_the_right_status(
    request: pytest.FixtureRequest, server: str, status: int, code: str, face: str
) -> None:
    address = request.getfixturevalue(server)
    if face == "rest":
        told = httpx.post(f"{address}/api/v1/ask", json=BODY, timeout=60)
        assert (told.status_code, told.json()["error"]["code"]) == (status, code)
        return
    with (
        OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(InternalServerError) as raised,
    ):
        client.chat.completions.create(model="regbrief", messages=[MESSAGE])
    assert (raised.value.status_code, raised.value.code, raised.value.type) == (status, code, "server_error")


@pytest.mark.parametrize(("server", "code"), [("stuck", "timed_out"), ("failing", "internal")])
def test_openais_client_raises(request: pytest.FixtureRequest, server: str, code: str) -> None:
    address = request.getfixturevalue(server)
    with OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        stream = client.chat.completions.create(model="regbrief", messages=[MESSAGE], stream=True)
        with pytest.raises(APIError) as raised:
            list(stream)
    assert (raised.value.code, raised.value.type) == (code, "server_error")


def test_what_openais_stream_ends_with_is_its_last_line(stuck: str) -> None:
    body = {"model": "regbrief", "messages": [MESSAGE], "stream": True}
    text = httpx.post(f"{stuck}/v1/chat/completions", json=body, headers={"Accept-Language": "zh-TW"}, timeout=60).text
    *_, error, done = [line for line in text.splitlines() if line.startswith("data:")]
    assert "回答在伺服器等待的時間內沒有進展。" in json.loads(error.removeprefix("data: "))["error"]["message"]
    assert done == "data: [DONE]"


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("stuck", "Error executing tool ask: Nothing came of the answer for as long as the server waits."),
        ("failing", "Error executing tool ask"),
    ],
)
def test_a_tool_returns_an_error(request: pytest.FixtureRequest, server: str, message: str) -> None:
    address = request.getfixturevalue(server)

    async def call() -> Any:
        async with Client(f"{address}/mcp") as client:
            return await client.call_tool("ask", BODY)

    result = asyncio.run(call())
    assert result.is_error
    assert result.content[0].text.startswith(message)
    assert not re.search("secret|srv|ZeroDivision", result.content[0].text)


def test_a_tool_whose_result_is_an_event_returns_an_error_too(stuck: str) -> None:
    """Clients of the protocol before 2026 get the result as an event, of a stream that has begun by then."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": BODY}}
    accepted = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    told = httpx.post(f"{stuck}/mcp", json=call, headers=accepted, timeout=60)
    assert told.headers["content-type"].startswith("text/event-stream")
    [event] = [line for line in told.text.splitlines() if line.startswith("data: {")]
    result = json.loads(event.removeprefix("data: "))["result"]
    assert (result["isError"], "Nothing came of the answer" in result["content"][0]["text"]) == (True, True)


@pytest.mark.parametrize(
    ("server", "kind", "code"), [("stuck", TimedOut, "timed_out"), ("failing", BotError, "internal")]
)
def test_the_client_raises(request: pytest.FixtureRequest, server: str, kind: type[BotError], code: str) -> None:
    address = request.getfixturevalue(server)

    async def listen() -> None:
        async with AsyncRegbriefClient(address) as client:
            async for _ in client.stream(QUESTION):
                pass

    with RegbriefClient(address, tries=1) as client:
        for ask in (lambda: client.ask(QUESTION), lambda: list(client.stream(QUESTION)), lambda: asyncio.run(listen())):
            with pytest.raises(kind) as raised:
                ask()
            assert (type(raised.value), raised.value.code) == (kind, code)


@pytest.mark.parametrize("said", ["", 'event: status\ndata: "searching"\n\n'], ids=["nothing", "half"])
def test_the_client_does_not_take_half_an_answer_for_one(said: str) -> None:
    async def answer(_: Any) -> Response:
        return Response(said, media_type="text/event-stream")

    with (
        serving(Starlette(routes=[Route("/api/v1/ask", answer, methods=["POST"])])) as address,
        RegbriefClient(address) as client,
        pytest.raises(FetchError, match="broke off"),
    ):
        list(client.stream(QUESTION))
