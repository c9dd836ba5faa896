"""Reading the files of public data sets, and naming what is in them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.evaluation.records import Evidence
from bot.language import clean, detect
from bot.records import Article, Language
from bot.sentences import sentence_spans


def read_text(path: Path) -> str:
    """Return a file's text, unzipped where its name ends in .gz. Raises InputError."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise InputError(f"{str(path)!r} cannot be read: {error}.", hint="Check the path given with --data.") from error


def read_json(path: Path) -> Any:
    """Return the JSON value of a file. Raises InputError."""
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"{str(path)!r} is not JSON: {error}.", hint="Check the path given with --data.") from error


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Iterate over the objects of a JSON-lines file, or of a JSON file that holds a list. Raises InputError."""
    text = read_text(path)
    if text.lstrip().startswith("["):
        yield from read_json(path)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise InputError(f"Line {number} of {str(path)!r} is not JSON: {error}.") from error


def one_file(data: Sequence[Path], *, suite: str) -> Path:
    """Return the only path given. Raises InputError for none or several."""
    if len(data) != 1:
        raise InputError(f"The suite {suite} takes one --data, not {len(data)}.", hint="Give the path of its file.")
    return data[0]


def find_file(folder: Path, *patterns: str) -> Path:
    """Return the first file in a folder that matches one of the patterns. Raises InputError."""
    for pattern in patterns:
        if found := sorted(folder.glob(pattern)):
            return found[0]
    raise InputError(f"{str(folder)!r} has no file like {patterns[0]!r}.", hint="See the suite's description.")


UNTITLED = "–"
"""The title of a document that has none: every article needs one."""


def document(
    text: str, *, prefix: str, title: str = "", language: Language | None = None, article_id: str = ""
) -> Article:
    """Make an article of a document; the same text always gets the same id, so that a copy is stored once."""
    body = clean(text).strip()
    name = article_id or f"{prefix}-{hashlib.sha256(f'{title}|{body}'.encode()).hexdigest()[:16]}"
    return Article(name, clean(title).strip() or UNTITLED, body, language or detect(body, default="zh-Hans"))


def unique(articles: Iterable[Article]) -> tuple[Article, ...]:
    """Keep one article an id, in order."""
    return tuple({article.id: article for article in articles if article.body}.values())


def sentence_at(article: Article, start: int, end: int) -> Evidence:
    """Return the sentences of an article that hold a span of its body, as one piece of evidence."""
    spans = [span for span in sentence_spans(article.body) if span[0] < end and span[1] > start]
    first, last = (spans[0][0], spans[-1][1]) if spans else (start, end)
    return Evidence(article.id, article.body[first:last], first, last, article.language)


def sentence_with(article: Article, text: str) -> Evidence:
    """Return the sentence of an article that holds a string; the whole article where none does."""
    at = article.body.find(text) if text else -1
    return sentence_at(article, at, at + len(text)) if at >= 0 else whole(article)


def whole(article: Article, *, grade: int = 1) -> Evidence:
    """Return an article as evidence without saying where."""
    return Evidence(article.id, language=article.language, grade=grade)
