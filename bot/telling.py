"""One story in a few lines: what it tells, what changed, where reports differ, and what comes next.

The `Desk` gives the lines, each of which has passed the gate of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from bot import prompts
from bot.briefings import DigestStory
from bot.condensing import Line, choose
from bot.conflicts import Conflict, conflicts
from bot.desk import Desk
from bot.encoder import Encoder
from bot.glossary import Glossary
from bot.happened import happened
from bot.ledger import Ledger
from bot.lines import changes, looks_ahead
from bot.measures import measures
from bot.quotable import READ, Quotable, whole_sentences
from bot.records import AnswerLanguage, Article, Citation, Claim, to_json
from bot.values import CURRENCIES
from bot.verify import faults

FEWEST, MOST = 3, 5
"""Lines of a story, one for every SENTENCES_A_LINE that could be one; fewer where nothing else is new."""
SENTENCES_A_LINE = 3

CHANGED, AHEAD = 1, 2
"""Further lines at most on what changed and on what comes next."""

LEAST = 2
"""A model that proves fewer lines is helped out with extracts."""

TELLING = frozenset(CURRENCIES) | {"percent", "person"}
"""Units of the figures for which a report in another language is quoted as well."""

RECENT = timedelta(days=60)
"""Before that, a change is background."""

FRESH = timedelta(days=120)
"""So long may what a report expects, naming no day, still be to come."""

FIGURES = "How much money, and how many people and companies?"
"""What the reports of a story are compared for, as nobody has asked; one report has shares of many things."""


Kind = Callable[[str, Article], bool]
"""Whether a sentence on what an article says is of some kind."""


class Telling:
    """Tells the stories of one briefing; what one has said, the next does not say again."""

    def __init__(self, desk: Desk, glossary: Glossary, encoder: Encoder, *, as_of: date | None) -> None:
        """Take the day that what comes next must come after."""
        self.ledger = Ledger()
        self._desk = desk
        self._glossary = glossary
        self._encoder = encoder
        self._language = desk.language
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
        lines = self._desk.lines(told, limit=limit, articles=self._articles, said=self._said)
        self._said += [each for line in lines for each in line.carried_by]
        return lines

    def _sections(self, told: Sequence[Quotable], lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
        """Part the lines on what changed and what comes next from the others, and add to each."""
        lines, ahead = _parted(lines, self._to_come)
        lines, changed = _parted(lines, _changes_now)
        moved = len(ahead) + len(changed)
        ahead += self._further(told, self._to_come, AHEAD - len(ahead))
        changed += self._further(told, _changes_now, CHANGED - len(changed))
        wanting = max(LEAST - len(lines), min(moved, FEWEST - len(lines)))
        lines += self._further(told, lambda *_: True, wanting)
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

    def _further(self, told: Sequence[Quotable], kind: Kind, limit: int) -> list[Line]:
        """Choose lines of a kind among what was not said yet, of those in the better half of what is told."""
        ranked = choose(told, limit=len(told), language=self._language, said=self._said)
        better = ranked[: (len(ranked) + 1) // 2]
        fitting = [each for each in better if kind(each.sentence.text, each.article)]
        chosen = fitting[: max(0, limit)]
        lines = [
            line for each in chosen if self._desk.passes(line := Line(each.sentence.text, (each,)), self._articles)
        ]
        self._said += [each for line in lines for each in line.carried_by]
        return lines

    def _to_come(self, text: str, article: Article) -> bool:
        """Whether a sentence on what an article says tells of what is to come after the day of the briefing."""
        if not looks_ahead(text) or not self._as_of:
            return False
        published = article.published
        when = happened(text, published)
        if when:
            return when.day > self._as_of
        return published is not None and published + FRESH >= self._as_of

    def _overtaken(self, each: Quotable) -> bool:
        """Whether a sentence expects something, on no stated day, so long ago that it must have come or not."""
        published = each.article.published
        if each.place == 0 or not (published and self._as_of) or published + FRESH >= self._as_of:
            return False
        return looks_ahead(each.sentence.text) and happened(each.sentence.text, published) is None

    def _entered(self, line: Line) -> Claim:
        self.ledger.add(line.text, [each.citation() for each in line.carried_by], line.status)
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


def _parted(lines: Sequence[Line], kind: Kind) -> tuple[list[Line], list[Line]]:
    """Take out the lines, but not the lead, that are of a kind."""
    proved = [line for line in lines[1:] if line.status == "verified"]
    taken = [line for line in proved if all(kind(line.text, each.article) for each in line.carried_by)]
    return [line for line in lines if line not in taken], taken


def _changes_now(text: str, article: Article) -> bool:
    """Whether a sentence on what an article says tells of a change that is news, and not of one long ago."""
    if not changes(text):
        return False
    published = article.published
    when = happened(text, published)
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
