"""The tools of MCP, used by the SDK's own client: in this process, over HTTP, and over stdin and stdout."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from bot import Regbrief, to_json
from bot.cli import main
from bot.serve import mcp_server

QUESTIONS = [
    pytest.param("How much did the market regulator fine Alibaba on Saturday?", id="en"),
    pytest.param("工信部要求各平台停止什么？", id="zh-Hans"),
    pytest.param("監管機構要求支付寶分拆什麼業務？", id="zh-Hant"),
]


@pytest.fixture
def bot(shared_bot: Regbrief) -> Regbrief:
    return shared_bot


def untimed(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name != "timings_ms"}


def called(bot: Regbrief, name: str, **arguments: Any) -> Any:
    async def call() -> Any:
        async with Client(mcp_server.server(bot)) as client:
            return await client.call_tool(name, arguments)

    return asyncio.run(call())


@pytest.mark.parametrize("question", QUESTIONS)
def test_ask_returns_the_answer_of_python(bot: Regbrief, question: str) -> None:
    result = called(bot, "ask", question=question)
    assert untimed(result.structured_content) == untimed(to_json(bot.ask(question)))
    assert json.loads(result.content[0].text)["citations"] == to_json(bot.ask(question))["citations"]


def test_ask_takes_filters_and_history(bot: Regbrief) -> None:
    result = called(
        bot,
        "ask",
        question="它須做什麼？",
        since="2021-01-01",
        languages=["zh-Hant"],
        sources=["範例報"],
        history=[{"question": "支付寶？", "answer": "須分拆。"}],
    )
    searched = result.structured_content["searched"]
    assert (searched["since"], searched["languages"], searched["sources"]) == ("2021-01-01", ["zh-Hant"], ["範例報"])


def test_search_returns_the_hits_of_python(bot: Regbrief) -> None:
    assert called(bot, "search", query="支付宝", limit=2).structured_content == {
        "hits": to_json(bot.search("支付宝", limit=2))
    }


@pytest.mark.parametrize("article_id", ["fine-en", "links-hans", "alipay-hant"])
def test_an_article_is_read_from_any_place(bot: Regbrief, article_id: str) -> None:
    whole = called(bot, "read_article", article_id=article_id).structured_content
    body = bot.article(article_id).body
    assert (whole["text"], whole["start"], whole["end"], whole["length"]) == (body, 0, len(body), len(body))
    assert called(bot, "read_article", article_id=article_id, start=5).structured_content["text"] == body[5:]


def test_briefings_and_timelines_are_those_of_python(bot: Regbrief) -> None:
    digest = called(bot, "digest", topic="支付寶").structured_content
    assert untimed(digest) == untimed(to_json(bot.digest("支付寶")))
    timeline = called(bot, "timeline", topic="支付寶").structured_content
    assert untimed(timeline) == untimed(to_json(bot.timeline("支付寶")))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ask", {"question": " "}, "The question is empty. Ask something."),
        ("ask", {"question": "?", "since": "2022-01-02", "until": "2022-01-01"}, "Swap them."),
        ("read_article", {"article_id": "沒有"}, "No article has the id '沒有'."),
        ("search", {"query": "x", "limit": 0}, "greater than or equal to 1"),
    ],
)
def test_an_error_is_told_in_words(bot: Regbrief, name: str, arguments: dict[str, Any], message: str) -> None:
    result = called(bot, name, **arguments)
    assert result.is_error
    assert message in result.content[0].text


def test_every_tool_is_described_and_has_a_schema_for_what_it_gives(bot: Regbrief) -> None:
    async def listed() -> Any:
        async with Client(mcp_server.server(bot)) as client:
            return (await client.list_tools()).tools, client.instructions

    tools, instructions = asyncio.run(listed())
    assert {each.name for each in tools} == {"ask", "search", "read_article", "digest", "timeline"}
    for each in tools:
        assert each.description
        assert each.output_schema["type"] == "object"
        assert each.annotations.read_only_hint
        for name, schema in each.input_schema["properties"].items():
            assert schema.get("description"), (each.name, name)
    assert "[n]" in instructions


def test_an_article_is_a_resource(bot: Regbrief) -> None:
    async def read() -> Any:
        async with Client(mcp_server.server(bot)) as client:
            return await client.read_resource("article://alipay-hant")

    text = asyncio.run(read()).contents[0].text
    assert text.startswith("# 支付寶須分拆貸款業務\n\n範例報 · 2021-09-14\n\n監管機構")


def test_the_server_offers_the_same_over_http(served: str, bot: Regbrief) -> None:
    question = "監管機構要求支付寶分拆什麼業務？"

    async def ask(address: str) -> Any:
        async with Client(f"{address}/mcp") as client:
            return await client.call_tool("ask", {"question": question})

    result = asyncio.run(ask(served))
    assert untimed(result.structured_content) == untimed(to_json(bot.ask(question)))


def test_a_server_that_is_started_again_offers_it_again(bot: Regbrief) -> None:
    endpoint = mcp_server.Endpoint(bot)

    async def open_twice() -> None:
        for _ in range(2):
            async with endpoint.open():
                pass

    asyncio.run(open_twice())


def test_the_command_offers_it_on_stdin_and_stdout(tmp_path: Path) -> None:
    command = "import sys; from bot.cli import main; sys.argv = ['regbrief', 'mcp']; main()"
    environment = {**os.environ, "REGBRIEF_INDEXES": str(tmp_path / "empty"), "REGBRIEF_RERANKER": "none"}
    parameters = StdioServerParameters(command=sys.executable, args=["-c", command], env=environment)

    async def ask() -> Any:
        async with Client(stdio_client(parameters)) as client:
            return await client.call_tool("ask", {"question": "支付寶被要求做什麼？"})

    answer = asyncio.run(ask()).structured_content
    assert (answer["abstained"], answer["reason"], answer["language"]) == (True, "empty_library", "zh-Hant")


def test_without_keys_it_listens_to_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["regbrief", "mcp", "--http", "--host", "0.0.0.0"])
    with pytest.raises(SystemExit):
        main()
    assert "would open the library to a network" in capsys.readouterr().err
