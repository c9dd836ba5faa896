"""What readers say of answers, under /api/v1."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.engine import Regbrief
from bot.errors import InputError
from bot.records import Answer, Feedback, Verdict
from bot.serve.audit import note
from bot.serve.errors import documented
from bot.serve.examples import Responses, examples, shown
from bot.serve.parameters import Offset

_KEPT: Responses = shown("feedback", 201, description="It is kept.")


class Judgement(BaseModel):
    """A verdict on an answer: the answer as it was given, or, where it is no longer at hand, its question."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples()["judgement"]]})

    verdict: Verdict = Field(description="A refusal is `right` where the library has no answer.")
    answer: Answer | None = None
    question: str | None = None
    citation: int | None = Field(None, ge=1, le=2**31, description="The citation that is meant.")
    note: str = Field("", description="Up to 2,000 characters in the reader's own words.")


def add_giving(routes: APIRouter, bot: Regbrief) -> None:
    """Add the route by which readers judge."""

    @routes.post("/feedback", status_code=201, responses={**_KEPT, **documented(409)})
    def give_feedback(given: Judgement, request: Request) -> Feedback:
        """Keep what a reader says of an answer; `regbrief feedback export` makes questions for an evaluation of it."""
        judged = given.answer if given.answer is not None else given.question
        if judged is None:
            raise InputError("It is not said what is judged.", hint="Give answer or question.", case="judged")
        kept = bot.give_feedback(judged, given.verdict, note=given.note, citation=given.citation)
        note(request, feedback=given.verdict)
        return kept


def add_reading(routes: APIRouter, bot: Regbrief) -> None:
    """Add the route that lists what others have asked and said."""

    @routes.get("/feedback", responses=shown("feedback_list"))
    def feedback(
        verdict: Annotated[Verdict | None, Query(description="Only these.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="Entries at most.")] = 50,
        offset: Offset = 0,
    ) -> list[Feedback]:
        """List what readers have said of answers, newest first."""
        return bot.feedback(verdict=verdict, limit=limit, offset=offset)
