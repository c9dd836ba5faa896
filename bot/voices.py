"""One voice a story: which report speaks where several tell one event or print one text, and who else told it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from bot.catalog import Stored
from bot.dedupe import retold
from bot.records import Article, Citation, Filters, Related, Report
from bot.stories import Told

EQUAL = 0.9
"""A copy whose score is at least this share of the best one's speaks as well; the earliest of these does."""

RELATED = 3
"""Articles on other stories that are offered beside an answer."""

LISTED = 20
"""Others named at most beside a voice; own reports come before copies."""


def one_a_story(ranked: Sequence[Stored], scores: Mapping[int, float], told: Mapping[str, Told]) -> list[Stored]:
    """Keep of each story the passages of one report: the best, or the earliest of its equal copies."""
    speakers = _speakers(ranked, scores, told, lambda article_id: _told(told, article_id).story)
    return [each for each in ranked if speakers[each.article.id].id == each.article.id]


def one_a_text(ranked: Sequence[Stored], scores: Mapping[int, float], told: Mapping[str, Told]) -> list[Stored]:
    """Leave out the passages of copies that say nothing beyond the copy that speaks for them."""
    speakers = _speakers(ranked, scores, told, lambda article_id: _told(told, article_id).original)
    return [
        each
        for each in ranked
        if speakers[each.article.id].id == each.article.id
        or not retold(each.passage.text, speakers[each.article.id].body)
    ]


def also_reported(
    shown: Mapping[str, Told], tellers: Sequence[tuple[Told, Related]], article_id: str
) -> tuple[Report, ...]:
    """Name who else told the story of an article, own reports first; what is `shown` by itself is not named again.

    `tellers` are the articles of the stories, earliest first. Who prints a text that is shown, or named before, is
    marked as a copy.
    """
    story = shown[article_id].story
    texts = {each.original for each in shown.values() if each.story == story}
    reports = []
    for each, related in tellers:
        if each.story == story and related.article_id not in shown:
            reports.append(_report(related, copy=each.original in texts))
            texts.add(each.original)
    return tuple(sorted(reports, key=lambda report: report.copy)[:LISTED])


def nearest(
    articles: Sequence[Article], citations: Sequence[Citation], stories: Mapping[str, str]
) -> tuple[Related, ...]:
    """Return the nearest articles on other stories than those cited, one on each.

    If all cited are in one language, one in the other language is among them, on whatever story.
    """
    cited = {each.article_id for each in citations}
    spoken = {each.language[:2] for each in citations}
    others = [each for each in articles if each.id not in cited]
    first = {stories.get(each.id, each.id): each for each in reversed(others)}
    told = {stories.get(each, each) for each in cited}
    near = [each for each in others if (story := stories.get(each.id, each.id)) not in told and first[story] is each]
    near = near[:RELATED]
    foreign = [each for each in others if each.language[:2] not in spoken]
    if len(spoken) == 1 and foreign and foreign[0] not in near:
        near = [*near[: RELATED - 1], foreign[0]]
    return tuple(map(_related, near))


def beyond(articles: Sequence[Article], filters: Filters) -> tuple[Related, ...]:
    """Return the articles that a search with other filters found, the nearest to the window of these first."""
    found = {each.id: each for each in articles}.values()
    return tuple(map(_related, sorted(found, key=lambda each: _days_outside(each.published, filters))[:RELATED]))


def _days_outside(day: date | None, filters: Filters) -> int:
    """Count the days between an article and a window; one without a day is as far away as can be."""
    if day is None:
        return (date.max - date.min).days
    early = (filters.since - day).days if filters.since else 0
    late = (day - filters.until).days if filters.until else 0
    return max(early, late, 0)


def _related(article: Article) -> Related:
    return Related(article.id, article.title, article.source, article.published, article.language, article.url)


def _speakers(
    ranked: Sequence[Stored], scores: Mapping[int, float], told: Mapping[str, Told], group: Callable[[str], str]
) -> dict[str, Article]:
    """Return the article that speaks for each article that was found."""
    groups: defaultdict[str, list[Stored]] = defaultdict(list)
    for each in ranked:
        groups[group(each.article.id)].append(each)
    speakers = {name: _speaker(members, scores, told) for name, members in groups.items()}
    return {each.article.id: speakers[group(each.article.id)] for each in ranked}


def _speaker(members: Sequence[Stored], scores: Mapping[int, float], told: Mapping[str, Told]) -> Article:
    best = members[0]
    text = _told(told, best.article.id).original
    equal = [
        each.article
        for each in members
        if _told(told, each.article.id).original == text and scores[each.key] >= EQUAL * scores[best.key]
    ]
    fitting = [each for each in equal if each.id == best.article.id or retold(best.passage.text, each.body)]
    return min(fitting, key=lambda each: (each.published is None, each.published or date.min, each.id))


def _told(told: Mapping[str, Told], article_id: str) -> Told:
    return told.get(article_id) or Told(article_id, article_id)


def _report(related: Related, *, copy: bool) -> Report:
    return Report(
        related.article_id, related.title, related.source, related.published, related.language, related.url, copy
    )
