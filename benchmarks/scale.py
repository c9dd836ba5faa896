"""Time and size of libraries of 1,000 to 100,000 articles: indexing, opening, asking, and a sync that finds no change.

python benchmarks/scale.py --data FOLDER --work FOLDER            # FOLDER with en.jsonl and zh.jsonl
python benchmarks/scale.py --work FOLDER --report                 # print the tables and draw the chart of SCALE.md

The articles are those of the folder, and beyond them new ones whose paragraphs are drawn from several and whose numbers
are changed. One library grows from size to size; each measurement runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import opencc

from bot import passages
from bot.encoder import Encoder
from bot.engine import Regbrief
from bot.indexing import PASSAGES_AT_ONCE, batches
from bot.keywords import Analyzer
from bot.library import Library
from bot.materials import Materials
from bot.records import Article
from bot.rerank import open_scorer
from bot.settings import Settings

SIZES = (1_000, 10_000, 100_000)
OUTLETS = [f"Outlet {number}" for number in range(40)]
FIRST, DAYS = date(2019, 1, 1), 2_500
QUESTIONS = 60
"""For each row of the table, each another one: so the 95th percentile is not the slowest."""
USUAL, MOST_USUAL, FRESH = 256, 1_024, 110_000
"""A hundredth as many articles of usual length as the library has, but no fewer and no more than these, from this place
on among all that can be made. In few, what starts cold and what is done beside no encoding weighs more than in use."""
HERE = Path(__file__).resolve().parent


# --- the articles ---------------------------------------------------------------------------------------------------


def articles(data: Path, *, short: bool) -> Iterator[dict[str, str]]:
    """Yield articles without end, the same ones each time, a third in each of English, 简体 and 繁體."""
    chance = random.Random(8)
    convert = opencc.OpenCC("s2twp").convert
    real = {name: _rows(data / f"{name}.jsonl") for name in ("en", "zh")}
    for number in range(10**9):
        kind = ("en", "zh", "zh")[number % 3]
        row = real[kind][number // 3 % len(real[kind])]
        title, body = row["title"], row["body"]
        if short or number >= len(real["en"]):
            title, body = _varied(chance, row, real[kind], short=short)
        language = ("en", "zh-Hans", "zh-Hant")[number % 3]
        if language == "zh-Hant":
            title, body = convert(title), convert(body)
        day = FIRST + timedelta(days=chance.randrange(DAYS))
        outlet = OUTLETS[min(int(chance.expovariate(0.15)), len(OUTLETS) - 1)]
        yield {"title": title, "body": body, "language": language, "published": day.isoformat(), "source": outlet}


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _varied(
    chance: random.Random, row: dict[str, str], others: Sequence[dict[str, str]], *, short: bool
) -> tuple[str, str]:
    pieces = [each for other in (row, *chance.sample(others, 3)) for each in _sentences(other["body"])]
    chosen = chance.sample(pieces, min(len(pieces), chance.randint(2, 3) if short else chance.randint(6, 14)))
    text = (" " if row["language"] == "en" else "").join(chosen)
    changed = re.sub(r"\d+", lambda found: str(chance.randrange(10 ** len(found[0][:6]))), text)
    return f"{row['title'][:60]} {chance.randrange(10**6)}", changed


def _sentences(body: str) -> list[str]:
    return [each.strip() for each in re.split(r"(?<=[。！？])|(?<=[.!?])\s+", body) if 15 < len(each.strip()) < 400]


def write_files(folder: Path, data: Path, size: int, *, short: bool) -> None:
    """Make the folder hold the first `size` articles, a file each."""
    for number, article in enumerate(articles(data, short=short)):
        if number == size:
            break
        place = folder / f"{number // 1000:03d}" / f"{number:06d}.md"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            head = "".join(
                f"{name}: {json.dumps(article[name], ensure_ascii=False)}\n" for name in article if name != "body"
            )
            place.write_text(f"---\n{head}---\n{article['body']}\n", "utf-8")


# --- the library ----------------------------------------------------------------------------------------------------


@cache
def drawn() -> Any:
    """Draw the vectors of words; that takes a quarter of a second, which is none of the library's."""
    return np.random.default_rng(0).standard_normal((1 << 16, Drawn.dimension), dtype=np.float32)


class Drawn:
    """Vectors that are sums of random ones, one a word or pair of Han characters: a cheap stand-in for an encoder.

    Texts are as near as the words that they share. While questions are timed, the encoder works, too, and for nothing.
    """

    fingerprint = "drawn"
    dimension = 384

    def __init__(self, real: Encoder, *, asking: bool) -> None:
        self._asking = asking
        self._table = drawn()
        self._real = real

    def encode(self, texts: Sequence[str], *, kind: Any, languages: Any) -> Any:
        if self._asking:
            self._real.encode(texts, kind=kind, languages=languages)
        rows = np.array([self._row(text) for text in texts], np.float32).reshape(-1, self.dimension)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def _row(self, text: str) -> Any:
        words = re.findall(r"[a-z0-9]+", text.lower()) + re.findall(r"(?=([㐀-鿿]{2}))", text)
        return self._table[[zlib.crc32(word.encode()) & 0xFFFF for word in words or [text]]].sum(axis=0)


class Genuine:
    """The bundled encoder under the name of what stands in for it, so that both may index one library."""

    def __init__(self, real: Encoder) -> None:
        self._real = real
        self.fingerprint, self.dimension = Drawn.fingerprint, real.dimension

    def encode(self, texts: Sequence[str], *, kind: Any, languages: Any) -> Any:
        return self._real.encode(texts, kind=kind, languages=languages)


class Timed:
    """Adds up the time that an encoder takes; of the processors, that of the thread which calls it."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self.fingerprint, self.dimension = encoder.fingerprint, encoder.dimension
        self.wall = self.cpu = 0.0
        self.passages = 0

    def encode(self, texts: Sequence[str], *, kind: Any, languages: Any) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        rows = self._encoder.encode(texts, kind=kind, languages=languages)
        self.wall += time.perf_counter() - wall
        self.cpu += time.thread_time() - cpu
        self.passages += len(texts)
        return rows


def opened(indexes: Path, vectors: str, *, asking: bool = False, genuine: bool = False) -> tuple[Regbrief, Timed]:
    """Open the library, with the encoder or what stands in for it."""
    settings = Settings.read(indexes=indexes)
    made = Materials.read(settings)
    stands_in = Genuine(made.encoder) if genuine else Drawn(made.encoder, asking=asking)
    timed = Timed(stands_in if vectors == "drawn" else made.encoder)
    library = Library(indexes, timed, Analyzer(made.glossary.names()), glossary=made.glossary, events=True)
    bot = Regbrief.from_library(
        library, encoder=timed, glossary=made.glossary, scorer=open_scorer("bundled"), settings=settings
    )
    return bot, timed


# --- what is measured -----------------------------------------------------------------------------------------------


def index(given: argparse.Namespace) -> dict[str, Any]:
    """Sync the folder, which has grown."""
    bot, encoder = opened(given.work / "indexes", given.vectors)
    wall, cpu = time.perf_counter(), time.process_time()
    (done,) = bot.sync(given.work / "news").folders
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    count, indexed = bot.count(), bot.library.catalog.passage_count()
    bot.close()
    return {
        "articles": count,
        "passages": indexed,
        "added": done.ingested.added + done.ingested.duplicates,
        "wall": wall,
        "cpu": cpu,
        "encoder_wall": encoder.wall,
        "encoder_cpu": encoder.cpu,
        "encoded": encoder.passages,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk_mb": {
            part: _disk(given.work / "indexes", part) for part in ("catalog", "encoded", "keywords", "vectors")
        },
    }


def share(given: argparse.Namespace) -> dict[str, Any]:
    """Add articles of usual length with the bundled encoder to the library as large as it is, and remove them again.

    Before and after, the encoder encodes the same passages and nothing else is done. One more article is added first:
    that opens the indexes for writing, once a process, and is timed apart.
    """
    bot, encoder = opened(given.work / "indexes", given.vectors, genuine=True)
    first = FRESH + bot.count()  # others at each size: vectors of what was removed are kept for a while
    wanted = min(max(bot.count() // 100, USUAL), MOST_USUAL) + 1
    added = [
        Article(f"usual-{number}", each["title"], each["body"], each["language"], date.fromisoformat(each["published"]))
        for number, each in enumerate(islice(articles(given.data, short=False), first, first + wanted))
    ]
    wall = time.perf_counter()
    bot.add([added.pop()])
    opening = time.perf_counter() - wall
    parts = [
        (bot.library.analyzer.fold(f"{each.title}\n{part.text}"), each.language)
        for each in added
        for part in passages.passages(each)
    ]

    def alone() -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        for batch in batches(parts, PASSAGES_AT_ONCE):
            texts, languages = zip(*batch, strict=True)
            encoder.encode(texts, kind="passage", languages=languages)
        return time.perf_counter() - wall, time.process_time() - cpu

    before = alone()
    wall, cpu = time.perf_counter(), time.process_time()
    bot.add(added)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = alone()
    bot.remove([each.id for each in bot.articles() if each.id.startswith("usual-")])
    bot.close()
    return {
        "share_wall": (before[0] + after[0]) / 2 / wall,
        "share_cpu": (before[1] + after[1]) / 2 / cpu,
        "share_passages": len(parts),
        "share_times": [*before, wall, cpu, *after],
        "first_wall": opening,
    }


def resync(given: argparse.Namespace) -> dict[str, Any]:
    """Sync the folder, which has not changed."""
    bot, _ = opened(given.work / "indexes", given.vectors)
    wall, cpu = time.perf_counter(), time.process_time()
    (done,) = bot.sync(given.work / "news").folders
    bot_wall, bot_cpu = time.perf_counter() - wall, time.process_time() - cpu
    bot.close()
    return {"files": done.untouched, "read": done.read, "resync_wall": bot_wall, "resync_cpu": bot_cpu}


def ask(given: argparse.Namespace) -> dict[str, Any]:
    """Open the library and ask, plain and filtered."""
    drawn()
    started = time.perf_counter()
    bot, _ = opened(given.work / "indexes", given.vectors, asking=True)
    took, worked = time.perf_counter() - started, time.process_time()
    chance = random.Random(3)
    held = list(bot.articles(limit=2000))
    chance.shuffle(held)
    questions = iter([_question(each.title, each.language) for each in held])
    day = FIRST + timedelta(days=DAYS // 2)
    filters: dict[str, dict[str, Any]] = {
        "plain": {},
        "a month": {"since": day, "until": day + timedelta(days=30)},
        "a year": {"since": day, "until": day + timedelta(days=365)},
        "three years": {"since": day, "until": day + timedelta(days=3 * 365)},
        "English": {"languages": ["en"]},
        "an outlet": {"sources": [OUTLETS[0]]},
        "a rare outlet": {"sources": [OUTLETS[20]]},
        "outlet, Chinese, year": {
            "sources": [OUTLETS[0]],
            "languages": ["zh-Hans", "zh-Hant"],
            "since": day,
            "until": day + timedelta(days=365),
        },
    }
    bot.ask(next(questions))
    found: dict[str, Any] = {"open": took, "open_cpu": worked}
    for verb in ("search", "ask"):
        found[verb] = {}
        for name, narrow in filters.items():  # new questions each time: what was read lately is remembered
            found[verb][name] = _times(getattr(bot, verb), list(islice(questions, QUESTIONS)), narrow)
    found["ask_peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bot.close()
    return found


def _question(title: str, language: str) -> str:
    return f"What is known of {title}?" if language == "en" else f"{title}，情况如何？"


def _times(verb: Callable[..., Any], asked: Sequence[str], given: dict[str, Any]) -> list[float]:
    """Return p50 and p95 in milliseconds of the clock, the same of all threads' processors, and the first by the clock.

    The first question within some filters reads what the others find in memory.
    """
    clock, processors = [], []
    for question in asked:
        started, worked = time.perf_counter(), time.process_time()
        verb(question, **given)
        clock.append((time.perf_counter() - started) * 1000)
        processors.append((time.process_time() - worked) * 1000)
    return [*(found for times in (clock, processors) for found in _quantiles(times)), clock[0]]


def _quantiles(times: Sequence[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def _disk(indexes: Path, part: str) -> float:
    files = [each for place in indexes.glob(f"{part}*") for each in ([place] if place.is_file() else place.rglob("*"))]
    return sum(each.stat().st_size for each in files if each.is_file()) / 1e6


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "index": index,
    "share": share,
    "resync": resync,
    "ask": ask,
}


# --- the report -----------------------------------------------------------------------------------------------------

GOALS = {"search": 60, "ask": 250}
"""Milliseconds of the clock at the 95th percentile, on two quiet cores."""


def report(rows: Sequence[dict[str, Any]]) -> str:
    """Write what was measured as Markdown tables."""
    sizes = "".join(f" {row['size']:,} |" for row in rows)
    lines = [f"| | {sizes[1:]}", "| --- |" + " ---: |" * len(rows)]
    for name, told in _ROWS.items():
        lines.append(f"| {name} |" + "".join(f" {told(row)} |" for row in rows))
    lines += [
        "",
        f"| p50 / p95 of the clock; of the processors; first, ms | {sizes[1:]}",
        "| --- |" + " ---: |" * len(rows),
    ]
    for verb in GOALS:
        for name in rows[0][verb]:
            found = "".join(" {:,.0f} / {:,.0f}; {:,.0f} / {:,.0f}; {:,.0f} |".format(*row[verb][name]) for row in rows)
            lines.append(f"| `{verb}`, {name} |{found}")
    return "\n".join(lines)


_ROWS: dict[str, Callable[[dict[str, Any]], str]] = {
    "passages": lambda row: f"{row['passages']:,}",
    "indexed in this step, articles": lambda row: f"{row['added']:,}",
    "… seconds of the clock": lambda row: f"{row['wall']:,.0f}",
    "… seconds of processors": lambda row: f"{row['cpu']:,.0f}",
    "… of these outside the encoder, ms a passage": lambda row: (
        f"{1000 * (row['cpu'] - row['encoder_cpu']) / max(1, row['encoded']):.1f}"
    ),
    "of the encoder's own speed, for articles of usual length: by the clock, by processors (goal 0.8)": lambda row: (
        f"{row['share_wall']:.2f}, {row['share_cpu']:.2f}"
    ),
    "peak memory, indexing, MB": lambda row: f"{row['peak_mb']:,.0f}",
    "peak memory, asking, MB": lambda row: f"{row['ask_peak_mb']:,.0f}",
    "disk, MB: catalog, keywords, vectors, kept vectors": lambda row: ", ".join(
        f"{row['disk_mb'][part]:,.0f}" for part in ("catalog", "keywords", "vectors", "encoded")
    ),
    "opening, s of the clock, of processors since the process began (goal 2)": lambda row: (
        f"{row['open']:.1f}, {row['open_cpu']:.1f}"
    ),
    "sync without a change, s of the clock, of processors (goal at 100,000: 60)": lambda row: (
        f"{row['resync_wall']:.1f}, {row['resync_cpu']:.1f}"
    ),
    "load of the machine when measured": lambda row: f"{row['load']:.0f}",
}


def chart(rows: Sequence[dict[str, Any]]) -> str:
    """Draw the 95th percentiles, in ms of the processors, over the size, both logarithmic; filtered ones are pale."""
    width, height, left, top = 660, 360, 80, 20

    def x(size: float) -> float:
        return left + (width - left - 150) * (np.log10(size) - 3) / 2

    def y(milliseconds: float) -> float:
        return float(top + (height - top - 40) * (1 - (np.log10(max(milliseconds, 1)) / 4)))

    parts = [f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for tick in (1, 10, 100, 1_000, 10_000):
        parts.append(f'<path d="M{left} {y(tick):.0f}H{width - 150}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y(tick) + 4:.0f}" text-anchor="end">{tick:,} ms</text>')
    for row in rows:
        parts.append(f'<text x="{x(row["size"]):.0f}" y="{height - 20}" text-anchor="middle">{row["size"]:,}</text>')
    for verb, colour in (("search", "#1f6f8b"), ("ask", "#b3541e")):
        for name in rows[0][verb]:
            points = " ".join(f"{x(row['size']):.0f},{y(row[verb][name][3]):.0f}" for row in rows)
            look = 'stroke-width="2.5"' if name == "plain" else 'stroke-opacity="0.4"'
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" {look}/>')
        last = y(rows[-1][verb]["plain"][3])
        parts.append(f'<text x="{x(rows[-1]["size"]) + 8:.0f}" y="{last:.0f}" fill="{colour}">{verb}, plain</text>')
    style = "<style>text{font:12px sans-serif}</style>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{style}{"".join(parts)}</svg>\n'


def main() -> None:
    options = _options()
    if options.one:
        json.dump(MEASUREMENTS[options.one](options), sys.stdout)
        return
    results = options.work / "results.json"
    done: list[dict[str, Any]] = json.loads(results.read_text()) if results.exists() else []
    for size in options.sizes if not options.report else ():
        if any(each["size"] == size for each in done):
            continue
        write_files(options.work / "news", options.data, size, short=options.short)
        row: dict[str, Any] = {"size": size, "vectors": options.vectors, "short": options.short}
        for one in MEASUREMENTS:
            command = [
                sys.executable,
                __file__,
                "--data",
                str(options.data),
                "--work",
                str(options.work),
                "--vectors",
                options.vectors,
                "--one",
                one,
            ]
            row |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            row["load"] = os.getloadavg()[0]
            print(size, one, row, file=sys.stderr, flush=True)
        done.append(row)
        results.write_text(json.dumps(done, indent=1))
    if options.report:
        print(report(done))
        (HERE / "scale.svg").write_text(chart(done), "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with en.jsonl and zh.jsonl")
    parser.add_argument("--work", type=Path, required=True, help="folder for the articles, the library and the results")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--vectors", choices=["encoder", "drawn"], default="encoder")
    parser.add_argument("--short", action="store_true", help="articles of two or three sentences")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--one", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
