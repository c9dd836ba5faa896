"""The seam behind which language models stand, and the stream of what one writes.

A `ChatModel` hands on what it writes piece by piece, and stops where nobody takes it any more. `stream` makes an
iterator of that, which gives up on a model that falls silent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Literal, Protocol

from bot.errors import ModelError

CONTEXT = 8_192
"""Tokens that a model is taken to read where neither it nor REGBRIEF_LLM_CONTEXT says."""

BEAT = 0.5
"""Seconds after which `stream` yields an empty piece, so that who waits can show signs of life or give up."""

Put = Callable[[str], bool]
"""Takes a piece of text; False says that no more is wanted."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(Protocol):
    """Writes an answer to messages."""

    name: str
    """As an answer names who wrote it."""

    @property
    def context(self) -> int:
        """So many tokens, those that it writes included, does the model hold."""

    def write(self, messages: Sequence[Message], put: Put, *, limit: int) -> None:
        """Hand on at most `limit` tokens as they come, until `put` wants no more. Raises ModelError."""

    def close(self) -> None:
        """Let go of what the model holds."""


def stream(model: ChatModel, messages: Sequence[Message], *, limit: int, timeout: float) -> Generator[str, None, None]:
    """Yield what a model writes, and empty pieces while it is silent; closing the iterator stops the model.

    Raises ModelError, also where nothing comes for `timeout` seconds.
    """
    pieces: SimpleQueue[str | Exception | None] = SimpleQueue()
    unwanted = threading.Event()

    def put(text: str) -> bool:
        pieces.put(text)
        return not unwanted.is_set()

    def work() -> None:
        try:
            model.write(messages, put, limit=limit)
            pieces.put(None)
        except Exception as error:  # raised again in the thread that reads
            pieces.put(error)

    threading.Thread(target=work, name="regbrief-model", daemon=True).start()
    try:
        yield from _taken(pieces, timeout, model.name)
    finally:
        unwanted.set()


def _taken(pieces: SimpleQueue[str | Exception | None], timeout: float, name: str) -> Iterator[str]:
    silent = 0.0
    while True:
        try:
            piece = pieces.get(timeout=min(BEAT, timeout))
        except Empty:
            silent += min(BEAT, timeout)
            if silent >= timeout:
                raise ModelError(f"The model {name} wrote nothing for {timeout:g} s.", fault="timeout") from None
            yield ""
            continue
        if piece is None:
            return
        if isinstance(piece, Exception):
            raise piece
        silent = 0.0
        yield piece
