"""The line in which the page's questions wait: places, turns, and those who leave it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import aclosing
from typing import Any

import pytest

from bot.serve import load
from bot.serve.load import Turns
from bot.ui.line import in_turn


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "TOLD", 0.01)


def steps(closed: list[str], name: str) -> Generator[str, None, None]:
    try:
        yield f"{name} 1"
        yield f"{name} 2"
    finally:
        closed.append(name)


def asked(turns: Turns, closed: list[str], name: str) -> Any:
    return in_turn(turns, steps(closed, name), waiting="waits at {}".format, full=lambda: "full")


def test_one_after_the_other_is_answered_and_told_its_place() -> None:
    async def went() -> tuple[list[str], list[str], list[str], tuple[int, int, int]]:
        turns, closed = Turns(1, queue=2), list[str]()
        async with aclosing(asked(turns, closed, "first")) as first:
            begun = [await anext(first)]
            second, third = asked(turns, closed, "second"), asked(turns, closed, "third")
            waited = [await anext(second), await anext(third)]
            full = [step async for step in asked(turns, closed, "fourth")]
            begun += [step async for step in first]
        told = [step async for step in second] + [step async for step in third]
        said = [step for step in told if "waits" not in step]
        return begun, waited + full, said, (turns.busy, turns.waiting, turns.refused)

    begun, waited, said, left = asyncio.run(went())
    assert begun == ["first 1", "first 2"]
    assert waited == ["waits at 1", "waits at 2", "full"]
    assert said == ["second 1", "second 2", "third 1", "third 2"]
    assert left == (0, 0, 1)


def test_who_leaves_the_line_or_an_answer_leaves_the_place_to_others() -> None:
    async def went() -> tuple[str, list[str], list[str], tuple[int, int]]:
        turns, closed = Turns(1, queue=2), list[str]()
        first, second, third = (asked(turns, closed, name) for name in ("first", "second", "third"))
        await anext(first)
        await anext(second)
        await anext(third)
        await second.aclose()
        place = await anext(third)
        await first.aclose()
        said = [step async for step in third]
        return place, said, closed, (turns.busy, turns.waiting)

    place, said, closed, left = asyncio.run(went())
    assert place == "waits at 1"
    assert said[-2:] == ["third 1", "third 2"]
    assert (closed, left) == (["first", "third"], (0, 0))


def test_a_turn_that_has_come_when_one_is_cancelled_is_given_on() -> None:
    async def went() -> tuple[int, int, list[str]]:
        turns, closed = Turns(1, queue=2), list[str]()
        first, second = asked(turns, closed, "first"), asked(turns, closed, "second")
        await anext(first)
        await anext(second)
        waiting = asyncio.create_task(anext(second))
        await asyncio.sleep(0)
        await first.aclose()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await second.aclose()
        return turns.busy, turns.waiting, [step async for step in asked(turns, closed, "third") if "waits" not in step]

    assert asyncio.run(went()) == (0, 0, ["third 1", "third 2"])


def test_a_step_that_is_being_made_keeps_its_place_until_it_is_done() -> None:
    going, closed = threading.Event(), list[str]()

    def slow() -> Generator[str, None, None]:
        try:
            yield "begun"
            going.wait(10)
            yield "late"
        finally:
            closed.append("slow")

    async def went() -> tuple[int, list[str], int]:
        turns = Turns(1, queue=2)
        asking = in_turn(turns, slow(), waiting=str, full=lambda: "full")
        while await anext(asking) != "begun":
            pass
        waiting = asyncio.create_task(anext(asking))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.05)
        busy = turns.busy
        going.set()
        await asyncio.gather(waiting, return_exceptions=True)
        await asking.aclose()
        return busy, closed, turns.busy

    assert asyncio.run(went()) == (1, ["slow"], 0)
