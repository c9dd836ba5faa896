"""How many articles a second are taken in by this process alone, and by workers on a local Ray.

    python benchmarks/workers.py [--articles 400] [--sentences 24] [--workers 1 2]

Articles are invented, one a file, a third in each script, and no two alike. Each time a new library is made. What an
ingest of one file takes is told apart, as it is spent once.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

WORDS = {
    "en": "regulator fined platform data privacy chips export court appeal merger antitrust payment licence".split(),
    "zh-Hans": "监管机构 罚款 平台 数据 隐私 芯片 出口 法院 上诉 合并 反垄断 支付 牌照".split(),
    "zh-Hant": "監管機構 罰款 平台 數據 隱私 晶片 出口 法院 上訴 合併 反壟斷 支付 牌照".split(),
}


def write(folder: Path, articles: int, sentences: int) -> Path:
    """Write articles to a new folder, and return it."""
    folder.mkdir()
    for number in range(articles):
        chance = random.Random(number)
        language = list(WORDS)[number % 3]
        gap, stop = (" ", ". ") if language == "en" else ("", "。")
        said = [gap.join([*chance.choices(WORDS[language], k=12), str(number * 37 + at)]) for at in range(sentences)]
        (folder / f"{number}.txt").write_text(f"{said[0]}\n\n{stop.join(said)}{stop.strip()}\n", "utf-8")
    return folder


def seconds(folder: Path, workers: str) -> float:
    """Return how long an ingest into a new library takes."""
    with TemporaryDirectory() as indexes:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "bot", "ingest", str(folder), *(["--workers", workers] if workers else [])],
            env={**os.environ, "REGBRIEF_INDEXES": indexes},
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--sentences", type=int, default=24)
    parser.add_argument("--workers", nargs="*", default=["1", "2"])
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        one = write(Path(folder) / "one", 1, given.sentences)
        many = write(Path(folder) / "many", given.articles, given.sentences)
        for workers in ("", *given.workers):
            start, whole = seconds(one, workers), seconds(many, workers)
            rate = (given.articles - 1) / (whole - start)
            name = f"workers: {workers}" if workers else "this process"
            times = f"{whole:6.1f} s, of which the start {start:5.1f} s"
            print(f"{name:14} {times}; {rate:6.1f} articles/s; load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
