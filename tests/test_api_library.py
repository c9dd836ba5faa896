"""Reading and changing the library over HTTP: excerpts, tags, jobs, removal, feeds, feedback, figures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot import Regbrief, to_json
from bot.errors import LibraryLocked
from bot.outcomes import Ingested, Stage
from bot.serve import writing
from bot.serve.api import create_app
from bot.serve.jobs import Jobs, Task

NEW = [
    pytest.param({"title": "Apple fined", "body": "Apple was fined 5 euros.\n\nIt appeals."}, "en", id="en"),
    pytest.param({"title": "苹果被罚", "body": "苹果公司被罚款五欧元。\n\n苹果将上诉。"}, "zh-Hans", id="zh-Hans"),
    pytest.param({"title": "蘋果遭罰", "body": "蘋果公司遭罰款五歐元。\n\n蘋果將上訴。"}, "zh-Hant", id="zh-Hant"),
]


@pytest.fixture
def client(bot: Regbrief) -> Iterator[TestClient]:
    with TestClient(create_app(bot)) as client:
        yield client


@pytest.fixture
def reading(served_app: FastAPI) -> TestClient:
    """A client of a library that nothing changes."""
    return TestClient(served_app)


def ended(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for a job."""
    while job["ended"] is None:
        time.sleep(0.02)
        job = client.get(f"/api/v1/jobs/{job['id']}").json()
    return job


GOING = [
    pytest.param("alipay-hant", "監管機構要求支付寶分拆什麼業務？", id="zh-Hant"),
    pytest.param("links-hans", "工信部要求各平台停止什么？", id="zh-Hans"),
    pytest.param("fine-en", "How much did the market regulator fine Alibaba on Saturday?", id="en"),
]
FACES = [
    pytest.param("POST", "/api/v1/ask", "question", id="ask"),
    pytest.param("POST", "/api/v1/digest", "topic", id="digest"),
    pytest.param("GET", "/api/v1/timeline", "topic", id="timeline"),
]


@pytest.mark.parametrize(("article_id", "question"), GOING)
@pytest.mark.parametrize(("method", "path", "name"), FACES)
def test_what_is_removed_while_it_is_asked_for_is_not_quoted(
    client: TestClient,
    bot: Regbrief,
    monkeypatch: pytest.MonkeyPatch,
    article_id: str,
    question: str,
    method: str,
    path: str,
    name: str,
) -> None:
    search = bot.retriever.search

    def searched(*given: Any, **named: Any) -> Any:
        found = search(*given, **named)
        if bot.count(article_ids=[article_id]):
            bot.remove([article_id])
        return found

    monkeypatch.setattr(bot.retriever, "search", searched)
    given = {"json": {name: question}} if method == "POST" else {"params": {name: question}}
    response = client.request(method, path, **given)
    assert response.status_code == 200
    assert article_id not in {each["article_id"] for each in response.json()["citations"]}


# --- in and out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("article", "language"), NEW)
def test_an_article_posted_twice_is_there_once(client: TestClient, article: dict[str, str], language: str) -> None:
    response = client.post("/api/v1/articles", json=article)
    assert (response.status_code, response.json()["kind"], response.json()["what"]) == (
        202,
        "articles",
        [article["title"]],
    )
    assert response.headers["location"] == f"/api/v1/jobs/{response.json()['id']}"
    first = ended(client, response.json())
    assert (first["state"], first["changed"], first["ingested"]["added"], first["error"]) == ("done", True, 1, None)
    stored = client.get(f"/api/v1/articles/{first['article_ids'][0]}").json()
    assert (stored["title"], stored["body"], stored["language"]) == (article["title"], article["body"], language)
    again = ended(client, client.post("/api/v1/articles", json=article).json())
    assert (again["changed"], again["ingested"]["added"], again["ingested"]["unchanged"]) == (False, 0, 1)
    assert client.get("/api/v1/health").json()["articles"] == 4


@pytest.mark.parametrize("article_id", ["fine-en", "links-hans", "alipay-hant"])
def test_an_article_can_be_sent_back_as_it_came(client: TestClient, article_id: str) -> None:
    job = ended(
        client, client.post("/api/v1/articles", json=client.get(f"/api/v1/articles/{article_id}").json()).json()
    )
    assert (job["changed"], job["article_ids"], job["ingested"]["unchanged"]) == (False, [article_id], 1)


def test_several_articles_go_in_at_once(client: TestClient) -> None:
    job = ended(client, client.post("/api/v1/articles", json=[each.values[0] for each in NEW]).json())
    assert (job["ingested"]["added"], len(job["article_ids"])) == (3, 3)


def test_files_go_in_and_what_cannot_be_read_is_named(client: TestClient, bot: Regbrief) -> None:
    line = json.dumps(NEW[2].values[0], ensure_ascii=False).encode()
    files = [("files", ("新聞.jsonl", line + b"\n{}\n")), ("files", ("C:\\fakepath\\empty.txt", b""))]
    job = ended(client, client.post("/api/v1/articles/files", files=files).json())
    assert (job["kind"], job["what"], job["ingested"]["added"]) == ("files", ["新聞.jsonl", "empty.txt"], 1)
    assert bot.article(job["article_ids"][0]).title == "蘋果遭罰"
    assert [each["where"] for each in job["ingested"]["failed"]] == ["新聞.jsonl:2", "empty.txt"]


@pytest.mark.parametrize("name", ["virus.exe", "sheet.xlsx", "noname", "../../etc/passwd"])
def test_a_file_that_no_reader_takes_is_refused_at_once(client: TestClient, name: str) -> None:
    response = client.post("/api/v1/articles/files", files={"files": (name, b"x")})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_input")
    assert client.get("/api/v1/jobs").json() == []


def test_an_address_that_may_not_be_fetched_is_named(client: TestClient) -> None:
    body = {"addresses": ["http://127.0.0.1:9/secret", "file:///etc/passwd"]}
    job = ended(client, client.post("/api/v1/articles/addresses", json=body).json())
    assert (job["state"], job["changed"]) == ("done", False)
    assert {each["where"] for each in job["ingested"]["failed"]} == set(body["addresses"])


def test_a_path_is_no_address(client: TestClient) -> None:
    response = client.post("/api/v1/articles/addresses", json={"addresses": ["/etc/passwd"]})
    assert (response.status_code, response.json()["error"]["message"]) == (400, "url is '/etc/passwd'.")


def test_what_is_removed_is_found_no_more(client: TestClient) -> None:
    assert client.delete("/api/v1/articles/alipay-hant").status_code == 204
    assert client.get("/api/v1/articles/alipay-hant").status_code == 404
    assert client.delete("/api/v1/articles/alipay-hant").status_code == 404
    hits = client.get("/api/v1/search", params={"q": "支付寶分拆貸款"}).json()
    assert "alipay-hant" not in [hit["article_id"] for hit in hits]


def test_a_removal_gives_up_where_another_process_writes(
    client: TestClient, bot: Regbrief, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any) -> None:
        raise LibraryLocked("Another process is writing to '/home/me/secret'.")

    monkeypatch.setattr(writing, "PATIENCE", 0.0)
    monkeypatch.setattr(bot.library, "remove", locked)
    response = client.delete("/api/v1/articles/fine-en")
    assert (response.status_code, response.headers["retry-after"]) == (409, "5")
    assert "secret" not in response.text


# --- jobs -----------------------------------------------------------------------------------------------------------


def finished(jobs: Jobs, task: Task) -> Task:
    while task.job.ended is None:
        time.sleep(0.01)
    return task


def test_a_job_waits_for_another_writer(bot: Regbrief) -> None:
    jobs = Jobs(bot)
    tries: list[Task] = []

    def work(task: Task) -> Ingested:
        tries.append(task)
        if len(tries) == 1:
            raise LibraryLocked("Another process is writing.")
        return Ingested(unchanged=1)

    task = Task("articles", ("a",))
    jobs.start(task, work)
    assert (finished(jobs, task).job.state, task.job.changed, len(tries)) == ("done", False, 2)


def test_a_job_that_fails_says_why_and_the_next_one_is_done(bot: Regbrief) -> None:
    jobs = Jobs(bot, patience=0)

    def locked(_: Task) -> Ingested:
        raise LibraryLocked("Another process is writing.")

    def broken(_: Task) -> Ingested:
        raise ZeroDivisionError

    tasks = [Task("articles", (name,)) for name in "abc"]
    for task, work in zip(tasks, (locked, broken, lambda _: Ingested()), strict=True):
        jobs.start(task, work)
    assert [finished(jobs, task).job.state for task in tasks] == ["failed", "failed", "done"]
    assert [task.error.code if task.error else None for task in tasks] == ["library_locked", "error", None]


def test_a_job_can_be_stopped_under_way_and_before_it_begins(bot: Regbrief) -> None:
    jobs = Jobs(bot)
    tasks = [Task("articles", (name,)) for name in "ab"]

    def endless(task: Task) -> Ingested:
        while True:
            task.report(Stage("reading", 1, None, "articles"))
            time.sleep(0.01)

    for task in tasks:
        jobs.start(task, endless)
    for task in tasks:
        jobs.stop(task.job.id)
    assert [finished(jobs, task).job.state for task in tasks] == ["stopped", "stopped"]
    jobs.close()


def test_more_jobs_than_can_wait_are_refused(bot: Regbrief, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.serve.jobs.WAITING", 0)
    with TestClient(create_app(bot)) as client:
        response = client.post("/api/v1/articles", json=NEW[0].values[0])
    assert (response.status_code, response.json()["error"]["code"]) == (503, "busy")


def test_old_jobs_are_forgotten(bot: Regbrief, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.serve.jobs.KEPT", 1)
    jobs = Jobs(bot)
    for name in "abc":
        task = Task("articles", (name,))
        jobs.start(task, lambda _: Ingested())
        finished(jobs, task)
    assert [each.job.what for each in jobs.errands()] == [("c",)]


def test_a_job_that_nobody_has_begun_is_not_found(client: TestClient) -> None:
    assert client.get("/api/v1/jobs/nothing").json()["error"]["message"] == "No job has the id 'nothing'."


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("article_id", "quote", "paragraph"),
    [
        (
            "fine-en",
            "4 percent",
            "The fine equals 4 percent of its domestic sales in 2019. Alibaba said that it would comply.",
        ),
        ("links-hans", "小额贷款业务", "腾讯表示将分阶段实施。支付宝的小额贷款业务须分拆。"),
        ("alipay-hant", "支付寶分拆", "監管機構要求支付寶分拆小額貸款業務。"),
    ],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_a_quotation_comes_in_its_paragraph(
    reading: TestClient, served_bot: Regbrief, article_id: str, quote: str, paragraph: str
) -> None:
    found = reading.get(f"/api/v1/articles/{article_id}/excerpt", params={"quote": quote}).json()
    body = served_bot.article(article_id).body
    assert (found["text"], found["quote"]) == (paragraph, quote)
    assert body[found["start"] : found["end"]] == paragraph
    assert body[found["quote_start"] : found["quote_end"]] == quote
    offsets = {"start": found["quote_start"], "end": found["quote_end"]}
    assert reading.get(f"/api/v1/articles/{article_id}/excerpt", params=offsets).json() == found


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"quote": "nothing like it"}, 404),
        ({"quote": ""}, 400),
        ({}, 400),
        ({"start": 0}, 400),
        ({"start": 5, "end": 5}, 400),
        ({"start": -1, "end": 5}, 400),
        ({"start": 0, "end": 99_999}, 400),
        ({"quote": "fine", "start": 0, "end": 4}, 400),
    ],
    ids=["absent", "empty", "none", "half", "no-width", "negative", "beyond", "both"],
)
def test_a_quotation_that_cannot_be_found_is_an_error(reading: TestClient, asked: dict[str, Any], status: int) -> None:
    assert reading.get("/api/v1/articles/fine-en/excerpt", params=asked).status_code == status


@pytest.mark.parametrize(
    "path", ["/api/v1/articles/fine-en", "/api/v1/articles", "/api/v1/articles/fine-en/excerpt?quote=fine"]
)
def test_what_has_not_changed_is_not_sent_again(reading: TestClient, path: str) -> None:
    first = reading.get(path)
    tag = first.headers["etag"]
    for asked in (tag, f'W/{tag}, "other"', "*"):
        again = reading.get(path, headers={"If-None-Match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert reading.get(path, headers={"If-None-Match": '"other"'}).json() == first.json()


def test_a_changed_article_has_another_tag(client: TestClient) -> None:
    before = client.get("/api/v1/articles/fine-en").headers["etag"]
    article = client.get("/api/v1/articles/fine-en").json() | {"title": "Corrected"}
    assert ended(client, client.post("/api/v1/articles", json=article).json())["ingested"]["updated"] == 1
    assert client.get("/api/v1/articles/fine-en", headers={"If-None-Match": before}).status_code == 200


def test_the_figures_count_what_there_is(client: TestClient, bot: Regbrief) -> None:
    bot.give_feedback("Alibaba?", "right")
    assert client.get("/api/v1/stats").json() == {
        "articles": 3,
        "languages": {"en": 1, "zh-Hans": 1, "zh-Hant": 1},
        "sources": {"Example Post": 1, "示例报": 1, "範例報": 1},
        "newest": "2021-09-14",
        "feeds": 0,
        "feedback": {"right": 1},
    }


# --- feeds ----------------------------------------------------------------------------------------------------------


def test_feeds_are_listed_and_left(client: TestClient, bot: Regbrief) -> None:
    from bot.outcomes import Feed

    bot.library.catalog.subscriptions.put(Feed("https://example.org/feed.xml", "Example"))
    assert [each["url"] for each in client.get("/api/v1/feeds").json()] == ["https://example.org/feed.xml"]
    assert client.delete("/api/v1/feeds", params={"url": "https://example.org/feed.xml"}).status_code == 204
    assert client.get("/api/v1/feeds").json() == []
    assert client.delete("/api/v1/feeds", params={"url": "https://example.org/feed.xml"}).status_code == 404


def test_an_address_that_leads_to_no_feed_is_named(client: TestClient) -> None:
    answer = client.post("/api/v1/feeds", json={"addresses": ["http://127.0.0.1:9/feed"]}).json()
    assert answer["feeds"] == []
    assert [each["where"] for each in answer["failed"]] == ["http://127.0.0.1:9/feed"]


def test_feeds_are_read_by_a_job(client: TestClient) -> None:
    job = ended(client, client.post("/api/v1/feeds/sync").json())
    assert (job["kind"], job["state"], job["changed"], job["synced"]["feeds"]) == ("sync", "done", False, [])


# --- feedback -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", ["How much did the regulator fine Alibaba?", "工信部要求停止什么？", "支付寶分拆什麼？"]
)
def test_an_answer_can_be_judged(client: TestClient, bot: Regbrief, question: str) -> None:
    answer = client.post("/api/v1/ask", json={"question": question}).json()
    response = client.post("/api/v1/feedback", json={"verdict": "right", "answer": answer, "note": "好"})
    assert (response.status_code, response.json()["answer"]) == (201, answer)
    assert client.get("/api/v1/feedback", params={"verdict": "right"}).json() == to_json(bot.feedback())
    assert client.get("/api/v1/feedback", params={"verdict": "wrong"}).json() == []


def test_it_must_be_said_what_is_judged(client: TestClient) -> None:
    response = client.post("/api/v1/feedback", json={"verdict": "right"})
    assert (response.status_code, response.json()["error"]["hint"]) == (400, "Give answer or question.")
