"""One question over every face: the same claims, the same citations."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mcp import Client
from openai import OpenAI

from bot import Regbrief, RegbriefClient, to_json
from bot.cli import main

QUESTIONS = [
    pytest.param("How much did the market regulator fine Alibaba on Saturday?", id="en"),
    pytest.param("工信部要求各平台停止什么？", id="zh-Hans"),
    pytest.param("監管機構要求支付寶分拆什麼業務？", id="zh-Hant"),
]

Asked = Callable[[str, str], Any]


def rest(address: str, question: str) -> Any:
    return httpx.post(f"{address}/api/v1/ask", json={"question": question}).json()


def events(address: str, question: str) -> Any:
    text = httpx.post(f"{address}/api/v1/ask", json={"question": question, "stream": True}).text
    found = [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\r?\ndata: (.*)\r?\n", text)]
    done = found[-1][1]
    for name in ("claim", "citation"):
        assert [data for kind, data in found if kind == name] == done[f"{name}s"]
    return done


def openai(address: str, question: str) -> Any:
    with OpenAI(base_url=f"{address}/v1", api_key="none") as client:
        done = client.chat.completions.create(model="regbrief", messages=[{"role": "user", "content": question}])
    answer = done.model_extra["regbrief"]  # type: ignore[index]
    assert done.choices[0].message.content == answer["answer"]
    return answer


def openai_streamed(address: str, question: str) -> Any:
    with OpenAI(base_url=f"{address}/v1", api_key="none") as client:
        chunks = list(
            client.chat.completions.create(
                model="regbrief", messages=[{"role": "user", "content": question}], stream=True
            )
        )
    answer = chunks[-1].model_extra["regbrief"]  # type: ignore[index]
    assert "".join(each.choices[0].delta.content or "" for each in chunks) == answer["answer"]
    return answer


def mcp(address: str, question: str) -> Any:
    async def ask() -> Any:
        async with Client(f"{address}/mcp") as client:
            return (await client.call_tool("ask", {"question": question})).structured_content

    return asyncio.run(ask())


def client(address: str, question: str) -> Any:
    with RegbriefClient(address) as client:
        return to_json(client.ask(question))


FACES: list[Asked] = [rest, events, openai, openai_streamed, mcp, client]


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_face_tells_and_cites_the_same(served: str, served_bot: Regbrief, face: Asked, question: str) -> None:
    python, told = to_json(served_bot.ask(question)), face(served, question)
    assert python["citations"]
    assert told["claims"] == python["claims"]
    assert told["citations"] == python["citations"]
    assert {**told, "timings_ms": 0} == {**python, "timings_ms": 0}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_command_line_tells_and_cites_the_same(
    served_bot: Regbrief, question: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Regbrief, "open", lambda *_, **__: served_bot)
    monkeypatch.setattr(Regbrief, "close", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["regbrief", "ask", question, "--json"])
    with pytest.raises(SystemExit):
        main()
    told = json.loads(capsys.readouterr().out)
    assert {**told, "timings_ms": 0} == {**to_json(served_bot.ask(question)), "timings_ms": 0}
