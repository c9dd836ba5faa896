"""Briefings as text, Markdown, HTML and JSON, and the same on the command line, over HTTP and in Python."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot import Regbrief, to_json
from bot.briefings import Digest, DigestStory
from bot.cli import main
from bot.digest_text import written
from bot.engine import Regbrief as Engine
from bot.records import Article, Citation, Claim, Searched
from bot.sheet import web_address

EVIL = "<script>alert(1)</script> [x](javascript:alert(2)) *bold* `code` # head"

ROWS = [
    pytest.param("Alibaba fined", "Briefing: Alibaba fined", id="en"),
    pytest.param("解除屏蔽网址链接", "简报：解除屏蔽网址链接", id="zh-Hans"),
    pytest.param("支付寶分拆貸款業務", "簡報：支付寶分拆貸款業務", id="zh-Hant"),
]


@pytest.fixture
def bot(served_bot: Regbrief) -> Regbrief:
    return served_bot


@pytest.fixture
def client(served_app: FastAPI) -> TestClient:
    return TestClient(served_app)


def hostile(url: str | None) -> Digest:
    """Return a briefing each of whose texts would do harm where it is not escaped."""
    day = date(2021, 4, 10)
    citation = Citation(1, "a", EVIL, EVIL, url, day, "en", EVIL, 0, len(EVIL), 0.5)
    story = DigestStory(EVIL, "a", "en", day, day, (Claim(EVIL, (1,)),))
    return Digest(EVIL, "en", False, None, "", None, None, day, (story,), (citation,), Searched(1), "extractive")


def test_html_holds_nothing_that_an_article_could_run() -> None:
    page = written(hostile("javascript:alert(3)"), "html")
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert "&lt;script&gt;" in page


def test_markdown_holds_no_markup_of_an_article() -> None:
    page = written(hostile("https://example.org/a"), "markdown")
    assert r"\<script\>alert(1)\</script\> \[x\](javascript:alert(2)) \*bold\* \`code\` \# head" in page
    assert "](https://example.org/a)" in page


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a?b=1", True),
        ("http://例子.example/新聞", True),
        ("javascript:alert(1)", False),
        ("https://example.org/a) [x](javascript:y", False),
        ('https://example.org/"onclick="x', False),
        ("ftp://example.org", False),
        (None, False),
    ],
)
def test_only_plain_addresses_of_the_web_are_linked(url: str | None, kept: bool) -> None:
    assert web_address(url) == (url if kept else None)


def test_each_line_has_its_source_its_date_and_its_link() -> None:
    digest = replace(hostile("https://example.org/a"), topic="x")
    citation = replace(digest.citations[0], source="Example Post", quote="Fined.", title="Fine")
    told = replace(digest, citations=(citation,), stories=(replace(digest.stories[0], lines=(Claim("Fined.", (1,)),)),))
    assert r"- Fined. ([Example Post, 10 April 2021](https://example.org/a)) \[1\]" in written(told, "markdown")
    assert "  - Fined. [1]\n    Example Post, 10 April 2021\n" in written(told, "text")


@pytest.mark.parametrize(("topic", "title"), ROWS)
def test_every_face_gives_the_same_briefing(
    client: TestClient,
    bot: Regbrief,
    topic: str,
    title: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    python = to_json(bot.digest(topic))
    http = client.post("/api/v1/digest", json={"topic": topic}).json()
    command = json.loads(run(["digest", topic, "--json"], bot, monkeypatch, capsys))
    for each in (python, http, command):
        del each["timings_ms"]
    assert python == http == command
    assert run(["digest", topic, "--format", "markdown"], bot, monkeypatch, capsys).startswith(f"# {title}\n")


@pytest.mark.parametrize(("topic", "title"), ROWS)
def test_every_face_gives_the_same_timeline(
    client: TestClient,
    bot: Regbrief,
    topic: str,
    title: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    python = to_json(bot.timeline(topic))["events"]
    assert python
    assert client.get("/api/v1/timeline", params={"topic": topic}).json()["events"] == python
    assert json.loads(run(["timeline", topic, "--json"], bot, monkeypatch, capsys))["events"] == python


def test_an_article_is_summarized_on_every_face(
    client: TestClient, bot: Regbrief, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python = to_json(bot.summarize("fine-en"))["stories"]
    assert client.get("/api/v1/articles/fine-en/summary").json()["stories"] == python
    assert json.loads(run(["summarize", "fine-en", "--json"], bot, monkeypatch, capsys))["stories"] == python


@pytest.mark.parametrize(
    ("form", "kind"), [("markdown", "text/markdown"), ("html", "text/html"), ("text", "text/plain")]
)
def test_a_format_is_sent_as_its_type_and_runs_nothing(client: TestClient, form: str, kind: str) -> None:
    response = client.post("/api/v1/digest", json={"topic": "Alibaba fined", "format": form})
    assert response.headers["content-type"] == f"{kind}; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert "China's market regulator fined Alibaba" in response.text.replace("&#39;", "'")


FAULTS = [
    pytest.param("post", "/digest", {"json": {"topic": " "}}, 400, "bad_input", id="empty"),
    pytest.param("post", "/digest", {"json": {"limit": 0}}, 422, "invalid_request", id="limit"),
    pytest.param("post", "/digest", {"json": {"question": "x"}}, 422, "invalid_request", id="unknown field"),
    pytest.param("get", "/timeline", {}, 422, "invalid_request", id="no topic"),
    pytest.param("get", "/articles/nobody/summary", {}, 404, "not_found", id="no article"),
]


@pytest.mark.parametrize(("method", "path", "arguments", "status", "code"), FAULTS)
def test_errors_have_the_form_of_all(
    client: TestClient, method: str, path: str, arguments: Any, status: int, code: str
) -> None:
    response = client.request(method, f"/api/v1{path}", **arguments)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_the_documentation_names_the_routes(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/v1/digest", "/api/v1/timeline", "/api/v1/articles/{article_id}/summary"} <= set(paths)


def test_a_refusal_is_a_page_too(bot: Regbrief) -> None:
    assert written(bot.digest("football transfers"), "text") == (
        "Briefing: football transfers\n"
        "No article here is about this. "
        "Searched: 3 articles, English, Simplified Chinese, Traditional Chinese.\n"
    )


def test_a_title_that_spans_lines_stays_one_line(library: Any, encoder: Any, glossary: Any, fixed_model: Any) -> None:
    body = "The regulator fined Alibaba 18 billion yuan."
    library.add([Article("a", "Alibaba\n\n# fined", body, "en", date(2021, 4, 10), "Post")])
    page = written(Engine.from_library(library, encoder=encoder, glossary=glossary).digest("Alibaba fined"), "markdown")
    assert r"## Alibaba \# fined" in page


def run(
    arguments: list[str], bot: Regbrief, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Return what a command prints."""
    monkeypatch.setattr(Regbrief, "open", lambda *_, **__: bot)
    monkeypatch.setattr(Regbrief, "close", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["regbrief", *arguments])
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().out
