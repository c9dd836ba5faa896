"""Floors: the figures below which a change must not take a fast part of the shipped questions.

The file names the questions (`split`, `limit`, `seed`), the digest of the corpus and questions that they were taken
on, the floors, and ceilings for what should be low. A floor is raised in the change that makes it possible.
"""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.evaluation import versions
from bot.evaluation.session import Bar, Plan, evaluate
from bot.evaluation.targets import shipped
from bot.settings import Settings

MARGIN = 0.03
"""A figure may be so much worse than it was when the floors were written."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A measure, what it is now, and what it must not fall below (or, for one that should be low, rise above)."""

    name: str
    value: float | None
    floor: float | None
    ceiling: bool = False

    @property
    def held(self) -> bool:
        """Whether the figure is there and on the right side."""
        if self.floor is None:
            return True
        if self.value is None:
            return False
        return self.value <= self.floor if self.ceiling else self.value >= self.floor


def hold(path: Path, settings: Settings, *, bar: Bar, write: bool = False) -> list[Floor]:
    """Measure what a floors file names, in a library built for it, and return each figure beside its floor.

    With `write` the file gets today's figures and digest. Raises InputError if the floors were taken on another corpus.
    """
    wanted = _read(path)
    digest = corpus_digest(settings)
    if not write and wanted["corpus"] and wanted["corpus"] != digest:
        raise InputError(
            f"The floors of {str(path)!r} were taken on the corpus {wanted['corpus']}, but this is {digest}.",
            hint=f"Look at the change, then run `regbrief eval --floors {path} --write`.",
        )
    measured = _measure(wanted, settings, bar)
    ceilings = set(wanted.get("ceilings", {}))
    limits = {**wanted["floors"], **wanted.get("ceilings", {})}
    if write:
        limits = {name: _rounded(measured.get(name), up=name in ceilings) for name in limits}
        for kind in ("floors", "ceilings"):
            wanted[kind] = {name: limits[name] for name in wanted.get(kind, {})}
        path.write_text(json.dumps({**wanted, "corpus": digest}, indent=2) + "\n", "utf-8")
    return [Floor(name, measured.get(name), limit, name in ceilings) for name, limit in limits.items()]


def corpus_digest(settings: Settings) -> str:
    """Return a digest of the shipped articles and questions."""
    questions = (settings.corpus / "questions.jsonl").read_text("utf-8")
    return versions.configuration({"articles": versions.corpus(shipped(settings)), "questions": questions})


def _measure(wanted: dict[str, Any], settings: Settings, bar: Bar) -> dict[str, float]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        plan = Plan(split=wanted["split"], limit=wanted["limit"], seed=wanted["seed"], out=Path(folder))
        own = settings.model_copy(update={"indexes": Path(folder) / "library"})
        measured = evaluate(plan, own, bar=bar).measured
    return {name: each["value"] for name, each in measured["metrics"].items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        wanted: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} is not a floors file: {error}.") from error
    if missing := {"split", "limit", "seed", "corpus", "floors"} - set(wanted):
        raise InputError(f"{str(path)!r} lacks {', '.join(sorted(missing))}.")
    return wanted


def _rounded(value: float | None, *, up: bool) -> float | None:
    """Leave a little room, as another processor rounds otherwise; but what is perfect has to stay so."""
    if value is None or value == (0 if up else 1):
        return value
    return round(math.ceil((value + MARGIN) * 100) / 100 if up else math.floor((value - MARGIN) * 100) / 100, 2)
