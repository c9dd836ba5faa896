"""`regbrief feeds`: follow feeds, in which `regbrief sync` fetches what is new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.bars import opened
from bot.console import Folder, Json, complain, errors, out, print_json
from bot.errors import InputError
from bot.library_cli import sync
from bot.outcomes import Failure, Feed

app = typer.Typer(help="Follow RSS, Atom and JSON feeds.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    addresses: Annotated[list[str] | None, typer.Argument(help="Feeds, or pages that link to one.")] = None,
    file: Annotated[Path | None, typer.Option(help="A text with one address a line, or an OPML file.")] = None,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Follow feeds; `regbrief sync` fetches them."""
    wanted = [*(addresses or []), *(_listed(file) if file else [])]
    if not wanted:
        raise InputError("No feed is named.", hint="Give addresses, or a list of them with --file.")
    with opened(indexes=indexes) as bot, _spinner("Looking for feeds") as progress:
        progress.add_task("")
        followed = bot.follow(wanted)
    if as_json:
        print_json(followed)
    for each in followed:
        if isinstance(each, Failure):
            complain(f"{each.where}: {each.why}")
        elif not as_json:
            out.print(f"{each.title or '–'}  {each.url}", markup=False, highlight=False, soft_wrap=True)
    if not any(isinstance(each, Feed) for each in followed):
        raise typer.Exit(1)


@app.command("list")
def list_feeds(as_json: Json = False, indexes: Folder = None) -> None:
    """List the feeds that are followed, with what became of them the last time."""
    with opened(indexes=indexes) as bot:
        feeds = bot.feeds()
    if as_json:
        print_json(feeds)
        return
    table = Table("feed", "address", "articles", "last read", "problem", box=None)
    for feed in feeds:
        when = f"{feed.synced:%Y-%m-%d %H:%M}" if feed.synced else "–"
        table.add_row(escape(feed.title), escape(feed.url), str(feed.articles), when, escape(feed.problem or ""))
    out.print(table)


@app.command("sync")
def sync_feeds(as_json: Json = False, indexes: Folder = None) -> None:
    """Fetch what is new in the feeds that are followed, as `regbrief sync` does."""
    sync(None, as_json=as_json, indexes=indexes)


@app.command()
def remove(address: str, indexes: Folder = None) -> None:
    """Follow a feed no longer; its articles stay."""
    with opened(indexes=indexes) as bot:
        bot.unfollow(address)
    errors.print("Removed 1.")


def _listed(file: Path) -> list[str]:
    from bot.readers import feed

    try:
        return feed.listed(file.read_text("utf-8-sig"))
    except (OSError, UnicodeError) as error:
        raise InputError(f"{str(file)!r} cannot be read: {error}.", hint="Give a text in UTF-8.") from error


def _spinner(what: str) -> Progress:
    columns = (SpinnerColumn(), TextColumn(what), TextColumn("{task.completed:.0f}"), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True)
