"""Timelines: what happened on a topic, day by day, each event told once, in a proved line.

Every sentence that gives a day or a month, and every lead, may be an event; its date is the one that it states, else
that of publication. Reports of one event, and its mentions in later background, are one event: of these the line is
the clearest, and how many there are tells what matters. A language model may tell that line in the reader's words; what
it writes passes the gate of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from time import perf_counter

from bot import prompts
from bot.briefings import Timeline, TimelineEvent
from bot.catalog import Catalog
from bot.condensing import Line, readable
from bot.desk import Desk, Newsroom
from bot.digest import timings
from bot.glossary import Glossary
from bot.happened import When, dated, happened
from bot.indexing import Progress
from bot.ledger import Ledger
from bot.quotable import Quotable, quotables
from bot.records import AnswerLanguage, Article, Filters
from bot.retrieve import Retriever
from bot.scope import Scope, read_scope, refusal, searched
from bot.topics import Topics

EVENTS = 20
"""Events of a timeline, unless more or fewer are asked for."""

SLACK = 2
"""Days by which two reports of one event may differ."""

ALIKE = 0.45
ALIKE_ACROSS = 0.3
"""Cosine from which on two sentences on the same day tell one event, in one language and in two (means removed)."""

NEAR = 0.3
"""Cosine to the topic below which a sentence that does not name it is of something else."""


@dataclass(eq=False)
class _Event:
    """What may be an event: the line for it, when it was, and the other sentences that tell it."""

    line: Quotable
    when: When
    worth: float
    others: list[Quotable] = field(default_factory=list)

    @property
    def tellers(self) -> int:
        """Count the other articles that tell it."""
        return len({each.article.id for each in self.others} - {self.line.article.id})


class Timelines:
    """Makes timelines from one library."""

    def __init__(
        self,
        catalog: Catalog,
        retriever: Retriever,
        topics: Topics,
        glossary: Glossary,
        newsroom: Newsroom,
    ) -> None:
        self._catalog = catalog
        self._retriever = retriever
        self._topics = topics
        self._glossary = glossary
        self._newsroom = newsroom

    def timeline(
        self,
        topic: str,
        filters: Filters,
        *,
        limit: int,
        language: AnswerLanguage | None,
        today: date,
        progress: Progress | None = None,
    ) -> Timeline:
        """Tell the events of a topic. See `Regbrief.timeline`."""
        started = perf_counter()
        scope = read_scope(topic, filters, language=language, glossary=self._glossary, today=today)
        articles = self._originals([each.article for each in self._topics.about(scope.topic, scope.filters)])
        found = perf_counter()
        vector = self._retriever.query(scope.topic).vector
        names = self._topics.names(scope.topic)
        telling = [each for each in quotables(articles, self._retriever.encoder, vector) if _bears(each, names)]
        events = [each for each in _events(telling, scope.language) if _within(each.when, scope.filters)]
        kept = sorted(_merged(events, self._retriever.stories(each.id for each in articles)), key=_importance)[:limit]
        kept.sort(key=_order)
        with self._newsroom.desk("events", len(kept), language=scope.language, progress=progress) as desk:
            return self._timeline(topic, scope, kept, desk, (started, found), found=bool(articles))

    def _timeline(
        self,
        topic: str,
        scope: Scope,
        events: Sequence[_Event],
        desk: Desk,
        clock: tuple[float, float],
        *,
        found: bool,
    ) -> Timeline:
        ledger = Ledger()
        newest = max((each.line.article.published for each in events if each.line.article.published), default=None)
        told = []
        for event in events:
            articles = self._catalog.standing([event.line.article.id])
            for line in desk.lines([event.line], limit=1, articles=articles):
                told.append(self._entered(event, line, ledger, scope, newest))
        refused, notice = None, ""
        if not told:
            but: prompts.Untold | None = "no_date" if found else None
            refused, notice = refusal(
                self._catalog, scope, lambda wider: self._topics.about(scope.topic, wider), but=but
            )
        return Timeline(
            topic=topic,
            language=scope.language,
            abstained=refused is not None,
            reason=refused,
            notice=notice,
            since=scope.filters.since,
            until=scope.filters.until,
            as_of=newest,
            events=tuple(told),
            citations=tuple(ledger.citations),
            searched=searched(self._catalog, scope),
            answerer=desk.answerer,
            notes=desk.notes("events"),
            timings_ms=timings(*clock),
        )

    def _originals(self, articles: Sequence[Article]) -> list[Article]:
        """Leave out copies of a text that is there."""
        told = self._catalog.told(each.id for each in articles)
        first: dict[str, Article] = {}
        for each in articles:
            first.setdefault(told[each.id].original if each.id in told else each.id, each)
        return list(first.values())

    def _entered(self, event: _Event, line: Line, ledger: Ledger, scope: Scope, newest: date | None) -> TimelineEvent:
        article = event.line.article
        also = self._retriever.also_reported([article.id], scope.filters).get(article.id, ())
        vague = event.line.vague and line.text == event.line.sentence.text
        context = prompts.under_headline(scope.language, article.title) if vague else ""
        ledger.add(line.text, [replace(event.line.citation(), also_reported_by=also)], line.status, context=context)
        return TimelineEvent(
            day=event.when.day,
            precision=event.when.precision,
            stated=event.when.stated,
            ahead=bool(newest and event.when.day > newest),
            headline=article.title,
            claim=ledger.claims[-1],
        )


def _bears(each: Quotable, names: Callable[[str], bool]) -> bool:
    """Whether a sentence tells of the topic, and not of something beside it: the lead of an article about it does."""
    return each.place == 0 or each.nearness >= NEAR or names(each.sentence.text)


def _events(told: Sequence[Quotable], language: AnswerLanguage) -> Iterator[_Event]:
    """Yield what may be an event: sentences that state when, and leads, which happened when they came out."""
    for each in told:
        published = each.article.published
        when = happened(each.sentence.text, published)
        if when is None and each.place == 0 and published:
            when = dated(published)
        if when:
            yield _Event(each, when, _worth(each, when, language))


def _worth(each: Quotable, when: When, language: AnswerLanguage) -> float:
    """Prefer a lead, a stated day, a named subject, the reader's language, and what is near the topic."""
    lead = 0.5 * (each.place == 0)
    exact = 0.2 * (when.stated and when.precision == "day")
    return each.nearness + lead + exact - 0.3 * each.vague + 0.4 * readable(each.article, language)


def _merged(events: Iterator[_Event] | Sequence[_Event], stories: Mapping[str, str]) -> list[_Event]:
    """Make one event of those that tell one, the worthiest being its line."""
    kept: list[_Event] = []
    for event in sorted(events, key=lambda each: (-each.worth, each.line.article.id, each.line.place)):
        same = next((each for each in kept if _one_event(event, each, stories)), None)
        if same:
            same.others.append(event.line)
        else:
            kept.append(event)
    return kept


def _one_event(one: _Event, other: _Event, stories: Mapping[str, str]) -> bool:
    """Whether two sentences tell one event: leads of one story, or near in time and alike."""
    a, b = one.line, other.line
    story = stories.get(a.article.id)
    if a.place == b.place == 0 and story is not None and story == stories.get(b.article.id):
        return True
    if a.repeats(b):
        return True
    if not one.when.meets(other.when, slack=SLACK):
        return False
    across = a.article.language[:2] != b.article.language[:2]
    return float(a.vector @ b.vector) >= (ALIKE_ACROSS if across else ALIKE)


def _within(when: When, filters: Filters) -> bool:
    """Whether an event is of the window; what was to come when its end was written is."""
    since = filters.since
    if since and when.precision == "month":
        since = since.replace(day=1)
    return since is None or when.day >= since


def _importance(event: _Event) -> float:
    """Put first what is news and what many tell, in whatever language, for sorting."""
    return -event.line.nearness - 0.6 * (event.line.place == 0) - 0.25 * min(4, event.tellers)


def _order(event: _Event) -> tuple[date, bool, str, int]:
    return event.when.day, event.when.precision == "day", event.line.article.id, event.line.place
