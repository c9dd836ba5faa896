"""Time warm questions: the shipped dev questions, each asked once in one process.

python benchmarks/ask.py            # needs a library: regbrief ingest
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bot import Regbrief

STAGES = ("retrieve", "rerank", "answer", "total")


def main() -> None:
    lines = Path("corpus/questions.jsonl").read_text("utf-8").splitlines()
    questions = [q["question"] for q in map(json.loads, filter(None, lines)) if q["split"] == "dev"]
    with Regbrief.open() as bot:
        bot.ask("Warm up.")
        timings = [bot.ask(text).timings_ms for text in track(questions, "Asking", console=Console(stderr=True))]
        articles = bot.count()
    table = Table("stage", "p50 ms", "p95 ms", title=f"{len(questions)} questions, {articles} articles")
    for stage in STAGES:
        times = [each[stage] for each in timings]
        table.add_row(stage, f"{statistics.median(times):.1f}", f"{statistics.quantiles(times, n=20)[-1]:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
