"""What stands in for the quick suite in a process of its own."""

from __future__ import annotations

import json
import time
from multiprocessing.connection import Connection
from pathlib import Path

from bot.settings import Settings


def finish(_: Settings, folder: Path, tell: Connection) -> None:
    """Ask two questions of nobody, and write a report."""
    figure = {"value": 0.75, "low": 0.6, "high": 0.9, "n": 2}
    report = {"suite": "gold", "split": "dev", "created": "2026-11-22T18:00:00+00:00", "questions": [{}, {}]}
    tell.send(("step", "Asking", 2))
    for _question in range(2):
        time.sleep(1)
        tell.send(("more", "", 1))
    (folder / "report.json").write_text(json.dumps({**report, "metrics": {"correct": figure}}), "utf-8")
    page = "<html><head></head><body><h1>The whole report</h1></body></html>"
    (folder / "report.html").write_text(page, "utf-8")
    tell.send(("done", "", 0))


def linger(_: Settings, __: Path, tell: Connection) -> None:
    """Ask questions that nobody answers."""
    tell.send(("step", "Asking", 40))
    time.sleep(600)
