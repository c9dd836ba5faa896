"""What a library tells of a topic: the part of Regbrief that briefs, and answers no question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot import asked
from bot.briefings import Digest, Timeline
from bot.digest import STORIES, Digests
from bot.glossary import Glossary
from bot.holdings import Holdings
from bot.indexing import Progress
from bot.library import Library
from bot.records import AnswerLanguage, Article, Language
from bot.scope import read_scope
from bot.settings import Settings
from bot.timeline import EVENTS, Timelines
from bot.topics import Topics


class Coverage(Holdings):
    """A library whose stories and events can be told."""

    def __init__(
        self,
        library: Library,
        settings: Settings | None,
        glossary: Glossary,
        *,
        topics: Topics,
        digests: Digests,
        timelines: Timelines,
    ) -> None:
        super().__init__(library, settings)
        self.glossary = glossary
        self.topics = topics
        self.digests = digests
        self.timelines = timelines

    def digest(
        self,
        topic: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        limit: int = STORIES,
        answer_language: AnswerLanguage | None = None,
        today: date | None = None,
        progress: Progress | None = None,
    ) -> Digest:
        """Brief on the stories of a topic, or without one on the newest: each in a few proved lines, newest first.

        The filters are those of `ask`; at most `limit` stories, 1 to 50, are told, those most about the topic. The
        words around the quotations, and those of a language model, are in `answer_language`, else in the topic's.
        `progress` is called with the stage "telling" while a model writes; if it raises `Stopped`, the model is stopped
        and the rest is quoted. Raises InputError.
        """
        filters = asked.filters(since, until, languages, sources, None)
        wanted = asked.question(topic) if topic is not None else None
        self.library.refresh()
        return self.digests.digest(
            wanted,
            filters,
            limit=asked.limit(limit, 50),
            language=asked.answer_language(answer_language),
            today=today or date.today(),
            progress=progress,
        )

    def timeline(
        self,
        topic: str,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        limit: int = EVENTS,
        answer_language: AnswerLanguage | None = None,
        today: date | None = None,
        progress: Progress | None = None,
    ) -> Timeline:
        """Tell what happened on a topic, earliest first, each event once and in a proved line.

        The filters are those of `ask`; no event before `since` is told. At most `limit` events, 1 to 100, are told,
        those that most reports tell. `progress` is called as by `digest`. Raises InputError.
        """
        filters = asked.filters(since, until, languages, sources, None)
        wanted = asked.question(topic)
        self.library.refresh()
        return self.timelines.timeline(
            wanted,
            filters,
            limit=asked.limit(limit, 100),
            language=asked.answer_language(answer_language),
            today=today or date.today(),
            progress=progress,
        )

    def about(
        self,
        topic: str,
        *,
        since: date | None = None,
        until: date | None = None,
        languages: Sequence[Language] | None = None,
        sources: Sequence[str] | None = None,
        today: date | None = None,
    ) -> list[Article]:
        """Return the articles about a topic that the filters of `ask` let through, most about it first.

        They are those of which `digest` and `timeline` tell. Raises InputError.
        """
        filters = asked.filters(since, until, languages, sources, None)
        wanted = asked.question(topic)
        self.library.refresh()
        scope = read_scope(wanted, filters, language=None, glossary=self.glossary, today=today or date.today())
        return [each.article for each in self.topics.about(scope.topic, scope.filters)]

    def summarize(
        self, article_id: str, *, answer_language: AnswerLanguage | None = None, progress: Progress | None = None
    ) -> Digest:
        """Tell one article in a few proved lines, in order; `progress` is called as by `digest`. Raises NotFound."""
        language = asked.answer_language(answer_language)
        return self.digests.summarize(article_id, language=language, progress=progress)
