"""Whatever is damaged: the library opens, or says which command mends it, and that command mends it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from samples import WordEncoder

from bot import neighbours
from bot.errors import LibraryDamaged, LibraryMismatch
from bot.keywords import Analyzer
from bot.library import Library
from bot.outcomes import Feed
from bot.records import Article, Filters, Language
from bot.salvage import salvage

pytestmark = pytest.mark.faults

DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "noise": lambda path: path.write_bytes(noise(path.read_bytes())),
}
FILES = {
    "keywords": ("meta.json", "*.term", "*.store", "*.idx", "*.fast"),
    "vectors": ("chroma.sqlite3", "data_level0.bin", "header.bin", "length.bin", "link_lists.bin", "*.pickle"),
}


class NoEncoder(WordEncoder):
    """Stands for the encoder where nothing may be encoded."""

    def encode(self, texts: Sequence[str], *, kind: str, languages: Sequence[Language]) -> NDArray[np.float32]:
        raise AssertionError(f"{len(texts)} texts were encoded again")


OPEN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samples import WordEncoder
from bot import neighbours
neighbours.SYNC = 20
from bot.cli import main
import bot.materials, bot.doctor_cli
bot.materials.open_encoder = lambda *_, **__: WordEncoder()
sys.argv = ["regbrief", *sys.argv[2:]]
main()
"""


def noise(data: bytes) -> bytes:
    """Overwrite a few bytes in every kilobyte."""
    chance = random.Random(7)
    damaged = bytearray(data)
    for at in range(0, len(data), 1024):
        place = at + chance.randrange(min(1000, len(data) - at))
        damaged[place : place + 16] = chance.randbytes(16)[: len(data) - place]
    return bytes(damaged)


def articles(count: int) -> list[Article]:
    texts = (("en", "Company {} paid a fine."), ("zh-Hans", "企业{}缴纳了罚款。"), ("zh-Hant", "企業{}繳納了罰款。"))
    made = []
    for number in range(count):
        language, text = texts[number % 3]
        body = "\n\n".join(f"{text.format(number)} {part}. " * 6 for part in range(number % 9 + 1))
        made.append(Article(f"a{number}", text.format(number), body, language))  # type: ignore[arg-type]
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose graphs are on disk."""
    folder = tmp_path_factory.mktemp("whole") / "library"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "SYNC", 20)
        library = Library(folder, WordEncoder(), Analyzer())
        library.add(articles(60))
        library.close()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "library"))


def regbrief(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on a library, with the tests' encoder."""
    command = [sys.executable, "-c", OPEN, str(Path(__file__).resolve().parent.parent), *arguments]
    environment = {**os.environ, "REGBRIEF_INDEXES": str(folder), "REGBRIEF_RERANKER": "none"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)


def mended(folder: Path) -> bool:
    """Whether a library holds all its articles, the same in every part."""
    library = Library(folder, WordEncoder(), Analyzer())
    held = {each.id: each for each in library.catalog.articles(Filters())}
    problems = library.problems()
    library.close()
    return problems == [] and held == {each.id: each for each in articles(60)}


@pytest.mark.parametrize("index", FILES)
def test_a_damaged_index_harms_nothing_or_is_named_with_the_command_that_mends_it(folder: Path, index: str) -> None:
    for pattern in FILES[index]:
        for how in ("half", "noise"):
            copy = Path(shutil.copytree(folder, folder.parent / f"{how}-{pattern.strip('*')}"))
            DAMAGE[how](sorted((copy / index).rglob(pattern))[0])
            with suppress(LibraryDamaged):
                search(copy)
            shutil.rmtree(copy)


def search(folder: Path) -> None:
    """Open a library and search both indexes, which a damaged file must not end in a crash."""
    library = Library(folder, WordEncoder(), Analyzer())
    (vector,) = WordEncoder().encode(["fine"], kind="query", languages=["en"])
    library.search_index.nearest(vector, Filters(languages=("en",)), limit=5)
    library.search_index.matching({"fine": 1.0}, Filters(), limit=5)
    library.close()


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        ("data_level0.bin", "noise"),
        ("chroma.sqlite3", "missing"),
        ("meta.json", "half"),
        ("vectors", "gone"),
        ("keywords", "gone"),
    ],
)
def test_the_command_line_names_the_command_and_the_command_mends(folder: Path, pattern: str, how: str) -> None:
    path = sorted(folder.rglob(pattern))[0]
    if how == "gone":
        shutil.rmtree(path)
    else:
        DAMAGE[how](path)
    asked = regbrief(folder, "search", "fine")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "Traceback" not in asked.stderr
    assert asked.stderr.rstrip().endswith("Run `regbrief doctor --rebuild`.")
    examined = regbrief(folder, "doctor", "--json")
    assert (examined.returncode, json.loads(examined.stdout)["fix"]) == (1, "regbrief doctor --rebuild")
    repaired = regbrief(folder, "doctor", "--rebuild", "--json")
    assert (repaired.returncode, json.loads(repaired.stdout)["problems"]) == (0, [])
    assert mended(folder)


def test_vectors_that_a_killed_writer_has_left_unreadable_are_made_anew_without_encoding(folder: Path) -> None:
    """A writer takes the seal off, and Chroma writes over its own files; tantivy only adds some."""
    (folder / "seal.json").unlink()
    for pattern in FILES["vectors"]:
        for how in ("empty", "noise"):
            copy = Path(shutil.copytree(folder, folder.parent / f"{how}-{pattern.strip('*')}"))
            DAMAGE[how](sorted((copy / "vectors").rglob(pattern))[0])
            library = Library(copy, NoEncoder(), Analyzer())
            library.settle()
            assert library.problems() == [], (pattern, how)
            assert {each.id: each for each in library.catalog.articles(Filters())} == {
                each.id: each for each in articles(60)
            }
            library.close()
            shutil.rmtree(copy)


def test_a_kill_while_indexes_are_made_anew_is_made_good_too(folder: Path) -> None:
    (folder / "seal.json").unlink()
    DAMAGE["empty"](sorted((folder / "vectors").rglob("*.pickle"))[0])
    Library(folder, WordEncoder(), Analyzer()).close()  # as if killed here: nothing is indexed yet
    assert not (folder / "seal.json").exists()
    library = Library(folder, WordEncoder(), Analyzer())
    assert library.unsettled()
    library.settle()
    library.close()
    assert mended(folder)


def test_an_index_of_another_version_is_named_and_rebuilt(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 0}))
    with pytest.raises(LibraryMismatch, match="built with format 0, but this is format"):
        Library(folder, WordEncoder(), Analyzer())
    assert regbrief(folder, "doctor", "--rebuild").returncode == 0
    assert mended(folder)


@pytest.mark.parametrize("how", ["header", "pages", "half", "everything"])
def test_what_can_be_read_of_a_damaged_catalog_is_saved_and_the_old_file_kept(folder: Path, how: str) -> None:
    path = folder / "catalog.sqlite"
    data = bytearray(path.read_bytes())
    pages = len(data) // 4096
    if how == "header":
        data[:4096] = random.Random(1).randbytes(4096)
    elif how == "pages":
        for page in random.Random(3).sample(range(2, pages), pages // 10):
            data[page * 4096 : page * 4096 + 4096] = random.Random(page).randbytes(4096)
    elif how == "half":
        del data[len(data) // 2 :]
    else:
        data = bytearray(random.Random(1).randbytes(len(data)))
    path.write_bytes(data)
    examined = regbrief(folder, "doctor", "--json")
    report: dict[str, Any] = json.loads(examined.stdout)
    assert (examined.returncode, report["fix"]) == (1, "regbrief doctor --salvage")
    saved = regbrief(folder, "doctor", "--salvage", "--json")
    assert "Traceback" not in saved.stderr
    told = json.loads(saved.stdout)
    assert (saved.returncode, told["problems"]) == (0, [])
    (kept,) = folder.glob("catalog.damaged-*.sqlite")
    assert (kept.read_bytes(), told["salvaged"]["kept"]) == (bytes(data), str(kept))
    library = Library(folder, WordEncoder(), Analyzer())
    held = {each.id: each for each in library.catalog.articles(Filters())}
    library.close()
    written = {each.id: each for each in articles(60)}
    assert held.items() <= written.items()
    assert len(held) == told["articles"] == told["salvaged"]["articles"]
    assert {"header": 60, "pages": 30, "half": 15, "everything": 0}[how] <= len(held)
    if how in ("header", "pages"):
        assert set(told["salvaged"]["lost"]) | set(held) == set(written)


def test_feeds_files_and_feedback_are_saved_too(folder: Path) -> None:
    library = Library(folder, WordEncoder(), Analyzer())
    library.catalog.subscriptions.put(Feed("https://example.org/feed", "Example"))
    library.close()
    assert salvage(folder).articles == 60
    library = Library(folder, WordEncoder(), Analyzer())
    assert [feed.url for feed in library.catalog.subscriptions.feeds()] == ["https://example.org/feed"]
    library.settle()
    library.close()
    assert mended(folder)
