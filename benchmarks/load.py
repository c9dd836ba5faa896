"""Many askers of a server at once while articles come and go: errors, wrong citations, times, memory, stopping.

python benchmarks/load.py                                 # 50 askers and two editors, two minutes
python benchmarks/load.py --askers 110 --seconds 60       # more than it takes on: they are told to come again, and do
python benchmarks/load.py --editors 0 --questions 10000   # its memory; --seconds bounds the time
python benchmarks/load.py --streams 40                    # it is stopped while so many answers stream
python benchmarks/load.py --at http://127.0.0.1:7860      # servers that are up already, such as several behind a proxy

Needs the extra `bench`, and a library (`regbrief ingest`), of which a copy is served on the loopback by another
process. Every citation of every answer, over whichever face, is held against the texts that its article had between the
question and the answer: what was removed before, or replaced, must not be quoted any more.
"""

from __future__ import annotations

from askers import Asker, Editor, Held, Run  # isort: skip – locust, in it, changes what the others import
from locust.env import Environment  # isort: skip

import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import gevent
import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1_000_000
STOPPING = 60
"""Seconds that users get to finish what they have begun."""

# --- the server -----------------------------------------------------------------------------------------------------


class Elsewhere:
    """Servers that somebody else started, at one address."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def memory(self) -> float:
        """Return nothing: it cannot be seen from here."""
        return 0.0

    def alive(self) -> bool:
        return True


class Server(Elsewhere):
    """A server of its own process, on a copy of a library."""

    def __init__(self, indexes: Path, port: int) -> None:
        super().__init__(f"http://127.0.0.1:{port}")
        environment = {**os.environ, "REGBRIEF_INDEXES": str(indexes), "REGBRIEF_PORT": str(port)}
        self._process = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=environment, cwd=ROOT)

    def await_ready(self) -> None:
        """Wait until it answers. Raises RuntimeError where it has ended."""
        while True:
            with suppress(OSError), urlopen(f"{self.address}/api/v1/health/ready", timeout=5):
                return
            if self._process.poll() is not None:
                raise RuntimeError(f"The server has ended with status {self._process.returncode}.")
            time.sleep(0.2)

    def memory(self) -> float:
        """Return how much of the machine's memory it takes, in megabytes."""
        return psutil.Process(self._process.pid).memory_info().rss / MEGABYTE

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        """Stop it as a service manager does, and return its exit status."""
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=90)


@contextmanager
def serving(library: Path) -> Iterator[Server]:
    """Serve a copy of a library on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        indexes = Path(folder) / "library"
        shutil.copytree(library, indexes)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(indexes, port)
        try:
            server.await_ready()
            yield server
        finally:
            print(f"\nThe server ended with status {server.stop()}.")
            done = subprocess.run(
                [sys.executable, "-m", "bot", "doctor", "--indexes", str(indexes)],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            print(f"regbrief doctor: status {done.returncode}. {done.stderr.strip()[-300:]}")


def shipped(address: str) -> Held:
    """Read all articles of a server."""
    held, offset, total = Held(), 0, 1
    while offset < total:
        page = httpx.get(f"{address}/api/v1/articles", params={"limit": 200, "offset": offset}, timeout=60).json()
        for each in page["articles"]:
            held.coming(each["id"], each["body"])
        total, offset = page["total"], offset + len(page["articles"])
    return held


# --- what is measured -----------------------------------------------------------------------------------------------


def load(server: Elsewhere, run: Run, *, askers: int, editors: int, seconds: float, questions: int) -> list[Any]:
    """Let users come for so many seconds, or questions; print how it went, and return the memory by questions."""
    Asker.fixed_count, Editor.fixed_count = askers, editors
    environment = Environment(
        user_classes=[Asker, Editor] if editors else [Asker], host=server.address, stop_timeout=STOPPING
    )
    environment.run = run  # type: ignore[attr-defined]
    runner = environment.create_local_runner()
    runner.start(askers + editors, spawn_rate=25)
    memory, started, busy = [], time.monotonic(), []
    while time.monotonic() - started < seconds and server.alive() and not 0 < questions <= run.counts["questions"]:
        memory.append((run.counts["questions"], server.memory()))
        busy.append(os.getloadavg()[0])
        if len(memory) % 60 == 0:
            print(f"{time.monotonic() - started:.0f} s, {memory[-1][0]} questions, {memory[-1][1]:.0f} MB", flush=True)
        gevent.sleep(1)
    took = time.monotonic() - started
    runner.quit()
    report(environment.stats, run, took=took, busy=statistics.mean(busy))
    return memory


def report(stats: Any, run: Run, *, took: float, busy: float) -> None:
    """Print the times by face, and what was counted."""
    print(f"\n{took:.0f} seconds; load of the machine {busy:.1f} on {os.cpu_count()} processors\n")
    print("| face | requests | errors | p50, s | p95, s |\n| --- | ---: | ---: | ---: | ---: |")
    for entry in sorted(stats.entries.values(), key=lambda each: each.name):
        middle, late = (entry.get_response_time_percentile(part) / 1000 for part in (0.5, 0.95))
        print(f"| {entry.name} | {entry.num_requests} | {entry.num_failures} | {middle:.2f} | {late:.2f} |")
    print()
    for name, count in sorted(run.counts.items()):
        print(f"{name}: {count}")
    print(f"wrong citations: {len(run.wrong)}")
    for fault in [*run.wrong[:10], *(f"{each.name}: {each.error}" for each in stats.errors.values())][:20]:
        print(f"  {fault}")


def tell_memory(samples: Sequence[tuple[int, float]]) -> None:
    """Print how the memory went with the questions, and its slope once the first tenth of them is asked."""
    last = samples[-1][0]
    for tenth in range(11):
        count, megabytes = next(each for each in samples if each[0] >= last * tenth / 10)
        print(f"memory after {count} questions: {megabytes:.0f} MB")
    for part in (0.1, 0.5):
        settled = [each for each in samples if each[0] >= last * part]
        if settled[0][0] == last:
            return  # nothing was asked any more
        slope = statistics.linear_regression(*zip(*settled, strict=True)).slope * 1000
        print(f"slope after {settled[0][0]} questions: {slope:+.2f} MB a thousand")


def arrived(server: Server) -> int:
    """Return how many questions the server answers, or will when their turn comes."""
    told = httpx.get(f"{server.address}/metrics", timeout=60).text
    return sum(int(float(each)) for each in re.findall(r"^regbrief_(?:answering|waiting) (\S+)$", told, re.M))


def drain(server: Server, questions: Sequence[dict[str, Any]], count: int) -> None:
    """Stop the server when the first of so many streams has begun, and print how many came to their end."""
    begun = gevent.event.Event()
    ends: Counter[str] = Counter()

    def ask(asked: dict[str, Any]) -> None:
        body = {"question": asked["question"], "stream": True}
        try:
            with httpx.stream("POST", f"{server.address}/api/v1/ask", json=body, timeout=90) as response:
                pieces = []
                for piece in response.iter_text():
                    if response.is_success:
                        begun.set()
                    pieces.append(piece)
            if response.status_code == 503 and "retry-after" in response.headers:
                ends["told to come again before they began"] += 1
            else:
                ends["whole" if "event: done" in "".join(pieces) else f"{response.status_code}, cut off"] += 1
        except httpx.HTTPError as error:
            ends[type(error).__name__] += 1

    streams = [gevent.spawn(ask, each) for each in questions[:count]]
    begun.wait()
    while arrived(server) + sum(ends.values()) < count:
        gevent.sleep(0.05)
    stopped = time.monotonic()
    print(f"SIGTERM after {sum(ends.values())} of {count} streams have ended …")
    os.kill(server._process.pid, signal.SIGTERM)
    gevent.joinall(streams)
    print(f"… {dict(ends)}, the last {time.monotonic() - stopped:.1f} s later")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=Path(os.environ.get("REGBRIEF_INDEXES", "indexes")))
    parser.add_argument("--askers", type=int, default=50)
    parser.add_argument("--editors", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--questions", type=int, default=0, help="stop after so many, and tell the memory")
    parser.add_argument("--streams", type=int, default=0, help="only stop the server while so many answers stream")
    parser.add_argument("--at", metavar="ADDRESS", help="ask the servers there, and start none")
    parser.add_argument("--seed", type=int, default=10)
    given = parser.parse_args()
    lines = (ROOT / "corpus" / "questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line) for line in lines if line]
    chance = random.Random(given.seed)
    if given.at:
        measure(Elsewhere(given.at), questions, chance, given)
        return
    with serving(given.library) as server:
        if given.streams:
            drain(server, chance.sample(questions, given.streams), given.streams)
        else:
            tell_memory(measure(server, questions, chance, given))


def measure(
    server: Elsewhere, questions: Sequence[dict[str, Any]], chance: random.Random, given: argparse.Namespace
) -> list[Any]:
    """Let users come as the command line says; return the memory by questions."""
    run = Run(shipped(server.address), questions, chance, only_questions=given.questions > 0)
    return load(
        server,
        run,
        askers=given.askers,
        editors=given.editors,
        seconds=given.seconds,
        questions=given.questions,
    )


if __name__ == "__main__":
    main()
