"""Briefings: the stories of a topic or of some days, each in a few quoted lines, and one article in a few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from time import perf_counter

from bot import prompts
from bot.briefings import Digest, DigestStory
from bot.catalog import Catalog
from bot.condensing import readable
from bot.desk import Newsroom
from bot.glossary import Glossary
from bot.indexing import Progress
from bot.language import detect
from bot.quotable import quotables
from bot.records import AnswerLanguage, Article, Citation, Filters
from bot.retrieve import Retriever
from bot.scope import Scope, read_scope, refusal, searched
from bot.telling import Telling
from bot.topics import About, Topics

STORIES = 8
"""Stories of a briefing, unless more or fewer are asked for."""

REPORTS = 5
"""Reports of a story that are read at most: what others add is seldom new."""


class Digests:
    """Makes briefings from one library."""

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

    def digest(
        self,
        topic: str | None,
        filters: Filters,
        *,
        limit: int,
        language: AnswerLanguage | None,
        today: date,
        progress: Progress | None = None,
    ) -> Digest:
        """Tell the stories of a topic, or without one the newest. See `Regbrief.digest`."""
        started = perf_counter()
        scope = read_scope(topic or "", filters, language=language, glossary=self._glossary, today=today)
        return self._digest(topic, scope, self._stories(scope, limit), started, progress)

    def summarize(
        self, article_id: str, *, language: AnswerLanguage | None, progress: Progress | None = None
    ) -> Digest:
        """Tell one article in its central sentences, in order. Raises NotFound."""
        started = perf_counter()
        article = self._catalog.article(article_id)
        scope = Scope("", Filters(article_ids=(article_id,)), language or article.language)
        return replace(self._digest(None, scope, [[article]], started, progress), article_id=article_id)

    def told(self, topic: str, articles: Sequence[Article]) -> Digest:
        """Brief on a topic out of these articles and no others."""
        started = perf_counter()
        scope = Scope(topic, Filters(article_ids=tuple(each.id for each in articles)), detect(topic))
        stories = sorted(self._grouped(articles, scope.filters), key=_newest_day, reverse=True)
        return self._digest(topic, scope, stories, started)

    def _digest(
        self,
        topic: str | None,
        scope: Scope,
        stories: Sequence[Sequence[Article]],
        started: float,
        progress: Progress | None = None,
    ) -> Digest:
        found = perf_counter()
        nearness = self._retriever.query(scope.topic).vector if scope.topic else None
        days = [each.published for members in stories for each in members if each.published]
        told = []
        with self._newsroom.desk("stories", len(stories), language=scope.language, progress=progress) as desk:
            telling = Telling(desk, self._glossary, self._retriever.encoder, as_of=max(days, default=None))
            for members in stories:
                standing = self._catalog.standing(each.id for each in members)  # no longer, if removed since the search
                ordered = sorted(standing.values(), key=lambda each: _headline_order(each, scope.language))
                lines = quotables(ordered, self._retriever.encoder, nearness) if ordered else []
                story = telling.story(ordered, lines) if lines else None
                told += [self._with_others(story, telling.ledger.citations, scope.filters)] if story else []
        refused, notice = None, ""
        if not told:
            but: prompts.Untold | None = "no_line" if stories else None
            refused, notice = refusal(self._catalog, scope, lambda wider: self._any(scope.topic, wider), but=but)
        return Digest(
            topic=topic,
            language=scope.language,
            abstained=refused is not None,
            reason=refused,
            notice=notice,
            since=scope.filters.since,
            until=scope.filters.until,
            as_of=max((each.published for each in telling.ledger.citations if each.published), default=None),
            stories=tuple(told),
            citations=tuple(telling.ledger.citations),
            searched=searched(self._catalog, scope),
            answerer=desk.answerer,
            notes=desk.notes("stories"),
            timings_ms=timings(started, found),
        )

    def _with_others(self, story: DigestStory, citations: Sequence[Citation], filters: Filters) -> DigestStory:
        """Add who told a story as well and is not quoted."""
        quoted = {citations[number - 1].article_id for claim in story.claims for number in claim.citations}
        also = self._retriever.also_reported(quoted, filters)
        named = {report.article_id: report for reports in also.values() for report in reports}
        return replace(story, also_reported_by=tuple(named.values()))

    # --- stories ---

    def _stories(self, scope: Scope, limit: int) -> list[list[Article]]:
        """Return the reports of each story to be told, newest story first."""
        if scope.topic:
            about = [each.article for each in by_news(self._topics.about(scope.topic, scope.filters))]
            stories = self._grouped(about, scope.filters)[:limit]
        else:
            stories = self._grouped(self._newest(scope.filters, limit), scope.filters)
        return sorted(stories, key=_newest_day, reverse=True)

    def _newest(self, filters: Filters, limit: int) -> list[Article]:
        """Return the newest articles that between them tell so many stories."""
        articles: list[Article] = []
        stories: set[str] = set()
        for article in self._catalog.articles(filters):
            story = self._retriever.stories([article.id]).get(article.id, article.id)
            if story not in stories and len(stories) == limit:
                break
            stories.add(story)
            articles.append(article)
        return articles

    def _grouped(self, articles: Sequence[Article], filters: Filters) -> list[list[Article]]:
        """Group articles by story, in the order of each story's first; the original stands for copies, others join."""
        told = self._catalog.told(each.id for each in articles)
        groups: dict[str, dict[str, Article]] = {}
        for each in articles:
            story, original = (told[each.id].story, told[each.id].original) if each.id in told else (each.id, each.id)
            groups.setdefault(story, {}).setdefault(original, each)
        for teller, related in self._catalog.tellers(groups, filters):
            members = groups[teller.story]
            known = teller.original in members
            if related.article_id == teller.original if known else len(members) < REPORTS:
                for article in self._catalog.standing([related.article_id]).values():
                    members[teller.original] = article
        return [list(members.values())[:REPORTS] for members in groups.values()]

    def _any(self, topic: str, filters: Filters) -> bool:
        return bool(self._topics.about(topic, filters)) if topic else self._catalog.count(filters) > 0


def by_news(about: Sequence[About]) -> list[About]:
    """Put first what is most about a topic, a tenth less for each year that it is behind the newest."""
    newest = max((each.article.published for each in about if each.article.published), default=date.min)
    return sorted(about, key=lambda each: -each.relevance * 0.9 ** _years(each.article.published or date.min, newest))


def _years(early: date, late: date) -> float:
    return (late - early).days / 365


def timings(started: float, found: float) -> Mapping[str, float]:
    """Return the milliseconds that finding and telling took."""
    now = perf_counter()
    spent = {"find": found - started, "tell": now - found, "total": now - started}
    return {name: round(seconds * 1000, 1) for name, seconds in spent.items()}


def _newest_day(members: Sequence[Article]) -> date:
    return max((each.published for each in members if each.published), default=date.min)


def _headline_order(article: Article, language: AnswerLanguage) -> tuple[float, int, str]:
    """Put first what the reader reads best, of that the newest."""
    return -readable(article, language), -(article.published or date.min).toordinal(), article.id
