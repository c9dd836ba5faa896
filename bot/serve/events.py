"""Answers as server-sent events, as long as somebody listens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import TypeAdapter
from starlette.concurrency import iterate_in_threadpool

from bot.engine import Event
from bot.errors import BotError
from bot.records import Answer, Citation, Claim, Language
from bot.serve.errors import ErrorBody, said

TYPES: dict[str, Any] = {"status": str, "citation": Citation, "claim": Claim, "done": Answer, "error": ErrorBody}
"""What the data of each event hold."""


def documented() -> dict[str, Any]:
    """Return what the documentation says of each event: its type, and what its line of JSON holds."""
    refer = "#/components/schemas/"
    held = {
        name: {"type": "string"} if kind is str else {"$ref": refer + kind.__name__} for name, kind in TYPES.items()
    }
    return {
        "oneOf": [
            {
                "type": "object",
                "required": ["event", "data"],
                "properties": {
                    "event": {"const": name},
                    "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": schema},
                },
            }
            for name, schema in held.items()
        ],
    }


Written = Callable[[Iterator[Event]], Iterator[bytes]]
"""Writes events in the form of a protocol."""


def streamed(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    """Return the response that sends events as they come: nobody on the way is to keep them, or to wait for more."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(pieces, media_type="text/event-stream", headers=headers)


async def while_heard(events: Generator[Event, None, None], written: Written) -> AsyncIterator[bytes]:
    """Send events, and stop the model that writes them when nobody listens any more."""
    try:
        async for piece in iterate_in_threadpool(written(events)):
            yield piece
    finally:
        events.close()


def server_sent(language: Language) -> Written:
    """Write each event under its own type, and an error, said in a language, as the last."""

    def written(events: Iterator[Event]) -> Iterator[bytes]:
        try:
            for event in events:
                data = TypeAdapter(TYPES[event.type]).dump_json(event.data).decode()
                yield format_sse_event(event=event.type, data_str=data)
        except BotError as error:  # the status line is sent already: an error is an event, too
            body = ErrorBody(error=said(error, language))
            yield format_sse_event(event="error", data_str=body.model_dump_json())

    return written
