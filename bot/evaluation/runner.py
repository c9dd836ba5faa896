"""Puts a suite's questions to a target, one after the other, and keeps what came back so that a run can go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.evaluation import versions
from bot.evaluation.records import Question, Result, Suite
from bot.evaluation.targets import Target, Unreachable

DEPTH = 10
"""Hits a question: what a reader sees of a search."""

Progress = Callable[[int], None]


class Log:
    """Results as they come in, a line each; a line counts for the same question and the same configuration only."""

    def __init__(self, path: Path, *, configuration: Mapping[str, Any]) -> None:
        self._path = path
        self._key = versions.configuration(configuration)

    def read(self) -> dict[str, dict[str, Any]]:
        """Return the stored results of this configuration by digest of their question."""
        if not self._path.exists():
            return {}
        found = {}
        for line in self._path.read_text("utf-8").split("\n"):
            try:
                entry = json.loads(line)
            except ValueError:  # the last line of a run that was killed
                continue
            if entry.get("configuration") == self._key:
                found[entry["question"]] = entry
        return found

    def append(self, result: Result) -> None:
        """Write a result down; it stays even if the next question kills the process."""
        entry = {
            "configuration": self._key,
            "question": versions.question(result.question),
            "id": result.question.id,
            "answer": result.answer,
            "hits": result.hits,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("\n" if self._torn() else "") + json.dumps(entry, ensure_ascii=False) + "\n")

    def forget(self) -> None:
        """Drop every stored result."""
        self._path.unlink(missing_ok=True)

    def _torn(self) -> bool:
        """Whether the last line was not written to its end."""
        if not self._path.exists() or not self._path.stat().st_size:
            return False
        with self._path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) != b"\n"


def run(
    suite: Suite, target: Target, *, log: Log | None = None, depth: int = DEPTH, progress: Progress | None = None
) -> list[Result]:
    """Return a result for every question, in order; those that the log holds already are not asked again.

    A question that fails gives a result with an error, which is not logged. Raises Unreachable when the target cannot
    be asked at all.
    """
    stored = log.read() if log else {}
    results = []
    for question in suite.questions:
        entry = stored.get(versions.question(question))
        if entry is not None:
            result = Result(question, entry["answer"], tuple(entry["hits"]))
        else:
            result = _ask(question, target, depth=depth, search_only=suite.search_only)
            if log and result.error is None:
                log.append(result)
        results.append(result)
        if progress:
            progress(1)
    return results


def _ask(question: Question, target: Target, *, depth: int, search_only: bool) -> Result:
    try:
        answer = {} if search_only else target.ask(question)
        return Result(question, answer, tuple(target.search(question, limit=depth)))
    except Unreachable:
        raise
    except BotError as error:
        return Result(question, error=str(error))
