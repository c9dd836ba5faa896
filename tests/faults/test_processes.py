"""Several processes read one library while one writes; two that want to write take turns."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLES, WordEncoder

from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Filters

pytestmark = pytest.mark.faults

TESTS = Path(__file__).resolve().parent.parent
SECONDS = 10.0
"""In which a reader is to see what is written: those of its patience, and a loaded machine's."""

READER = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samples import WordEncoder
from bot.engine import Regbrief
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Filters

encoder = WordEncoder()
library = Library(Path(sys.argv[2]), encoder, Analyzer())
bot = Regbrief.from_library(library, encoder=encoder, glossary=Glossary())
print("ready", flush=True)
for line in sys.stdin:
    question = json.loads(line)
    found = {hit.article_id for hit in bot.search(question)}
    (vector,) = encoder.encode([question], kind="query", languages=["en"])
    dense = {key for key, _ in library.search_index.nearest(vector, Filters(), limit=5)}
    stored = library.catalog.stored(dense)
    print(json.dumps([sorted(found), sorted({each.article.id for each in stored.values()})]), flush=True)
"""

WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samples import WordEncoder
from bot.errors import LibraryLocked
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article

library = Library(Path(sys.argv[2]), WordEncoder(), Analyzer())
print("ready", flush=True)
for number in range(12):
    name = f"{sys.argv[3]}{number}"
    while True:
        try:
            library.add([Article(name, f"罰款 {name}", f"監管機構罰款 {name} 元。", "zh-Hant")])
            break
        except LibraryLocked:
            time.sleep(0.02)
print(library.problems(), flush=True)
"""


class Reader:
    """A process that has the library open and can be asked."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", READER, str(TESTS), str(folder)]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS.parent
        )

    def wait(self) -> None:
        """Wait until it has opened the library."""
        assert self._child.stdout
        assert self._child.stdout.readline() == "ready\n"

    def search(self, question: str) -> list[list[str]]:
        """Return the articles that both searches together find, and those that dense search finds."""
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write(json.dumps(question) + "\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())  # type: ignore[no-any-return]

    def until(self, question: str, meets: Callable[[list[list[str]]], bool]) -> float:
        """Ask until the answer meets a condition; return how many seconds that took."""
        started = time.monotonic()
        while not meets(answer := self.search(question)):
            assert time.monotonic() - started < SECONDS, answer
            time.sleep(0.05)
        return time.monotonic() - started

    def end(self) -> None:
        self._child.communicate(timeout=60)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "library", WordEncoder(), Analyzer())
    library.add(ARTICLES)
    yield library
    library.close()


@pytest.fixture
def readers(library: Library) -> Iterator[list[Reader]]:
    readers = [Reader(library.folder) for _ in range(3)]
    for each in readers:
        each.wait()
    yield readers
    for each in readers:
        each.end()


def test_every_reader_sees_what_is_added_replaced_and_removed_within_seconds(
    library: Library, readers: list[Reader]
) -> None:
    steps: list[tuple[Callable[[], Any], str, Callable[[list[list[str]]], bool]]] = [
        (
            lambda: library.add([Article("new-en", "Merger", "A merger of giraffes was blocked.", "en")]),
            "giraffes",
            lambda found: all("new-en" in each for each in found),
        ),
        (
            lambda: library.add([Article("new-hans", "合并", "长颈鹿公司的合并被否决。", "zh-Hans")]),
            "长颈鹿公司的合并被否决",
            lambda found: all("new-hans" in each for each in found),
        ),
        (
            lambda: library.add([Article("new-hant", "合併", "斑馬公司的上市被推遲。", "zh-Hant")]),
            "斑馬公司的上市被推遲",
            lambda found: all("new-hant" in each for each in found),
        ),
        (
            lambda: library.remove(["new-en"]),
            "giraffes",
            lambda found: not any("new-en" in each for each in found),
        ),
    ]
    for act, question, meets in steps:
        act()
        for reader in readers:
            assert reader.until(question, meets) < SECONDS


def test_readers_are_answered_while_much_is_written(library: Library, readers: list[Reader]) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(TESTS), str(library.folder), "w"], stdout=subprocess.PIPE, text=True
    )
    asked = 0
    while writer.poll() is None:
        for reader in readers:
            assert "fine-en" in reader.search("Alibaba fined 18.2 billion yuan")[1]
            asked += 1
    out, _ = writer.communicate()
    assert out == "ready\n[]\n"
    assert asked >= len(readers)
    for reader in readers:
        reader.until("監管機構罰款 w11 元", lambda found: "w11" in found[0])


def test_readers_outlive_a_rebuild(library: Library, readers: list[Reader]) -> None:
    library.close()
    Library.rebuild(library.folder, WordEncoder(), Analyzer()).close()
    for reader in readers:
        reader.until("Alibaba fined", lambda found: all("fine-en" in each for each in found))


def test_two_writers_that_take_turns_lose_and_double_nothing(library: Library) -> None:
    library.close()
    command = [sys.executable, "-c", WRITER, str(TESTS), str(library.folder)]
    writers = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in ("x", "y")]
    for writer in writers:
        out, _ = writer.communicate(timeout=300)
        assert out.startswith("ready\n")
    again = Library(library.folder, WordEncoder(), Analyzer())
    held = [each.id for each in again.catalog.articles(Filters())]
    assert sorted(held) == sorted(
        [each.id for each in ARTICLES] + [f"{name}{number}" for name in "xy" for number in range(12)]
    )
    assert again.problems() == []
    again.close()
