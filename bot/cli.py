"""The command line: the same verbs as Python and HTTP. With --json, stdout carries that JSON and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bot import prompts, readers
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
from bot.digest_cli import digest, summarize, timeline
from bot.engine import Regbrief, is_address
from bot.errors import BotError
from bot.evaluation.cli import app as evaluation
from bot.feedback_cli import app as feedback
from bot.feeds_cli import app as feeds
from bot.feeds_cli import sync
from bot.language import detect
from bot.records import Answer, AnswerLanguage, Citation, Hit, Ingested
from bot.settings import Settings

app = typer.Typer(
    help="Questions on technology regulation, answered with quotations that were checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(evaluation, name="eval")
app.add_typer(feeds, name="feeds")
app.add_typer(feedback, name="feedback")
app.command()(sync)
for verb in (digest, timeline, summarize):
    app.command()(verb)


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
def ingest(
    what: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, addresses of pages and feeds; default: the corpus.")
    ] = None,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Read articles into the library; what is there already and unchanged is left alone."""
    settings = Settings.read(indexes=indexes)
    with Regbrief.open(settings) as bot:
        done = _ingest(bot, what or [settings.corpus / "articles"])
    if as_json:
        print_json(done)
    else:
        _report(done)
    if done.failed and not (done.added or done.updated or done.unchanged or done.duplicates):
        raise typer.Exit(1)


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
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Answer a question with quoted sentences, or refuse."""
    with Regbrief.open(indexes=indexes) as bot:
        answer = bot.ask(
            question,
            today=day(today),
            read_dates=read_dates,
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
    with Regbrief.open(indexes=indexes) as bot:
        found = bot.search(question, limit=limit, **filters(since, until, language, source))
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
    with Regbrief.open(indexes=indexes) as bot:
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
    with Regbrief.open(indexes=indexes) as bot:
        bot.remove(article_ids)
    errors.print(f"Removed {len(article_ids)}.")


@app.command()
def doctor(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the indexes anew from the catalog.")] = False,
    as_json: Json = False,
    indexes: Folder = None,
) -> None:
    """Check the library; exit status 1 where something is wrong."""
    from bot.library import readable

    settings = Settings.read(indexes=indexes)
    if rebuild:
        with _bar() as bar:
            task = bar.add_task("passages", total=None)
            Regbrief.rebuild(settings, progress=lambda count: bar.advance(task, count)).close()
    damage = readable(settings.indexes)
    if damage:
        problems, count = [f"An index cannot be read: {damage}. Run `regbrief doctor --rebuild`."], None
    else:
        with Regbrief.open(settings) as bot:
            problems, count = bot.problems(), bot.count()
    report = {"library": str(settings.indexes), "articles": count, "encoder": settings.encoder, "problems": problems}
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            if name != "problems":
                out.print(f"{name}: {value}", markup=False, highlight=False)
        for problem in problems or ["All is well."]:
            out.print(problem, markup=False, highlight=False)
    if problems:
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: REGBRIEF_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port (default: REGBRIEF_PORT).")] = None,
    indexes: Folder = None,
) -> None:
    """Serve the page and the API; first bring the shipped corpus into the library if it has changed."""
    settings = Settings.read(host=host, port=port, indexes=indexes)
    with Regbrief.open(settings) as bot:
        build(bot, settings)
        from bot.serve.app import run

        run(bot, settings)


def build(bot: Regbrief, settings: Settings) -> None:
    """Read the shipped corpus in, with a progress bar, and say what came of it."""
    folder = settings.corpus / "articles"
    if not folder.is_dir():
        errors.print(f"No corpus in {folder}: serving the library as it is.", markup=False)
        return
    done = _ingest(bot, [folder])
    if done.added or done.updated or done.failed:
        _report(done)


def _ingest(bot: Regbrief, what: Sequence[str | Path]) -> Ingested:
    files = sum(1 if is_address(str(each)) else len(readers.find(Path(each))) for each in what)
    with _bar() as bar:
        task = bar.add_task("articles", total=files)

        def advance(count: int) -> None:
            bar.advance(task, count)
            bar.update(task, total=max(files, bar.tasks[task].completed))  # a file or feed may hold many articles

        return bot.add(what, progress=advance)


def _bar() -> Progress:
    columns = (TextColumn("Indexing {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors)


def _report(done: Ingested) -> None:
    errors.print(
        f"added {done.added}, updated {done.updated}, unchanged {done.unchanged}, duplicates {done.duplicates}, "
        f"failed {len(done.failed)}",
        highlight=False,
    )
    for failure in done.failed:
        complain(f"  {failure.where}: {failure.why}")
    for partial in done.partial:
        complain(f"  {partial.where}: only the feed's own text, as: {partial.why}", style="yellow")


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
