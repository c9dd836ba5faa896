"""Two reports side by side: what differs, how sure that is, and on which questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.evaluation import statistics
from bot.evaluation.measures import MEASURES, measure

Report = Mapping[str, Any]
Row = Mapping[str, Any]

SIGNIFICANT = 0.05
"""False discovery rate below which a difference is marked."""

_SAME = ("suite", "split", "seed")


def compare(report_a: Report, report_b: Report) -> dict[str, Any]:
    """Compare two reports on the questions that both hold; differences are b less a.

    `metrics` has a, b, the difference with its 95 % interval, `p` of a paired permutation test and `q`, which is p
    adjusted for the number of measures. `changed` lists the questions that one answers rightly and the other does not,
    or refuses and the other does not, losses first.
    """
    a, b = _by_id(report_a), _by_id(report_b)
    shared = [id for id in a if id in b and _asked(a[id]) == _asked(b[id])]
    rows = differences([(a[id], b[id]) for id in shared], seed=int(report_a.get("seed") or 0))
    changes = [_change(a[id], b[id]) for id in shared]
    return {
        "format": 1,
        "a": _about(report_a),
        "b": _about(report_b),
        "warnings": _warnings(report_a, report_b, shared=len(shared)),
        "n": len(shared),
        "metrics": rows,
        "changed": sorted(filter(None, changes), key=lambda each: (each["change"], each["id"])),
        "only_a": [id for id in a if id not in shared],
        "only_b": [id for id in b if id not in shared],
    }


def table(comparison: Report) -> str:
    """Write a comparison as plain text, one measure and one changed question a line."""
    head = f"{'measure':<28}{'a':>9}{'b':>9}{'b - a':>10}   {'95 % interval':<20}{'p':>8}{'q':>8}"
    lines = [*comparison["warnings"], f"{comparison['n']} questions in both.", "", head]
    same = []
    for name, row in comparison["metrics"].items():
        if row["difference"] == 0 and row["p"] == 1:
            same.append(measure(name).title)
            continue
        interval = "" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}"
        lines.append(
            f"{measure(name).title:<28}{row['a']:>9.3f}{row['b']:>9.3f}{row['difference']:>+10.3f}   "
            f"{interval:<20}{row['p']:>8.4f}{row['q']:>8.4f}  {_verdict(name, row)}".rstrip()
        )
    if same:
        lines += ["", f"The same in both: {'; '.join(same)}."]
    for change, rows in groupby(comparison["changed"], key=lambda each: str(each["change"])):
        listed = list(rows)
        lines += ["", f"{len(listed)} {change}:", *(f"  {each['id']}  {each['question']}" for each in listed)]
    return "\n".join(lines)


def _by_id(report: Report) -> dict[str, Mapping[str, Any]]:
    return {str(each["id"]): each for each in report["questions"]}


def _asked(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row.get("question"), row.get("language"), row.get("answerable")


def differences(pairs: Sequence[tuple[Row, Row]], *, seed: int) -> dict[str, dict[str, Any]]:
    """Compare pairs of questions of two reports, the same question in each: every measure that both have."""
    names = {name for one, other in pairs for name in one["scores"].keys() & other["scores"].keys()}
    rows: dict[str, dict[str, Any]] = {}
    moved = []
    for name in [*(each for each in MEASURES if each in names), *sorted(names - MEASURES.keys())]:
        both = [(one, other) for one, other in pairs if name in one["scores"] and name in other["scores"]]
        rows[name] = statistics.paired(
            [one["scores"][name] for one, _ in both],
            [other["scores"][name] for _, other in both],
            [str(one.get("group") or "") for one, _ in both],
            seed=seed,
        )
        if any(one["scores"][name] != other["scores"][name] for one, other in both):
            moved.append(name)
    # Measures that no question moved are no tests, and do not count among the many.
    q = dict(zip(moved, statistics.adjusted([rows[name]["p"] for name in moved]), strict=True))
    return {name: {**row, "q": q.get(name, 1.0)} for name, row in rows.items()}


def _change(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    was, now = one["scores"].get("correct"), other["scores"].get("correct")
    refused = tuple(bool((each.get("answer") or {}).get("abstained")) for each in (one, other))
    if was != now and None not in (was, now):
        change = "lost" if was == 1 else "won"
    elif refused[0] != refused[1]:
        change = "now refused" if refused[1] else "now answered"
    else:
        return None
    names = one["scores"].keys() & other["scores"].keys()
    moved = {name: [one["scores"][name], other["scores"][name]] for name in MEASURES if name in names}
    return {
        "id": one["id"],
        "question": one["question"],
        "language": one.get("language"),
        "type": one.get("type"),
        "change": change,
        "a": (one.get("answer") or {}).get("answer"),
        "b": (other.get("answer") or {}).get("answer"),
        "scores": {name: each for name, each in moved.items() if each[0] != each[1]},
    }


def _about(report: Report) -> dict[str, Any]:
    return {name: report.get(name) for name in (*_SAME, "target", "created", "versions")}


def _warnings(one: Report, other: Report, *, shared: int) -> list[str]:
    found = [
        f"{name} differs: {one.get(name)} and {other.get(name)}." for name in _SAME if one.get(name) != other.get(name)
    ]
    corpora = [(each.get("versions") or {}).get("corpus") for each in (one, other)]
    if corpora[0] != corpora[1]:
        found.append("The articles differ: differences are not of the system alone.")
    missing = max(len(one["questions"]), len(other["questions"])) - shared
    if missing:
        found.append(f"{missing} questions are in one report only, or differ, and are left out.")
    return found


def _verdict(name: str, row: Mapping[str, Any]) -> str:
    better = measure(name).better
    if row["q"] >= SIGNIFICANT or better == "none":
        return ""
    return "better" if (row["difference"] > 0) == (better == "up") else "worse"
