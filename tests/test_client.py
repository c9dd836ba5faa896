"""The client for Python: the verbs of Regbrief over HTTP, at once and awaited, with the same records and errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import Answer, Article, AsyncRegbriefClient, Regbrief, RegbriefClient
from bot.errors import BotError, FetchError, InputError, LibraryLocked, NotFound
from bot.outcomes import Ingested
from bot.records import Turn
from bot.serve.api import create_app

QUESTIONS = [
    pytest.param("How much did the market regulator fine Alibaba on Saturday?", id="en"),
    pytest.param("工信部要求各平台停止什么？", id="zh-Hans"),
    pytest.param("監管機構要求支付寶分拆什麼業務？", id="zh-Hant"),
    pytest.param("昨晚馬德里足球賽誰贏了？", id="refusal"),
]


@pytest.fixture
def client(served: str) -> Iterator[RegbriefClient]:
    with RegbriefClient(served) as client:
        yield client


def told(answer: Answer) -> Any:
    """Return all of an answer but the time that it took."""
    return {name: getattr(answer, name) for name in Answer.__slots__ if name != "timings_ms"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_the_record_of_python(client: RegbriefClient, served_bot: Regbrief, question: str) -> None:
    assert told(client.ask(question)) == told(served_bot.ask(question))


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_asynchronous_client_gets_the_same(served: str, served_bot: Regbrief, question: str) -> None:
    async def ask() -> tuple[Answer, list[Any]]:
        async with AsyncRegbriefClient(served) as client:
            return await client.ask(question), [event async for event in client.stream(question)]

    answer, events = asyncio.run(ask())
    assert told(answer) == told(served_bot.ask(question))
    assert events[:-1] == list(served_bot.stream(question))[:-1]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stream_has_the_events_of_python(client: RegbriefClient, served_bot: Regbrief, question: str) -> None:
    *steps, done = client.stream(question, since=date(2020, 1, 1))
    *expected, whole = served_bot.stream(question, since=date(2020, 1, 1))
    assert steps == expected
    assert isinstance(done.data, Answer)
    assert isinstance(whole.data, Answer)
    assert told(done.data) == told(whole.data)


def test_every_filter_arrives(client: RegbriefClient, served_bot: Regbrief) -> None:
    given: dict[str, Any] = {
        "since": date(2021, 1, 1),
        "until": date(2021, 12, 31),
        "languages": ["zh-Hant"],
        "sources": ["範例報"],
        "article_ids": ["alipay-hant"],
        "history": [Turn("支付寶？", "須分拆。")],
        "answer_language": "en",
        "today": date(2021, 12, 1),
        "read_dates": False,
        "read_sources": False,
    }
    assert told(client.ask("支付寶？", **given)) == told(served_bot.ask("支付寶？", **given))


def test_the_other_verbs_return_what_python_does(client: RegbriefClient, served_bot: Regbrief) -> None:
    assert client.search("支付宝", limit=2, languages=["zh-Hant"]) == served_bot.search(
        "支付宝", limit=2, languages=["zh-Hant"]
    )
    assert client.articles() == list(served_bot.articles())
    assert client.articles(limit=1, offset=1) == list(served_bot.articles(limit=1, offset=1))
    assert client.article("alipay-hant") == served_bot.article("alipay-hant")
    assert client.excerpt("alipay-hant", quote="分拆") == served_bot.excerpt("alipay-hant", quote="分拆")
    assert client.digest("支付寶", limit=1).stories == served_bot.digest("支付寶", limit=1).stories
    assert client.timeline("支付寶").events == served_bot.timeline("支付寶").events
    assert client.summarize("alipay-hant").citations == served_bot.summarize("alipay-hant").citations
    assert client.stats()["articles"] == 3
    assert client.feeds() == []


def test_articles_and_files_go_in_and_out(bot: Regbrief, tmp_path: Path) -> None:
    (tmp_path / "新聞.txt").write_text("臉書遭罰款\n\n臉書公司遭罰款五歐元。", "utf-8")
    article = Article("apple", "Apple fined", "Apple was fined 5 euros.", "en")
    with serving(create_app(bot)) as address, RegbriefClient(address) as client:
        assert client.add([article, tmp_path / "新聞.txt"]) == Ingested(added=2)
        assert client.add(article) == Ingested(unchanged=1)
        assert [(job.kind, job.changed) for job in client.jobs()] == [
            ("articles", False),
            ("files", True),
            ("articles", True),
        ]
        client.remove(["apple"])
        with pytest.raises(NotFound):
            client.article("apple")
        given = client.give_feedback(client.ask("臉書遭罰款多少？"), "right")
        assert client.feedback() == [given] == bot.feedback()
        assert client.sync().feeds == ()
        assert [each.where for each in client.follow("http://127.0.0.1:9/") if hasattr(each, "where")]  # type: ignore[union-attr]


# --- errors ---------------------------------------------------------------------------------------------------------


def test_an_error_is_the_one_of_python(client: RegbriefClient) -> None:
    with pytest.raises(NotFound, match="No article has the id '沒有'"):
        client.article("沒有")
    with pytest.raises(InputError, match="The question is empty"):
        client.ask(" ")
    with pytest.raises(InputError, match="Swap them"):
        list(client.stream("?", since=date(2022, 1, 1), until=date(2021, 1, 1)))
    with pytest.raises(BotError) as error:
        client.search("x", limit=0)
    assert error.value.code == "invalid_request"


def test_errors_are_said_in_the_language_that_is_wanted(served: str) -> None:
    with RegbriefClient(served, language="zh-TW") as client, pytest.raises(InputError, match="問題是空的"):
        client.ask(" ")


def test_a_server_that_is_not_there_is_named() -> None:
    with RegbriefClient("http://127.0.0.1:9", tries=1) as client:
        with pytest.raises(FetchError, match="Is `regbrief serve` running"):
            client.ask("?")
        with pytest.raises(FetchError, match=r"http://127\.0\.0\.1:9 cannot be reached"):
            list(client.stream("?"))


def flaky(failures: int, status: int, heard: list[str]) -> Starlette:
    """Return a server that fails so many times before it answers."""

    async def reply(request: Request) -> Response:
        heard.append(request.headers.get("authorization", ""))
        if len(heard) <= failures:
            error = {"code": "library_locked", "message": "Busy.", "hint": "Wait."}
            return JSONResponse({"error": error}, status_code=status, headers={"Retry-After": "0"})
        return PlainTextResponse(json.dumps([]), media_type="application/json")

    return Starlette(routes=[Route("/{path:path}", reply, methods=["GET", "POST", "DELETE"])])


@pytest.mark.parametrize("status", [429, 503])
def test_what_fails_in_passing_is_tried_again(status: int) -> None:
    heard: list[str] = []
    with serving(flaky(2, status, heard)) as address, RegbriefClient(address, api_key="k") as client:
        assert client.search("x") == []
    assert heard == ["Bearer k"] * 3


def test_the_last_failure_is_told() -> None:
    busy = pytest.raises(LibraryLocked, match=r"Busy\. Wait\.")
    with serving(flaky(9, 503, [])) as address, RegbriefClient(address) as client, busy:
        client.search("x")


def test_what_would_count_twice_is_sent_once() -> None:
    heard: list[str] = []
    with serving(flaky(1, 503, heard)) as address, RegbriefClient(address) as client, pytest.raises(LibraryLocked):
        client.give_feedback("?", "right")
    assert len(heard) == 1
