"""The errands table of the catalog: jobs of servers that share it, so that each can tell of those of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from bot.errors import BotError
from bot.outcomes import Job
from bot.records import from_json, to_json
from bot.schema import YES, adding, errands, first
from bot.store import Store

SILENT = timedelta(seconds=60)
"""After which a server that has said nothing of its job is taken for ended; it says something every few seconds."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A job as its server last told of it."""

    job: Job
    error: BotError | None
    """Why it has failed."""


class Errands:
    """The jobs of all servers on one catalog."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, errand: Errand) -> bool:
        """Keep how far a job is; say whether somebody wants it to end."""
        error = errand.error
        told = error and {"code": error.code, "case": error.case, "values": {**error.values}}
        said = told and {**told, "message": error.message, "hint": error.hint} if error else None
        with self._store.writing() as db:
            row = db.one(
                _NOTE,
                id=errand.job.id,
                created=errand.job.created.isoformat(),
                told=datetime.now(UTC).isoformat(),
                job=json.dumps(to_json(errand.job), ensure_ascii=False),
                error=json.dumps(said, ensure_ascii=False, default=str) if said else None,
            )
        return bool(row and row[0])

    def get(self, job_id: str) -> Errand | None:
        """Return a job that a server has kept here; one whose server has gone silent has failed."""
        with self._store.reading() as db:
            return next(_errands(db.all(_ONE, id=job_id)), None)

    def newest(self, limit: int) -> list[Errand]:
        """Return the newest of these jobs, newest first."""
        with self._store.reading() as db:
            return list(_errands(db.all(_NEWEST, limit=limit)))

    def stop(self, job_id: str) -> None:
        """Ask the server whose job it is to let it end."""
        with self._store.writing() as db:
            db.run(_STOP, id=job_id)

    def forget(self, before: datetime) -> None:
        """Forget the jobs of which nothing was said since."""
        with self._store.writing() as db:
            db.run(_FORGET, before=before.isoformat())


def _errands(rows: list[Any]) -> Iterator[Errand]:
    silent = (datetime.now(UTC) - SILENT).isoformat()
    for told, text, fault in rows:
        job = from_json(Job, json.loads(text))
        error = _error(json.loads(fault)) if fault else None
        if job.ended is None and told < silent:
            values = {**to_json(job), "state": "failed", "ended": told}
            job, error = from_json(Job, values), _gone()
        yield Errand(job, error)


def _error(said: dict[str, Any]) -> BotError:
    error = BotError(said["message"], hint=said["hint"], case=said["case"], values=said["values"])
    error.code = said["code"]
    return error


def _gone() -> BotError:
    return BotError(
        "The server that did this has ended.", hint="Send it again: what is there already is left alone.", case="gone"
    )


_T = errands.c
_ADD = adding(errands, "id created told job error")
_NOTE = _ADD.on_conflict_do_update(
    index_elements=["id"], set_={name: _ADD.excluded[name] for name in ("told", "job", "error")}
).returning(_T.unwanted)
_COLUMNS = select(_T.told, _T.job, _T.error)
_ONE = _COLUMNS.where(_T.id == bindparam("id"))
_NEWEST = first(_COLUMNS.order_by(_T.created.desc(), _T.id))
_STOP = update(errands).where(_T.id == bindparam("id")).values(unwanted=YES)
_FORGET = delete(errands).where(_T.told < bindparam("before"))
