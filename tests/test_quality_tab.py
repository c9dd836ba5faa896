"""The quality tab without a browser: reports as they are shown, and runs of the quick suite."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from quick_runs import linger
from test_briefing_tab import HOSTILE, Elements

from bot.errors import Busy, InputError, MissingExtra, NotFound
from bot.records import Language
from bot.settings import Settings
from bot.ui import measuring, quality
from bot.ui.measuring import Measuring, State
from bot.ui.reports import Report, read_comparison, read_page, read_report, reports
from bot.ui.strings import strings

EN = strings("en")
PATIENCE = 20.0


def made(**fields: Any) -> dict[str, Any]:
    figure = {"value": 0.825, "low": 0.7, "high": 0.9, "n": 40}
    metrics = {"correct": figure, "mrr@10": {**figure, "low": None, "high": None}}
    created = "2026-11-22T18:00:00+00:00"
    whole = {"suite": "gold", "split": "dev", "created": created, "questions": [{}] * 40, "metrics": metrics}
    return {**whole, "latency_ms": {"total": {"p50": 234.4}}} | fields


def compared(**fields: Any) -> dict[str, Any]:
    rows = {
        "correct": {"a": 0.8, "b": 0.7, "difference": -0.1, "q": 0.01},
        "false_refusal_rate": {"a": 0.1, "b": 0.05, "difference": -0.05, "q": 0.01},
        "mrr@10": {"a": 0.5, "b": 0.6, "difference": 0.1, "q": 0.9},
        "errors": {"a": 0.0, "b": 0.0, "difference": 0.0, "q": 1.0},
    }
    changed = [{"id": "q1", "change": "lost", "question": "滴滴？", "language": "zh-Hans"}]
    return {"n": 40, "metrics": rows, "changed": changed} | fields


def put(folder: Path, name: str, report: Any, page: str = "<html><head></head></html>") -> None:
    (folder / name).mkdir()
    (folder / name / "report.json").write_text(json.dumps(report), "utf-8")
    (folder / name / "report.html").write_text(page, "utf-8")


# ---- reports ----


def test_reports_are_listed_newest_first_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "old", made(created="2026-01-01T00:00:00+00:00", suite="squad", split=""))
    put(tmp_path, "quick", made())
    put(tmp_path, "other", {"metrics": 3})
    assert reports(tmp_path) == [
        Report("quick", "gold dev", 40, "2026-11-22T18:00:00+00:00"),
        Report("old", "squad", 40, "2026-01-01T00:00:00+00:00"),
    ]


def test_no_folder_has_no_reports(tmp_path: Path) -> None:
    assert reports(tmp_path / "nowhere") == []
    assert EN("quality_none") in quality.summary(tmp_path / "nowhere", "", EN)


@pytest.mark.parametrize("name", ["../secret", "", "/etc", "unknown"])
def test_only_a_listed_report_is_read(tmp_path: Path, name: str) -> None:
    put(tmp_path, "quick", made())
    with pytest.raises(NotFound):
        read_report(tmp_path, name)


def test_the_links_of_a_whole_report_open_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "quick", made())
    assert read_page(tmp_path, "quick") == '<html><head><base target="_blank"></head></html>'


def test_a_report_that_is_cut_off_is_named(tmp_path: Path) -> None:
    (tmp_path / "quick").mkdir()
    (tmp_path / "quick" / "compared.json").write_text('{"n": 4', "utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_comparison(tmp_path)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Right answers and refusals", "gold dev, 40 questions, measured 22 November 2026")),
        ("zh-Hans", ("回答或拒答正确", "gold dev，40题，2026年11月22日测得")),
        ("zh-Hant", ("回答或拒答正確", "gold dev，40題，2026年11月22日測得")),
    ],
)
def test_the_newest_report_is_shown_in_the_language_of_the_page(
    tmp_path: Path, language: Language, words: tuple[str, ...]
) -> None:
    put(tmp_path, "quick", made())
    shown = Elements(quality.summary(tmp_path, "", strings(language))).text
    assert all(each in shown for each in (*words, "82.5%", "70–90 %", "234ms"))


def test_the_last_run_is_compared_with_the_one_before(tmp_path: Path) -> None:
    put(tmp_path, "quick", made())
    (tmp_path / "quick" / "compared.json").write_text(json.dumps(compared()), "utf-8")
    page = Elements(quality.summary(tmp_path, "quick", EN))
    assert [each["class"] for _, each in page.tags if "figure" in (each.get("class") or "").split()][-9:] == [
        *["figure", "figure", "figure worse"],
        *["figure", "figure", "figure better"],
        *["figure", "figure", "figure"],
    ]
    assert "-0.100*" in page.text
    assert "lost 滴滴？" in page.text


def test_two_runs_alike_are_said_to_be(tmp_path: Path) -> None:
    put(tmp_path, "quick", made())
    (tmp_path / "quick" / "compared.json").write_text(json.dumps(compared(metrics={}, changed=[])), "utf-8")
    assert EN("quality_same") in quality.summary(tmp_path, "quick", EN)


def test_nothing_of_a_report_becomes_markup(tmp_path: Path) -> None:
    put(tmp_path, "quick", made(suite=HOSTILE))
    changed = [{"id": HOSTILE, "change": HOSTILE, "question": HOSTILE, "language": HOSTILE}]
    found = compared(metrics={HOSTILE: {"a": 0, "b": 1, "difference": 1, "q": 0}}, changed=changed)
    (tmp_path / "quick" / "compared.json").write_text(json.dumps(found), "utf-8")
    page = Elements(quality.summary(tmp_path, "quick", EN))
    assert page.text.count(HOSTILE) >= 3
    assert not {tag for tag, _ in page.tags} & {"img", "script"}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]


# ---- runs ----


@pytest.mark.parametrize(
    ("language", "state", "said"),
    [
        ("en", State("running"), "Opening the library…"),
        ("en", State("running", "Asking", 3, 40), "Asking, 3 of 40"),
        ("zh-Hans", State("running", "Asking", 3, 40), "正在提问，3/40"),
        ("zh-Hant", State("running", "Measuring", 41, 40), "正在衡量，40/40"),
    ],
)
def test_a_run_says_where_it_is(language: Language, state: State, said: str) -> None:
    assert quality.step(state, strings(language)) == said


def test_who_may_not_run_it_sees_no_button(tmp_path: Path) -> None:
    runs = Measuring(tmp_path)
    assert "quality-run" in quality.standing(runs, EN, admin=True)["html"]
    assert "quality-run" not in quality.standing(runs, EN, admin=False)["html"]


def test_without_the_extra_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "NEEDED", ("scipy", "no_such_package"))
    assert measuring.missing() == ["no_such_package"]
    with pytest.raises(MissingExtra, match=r"no_such_package.* pip install 'regbrief\[eval\]'"):
        Measuring(tmp_path).start(Settings())


class Ended:
    """A process that has ended."""

    def __init__(self, exitcode: int) -> None:
        self.exitcode = exitcode

    def join(self) -> None:
        pass


@pytest.mark.parametrize(
    ("told", "state"),
    [
        pytest.param([("step", "Asking", 2), ("more", "", 1), ("done", "", 0)], State("done"), id="done"),
        pytest.param([("failed", "It is empty.", 0)], State("failed", problem="It is empty."), id="failed"),
        pytest.param(
            [("step", "Asking", 2)], State("failed", "Asking", 0, 2, "The process ended with 3."), id="crashed"
        ),
    ],
)
def test_a_run_tells_where_it_is_until_it_ends(tmp_path: Path, told: list[Any], state: State) -> None:
    runs, lock = Measuring(tmp_path), FileLock(tmp_path / "run.lock")
    runs.state = State("running")
    ours, theirs = multiprocessing.Pipe(duplex=False)
    for message in told:
        theirs.send(message)
    theirs.close()
    lock.acquire()
    runs._follow(Ended(3), ours, lock)  # type: ignore[arg-type]
    assert (runs.state, lock.is_locked) == (state, False)


def test_there_is_one_run_at_a_time_and_it_can_be_cancelled(tmp_path: Path) -> None:
    runs = Measuring(tmp_path, work=linger)
    runs.start(Settings())
    for other in (runs, Measuring(tmp_path)):
        with pytest.raises(Busy):
            other.start(Settings())
    runs.cancel()
    assert runs.state.phase == "cancelled"
    FileLock(tmp_path / "run.lock").acquire(timeout=PATIENCE).lock.release()
