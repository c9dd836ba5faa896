"""The REST face: the same records, errors of one form, documentation that loads nothing from outside."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot import Regbrief, to_json
from bot.engine import Event
from bot.errors import LibraryDamaged, LibraryLocked
from bot.release import release
from bot.serve.events import server_sent, while_heard

QUESTIONS = [
    pytest.param("How much did the market regulator fine Alibaba on Saturday?", id="en"),
    pytest.param("工信部要求各平台停止什么？", id="zh-Hans"),
    pytest.param("監管機構要求支付寶分拆什麼業務？", id="zh-Hant"),
    pytest.param("昨晚馬德里足球賽誰贏了？", id="refusal"),
]


@pytest.fixture
def bot(served_bot: Regbrief) -> Regbrief:
    return served_bot


@pytest.fixture
def client(served_app: FastAPI) -> TestClient:
    return TestClient(served_app)


def untimed(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"timings_ms": sorted(answer["timings_ms"])}


def events(text: str) -> list[tuple[str, Any]]:
    """Parse server-sent events."""
    found = re.findall(r"event: (\w+)\r?\ndata: (.*)\r?\n\r?\n", text)
    return [(name, json.loads(data)) for name, data in found]


@pytest.mark.parametrize("question", QUESTIONS)
def test_ask_returns_the_same_answer_as_python(client: TestClient, bot: Regbrief, question: str) -> None:
    response = client.post("/api/v1/ask", json={"question": question})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert untimed(response.json()) == untimed(to_json(bot.ask(question)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stream_sends_the_events_of_python_and_ends_with_the_answer(
    client: TestClient, bot: Regbrief, question: str
) -> None:
    response = client.post("/api/v1/ask", json={"question": question, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-cache", "no")
    expected = [(event.type, to_json(event.data)) for event in bot.stream(question)]
    found = events(response.text)
    assert found[:-1] == expected[:-1]
    assert (found[-1][0], untimed(found[-1][1])) == ("done", untimed(expected[-1][1]))


def test_who_hangs_up_stops_the_answer() -> None:
    closed = []

    def events() -> Iterator[Event]:
        try:
            while True:
                yield Event("status", "writing")
        finally:
            closed.append(True)

    async def listen_once() -> None:
        pieces = while_heard(events(), server_sent("en"))  # type: ignore[arg-type]
        assert b"writing" in await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]

    asyncio.run(listen_once())
    assert closed == [True]


def test_an_error_under_way_is_an_event(client: TestClient) -> None:
    body = {"question": "?", "stream": True, "since": "2022-01-01", "until": "2021-01-01"}
    error = {"code": "bad_input", "message": "since 2022-01-01 is after until 2021-01-01.", "hint": "Swap them."}
    assert events(client.post("/api/v1/ask", json=body).text)[-1] == ("error", {"error": error})


def test_an_empty_question_is_refused_before_the_stream_begins(client: TestClient) -> None:
    assert client.post("/api/v1/ask", json={"question": " ", "stream": True}).status_code == 400


@pytest.mark.parametrize("question", QUESTIONS[:3])
def test_every_face_cites_the_same(
    client: TestClient,
    bot: Regbrief,
    question: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from bot.cli import main

    monkeypatch.setattr(Regbrief, "open", lambda *_, **__: bot)
    monkeypatch.setattr(Regbrief, "close", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["regbrief", "ask", question, "--json"])
    python = to_json(bot.ask(question))["citations"]
    http = client.post("/api/v1/ask", json={"question": question}).json()["citations"]
    streamed = events(client.post("/api/v1/ask", json={"question": question, "stream": True}).text)
    with pytest.raises(SystemExit):
        main()
    assert python
    assert http == python
    assert [data for name, data in streamed if name == "citation"] == python
    assert json.loads(capsys.readouterr().out)["citations"] == python


FILTERS = [
    pytest.param({"since": "2021-09-13"}, {"links-hans", "alipay-hant"}, id="since"),
    pytest.param({"until": "2021-09-13"}, {"fine-en", "links-hans"}, id="until"),
    pytest.param({"language": ["en", "zh-Hant"]}, {"fine-en", "alipay-hant"}, id="languages"),
    pytest.param({"source": "示例报"}, {"links-hans"}, id="source"),
    pytest.param({"source": ["範例報", "nobody"]}, {"alipay-hant"}, id="sources"),
    pytest.param({"since": "2030-01-01"}, set(), id="empty-window"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filters_hold_for_search_and_listing(client: TestClient, filters: Any, expected: set[str]) -> None:
    found = client.get("/api/v1/search", params={"q": "支付宝 Alibaba"} | filters).json()
    listed = client.get("/api/v1/articles", params=filters).json()
    assert {hit["article_id"] for hit in found} == expected
    assert {article["id"] for article in listed["articles"]} == expected
    assert listed["total"] == len(expected)


def test_ask_takes_every_filter(client: TestClient) -> None:
    body = {
        "question": "支付寶",
        "since": "2021-01-01",
        "until": "2021-12-31",
        "languages": ["zh-Hant"],
        "sources": ["範例報"],
        "article_ids": ["alipay-hant"],
        "answer_language": "en",
    }
    answer = client.post("/api/v1/ask", json=body).json()
    assert (answer["language"], answer["searched"]["articles"], answer["searched"]["since"]) == ("en", 1, "2021-01-01")


@pytest.mark.parametrize(
    ("query", "article_id"),
    [("Alibaba", "fine-en"), ("屏蔽網址", "links-hans"), ("蚂蚁集团上市", "alipay-hant")],
    ids=["en", "zh-Hant", "zh-Hans"],
)
def test_search_returns_the_hits_of_python(client: TestClient, bot: Regbrief, query: str, article_id: str) -> None:
    found = client.get("/api/v1/search", params={"q": query, "limit": 2}).json()
    assert found == to_json(bot.search(query, limit=2))
    assert found[0]["article_id"] == article_id


def test_articles_come_in_pages(client: TestClient, bot: Regbrief) -> None:
    pages = [client.get("/api/v1/articles", params={"limit": 2, "offset": offset}).json() for offset in (0, 2, 4)]
    assert [[article["id"] for article in page["articles"]] for page in pages] == [
        ["alipay-hant", "links-hans"],
        ["fine-en"],
        [],
    ]
    assert [(page["total"], page["offset"]) for page in pages] == [(3, 0), (3, 2), (3, 4)]


@pytest.mark.parametrize("article_id", ["fine-en", "links-hans", "alipay-hant"])
def test_an_article_comes_whole(client: TestClient, bot: Regbrief, article_id: str) -> None:
    assert client.get(f"/api/v1/articles/{article_id}").json() == to_json(bot.article(article_id))


def test_health_says_how_many_articles_there_are(client: TestClient) -> None:
    assert client.get("/api/v1/health").json() == {
        "status": "ok",
        "articles": 3,
        "unavailable": {},
        "version": release(),
    }


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "message"),
    [
        pytest.param(
            "GET", "/api/v1/articles/沒有", None, 404, "not_found", "No article has the id '沒有'.", id="article"
        ),
        pytest.param("POST", "/api/v1/ask", {"question": "\0 "}, 400, "bad_input", "The question is empty.", id="nul"),
        pytest.param(
            "POST",
            "/api/v1/ask",
            {"question": "罚" * 2_001},
            400,
            "bad_input",
            "The question has 2,001 characters.",
            id="too-long",
        ),
        pytest.param(
            "POST",
            "/api/v1/ask",
            {"question": "支付", "since": "2022-01-02", "until": "2022-01-01"},
            400,
            "bad_input",
            "since 2022-01-02 is after until 2022-01-01.",
            id="window",
        ),
        pytest.param(
            "POST", "/api/v1/ask", {}, 422, "invalid_request", "body.question: Field required", id="no-question"
        ),
        pytest.param(
            "POST",
            "/api/v1/ask",
            {"question": "支付", "colour": "red"},
            422,
            "invalid_request",
            "body.colour: Extra inputs are not permitted",
            id="unknown-field",
        ),
        pytest.param(
            "GET",
            "/api/v1/search?q=支付&limit=0",
            None,
            422,
            "invalid_request",
            "query.limit: Input should be greater than or equal to 1",
            id="limit",
        ),
        pytest.param("GET", "/api/v1/nothing", None, 404, "http_error", "Not Found", id="no-such-path"),
        pytest.param("PUT", "/api/v1/ask", {}, 405, "http_error", "Method Not Allowed", id="method"),
    ],
)
def test_every_error_has_one_form(
    client: TestClient, method: str, path: str, body: Any, status: int, code: str, message: str
) -> None:
    response = client.request(method, path, json=body)
    error = response.json()["error"]
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    assert set(error) == {"code", "message", "hint"}
    assert (error["code"], error["message"]) == (code, message)
    assert error["hint"]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        pytest.param("/api/v1/search", {"q": "支付", "since": "2021-02-30"}, id="impossible-date"),
        pytest.param("/api/v1/search", {"q": "支付", "since": "0"}, id="seconds-for-a-date"),
        pytest.param("/api/v1/articles", {"language": "fr"}, id="language"),
        pytest.param("/api/v1/articles", {"offset": "-1"}, id="offset"),
        pytest.param("/api/v1/search", {}, id="no-query"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(client: TestClient, path: str, parameters: dict[str, str]) -> None:
    response = client.get(path, params=parameters)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request")
    assert response.json()["error"]["message"].startswith("query.")


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"question": "\\ud800"}'], ids=["json", "utf-8", "surrogate"])
def test_a_body_that_is_not_json_is_an_error_of_the_same_form(client: TestClient, body: bytes) -> None:
    response = client.post("/api/v1/ask", content=body, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert set(response.json()["error"]) == {"code", "message", "hint"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        pytest.param(LibraryLocked("Another process writes.", hint="Wait."), 409, "library_locked", id="locked"),
        pytest.param(LibraryDamaged("An index is gone.", hint="Rebuild."), 503, "library_damaged", id="damaged"),
    ],
)
def test_an_error_of_the_library_has_its_own_status(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Regbrief, "ask", fail)
    response = client.post("/api/v1/ask", json={"question": "支付"})
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


# --- documentation --------------------------------------------------------------------------------------------------


def test_the_schema_names_every_route_and_the_answer(client: TestClient) -> None:
    schema = client.get("/api/openapi.json").json()
    assert set(schema["paths"]) >= {
        "/api/v1/ask",
        "/api/v1/search",
        "/api/v1/articles",
        "/api/v1/articles/{article_id}",
        "/api/v1/health",
    }
    assert "Answer" in schema["components"]["schemas"]


def test_the_documentation_loads_nothing_from_other_hosts(client: TestClient) -> None:
    page = client.get("/api/docs").text
    loaded = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page)
    assert len(loaded) >= 3
    assert [address for address in loaded if re.match(r"(?:[a-z]+:)?//", address)] == []
    assert {address: client.get(address).status_code for address in loaded} == dict.fromkeys(loaded, 200)
