"""Measure answers on public dev sets beside the baseline, and write benchmarks/QUALITY.md.

    pip install -e '.[eval]' langchain-text-splitters
    python benchmarks/quality.py --data FOLDER          # all lines, or --only NAME for some

FOLDER holds your copies of the sets, without the questions that the reader was trained on (`python tools/held_out.py`
makes it): xquad_r/en.dev.json and zh.dev.json, ntrex/dev.jsonl, drcd/dev.json, cmrc2018/dev.json, rgb/zh_int.jsonl and
zh_fact.jsonl. Reports go to reports/quality/, where runs go on that were
interrupted; the page is made of the reports that are there. Nothing of the sets goes into the page but figures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

HERE = Path(__file__).parent
REPORTS = Path("reports") / "quality"
SEED = 0

INTRODUCTION = """\
Made by `python benchmarks/quality.py --data FOLDER`; not edited by hand. Dev parts only, without the questions that
the reader was trained on (FOLDER is made by `tools/held_out.py`). In brackets: 95 % bootstrap intervals. The baseline
is `benchmarks/baseline.py`: LangChain's RecursiveCharacterTextSplitter (1,000 characters, 200 of overlap), the same
encoder without language means and folding, Chroma's nearest chunks, and the first sentence of the first three as the
answer. It has nothing to refuse with. What each original measures, and how this differs, stands in every report and
in `bot/evaluation/datasets/`."""

Report = Mapping[str, Any]
Column = tuple[str, Callable[[Report], str]]


@dataclass(frozen=True)
class Line:
    """One set: its suite and files below the data folder, how many questions, and what the table shows."""

    name: str
    title: str
    suite: str
    files: tuple[str, ...]
    limit: int | None
    columns: tuple[Column, ...]
    note: str = ""
    """What a reader must know to judge the figures: above all, what was fitted on this set."""

    def options(self, data: str) -> list[str]:
        """Return the options that `regbrief eval` and the baseline share."""
        given = ["--suite", self.suite]
        for file in self.files:
            given += ["--data", f"{data}/{file}"]
        return given + (["--limit", str(self.limit)] if self.limit else [])


def metric(name: str) -> Callable[[Report], str]:
    """Read a measure with its interval."""
    return lambda report: _shown(report["metrics"].get(name))


def of_type(kind: str, name: str) -> Callable[[Report], str]:
    """Read a measure of one type of question."""
    return lambda report: _shown(report["by"]["type"].get(kind, {}).get(name))


def across(name: str) -> Callable[[Report], str]:
    """Read the mean of a measure over the cells whose document is in the other language, English or Chinese."""

    def read(report: Report) -> str:
        cells = [each for each in report["by"]["grid"] if each["question"][:2] != each["document"][:2]]
        values = [each["metrics"][name]["value"] for each in cells if name in each["metrics"]]
        return f"{fmean(values):.2f}" if values else "–"

    return read


def false_refusals(report: Report) -> str:
    """Read the share of answerable questions that were refused."""
    counts = report["counts"]
    answerable = counts["answered_right"] + counts["answered_wrong"] + counts["refused_wrongly"]
    share = counts["refused_wrongly"] / answerable if answerable else None
    return "–" if share is None else f"{share:.2f}"


def length(report: Report) -> str:
    """Read how long an answer is: what presence of the answer was bought with. Not better or worse."""
    return f"{report['metrics']['answer_tokens']['value']:.0f}"


def _shown(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "–"
    low, high = estimate.get("low"), estimate.get("high")
    interval = f" ({low:.2f}–{high:.2f})" if low is not None and high is not None else ""
    return f"{estimate['value']:.2f}{interval}"


READING: tuple[Column, ...] = (
    ("answer is in the quoted sentences", metric("key_facts")),
    ("tokens of an answer", length),
    ("false refusals (lower is better)", false_refusals),
    ("paragraph among the first ten", metric("article_recall@10")),
    ("nDCG@10 of paragraphs", metric("article_ndcg@10")),
)
LINES = (
    Line(
        "gold",
        "Shipped questions, dev",
        "gold",
        (),
        None,
        (
            ("right answers and right refusals", metric("correct")),
            ("needed facts stated", metric("key_facts")),
            ("evidence sentence quoted", metric("citation_recall_sentence")),
            ("unanswerable questions refused", metric("refusal_recall")),
            ("false refusals (lower is better)", false_refusals),
            ("tokens of an answer", length),
            ("evidence sentence in the first ten", metric("recall@10")),
            ("… where it is in the other language", across("recall@10")),
        ),
        "The weights and the threshold of the answers (`bot/models/answerer.json`) were fitted on these questions: "
        "these figures flatter. `regbrief eval --split test` is what they have not seen.",
    ),
    Line(
        "xquad_r",
        "XQuAD-R, English and Chinese paragraphs in one pool",
        "squad",
        ("xquad_r/en.dev.json", "xquad_r/zh.dev.json"),
        500,
        (*READING, ("paragraph in the other language among the first ten", across("article_recall@10"))),
    ),
    Line("drcd", "DRCD (traditional)", "squad", ("drcd/dev.json",), 500, READING),
    Line("cmrc2018", "CMRC 2018 (simplified)", "squad", ("cmrc2018/dev.json",), 500, READING),
    Line(
        "rgb_int",
        "RGB zh_int: two facts, out of two documents",
        "rgb",
        ("rgb/zh_int.jsonl",),
        None,
        (
            *(
                (f"both facts stated, noise {share}", of_type(f"integration_{share}", "correct"))
                for share in (0.0, 0.2, 0.4)
            ),
            ("refused where no document answers", of_type("rejection", "correct")),
        ),
        "That is 100 questions of RGB in four tasks.",
    ),
    Line(
        "rgb_fact",
        "RGB zh_fact",
        "rgb",
        ("rgb/zh_fact.jsonl",),
        None,
        (
            *(
                (f"answer stated, noise {share}", of_type(f"noise_{share}", "correct"))
                for share in (0.0, 0.2, 0.4, 0.6, 0.8)
            ),
            ("refused where no document answers", of_type("rejection", "correct")),
            ("true and changed value both stated", of_type("counterfactual", "correct")),
        ),
        "That is 100 questions of RGB in seven tasks; their documents are short snippets that were cut "
        "anywhere. The counterfactual row is our own task: true and changed documents in equal shares.",
    ),
    Line(
        "ntrex",
        "NTREX: find the article by a line that was taken out of it",
        "parallel",
        ("ntrex/dev.jsonl",),
        None,
        (
            ("all versions, first ten", metric("article_recall@10")),
            ("mAP over all versions", metric("article_map")),
            ("versions in the other language, first ten", across("article_recall@10")),
        ),
        "The two language means of the encoder were measured on these very lines: this shows that they do what they "
        "are for, XQuAD-R shows that they do it elsewhere.",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="data")
    parser.add_argument("--only", action="append", choices=[line.name for line in LINES])
    parser.add_argument("--page-only", action="store_true", help="make the page of the reports that are there")
    parser.add_argument("--again", action="store_true", help="let the baseline answer anew")
    given = parser.parse_args()
    for line in LINES:
        if not given.page_only and line.name in (given.only or [line.name]):
            measure(line, given.data, again=given.again)
    (HERE / "QUALITY.md").write_text("\n".join(page()) + "\n", "utf-8")


def measure(line: Line, data: str, *, again: bool = False) -> None:
    """Run Regbrief and the baseline on one set."""
    folder = REPORTS / line.name
    REPORTS.mkdir(parents=True, exist_ok=True)
    answers = REPORTS / f"{line.name}-baseline.jsonl"
    evaluate = [sys.executable, "-m", "bot", "eval", *line.options(data)]
    subprocess.run([*evaluate, "--out", str(folder)], check=True)
    if again or not answers.exists():
        draft = answers.with_suffix(".new")
        baseline = [sys.executable, str(HERE / "baseline.py"), *line.options(data), "--out", str(draft)]
        subprocess.run(baseline, check=True)
        draft.replace(answers)
    subprocess.run([*evaluate, "--answers", str(answers), "--out", f"{folder}-baseline"], check=True)


def page() -> Iterator[str]:
    """Write the page out of the reports that are there."""
    found = {line: pair for line in LINES if (pair := reports(line))}
    yield "# Answer quality on public sets, beside the pipeline that people would write instead"
    yield ""
    yield INTRODUCTION
    for line, (ours, theirs) in found.items():
        yield ""
        yield f"## {line.title}"
        yield ""
        yield from table(line, ours, theirs)
        yield ""
        yield from command(line)
    yield ""
    yield from measured_on([ours for ours, _ in found.values()])


def reports(line: Line) -> tuple[Report, Report] | None:
    """Read the two reports of a set, if both are there."""
    paths = [REPORTS / name / "report.json" for name in (line.name, f"{line.name}-baseline")]
    if not all(path.exists() for path in paths):
        return None
    ours, theirs = (json.loads(path.read_text("utf-8")) for path in paths)
    return ours, theirs


def table(line: Line, ours: Report, theirs: Report) -> Iterator[str]:
    """Write a row a figure."""
    drawn = f", drawn with seed {SEED}" if line.limit else ""
    yield f"{len(ours['questions'])} questions{drawn}. {line.note}".strip()
    yield ""
    yield "| | Regbrief | baseline |"
    yield "| --- | --- | --- |"
    for title, read in line.columns:
        yield f"| {title} | {read(ours)} | {read(theirs)} |"


def command(line: Line) -> Iterator[str]:
    """Write the commands of a line."""
    options = " ".join(line.options("FOLDER"))
    yield "```"
    yield f"regbrief eval {options}"
    yield f"python benchmarks/baseline.py {options} --out baseline.jsonl"
    yield f"regbrief eval {options} --answers baseline.jsonl"
    yield "```"


def measured_on(found: Sequence[Report]) -> Iterator[str]:
    """Write what the figures were measured on."""
    yield "## Measured on"
    yield ""
    yield "Where there are several digests, sets were measured at different states of the code."
    yield ""
    for name in ("regbrief", "python", "code"):
        yield f"- {name}: {', '.join(sorted({report['versions'][name] for report in found}))}"
    models = {(name, digest[:16]) for report in found for name, digest in report["versions"]["models"].items()}
    for name, digest in sorted(models):
        yield f"- bot/models/{name}: sha256 {digest}…"


if __name__ == "__main__":
    main()
