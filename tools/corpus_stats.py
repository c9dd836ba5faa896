"""Count the shipped briefs and questions: `make corpus-stats`. The loaders here also serve tests/test_corpus.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frontmatter
from rich.console import Console
from rich.table import Table

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
LANGUAGES = ("en", "zh-Hans", "zh-Hant")


@dataclass(frozen=True, slots=True)
class Brief:
    """One file of `articles/`, as it is: `fields` is the front matter, unchecked."""

    path: Path
    fields: Mapping[str, Any]
    body: str

    @property
    def id(self) -> str:
        return self.path.name.removesuffix(".md")

    @property
    def language(self) -> str:
        return self.id.rsplit(".", 1)[-1]

    @property
    def paragraphs(self) -> list[str]:
        return [paragraph for paragraph in self.body.split("\n\n") if paragraph.strip()]


def load_briefs(corpus: Path = CORPUS) -> list[Brief]:
    """Read every brief, in the order of their paths."""
    posts = [(path, frontmatter.load(str(path))) for path in sorted(corpus.glob("articles/*/*.md"))]
    return [Brief(path, post.metadata, post.content) for path, post in posts]


def load_questions(corpus: Path = CORPUS) -> list[dict[str, Any]]:
    """Read every question, in the order of the file."""
    lines = (corpus / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def counts(rows: Sequence[tuple[str, str]], title: str, label: str) -> Table:
    """Lay out how many rows there are of each label in each language."""
    cells = Counter(rows)
    table = Table(title=title)
    table.add_column(label)
    for column in (*LANGUAGES, "all"):
        table.add_column(column, justify="right")
    for name in sorted({name for name, _ in rows}):
        row = [cells[name, language] for language in LANGUAGES]
        table.add_row(name, *map(str, row), str(sum(row)))
    table.add_section()
    totals = [sum(other == language for _, other in rows) for language in LANGUAGES]
    table.add_row("all", *map(str, totals), str(len(rows)))
    return table


def main() -> None:
    """Print the tables."""
    briefs, questions = load_briefs(), load_questions()
    console = Console()
    for label in ("year", "locale", "thread"):
        rows = [
            (brief.path.parent.name if label == "year" else str(brief.fields.get(label, "–")), brief.language)
            for brief in briefs
        ]
        console.print(counts(rows, f"Briefs by {label}", label))
    for label in ("type", "split", "thread"):
        console.print(counts([(q[label], q["language"]) for q in questions], f"Questions by {label}", label))


if __name__ == "__main__":
    main()
