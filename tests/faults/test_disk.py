"""A full disk keeps what was acknowledged, and a read-only one can be searched and asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import ARTICLES, WordEncoder

from bot.keywords import Analyzer
from bot.library import Library

pytestmark = pytest.mark.faults

TESTS = Path(__file__).resolve().parent.parent

READER = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samples import ARTICLES, WordEncoder
from bot.engine import Regbrief
from bot.errors import BotError
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article

said = {}
def tried(name, act):
    try:
        said[name] = act()
    except BotError as error:
        said[name] = [error.code, str(error)]

encoder = WordEncoder()
library = Library(Path(sys.argv[2]), encoder, Analyzer())
bot = Regbrief.from_library(library, encoder=encoder, glossary=Glossary())
tried("ids", lambda: sorted(each.id for each in bot.articles()))
for language, question in (("en", "Alibaba fined"), ("hans", "屏蔽网址链接"), ("hant", "支付寶須分拆")):
    tried(language, lambda: bot.search(question)[0].article_id)
tried("asked", lambda: bot.ask("How much was Alibaba fined?").searched.articles)
tried("add", lambda: str(library.add([Article("new", "New", "Text.", "en")])))
tried("remove", lambda: library.remove(["fine-en"]))
tried("problems", library.problems)
print(json.dumps(said))
"""

WRITER = """
import json, os, subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samples import WordEncoder
from bot.errors import BotError
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Filters
import chromadb

def articles(start):
    for n in range(start, start + 32):
        language, text = (("en", "Fine {} was paid."), ("zh-Hans", "罚款{}已缴。"), ("zh-Hant", "罰款{}已繳。"))[n % 3]
        yield Article(f"a{n}", text.format(n), "\\n\\n".join([f"{text.format(n)} {p}." for p in range(40)]), language)

folder = Path(sys.argv[2])
if sys.argv[3] == "file":
    import resource
    Library(folder, WordEncoder(), Analyzer()).close()
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
else:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + sys.argv[4], "tmpfs", str(folder)], check=True)
library = Library(folder, WordEncoder(), Analyzer())
done, error = 0, None
while done < 3_000 and error is None:
    try:
        library.add(articles(done))
        done += 32
    except BotError as raised:
        error = [raised.code, str(raised)]
library.close()
if sys.argv[3] == "file":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    subprocess.run(["mount", "-o", "remount,size=200m", str(folder)], check=True)
library = Library(folder, WordEncoder(), Analyzer())
library.settle()
held = sorted(int(each.id[1:]) for each in library.catalog.articles(Filters()))
found = {"done": done, "error": error, "problems": library.problems(), "held": held}
library.add(articles(done))
found["again"] = library.problems()
print(json.dumps(found))
"""

ALONE = ["unshare", "--user", "--map-root-user", "--mount", "--"]


def may_mount() -> bool:
    """Whether this machine lets us mount in a namespace of our own."""
    if not shutil.which("unshare"):
        return False
    command = [*ALONE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


mounting = pytest.mark.skipif(not may_mount(), reason="mounting is not permitted here, not even in a namespace")


def run(command: list[str]) -> Any:
    child = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TESTS.parent, timeout=300)
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout.splitlines()[-1])


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Path]:
    """A library of three articles."""
    folder = tmp_path / "library"
    library = Library(folder, WordEncoder(), Analyzer())
    library.add(ARTICLES)
    library.close()
    yield folder
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--"]
"""Root as anybody else: what is not its to write, it may not write."""

READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def unwritable(folder: Path, how: str) -> list[str]:
    """Return what runs a program that may not write to a folder."""
    if how == "mount":
        return [*ALONE, "sh", "-c", READ_ONLY, str(folder)]
    subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
    return UNPRIVILEGED if os.getuid() == 0 else []


@pytest.mark.parametrize("how", ["rights", pytest.param("mount", marks=mounting)])
@pytest.mark.parametrize("left", ["sealed", "unsealed", "with a log"])
def test_a_library_that_may_not_be_written_is_searched_and_asked(shipped: Path, how: str, left: str) -> None:
    if left == "unsealed":
        (shipped / "seal.json").unlink()
    if left == "with a log":  # as a writer leaves it that was killed, or is still there
        still_open = Library(shipped, WordEncoder(), Analyzer())
        still_open.add([ARTICLES[0]])
        (log,) = shipped.glob("*-wal")
        saved = log.read_bytes()
        still_open.close()
        log.write_bytes(saved)
    said = run([*unwritable(shipped, how), sys.executable, "-c", READER, str(TESTS), str(shipped), how])
    assert {name: said[name] for name in ("ids", "en", "hans", "hant", "asked", "problems")} == {
        "ids": ["alipay-hant", "fine-en", "links-hans"],
        "en": "fine-en",
        "hans": "links-hans",
        "hant": "alipay-hant",
        "asked": 3,
        "problems": [],
    }
    for name in ("add", "remove"):
        code, message = said[name]
        assert code == "storage_failed"
        assert message.endswith(
            "Give yourself the right to write there, or copy the library and set REGBRIEF_INDEXES to the copy."
        )


def test_no_library_can_be_made_where_nothing_may_be_written(shipped: Path) -> None:
    for each in list(shipped.iterdir()):
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    command = [*unwritable(shipped, "rights"), sys.executable, "-c", READER, str(TESTS), str(shipped), "rights"]
    child = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TESTS.parent)
    assert f"StorageError: There is no library in {str(shipped)!r}, and none can be made" in child.stderr


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        *(pytest.param("file", size, id=f"file-{size}") for size in ("300000", "2000000")),
        *(pytest.param("disk", size, id=f"disk-{size}", marks=mounting) for size in ("3m", "6m", "9m")),
    ],
)
def test_a_full_disk_keeps_what_was_acknowledged_and_goes_on_when_there_is_room(
    tmp_path: Path, limit: str, size: str
) -> None:
    command = [sys.executable, "-c", WRITER, str(TESTS), str(tmp_path), limit, size]
    found = run(command if limit == "file" else [*ALONE, *command])
    code, message = found["error"]
    assert (code, found["problems"], found["again"]) == ("storage_failed", [], [])
    assert message.endswith("run the command again; what was added before is kept.")
    assert found["held"] in (list(range(found["done"])), list(range(found["done"] + 32)))
