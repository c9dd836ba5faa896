"""Providers of LangChain, each spoken to in its own protocol by a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel

from bot.chat import Message, stream
from bot.errors import Fault, ModelError, SettingsError
from bot.generative import ATTEMPTS, LangChainModel
from tests.scripted import Reply, refuses, server, writes

ASKED = [Message("system", "Answer."), Message("user", "罚款多少？")]
TEXT = "罚款182亿元[1]。"


def opened(name: str, address: str) -> LangChainModel:
    return LangChainModel(name, base_url=address, key="sk-1", timeout=5, context=2_048, pause=0.0)


def sends(kind: str, parts: Iterable[str]) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, number: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write("".join(parts).encode())

    return reply


def anthropic() -> Reply:
    message = {"id": "1", "type": "message", "role": "assistant", "content": [], "model": "m"}
    counted = {"usage": {"input_tokens": 1, "output_tokens": 1}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, **counted}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": character}}
            for character in TEXT
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, **counted},
        {"type": "message_stop"},
    ]
    return sends("text/event-stream", (f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events))


def ollama() -> Reply:
    said = [{"message": {"role": "assistant", "content": character}, "done": False} for character in TEXT]
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    lines = [{"model": "m", "created_at": "2026-01-01T00:00:00Z", **each} for each in (*said, end)]
    return sends("application/x-ndjson", (json.dumps(each) + "\n" for each in lines))


@pytest.mark.parametrize(
    ("name", "path", "reply", "sent"),
    [
        pytest.param(
            "openai:m",
            "/v1",
            writes(TEXT),
            {"path": "/v1/chat/completions", "max_tokens": 64},
            id="a-compatible-server",
        ),
        pytest.param(
            "deepseek:m", "/v1", writes(TEXT), {"path": "/v1/chat/completions", "max_tokens": 64}, id="deepseek"
        ),
        pytest.param("anthropic:m", "", anthropic(), {"path": "/v1/messages", "max_tokens": 64}, id="anthropic"),
        pytest.param(
            "ollama:m",
            "",
            ollama(),
            {"path": "/api/chat", "options": {"num_predict": 64, "num_ctx": 2_048, "temperature": 0.0}},
            id="ollama",
        ),
    ],
)
def test_a_provider_writes_and_is_told_how_much(name: str, path: str, reply: Reply, sent: dict[str, Any]) -> None:
    pytest.importorskip(f"langchain_{name.partition(':')[0]}")
    with server(reply) as (address, heard):
        model = opened(name, address.removesuffix("/v1") + path)
        assert "".join(stream(model, ASKED, limit=64, timeout=20)) == TEXT
    assert [{key: each[key] for key in sent} for each in heard] == [sent]


@pytest.mark.parametrize("name", ["anthropic:m", "deepseek:m", "ollama:m"])
@pytest.mark.parametrize(("status", "fault", "times"), [(401, "refused", 1), (503, "server", ATTEMPTS)])
def test_the_failures_of_providers_are_told_apart(name: str, status: int, fault: Fault, times: int) -> None:
    pytest.importorskip(f"langchain_{name.partition(':')[0]}")
    with server(refuses(status)) as (address, heard), pytest.raises(ModelError) as raised:
        list(stream(opened(name, address.removesuffix("/v1")), ASKED, limit=64, timeout=20))
    assert (raised.value.fault, len(heard)) == (fault, times)


def test_an_address_is_refused_where_the_provider_would_pass_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain.chat_models.init_chat_model", lambda *_, **__: FakeListChatModel(responses=["No."]))
    with pytest.raises(SettingsError) as raised:
        list(stream(opened("perplexity:m", "http://127.0.0.1:9"), ASKED, limit=64, timeout=20))
    assert str(raised.value) == (
        "REGBRIEF_LLM_BASE_URL=http://127.0.0.1:9: perplexity cannot be reached at another address. "
        "Unset it; or, for a server that speaks OpenAI's protocol, set REGBRIEF_LLM=openai:MODEL."
    )


def test_google_is_told_in_its_own_words() -> None:
    assert opened("google_genai:m", "")._limited(64) == {"max_output_tokens": 64}
