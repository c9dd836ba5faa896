"""The evaluation reports that lie in a folder, newest first, and what stands in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import InputError, NotFound

QUICK = "quick"
"""The folder of the quick suite's own reports."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report that can be shown, by the name of its folder."""

    name: str
    title: str
    questions: int
    created: str


def reports(folder: Path) -> list[Report]:
    """List the reports in the folders of a folder, newest first; what is no report is passed over."""
    found = []
    for path in folder.glob("*/report.json"):
        try:
            found.append(_described(path.parent.name, _read(path)))
        except InputError:
            continue
    return sorted(found, key=lambda each: each.created, reverse=True)


def read_report(folder: Path, name: str) -> Mapping[str, Any]:
    """Return a report. Raises NotFound."""
    return _read(_path(folder, name) / "report.json")


def read_page(folder: Path, name: str) -> str:
    """Return a report as the whole page that opens anywhere; its links open beside it. Raises NotFound."""
    path = _path(folder, name) / "report.html"
    if not path.exists():
        raise NotFound(f"{str(path)!r} is not there.", hint="Run `regbrief eval` again.")
    return path.read_text("utf-8").replace("<head>", '<head><base target="_blank">', 1)


def read_comparison(folder: Path) -> Mapping[str, Any] | None:
    """Return how the quick suite's last run differs from the one before; None where there was none."""
    path = folder / QUICK / "compared.json"
    return _json(path) if path.exists() else None


def _path(folder: Path, name: str) -> Path:
    """Return the folder of a report that is listed. Raises NotFound for any other name."""
    if name not in {each.name for each in reports(folder)}:
        raise NotFound(f"There is no report {name!r}.", hint="Choose one of the list.")
    return folder / name


def _described(name: str, report: Mapping[str, Any]) -> Report:
    title = " ".join(str(report[key]) for key in ("suite", "split") if report.get(key))
    return Report(name, title, len(report["questions"]), str(report.get("created") or ""))


def _read(path: Path) -> Mapping[str, Any]:
    found = _json(path)
    if not isinstance(found.get("metrics"), Mapping) or not isinstance(found.get("questions"), list):
        raise InputError(f"{str(path)!r} is no report.", hint="Run `regbrief eval` again.")
    return found


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be read: {error}.", hint="Run `regbrief eval` again.") from error
    if not isinstance(found, dict):
        raise InputError(f"{str(path)!r} is no report.", hint="Run `regbrief eval` again.")
    return found
