"""The briefing tab: what is new, or new on a topic, in quoted lines, with its days drawn and its proofs in place."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import gradio as gr

from bot.briefings import Digest, DigestStory, Timeline, TimelineEvent
from bot.digest_text import written
from bot.engine import Regbrief
from bot.errors import BotError, InputError, NotFound
from bot.records import ANSWER_LANGUAGES, LANGUAGES, AnswerLanguage, Article, Citation, Language, to_json
from bot.serve.load import Turns
from bot.sheet import Entry, Section, sheet
from bot.ui.evidence import Excerpt, excerpt
from bot.ui.line import in_turn
from bot.ui.markup import fragment
from bot.ui.strings import ANSWER_NAMES, Strings
from bot.ui.timeplot import Mark, Plot, plot
from bot.ui.word import for_word

FORM = """import(new URL("../page/briefing.js", document.baseURI).href).then((tab) =>
  tab.form(element, (wanted) => trigger("submit", wanted)));"""

SHOWN = """import(new URL("../page/briefing.js", document.baseURI).href).then((tab) => tab.shown(element));"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to brief on; no topic is what is new."""

    topic: str | None = None
    since: date | None = None
    until: date | None = None
    languages: tuple[Language, ...] = ()
    answer_language: AnswerLanguage | None = None

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> Wanted:
        """Read what the form has sent. Raises InputError."""
        spoken = str(sent.get("answer_language") or "") or None
        languages = [str(each) for each in sent.get("languages") or () if each in LANGUAGES]
        if spoken and spoken not in ANSWER_LANGUAGES:
            raise InputError(f"The language {spoken!r} is not known.", hint=f"Use {', '.join(ANSWER_LANGUAGES)}.")
        return cls(
            topic=str(sent.get("topic") or "").strip() or None,
            since=_day(sent.get("since")),
            until=_day(sent.get("until")),
            languages=tuple(cast(Language, each) for each in languages) if len(languages) < len(LANGUAGES) else (),
            answer_language=spoken,
        )

    @property
    def filters(self) -> dict[str, Any]:
        """Return the filters as `Regbrief.digest` takes them."""
        return {"since": self.since, "until": self.until, "languages": self.languages}


@dataclass(frozen=True, slots=True)
class Proof:
    """A citation that opens below its line."""

    number: int
    title: str
    source: str
    url: str | None
    published: date | None
    language: Language
    excerpt: Excerpt


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the list, and the days that it covers."""

    id: str
    first: date
    last: date
    ahead: bool
    entry: Entry
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A story of the list; each block has a label, and entries with an id and their proofs."""

    id: str
    first: date | None
    last: date | None
    section: Section
    blocks: tuple[tuple[str, tuple[tuple[str, Entry, tuple[Proof, ...]], ...]], ...]


@dataclass(frozen=True, slots=True)
class File:
    """An export: an address that holds the whole file."""

    label: str
    name: str
    address: str


def tab(bot: Regbrief, text: Strings, *, line: Turns) -> None:
    """Lay out the tab: what is wanted, and what was found."""
    form = gr.HTML(wanted_form(text), elem_id="briefing-form", apply_default_css=False, js_on_load=FORM)
    shown = gr.HTML(
        fragment("briefing_empty", text), elem_id="briefing-shown", apply_default_css=False, js_on_load=SHOWN
    )

    unsent = fragment("briefing_unsent", text)

    def waiting(place: int) -> str:
        return fragment("briefing_underway", text, step=text("queued", place=place))

    async def run(event: gr.EventData) -> AsyncIterator[str]:
        steps = told(bot, event._data or {}, text)
        async with aclosing(in_turn(line, steps, waiting=waiting, full=lambda: unsent)) as shown:
            async for step in shown:
                yield step

    briefing = form.submit(
        run,
        None,
        shown,
        concurrency_limit=None,
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="once",
    )
    briefing.failure(None, None, shown, js=f"() => {json.dumps(unsent)}")


def wanted_form(text: Strings) -> str:
    """Render the form, with topics to try."""
    topics = [(text.language, each.strip()) for each in text("briefing_topics").split("|")]
    return fragment(
        "briefing_form",
        text,
        topics=topics,
        spoken={each: ANSWER_NAMES[each] for each in ANSWER_LANGUAGES if each != "zh-Hant"},
    )


def told(bot: Regbrief, sent: Mapping[str, Any], text: Strings) -> Generator[str, None, None]:
    """Yield the steps of a briefing as they are shown, the whole of it last."""
    error: BotError | None = None
    try:
        wanted = Wanted.read(sent)
        yield fragment("briefing_underway", text, step=text("briefing_gathering"))
        digest = bot.digest(wanted.topic, answer_language=wanted.answer_language, **wanted.filters)
        if not wanted.topic:
            articles = list(bot.articles(**wanted.filters))
            yield brief(digest, None, articles, _cited(bot, digest), text)
            return
        yield fragment("briefing_underway", text, step=text("briefing_drawing"))
        timeline = bot.timeline(wanted.topic, answer_language=wanted.answer_language, **wanted.filters)
        articles = bot.about(wanted.topic, **wanted.filters)
        yield brief(digest, timeline, articles, _cited(bot, digest, timeline), text)
        return
    except BotError as raised:
        error = raised
    except Exception:
        logging.getLogger(__name__).exception("A briefing could not be made.")
    yield fragment("briefing_failure", text, error=error)


def brief(
    digest: Digest,
    timeline: Timeline | None,
    articles: Sequence[Article],
    cited: Mapping[str, Article],
    text: Strings,
) -> str:
    """Render a briefing and, where there is one, its timeline; `articles` are those that the bars count."""
    stories, events = _stories(digest, cited), _events(timeline, cited) if timeline else ()
    return fragment(
        "briefing",
        text,
        page=sheet(digest),
        plot=drawn(digest, timeline, articles, text),
        events=events,
        notes=timeline.notes if timeline else (),
        sections=stories,
        files=files(digest, timeline, text) if stories or events else (),
    )


def drawn(digest: Digest, timeline: Timeline | None, articles: Sequence[Article], text: Strings) -> Plot | None:
    """Draw the articles a week, and above them the events, or else the stories; None where nothing has a day."""
    days = [(each.published, each.language) for each in articles if each.published]
    if timeline and timeline.events:
        marks = [_mark(number, each, timeline) for number, each in enumerate(timeline.events, 1)]
    else:
        told = enumerate(digest.stories, 1)
        marks = [Mark(f"story-{at}", each.last, each.headline, each.language) for at, each in told if each.last]
    return plot(days, marks, text)


def files(digest: Digest, timeline: Timeline | None, text: Strings) -> list[tuple[str, list[File]]]:
    """Write out what can be taken away: each document in four forms."""
    found = [(text("briefing_file"), _forms(digest, "briefing", text))] if digest.stories else []
    if timeline and timeline.events:
        found.append((text("briefing_timeline_file"), _forms(timeline, "timeline", text)))
    return found


def _forms(what: Digest | Timeline, name: str, text: Strings) -> list[File]:
    page = written(what, "html")
    whole = json.dumps(to_json(what), ensure_ascii=False, indent=2) + "\n"
    return [
        _file("Markdown", f"{name}.md", "text/markdown", written(what, "markdown")),
        _file("HTML", f"{name}.html", "text/html", page),
        _file("Word", f"{name}.doc", "application/msword", for_word(page)),
        _file("JSON", f"{name}.json", "application/json", whole),
    ]


def _file(label: str, name: str, form: str, content: str) -> File:
    encoded = b64encode(content.encode("utf-8", "replace")).decode("ascii")
    return File(label, name, f"data:{form};charset=utf-8;base64,{encoded}")


def _stories(digest: Digest, cited: Mapping[str, Article]) -> tuple[Story, ...]:
    quotes = {each.number: each for each in digest.citations}
    pairs = zip(sheet(digest).sections, digest.stories, strict=True)
    return tuple(_story(f"story-{at}", section, story, quotes, cited) for at, (section, story) in enumerate(pairs, 1))


def _story(
    name: str, section: Section, story: DigestStory, quotes: Mapping[int, Citation], cited: Mapping[str, Article]
) -> Story:
    blocks, line = [], 0
    for block in section.blocks:
        entries = []
        for entry in block.entries:
            line += 1
            entries.append((f"{name}-{line}", entry, _proofs(entry, quotes, cited)))
        blocks.append((block.label, tuple(entries)))
    return Story(name, story.first, story.last, section, tuple(blocks))


def _events(timeline: Timeline, cited: Mapping[str, Article]) -> tuple[Happened, ...]:
    quotes = {each.number: each for each in timeline.citations}
    entries = [entry for section in sheet(timeline).sections for block in section.blocks for entry in block.entries]
    return tuple(
        Happened(f"event-{at}", event.day, event.day, event.ahead, entry, _proofs(entry, quotes, cited))
        for at, (entry, event) in enumerate(zip(entries, timeline.events, strict=True), 1)
    )


def _proofs(entry: Entry, quotes: Mapping[int, Citation], cited: Mapping[str, Article]) -> tuple[Proof, ...]:
    found = [quotes[number] for number in entry.numbers]
    return tuple(
        Proof(
            each.number,
            each.title,
            each.source,
            each.url,
            each.published,
            each.language,
            excerpt(each, cited.get(each.article_id)),
        )
        for each in found
    )


def _mark(at: int, event: TimelineEvent, timeline: Timeline) -> Mark:
    quote = next(each for each in timeline.citations if each.number == event.claim.citations[0])
    month = event.precision == "month"
    return Mark(f"event-{at}", event.day, event.headline, quote.language, month=month, ahead=event.ahead)


def _cited(bot: Regbrief, *found: Digest | Timeline) -> dict[str, Article]:
    """Read the cited articles; one that was removed in the meantime is left out."""
    read = {}
    for article_id in {each.article_id for what in found for each in what.citations}:
        try:
            read[article_id] = bot.article(article_id)
        except NotFound:
            continue
    return read


def _day(sent: object) -> date | None:
    try:
        return date.fromisoformat(str(sent)) if sent else None
    except ValueError as error:
        raise InputError(f"{sent!r} is no date.", hint="Write it as 2024-03-31.") from error
