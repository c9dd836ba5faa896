"""One version, in pyproject.toml, which everything else agrees with; and a package that has all its files."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import settings
from bot.cli import main
from bot.release import release
from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VERSION = PROJECT["project"]["version"]
PACKAGED = PROJECT["tool"]["setuptools"]


def files(folder: str) -> list[str]:
    """Return the files of a folder that are no Python, by their paths in it."""
    paths = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    return [path.relative_to(ROOT / folder).as_posix() for path in paths]


def test_the_installed_package_knows_its_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("sys.argv", ["regbrief", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().out) == (0, f"regbrief {VERSION}\n")
    assert Settings.read().user_agent.startswith(f"Regbrief/{release()} ")


def test_the_newest_release_of_the_changelog_is_this_one() -> None:
    released = re.findall(r"^## \[(.+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert released[0] == VERSION


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml"])
def test_images_are_tagged_with_it(name: str) -> None:
    assert set(re.findall(r"image: regbrief[a-z-]*:(\S+)", (ROOT / "deploy" / name).read_text("utf-8"))) == {VERSION}


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_wheel_is_named_by_it(name: str) -> None:
    assert set(re.findall(r"regbrief-(\d\S*?)-py3", (ROOT / name).read_text("utf-8"))) == {VERSION}


def test_the_documented_example_of_health_has_it() -> None:
    examples = yaml.safe_load((ROOT / "bot" / "serve" / "examples.yaml").read_text("utf-8"))
    assert examples["health"]["version"] == VERSION


def test_every_package_is_shipped() -> None:
    found = {path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in (ROOT / "bot").rglob("__init__.py")}
    assert set(PACKAGED["packages"]) == {*found, "bot.corpus"}


@pytest.mark.parametrize(("folder", "package"), [("bot", "bot"), ("corpus", "bot.corpus")])
def test_every_file_is_shipped(folder: str, package: str) -> None:
    patterns = PACKAGED["package-data"][package]
    assert [each for each in files(folder) if not any(fnmatch(each, pattern) for pattern in patterns)] == []


def test_an_installed_package_keeps_the_library_among_the_users_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(settings, "PROJECT", tmp_path / "site-packages")
    for name in ("REGBRIEF_INDEXES", "REGBRIEF_CORPUS"):
        monkeypatch.delenv(name, raising=False)
    read = Settings.read()
    assert (read.indexes, read.corpus) == (tmp_path / "data" / "regbrief" / "library", settings.PACKAGE / "corpus")
