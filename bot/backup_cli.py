"""`regbrief backup` and `regbrief restore`: a library as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal

from bot.backup import backup as back_up
from bot.bars import Bars
from bot.console import Folder, Json, errors, print_json
from bot.engine import Regbrief
from bot.outcomes import Backup
from bot.settings import Settings

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]


def backup(file: Path, overwrite: Overwrite = False, as_json: Json = False, indexes: Folder = None) -> None:
    """Write the library to one file; it may be in use."""
    settings = Settings.read(indexes=indexes).in_folder("backup")
    with Bars() as bars:
        done = back_up(settings.indexes, file, overwrite=overwrite, progress=bars)
    bars.end("Stopped. No backup is made.")
    _report("backed up", done, as_json)


def restore(file: Path, overwrite: Overwrite = False, as_json: Json = False, indexes: Folder = None) -> None:
    """Make the library what it was when it was backed up; the file is checked before anything is changed."""
    with Bars() as bars:
        done = Regbrief.restore(file, Settings.read(indexes=indexes), overwrite=overwrite, progress=bars)
    bars.end("Stopped. The library is as it was.")
    _report("restored", done, as_json)


def _report(verb: str, done: Backup, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    made = f"{done.made:%Y-%m-%d %H:%M} UTC"
    line = f"{verb} {done.articles:,} articles, as they stood on {made}: {done.path} ({decimal(done.bytes)})"
    errors.print(line, markup=False, highlight=False, soft_wrap=True)
