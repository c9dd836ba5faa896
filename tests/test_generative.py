"""Models behind the seam, against an OpenAI-compatible server on this machine that does what a test says."""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Message, stream
from bot.engine import Regbrief
from bot.errors import Fault, MissingExtra, ModelError, SettingsError
from bot.generative import ATTEMPTS, LangChainModel, open_model
from bot.library import Library
from bot.prompts import FAULTS
from bot.settings import Settings
from bot.weighing import Model
from tests.scripted import Reply, begin, chunk, refuses, server, writes

pytestmark = pytest.mark.skipif(find_spec("langchain_openai") is None, reason="needs the extra openai")
ASKED = [Message("system", "Answer."), Message("user", "罚款多少？")]


def opened(address: str, *, key: str = "", timeout: float = 5) -> LangChainModel:
    return LangChainModel("openai:m", base_url=address, key=key, timeout=timeout, context=None, pause=0.0)


def written(reply: Reply, **options: Any) -> tuple[str, list[dict[str, Any]]]:
    with server(reply) as (address, heard):
        model = opened(address, **options)
        return "".join(stream(model, ASKED, limit=64, timeout=10)), heard


def fault(reply: Reply, **options: Any) -> tuple[Fault, int]:
    with server(reply) as (address, heard):
        model = opened(address, **options)
        with pytest.raises(ModelError) as raised:
            list(stream(model, ASKED, limit=64, timeout=10))
        return raised.value.fault, len(heard)


def test_what_a_server_streams_is_handed_on_and_how_much_may_be_written_is_said() -> None:
    text, (heard,) = written(writes("罚款182亿元[1]。"), key="sk-secret")
    assert text == "罚款182亿元[1]。"
    assert (heard["path"], heard["stream"], heard["max_tokens"]) == ("/v1/chat/completions", True, 64)
    assert [message["role"] for message in heard["messages"]] == ["system", "user"]
    assert heard["key"] == "Bearer sk-secret"


def test_another_server_does_not_get_the_key_of_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another")
    _, (heard,) = written(writes("x"))
    assert "sk-of-another" not in heard["key"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    text, heard = written(refuses(status, times=ATTEMPTS - 1, then=writes("ok")))
    assert (text, len(heard)) == ("ok", ATTEMPTS)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(refuses(429), ("busy", ATTEMPTS), id="429"),
        pytest.param(refuses(500), ("server", ATTEMPTS), id="500"),
        pytest.param(refuses(503), ("server", ATTEMPTS), id="503"),
        pytest.param(refuses(401), ("refused", 1), id="401"),
        pytest.param(refuses(404), ("refused", 1), id="404"),
        pytest.param(
            refuses(400, "This model's maximum context length is 512 tokens."), ("too_long", 1), id="too-long"
        ),
        pytest.param(
            refuses(400, "the request exceeds the available context size"), ("too_long", 1), id="llama-too-long"
        ),
    ],
)
def test_what_does_not_pass_is_named_after_so_many_attempts(reply: Reply, expected: tuple[Fault, int]) -> None:
    assert fault(reply) == expected


def test_a_refused_connection_is_unreachable() -> None:
    with server(writes("x")) as (address, _):
        pass
    with pytest.raises(ModelError) as raised:
        list(stream(opened(address), ASKED, limit=9, timeout=10))
    assert raised.value.fault == "unreachable"


def hangs(handler: BaseHTTPRequestHandler, number: int) -> None:
    begin(handler)
    handler.wfile.write(chunk("He"))
    handler.wfile.flush()
    time.sleep(1.5)


def breaks_off(handler: BaseHTTPRequestHandler, number: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"40\r\ndata: {")


def babbles(handler: BaseHTTPRequestHandler, number: int) -> None:
    begin(handler)
    handler.wfile.write(chunk("He") + b"data: {not json\n\n")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(hangs, "timeout", id="hangs"),
        pytest.param(breaks_off, "malformed", id="breaks-off"),
        pytest.param(babbles, "malformed", id="no-json"),
    ],
)
def test_a_stream_that_goes_wrong_is_given_up(reply: Reply, expected: Fault) -> None:
    assert fault(reply, timeout=0.4)[0] == expected


def test_closing_the_stream_hangs_up_on_the_server() -> None:
    with server(writes("word " * 4_000, pause=0.002)) as (address, heard):
        pieces = stream(opened(address), ASKED, limit=9, timeout=10)
        while not next(pieces):
            pass
        pieces.close()
        for _ in range(400):
            if heard[0].get("gone"):
                break
            time.sleep(0.01)
        assert heard[0].get("gone")


def test_no_message_has_the_key() -> None:
    with server(refuses(401, "Incorrect API key sk-secret-1")) as (address, _), pytest.raises(ModelError) as raised:
        list(stream(opened(address, key="sk-secret-1"), ASKED, limit=9, timeout=10))
    assert "sk-secret-1" not in str(raised.value)
    assert "401" in str(raised.value) or "Incorrect" in str(raised.value)


# --- the whole way --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param(
            "How much did the market regulator fine Alibaba on Saturday?",
            "China's market regulator fined Alibaba 18.228 billion yuan.",
            id="en",
        ),
        pytest.param("工信部要求各平台停止什么？", "工业和信息化部要求各平台停止屏蔽网址链接。", id="zh-Hans"),
        pytest.param("監管機構要求支付寶分拆什麼業務？", "監管機構要求支付寶分拆小額貸款業務。", id="zh-Hant"),
    ],
)
def test_a_server_answers_a_question_with_proof(
    shared_library: Library, encoder: Any, glossary: Any, fixed_model: Model, question: str, answer: str
) -> None:
    with server(writes(f"{answer[:-1]}【1】{answer[-1]}")) as (address, heard):
        settings = Settings.read(llm="openai:m", llm_base_url=address)
        chat = open_model(settings.llm, base_url=settings.llm_base_url)
        bot = Regbrief.from_library(shared_library, encoder=encoder, glossary=glossary, chat=chat, settings=settings)
        found = bot.ask(question)
    assert [claim.text for claim in found.claims] == [answer]
    assert (found.answerer, found.notes, len(heard)) == ("openai:m", (), 1)
    article = bot.article(found.citations[0].article_id)
    assert article.body[found.citations[0].start : found.citations[0].end] == found.citations[0].quote


def test_a_server_that_fails_leaves_quotations(
    shared_library: Library, encoder: Any, glossary: Any, fixed_model: Model
) -> None:
    with server(refuses(401)) as (address, _):
        chat = opened(address)
        bot = Regbrief.from_library(shared_library, encoder=encoder, glossary=glossary, chat=chat)
        found = bot.ask("工信部要求各平台停止什么？")
    assert found.answerer == "extractive"
    assert FAULTS["refused"]["zh-Hans"] in found.notes[0]


# --- opening --------------------------------------------------------------------------------------------------------


def test_nobody_writes_unless_asked_to() -> None:
    assert open_model("extractive") is None


@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        pytest.param("gguf:/nowhere/m.gguf", SettingsError, "there is no file /nowhere/m.gguf", id="no-file"),
        pytest.param(
            "mistralai:m", MissingExtra, "pip install langchain langchain-mistralai", id="provider-not-installed"
        ),
        pytest.param("nobody:model", SettingsError, "nobody", id="unknown-provider"),
    ],
)
def test_a_model_that_cannot_be_opened_says_how(setting: str, error: type[Exception], message: str) -> None:
    if setting.startswith("gguf") and find_spec("xllamacpp") is None:
        pytest.skip("needs the extra llm")

    def tried() -> None:
        model = open_model(setting)
        assert model
        list(stream(model, ASKED, limit=9, timeout=10))

    with pytest.raises(error, match=message):
        tried()


@pytest.mark.parametrize(
    ("setting", "package", "command"),
    [
        pytest.param("gguf:m.gguf", "xllamacpp", r"pip install 'regbrief\[llm\]'", id="gguf"),
        pytest.param("transformers:m", "torch", r"pip install 'regbrief\[local\]'", id="transformers"),
        pytest.param("openai:m", "langchain", r"pip install 'regbrief\[openai\]'", id="openai"),
        pytest.param("google_genai:m", "langchain", "pip install langchain langchain-google-genai", id="other"),
    ],
)
def test_a_missing_package_names_its_command(
    monkeypatch: pytest.MonkeyPatch, setting: str, package: str, command: str
) -> None:
    monkeypatch.setattr("bot.generative.find_spec", lambda name: None if name == package else object())
    with pytest.raises(MissingExtra, match=command):
        open_model(setting)


def test_importing_the_package_imports_no_framework_of_models() -> None:
    import subprocess

    code = "import sys, bot; print(sorted({'langchain', 'langchain_core', 'torch', 'xllamacpp'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent.parent
    )
    assert done.stdout.strip() == "[]"
