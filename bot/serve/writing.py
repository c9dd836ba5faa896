"""What changes the library, under /api/v1: articles in and out, and the jobs that do it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import PurePath
from typing import IO, Annotated, Any

from fastapi import APIRouter, Body, File, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot import readers
from bot.engine import Regbrief
from bot.errands import Errand
from bot.errors import InputError, LibraryLocked
from bot.holdings import is_address
from bot.outcomes import Failure, Ingested, Job
from bot.readers import fields
from bot.records import Article, Language
from bot.serve.errors import documented, language_of, said
from bot.serve.examples import examples, shown
from bot.serve.jobs import Jobs, Task
from bot.serve.parameters import ArticleId, JobId

ARTICLES = 1_000
FILES = 100
ADDRESSES = 100

PATIENCE = 10.0
"""Seconds for which a removal waits until another writer is done."""

_BEGUN: dict[str, Any] = {
    "status_code": 202,
    "responses": {
        **shown("job_begun", 202, description="The job has begun; `Location` says where to ask how far it is."),
        **documented(),
    },
}


class ArticleIn(BaseModel):
    """An article; what `GET /api/v1/articles/{article_id}` returns can be sent as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples()["article_in"]]})

    title: str
    body: str = Field(description="Paragraphs separated by a blank line.")
    id: str | None = Field(None, description="Made from the content where absent, so that nothing comes in twice.")
    language: Language | None = Field(None, description="Detected where absent.")
    published: str | None = Field(None, description="YYYY-MM-DD.")
    source: str | None = Field(None, description="Outlet.")
    url: str | None = None
    tags: list[str] = []
    author: str | None = None
    pages: list[Annotated[int, Field(ge=0)]] = Field([], description="Where in the body each page begins.")


class Addresses(BaseModel):
    """Pages, PDFs and feeds to fetch."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"addresses": ["https://example.org/news/fine"]}]}
    )

    addresses: list[str] = Field(min_length=1, max_length=ADDRESSES)


def add_routes(routes: APIRouter, bot: Regbrief, jobs: Jobs) -> None:
    """Add the routes for one library."""

    @routes.post("/articles", response_model=Job, **_BEGUN)
    def add_articles(
        given: Annotated[
            Annotated[ArticleIn, Tag("one")]
            | Annotated[list[ArticleIn], Field(min_length=1, max_length=ARTICLES), Tag("several")],
            Discriminator(lambda given: "several" if isinstance(given, list) else "one"),
            Body(description="An article, or a list of them."),
        ],
        request: Request,
        response: Response,
    ) -> Job:
        """Add articles, or replace those with their ids; what is there and the same is left alone.

        The job's `changed` says whether the library is another one now, and `ingested` counts what was added, updated,
        unchanged, or a copy of another article.
        """
        articles = [_article(each) for each in (given if isinstance(given, list) else [given])]
        task = Task("articles", tuple(each.title for each in articles), tuple(each.id for each in articles))
        return begun(request, response, jobs, task, lambda task: bot.add(articles, progress=task.report))

    @routes.post("/articles/files", response_model=Job, **_BEGUN)
    def add_files(
        files: Annotated[
            list[UploadFile],
            File(min_length=1, max_length=FILES, description="Named with their forms: .pdf, .docx, .jsonl, .zip …"),
        ],
        request: Request,
        response: Response,
    ) -> Job:
        """Add the articles of files; what cannot be read is named in the job's `ingested.failed`."""
        named = [(PurePath((file.filename or "").replace("\\", "/")).name, file) for file in files]
        for name, _ in named:
            readers.expect(name)
        kept = [(name, _kept(file)) for name, file in named]

        @cache
        def found() -> tuple[list[Article], tuple[Failure, ...]]:
            return _read(kept)

        def work(task: Task) -> Ingested:
            articles, failed = found()  # once, however often the library is locked
            task.job = replace(task.job, article_ids=tuple(each.id for each in articles))
            done = bot.add(articles, progress=task.report)
            return replace(done, failed=(*failed, *done.failed))

        return begun(request, response, jobs, Task("files", tuple(name for name, _ in kept)), work)

    @routes.post("/articles/addresses", response_model=Job, **_BEGUN)
    def add_addresses(given: Addresses, request: Request, response: Response) -> Job:
        """Fetch pages, PDFs and feeds with all their entries; only public addresses of http and https are.

        What cannot be fetched is named in the job's `ingested.failed`.
        """
        for address in given.addresses:
            if not is_address(address):
                raise InputError(
                    f"url is {address!r}.",
                    hint="Give an address that begins with https:// or http://.",
                    case="url",
                    values={"field": "addresses", "value": repr(address)},
                )
        task = Task("addresses", tuple(given.addresses))
        return begun(request, response, jobs, task, lambda task: bot.add(given.addresses, progress=task.report))

    @routes.delete("/articles/{article_id}", status_code=204, responses=documented(404, 409))
    def remove(article_id: ArticleId) -> None:
        """Remove an article everywhere; it is gone from searches and answers when this returns."""
        patient(bot.remove, [article_id])

    @routes.get("/jobs", response_model=list[Job], responses=shown("jobs"))
    def list_jobs(request: Request) -> list[Job]:
        """List the jobs, newest first, also those of other servers on the same catalog.

        They are forgotten in time, and where the server has the catalog to itself, when it ends.
        """
        return [told(request, errand) for errand in jobs.errands()]

    @routes.get("/jobs/{job_id}", response_model=Job, responses={**shown("job"), **documented(404)})
    def job(job_id: JobId, request: Request) -> Job:
        """Say how far a job is, and what came of it."""
        return told(request, jobs.errand(job_id))

    @routes.delete("/jobs/{job_id}", response_model=Job, responses={**shown("job"), **documented(404)})
    def stop(job_id: JobId, request: Request) -> Job:
        """Let a job end after what it has in hand, which stays; one that has ended is left as it is."""
        jobs.stop(job_id)
        return told(request, jobs.errand(job_id))


def begun(request: Request, response: Response, jobs: Jobs, task: Task, work: Any) -> Job:
    """Begin a job, and say where it can be followed. Raises Busy."""
    jobs.start(task, work)
    response.headers["Location"] = str(request.app.url_path_for("job", job_id=task.job.id))
    return told(request, Errand(task.job, task.error))


def told(request: Request, errand: Errand) -> Job:
    """Return a job with what has gone wrong in the language that is asked for."""
    error = said(errand.error, language_of(request)).model_dump() if errand.error else None
    return replace(errand.job, error=error)


def patient(work: Any, *arguments: Any) -> None:
    """Do what writes to the library, as soon as another writer lets it. Raises LibraryLocked if none does."""
    retrying = Retrying(
        retry=retry_if_exception_type(LibraryLocked),
        stop=stop_after_delay(PATIENCE),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    retrying(work, *arguments)


def _article(given: ArticleIn) -> Article:
    article = fields.article(given.model_dump(exclude={"pages"}))
    return replace(article, pages=tuple(given.pages)) if article.body == given.body else article


def _kept(upload: UploadFile) -> IO[bytes]:
    """Keep a file beyond its request."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - who reads it closes it
    upload.file.seek(0)
    shutil.copyfileobj(upload.file, file)
    return file


def _read(files: Sequence[tuple[str, IO[bytes]]]) -> tuple[list[Article], tuple[Failure, ...]]:
    found: list[Article | Failure] = []
    for name, file in files:
        with file:
            file.seek(0)
            found += readers.read_file(file, name)
    articles = [each for each in found if isinstance(each, Article)]
    return articles, tuple(each for each in found if isinstance(each, Failure))
