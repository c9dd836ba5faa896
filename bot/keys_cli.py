"""`regbrief keys`: make, list and revoke the keys that open a server."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bot.console import Json, errors, out, print_json
from bot.errors import SettingsError
from bot.serve.keys import Keys, Scope, public
from bot.settings import Settings

app = typer.Typer(
    help="Make, list and revoke the keys that open the server.", no_args_is_help=True, rich_markup_mode=None
)

File = Annotated[Path | None, typer.Option("--file", help="The file of the keys (default: REGBRIEF_API_KEYS).")]


class ScopeOption(StrEnum):
    """`bot.serve.keys.Scope` as the command line library wants it."""

    READ = "read"
    ADMIN = "admin"


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="Whose key it is; the log of changes names it.")],
    scope: Annotated[
        ScopeOption, typer.Option(help="read: ask, search and read. admin: also change the library.")
    ] = ScopeOption.READ,
    as_json: Json = False,
    file: File = None,
) -> None:
    """Make a key and print it, this once: only its hash is kept. A running server takes it at once."""
    granted: Scope = "admin" if scope is ScopeOption.ADMIN else "read"
    key, token = _keys(file).make(name, granted)
    if as_json:
        print_json(public(key) | {"key": token})
        return
    errors.print(f"Key {name!r} ({scope}). Keep it: it is not shown again.", markup=False, highlight=False)
    out.print(token, markup=False, highlight=False, soft_wrap=True)


@app.command("list")
def list_keys(as_json: Json = False, file: File = None) -> None:
    """List the keys: who, with what scope, since when."""
    kept = _keys(file).all()
    if as_json:
        print_json([public(each) for each in kept])
        return
    if not kept:
        errors.print("There is no key. Make one with `regbrief keys make NAME`.", markup=False, highlight=False)
        return
    table = Table("id", "name", "scope", "made", box=None)
    for each in kept:
        table.add_row(each.id, escape(each.name), each.scope, f"{each.created:%Y-%m-%d %H:%M}")
    out.print(table)


@app.command()
def revoke(which: Annotated[str, typer.Argument(help="The name or the id of the key.")], file: File = None) -> None:
    """Take a key back: a running server refuses it, and who signed in with it, from the next request on."""
    key = _keys(file).revoke(which)
    errors.print(f"Revoked {key.name!r} ({key.id}).", markup=False, highlight=False)


def _keys(file: Path | None) -> Keys:
    path = Settings.read(api_keys=file).api_keys
    if path is None:
        raise SettingsError("No file of keys is named.", hint="Set REGBRIEF_API_KEYS to a path, or give --file.")
    return Keys(path)
