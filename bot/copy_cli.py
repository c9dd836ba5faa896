"""`regbrief copy`: a library in another place, on the same engines or on others."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.bars import Bars
from bot.console import Json, complain, errors, print_json
from bot.engine import Regbrief
from bot.outcomes import Copied
from bot.settings import Settings

PARTS = "FOLDER[,postgresql://…][,milvus:http://…]"


def copy(
    to: Annotated[
        str,
        typer.Option("--to", metavar=PARTS, help="Where the copy is to be: an empty folder, and what is not in it."),
    ],
    origin: Annotated[
        str | None, typer.Option("--from", metavar=PARTS, help="The library (default: as REGBRIEF_* name it).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring the library to another place without encoding again, and compare the two; a copy broken off goes on.

    Exit status 1 where something is not the same.
    """
    settings = Settings.read()
    with Bars() as bars:
        done = Regbrief.copy(to, settings.at(origin) if origin else settings, progress=bars)
    bars.end("Stopped. The same command goes on from there.")
    if as_json:
        print_json(done)
    else:
        _report(done)
    if not done.verified:
        raise typer.Exit(1)


def _report(done: Copied) -> None:
    counts = f"{done.articles:,} articles, {done.passages:,} passages"
    again = f", of which {done.encoded:,} had no vector and were encoded" if done.encoded else ""
    said = "is there already, and was compared only" if done.already else f"copied {counts}{again}"
    errors.print(f"{done.source} → {done.target}: {said}", markup=False, highlight=False, soft_wrap=True)
    for difference in done.differences:
        complain(f"  {difference}")
    rows = sum(table.rows for table in done.tables)
    if done.verified:
        checked = f"{len(done.tables)} tables with {rows:,} rows by SHA-256, {done.vectors:,} vectors one by one"
        line = f"verified: {checked}, and {done.passages:,} passages in both halves of the search"
        errors.print(line, markup=False, highlight=False, soft_wrap=True)
    elif done.already:
        complain("The copy is a library of its own since it was whole: nothing was changed.", style="yellow")
    else:
        complain("The copy is not whole, and cannot be used. Run the same command again.", style="yellow")
