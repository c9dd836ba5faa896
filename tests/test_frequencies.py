"""Counts of terms are asked for once, and again when they may no longer be true."""

from __future__ import annotations

import pytest

from bot import frequencies
from bot.frequencies import DRIFT, KNOWN, TERMS, Frequencies


class Server:
    def __init__(self) -> None:
        self.counts = {"fine": 7, "罚款": 3, "罰款": 200}
        self.asked: list[str] = []

    def count(self, term: str) -> int:
        self.asked.append(term)
        return self.counts.get(term, 0)


@pytest.fixture
def server() -> Server:
    return Server()


def test_each_term_is_asked_for_once_and_stands_in_no_more_passages_than_there_are(server: Server) -> None:
    known = Frequencies()
    assert known.of(["fine", "罚款", "罰款", "fine"], 100, server.count) == {"fine": 7, "罚款": 3, "罰款": 100}
    assert known.of(["罚款", "unknown"], 100, server.count) == {"罚款": 3, "unknown": 0}
    assert sorted(server.asked) == ["fine", "unknown", "罚款", "罰款"]


@pytest.mark.parametrize(
    ("later", "total", "again"),
    [(KNOWN - 1, 100, False), (KNOWN + 1, 100, True), (0, 100 * (1 + DRIFT), False), (0, 100 * (1 - DRIFT) - 1, True)],
)
def test_a_count_is_asked_for_again_when_it_is_old_or_the_library_another(
    server: Server, monkeypatch: pytest.MonkeyPatch, later: float, total: float, again: bool
) -> None:
    known, now = Frequencies(), frequencies.time.monotonic()
    known.of(["fine"], 100, server.count)
    server.counts["fine"] = 8
    monkeypatch.setattr(frequencies.time, "monotonic", lambda: now + later)
    assert known.of(["fine"], int(total), server.count) == {"fine": 8 if again else 7}


def test_what_is_remembered_has_a_bound(server: Server) -> None:
    known = Frequencies()
    known.of(map(str, range(TERMS)), 100, server.count)
    known.of(["fine"], 100, server.count)
    known.of(["0"], 100, server.count)
    assert server.asked[TERMS:] == ["fine", "0"]


def test_a_server_that_fails_leaves_nothing_behind(server: Server) -> None:
    def fails(term: str) -> int:
        raise OSError("gone")

    known = Frequencies()
    with pytest.raises(OSError, match="gone"):
        known.of(["fine"], 100, fails)
    assert known.of(["fine"], 100, server.count) == {"fine": 7}
