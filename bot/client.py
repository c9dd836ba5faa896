"""A server asked from Python: the verbs of `Regbrief` over HTTP, with the same records and errors.

What a verb does is written once, as a generator that says what to send and when to wait, and gets what came back;
`RegbriefClient` does it at once and `AsyncRegbriefClient` in an event loop.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from bot import calls
from bot.calls import Call, Steps, fault
from bot.engine import Event
from bot.errors import BotError, FetchError
from bot.records import Answer, Citation, Claim, from_json, to_json

if TYPE_CHECKING:
    import httpx
    from httpx_sse import ServerSentEvent
    from tenacity import RetryCallState

PASSING = (429, 502, 503, 504)
"""Statuses that another attempt may not meet."""

P = ParamSpec("P")
T = TypeVar("T")


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


class _Client:
    """What both clients can do."""

    ask = _Verb(calls.ask)
    search = _Verb(calls.search)
    digest = _Verb(calls.digest)
    timeline = _Verb(calls.timeline)
    summarize = _Verb(calls.summarize)
    articles = _Verb(calls.articles)
    article = _Verb(calls.article)
    excerpt = _Verb(calls.excerpt)
    add = _Verb(calls.add)
    remove = _Verb(calls.remove)
    job = _Verb(calls.job)
    jobs = _Verb(calls.jobs)
    feeds = _Verb(calls.feeds)
    follow = _Verb(calls.follow)
    unfollow = _Verb(calls.unfollow)
    sync = _Verb(calls.sync)
    give_feedback = _Verb(calls.give_feedback)
    feedback = _Verb(calls.feedback)
    stats = _Verb(calls.stats)

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
                event = None
                for sent in source.iter_sse():
                    event = _event(sent)
                    yield event
                _ended(event)
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
                event = None
                async for sent in source.aiter_sse():
                    event = _event(sent)
                    yield event
                _ended(event)
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


_KINDS: Mapping[str, Any] = {"status": str, "claim": Claim, "citation": Citation, "done": Answer}


def _event(sent: ServerSentEvent) -> Event:
    """Read one event of an answer. Raises the BotError that it may be."""
    if sent.event == "error":
        raise fault(sent.json()["error"])
    return Event(sent.event, from_json(_KINDS[sent.event], sent.json()))  # type: ignore[arg-type]


def _ended(last: Event | None) -> None:
    """Make sure that an answer came to its end. Raises FetchError."""
    if last is None or last.type != "done":
        raise FetchError("The server broke off in the middle of its answer.", hint="Ask again.", temporary=True)


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
        return fault(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return FetchError(
            f"The server answered {response.status_code} {response.reason_phrase}.",
            hint="Is it a Regbrief server?",
            status=response.status_code,
        )


def _pause(state: RetryCallState) -> float:
    """Wait as long as the server asks, up to a minute, else a little longer each time."""
    response = None if state.outcome is None or state.outcome.failed else state.outcome.result()
    asked = response.headers.get("retry-after", "") if response is not None else ""
    return min(60.0, float(asked)) if asked.isdecimal() else 0.2 * math.pow(2, state.attempt_number)
