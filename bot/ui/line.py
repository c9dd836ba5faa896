"""The page's questions and briefings take turns with those of programs; who waits is told the place in the line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from inspect import GEN_RUNNING, getgeneratorstate
from typing import TypeVar

from starlette.concurrency import iterate_in_threadpool

from bot.serve.load import Turns

LOOK = 0.05
"""Seconds between two looks at a step that is still being made."""

Step = TypeVar("Step")


async def in_turn(
    turns: Turns, steps: Generator[Step, None, None], *, waiting: Callable[[int], Step], full: Callable[[], Step]
) -> AsyncGenerator[Step, None]:
    """Yield steps once their turn has come, before that what to show at each place, 1 being next; or that it is full.

    The steps are made on another thread, and end where nobody takes them any more.
    """
    if turns.full:
        turns.refused += 1
        yield full()
        return
    async with aclosing(turns.line()) as line:
        async for place in line:
            yield waiting(place)
    try:
        async for step in iterate_in_threadpool(steps):
            yield step
    finally:
        await asyncio.shield(asyncio.create_task(_end(turns, steps)))


async def _end(turns: Turns, steps: Generator[Step, None, None]) -> None:
    """Close the steps and leave: one that a thread is making when nobody waits any more keeps the place until then."""
    try:
        while getgeneratorstate(steps) == GEN_RUNNING:
            await asyncio.sleep(LOOK)
        steps.close()
    finally:
        turns.leave()
