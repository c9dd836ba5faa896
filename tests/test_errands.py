"""Servers that share a catalog tell each other of their jobs."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving import until

from bot import errands as module
from bot.catalog import Catalog
from bot.engine import Regbrief
from bot.errands import Errand
from bot.errors import InputError, NotFound
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library, Places
from bot.outcomes import Failure, Ingested, Job, Stage
from bot.serve.jobs import Jobs, Task

if TYPE_CHECKING:
    from postgres_server import PostgresServer

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
WAITING = Job("1", "articles", ("Alibaba fined", "苹果被罚", "蘋果遭罰"), "waiting", BEGUN, article_ids=("a", "b", "c"))
RUNNING = replace(WAITING, state="running", started=BEGUN, stage=Stage("indexing", 3, 9, "passages"))
DONE = replace(
    RUNNING, state="done", ended=BEGUN, changed=True, ingested=Ingested(added=2, failed=(Failure("x", "y"),))
)


@pytest.mark.parametrize("job", [WAITING, RUNNING, DONE], ids=lambda job: job.state)
def test_a_job_is_told_of_as_it_is(place: Path | str, job: Job) -> None:
    catalog = Catalog(place)
    assert (catalog.errands.note(Errand(WAITING, None)), catalog.errands.note(Errand(job, None))) == (False, False)
    assert (catalog.errands.get("1"), catalog.errands.newest(9), catalog.errands.get("2")) == (
        Errand(job, None),
        [Errand(job, None)],
        None,
    )
    catalog.close()


def test_why_a_job_failed_can_still_be_said_in_any_language(place: Path | str) -> None:
    catalog = Catalog(place)
    error = InputError(
        "url is 'x'.", hint="Give an address.", case="url", values={"field": "addresses", "value": "'x'"}
    )
    catalog.errands.note(Errand(replace(DONE, state="failed"), error))
    found = catalog.errands.get("1")
    assert found
    for name in ("code", "message", "hint", "case", "values"):
        assert getattr(found.error, name) == getattr(error, name)
    catalog.close()


def test_a_job_whose_server_is_silent_has_failed(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Catalog(place)
    catalog.errands.note(Errand(RUNNING, None))
    catalog.errands.note(Errand(replace(DONE, id="2", created=BEGUN + timedelta(1)), None))
    monkeypatch.setattr(module, "SILENT", timedelta(0))
    time.sleep(0.01)
    newest, silent = catalog.errands.newest(9)
    assert (newest.job.state, silent.job.state, silent.error and silent.error.case) == ("done", "failed", "gone")
    catalog.close()


def test_old_jobs_are_forgotten_and_one_can_be_stopped(place: Path | str) -> None:
    catalog = Catalog(place)
    for job in (RUNNING, replace(RUNNING, id="2", created=BEGUN + timedelta(1))):
        catalog.errands.note(Errand(job, None))
    assert [each.job.id for each in catalog.errands.newest(9)] == ["2", "1"]
    catalog.errands.stop("1")
    unwanted = [catalog.errands.note(Errand(replace(RUNNING, id=each), None)) for each in "12"]
    assert unwanted == [True, False]
    catalog.errands.forget(datetime.now(UTC))
    assert catalog.errands.newest(9) == []
    catalog.close()


@pytest.mark.cluster
def test_a_server_tells_of_the_jobs_of_another_and_can_stop_them(
    postgres: PostgresServer, tmp_path: Path, encoder: Any
) -> None:
    places = Places(catalog=postgres.database())
    libraries = [Library(tmp_path / name, encoder, Analyzer(), places=places) for name in ("one", "two")]
    one, two = (Jobs(Regbrief.from_library(each, encoder=encoder, glossary=Glossary())) for each in libraries)
    task = Task("articles", ("蘋果遭罰",))

    def work(task: Task) -> Ingested:
        for number in range(1_000):
            task.report(Stage("indexing", number, 1_000, "passages"))
            time.sleep(0.05)
        return Ingested()

    one.start(task, work)
    assert two.errand(task.job.id).job.what == ("蘋果遭罰",)
    until(lambda: two.errands()[0].job.stage is not None)
    two.stop(task.job.id)
    until(lambda: two.errand(task.job.id).job.state == "stopped")
    assert one.errand(task.job.id) == two.errand(task.job.id)
    with pytest.raises(NotFound):
        two.stop("nothing")
    for each in (one, two):
        each.close()
    for library in libraries:
        library.close()
