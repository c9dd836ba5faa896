"""Hold two search engines against each other: the shipped questions, asked of the same articles in both.

python benchmarks/search.py --milvus http://HOST:PORT --work FOLDER        # also builds what is not there yet
python benchmarks/search.py --milvus http://HOST:PORT --work FOLDER --split dev

A passage is the same if it is the same span of the same article. Intervals are of 95 %, from a bootstrap over threads
of questions; searches alternate between the engines, so that both meet the same load of the machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bot import Hit, Regbrief, Settings
from bot.evaluation.statistics import mean, paired

TOP = 10
ENGINES = ("embedded", "milvus")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine found for a question, and the milliseconds that it took."""

    places: tuple[tuple[str, int, int], ...]
    recall: float
    reciprocal: float
    milliseconds: float


def built(work: Path, address: str) -> dict[str, Regbrief]:
    """Open a library of the shipped articles in each engine, and fill it where it is empty."""
    bots = {}
    for name, search in zip(ENGINES, ("embedded", f"milvus:{address}"), strict=True):
        bot = bots[name] = Regbrief.open(Settings.read(indexes=work / name, search=search))
        if not bot.count():
            bot.add(bot.settings.corpus / "articles")
    return bots


def asked(bot: Regbrief, question: dict[str, Any]) -> Asked:
    """Search for a question within its window."""
    window = {name: date.fromisoformat(question[name]) for name in ("since", "until") if question[name]}
    started = time.perf_counter()
    hits = bot.search(question["question"], limit=TOP, **window)
    took = (time.perf_counter() - started) * 1000
    ranks = [_rank(hits, each) for each in question["evidence"]]
    found = [rank for rank in ranks if rank]
    return Asked(
        tuple((hit.article_id, hit.start, hit.end) for hit in hits),
        len(found) / len(ranks) if ranks else 0.0,
        1 / min(found) if found else 0.0,
        took,
    )


def _rank(hits: Sequence[Hit], evidence: dict[str, str]) -> int:
    """Return the rank of the first passage that holds a sentence of evidence, or that stands for one; 0 for none."""
    for rank, hit in enumerate(hits, 1):
        told = {hit.article_id, *(each.article_id for each in hit.also_reported_by)}
        if evidence["article_id"] in told and (
            hit.article_id != evidence["article_id"] or evidence["sentence"] in hit.text
        ):
            return rank
    return 0


def table(questions: Sequence[dict[str, Any]], found: Sequence[tuple[Asked, Asked]]) -> str:
    """Write what was measured as Markdown."""
    threads = [each["thread"] for each in questions]
    shared = [len({*a.places} & {*b.places}) / max(len(a.places), 1) for a, b in found]
    same = sum(a.places == b.places for a, b in found)
    first = sum(a.places[:1] == b.places[:1] for a, b in found)
    lines = [
        f"{len(questions)} questions. Of the top {TOP}, {_interval(mean(shared, threads, seed=0))} are shared; "
        f"{same} lists are the same in the same order, {first} have the same first.",
        "",
        "| | embedded | Milvus | difference |",
        "| --- | ---: | ---: | ---: |",
    ]
    known = [at for at, each in enumerate(questions) if each["evidence"]]
    groups = [threads[at] for at in known]
    for name, label in (("recall", f"recall@{TOP}"), ("reciprocal", f"MRR@{TOP}")):
        one, other = ([getattr(found[at][side], name) for at in known] for side in (0, 1))
        change = paired(one, other, groups, seed=0)
        cells = [_interval(mean(values, groups, seed=0)) for values in (one, other)]
        lines.append(f"| {label}, {len(known)} questions | {cells[0]} | {cells[1]} | {_change(change)} |")
    for label, at in (("p50", 9), ("p95", 18)):
        one, other = (statistics.quantiles([pair[side].milliseconds for pair in found], n=20)[at] for side in (0, 1))
        lines.append(f"| search, {label} | {one:.1f} ms | {other:.1f} ms | ×{other / one:.2f} |")
    return "\n".join(lines)


def _interval(estimate: Any) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f}–{estimate['high']:.3f})"


def _change(change: Any) -> str:
    return f"{change['difference']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milvus", required=True, help="address of a Milvus")
    parser.add_argument("--work", type=Path, required=True, help="folder for the two libraries")
    parser.add_argument("--split", choices=("dev", "test", "all"), default="all")
    options = parser.parse_args()
    bots = built(options.work, options.milvus)
    lines = (bots["embedded"].settings.corpus / "questions.jsonl").read_text("utf-8").splitlines()
    questions = [each for each in map(json.loads, lines) if options.split in ("all", each["split"])]
    for bot in bots.values():
        bot.search("Warm up.")
    found = [(asked(bots["embedded"], each), asked(bots["milvus"], each)) for each in questions]
    sys.stdout.write(table(questions, found) + "\n")
    for bot in bots.values():
        bot.close()


if __name__ == "__main__":
    main()
