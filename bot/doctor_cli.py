"""`regbrief doctor`: what is wrong with a library, and what mends it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.bars import Bars, opened
from bot.console import Folder, Json, complain, out, print_json
from bot.engine import Regbrief
from bot.errors import LibraryError, ServerError
from bot.salvage import Salvaged, salvage
from bot.seal import readable
from bot.settings import Settings

REBUILD, SALVAGE, COPY = "regbrief doctor --rebuild", "regbrief doctor --salvage", "regbrief copy"
FIXES = {"The catalog": SALVAGE, "is an unfinished copy": COPY}
"""What mends it where a rebuild does not, by words of the problem."""


def doctor(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the indexes anew from the catalog.")] = False,
    rescue: Annotated[
        bool,
        typer.Option("--salvage", help="Make a new catalog of what can be read of a damaged one."),
    ] = False,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Check the library; exit status 1 where something is wrong."""
    settings = Settings.read(indexes=indexes)
    saved = salvage(settings.in_folder("--salvage").indexes) if rescue else None
    if saved:
        _tell(saved)
    if rebuild or saved:
        with Bars() as bars:
            Regbrief.rebuild(settings, progress=bars).close()
        bars.end("Stopped. `regbrief doctor` goes on from there.")
    report = examine(settings)
    if as_json:
        print_json(report | ({"salvaged": saved} if saved else {}))
    else:
        _print(report)
    if report["problems"]:
        raise typer.Exit(1)


def examine(settings: Settings) -> dict[str, Any]:
    """Compare every part of the library with the catalog; `fix` is the command that mends it, if one is needed."""
    count, problems, fix, down = None, [], None, False
    damage = readable(settings.indexes)
    try:
        if damage:
            problems = [f"An index cannot be read: {damage.removesuffix(f' Run `{REBUILD}`.')}"]
        else:
            with opened(settings) as bot:
                problems, count = bot.problems(), bot.count()
    except LibraryError as error:
        problems = [str(error)]
        down = isinstance(error, ServerError)
    if problems and not down:
        fix = next((each for words, each in FIXES.items() if any(words in problem for problem in problems)), REBUILD)
    about = {"library": str(settings.indexes), "articles": count, "encoder": settings.encoder}
    return about | {"problems": problems, "fix": fix}


def _print(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if name not in ("problems", "fix"):
            out.print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)
    for problem in report["problems"] or ["All is well."]:
        out.print(problem, markup=False, highlight=False, soft_wrap=True)
    if report["fix"] and not any("Run `" in problem for problem in report["problems"]):
        out.print(f"Run `{report['fix']}`.", markup=False, highlight=False, soft_wrap=True)


def _tell(saved: Salvaged) -> None:
    lost = f"; lost {len(saved.lost)}" if saved.lost else ""
    complain(f"Saved {saved.articles} articles{lost}. The damaged catalog is kept as {saved.kept}.", style="yellow")
    for article_id in saved.lost:
        complain(f"  lost: {article_id}")
