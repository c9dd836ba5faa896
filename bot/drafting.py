"""An answer that a model writes: streamed, tied to quotations sentence by sentence, and passed only by the gate.

A sentence is handed on once it is proved, never before, so that nothing shown is taken back. What fails is put to the
model once more, all of it together, with the reasons; what fails again is dropped, or shown as unsupported.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from bot import instructions
from bot.attribution import Attribution
from bot.chat import ChatModel, Message, stream
from bot.conversation import LONGEST, TURNS
from bot.encoder import Encoder
from bot.errors import ModelError
from bot.glossary import Glossary
from bot.language import clean, detect, fold, plain, render
from bot.markers import Markers
from bot.passages import tokens
from bot.records import AnswerLanguage, Citation, Status, Turn
from bot.sources import HEADING, Source, new_salt, sources
from bot.statements import Statement, Statements
from bot.values import quantities
from bot.weighing import Scored

Unverified = Literal["drop", "flag"]

WRITTEN = 768
"""Tokens of an answer at most."""
EVIDENCE = 3_000
"""Tokens of sources at most: more only distracts, and costs time."""
SPARE = 1.4
"""How much longer a text may be in a model's own tokens than in the encoder's, by which it is measured here."""

RUNAWAY = 6_000
"""Characters after which a model that was told how much to write is taken to have lost its way."""
TWICE = 3
"""A sentence that comes for the third time is a loop."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A sentence that a model wrote, and the quotations that carry it, or come nearest to it if it is unsupported."""

    text: str
    quotes: tuple[Citation, ...]
    status: Status = "verified"


@dataclass(frozen=True, slots=True)
class _Failed:
    statement: Statement
    quotes: tuple[Citation, ...]
    faults: tuple[str, ...]


class Writer:
    """Has a model write answers and complete questions."""

    def __init__(
        self,
        model: ChatModel,
        encoder: Encoder,
        glossary: Glossary,
        *,
        unverified: Unverified = "drop",
        timeout: float = 60,
        verification: bool = True,
    ) -> None:
        self.model = model
        self.encoder = encoder
        self.glossary = glossary
        self.unverified = unverified
        self.timeout = timeout
        self.verification = verification
        self.salt = new_salt()

    def draft(
        self, question: str, scored: Sequence[Scored], language: AnswerLanguage, *, room: int | None = None
    ) -> Draft:
        """Begin an answer from the sentences found, most telling first; nothing is asked before it is `written`.

        At most `room` tokens of them are given, by default what the model is thought to have room for.
        """
        most = self.room(instructions.to_answer(question, [], language, self.glossary))
        given = sources(scored, room=most if room is None else min(room, most), salt=self.salt)
        return Draft(self, given, instructions.to_answer(question, given, language, self.glossary), language)

    @property
    def limit(self) -> int:
        """Tokens that the model may write at a time."""
        return min(WRITTEN, self.model.context // 4)

    def room(self, asked: Sequence[Message]) -> int:
        """Return how many tokens of sources the model can read beside what is asked."""
        told = sum(tokens(each.content) for each in asked)
        return min(EVIDENCE, int((self.model.context - self.limit) / SPARE - told))

    def complete(self, question: str, history: Sequence[Turn], *, otherwise: str) -> str:
        """Have a follow-up made complete; `otherwise`, made by rule, stands in for what cannot be used."""
        language = detect(question, default=detect(otherwise))
        messages = instructions.to_complete(question, history[-TURNS:], language)
        try:
            with closing(stream(self.model, messages, limit=128, timeout=self.timeout)) as pieces:
                written = "".join(pieces)
        except ModelError as error:
            log.info("%s The question is completed by rule.", error)
            return otherwise
        lines = [line for line in clean(written).splitlines() if line.strip()]
        done = re.sub(r"^(?:Q|问题|問題|Question)\s*[:：]\s*", "", lines[0].strip().strip('"“”「」')) if lines else ""
        known = " ".join([question, otherwise, *(f"{turn.question} {turn.answer}" for turn in history)])
        return done if len(lines) == 1 and self._usable(done, question, known) else otherwise

    def _usable(self, done: str, question: str, known: str) -> bool:
        """Whether a completed question asks what was asked, and brings in nothing that was not spoken of."""
        mentioned = {mention.entity.id for mention in self.glossary.find(known)}
        named = {mention.entity.id for mention in self.glossary.find(done)}
        own = {mention.entity.id for mention in self.glossary.find(question)}
        return (
            len(question) // 2 <= len(done) <= LONGEST
            and own <= named <= mentioned
            and quantities(question) <= quantities(done) <= quantities(known)
            and detect(done)[:2] == detect(question, default=detect(done))[:2]
        )


Check = Callable[[str], Sequence[str]]
"""Says in words what is wrong with a sentence by itself."""


class Draft:
    """One answer, or some lines of a briefing, being written."""

    def __init__(
        self,
        writer: Writer,
        given: Sequence[Source],
        asked: Sequence[Message],
        language: AnswerLanguage,
        *,
        check: Check = lambda text: (),
    ) -> None:
        """Take the sources, and what the model is asked to make of them."""
        self.gap = False
        """Whether the model said that the sources leave something open; known at the end."""
        self._writer = writer
        self._sources = given
        self._language = language
        self._asked = asked
        self._check = check
        self._attribution = Attribution(given, writer.encoder, writer.glossary)
        self._said: set[str] = set()
        self._named: set[str] = set()

    @property
    def size(self) -> int:
        """About how many tokens of sources the model is given."""
        return int(sum(HEADING + tokens(source.text()) for source in self._sources))

    def written(self) -> Generator[Drafted | None, None, None]:
        """Yield each sentence once it is proved, and None while the model is at work; closing this stops the model.

        Raises ModelError, at the latest where nothing was proved.
        """
        failed: list[_Failed] = []
        proved = False
        for statement in self._statements(self._asked):
            drafted = self._checked(statement) if statement else None
            if isinstance(drafted, _Failed):
                failed.append(drafted)
            else:
                proved |= drafted is not None
                yield drafted
        doubtful: list[Drafted] = []
        for drafted in self._mended(failed):
            if drafted and drafted.status == "unsupported":
                doubtful.append(drafted)
            else:
                proved |= drafted is not None
                yield drafted
        if proved:
            yield from doubtful  # never alone
        if not proved and not self.gap:
            fault = "Nothing that it wrote could be proved." if failed else "It wrote nothing."
            raise ModelError(
                f"The model {self._writer.model.name} was of no use. {fault}", fault="unproved" if failed else "empty"
            )

    # --- what the model writes ---

    def _statements(self, messages: Sequence[Message]) -> Iterator[Statement | None]:
        """Yield what the model writes, sentence by sentence, each once; None while it is silent or in mid-sentence."""
        markers, cut = Markers([each.key for each in self._sources]), Statements()
        watch = _Watch(self._writer.model.name)
        with closing(self._stream(messages)) as pieces:
            for piece in pieces:
                watch.take(piece)
                found = cut.feed(markers.feed(clean(piece)))
                yield from (each for each in found if watch.new(each))
                yield None
        rest = [*cut.feed(markers.finish()), *cut.finish()]
        yield from (each for each in rest if each.ended and watch.new(each))
        self.gap |= cut.gap

    def _stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        return stream(self._writer.model, messages, limit=self._writer.limit, timeout=self._writer.timeout)

    # --- the gate ---

    def _checked(self, statement: Statement) -> Drafted | _Failed | None:
        """Tie a sentence to its quotations; without any marker it may be carried by any source."""
        if fold(statement.text) in self._said:
            return None
        numbers = statement.numbers or (() if statement.unknown else tuple(each.number for each in self._sources))
        found = self._attribution.support(statement.text, self._language, numbers)
        wanting = [*found.faults, *self._check(statement.text)]
        if statement.unknown and not statement.numbers:
            wanting = ["It cites a source that is not there."]
        elif self._strange(statement.text):
            wanting.append("It is not in the language of the reader.")
        if wanting and self._writer.verification:
            return _Failed(statement, found.quotes, tuple(wanting))
        self._said.add(fold(statement.text))
        return Drafted(self._dressed(statement.text, found.quotes), found.quotes)

    def _strange(self, text: str) -> bool:
        return detect(text, default=plain(self._language))[:2] != self._language[:2]

    def _dressed(self, text: str, quotes: Sequence[Citation]) -> str:
        """Render a sentence in the reader's script, each name at its first mention with what the quotation calls it."""
        text = render(text, self._language) if self._language != "en" else text
        foreign = [each for each in quotes if each.language[:2] != self._language[:2]]
        theirs = {
            mention.entity.id: each.quote[mention.start : mention.end]
            for each in foreign
            for mention in self._writer.glossary.find(each.quote)
            if mention.entity.kind != "term"
        }
        for mention in reversed(self._writer.glossary.find(text)):
            form = theirs.get(mention.entity.id, "")
            first = mention.entity.id not in self._named and mention.entity.kind != "term"
            if first and form and fold(form) not in fold(text) and not re.match(r"['’(（]", text[mention.end :]):
                bracketed = f" ({form})" if self._language == "en" else f"（{form}）"
                text = text[: mention.end] + bracketed + text[mention.end :]
                self._named.add(mention.entity.id)
        return text

    # --- what failed ---

    def _mended(self, failed: Sequence[_Failed]) -> Iterator[Drafted | None]:
        """Ask once for what failed, a line each; yield what is proved then, and the rest as the settings say."""
        if not failed:
            return
        lines: list[Drafted | None] = []
        try:
            for step in self._repaired(failed):
                if step is None:
                    yield None
                else:
                    lines.append(step[0])
        except ModelError as error:
            log.info("%s What could not be proved stays so.", error)
        for at, each in enumerate(failed):
            mended = lines[at] if at < len(lines) else None
            if mended:
                yield mended
            elif self._writer.unverified == "flag":
                text = self._dressed(each.statement.text, each.quotes)
                yield Drafted(text, each.quotes, "unsupported")

    def _repaired(self, failed: Sequence[_Failed]) -> Iterator[tuple[Drafted | None] | None]:
        """Yield, for each line that the model writes, its sentence if that is proved; None while it is at work."""
        draft = " ".join(each.statement.text for each in failed)
        wish = [(each.statement.text, each.faults) for each in failed]
        messages = instructions.to_repair(self._asked, draft, wish, self._language)
        written, watch = "", _Watch(self._writer.model.name)
        with closing(self._stream(messages)) as pieces:
            for piece in pieces:
                watch.take(piece)
                written += piece
                yield None
        for line in filter(str.strip, clean(written).splitlines()):
            markers, cut = Markers([each.key for each in self._sources]), Statements()
            found = [*cut.feed([*markers.feed(line), *markers.finish()]), *cut.finish()]
            checked = [self._checked(_joined(found))] if found else []
            yield (checked[0] if checked and isinstance(checked[0], Drafted) else None,)


class _Watch:
    """Sees a model that runs in circles, or does not come to an end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._written = ""
        self._times: dict[str, int] = {}

    def take(self, piece: str) -> None:
        """Look at what was written so far. Raises ModelError."""
        self._written += piece
        if len(self._written) > RUNAWAY or _CIRCLE.search(self._written[-240:]):
            self._stop()

    def new(self, statement: Statement) -> bool:
        """Tell whether a sentence comes for the first time. Raises ModelError where it comes again and again."""
        times = self._times[statement.text] = self._times.get(statement.text, 0) + 1
        if times >= TWICE:
            self._stop()
        return times == 1

    def _stop(self) -> None:
        raise ModelError(f"The model {self._name} repeats itself without end.", fault="repetition")


_CIRCLE = re.compile(r"(\S.{1,38}?)\1{7,}$|(\S)\2{39,}$", re.DOTALL)


def _joined(found: Sequence[Statement]) -> Statement:
    numbers = tuple(dict.fromkeys(number for each in found for number in each.numbers))
    text = " ".join(each.text for each in found)
    return replace(found[0], text=text, numbers=numbers, unknown=any(each.unknown for each in found))
