"""`regbrief eval`: measure answers, and compare two measurements."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from bot.errors import InputError, MissingExtra
from bot.settings import Settings

app = typer.Typer(help="Measure the quality of answers, offline, and compare two measurements.", rich_markup_mode=None)
errors = Console(stderr=True)
out = Console()

SURE = 0.05
"""False discovery rate below which a change is marked."""


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    suite: Annotated[str, typer.Option(help="gold, squad, rgb, parallel, trec, crud or multihop.")] = "gold",
    split: Annotated[str, typer.Option(help="Of the shipped questions: dev, test or all.")] = "dev",
    data: Annotated[
        list[Path] | None, typer.Option(help="Your copy of the set's file or folder (squad and rgb: repeatable).")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Ask the server at http://HOST:PORT instead of a library.")] = None,
    api_key: Annotated[str, typer.Option(envvar="REGBRIEF_API_KEY", help="Key of that server.")] = "",
    answers: Annotated[Path | None, typer.Option(help="Measure another system's answers (JSON lines).")] = None,
    limit: Annotated[int | None, typer.Option(help="So many questions, drawn with the seed.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw and the bootstrap.")] = 0,
    depth: Annotated[int, typer.Option(help="Search results a question.", min=1, max=100)] = 10,
    scripts: Annotated[bool, typer.Option(help="Ask Chinese questions in the other script, too.")] = False,
    ablate: Annotated[bool, typer.Option(help="Also measure with one part off at a time.")] = False,
    without: Annotated[list[str] | None, typer.Option(help="Only turn off this part (repeatable).")] = None,
    judge: Annotated[str | None, typer.Option(help="provider:model that judges the answers, too.")] = None,
    judge_url: Annotated[str, typer.Option(help="Address of the judge's OpenAI-compatible endpoint.")] = "",
    folder: Annotated[Path | None, typer.Option("--out", help="Where the report goes (reports/SUITE-SPLIT).")] = None,
    fresh: Annotated[bool, typer.Option(help="Forget the results of an earlier run.")] = False,
    export: Annotated[Path | None, typer.Option(help="Only write the articles and questions to this folder.")] = None,
    floors: Annotated[Path | None, typer.Option(help="Measure what this file names and hold it to its floors.")] = None,
    write: Annotated[bool, typer.Option(help="With --floors: write today's figures into the file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    indexes: Annotated[Path | None, typer.Option(help="The library's folder (default: REGBRIEF_INDEXES).")] = None,
) -> None:
    """Ask a suite's questions, measure the answers, and write report.json and report.html."""
    if context.invoked_subcommand:
        return
    from bot.evaluation import session
    from bot.evaluation.floors import hold

    settings = Settings.read(indexes=indexes)
    if floors:
        with _bars() as bar:
            held = hold(floors, settings, bar=bar, write=write)
        _print_floors(held)
        if any(not each.held for each in held):
            raise typer.Exit(1)
        return
    plan = session.Plan(
        suite=suite,
        split=split,
        data=tuple(data or ()),
        target=target,
        api_key=api_key,
        answers=answers,
        limit=limit,
        seed=seed,
        depth=depth,
        scripts=scripts,
        out=folder or Path("reports") / "-".join(filter(None, (suite, split if suite == "gold" else ""))),
        fresh=fresh,
        judge=judge,
        judge_url=judge_url,
    )
    if export:
        session.write_out(plan, settings, export)
        errors.print(f"Wrote articles.jsonl and questions.jsonl to {export}.", highlight=False)
        return
    with _bars() as bar:
        measured = session.evaluate(plan, settings, bar=bar)
        names = tuple(without or (session.ABLATIONS if ablate else ()))
        ablations = session.ablate(plan, settings, bar=bar, without=names) if names else None
    found = session.report(plan, measured, ablations=ablations)
    paths = _write(found, plan.out)
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        return
    _print_metrics(found)
    if ablations:
        _print_ablations(found)
    errors.print(f"Wrote {' and '.join(map(str, paths))}.", highlight=False, soft_wrap=True)


@app.command()
def compare(
    before: Path,
    after: Path,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compare two report.json of the same questions: paired differences, significance, and what changed."""
    _need_extra()
    from bot.evaluation.compare import compare as compared
    from bot.evaluation.compare import table

    found = compared(_read(before), _read(after))
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        return
    out.print(table(found), markup=False, highlight=False, soft_wrap=True)


def _write(report: dict[str, Any], folder: Path) -> Sequence[Path]:
    from bot.evaluation.report import write

    write(report, folder)
    return folder / "report.json", folder / "report.html"


def _read(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} is not a report: {error}.", hint="Give a report.json.") from error
    if not isinstance(report, dict) or "questions" not in report:
        raise InputError(f"{str(path)!r} is not a report.", hint="Give a report.json.")
    return report


def _need_extra() -> None:
    try:
        import scipy.stats  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            "Comparing needs the package 'scipy'.", hint="Install it: pip install 'regbrief[eval]'."
        ) from error


def _print_metrics(report: Mapping[str, Any]) -> None:
    name = " ".join(filter(None, (report["suite"], report["split"])))
    table = Table("measure", "value", "95 % interval", "n", title=f"{name}, {report['target']}", box=None)
    for metric, each in report["metrics"].items():
        table.add_row(metric, _figure(each["value"]), f"{_figure(each['low'])}–{_figure(each['high'])}", str(each["n"]))
    out.print(table)


def _print_ablations(report: Mapping[str, Any]) -> None:
    shown = [
        name for name in ("correct", "key_facts", "recall@10", "ndcg@10", "refusal_f1") if name in report["metrics"]
    ]
    shown = shown or list(report["metrics"])[:5]
    table = Table(
        Column("without", no_wrap=True),
        *shown,
        title="What each part is worth: the figure without it, and the change (* significant)",
        box=None,
    )
    for part, each in report["ablations"].items():
        row = []
        for name in shown:
            value, whole = each["metrics"].get(name, {}).get("value"), report["metrics"][name]["value"]
            sure = each["differences"].get(name, {}).get("q", 1) < SURE
            row.append("–" if value is None else f"{_figure(value)} ({value - whole:+.3f}{'*' if sure else ''})")
        table.add_row(part.replace("_", " "), *row)
    out.print(table)


def _print_floors(held: Sequence[Any]) -> None:
    table = Table("measure", "now", "floor", "", box=None)
    for each in held:
        table.add_row(each.name, _figure(each.value), _figure(each.floor), "" if each.held else "below")
    out.print(table)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


@contextmanager
def _bars() -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as progress:

        def start(title: str, total: int) -> Callable[[int], None]:
            task = progress.add_task(title, total=total)
            return lambda count: progress.advance(task, count)

        yield start
