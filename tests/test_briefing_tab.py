"""The briefing tab without a browser: what is wanted, what is shown, and what it lets nobody inject."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from bot.briefings import Digest, DigestStory, Timeline, TimelineEvent
from bot.errors import InputError, NotFound
from bot.records import Article, Citation, Claim, Language, Searched, Sentence, to_json
from bot.ui import briefing
from bot.ui.briefing import Wanted
from bot.ui.strings import strings
from bot.ui.word import for_word

HOSTILE = '<img src=x onerror="window.hacked=1">"\'><script>window.hacked=1</script>{{7*7}}${window.hacked=1}'
EN = strings("en")
DAY = date(2021, 4, 10)
BODY = "Background.\n\nThey fined Alibaba 18 billion yuan. It will comply."
FINE = Article("fine", "Alibaba fined", BODY, "en", DAY, "Example Post", "https://example.org/fine")
APPS = Article("apps", "應用程式商店", "法案要求平台開放應用程式商店。", "zh-Hant", date(2021, 9, 14), "範例報")
CITED = {each.id: each for each in (FINE, APPS)}


def quote(article: Article, text: str, number: int) -> Citation:
    start = article.body.index(text)
    return Citation.of(article, Sentence(start, start + len(text), text), number=number, score=1.0)


QUOTES = (quote(FINE, "They fined Alibaba 18 billion yuan.", 1), quote(APPS, APPS.body, 2))
DIGEST = Digest(
    topic="Alibaba",
    language="en",
    abstained=False,
    reason=None,
    notice="",
    since=None,
    until=None,
    as_of=DAY,
    stories=(
        DigestStory("Alibaba fined", "fine", "en", DAY, DAY, (Claim(QUOTES[0].quote, (1,)),)),
        DigestStory("應用程式商店", "apps", "zh-Hant", APPS.published, APPS.published, (Claim(QUOTES[1].quote, (2,)),)),
    ),
    citations=QUOTES,
    searched=Searched(2),
    answerer="extractive",
)
TIMELINE = Timeline(
    topic="Alibaba",
    language="en",
    abstained=False,
    reason=None,
    notice="",
    since=None,
    until=None,
    as_of=DAY,
    events=(
        TimelineEvent(DAY, "day", True, False, "Alibaba fined", Claim(QUOTES[0].quote, (1,))),
        TimelineEvent(date(2021, 9, 1), "month", True, True, "應用程式商店", Claim(QUOTES[1].quote, (2,))),
    ),
    citations=QUOTES,
    searched=Searched(2),
    answerer="extractive",
)


class Elements(HTMLParser):
    """Collects the tags and the text of a fragment."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [each for _, each in self.tags if name in (each.get("class") or "").split()]


class Bot:
    """Gives the briefing and the timeline that it holds, or raises an error; `heard` is what was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.heard: list[tuple[Any, ...]] = []

    def digest(self, topic: str | None, **given: Any) -> Digest:
        self.heard.append(("digest", topic, given))
        if self.error:
            raise self.error
        return replace(DIGEST, topic=topic)

    def timeline(self, topic: str, **given: Any) -> Timeline:
        self.heard.append(("timeline", topic, given))
        return TIMELINE

    def about(self, topic: str, **given: Any) -> list[Article]:
        return [FINE, APPS]

    def articles(self, **given: Any) -> Iterator[Article]:
        return iter(CITED.values())

    def article(self, article_id: str) -> Article:
        if article_id != "fine":
            raise NotFound("Gone.")
        return FINE


def shown(sent: dict[str, Any], bot: Any = None, language: Language = "en") -> list[str]:
    return list(briefing.told(bot or Bot(), sent, strings(language)))


# ---- what is wanted ----


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        pytest.param({}, Wanted(), id="nothing"),
        pytest.param({"topic": "  螞蟻集團 "}, Wanted("螞蟻集團"), id="topic"),
        pytest.param(
            {"since": "2021-01-01", "until": "", "languages": ["en", "zh-Hans"], "answer_language": "zh-Hant-HK"},
            Wanted(None, date(2021, 1, 1), None, ("en", "zh-Hans"), "zh-Hant-HK"),
            id="filters",
        ),
        pytest.param({"languages": ["en", "zh-Hans", "zh-Hant"]}, Wanted(), id="all languages are no filter"),
        pytest.param({"languages": ["xx"], "answer_language": ""}, Wanted(), id="unknown language"),
    ],
)
def test_the_form_says_what_is_wanted(sent: dict[str, Any], wanted: Wanted) -> None:
    assert Wanted.read(sent) == wanted


@pytest.mark.parametrize("sent", [{"since": "soon"}, {"until": "2021-02-30"}, {"answer_language": "fr"}])
def test_what_cannot_be_wanted_is_refused(sent: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Wanted.read(sent)


# ---- what is shown ----


def test_a_topic_gets_its_stories_and_its_timeline() -> None:
    bot = Bot()
    *steps, whole = shown({"topic": "Alibaba", "since": "2021-01-01", "answer_language": "en"}, bot)
    given = {"answer_language": "en", "since": date(2021, 1, 1), "until": None, "languages": ()}
    assert bot.heard == [("digest", "Alibaba", given), ("timeline", "Alibaba", given)]
    assert [EN("briefing_gathering") in steps[0], EN("briefing_drawing") in steps[1]] == [True, True]
    page = Elements(whole)
    assert [each["href"] for each in page.of_class("dot")] == ["#event-1", "#event-2"]
    assert [each["id"] for each in page.of_class("story")] == ["story-1", "story-2"]


def test_without_a_topic_the_stories_are_the_dots() -> None:
    bot = Bot()
    page = Elements(shown({}, bot)[-1])
    assert [what for what, *_ in bot.heard] == ["digest"]
    assert [each["href"] for each in page.of_class("dot")] == ["#story-1", "#story-2"]


def test_a_number_opens_the_quotation_in_its_paragraph() -> None:
    whole = shown({"topic": "Alibaba"})[-1]
    page = Elements(whole)
    first = page.of_class("cite")[0]
    assert (first["aria-controls"], first["aria-expanded"]) == ("event-1-1", "false")
    proof = next(each for _, each in page.tags if each.get("id") == "event-1-1")
    assert "hidden" in proof
    assert "<mark>They fined Alibaba 18 billion yuan.</mark> It will comply." in whole
    assert "<mark>法案要求平台開放應用程式商店。</mark>" in whole  # its article is gone, the quotation stays


@pytest.mark.parametrize(
    ("language", "caption", "months"),
    [
        ("en", "Articles a week", "September 2021"),
        ("zh-Hans", "每周文章数", "2021年9月"),
        ("zh-Hant", "每週文章數", "2021年9月"),
    ],
)
def test_the_plot_speaks_the_language_of_the_page(language: Language, caption: str, months: str) -> None:
    page = Elements(shown({"topic": "Alibaba"}, language=language)[-1])
    assert caption in page.text
    assert [each["aria-label"] for each in page.of_class("dot")][1] == f"{months}: 應用程式商店"


def test_the_bars_have_a_table_behind_them() -> None:
    page = Elements(shown({"topic": "Alibaba"})[-1])
    assert "5 April 2021 – 11 April 2021100" in re.sub(r"\s*\n\s*", "", page.text)


def test_a_briefing_can_be_taken_away_in_four_forms() -> None:
    page = Elements(shown({"topic": "Alibaba"})[-1])
    links = [each for tag, each in page.tags if tag == "a" and "download" in each]
    assert [each["download"] for each in links] == [
        f"{name}.{ending}" for name in ("briefing", "timeline") for ending in ("md", "html", "doc", "json")
    ]
    contents = [base64.b64decode((each["href"] or "").split(",")[1]).decode() for each in links]
    assert json.loads(contents[3]) == to_json(DIGEST)
    assert contents[0].startswith("# Briefing: Alibaba\n")
    assert contents[2].startswith("\ufeff<!doctype html>")


def test_word_opens_the_page_as_a_document() -> None:
    page = '<!doctype html>\n<html lang="zh-Hant">\n<head>\n</head>\n<body>\n<h1>簡報</h1>\n</body>\n</html>\n'
    made = for_word(page)
    assert 'xmlns:w="urn:schemas-microsoft-com:office:word"' in made
    assert '<body><div class="Sheet">\n<h1>簡報</h1>\n</div></body>' in made


def test_nothing_found_is_said_and_has_nothing_to_take_away() -> None:
    none = replace(
        DIGEST, abstained=True, reason="no_evidence", notice="Nothing is about it.", stories=(), citations=()
    )
    page = Elements(briefing.brief(none, None, [], {}, EN))
    assert "Nothing is about it." in page.text
    assert (page.of_class("files"), page.of_class("plot")) == ([], [])


def test_an_error_is_a_calm_line() -> None:
    page = shown({"topic": "x"}, Bot(InputError("since is after until.", hint="Swap them.")))[-1]
    assert "since is after until. Swap them." in page


def test_a_fault_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    page = shown({"topic": "x"}, Bot(RuntimeError("secret /srv")))[-1]
    assert EN("failed_more") in page
    assert "secret" not in page
    assert "secret" in str(caplog.records[0].exc_info)


def test_nothing_that_was_read_becomes_markup() -> None:
    bad = replace(FINE, title=HOSTILE, source=HOSTILE, url=f"https://x{HOSTILE}", body=f"{HOSTILE} Quoted.")
    cited = quote(bad, bad.body, 1)
    story = replace(DIGEST.stories[0], headline=HOSTILE, lines=(Claim(cited.quote, (1,), context=HOSTILE),))
    event = replace(TIMELINE.events[0], headline=HOSTILE, claim=Claim(cited.quote, (1,)))
    digest = replace(DIGEST, topic=HOSTILE, stories=(story,), citations=(cited,))
    timeline = replace(TIMELINE, topic=HOSTILE, events=(event,), citations=(cited,))
    page = Elements(briefing.brief(digest, timeline, [bad], {"fine": bad}, EN))
    assert HOSTILE in page.text
    assert not {tag for tag, _ in page.tags} & {"img", "script", "iframe", "style", "object"}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    addresses = [each["href"] for _, each in page.tags if each.get("href")]
    assert all(re.match(r"#|https?://|data:(?:text/(?:markdown|html)|application/)", each or "") for each in addresses)


def test_a_timeline_on_which_a_model_failed_says_so_in_place() -> None:
    noted = replace(TIMELINE, notes=("Quoted, as <b>it</b> failed.",))
    page = briefing.brief(DIGEST, noted, [FINE, APPS], CITED, EN)
    assert '<p class="standing">Quoted, as &lt;b&gt;it&lt;/b&gt; failed.</p>' in page
