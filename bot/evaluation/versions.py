"""What a figure was measured on: versions and digests of code, models, corpus and questions."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.evaluation.records import Question
from bot.records import Article
from bot.release import release

PACKAGE = Path(__file__).resolve().parent.parent
FACES = ("evaluation", "ui", "serve")
"""Packages that do not change what is answered."""


def versions() -> dict[str, Any]:
    """Return the versions of Regbrief and Python and the SHA-256 of the code and of each bundled model."""
    return {"regbrief": release(), "python": platform.python_version(), "code": code(), "models": models()}


@cache
def code() -> str:
    """Return a digest of the modules that answers depend on."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in FACES]
    return _digest(f"{path.relative_to(PACKAGE).as_posix()}\0{path.read_text('utf-8')}" for path in paths)


@cache
def models() -> dict[str, str]:
    """Return the SHA-256 of each bundled model file."""
    folder = PACKAGE / "models"
    paths = [path for path in sorted(folder.glob("*")) if path.is_file() and path.suffix != ".md"]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths}


def file(path: Path) -> str:
    """Return a digest of a file."""
    return _digest([path.read_text("utf-8")])


def corpus(articles: Iterable[Article]) -> str:
    """Return a digest of articles that does not depend on their order."""
    texts = [f"{each.id}\0{each.title}\0{each.body}\0{each.language}\0{each.published}" for each in articles]
    return _digest(sorted(texts))


def question(asked: Question) -> str:
    """Return a digest of everything that a question says."""
    return _digest([json.dumps(asdict(asked), ensure_ascii=False, sort_keys=True, default=str)])


def configuration(values: Mapping[str, Any]) -> str:
    """Return a digest of settings and versions, in any order."""
    return _digest([json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)])


def _digest(parts: Iterable[str]) -> str:
    whole = sha256()
    for part in parts:
        whole.update(sha256(part.encode("utf-8", "surrogatepass")).digest())
    return whole.hexdigest()[:16]
