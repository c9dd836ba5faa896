"""What the catalog costs on SQLite and on PostgreSQL: articles a second by writers, bytes a passage, time of reads.

    python benchmarks/catalog.py [--articles 1000] [--postgres postgresql://…/EMPTY_DATABASE]

Articles are invented, of four passages each, and no two alike; nothing is encoded or indexed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.catalog import Catalog
from bot.errors import LibraryLocked
from bot.passages import passages
from bot.records import Article, Filters

BATCH = 64


def article(number: int) -> Article:
    """Return an article of some 2,000 characters."""
    chance = random.Random(number)
    words = ["".join(chance.choices("bcdfghklmnprst", k=2) + chance.choices("aeiou", k=4)) for _ in range(300)]
    body = "\n\n".join(" ".join(words[at : at + 75]).capitalize() + "." for at in range(0, 300, 75))
    return Article(f"a{number}", f"Report {number}", body, "en", date(2021, 1, 1) + timedelta(number % 365), "Bench")


def write(place: Path | str, start: int, count: int) -> None:
    """Add articles, and wait where another writer is in the way."""
    with closing(Catalog(place)) as catalog:
        for at in range(start, start + count, BATCH):
            batch = [article(number) for number in range(at, min(at + BATCH, start + count))]
            while True:
                try:
                    catalog.put((each, passages(each)) for each in batch)
                    break
                except LibraryLocked:
                    continue


def written(place: Path | str, start: int, count: int, writers: int) -> float:
    """Return how many articles a second some writers add together, each in a process that is started beforehand."""
    with multiprocessing.get_context("spawn").Pool(writers) as pool:
        pool.starmap(article, [(0,)] * writers)
        each = count // writers
        began = time.perf_counter()
        pool.starmap(write, [(place, start + each * worker, each) for worker in range(writers)], chunksize=1)
        return each * writers / (time.perf_counter() - began)


def reads(catalog: Catalog) -> dict[str, float]:
    """Return the median time of each read, in milliseconds."""
    catalog.mark_indexed([stored.key for stored in catalog.to_index(10**6)])
    keys = [key for key, _ in catalog.keys(Filters())]
    some = random.Random(1).sample(keys, 60)
    ids = [found.article.id for found in catalog.stored(some).values()]
    window = Filters(since=date(2021, 3, 1), until=date(2021, 6, 1))
    acts = {
        "60 passages": lambda: catalog.stored(some),
        "60 keys in a window": lambda: catalog.passing(some, window),
        "stories of 60": lambda: catalog.told(ids),
        "all keys": lambda: catalog.keys(Filters()),
    }
    return {name: statistics.median(timed(act) for _ in range(50)) * 1000 for name, act in acts.items()}


def timed(act: object) -> float:
    began = time.perf_counter()
    act()  # type: ignore[operator]
    return time.perf_counter() - began


def size(place: Path | str, catalog: Catalog) -> int:
    """Return the bytes on disk."""
    if isinstance(place, Path):
        return sum(each.stat().st_size for each in place.parent.glob(f"{place.name}*"))
    import psycopg

    with psycopg.connect(place) as db:
        row = db.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--postgres", default="")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        for name, place in (("SQLite", Path(folder, "catalog.sqlite")), ("PostgreSQL", given.postgres)):
            if not place:
                continue
            with closing(Catalog(place)) as catalog:
                empty, start = size(place, catalog), 0
                for writers in (1, 2, 4):
                    rate = written(place, start, given.articles, writers)
                    start += given.articles
                    print(f"{name}: {writers} writers add {rate:,.0f} articles a second", flush=True)
                count = catalog.unindexed()
                print(f"{name}: {(size(place, catalog) - empty) / count:,.0f} bytes a passage ({count:,} passages)")
                for what, took in reads(catalog).items():
                    print(f"{name}: {what} in {took:.2f} ms")


if __name__ == "__main__":
    main()
