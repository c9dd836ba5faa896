"""Errors in the language of who asks: no code lacks its words, and no word lacks its value."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import bot as package
from bot import errors
from bot.engine import Regbrief
from bot.errors import BotError, InputError, LibraryDamaged
from bot.records import Language
from bot.serve.api import create_app
from bot.serve.errors import said, texts
from bot.serve.guards import Guards
from bot.serve.keys import Keys
from bot.serve.openai_records import ENCODER
from bot.settings import Settings

ORDER = {"role": "system", "content": "x"}
TEXTS = "请发送文本，不要发送 token（LangChain 请用 check_embedding_ctx_length=False）"
CHINESE: tuple[Language, ...] = ("zh-Hans", "zh-Hant")


@pytest.fixture
def client(served_app: FastAPI) -> TestClient:
    return TestClient(served_app)


def kinds(kind: type[BotError] = BotError) -> Iterator[type[BotError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from kinds(below)


def raised() -> Iterator[tuple[str, str, set[str]]]:
    """Yield every `case=` in the package with the name of its error and the names of its values."""
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = {each.arg: each.value for each in node.keywords}
                case, values = given.get("case"), given.get("values")
                if isinstance(case, ast.Constant) and node.func.id in vars(errors):
                    names = {str(key.value) for key in getattr(values, "keys", []) if isinstance(key, ast.Constant)}
                    yield node.func.id, str(case.value), names


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.code)
@pytest.mark.parametrize("language", CHINESE)
def test_every_code_can_be_said(kind: type[BotError], language: Language) -> None:
    message, hint = texts()[kind.code]["other"][language]
    assert message
    assert fields(message) | fields(hint) <= {"message", "hint"}


def case_id(part: str | set[str] | tuple[Any, ...]) -> str:
    """Name a case, or a part of one, alike in every process: a set has another order in each."""
    if isinstance(part, str):
        return part
    return "-".join(map(case_id, sorted(part) if isinstance(part, set) else part))


@pytest.mark.parametrize(("kind", "case", "values"), sorted(raised(), key=case_id), ids=case_id)
def test_every_case_can_be_said_with_its_values(kind: str, case: str, values: set[str]) -> None:
    said = texts()[getattr(errors, kind).code][case]
    for language in CHINESE:
        for text in said[language]:
            assert fields(text) <= values | {"message", "hint"}


@pytest.mark.parametrize(("code", "cases"), texts().items())
def test_every_text_is_in_both_scripts_and_says_the_same(code: str, cases: dict[str, Any]) -> None:
    for spoken in cases.values():
        assert set(spoken) - {"en"} == set(CHINESE)
        first, second = ([fields(text) for text in spoken[language]] for language in CHINESE)
        assert first == second


@pytest.mark.parametrize(
    ("accept", "message", "hint", "language"),
    [
        ("en-GB", "since 2022-01-02 is after until 2022-01-01.", "Swap them.", "en"),
        ("zh-CN,zh;q=0.9", "since 2022-01-02 晚于 until 2022-01-01。", "请对调两个日期。", "zh-Hans"),
        ("zh-TW,en;q=0.5", "since 2022-01-02 晚於 until 2022-01-01。", "請對調兩個日期。", "zh-Hant"),
        ("fr", "since 2022-01-02 is after until 2022-01-01.", "Swap them.", "en"),
    ],
    ids=["en", "zh-Hans", "zh-Hant", "other"],
)
def test_an_error_is_said_in_the_language_of_who_asks(
    client: TestClient, accept: str, message: str, hint: str, language: str
) -> None:
    body = {"question": "支付", "since": "2022-01-02", "until": "2022-01-01"}
    response = client.post("/api/v1/ask", json=body, headers={"Accept-Language": accept})
    assert response.json() == {"error": {"code": "bad_input", "message": message, "hint": hint}}
    assert (response.headers["content-language"], response.headers["vary"]) == (language, "Accept-Language")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/api/v1/ask", {}, "body.question：缺少此项"),
        ("/api/v1/ask", {"question": "?", "colour": 1}, "body.colour：没有此项"),
        ("/api/v1/ask", {"question": "?", "since": "soon"}, "body.since：应为日期，写作 YYYY-MM-DD"),
        ("/api/v1/digest", {"limit": 0}, "body.limit：应大于或等于 1"),
        ("/api/v1/digest", {"languages": ["fr"]}, "body.languages.0：应为 'en', 'zh-Hans' or 'zh-Hant'"),
        ("/api/v1/nothing", {}, "没有此路径。"),
        ("/api/v1/articles", {"title": "a", "body": " "}, "文章没有正文。"),
        ("/api/v1/feedback", {"verdict": "right"}, "未说明评价的是什么。"),
        ("/v1/chat/completions", {"model": "regbrief", "messages": [ORDER]}, "没有用户消息。 请提问。"),
        ("/v1/chat/completions", {"model": "gpt-5", "messages": [ORDER]}, "没有模型 'gpt-5'。 请用 regbrief。"),
        ("/v1/chat/completions", {"model": "regbrief"}, "body.messages：缺少此项 参见 /api/docs。"),
        (
            "/v1/embeddings",
            {"model": ENCODER, "input": "支付宝", "dimensions": 3},
            "dimensions 为 3。 编码器有 64 维。",
        ),
        ("/v1/embeddings", {"model": ENCODER, "input": [1]}, f"body.input：{TEXTS} 参见 /api/docs。"),
        ("/v1/nothing", {}, "没有此路径。 参见 /api/docs。"),
    ],
)
def test_what_does_not_fit_is_said_in_chinese(client: TestClient, path: str, body: Any, message: str) -> None:
    response = client.post(path, json=body, headers={"Accept-Language": "zh-CN"})
    assert response.json()["error"]["message"] == message


@pytest.mark.parametrize(
    ("accept", "language", "message"),
    [
        ("en", "en", "This needs a key."),
        ("zh-CN", "zh-Hans", "此请求需要密钥。"),
        ("zh-TW", "zh-Hant", "此請求需要金鑰。"),
    ],
)
def test_every_route_says_in_the_language_asked_for_that_it_needs_a_key(
    served_bot: Regbrief, tmp_path: Path, accept: str, language: str, message: str
) -> None:
    Keys(tmp_path / "keys.json").make("Reader", "read")
    app = create_app(served_bot)
    guards = Guards.of(served_bot, Settings(api_keys=tmp_path / "keys.json", audit_log=tmp_path / "audit.jsonl"))
    guards.add_routes(app, served_bot)
    guards.stand_before(app)
    client = TestClient(app, headers={"Accept-Language": accept})
    told = {}
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            response = client.request(method, re.sub(r"{\w+}", "x", path))
            told[method, path] = response.status_code, response.headers.get("content-language"), response.text
    assert {told.pop(("get", f"/api/v1/health/{probe}"))[0] for probe in ("live", "ready")} == {200}
    assert len(told) > 25
    assert {(status, said) for status, said, _ in told.values()} == {(401, language)}
    assert [route for route, (_, _, text) in told.items() if message not in text] == []


def test_an_error_under_way_is_said_in_chinese_too(client: TestClient) -> None:
    body = {"question": "?", "stream": True, "since": "2022-01-02", "until": "2022-01-01"}
    assert "請對調兩個日期。" in client.post("/api/v1/ask", json=body, headers={"Accept-Language": "zh-TW"}).text


@pytest.mark.parametrize("language", ["en", *CHINESE])
def test_no_path_of_the_server_is_told(language: Language) -> None:
    error = LibraryDamaged("The catalog '/home/me/catalog.sqlite' cannot be used: disk I/O error.", hint="Check it.")
    told = said(error, language)
    assert "/home" not in told.message + told.hint


def test_a_value_with_braces_is_said_as_it_is() -> None:
    error = InputError("x {y} is odd.", hint="{z}")
    assert said(error, "zh-Hant").message == "無法使用所給內容：x {y} is odd."
