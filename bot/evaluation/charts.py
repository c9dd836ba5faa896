"""The geometry of the report's charts; the page draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.records import LANGUAGES

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Curve:
    """A risk-coverage curve in percent of the plot, from its upper left corner."""

    line: str
    best: str
    points: tuple[tuple[float, float, str], ...]
    working: tuple[float, float, str] | None
    top: float
    """The risk at the upper edge."""


def risk_coverage(curves: Report) -> Curve | None:
    """Lay out the curve, the best that the same answers allow, and where the system stands."""
    given = curves.get("risk_coverage") or []
    if len(given) < 2:
        return None
    top = min(1.0, max(0.1, -(-max(each["risk"] for each in given) * 10 // 1) / 10))

    def place(coverage: float, risk: float) -> tuple[float, float]:
        return round(100 * coverage, 2), round(100 * (1 - risk / top), 2)

    line = [place(each["coverage"], each["risk"]) for each in given]
    wrong = given[-1]["risk"]
    ideal = [(0.0, 0.0)] + [
        (c, max(0.0, (c - (1 - wrong)) / c)) for c in (k / 50 for k in range(1, 51)) if c >= 1 - wrong - 0.02
    ]
    step = max(1, len(given) // 60)
    points = tuple(
        (*place(each["coverage"], each["risk"]), f"{each['coverage']:.0%} answered: {each['risk']:.1%} wrong")
        for each in given[::step]
    )
    working = None
    if standing := curves.get("working_point"):
        label = f"{standing['coverage']:.0%} answered, {standing['risk']:.0%} of them wrong"
        working = (*place(standing["coverage"], min(standing["risk"], top)), label)
    return Curve(_joined(line), _joined([place(*each) for each in ideal]), points, working, top)


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stage's median and 95th percentile in milliseconds, and as parts of the longest."""

    stage: str
    p50: float
    p95: float
    n: int
    short: float
    long: float


def latency(stages: Mapping[str, Mapping[str, Any]]) -> list[Bar]:
    """Lay out the stages, the total last."""
    longest = max((float(each["p95"]) for each in stages.values()), default=0.0) or 1.0
    ordered = sorted(stages.items(), key=lambda each: each[0] == "total")
    return [
        Bar(
            stage,
            each["p50"],
            each["p95"],
            int(each.get("n") or 0),
            100 * each["p50"] / longest,
            100 * each["p95"] / longest,
        )
        for stage, each in ordered
    ]


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map of one measure: a row a question language, a column a document language."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Mapping[str, Any] | None, ...]], ...]


def heat_maps(grid: Sequence[Report]) -> list[Heat]:
    """Lay out the grid of each measure that it holds; a pair of languages without questions is an empty cell."""
    asked = [each for each in LANGUAGES if any(cell["question"] == each for cell in grid)]
    told = [each for each in LANGUAGES if any(cell["document"] == each for cell in grid)]
    names = list(dict.fromkeys(name for cell in grid for name in cell["metrics"]))
    cells = {(cell["question"], cell["document"]): cell["metrics"] for cell in grid}
    return [
        Heat(name, tuple(told), tuple((q, tuple(cells.get((q, d), {}).get(name) for d in told)) for q in asked))
        for name in names
    ]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar of outcomes; `kind` is good, bad or soft."""

    label: str
    count: int
    share: float
    kind: str


def outcomes(counts: Mapping[str, int]) -> list[Part]:
    """Lay out what became of the questions that can be right or wrong."""
    listed = (
        ("answered rightly", "answered_right", "good"),
        ("rightly refused", "refused_rightly", "calm"),
        ("refused, though there is an answer", "refused_wrongly", "soft"),
        ("answered wrongly", "answered_wrong", "bad"),
        ("answered, though nothing answers it", "answered_unanswerable", "worse"),
        ("broke", "errors", "none"),
    )
    total = sum(counts.get(name, 0) for _, name, _ in listed)
    return [
        Part(label, counts[name], 100 * counts[name] / total, kind) for label, name, kind in listed if counts.get(name)
    ]
