"""Those who ask and change a server under load, and what they may be told: see load.py."""

from __future__ import annotations

from locust import FastHttpUser, constant, task  # isort: skip – it puts gevent's sockets in the place of Python's

import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import gevent

LANGUAGES = ("en", "zh-Hans", "zh-Hant")
TRIES = 30
"""Times that a request is sent while it is told to come again."""

# --- what may be quoted ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Version:
    body: str
    until: float = float("inf")


class Held:
    """The texts that the library has held, and until when."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = defaultdict(list)

    def coming(self, article_id: str, body: str) -> None:
        """Note a text that is about to be sent."""
        self._versions[article_id].append(Version(body))

    def came(self, article_id: str) -> None:
        """Note that the last text is the only one from now on."""
        for version in self._versions[article_id][:-1]:
            version.until = min(version.until, time.monotonic())

    def went(self, article_id: str) -> None:
        """Note that the article is there no longer."""
        for version in self._versions[article_id]:
            version.until = min(version.until, time.monotonic())

    def bodies(self, article_id: str, *, since: float) -> list[str]:
        """Return the texts that an article had at some time since then."""
        return [each.body for each in self._versions.get(article_id, ()) if each.until >= since]

    def sample(self, chance: random.Random, language: str, count: int) -> list[str]:
        """Draw shipped texts of a language."""
        ids = sorted(each for each in self._versions if each.endswith(f".{language}"))
        return [self._versions[each][0].body for each in chance.sample(ids, count)]


def citations(told: Any) -> Iterator[dict[str, Any]]:
    """Yield whatever in a record points at words of an article."""
    if isinstance(told, dict):
        if {"article_id", "start", "end"} <= told.keys():
            yield told
        for each in told.values():
            yield from citations(each)
    elif isinstance(told, list):
        for each in told:
            yield from citations(each)


@dataclass
class Run:
    """What all users of one run share."""

    held: Held
    questions: Sequence[dict[str, Any]]
    chance: random.Random
    only_questions: bool

    def __post_init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def check(self, told: Any, *, since: float) -> str | None:
        """Say which citation of a record is wrong, if one is."""
        fault = None
        for each in citations(told):
            self.counts["citations"] += 1
            words = each.get("quote") or each.get("text")
            bodies = self.held.bodies(each["article_id"], since=since)
            if not any(body[each["start"] : each["end"]] == words for body in bodies):
                fault = f"{each['article_id']} {each['start']}-{each['end']}: {words!r}"
                self.wrong.append(fault)
        return fault


# --- the users ------------------------------------------------------------------------------------------------------


class Client(FastHttpUser):
    """Sends requests; where it is told to come again, it does, as late as it is told to."""

    abstract = True
    wait_time = constant(0)
    connection_timeout = network_timeout = 120.0

    @property
    def shared(self) -> Run:
        return self.environment.run  # type: ignore[attr-defined]

    def sent(self, face: str, method: str, path: str, *, expected: tuple[int, ...] = (200,), **named: Any) -> Any:
        """Send a request until it is answered, check what it quotes, and return the response."""
        for _ in range(TRIES):
            since = time.monotonic()
            with self.client.request(method, path, name=face, catch_response=True, **named) as response:
                wait = response.headers.get("retry-after") if response.headers else None
                if response.status_code in (409, 503) and wait:
                    self.shared.counts[f"told to come again ({response.status_code})"] += 1
                    response.request_meta["name"] = f"refused for now, {response.status_code}"
                    response.success()
                elif response.status_code not in expected:
                    response.failure(f"{response.status_code}: {(response.text or response.error or '')!r:.200}")
                    return None
                else:
                    response.success()
                    self._checked(response, since)
                    return response
            gevent.sleep(float(wait))
        self.environment.events.request.fire(
            request_type=method, name=face, response_time=0, response_length=0, exception=TimeoutError("never its turn")
        )
        return None

    def _checked(self, response: Any, since: float) -> None:
        text = (response.content or b"").decode("utf-8")  # locust takes a stream for Latin-1
        kind = response.headers.get("content-type", "")
        try:
            told = sent_events(text) if kind.startswith("text/event-stream") else json.loads(text) if text else None
        except ValueError as error:
            response.failure(f"{error}: {text[-200:]}")
            return
        if fault := self.shared.check(told, since=since):
            response.failure(f"a wrong citation, {fault}")


def sent_events(text: str) -> list[Any]:
    """Return the data of a stream's events. Raises ValueError for one that has no proper end."""
    data = [line.removeprefix("data: ") for line in re.split("\r?\n", text) if line.startswith("data: ")]
    if data and data[-1] == "[DONE]":
        data.pop()
    elif "event: done" not in text and '"jsonrpc"' not in text:
        raise ValueError("the stream has no end")
    return [json.loads(each) for each in data]


class Asker(Client):
    """Asks over every face of the server."""

    def question(self) -> dict[str, Any]:
        """Draw a question; half of them are narrowed, so that few are asked twice in the same way."""
        drawn = self.shared.chance.choice(self.shared.questions)
        asked: dict[str, Any] = {"question": drawn["question"], "history": drawn["history"]}
        if self.shared.chance.random() < 0.5:
            asked["since"] = f"{self.shared.chance.randint(2016, 2023)}-{self.shared.chance.randint(1, 12):02}-01"
        self.shared.counts["questions"] += 1
        return asked

    @task(6)
    def ask(self) -> None:
        self.sent("ask", "POST", "/api/v1/ask", json=self.question())

    @task(4)
    def ask_streamed(self) -> None:
        self.sent("ask, streamed", "POST", "/api/v1/ask", json={**self.question(), "stream": True})

    @task(3)
    def chat(self) -> None:
        self.sent("chat completions", "POST", "/v1/chat/completions", json=chat(self.question(), stream=False))

    @task(3)
    def chat_streamed(self) -> None:
        self.sent("chat completions, streamed", "POST", "/v1/chat/completions", json=chat(self.question(), stream=True))

    @task(2)
    def tool(self) -> None:
        asked = {**self.question(), "history": None}
        call = {"name": "ask", "arguments": {name: value for name, value in asked.items() if value}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        accepted = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
        self.sent("MCP ask", "POST", "/mcp", json=body, headers=accepted)

    @task(4)
    def other(self) -> None:
        """Search, brief, read on: what is no question."""
        if self.shared.only_questions:
            self.ask()
            return
        drawn = self.shared.chance.choice(self.shared.questions)["question"]
        what = self.shared.chance.choice(("search", "search", "timeline", "digest", "article", "article", "embeddings"))
        if what in ("search", "timeline"):
            self.sent(what, "GET", f"/api/v1/{what}?{urlencode({'q' if what == 'search' else 'topic': drawn})}")
        elif what == "digest":
            self.sent(what, "POST", "/api/v1/digest", json={"topic": drawn, "limit": 3})
        elif what == "embeddings":
            self.sent(what, "POST", "/v1/embeddings", json={"model": "regbrief-encoder", "input": drawn})
        else:
            self.article()

    def article(self) -> None:
        """Read an article twice: the second time it has not changed."""
        page = self.sent(
            "list of articles", "GET", f"/api/v1/articles?limit=1&offset={self.shared.chance.randrange(200)}"
        )
        found = json.loads(page.text)["articles"] if page is not None else []
        if found:
            path = f"/api/v1/articles/{quote(found[0]['id'], safe='')}"
            read = self.sent("article", "GET", path, expected=(200, 404))
            if read is not None and read.status_code == 200:
                known = {"If-None-Match": read.headers["etag"]}
                self.sent("article, known", "GET", path, expected=(200, 304, 404), headers=known)


def chat(asked: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """Return a question as OpenAI's clients send it."""
    messages = [
        {"role": role, "content": turn[name]}
        for turn in asked["history"]
        for role, name in (("user", "question"), ("assistant", "answer"))
    ]
    messages.append({"role": "user", "content": asked["question"]})
    filters = {"since": asked["since"]} if "since" in asked else {}
    return {"model": "regbrief", "messages": messages, "stream": stream, "regbrief": filters}


class Editor(Client):
    """Adds three articles, puts others in their place, and removes them, again and again."""

    @task
    def edit(self) -> None:
        name = f"load-{self.shared.chance.randrange(10**9)}"
        articles = [self.article(f"{name}.{language}", language) for language in LANGUAGES]
        for _ in range(2):
            if self.add(articles):
                for each in articles:
                    self.expect(each)
            articles = [self.article(each["id"], each["language"]) for each in articles]
            gevent.sleep(1)
        for each in articles:
            path = f"/api/v1/articles/{each['id']}"
            if self.sent("remove", "DELETE", path, expected=(204,)) is not None:
                self.shared.held.went(each["id"])
                self.sent("removed", "GET", path, expected=(404,))
        self.shared.counts["added, replaced and removed"] += len(articles)

    def article(self, article_id: str, language: str) -> dict[str, Any]:
        """Make an article out of sentences of shipped ones, with other numbers: near enough to be quoted."""
        chance = self.shared.chance
        pieces = [
            each for body in self.shared.held.sample(chance, language, 4) for each in re.split(r"(?<=[.。])\s*", body)
        ]
        chosen = chance.sample([each for each in pieces if each.strip()], 8)
        text = (" " if language == "en" else "").join(chosen)
        body = re.sub(r"\d+", lambda found: str(chance.randrange(1, 10 ** len(found[0][:4]))), text)
        day = f"{chance.randint(2019, 2024)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        title = f"{chosen[0][:60]} {chance.randrange(10**6)}"
        return {"id": article_id, "title": title, "body": body, "language": language, "published": day}

    def add(self, articles: list[dict[str, Any]]) -> bool:
        """Add articles, and wait until the job has ended."""
        for each in articles:
            self.shared.held.coming(each["id"], each["body"])
        begun = self.sent("add", "POST", "/api/v1/articles", json=articles, expected=(202,))
        if begun is None:
            return False
        job = json.loads(begun.text)
        while job["ended"] is None:
            gevent.sleep(0.5)
            response = self.sent("job", "GET", f"/api/v1/jobs/{job['id']}")
            if response is None:
                return False
            job = json.loads(response.text)
        if job["state"] != "done" or not job["changed"]:
            self.shared.counts[f"jobs that ended as {job['state']}, {job['error']}"] += 1
            return False
        for each in articles:
            self.shared.held.came(each["id"])
        return True

    def expect(self, article: dict[str, Any]) -> None:
        """Read what was added."""
        response = self.sent("added", "GET", f"/api/v1/articles/{article['id']}")
        if response is not None and json.loads(response.text)["body"] != article["body"]:
            self.shared.wrong.append(f"{article['id']} has another text than was added")
