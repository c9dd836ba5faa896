"""`regbrief ingest` and `regbrief sync`: what goes into the library, with its progress, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot import folders as following
from bot import intake
from bot.bars import Bars, opened
from bot.console import Folder, Json, complain, errors, out, print_json
from bot.engine import Regbrief
from bot.errors import InputError
from bot.holdings import given
from bot.outcomes import FeedSync, FolderSync, Ingested, Preview, Synced
from bot.settings import Settings

app = typer.Typer(
    help="Folders that `regbrief sync FOLDER` keeps in step.", no_args_is_help=True, rich_markup_mode=None
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
_MARKS = {"add": "+", "update": "~", "remove": "-", "copy": "="}


def ingest(
    what: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, addresses of pages and feeds; default: the corpus.")
    ] = None,
    dry_run: DryRun = False,
    workers: Annotated[
        str, typer.Option("--workers", help="Who reads and encodes files: ray, a number, or ray://HOST:PORT.")
    ] = "",
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Read articles into the library; what is there already and unchanged is left alone."""
    settings = Settings.read(indexes=indexes)
    named = what or [str(settings.corpus / "articles")]
    if dry_run:
        with intake.looked_at(settings.indexes, settings.catalog.get_secret_value()) as catalog:
            _foresee(intake.preview(catalog, given(named)), as_json)
        return
    with opened(settings) as bot, Bars() as bars:
        done = bot.add(named, progress=bars, workers=workers)
    if as_json:
        print_json(done)
    else:
        _report(done)
    _end(bars, failed=_nothing_but_failures(done))


def sync(
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders; default: the feeds that are followed.")] = None,
    dry_run: DryRun = False,
    insist: Annotated[
        bool, typer.Option("--insist", help="Remove articles even if all or most files of a folder are gone.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Read every file, also one that has not changed.")] = False,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Bring the library in step with folders; or fetch what is new in the feeds, with the full text of each entry."""
    if not folders and (dry_run or insist or fresh):
        raise InputError("No folder is named.", hint="Feeds are synced without options.")
    settings = Settings.read(indexes=indexes)
    if dry_run:
        with intake.looked_at(settings.indexes, settings.catalog.get_secret_value()) as catalog:
            for folder in folders or ():
                _foresee(following.preview(catalog, folder, insist=insist, fresh=fresh), as_json)
        return
    with opened(settings) as bot, Bars() as bars:
        done = bot.sync(folders or (), insist=insist, fresh=fresh, progress=bars)
    if as_json:
        print_json(done)
    else:
        _report_sync(done, about_feeds=not folders)
    _end(bars, failed=bool(done.feeds) and all(feed.problem for feed in done.feeds))


@app.command("list")
def list_folders(as_json: Json = False, indexes: Folder = None) -> None:
    """List the folders that have been synced."""
    with opened(indexes=indexes) as bot:
        found = bot.folders()
    if as_json:
        print_json(found)
        return
    for each in found:
        when = f"{each.synced:%Y-%m-%d %H:%M}" if each.synced else "–"
        line = f"{each.path}  files {each.files:,}, last synced {when}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def forget(folder: Path, indexes: Folder = None) -> None:
    """Keep a folder in step no longer; its articles stay."""
    with opened(indexes=indexes) as bot:
        bot.forget_folder(folder)
    errors.print("Forgotten; its articles stay.")


def build(bot: Regbrief, settings: Settings) -> None:
    """Read the shipped corpus in, with a progress bar, and say what came of it."""
    folder = settings.corpus / "articles"
    if not folder.is_dir():
        errors.print(f"No corpus in {folder}: serving the library as it is.", markup=False)
        return
    with Bars() as bars:
        done = bot.add(folder, progress=bars)
    if done.added or done.updated or done.failed:
        _report(done)
    bars.end("Stopped. What is in is kept.")


def _report(done: Ingested) -> None:
    errors.print(_counts(done), highlight=False)
    _complain_of(done)


def _report_sync(done: Synced, *, about_feeds: bool) -> None:
    if about_feeds and not done.feeds:
        errors.print("No feed is followed. Add one with `regbrief feeds add ADDRESS`.", markup=False, highlight=False)
    for feed in done.feeds:
        title = feed.title or feed.url
        if feed.problem:
            complain(f"{title}: {feed.problem}")
        else:
            errors.print(f"{title}: {_of_feed(feed)}", markup=False, highlight=False, soft_wrap=True)
            _complain_of(feed.ingested)
    for folder in done.folders:
        errors.print(f"{folder.path}: {_of_folder(folder)}", markup=False, highlight=False, soft_wrap=True)
        _complain_of(folder.ingested)


def _of_feed(feed: FeedSync) -> str:
    return _counts(feed.ingested) + (f", waiting for the next time {feed.waiting}" if feed.waiting else "")


def _of_folder(folder: FolderSync) -> str:
    files = f"files read {folder.read:,}, moved {folder.moved:,}, unchanged {folder.untouched:,}"
    return f"{_counts(folder.ingested, removed=folder.removed)} ({files})"


def _counts(done: Ingested, *, removed: int | None = None) -> str:
    gone = "" if removed is None else f"removed {removed:,}, "
    return (
        f"added {done.added:,}, updated {done.updated:,}, {gone}unchanged {done.unchanged:,}, "
        f"duplicates {done.duplicates:,}, failed {len(done.failed):,}"
    )


def _complain_of(done: Ingested) -> None:
    for failure in done.failed:
        complain(f"  {failure.where}: {failure.why}")
    for partial in done.partial:
        complain(f"  {partial.where}: only the feed's own text, as: {partial.why}", style="yellow")


def _foresee(found: Preview, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for each in found.changes:
        out.print(f"{_MARKS[each.change]} {each.title}  ({each.where})", markup=False, highlight=False, soft_wrap=True)
    moved = f", files moved {found.moved:,}" if found.moved else ""
    errors.print(f"would be: {_counts(found.ingested, removed=found.removed)}{moved}", highlight=False)
    _complain_of(found.ingested)


def _nothing_but_failures(done: Ingested) -> bool:
    return bool(done.failed) and not (done.added or done.updated or done.unchanged or done.duplicates)


def _end(bars: Bars, *, failed: bool) -> None:
    bars.end("Stopped. What is counted above is kept; the same command goes on from there.")
    if failed:
        raise typer.Exit(1)
