"""One story in a few lines: what it tells, what changed, where reports differ, and what comes next.

A line is a sentence as it stands in its article. A `Condenser` with a language model may tell a story in words of its
own; what it says passes the same gate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from bot import prompts
from bot.centrality import centrality, most_telling
from bot.conflicts import Conflict, conflicts
from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.happened import happened
from bot.language import plain
from bot.ledger import Ledger
from bot.lines import changes, looks_ahead
from bot.measures import DATES, measures
from bot.passages import tokens
from bot.quotable import READ, Quotable, whole_sentences
from bot.records import AnswerLanguage, Article, Citation, Claim, DigestStory, to_json
from bot.values import CURRENCIES
from bot.verify import faults, stands

FEWEST, MOST = 3, 5
"""Lines of a story, one for every SENTENCES_A_LINE that could be one; fewer where nothing else is new."""
SENTENCES_A_LINE = 3

CHANGED, AHEAD = 1, 2
"""Further lines at most on what changed and on what comes next."""

TELLING = frozenset(CURRENCIES) | {"percent", "person"}
"""Units of the figures for which a report in another language is quoted as well."""

RECENT = timedelta(days=60)
"""Before that, a change is background."""

FULL = 24.0
"""Tokens of a sentence that is likely to tell something."""

A_FIGURE = 0.5
"""What each of two figures in a sentence adds to the preference for it: these are asked for most."""

BESIDE = 0.7
"""What counts a sentence of another report than the one whose headline a story bears."""

FRESH = timedelta(days=120)
"""So long may what a report expects, naming no day, still be to come."""

FIGURES = "How much money, and how many people and companies?"
"""What the reports of a story are compared for, as nobody has asked; one report has shares of many things."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said, and the sentences that carry it."""

    text: str
    carried_by: tuple[Quotable, ...]


class Condenser(Protocol):
    """Tells a story in a few lines: the seam where a language model may stand in for the choice of sentences."""

    name: str
    """As a briefing names who wrote it."""

    def condense(
        self, told: Sequence[Quotable], *, limit: int, language: AnswerLanguage, said: Sequence[Quotable]
    ) -> list[Line]:
        """Return at most `limit` lines out of what is `told`, in reading order.

        None repeats another or what was `said`. The first sentences `told` are those of the article whose headline the
        story bears.
        """


class Extracts:
    """Tells a story in its most central sentences."""

    name = "extractive"

    def condense(
        self, told: Sequence[Quotable], *, limit: int, language: AnswerLanguage, said: Sequence[Quotable]
    ) -> list[Line]:
        """Choose the lead, then what is central and new, and put it in the order of the reports."""
        chosen = choose(told, limit=limit, language=language, said=said)
        return [Line(each.sentence.text, (each,)) for each in told if each in chosen]


def choose(
    told: Sequence[Quotable], *, limit: int, language: AnswerLanguage, said: Sequence[Quotable] = ()
) -> list[Quotable]:
    """Return the most telling sentences, best first, none of which repeats another or what was `said`."""
    if not told:
        return []
    vectors = np.stack([each.vector for each in told])
    first = told[0].article.id
    beside = [1.0 if each.article.id == first else BESIDE for each in told]
    wanted = [share * _preference(each, language) for share, each in zip(beside, told, strict=True)]
    ranks = centrality(vectors, wanted)
    if told[0].place == 0:
        ranks[0] = 2.0  # nothing says the news as the lead does
    before = np.stack([each.vector for each in said]) if said else None
    chosen: list[Quotable] = []
    for at in most_telling(ranks.tolist(), vectors, limit=len(told), said=before):
        if len(chosen) < limit and not any(told[at].repeats(other) for other in [*said, *chosen]):
            chosen.append(told[at])
    return chosen


def _preference(each: Quotable, language: AnswerLanguage) -> float:
    """Prefer what stands high in its report, is near the topic, full, exact, clear, and in the reader's language."""
    high = 1 / math.sqrt(1 + each.place)
    near = 0.3 + max(0.0, each.nearness)
    full = min(1.0, tokens(each.sentence.text) / FULL)
    exact = 1 + A_FIGURE * min(2, len([one for one in measures(each.sentence.text) if one.unit not in DATES]))
    return exact * high * near * full * (0.6 if each.vague else 1.0) * readable(each.article, language)


def readable(article: Article, language: AnswerLanguage) -> float:
    """Return how well a reader of a language reads an article, 1 at best."""
    if article.language == plain(language):
        return 1.0
    return 0.8 if article.language[:2] == language[:2] else 0.35


class Telling:
    """Tells the stories of one briefing; what one has said, the next does not say again."""

    def __init__(
        self,
        condenser: Condenser,
        glossary: Glossary,
        encoder: Encoder,
        *,
        language: AnswerLanguage,
        as_of: date | None,
    ) -> None:
        """Take the reader's language, and the day that what comes next must come after."""
        self.ledger = Ledger()
        self._condenser = condenser
        self._glossary = glossary
        self._encoder = encoder
        self._language = language
        self._as_of = as_of
        self._said: list[Quotable] = []
        self._articles: dict[str, Article] = {}

    def story(self, articles: Sequence[Article], told: Sequence[Quotable]) -> DigestStory | None:
        """Tell the story of some reports, the first of which gives the headline; None where nothing new can be said."""
        self._articles |= {each.id: each for each in articles}
        told = [each for each in _own_language(told, self._language) if not self._overtaken(each)]
        lines = self._lines(told)
        return self._printed(articles, *self._sections(told, lines)) if lines else None

    def _lines(self, told: Sequence[Quotable]) -> list[Line]:
        limit = min(MOST, max(FEWEST, len(told) // SENTENCES_A_LINE))
        lines = self._condenser.condense(told, limit=limit, language=self._language, said=self._said)
        lines = [each for each in lines if self._passes(each)]
        self._said += [each for line in lines for each in line.carried_by]
        return lines

    def _sections(self, told: Sequence[Quotable], lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
        """Part the lines on what changed and what comes next from the others, and add to each."""
        lines, ahead = _parted(lines, self._to_come)
        lines, changed = _parted(lines, _changes_now)
        moved = len(ahead) + len(changed)
        ahead += self._further(told, [each for each in told if self._to_come(each)], AHEAD - len(ahead))
        changed += self._further(told, [each for each in told if _changes_now(each)], CHANGED - len(changed))
        lines += self._further(told, told, min(moved, FEWEST - len(lines)))
        return lines, changed, ahead

    def _printed(
        self, articles: Sequence[Article], lines: Sequence[Line], changed: Sequence[Line], ahead: Sequence[Line]
    ) -> DigestStory:
        """Enter the lines in the order in which they are read."""
        claims, changes_told = ([self._entered(each) for each in some] for some in (lines, changed))
        disputes = list(self._disputed(articles, [*lines, *changed]))
        days = [each.published for each in articles if each.published]
        first = articles[0]
        return DigestStory(
            headline=first.title,
            article_id=first.id,
            language=first.language,
            first=min(days, default=None),
            last=max(days, default=None),
            lines=tuple(claims),
            changed=tuple(changes_told),
            disputed=tuple(claim for _, claim in disputes),
            ahead=tuple(self._entered(each) for each in ahead),
            conflicts=tuple(to_json(conflict) for conflict, _ in disputes),
        )

    def _further(self, told: Sequence[Quotable], fitting: Sequence[Quotable], limit: int) -> list[Line]:
        """Choose lines of a kind among what was not said yet, of those in the better half of what is told."""
        ranked = choose(told, limit=len(told), language=self._language, said=self._said)
        better = ranked[: (len(ranked) + 1) // 2]
        chosen = [each for each in better if each in fitting][: max(0, limit)]
        lines = [line for each in chosen if self._passes(line := Line(each.sentence.text, (each,)))]
        self._said += [each for line in lines for each in line.carried_by]
        return lines

    def _to_come(self, each: Quotable) -> bool:
        """Whether a sentence tells of what is to come after the day of the briefing."""
        if not looks_ahead(each.sentence.text) or not self._as_of:
            return False
        published = each.article.published
        when = happened(each.sentence.text, published)
        if when:
            return when.day > self._as_of
        return published is not None and published + FRESH >= self._as_of

    def _overtaken(self, each: Quotable) -> bool:
        """Whether a sentence expects something, on no stated day, so long ago that it must have come or not."""
        published = each.article.published
        if each.place == 0 or not (published and self._as_of) or published + FRESH >= self._as_of:
            return False
        return looks_ahead(each.sentence.text) and happened(each.sentence.text, published) is None

    # --- the gate ---

    def _passes(self, line: Line) -> bool:
        quotes = {at: each.citation() for at, each in enumerate(line.carried_by, 1)}
        standing = all(stands(each, self._articles) for each in quotes.values())
        return standing and not faults(Claim(line.text, tuple(quotes)), quotes, glossary=self._glossary)

    def _entered(self, line: Line) -> Claim:
        self.ledger.add(line.text, [each.citation() for each in line.carried_by])
        return self.ledger.claims[-1]

    # --- disputes ---

    def _disputed(self, articles: Sequence[Article], lines: Sequence[Line]) -> Iterator[tuple[Conflict, Claim]]:
        """Find where what is quoted differs from what the reports say elsewhere; enter and yield how that is said."""
        cited = [each.citation() for line in lines for each in line.carried_by]
        places = {(each.article_id, each.start) for each in cited}
        others = [each for article in articles for each in _quotations(article)]
        others = [each for each in others if (each.article_id, each.start) not in places]
        story = {each.id: articles[0].id for each in articles}
        found = conflicts(FIGURES, cited, others, stories=story, glossary=self._glossary, encoder=self._encoder)
        for conflict in found:
            if len({side.article_id for side in conflict.sides}) == 1:
                continue  # one report that sets two figures against each other tells what they are itself
            sides = {(side.article_id, side.start) for side in conflict.sides}
            quotes = [each for each in [*cited, *others] if (each.article_id, each.start) in sides]
            said = prompts.disputed(self._language, [side.value for side in conflict.sides])
            numbered = dict(enumerate(quotes, 1))
            if not faults(Claim(said, tuple(numbered)), numbered, glossary=self._glossary):
                self.ledger.add(said, quotes)
                yield conflict, self.ledger.claims[-1]


def _parted(lines: Sequence[Line], kind: Callable[[Quotable], bool]) -> tuple[list[Line], list[Line]]:
    """Take out the lines, but not the lead, that are of a kind."""
    taken = [line for line in lines[1:] if all(kind(each) for each in line.carried_by)]
    return [line for line in lines if line not in taken], taken


def _changes_now(each: Quotable) -> bool:
    """Whether a sentence tells of a change that is news, and not of one long ago."""
    if not changes(each.sentence.text):
        return False
    published = each.article.published
    when = happened(each.sentence.text, published)
    return when is None or published is None or when.day >= published - RECENT


def _own_language(told: Sequence[Quotable], language: AnswerLanguage) -> list[Quotable]:
    """Leave out what is in another language, save for figures that the reader's own reports do not give."""
    own = [each for each in told if each.article.language[:2] == language[:2]]
    if not own:
        return list(told)
    known = [measure for each in own for measure in measures(each.sentence.text)]

    def new(each: Quotable) -> bool:
        found = [measure for measure in measures(each.sentence.text) if measure.unit in TELLING]
        return each.place > 0 and any(not any(one.agrees(other) for other in known) for one in found)

    return [each for each in told if each in own or new(each)]


def _quotations(article: Article) -> Iterator[Citation]:
    for sentence in whole_sentences(article.body)[:READ]:
        yield Citation.of(article, sentence, number=0, score=0.0)
