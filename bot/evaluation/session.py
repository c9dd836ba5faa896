"""A whole evaluation: a suite and a target opened, asked and measured, and its report put together."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.engine import Regbrief
from bot.errors import InputError, LibraryDamaged, LibraryMismatch
from bot.evaluation import datasets, versions
from bot.evaluation.figures import figures
from bot.evaluation.records import Result, Suite
from bot.evaluation.runner import DEPTH, Log, run
from bot.evaluation.targets import FileTarget, HttpTarget, LibraryTarget, Target, export, shipped
from bot.glossary import Glossary
from bot.records import EVERY_PART, Article, Parts
from bot.settings import Settings

ABLATIONS = tuple(each.name for each in fields(Parts))
INDEXED = ("folding", "language_means")
"""Parts that work while articles are indexed, too: without them a library of its own is built."""

Bar = Callable[[str, int], Callable[[int], None]]
"""Starts a progress bar with a title and a total, and returns what advances it."""


@dataclass(frozen=True)
class Plan:
    """What to evaluate, and how."""

    suite: str = "gold"
    split: str = "dev"
    data: tuple[Path, ...] = ()
    target: str | None = None
    api_key: str = field(default="", repr=False)
    answers: Path | None = None
    limit: int | None = None
    seed: int = 0
    depth: int = DEPTH
    scripts: bool = False
    out: Path = Path("reports")
    fresh: bool = False
    judge: str | None = None
    judge_url: str = ""
    parts: Parts = EVERY_PART

    def load(self, settings: Settings) -> Suite:
        """Read the suite's questions, and draw and multiply them as planned. Raises InputError."""
        data = self.data or ((settings.corpus / "questions.jsonl",) if self.suite == "gold" else ())
        suite = datasets.sample(datasets.load(self.suite, data, split=self.split), limit=self.limit, seed=self.seed)
        return datasets.in_both_scripts(suite) if self.scripts else suite


@dataclass(frozen=True)
class Session:
    """Results with what they were measured on."""

    suite: Suite
    results: tuple[Result, ...]
    target: str
    versions: Mapping[str, Any]
    measured: Mapping[str, Any]
    judged: Mapping[str, Any] | None = None


def evaluate(plan: Plan, settings: Settings, *, bar: Bar) -> Session:
    """Ask a suite's questions and measure the answers. What is interrupted goes on when it is called again."""
    suite, glossary = plan.load(settings), _glossary(settings)
    with _target(plan, suite, settings, bar) as target:
        known = {**target.versions(), "settings": _described(plan, settings)}
        log = Log(plan.out / "results.jsonl", configuration={"target": target.name, **known})
        if plan.fresh:
            log.forget()
        advance = bar(_title(plan), len(suite.questions))
        results = run(suite, target, log=log, depth=plan.depth, progress=advance)
        measured = figures(
            results,
            target.body,
            glossary=glossary,
            seed=plan.seed,
            progress=bar("Measuring", len(results)),
        )
        judged = _judge(plan, results, target, bar) if plan.judge else None
        return Session(suite, tuple(results), target.name, known, measured, judged)


def ablate(plan: Plan, settings: Settings, *, bar: Bar, without: Sequence[str] = ABLATIONS) -> dict[str, Session]:
    """Evaluate with one part off at a time; the name of the part leads to what came of it."""
    if plan.target or plan.answers:
        raise InputError("Parts can only be turned off in a library of this process.", hint="Leave out --target.")
    found = {}
    for name in without:
        if name not in ABLATIONS:
            raise InputError(f"There is no part {name!r}.", hint=f"Use one of {', '.join(ABLATIONS)}.")
        lessened = replace(plan, fresh=False, judge=None, parts=replace(EVERY_PART, **{name: False}))
        found[name] = evaluate(lessened, settings, bar=bar)
    return found


def write_out(plan: Plan, settings: Settings, folder: Path) -> None:
    """Write a suite's articles and questions to a folder, for a server or another system."""
    suite = plan.load(settings)
    articles = list(suite.articles) if suite.articles is not None else shipped(settings)
    export(suite, folder, articles=articles)


def report(plan: Plan, session: Session, *, ablations: Mapping[str, Session] | None = None) -> dict[str, Any]:
    """Put together what report.json holds."""
    whole = {
        "format": 1,
        "suite": session.suite.name,
        "split": session.suite.split,
        "target": session.target,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": plan.seed,
        "versions": dict(session.versions),
        "description": session.suite.description,
        **session.measured,
        "judge": session.judged,
    }
    worth = {name: _worth(whole, each) for name, each in ablations.items()} if ablations else None
    return {**whole, "ablations": worth}


def _worth(whole: Mapping[str, Any], lessened: Session) -> dict[str, Any]:
    """Return what is measured without a part, and the paired differences to the whole."""
    from bot.evaluation.compare import compare

    compared = compare(whole, {**whole, **lessened.measured})
    return {"metrics": lessened.measured["metrics"], "differences": compared["metrics"]}


@contextmanager
def _target(plan: Plan, suite: Suite, settings: Settings, bar: Bar) -> Iterator[Target]:
    if plan.answers:
        articles = list(suite.articles) if suite.articles is not None else shipped(settings)
        bodies = {article.id: article.body for article in articles}
        yield FileTarget(plan.answers, bodies=bodies.get, corpus=versions.corpus(articles))
    elif plan.target:
        with closing(HttpTarget.open(plan.target, api_key=plan.api_key)) as target:
            _check_evidence(suite, target)
            yield target
    else:
        with _library(plan, suite, settings, bar) as bot:
            local = LibraryTarget(bot, name=_named(plan, suite))
            if suite.articles is None:
                _check_evidence(suite, local)
            yield local


@contextmanager
def _library(plan: Plan, suite: Suite, settings: Settings, bar: Bar) -> Iterator[Regbrief]:
    """Open the library that the questions are about: the local one, or one built of the suite's articles."""
    rebuilt = [name for name in INDEXED if not getattr(plan.parts, name)]
    if suite.articles is None and not rebuilt:
        with Regbrief.open(settings, parts=plan.parts) as bot:
            if not bot.count():
                _fill(bot, shipped(settings), bar)
            yield bot
        return
    articles = list(suite.articles) if suite.articles is not None else _local(settings)
    name = versions.configuration({"articles": versions.corpus(articles), "without": rebuilt})
    folder = plan.out / "libraries" / name
    own = settings.model_copy(update={"indexes": folder})
    try:
        bot = Regbrief.open(own, parts=plan.parts)
    except (LibraryMismatch, LibraryDamaged):  # built by another version
        shutil.rmtree(folder)
        bot = Regbrief.open(own, parts=plan.parts)
    with bot:
        _fill(bot, articles, bar)
        yield bot


def _local(settings: Settings) -> list[Article]:
    with Regbrief.open(settings) as bot:
        return list(bot.articles()) or shipped(settings)


def _fill(bot: Regbrief, articles: Sequence[Article], bar: Bar) -> None:
    if bot.count() < len(articles):
        advance = bar("Indexing", len(articles))
        done = bot.add(articles, progress=lambda stage: advance(1) if stage.name == "reading" else None)
        if done.failed:
            raise InputError(f"{done.failed[0].where} cannot be added: {done.failed[0].why}")


def _check_evidence(suite: Suite, target: Target) -> None:
    """Raise InputError if the articles that prove the first answers are not there: no figure would mean anything."""
    proofs = [question.evidence[0].article_id for question in suite.questions if question.evidence]
    missing = [name for name in proofs[:20] if target.body(name) is None]
    if missing:
        raise InputError(
            f"{target.name} does not hold the article {missing[0]!r} that the suite {suite.name} asks about.",
            hint="Add the suite's articles first: `regbrief ingest`, or --export FOLDER for those of other suites.",
        )


def _judge(plan: Plan, results: Sequence[Result], target: Target, bar: Bar) -> dict[str, Any]:
    from bot.evaluation.judge import judge, open_chat

    name = plan.judge or ""
    chat = open_chat(name, base_url=plan.judge_url)
    return judge(results, target.body, chat, model=name, seed=plan.seed, progress=bar("Judging", len(results)))


def _glossary(settings: Settings) -> Glossary:
    path = settings.corpus / "glossary.yaml"
    return Glossary.open(*([path] if path.exists() else []))


def _described(plan: Plan, settings: Settings) -> dict[str, Any]:
    glossary = settings.corpus / "glossary.yaml"
    return {
        "encoder": settings.encoder,
        "glossary": versions.file(glossary) if glossary.exists() else None,
        "llm": settings.llm,
        "depth": plan.depth,
        "without": [name for name in ABLATIONS if not getattr(plan.parts, name)],
    }


def _named(plan: Plan, suite: Suite) -> str:
    return "library" if suite.articles is None else f"library of the suite {suite.name}"


def _title(plan: Plan) -> str:
    without = [name.replace("_", " ") for name in ABLATIONS if not getattr(plan.parts, name)]
    return f"Asking without {without[0]}" if without else "Asking"
