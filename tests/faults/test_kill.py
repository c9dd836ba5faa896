"""A writer killed at any moment loses nothing and doubles nothing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot import passages
from bot.encoder import open_encoder
from bot.errors import BotError
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Filters

TESTS = Path(__file__).resolve().parent.parent
KILLS = 12
ARTICLES = 72

DRIVER = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], str(Path(sys.argv[1], "faults"))]
from test_kill import articles, encoder
from bot.keywords import Analyzer
from bot.library import Library

round, name, command = int(sys.argv[3]), sys.argv[4], sys.argv[5]
made = encoder(name)
print("ready", flush=True)
if command == "rebuild":
    Library.rebuild(Path(sys.argv[2]), made, Analyzer())
else:
    Library(Path(sys.argv[2]), made, Analyzer()).add(articles(round))
print("done", flush=True)
"""


def encoder(name: str) -> object:
    """Return the bundled encoder, or the one that counts words."""
    if name == "bundled":
        return open_encoder("bundled")
    from conftest import WordEncoder

    return WordEncoder()


@pytest.fixture(scope="module")
def encoder_name() -> str:
    """Name the bundled encoder where its files are there."""
    try:
        open_encoder("bundled")
    except BotError:
        return "words"
    return "bundled"


def articles(round: int) -> list[Article]:
    """Make the articles as they stand in a round: every third has changed since the one before."""
    made = []
    for number in range(ARTICLES):
        version = round if number % 3 == round % 3 else 0
        texts = (
            ("en", f"Company {number} paid fine {version}."),
            ("zh-Hans", f"企业{number}缴纳了罚款{version}。"),
            ("zh-Hant", f"企業{number}繳納了罰款{version}。"),
        )
        language, text = texts[number // 3 % 3]
        body = "\n\n".join(f"{text} {part}." for part in range(number % 12 + 1))
        made.append(Article(f"a{number}", text, body, language))  # type: ignore[arg-type]
    return made


def start(folder: Path, round: int, name: str, command: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", DRIVER, str(TESTS), str(folder), str(round), name, command]
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=TESTS.parent)
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    return child


def finish(folder: Path, round: int, name: str, command: str = "add") -> float:
    """Let a process do the whole work, and return how many seconds that took."""
    child = start(folder, round, name, command)
    started = time.perf_counter()
    out, _ = child.communicate(timeout=600)
    assert out == "done\n"
    return time.perf_counter() - started


def check(folder: Path, round: int, name: str) -> None:
    """Make sure that the library holds every article of a round once, and every passage of it once in every part."""
    library = Library(folder, encoder(name), Analyzer())  # type: ignore[arg-type]
    assert library.problems() == []
    held = {article.id: article for article in library.catalog.articles(Filters())}
    assert held == {article.id: article for article in articles(round)}
    keys = {key for key, _ in library.catalog.keys(Filters())}
    assert (library.keywords.keys(), library.vectors.keys()) == (keys, keys)
    found = [(each.article.id, each.passage) for each in library.catalog.stored(keys).values()]
    wanted = [(article.id, passage) for article in held.values() for passage in passages.passages(article)]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    library.close()


@pytest.mark.faults
@pytest.mark.parametrize("command", ["add", "rebuild"])
def test_a_writer_killed_at_random_loses_and_doubles_nothing(tmp_path: Path, encoder_name: str, command: str) -> None:
    chance = random.Random(20211120)
    whole = finish(tmp_path / "whole", 0, encoder_name)
    folder = tmp_path / "killed"
    if command == "rebuild":
        finish(folder, 0, encoder_name)
    survived = 0
    for kill in range(KILLS):
        round = kill if command == "add" else 0
        child = start(folder, round, encoder_name, command)
        time.sleep(chance.uniform(0, 0.7 * whole))
        child.send_signal(signal.SIGKILL)
        out, _ = child.communicate()
        survived += out == "done\n"
        if kill % 4 == 3:  # not after each one: several kills in a row must do no harm either
            finish(folder, round, encoder_name, command)
            check(folder, round, encoder_name)
    assert survived < KILLS, "all were killed too late to show anything"
