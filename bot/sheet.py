"""A briefing or a timeline laid out as a page of print: headings, lines with their sources, and the words between."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot import prompts
from bot.briefings import Digest, DigestStory, Timeline, TimelineEvent
from bot.prompts import Said
from bot.records import AnswerLanguage, Citation, Claim, Language


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to an address of the web, or to none."""

    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: what stands before it, the line, its language, and who said it when."""

    before: str
    text: str
    language: AnswerLanguage
    said: tuple[Link, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under a label, which is empty for those that need none."""

    label: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A story, or the whole of a timeline, which has no heading."""

    heading: str
    language: AnswerLanguage
    dated: str
    blocks: tuple[Block, ...]
    also: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """An article, and the numbers of the quotations that stand in it."""

    numbers: tuple[int, ...]
    title: Link
    language: Language
    about: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page; `notice` stands in place of sections where nothing was found."""

    title: str
    language: AnswerLanguage
    standing: str
    notice: str
    sections: tuple[Section, ...]
    references_title: str
    references: tuple[Reference, ...]


def sheet(what: Digest | Timeline) -> Sheet:
    """Lay out a briefing, a summary or a timeline."""
    cited = {each.number: each for each in what.citations}
    return Sheet(
        title=_title(what),
        language=what.language,
        standing="" if what.notice else _standing(what),
        notice=what.notice,
        sections=_stories(what, cited) if isinstance(what, Digest) else _events(what, cited),
        references_title=WORDS["sources"][what.language],
        references=_references(what.citations, what.language),
    )


def web_address(url: str | None) -> str | None:
    """Return an address that a page may link to: one of http or https without a character that needs care."""
    return url if url and _ADDRESS.fullmatch(url) else None


def written_day(day: date, language: AnswerLanguage) -> str:
    """Write a day as readers of a language do."""
    return prompts.DAY[language].format(day)


_ADDRESS = re.compile(r"https?://[^\s\x00-\x20\x7f\"'<>\\^`{|}()\[\]]+", re.IGNORECASE)

WORDS: Mapping[str, Said] = {
    "digest": Said("Briefing: {topic}", "简报：{topic}", "簡報：{topic}"),
    "newest": Said("What is new", "最新动态", "最新動態"),
    "summary": Said("Summary", "摘要", "摘要"),
    "timeline": Said("Timeline: {topic}", "时间线：{topic}", "時間線：{topic}"),
    "as_of": Said("As of {day}.", "截至{day}。", "截至{day}。"),
    "changed": Said("What changed", "变化", "變化"),
    "disputed": Said("What is disputed", "说法不一", "說法不一"),
    "ahead": Said("What comes next", "接下来", "接下來"),
    "to_come": Said("{day} (to come)", "{day}（预定）", "{day}（預定）"),
    "reported": Said("{day} (reported)", "{day}（报道日期）", "{day}（報導日期）"),
    "month": Said("{0:%B} {0.year}", "{0.year}年{0.month}月", "{0.year}年{0.month}月"),
    "range": Said("{first} to {last}", "{first}至{last}", "{first}至{last}"),
    "said": Said("{outlet}, {day}", "{outlet}，{day}", "{outlet}，{day}"),
    "sources": Said("Sources", "来源", "來源"),
}
"""What a page says in its own words; a key may have places to fill in."""


def _title(what: Digest | Timeline) -> str:
    topic = " ".join((what.topic or "").split())
    if isinstance(what, Timeline):
        kind = "timeline"
    elif what.article_id:
        kind = "summary"
    else:
        kind = "digest" if topic else "newest"
    return WORDS[kind][what.language].format(topic=topic)


def _standing(what: Digest | Timeline) -> str:
    """Say as of when the page is, but for a summary what was searched, and where a model failed."""
    said = [WORDS["as_of"][what.language].format(day=written_day(what.as_of, what.language))] if what.as_of else []
    if isinstance(what, Timeline) or not what.article_id:
        said.append(prompts.searched_in(what.language, what.searched))
    said += what.notes
    return (" " if what.language == "en" else "").join(said)


# --- stories --------------------------------------------------------------------------------------------------------


def _stories(digest: Digest, cited: Mapping[int, Citation]) -> tuple[Section, ...]:
    return tuple(_story(each, digest.language, cited) for each in digest.stories)


def _story(story: DigestStory, language: AnswerLanguage, cited: Mapping[int, Citation]) -> Section:
    labelled = ("changed", "disputed", "ahead")
    kinds = (("", story.lines), *((WORDS[name][language], getattr(story, name)) for name in labelled))
    blocks = (
        Block(label, tuple(_entry("", claim, language, cited) for claim in claims)) for label, claims in kinds if claims
    )
    also = prompts.also_reported(language, story.also_reported_by) if story.also_reported_by else ""
    return Section(story.headline, story.language, _span(story.first, story.last, language), tuple(blocks), also)


def _span(first: date | None, last: date | None, language: AnswerLanguage) -> str:
    if first is None or last is None:
        return prompts.UNDATED[language]
    if first == last:
        return written_day(first, language)
    days = {"first": written_day(first, language), "last": written_day(last, language)}
    return WORDS["range"][language].format(**days)


def _entry(before: str, claim: Claim, language: AnswerLanguage, cited: Mapping[int, Citation]) -> Entry:
    quotes = [cited[number] for number in claim.citations]
    quoted = claim.text == quotes[0].quote
    doubt = "" if claim.status == "verified" else prompts.UNSUPPORTED[language]
    links = (Link(_said(each, language), web_address(each.url)) for each in quotes)
    return Entry(
        before=before + claim.context,
        text=" ".join(claim.text.split()) + doubt,
        language=quotes[0].language if quoted else language,
        said=tuple(dict.fromkeys(links)),
        numbers=claim.citations,
    )


def _said(citation: Citation, language: AnswerLanguage) -> str:
    day = written_day(citation.published, language) if citation.published else prompts.UNDATED[language]
    return WORDS["said"][language].format(outlet=citation.source or prompts.UNNAMED[language], day=day)


# --- events ---------------------------------------------------------------------------------------------------------


def _events(timeline: Timeline, cited: Mapping[int, Citation]) -> tuple[Section, ...]:
    language = timeline.language
    entries = tuple(
        _entry(f"{_day(each, language)}{': ' if language == 'en' else '　'}", each.claim, language, cited)
        for each in timeline.events
    )
    return (Section("", language, "", (Block("", entries),)),) if entries else ()


def _day(event: TimelineEvent, language: AnswerLanguage) -> str:
    month = WORDS["month"][language].format(event.day)
    day = written_day(event.day, language) if event.precision == "day" else month
    if event.ahead:
        return WORDS["to_come"][language].format(day=day)
    return day if event.stated else WORDS["reported"][language].format(day=day)


def _references(citations: Sequence[Citation], language: AnswerLanguage) -> tuple[Reference, ...]:
    """List each article once, in the order of its first quotation."""
    numbers: dict[str, list[int]] = {}
    for each in citations:
        numbers.setdefault(each.article_id, []).append(each.number)
    first = {each.article_id: each for each in reversed(citations)}
    return tuple(
        Reference(
            tuple(listed),
            Link(" ".join(first[article_id].title.split()), web_address(first[article_id].url)),
            first[article_id].language,
            _said(first[article_id], language),
        )
        for article_id, listed in numbers.items()
    )


def numbered(numbers: Sequence[int]) -> str:
    """Write the marker of some citations: [1][3]."""
    return "".join(f"[{number}]" for number in numbers)
