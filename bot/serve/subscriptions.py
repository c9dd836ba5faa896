"""Feeds under /api/v1: which are followed, and what is new in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bot.engine import Regbrief
from bot.outcomes import Failure, Feed, Job
from bot.serve.errors import documented
from bot.serve.examples import shown
from bot.serve.jobs import Jobs, Task
from bot.serve.writing import begun

FEEDS = 100


class Followed(BaseModel):
    """Feeds to follow, each named by its address or that of a page that links to it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"addresses": ["https://example.org/feed.xml"]}]}
    )

    addresses: list[str] = Field(min_length=1, max_length=FEEDS)


@dataclass(frozen=True, slots=True)
class Following:
    """The feeds that are now followed, and the addresses that lead to none."""

    feeds: list[Feed]
    failed: list[Failure]


def add_reading(routes: APIRouter, bot: Regbrief) -> None:
    """Add the routes that change nothing."""

    @routes.get("/feeds", responses=shown("feeds"))
    def feeds() -> list[Feed]:
        """List the feeds that are followed, with what became of them the last time."""
        return bot.feeds()


def add_writing(routes: APIRouter, bot: Regbrief, jobs: Jobs) -> None:
    """Add the routes that change what is followed and read."""

    @routes.post("/feeds", responses={**shown("following"), **documented(409)})
    def follow(given: Followed) -> Following:
        """Follow feeds; those that are followed already stay as they are. `POST /api/v1/feeds/sync` reads them."""
        found = bot.follow(given.addresses)
        return Following(
            [each for each in found if isinstance(each, Feed)], [each for each in found if isinstance(each, Failure)]
        )

    @routes.delete("/feeds", status_code=204, responses=documented(404, 409))
    def unfollow(
        url: Annotated[
            str, Query(description="As `GET /api/v1/feeds` lists it.", examples=["https://example.org/feed.xml"])
        ],
    ) -> None:
        """Follow a feed no longer; its articles stay."""
        bot.unfollow(url)

    @routes.post("/feeds/sync", status_code=202, response_model=Job, responses=shown("job_begun", 202))
    def sync(request: Request, response: Response) -> Job:
        """Fetch what is new in all feeds; the job's `synced` says what became of each."""
        urls = tuple(feed.url for feed in bot.feeds())
        return begun(request, response, jobs, Task("sync", urls), lambda task: bot.sync(progress=task.report))
