"""A server that is told to stop while it answers: whoever asks, over whichever face, gets the whole answer."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client

pytestmark = pytest.mark.faults

TESTS = Path(__file__).resolve().parent.parent
QUESTION = {"question": "監管機構要求支付寶分拆什麼業務？"}
QUOTED = "監管機構要求支付寶分拆小額貸款業務。"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    command = [sys.executable, str(TESTS / "stopped.py"), str(tmp_path / "library")]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        yield server
        server.kill()


def tool(address: str) -> str:
    async def call() -> Any:
        async with Client(f"{address}/mcp") as client:
            await client.list_tools()  # else the client asks for it afterwards, to check the answer
            return await client.call_tool("ask", QUESTION)

    return str(asyncio.run(call()).structured_content["citations"][0]["quote"])


def tool_streamed(address: str) -> str:
    """Call a tool as clients of the protocol before 2026 do, whose answer is an event."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": QUESTION}}
    accepted = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    told = httpx.post(f"{address}/mcp", json=call, headers=accepted, timeout=60)
    assert told.headers["content-type"].startswith("text/event-stream")
    [event] = [line for line in told.text.splitlines() if line.startswith("data: {")]
    return str(json.loads(event.removeprefix("data: "))["result"]["structuredContent"]["citations"][0]["quote"])


def answer(address: str) -> str:
    told = httpx.post(f"{address}/api/v1/ask", json=QUESTION, timeout=60).raise_for_status().json()
    return str(told["citations"][0]["quote"])


def stream(address: str) -> str:
    events = httpx.post(f"{address}/api/v1/ask", json={**QUESTION, "stream": True}, timeout=60).text
    return QUOTED if "event: done" in events and QUOTED in events else events


@pytest.mark.parametrize("ask", [answer, stream, tool, tool_streamed])
def test_who_asked_before_a_server_is_stopped_gets_the_whole_answer(
    process: subprocess.Popen[str], ask: Callable[[str], str]
) -> None:
    assert process.stdout
    address = process.stdout.readline().strip()
    with ThreadPoolExecutor() as threads:
        asking = threads.submit(ask, address)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGTERM)
        assert asking.result(60) == QUOTED
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (-signal.SIGTERM, "")
