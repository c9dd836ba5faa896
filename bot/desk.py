"""The desk: has lines written, lets only those through that the gate passes, and quotes where a model fails."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress

from bot import prompts
from bot.condensing import Condenser, Extracts, Line
from bot.errors import Fault, ModelError, Stopped
from bot.glossary import Glossary
from bot.indexing import Progress
from bot.outcomes import Stage
from bot.quotable import Quotable
from bot.records import AnswerLanguage, Article, Claim
from bot.verify import faults, stands

DOWN: frozenset[Fault] = frozenset({"timeout", "unreachable", "busy", "server", "refused"})
"""After these a model is not asked again for the same briefing."""

Beat = Callable[[int], None]
"""Is called again and again while a model writes, with the number of stories or events before. If it raises `Stopped`,
the rest is quoted."""

log = logging.getLogger(__name__)


class Newsroom:
    """Opens a desk for each briefing and each timeline, and keeps count of what failed at any."""

    def __init__(
        self, glossary: Glossary, *, condenser: Condenser | None = None, faults: Counter[Fault] | None = None
    ) -> None:
        """Take who tells, where it is not the articles themselves, and the counter of its failures."""
        self._glossary = glossary
        self._condenser = condenser or Extracts()
        self._faults = Counter() if faults is None else faults

    @contextmanager
    def desk(
        self, kind: prompts.Told, count: int, *, language: AnswerLanguage, progress: Progress | None
    ) -> Iterator[Desk]:
        """Tell so many stories or events in the reader's language; `progress` is told how far that is."""

        def beat(done: int) -> None:
            if progress:
                progress(Stage("telling", done, count, kind))

        desk = Desk(self._condenser, Extracts(), self._glossary, language=language, beat=beat)
        yield desk
        self._faults.update(desk.faults)
        if desk.beaten:
            with suppress(Stopped):  # nothing is left to stop
                beat(count)


class Desk:
    """Tells the stories of one briefing, or the events of one timeline, one after another."""

    def __init__(
        self,
        condenser: Condenser,
        stand_in: Condenser,
        glossary: Glossary,
        *,
        language: AnswerLanguage,
        beat: Beat,
    ) -> None:
        """Take who tells, who does where the first fails, and the reader's language."""
        self.faults: list[Fault] = []
        """Why the condenser failed, once for each time."""
        self.written = 0
        """How many the condenser told."""
        self.quoted = 0
        """How many it should have told."""
        self.beaten = False
        """Whether a model has been at work."""
        self.language = language
        self._condenser = condenser
        self._stand_in = stand_in
        self._glossary = glossary
        self._beat = beat
        self._given_up = False

    @property
    def answerer(self) -> str:
        """Name who has told."""
        return self._condenser.name if self.written else self._stand_in.name

    def notes(self, kind: prompts.Told) -> tuple[str, ...]:
        """Say of how many stories or events the model gave nothing that can be printed."""
        of = self.quoted + self.written
        return (prompts.quoted_parts(kind, self.faults, self.language, some=self.quoted, of=of),) if self.quoted else ()

    def lines(
        self,
        told: Sequence[Quotable],
        *,
        limit: int,
        articles: Mapping[str, Article],
        said: Sequence[Quotable] = (),
    ) -> list[Line]:
        """Return at most `limit` lines out of what is `told`, none of which repeats what was `said`.

        `articles` holds those quoted, against which the quotations are checked.
        """
        lines = self._by_condenser(told, limit, articles, said)
        if lines is None:
            lines = self._condensed(self._stand_in, told, limit, articles, said)
            self.quoted += bool(lines)
        else:
            self.written += bool(lines)
        return lines

    def passes(self, line: Line, articles: Mapping[str, Article]) -> bool:
        """Whether the quotations stand in their articles and carry the line, or it is shown as unsupported."""
        quotes = {at: each.citation() for at, each in enumerate(line.carried_by, 1)}
        standing = all(stands(each, articles) for each in quotes.values())
        if line.status == "unsupported":
            return standing
        return standing and not faults(Claim(line.text, tuple(quotes)), quotes, glossary=self._glossary)

    def _by_condenser(
        self, told: Sequence[Quotable], limit: int, articles: Mapping[str, Article], said: Sequence[Quotable]
    ) -> list[Line] | None:
        """Return the condenser's lines; None where it fails, or has failed for good."""
        if self._given_up:
            return None
        try:
            return self._condensed(self._condenser, told, limit, articles, said)
        except ModelError as error:
            log.warning("%s The articles are quoted.", error)
            self.faults.append(error.fault)
            self._given_up = error.fault in DOWN
        except Stopped:
            self.faults.append("timeout")
            self._given_up = True
        return None

    def _condensed(
        self,
        condenser: Condenser,
        told: Sequence[Quotable],
        limit: int,
        articles: Mapping[str, Article],
        said: Sequence[Quotable],
    ) -> list[Line]:
        lines = []
        with closing(condenser.condense(told, limit=limit, language=self.language, said=said)) as steps:
            for line in steps:
                if line is None:
                    self.beaten = True
                    self._beat(self.written + self.quoted)
                elif self.passes(line, articles):
                    lines.append(line)
        return lines
