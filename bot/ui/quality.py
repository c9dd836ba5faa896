"""The quality tab: the last evaluation report, and a quick suite that measures this library again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from bot.engine import Regbrief
from bot.errors import BotError, NotFound, NotPermitted
from bot.evaluation.compare import SIGNIFICANT
from bot.evaluation.measures import measure
from bot.evaluation.report import HEADLINES
from bot.serve.access import permit
from bot.serve.audit import note
from bot.settings import Settings
from bot.ui.markup import fragment
from bot.ui.measuring import QUESTIONS, Measuring, State, missing
from bot.ui.reports import QUICK, Report, read_comparison, read_page, read_report, reports
from bot.ui.strings import Strings

FOLDER = Path("reports")
"""Where `regbrief eval` puts its reports, too: in the folder in which the server was started."""

WIRE = """import(new URL("../page/quality.js", document.baseURI)).then((tab) => tab.start(element, server));"""

Sent = dict[str, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure in words, and what was found: shares as they are, in 0..1; `known` says whether the page names it."""

    title: str
    known: bool
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A measure that differs from the run before; `better` is null where the difference may be chance."""

    title: str
    known: bool
    before: float
    now: float
    better: bool | None

    @property
    def change(self) -> float:
        return self.now - self.before


def tab(bot: Regbrief, text: Strings) -> None:
    """Lay out the tab; what it shows is read when it is looked at."""

    def state(_: object, request: gr.Request) -> Sent:
        return _safely(lambda: standing(measuring(FOLDER / QUICK), text, admin=_may_run(request)), text)

    def begin(_: object, request: gr.Request) -> Sent:
        return _safely(lambda: begun(bot, measuring(FOLDER / QUICK), text, request), text)

    def cancel(_: object, request: gr.Request) -> Sent:
        return _safely(lambda: cancelled(measuring(FOLDER / QUICK), text, request), text)

    def shown(name: object) -> Sent:
        return _safely(lambda: {"html": summary(FOLDER, str(name or ""), text)}, text)

    def whole(name: object) -> Sent:
        return _safely(lambda: {"html": read_page(FOLDER, str(name))}, text)

    gr.HTML(
        fragment("quality", text, questions=QUESTIONS, lacking=missing()),
        elem_id="quality-page",
        apply_default_css=False,
        js_on_load=WIRE,
        server_functions=[state, begin, cancel, shown, whole],
    )


@cache
def measuring(folder: Path) -> Measuring:
    """Return what measures into a folder: one for all who look at the page."""
    return Measuring(folder)


def begun(bot: Regbrief, runs: Measuring, text: Strings, request: Any) -> Sent:
    """Begin a run, and say where it is. Raises NotPermitted, Busy, MissingExtra."""
    permit(request, "admin")
    runs.start(bot.settings or Settings.read())
    note(request, evaluation="begun")
    return standing(runs, text, admin=True)


def cancelled(runs: Measuring, text: Strings, request: Any) -> Sent:
    """End the run that is under way. Raises NotPermitted."""
    permit(request, "admin")
    runs.cancel()
    note(request, evaluation="cancelled")
    return standing(runs, text, admin=True)


def standing(runs: Measuring, text: Strings, *, admin: bool) -> Sent:
    """Render where the run is."""
    state = runs.state
    return {
        "html": fragment("quality_state", text, state=state, said=step(state, text), may=admin and not missing()),
        "phase": state.phase,
    }


def step(state: State, text: Strings) -> str:
    """Say what a run does just now."""
    values = {"done": min(state.done, state.total), "total": state.total}
    said = {
        "Indexing": text("quality_indexing", **values),
        "Asking": text("quality_asking", **values),
        "Measuring": text("quality_measuring", **values),
    }
    return said.get(state.step, text("quality_starting"))


def summary(folder: Path, name: str, text: Strings) -> str:
    """Render the report of a name, or else the newest one, with what can be chosen."""
    there = reports(folder)
    if not there:
        return fragment("quality_none", text)
    chosen = next((each for each in there if each.name == name), there[0])
    found = read_report(folder, chosen.name)
    compared = read_comparison(folder) if chosen.name == QUICK else None
    return fragment(
        "quality_report",
        text,
        there=[(each.name, described(each, text)) for each in there],
        chosen=chosen,
        about=described(chosen, text),
        figures=figures(found, text),
        speed=(found.get("latency_ms") or {}).get("total"),
        compared=compared,
        moved=moved(compared, text) if compared else [],
    )


def described(report: Report, text: Strings) -> str:
    """Say what a report measures, and when it was made."""
    when = text.date(datetime.fromisoformat(report.created).date()) if report.created else text.date(None)
    return text("quality_measured", suite=report.title, count=report.questions, when=when)


def figures(report: Mapping[str, Any], text: Strings) -> list[Figure]:
    """Return the headline figures of a report."""
    found = []
    for name in HEADLINES:
        each = report["metrics"].get(name)
        if each and each.get("value") is not None:
            found.append(Figure(*_named(name, text), each["value"], each.get("low"), each.get("high")))
    return found


def moved(comparison: Mapping[str, Any], text: Strings) -> list[Moved]:
    """Return the measures that differ from the run before."""
    found = []
    for name, row in comparison["metrics"].items():
        if row["difference"]:
            wanted = measure(name).better
            sure = row["q"] < SIGNIFICANT and wanted != "none"
            better = ((row["difference"] > 0) == (wanted == "up")) if sure else None
            found.append(Moved(*_named(name, text), row["a"], row["b"], better))
    return found


def _named(name: str, text: Strings) -> tuple[str, bool]:
    """Name a measure as the page does, or else as the report."""
    known = {
        "correct": text("measure_correct"),
        "key_facts": text("measure_key_facts"),
        "citation_validity": text("measure_citation_validity"),
        "agreement_all": text("measure_agreement_all"),
        "citation_recall_sentence": text("measure_citation_recall_sentence"),
        "refusal_f1": text("measure_refusal_f1"),
        "false_refusal_rate": text("measure_false_refusal_rate"),
        "success@5": text("measure_success_at_5"),
        "mrr@10": text("measure_mrr_at_10"),
    }
    return (known[name], True) if name in known else (measure(name).title, False)


def _may_run(request: Any) -> bool:
    try:
        permit(request, "admin")
    except NotPermitted:
        return False
    return True


def _safely(work: Callable[[], Sent], text: Strings) -> Sent:
    """Return what was made, or as `error` why it could not be."""
    error: BotError | None = None
    try:
        return work()
    except NotFound:
        return {"error": fragment("quality_none", text)}
    except BotError as raised:
        error = raised
    except Exception:
        logging.getLogger(__name__).exception("The quality tab could not be shown.")
    return {"error": fragment("briefing_failure", text, error=error)}
