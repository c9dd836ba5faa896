"""A server that has failed is left alone for a while."""

from __future__ import annotations

import pytest

from bot.breaker import LONGEST, REST, Breaker
from bot.errors import LibraryDamaged, ServerError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def call(breaker: Breaker, clock: Clock, *, lasting: float = 0.0, error: Exception | None = None) -> str:
    """Make a call that takes so long, and say how it ended."""
    try:
        with breaker.guarding():
            clock.now += lasting
            if error:
                raise error
            return "answered"
    except (ServerError, LibraryDamaged) as raised:
        return f"failed: {raised}"


def test_after_a_failure_calls_are_refused_ten_times_as_long_as_it_took() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    down = ServerError("It is down.", hint="Start it.")
    assert call(breaker, clock, lasting=0.5, error=down) == "failed: It is down. Start it."
    clock.now += 0.5 * REST - 0.1
    assert call(breaker, clock) == "failed: It is down. Start it."
    clock.now += 0.2
    assert (call(breaker, clock), call(breaker, clock)) == ("answered", "answered")
    assert breaker.fault is None


def test_however_long_it_took_the_server_is_asked_again() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    call(breaker, clock, lasting=60, error=ServerError("It is slow."))
    clock.now += LONGEST
    assert call(breaker, clock) == "answered"


def test_while_one_tries_again_the_others_are_refused() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    call(breaker, clock, lasting=1, error=ServerError("It is slow."))
    clock.now += REST
    with breaker.guarding():
        assert call(breaker, clock) == "failed: It is slow."
    assert call(breaker, clock) == "answered"


def test_a_server_that_answers_is_not_down_whatever_it_says() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    assert call(breaker, clock, lasting=1, error=LibraryDamaged("It is empty.")) == "failed: It is empty."
    assert call(breaker, clock) == "answered"


def test_nothing_is_hidden_from_who_asks_why() -> None:
    breaker = Breaker()
    with pytest.raises(ServerError) as raised, breaker.guarding():
        raise ServerError("It is down.")
    assert breaker.fault is raised.value
