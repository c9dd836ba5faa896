"""What is measured: a library of this process, a server, or answers that another system has written to a file."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot import readers
from bot.engine import Regbrief
from bot.errors import BotError, InputError, NotFound
from bot.evaluation import versions
from bot.evaluation.datasets.files import read_lines
from bot.evaluation.records import Question, Suite
from bot.records import Article, to_json
from bot.settings import Settings

if TYPE_CHECKING:
    import httpx

MOST_HITS = 100
"""The API gives at most so many."""

DIGESTED = 10_000
"""Of a server with more articles than this no digest is taken: each would be fetched."""

Fields = Mapping[str, Any]


class Target(Protocol):
    """A system that can be asked."""

    name: str

    def ask(self, question: Question) -> Fields:
        """Return the JSON of an Answer. Raises BotError for a question that cannot be answered, even by a refusal."""

    def search(self, question: Question, *, limit: int) -> list[Fields]:
        """Return the JSON of the best Hits, best first; empty if the system does not tell."""

    def body(self, article_id: str) -> str | None:
        """Return the original text of an article; None if there is no such article."""

    def versions(self) -> Mapping[str, Any]:
        """Return what a figure measured on this depends on, with a digest of the corpus."""


class LibraryTarget:
    """A library that is open in this process."""

    def __init__(self, bot: Regbrief, *, name: str = "library") -> None:
        self._bot = bot
        self.name = name
        self._takes = set(inspect.signature(bot.ask).parameters)

    def ask(self, question: Question) -> Fields:
        arguments = {**_filters(question), **_conversation(question)}
        answer: Fields = to_json(self._bot.ask(question.text, **_known(arguments, self._takes)))
        return answer

    def search(self, question: Question, *, limit: int) -> list[Fields]:
        hits: list[Fields] = to_json(self._bot.search(question.text, limit=limit, **_filters(question)))
        return hits

    def body(self, article_id: str) -> str | None:
        try:
            return self._bot.article(article_id).body
        except NotFound:
            return None

    def versions(self) -> Mapping[str, Any]:
        return {**versions.versions(), "corpus": versions.corpus(self._bot.articles())}


class HttpTarget:
    """A running server, asked through its public API."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.name = str(client.base_url).rstrip("/")
        self._bodies: dict[str, str | None] = {}

    @classmethod
    def open(cls, address: str, *, api_key: str = "", timeout: float = 120) -> HttpTarget:
        """Prepare to ask the server at http://host:port; raises InputError if it does not answer as Regbrief does."""
        import httpx

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        target = cls(httpx.Client(base_url=address, headers=headers, timeout=timeout))
        try:
            target._get("/api/v1/health")
        except BotError:
            target.close()
            raise
        return target

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def ask(self, question: Question) -> Fields:
        arguments = {**_filters(question), **_conversation(question)}
        known = _known({name: to_json(value) for name, value in arguments.items()}, self._takes)
        answer: Fields = self._request("POST", "/api/v1/ask", json={"question": question.text, **known})
        return answer

    def search(self, question: Question, *, limit: int) -> list[Fields]:
        asked = {"q": question.text, "limit": MOST_HITS if question.article_ids else limit}
        window = {name: str(value) for name in ("since", "until") if (value := getattr(question, name))}
        hits: list[Fields] = self._get("/api/v1/search", **asked, **window)
        allowed = set(question.article_ids)
        return [hit for hit in hits if not allowed or hit["article_id"] in allowed][:limit]

    def body(self, article_id: str) -> str | None:
        if article_id not in self._bodies:
            try:
                self._bodies[article_id] = self._get(f"/api/v1/articles/{_quoted(article_id)}")["body"]
            except NotFound:
                self._bodies[article_id] = None
        return self._bodies[article_id]

    def versions(self) -> Mapping[str, Any]:
        count = self._get("/api/v1/health")["articles"]
        known = {"server": self._openapi.get("info", {}).get("version", ""), "articles": count}
        return known if count > DIGESTED else {**known, "corpus": versions.corpus(self._articles(count))}

    def _articles(self, count: int) -> Iterator[Article]:
        for offset in range(0, count, 200):
            for fields in self._get("/api/v1/articles", limit=200, offset=offset)["articles"]:
                yield Article(
                    **{name: fields[name] for name in ("id", "title", "body", "language", "published", "source")}
                )

    @cached_property
    def _openapi(self) -> Fields:
        fields: Fields = self._get("/api/openapi.json")
        return fields

    @cached_property
    def _takes(self) -> set[str]:
        """What the server's `ask` takes: a server of another version may not know `history` or `today`."""
        ask = self._openapi.get("paths", {}).get("/api/v1/ask", {}).get("post", {})
        body = ask.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        schemas = self._openapi.get("components", {}).get("schemas", {})
        schema = schemas.get(body.get("$ref", "").rpartition("/")[2], body)
        return set(schema.get("properties", ()))

    def _get(self, path: str, **query: Any) -> Any:
        return self._request("GET", path, params=query)

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        import httpx

        try:
            response = self._client.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.name} cannot be reached: {error}.", hint="Check --target.") from error
        try:
            content = response.json()
        except ValueError as error:
            raise Unreachable(f"{self.name}{path} did not answer with JSON.", hint="Check --target.") from error
        if response.is_success:
            return content
        fault = content.get("error", {}) if isinstance(content, dict) else {}
        message = f"{self.name}{path} answered {response.status_code}: {fault.get('message', content)}"
        if response.status_code == 404:
            raise NotFound(message)
        if response.status_code in (401, 403, 429) or response.status_code >= 500:
            raise Unreachable(message, hint=fault.get("hint", ""))
        raise InputError(message)


class Unreachable(BotError):
    """A server does not answer at all: the run stops, and goes on from there when it is started again."""

    code = "unreachable"


class FileTarget:
    """Answers that another system has written, one JSON object a line.

    Only `id` (the question's) and `answer` (with markers such as [1]) are needed. As far as the system knows them:
    `abstained`, `citations` (`number`, `article_id`, `quote`, `start`, `end`), `claims` (`text`, `citations`), `hits`
    (`article_id`, best first), `timings_ms`; in short, the JSON of an Answer with `id` and `hits`.
    """

    def __init__(self, path: Path, *, bodies: Callable[[str], str | None], corpus: str) -> None:
        self.name = path.name
        self._bodies = bodies
        self._corpus = corpus
        self._answers: dict[str, Fields] = {}
        for number, entry in enumerate(read_lines(path), 1):
            if not isinstance(entry.get("id"), str) or not isinstance(entry.get("answer", ""), str):
                raise InputError(f"Entry {number} of {str(path)!r} needs a text under `id` and `answer`.")
            self._answers[entry["id"]] = entry
        self._digest = versions.configuration(self._answers)

    def ask(self, question: Question) -> Fields:
        entry = self._answers.get(question.id)
        if entry is None:
            raise InputError(f"{self.name} has no answer to {question.id}.")
        return {name: value for name, value in entry.items() if name != "hits"}

    def search(self, question: Question, *, limit: int) -> list[Fields]:
        return list(self._answers.get(question.id, {}).get("hits") or ())[:limit]

    def body(self, article_id: str) -> str | None:
        return self._bodies(article_id)

    def versions(self) -> Mapping[str, Any]:
        return {"answers": self._digest, "corpus": self._corpus}


def shipped(settings: Settings) -> list[Article]:
    """Read the articles of the shipped corpus."""
    paths = readers.find(settings.corpus / "articles")
    return [each for path in paths for each in readers.read(path) if isinstance(each, Article)]


def export(suite: Suite, folder: Path, *, articles: list[Article]) -> None:
    """Write a suite's articles and questions as JSON lines, for another system to answer."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(to_json(each), ensure_ascii=False) for each in articles]
    (folder / "articles.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    asked = [{"id": each.id, "question": each.text} | _fields(each) for each in suite.questions]
    lines = [json.dumps(to_json(each), ensure_ascii=False) for each in asked]
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def _fields(question: Question) -> dict[str, Any]:
    return {"language": question.language, **_filters(question), **_conversation(question)}


def _filters(question: Question) -> dict[str, Any]:
    wanted = {"since": question.since, "until": question.until, "article_ids": list(question.article_ids)}
    return {name: value for name, value in wanted.items() if value}


def _conversation(question: Question) -> dict[str, Any]:
    wanted = {"today": question.today, "history": question.history}
    return {name: value for name, value in wanted.items() if value}


def _known(arguments: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name in names}


def _quoted(article_id: str) -> str:
    from urllib.parse import quote

    return quote(article_id, safe="")
