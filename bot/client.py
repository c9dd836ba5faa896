"""A server asked from Python: the verbs of `Regbrief` over HTTP, with the same records and errors.

What a verb does is written once, as a generator that says what to send and when to wait, and gets what came back;
`RegbriefClient` does it at once and `AsyncRegbriefClient` in an event loop.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload
from urllib.parse import quote as quoted

from bot import errors
from bot.engine import Event, is_address
from bot.errors import BotError, FetchError, ModelError
from bot.records import (
    Answer,
    AnswerLanguage,
    Article,
    Citation,
    Claim,
    Digest,
    Excerpt,
    Failure,
    Feed,
    Feedback,
    Hit,
    Ingested,
    Job,
    Language,
    Synced,
    Timeline,
    Turn,
    Verdict,
    from_json,
    to_json,
)

if TYPE_CHECKING:
    import httpx
    from httpx_sse import ServerSentEvent
    from tenacity import RetryCallState

ARTICLES_AT_ONCE = 200
FILES_AT_ONCE = 50
ADDRESSES_AT_ONCE = 100

PAGE = 200
"""Articles that are asked for at once while iterating over all."""

POLL = 0.2
"""Seconds between two looks at a job."""

PASSING = (429, 502, 503, 504)
"""Statuses that another attempt may not meet."""

_ADD = "/articles"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and the record that it is answered with. What is `safe` may be sent again where it fails."""

    method: str
    path: str
    kind: Any = None
    query: Mapping[str, Any] | None = None
    body: Any = None
    files: Sequence[Path] = ()
    safe: bool = True


Steps = Generator[Call[Any] | float, Any, T]
"""Yields what to send, and takes what it is answered; or seconds to wait. Returns the result."""


class _Verb(Generic[P, T]):
    """A verb of both clients: what it does, done at once or awaited."""

    def __init__(self, steps: Callable[P, Steps[T]]) -> None:
        self._steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> _Verb[P, T]: ...
    @overload
    def __get__(self, client: RegbriefClient, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncRegbriefClient, owner: type) -> Callable[P, Awaitable[T]]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @wraps(self._steps)
        def done(*arguments: P.args, **named: P.kwargs) -> Any:
            return client._do(self._steps(*arguments, **named))

        return done


# --- what the verbs do ----------------------------------------------------------------------------------------------


def _ask(
    question: str,
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    article_ids: Sequence[str] | None = None,
    history: Sequence[Turn] = (),
    answer_language: AnswerLanguage | None = None,
    today: date | None = None,
    read_dates: bool = True,
) -> Steps[Answer]:
    """Answer as `Regbrief.ask` does."""
    answer: Answer = yield Call("POST", "/ask", Answer, body=_given(locals()))
    return answer


def _search(
    question: str,
    *,
    limit: int = 10,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    article_ids: Sequence[str] | None = None,
) -> Steps[list[Hit]]:
    """Return the passages that match best, best first."""
    filters = _query(since, until, languages, sources, article_ids)
    hits: list[Hit] = yield Call("GET", "/search", list[Hit], {"q": question, "limit": limit, **filters})
    return hits


def _digest(
    topic: str | None = None,
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    limit: int | None = None,
    answer_language: AnswerLanguage | None = None,
    today: date | None = None,
) -> Steps[Digest]:
    """Brief on the stories of a topic, or without one on the newest."""
    digest: Digest = yield Call("POST", "/digest", Digest, body=_given(locals()))
    return digest


def _timeline(
    topic: str,
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    limit: int | None = None,
    answer_language: AnswerLanguage | None = None,
    today: date | None = None,
) -> Steps[Timeline]:
    """Tell what happened on a topic, earliest first."""
    more = {"topic": topic, "limit": limit, "answer_language": answer_language, "today": today}
    query = _query(since, until, languages, sources, None) | more
    timeline: Timeline = yield Call("GET", "/timeline", Timeline, query)
    return timeline


def _summarize(article_id: str, *, answer_language: AnswerLanguage | None = None) -> Steps[Digest]:
    """Tell one article in its central sentences. Raises NotFound."""
    path = f"{_article_path(article_id)}/summary"
    digest: Digest = yield Call("GET", path, Digest, {"answer_language": answer_language})
    return digest


def _articles(
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    article_ids: Sequence[str] | None = None,
    limit: int = -1,
    offset: int = 0,
) -> Steps[list[Article]]:
    """List the articles that the filters let through, newest first; all of them where `limit` is -1."""
    filters = _query(since, until, languages, sources, article_ids)
    found: list[Article] = []
    while limit < 0 or len(found) < limit:
        size = PAGE if limit < 0 else min(PAGE, limit - len(found))
        query = {"limit": size, "offset": offset + len(found), **filters}
        page = yield Call("GET", "/articles", dict[str, Any], query)
        found += from_json(list[Article], page["articles"])
        if not page["articles"] or offset + len(found) >= page["total"]:
            break
    return found


def _article(article_id: str) -> Steps[Article]:
    """Return one article. Raises NotFound."""
    article: Article = yield Call("GET", _article_path(article_id), Article)
    return article


def _excerpt(
    article_id: str, *, quote: str | None = None, start: int | None = None, end: int | None = None
) -> Steps[Excerpt]:
    """Return a quotation in its paragraph, by its words or its offsets. Raises NotFound."""
    query = {"quote": quote, "start": start, "end": end}
    excerpt: Excerpt = yield Call("GET", f"{_article_path(article_id)}/excerpt", Excerpt, query)
    return excerpt


def _add(what: str | Path | Article | Iterable[str | Path | Article]) -> Steps[Ingested]:
    """Add articles, files and folders of this machine, and addresses, and wait until they are in. Raises BotError."""
    from bot import readers

    items = [what] if isinstance(what, str | Path | Article) else list(what)
    articles = [each for each in items if isinstance(each, Article)]
    addresses = [each for each in items if isinstance(each, str) and is_address(each)]
    paths = [Path(each) for each in items if isinstance(each, Path) or (isinstance(each, str) and not is_address(each))]
    files = [file for path in paths for file in readers.find(path)]
    calls: list[Call[Any]] = [
        *(Call("POST", _ADD, Job, body=to_json(part)) for part in _parts(articles, ARTICLES_AT_ONCE)),
        *(Call("POST", f"{_ADD}/files", Job, files=part) for part in _parts(files, FILES_AT_ONCE)),
        *(
            Call("POST", f"{_ADD}/addresses", Job, body={"addresses": part})
            for part in _parts(addresses, ADDRESSES_AT_ONCE)
        ),
    ]
    done = Ingested()
    for call in calls:
        job: Job = yield call
        job = yield from _ended(job)
        done += job.ingested or Ingested()
    return done


def _remove(article_ids: Sequence[str]) -> Steps[None]:
    """Remove articles, one after another. Raises NotFound."""
    for article_id in article_ids:
        yield Call("DELETE", _article_path(article_id), safe=False)


def _job(job_id: str) -> Steps[Job]:
    """Return how far a job is. Raises NotFound."""
    job: Job = yield Call("GET", f"/jobs/{quoted(job_id, safe='')}", Job)
    return job


def _jobs() -> Steps[list[Job]]:
    """List the server's jobs, newest first."""
    jobs: list[Job] = yield Call("GET", "/jobs", list[Job])
    return jobs


def _feeds() -> Steps[list[Feed]]:
    """List the feeds that are followed."""
    feeds: list[Feed] = yield Call("GET", "/feeds", list[Feed])
    return feeds


def _follow(addresses: str | Iterable[str]) -> Steps[list[Feed | Failure]]:
    """Follow feeds; those that cannot be are Failures, after the others."""
    named = [addresses] if isinstance(addresses, str) else list(addresses)
    found = yield Call("POST", "/feeds", dict[str, Any], body={"addresses": named})
    return [*from_json(list[Feed], found["feeds"]), *from_json(list[Failure], found["failed"])]


def _unfollow(address: str) -> Steps[None]:
    """Follow a feed no longer. Raises NotFound."""
    yield Call("DELETE", "/feeds", query={"url": address}, safe=False)


def _sync() -> Steps[Synced]:
    """Fetch what is new in the feeds, and wait until it is in."""
    job: Job = yield Call("POST", "/feeds/sync", Job)
    job = yield from _ended(job)
    return job.synced or Synced()


def _give_feedback(
    answer: Answer | str, verdict: Verdict, *, note: str = "", citation: int | None = None
) -> Steps[Feedback]:
    """Say what you think of an answer, as `Regbrief.give_feedback` takes it."""
    judged = {"question": answer} if isinstance(answer, str) else {"answer": to_json(answer)}
    body = {**judged, "verdict": verdict, "note": note, "citation": citation}
    feedback: Feedback = yield Call("POST", "/feedback", Feedback, body=body, safe=False)
    return feedback


def _feedback(*, verdict: Verdict | None = None, limit: int = 50, offset: int = 0) -> Steps[list[Feedback]]:
    """Return what readers have said of answers, newest first, up to 200 at once."""
    query = {"verdict": verdict, "limit": limit, "offset": offset}
    feedback: list[Feedback] = yield Call("GET", "/feedback", list[Feedback], query)
    return feedback


def _stats() -> Steps[dict[str, Any]]:
    """Return what the library holds: articles, languages, sources, newest, feeds, feedback."""
    stats: dict[str, Any] = yield Call("GET", "/stats", dict[str, Any])
    return stats


def _ended(job: Job) -> Steps[Job]:
    """Wait until a job has ended. Raises BotError where it has failed."""
    while job.ended is None:
        yield POLL
        job = yield from _job(job.id)
    if job.error:
        raise _fault(job.error)
    return job


# --- how they are done ----------------------------------------------------------------------------------------------


class _Client:
    """What both clients can do."""

    ask = _Verb(_ask)
    search = _Verb(_search)
    digest = _Verb(_digest)
    timeline = _Verb(_timeline)
    summarize = _Verb(_summarize)
    articles = _Verb(_articles)
    article = _Verb(_article)
    excerpt = _Verb(_excerpt)
    add = _Verb(_add)
    remove = _Verb(_remove)
    job = _Verb(_job)
    jobs = _Verb(_jobs)
    feeds = _Verb(_feeds)
    follow = _Verb(_follow)
    unfollow = _Verb(_unfollow)
    sync = _Verb(_sync)
    give_feedback = _Verb(_give_feedback)
    feedback = _Verb(_feedback)
    stats = _Verb(_stats)

    def __init__(
        self,
        address: str = "http://127.0.0.1:7860",
        *,
        api_key: str = "",
        timeout: float = 60.0,
        tries: int = 3,
        language: str = "en",
    ) -> None:
        """Ask the server at `address`; it may be silent for `timeout` seconds, and says its errors in `language`.

        What fails in passing and can be sent again without harm is, up to `tries` times in all.
        """
        key = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._address = address.rstrip("/")
        self._tries = tries
        self._options: dict[str, Any] = {
            "base_url": f"{self._address}/api/v1",
            "headers": {"Accept-Language": language, **key},
            "timeout": timeout,
        }

    def _retries(self, call: Call[Any]) -> dict[str, Any]:
        import httpx
        from tenacity import retry_if_exception_type, retry_if_result, stop_after_attempt

        return {
            "stop": stop_after_attempt(self._tries if call.safe else 1),
            "retry": retry_if_exception_type(httpx.TransportError)
            | retry_if_result(lambda response: response.status_code in PASSING),
            "wait": _pause,
            "retry_error_callback": lambda state: state.outcome.result(),
        }

    def _unreachable(self, error: Exception) -> FetchError:
        return FetchError(
            f"The server {self._address} cannot be reached: {str(error) or type(error).__name__}.",
            hint="Is `regbrief serve` running?",
            temporary=True,
        )


class RegbriefClient(_Client):
    """Asks a server; the verbs are those of `Regbrief`, and raise the same errors. Safe to use from many threads."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what `_Client` takes: address, api_key, timeout, tries, language."""
        import httpx

        super().__init__(*arguments, **options)
        self._http = httpx.Client(**self._options)

    def stream(self, question: str, **filters: Any) -> Iterator[Event]:
        """Answer in steps, as `Regbrief.stream` does; closing the iterator stops the answer. Raises BotError."""
        import httpx
        from httpx_sse import connect_sse

        body = {"question": question, "stream": True, **to_json(filters)}
        try:
            with connect_sse(self._http, "POST", "/ask", json=body) as source:
                if source.response.is_error:
                    source.response.read()
                    raise _error(source.response)
                for sent in source.iter_sse():
                    yield _event(sent)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _do(self, steps: Steps[T]) -> T:
        got: Any = None
        try:
            while True:
                step, got = steps.send(got), None
                if isinstance(step, Call):
                    got = self._call(step)
                else:
                    time.sleep(step)
        except StopIteration as done:
            result: T = done.value
            return result

    def _call(self, call: Call[T]) -> T:
        import httpx
        from tenacity import Retrying

        try:
            return _result(call, Retrying(**self._retries(call))(self._sent, call))
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _sent(self, call: Call[Any]) -> httpx.Response:
        with ExitStack() as stack:
            return self._http.request(call.method, call.path, **_arguments(call, stack))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> RegbriefClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncRegbriefClient(_Client):
    """Asks a server from an event loop: `await client.ask("…")`, `async for event in client.stream("…")`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what `_Client` takes: address, api_key, timeout, tries, language."""
        import httpx

        super().__init__(*arguments, **options)
        self._http = httpx.AsyncClient(**self._options)

    async def stream(self, question: str, **filters: Any) -> AsyncIterator[Event]:
        """Answer in steps, as `Regbrief.stream` does; closing the iterator stops the answer. Raises BotError."""
        import httpx
        from httpx_sse import aconnect_sse

        body = {"question": question, "stream": True, **to_json(filters)}
        try:
            async with aconnect_sse(self._http, "POST", "/ask", json=body) as source:
                if source.response.is_error:
                    await source.response.aread()
                    raise _error(source.response)
                async for sent in source.aiter_sse():
                    yield _event(sent)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    async def _do(self, steps: Steps[T]) -> T:
        got: Any = None
        try:
            while True:
                step, got = steps.send(got), None
                if isinstance(step, Call):
                    got = await self._call(step)
                else:
                    await asyncio.sleep(step)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _call(self, call: Call[T]) -> T:
        import httpx
        from tenacity import AsyncRetrying

        try:
            return _result(call, await AsyncRetrying(**self._retries(call))(self._sent, call))
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    async def _sent(self, call: Call[Any]) -> httpx.Response:
        with ExitStack() as stack:
            return await self._http.request(call.method, call.path, **_arguments(call, stack))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncRegbriefClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


# --- what is sent and what comes back -------------------------------------------------------------------------------

_KINDS: Mapping[str, Any] = {"status": str, "claim": Claim, "citation": Citation, "done": Answer}


def _event(sent: ServerSentEvent) -> Event:
    """Read one event of an answer. Raises the BotError that it may be."""
    if sent.event == "error":
        raise _fault(sent.json()["error"])
    return Event(sent.event, from_json(_KINDS[sent.event], sent.json()))  # type: ignore[arg-type]


def _arguments(call: Call[Any], stack: ExitStack) -> dict[str, Any]:
    files = [("files", (path.name, stack.enter_context(path.open("rb")))) for path in call.files]
    query = {name: to_json(value) for name, value in (call.query or {}).items() if value is not None}
    return {
        "params": query or None,
        **({"json": to_json(call.body)} if call.body is not None else {}),
        **({"files": files} if files else {}),
    }


def _result(call: Call[T], response: httpx.Response) -> T:
    if response.is_error:
        raise _error(response)
    return from_json(call.kind, response.json()) if call.kind else None  # type: ignore[return-value]


def _error(response: httpx.Response) -> BotError:
    try:
        return _fault(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return FetchError(
            f"The server answered {response.status_code} {response.reason_phrase}.",
            hint="Is it a Regbrief server?",
            status=response.status_code,
        )


def _fault(fault: Mapping[str, str]) -> BotError:
    """Return the error that a server tells of, of the class that has its code, if there is one."""
    kinds = {kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BotError)}
    kind = kinds.get(fault["code"], BotError)
    if issubclass(kind, ModelError):
        return ModelError(fault["message"], hint=fault["hint"], fault="server")
    error = kind(fault["message"], hint=fault["hint"])
    error.code = fault["code"]
    return error


def _pause(state: RetryCallState) -> float:
    """Wait as long as the server asks, up to a minute, else a little longer each time."""
    response = None if state.outcome is None or state.outcome.failed else state.outcome.result()
    asked = response.headers.get("retry-after", "") if response is not None else ""
    return min(60.0, float(asked)) if asked.isdecimal() else 0.2 * math.pow(2, state.attempt_number)


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _query(
    since: date | None,
    until: date | None,
    languages: Sequence[Language] | None,
    sources: Sequence[str] | None,
    article_ids: Sequence[str] | None,
) -> dict[str, Any]:
    return {"since": since, "until": until, "language": languages, "source": sources, "article_id": article_ids}


def _parts(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for at in range(0, len(items), size):
        yield list(items[at : at + size])


def _article_path(article_id: str) -> str:
    return f"/articles/{quoted(article_id, safe='')}"
