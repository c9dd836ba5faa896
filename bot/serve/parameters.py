"""What requests have in common: the filters of `ask`, in a query and in a body."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bot.records import AnswerLanguage, Language, Turn


def _written(given: Any) -> Any:
    """Take a day as the documentation has it; pydantic would also take seconds since 1970."""
    if isinstance(given, date) or (isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", given)):
        return given
    raise PydanticCustomError("date_type", "Input should be a date, written as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_written)]
Since = Annotated[Day | None, Query(description="First day of publication.")]
Until = Annotated[Day | None, Query(description="Last day of publication.")]
Languages = Annotated[Sequence[Language], Query(alias="language", description="Repeatable.")]
Sources = Annotated[Sequence[str], Query(alias="source", description="Outlet; repeatable.")]
ArticleIds = Annotated[Sequence[str], Query(alias="article_id", description="Only this article; repeatable.")]
ArticleId = Annotated[str, Path(description="As `GET /api/v1/articles` lists them.", examples=["didi-fine.en"])]
JobId = Annotated[str, Path(description="As the answer that began the job has it.")]
Offset = Annotated[int, Query(ge=0, le=2**31, description="So many are left out first.")]


class Filters(BaseModel):
    """What may be searched, and how a question is read; dates are of publication, both inclusive."""

    model_config = ConfigDict(extra="forbid")

    since: Day | None = None
    until: Day | None = None
    languages: list[Language] | None = Field(None, description="Of the articles.")
    sources: list[str] | None = Field(None, description="Outlets, as articles name them.")
    article_ids: list[str] | None = None
    today: Day | None = Field(None, description="What `last month` counts from; default: now.")
    read_dates: bool = Field(True, description="Whether words such as `last month` set the window.")
    read_sources: bool = Field(
        True,
        description="Whether words such as `according to Reuters` and `in Chinese sources` set outlets and languages.",
    )
    answer_language: AnswerLanguage | None = Field(
        None, description="Language of the words around the quotations; default: the question's."
    )


class Asked(Filters):
    """A question and what may be searched for it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "支付寶被要求做什麼？", "since": "2021-01-01"}]}
    )

    question: str = Field(description="In English, 简体 or 繁體.")
    history: list[Turn] = Field(default_factory=list, description="Earlier turns, oldest first.", max_length=50)
    stream: bool = Field(False, description="Answer with server-sent events: status, citation, claim, done.")
