"""What a browser keeps of a conversation and sends back. Nothing of it is trusted: it is read field by field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from bot.errors import InputError
from bot.records import Answer, AnswerLanguage, Language, Turn

TURNS = 50
"""So many turns of a conversation are kept."""

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Wish:
    """A question and what may be searched for it.

    `read_dates` is off where its words are to set no window, `read_sources` where they set no languages and outlets.
    """

    question: str
    since: date | None = None
    until: date | None = None
    languages: tuple[Language, ...] = ()
    sources: tuple[str, ...] = ()
    answer_language: AnswerLanguage | None = None
    read_dates: bool = True
    read_sources: bool = True

    @property
    def narrowed(self) -> bool:
        """Whether the reader has set a filter."""
        return bool(self.since or self.until or self.languages or self.sources)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a browser asks: the number of its turn, and the earlier turns, oldest first."""

    number: int
    wish: Wish
    history: Annotated[tuple[Turn, ...], Field(max_length=TURNS)] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """One turn as a browser keeps it; `answer` is null where the question failed or was stopped."""

    number: int
    wish: Wish
    answer: Answer | None = None
    suggestions: Annotated[tuple[str, ...], Field(max_length=10)] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an article: a quotation, or the number of the one to be shown first."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Opening:
    """An article that a reader opens, with the quotations to be marked; `at` is the number of the one looked for."""

    article_id: str
    places: Annotated[tuple[Place, ...], Field(max_length=200)] = ()
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Exporting:
    """Turns to be written out, and in which form."""

    turns: Annotated[tuple[Kept, ...], Field(max_length=TURNS)]
    form: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reader says of an answer."""

    answer: Answer
    verdict: str
    note: str = ""
    citation: int | None = None


def read(kind: type[Record], sent: Any) -> Record:
    """Read what a browser sent. Raises InputError with the field that cannot be used."""
    try:
        return TypeAdapter(kind).validate_python(sent)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where or 'The request'}: {first['msg']}.", hint="Start a new conversation.") from error
