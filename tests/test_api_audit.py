"""The log of changes names the articles that were written, whichever way they came in, and who sent them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot import Regbrief
from bot.serve.api import create_app
from bot.serve.guards import Guards
from bot.serve.keys import Keys
from bot.settings import Settings

ARTICLE = {"title": "蘋果遭罰", "body": "蘋果公司遭罰款五歐元。\n\n蘋果將上訴。"}


@pytest.fixture
def client(bot: Regbrief, tmp_path: Path) -> Iterator[TestClient]:
    keys = Keys(tmp_path / "keys.json")
    settings = Settings(api_keys=keys.path, audit_log=tmp_path / "audit.jsonl")
    editor = {"authorization": f"Bearer {keys.make('editor', 'admin')[1]}"}
    guards = Guards.of(bot, settings)
    app = create_app(bot)
    guards.stand_before(app)
    with TestClient(app, base_url="http://127.0.0.1:7860", headers=editor) as client:
        yield client


def done(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for a job."""
    while job["ended"] is None:
        time.sleep(0.02)
        job = client.get(f"/api/v1/jobs/{job['id']}").json()
    assert job["state"] == "done"
    return job


def written(tmp_path: Path) -> list[tuple[str, str, list[str]]]:
    """Return who did what to which articles."""
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    return [(each["who"], each["what"], each["articles"]) for each in lines if "articles" in each]


def test_articles_sent_as_json_are_named(client: TestClient, tmp_path: Path) -> None:
    headers = {"x-request-id": "desk-9"}
    done(client, client.post("/api/v1/articles", json=[{**ARTICLE, "id": "a"}], headers=headers).json())
    done(client, client.post("/api/v1/articles", json={**ARTICLE, "id": "a", "source": "範例報"}).json())
    done(client, client.post("/api/v1/articles", json={**ARTICLE, "id": "a", "source": "範例報"}).json())
    assert client.delete("/api/v1/articles/a").status_code == 204
    assert written(tmp_path) == [
        ("editor", "articles added", ["a"]),
        ("editor", "articles replaced", ["a"]),
        ("editor", "articles removed", ["a"]),
    ]
    ids = [json.loads(line)["request_id"] for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    assert ids.count("desk-9") == 2  # the request, and what its job wrote


def test_articles_of_files_are_named(client: TestClient, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "苹果被罚\n\n苹果公司被罚款五欧元。")
        archive.writestr("b.txt", "Apple fined\n\nApple was fined 5 euros.")
    job = done(client, client.post("/api/v1/articles/files", files={"files": ("a.zip", packed.getvalue())}).json())
    assert len(job["article_ids"]) == 2
    assert written(tmp_path) == [("editor", "articles added", job["article_ids"])]


def test_what_nobody_sends_over_the_network_is_not_on_record(client: TestClient, bot: Regbrief, tmp_path: Path) -> None:
    bot.remove(["fine-en"])
    assert written(tmp_path) == []
