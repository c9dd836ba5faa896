"""The command line: the same verbs as Python and HTTP. With --json, stdout carries that JSON and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bot import prompts
from bot.backup_cli import backup, restore
from bot.bars import opened
from bot.console import (
    Day,
    Folder,
    Json,
    Languages,
    Sources,
    Spoken,
    Today,
    complain,
    day,
    errors,
    filters,
    out,
    print_json,
)
from bot.copy_cli import copy
from bot.digest_cli import digest, summarize, timeline
from bot.doctor_cli import doctor
from bot.errors import BotError
from bot.evaluation.cli import app as evaluation
from bot.feedback_cli import app as feedback
from bot.feeds_cli import app as feeds
from bot.keys_cli import app as keys
from bot.language import detect
from bot.library_cli import app as folders
from bot.library_cli import build, ingest, sync
from bot.mcp_cli import mcp
from bot.records import Answer, AnswerLanguage, Citation, Hit
from bot.release import release
from bot.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(evaluation, name="eval")
app.add_typer(feeds, name="feeds")
app.add_typer(feedback, name="feedback")
app.add_typer(keys, name="keys")
app.add_typer(folders, name="folders")
for verb in (ingest, digest, timeline, summarize, sync, backup, restore, copy, doctor, mcp):
    app.command()(verb)


def _say_release(wanted: bool) -> None:
    if wanted:
        out.print(f"regbrief {release()}", highlight=False)
        raise typer.Exit


@app.callback()
def regbrief(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_release, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    """Questions on technology regulation, answered with quotations that were checked."""


def main() -> None:
    """Run the command line; a BotError becomes one line on stderr and exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except BotError as error:
        complain(f"regbrief: {error}")
        sys.exit(1)


@app.command()
def ask(
    question: str,
    since: Day = None,
    until: Day = None,
    language: Languages = None,
    source: Sources = None,
    today: Today = None,
    answer_language: Spoken = None,
    read_dates: Annotated[bool, typer.Option(help="Let words such as 'last month' set the window.")] = True,
    read_sources: Annotated[
        bool, typer.Option(help="Let 'according to Reuters' and 'in Chinese sources' narrow.")
    ] = True,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Answer a question with quoted sentences, or refuse."""
    with opened(indexes=indexes) as bot:
        answer = bot.ask(
            question,
            today=day(today),
            read_dates=read_dates,
            read_sources=read_sources,
            answer_language=answer_language,
            **filters(since, until, language, source),
        )
    if as_json:
        print_json(answer)
    else:
        _print_answer(answer)


@app.command()
def search(
    question: str,
    limit: int = 10,
    since: Day = None,
    until: Day = None,
    language: Languages = None,
    source: Sources = None,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """List the passages that match best."""
    with opened(indexes=indexes) as bot:
        found = bot.search(question, limit=limit, **filters(since, until, language, source))
    for half in found.lost:
        complain(prompts.LOST[half][detect(question)], style="yellow")
    if as_json:
        print_json(found)
        return
    for number, hit in enumerate(found, 1):
        where = f"{escape(hit.source)} · {hit.published or '–'}"
        out.print(f"[bold]{number}. {escape(hit.title)}[/bold]  [dim]{where}[/dim]")
        out.print(hit.text, markup=False, highlight=False, soft_wrap=True)
        out.print(f"{hit.article_id} {hit.start}–{hit.end} · {hit.score:.2f}", style="dim", markup=False)
        _print_others(detect(question), hit, shown=found[: number - 1])
        out.print()


@app.command()
def articles(
    article_id: Annotated[str | None, typer.Argument(help="Show this article in full.")] = None,
    since: Day = None,
    until: Day = None,
    language: Languages = None,
    source: Sources = None,
    limit: int = -1,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """List the articles, newest first, or show one."""
    with opened(indexes=indexes) as bot:
        if article_id is not None:
            article = bot.article(article_id)
            if as_json:
                print_json(article)
            else:
                about = f"{article.source} · {article.published or '–'} · {article.url or '–'}"
                whole = f"{article.title}\n{about}\n\n{article.body}"
                out.print(whole, markup=False, highlight=False, soft_wrap=True)
            return
        found = list(bot.articles(limit=limit, **filters(since, until, language, source)))
    if as_json:
        print_json(found)
        return
    table = Table("published", "language", "id", "title", "outlet", box=None)
    for each in found:
        table.add_row(str(each.published or "–"), each.language, each.id, escape(each.title), escape(each.source))
    out.print(table)


@app.command()
def remove(article_ids: list[str], indexes: Folder = None) -> None:
    """Remove articles, by id, from the library."""
    with opened(indexes=indexes) as bot:
        bot.remove(article_ids)
    errors.print(f"Removed {len(article_ids)}.")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: REGBRIEF_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port (default: REGBRIEF_PORT).")] = None,
    indexes: Folder = None,
) -> None:
    """Serve the page and the API; first bring the shipped corpus into the library if it has changed."""
    settings = Settings.read(host=host, port=port, indexes=indexes)
    from bot.serve.access import anonymous

    anonymous(settings)  # before the library is brought up to date, which may take minutes
    with opened(settings) as bot:
        build(bot, settings)
        from bot.serve.app import run

        run(bot, settings, started=lambda address: errors.print(f"Serving {address} – Ctrl+C stops it."))


def _print_answer(answer: Answer) -> None:
    if answer.abstained:
        out.print(answer.answer, markup=False, highlight=False, soft_wrap=True)
        return
    cited = {citation.number: citation for citation in answer.citations}
    for claim in answer.claims:
        marks = "".join(f"[{number}]" for number in claim.citations)
        marks += "" if claim.status == "verified" else prompts.UNSUPPORTED[answer.language]
        quoted = next((cited[n] for n in claim.citations if cited[n].quote == claim.text), None)
        before, words, after = quoted.pieces if quoted else (claim.text, "", "")
        told = Text.assemble(claim.context, before, (words, "bold"), after, claim.gloss, f" {marks}")
        out.print(told, highlight=False, soft_wrap=True)
    for note in answer.notes:
        out.print(note, style="italic", markup=False, highlight=False, soft_wrap=True)
    out.print()
    for number, citation in cited.items():
        line = f"[{number}] {citation.title} · {citation.source} · {citation.published or '–'} · {citation.article_id}"
        place = f"{citation.start}–{citation.end}{f' · page {citation.page}' if citation.page else ''}"
        out.print(f"{line} {place}", style="dim", markup=False, highlight=False, soft_wrap=True)
        _print_others(answer.language, citation, shown=answer.citations[: number - 1])
    out.print(f"as of {answer.as_of or '–'} · {answer.timings_ms['total']:.0f} ms", style="dim", highlight=False)


def _print_others(language: AnswerLanguage, voice: Hit | Citation, *, shown: Sequence[Hit | Citation]) -> None:
    """Name who told the same story, once for each story that is shown."""
    if voice.also_reported_by and voice.also_reported_by not in [each.also_reported_by for each in shown]:
        line = prompts.also_reported(language, voice.also_reported_by)
        out.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)
