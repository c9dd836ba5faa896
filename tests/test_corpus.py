"""The shipped library keeps its own rules: corpus/README.md states them, these tests hold it to them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from itertools import chain, combinations
from typing import Any

import opencc
import pytest
import yaml

from bot.language import detect, fold
from tools.corpus_stats import CORPUS, LANGUAGES, Brief, load_briefs, load_questions

FIRST_DAY, LAST_DAY = date(2017, 1, 1), date(2025, 12, 31)
REQUIRED = {"id", "title", "language", "published", "source", "url", "tags", "thread", "event"}
OPTIONAL = {"locale", "copy_of"}
LENGTHS = {"en": (150, 500), "zh-Hans": (230, 950), "zh-Hant": (230, 950)}  # words, Han characters, Han characters
NEAR_COPY = 0.5  # share of common runs of five characters; independent reports of one event stay under 0.2

ANY_ANSWER = {"fact", "cross_language", "time_bound", "latest", "follow_up"}
ALL_ANSWERS = {"list", "multi_article", "comparison", "conflict", "summary"}
QUESTION_FIELDS = {"id", "thread", "split", "question", "language", "type", "answers", "evidence", "since", "until"} | {
    "today",
    "history",
    "answerable",
}

HAN = re.compile("[㐀-鿿]")
# 后 is right in traditional text for an empress alone; so common a slip deserves its own look.
MISTAKEN_HOU = re.compile("[之以最然今隨背前日事]后|后[果續來者]")


@cache
def converter(config: str) -> opencc.OpenCC:
    return opencc.OpenCC(config)


def in_big5(character: str) -> bool:
    """Tell whether a character belongs to the traditional character set."""
    try:
        character.encode("cp950")
    except UnicodeEncodeError:
        return False
    return True


def wrong_script(text: str, language: str) -> list[str]:
    """Return the characters of the other Chinese script. Those that both scripts use (台 里 余) are right in both."""
    if language == "zh-Hans":
        return [a for a, b in zip(text, converter("t2s").convert(text), strict=True) if a != b]
    changed = {a for a, b in zip(text, converter("s2t").convert(text), strict=True) if a != b}
    return [c for c in sorted(changed) if not in_big5(c)] + MISTAKEN_HOU.findall(text)


def length(brief: Brief) -> int:
    return len(brief.body.split()) if brief.language == "en" else len(HAN.findall(brief.body))


def is_day(value: object) -> bool:
    return type(value) is date and FIRST_DAY <= value <= LAST_DAY


@cache
def briefs() -> dict[str, Brief]:
    return {brief.id: brief for brief in load_briefs()}


@cache
def questions() -> list[dict[str, Any]]:
    return load_questions()


@cache
def glossary() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load((CORPUS / "glossary.yaml").read_text(encoding="utf-8"))
    return entries


# --- articles -------------------------------------------------------------------------------------------------------


def test_file_names_are_ids_that_occur_once() -> None:
    names = [brief.id for brief in load_briefs()]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.(en|zh-Hans|zh-Hant)", name)] == []
    assert [brief.id for brief in briefs().values() if brief.fields.get("id") != brief.id] == []


def test_front_matter_has_the_required_fields_and_no_unknown_ones() -> None:
    wrong = {
        brief.id: sorted(REQUIRED - set(brief.fields)) + sorted(set(brief.fields) - REQUIRED - OPTIONAL)
        for brief in briefs().values()
    }
    assert {id: fields for id, fields in wrong.items() if fields} == {}


def test_fields_hold_what_they_should() -> None:
    def right(brief: Brief) -> bool:
        fields = brief.fields
        texts = all(
            isinstance(fields[key], str) and fields[key].strip() for key in ("title", "source", "thread", "event")
        )
        tags = isinstance(fields["tags"], list) and all(isinstance(tag, str) for tag in fields["tags"])
        url = fields["url"] is None or re.match("https?://", str(fields["url"]))
        locale = fields.get("locale") in (("zh-TW", "zh-HK") if brief.language == "zh-Hant" else (None,))
        return bool(texts and tags and url and locale and 2 <= len(fields["tags"]) <= 4)

    assert [brief.id for brief in briefs().values() if not right(brief)] == []


def test_publication_days_are_real_and_agree_with_the_folder() -> None:
    days = {brief.id: (brief.fields["published"], brief.path.parent.name) for brief in briefs().values()}
    assert {id: day for id, day in days.items() if not is_day(day[0]) or str(day[0].year) != day[1]} == {}


def test_detected_language_is_the_stated_one() -> None:
    found = {brief.id: (brief.fields["language"], detect(brief.body)) for brief in briefs().values()}
    assert {id: pair for id, pair in found.items() if pair != (briefs()[id].language,) * 2} == {}


def test_bodies_are_neither_too_short_nor_too_long() -> None:
    lengths = {brief.id: length(brief) for brief in briefs().values()}
    allowed = {id: LENGTHS[briefs()[id].language] for id in lengths}
    assert {id: n for id, n in lengths.items() if not allowed[id][0] <= n <= allowed[id][1]} == {}


def test_bodies_are_plain_text_of_three_paragraphs_or_more() -> None:
    assert [brief.id for brief in briefs().values() if len(brief.paragraphs) < 3] == []
    markdown = re.compile(r"^\s*(?:[#>*-] |\d+\. )|\*\*|\]\(", re.MULTILINE)
    assert [brief.id for brief in briefs().values() if markdown.search(brief.body)] == []


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_chinese_briefs_keep_to_one_script(language: str) -> None:
    chosen = [brief for brief in briefs().values() if brief.language == language]
    found = {b.id: wrong_script(f"{b.fields['title']}\n{b.body}\n{b.fields['tags']}", language) for b in chosen}
    assert {id: characters for id, characters in found.items() if characters} == {}


def test_chinese_briefs_use_full_width_punctuation() -> None:
    half = re.compile("[㐀-鿿][,;:?!][㐀-鿿]")
    found = {brief.id: half.findall(brief.fields["title"] + brief.body) for brief in briefs().values()}
    assert {id: marks for id, marks in found.items() if marks} == {}


def test_near_copies_are_marked_and_only_they() -> None:
    runs = {id: shingles(brief.body) for id, brief in briefs().items()}
    marked = {frozenset((id, brief.fields["copy_of"])) for id, brief in briefs().items() if "copy_of" in brief.fields}
    near = {
        frozenset((a, b))
        for a, b in combinations(runs, 2)
        if briefs()[a].language == briefs()[b].language and likeness(runs[a], runs[b]) > NEAR_COPY
    }
    assert sorted(map(sorted, near ^ marked)) == []


def shingles(body: str) -> frozenset[str]:
    """Return the runs of five characters of a text, without its spaces."""
    text = "".join(body.split())
    return frozenset(text[at : at + 5] for at in range(len(text) - 4))


def likeness(a: frozenset[str], b: frozenset[str]) -> float:
    """Return the Jaccard similarity of two sets."""
    return len(a & b) / len(a | b)


def test_a_copy_is_about_the_event_of_its_original() -> None:
    copies = [brief for brief in briefs().values() if "copy_of" in brief.fields]
    assert copies
    assert [c.id for c in copies if briefs()[c.fields["copy_of"]].fields["event"] != c.fields["event"]] == []


def test_some_events_are_told_in_several_languages() -> None:
    languages = defaultdict(set)
    for brief in briefs().values():
        languages[brief.fields["event"]].add(brief.language)
    assert sum(len(each) > 1 for each in languages.values()) >= 30


def test_an_event_belongs_to_one_thread() -> None:
    threads = defaultdict(set)
    for brief in briefs().values():
        threads[brief.fields["event"]].add(brief.fields["thread"])
    assert {event: each for event, each in threads.items() if len(each) > 1} == {}


# --- glossary -------------------------------------------------------------------------------------------------------


def test_glossary_ids_are_unique_and_entries_many() -> None:
    ids = [entry["id"] for entry in glossary()]
    assert [id for id, count in Counter(ids).items() if count > 1] == []
    assert [id for id in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id)] == []
    assert len(ids) >= 190
    assert {entry["kind"] for entry in glossary()} == {"regulator", "company", "person", "law", "case", "term", "place"}


def test_glossary_forms_are_each_in_their_script() -> None:
    wrong = []
    for entry in glossary():
        aliases = entry["aliases"]
        simplified = [entry["zh-Hans"], *aliases.get("zh-Hans", [])]
        traditional = [entry["zh-Hant-TW"], entry["zh-Hant-HK"], *aliases.get("zh-Hant", [])]
        wrong += [(entry["id"], form) for form in simplified if wrong_script(form, "zh-Hans")]
        wrong += [(entry["id"], form) for form in traditional if wrong_script(form, "zh-Hant")]
        wrong += [(entry["id"], form) for form in [entry["en"], *aliases.get("en", [])] if HAN.search(form)]
    assert wrong == []


def test_no_form_is_shared_unless_every_entry_marks_it_ambiguous() -> None:
    bearers = defaultdict(list)
    for entry in glossary():
        names = [entry[key] for key in ("en", "zh-Hans", "zh-Hant-TW", "zh-Hant-HK")]
        forms = {fold(form) for form in (*names, *chain(*entry["aliases"].values()))}
        marked = {fold(form) for form in entry["ambiguous"]}
        for form in forms:
            bearers[form].append((entry["id"], form in marked))
    shared = {form: each for form, each in bearers.items() if len(each) > 1}
    assert {form: each for form, each in shared.items() if not all(marked for _, marked in each)} == {}


# --- questions ------------------------------------------------------------------------------------------------------


def normal(text: str) -> str:
    """Fold a text and take out what answers may differ in: spaces and commas."""
    return re.sub(r"[\s,，、]", "", fold(text))


def needed(question: dict[str, Any]) -> list[list[str]]:
    """Return the facts that an answer needs, each as its accepted strings."""
    groups = [each if isinstance(each, list) else [each] for each in question["answers"]]
    return [[*chain(*groups)]] if question["type"] in ANY_ANSWER else groups


def of_type(*types: str) -> list[dict[str, Any]]:
    return [question for question in questions() if question["type"] in types]


def test_questions_are_many_and_balanced() -> None:
    languages = Counter(question["language"] for question in questions())
    assert len(questions()) >= 300
    assert set(languages) == set(LANGUAGES)
    assert {language: n for language, n in languages.items() if not 0.27 <= n / len(questions()) <= 0.40} == {}
    assert len(of_type("unanswerable")) >= 60


def test_questions_have_their_fields_and_unique_ids() -> None:
    ids = Counter(question.get("id") for question in questions())
    assert [id for id, count in ids.items() if count > 1] == []
    extra = QUESTION_FIELDS | {"note"}
    assert [q["id"] for q in questions() if not QUESTION_FIELDS <= set(q) <= extra] == []
    types = ANY_ANSWER | ALL_ANSWERS | {"unanswerable"}
    assert {q["type"] for q in questions()} == types


def test_questions_are_split_by_thread() -> None:
    splits = defaultdict(set)
    for question in questions():
        splits[question["thread"]].add(question["split"])
    assert {thread: each for thread, each in splits.items() if len(each) > 1} == {}
    assert set().union(*splits.values()) == {"dev", "test"}
    assert set(splits) - {brief.fields["thread"] for brief in briefs().values()} == set()


def test_questions_are_in_the_language_that_they_state() -> None:
    found = {q["id"]: (q["language"], detect(q["question"], default=q["language"])) for q in questions()}
    assert {id: pair for id, pair in found.items() if pair[0] != pair[1]} == {}


def test_only_unanswerable_questions_lack_answers_and_evidence() -> None:
    stated = {q["id"]: (q["answerable"], bool(q["answers"]), bool(q["evidence"])) for q in questions()}
    expected = {q["id"]: (q["type"] != "unanswerable",) * 3 for q in questions()}
    assert {id: each for id, each in stated.items() if each != expected[id]} == {}


def test_evidence_stands_verbatim_in_its_article() -> None:
    found = [(q["id"], each["article_id"], each["sentence"]) for q in questions() for each in q["evidence"]]
    assert [(id, article) for id, article, _ in found if article not in briefs()] == []
    assert [(id, article) for id, article, sentence in found if sentence not in briefs()[article].body] == []


def test_accepted_answers_are_in_the_evidence() -> None:
    missing = []
    for question in questions():
        evidence = normal("".join(each["sentence"] for each in question["evidence"]))
        groups = needed(question) if question["evidence"] else []
        missing += [(question["id"], group) for group in groups if not any(normal(each) in evidence for each in group)]
    assert missing == []


def test_evidence_of_a_cross_language_question_is_in_the_other_language_only() -> None:
    def languages(question: dict[str, Any]) -> set[str]:
        return {briefs()[each["article_id"]].language[:2] for each in question["evidence"]}

    assert [q["id"] for q in of_type("cross_language") if q["language"][:2] in languages(q)] == []


def test_follow_up_questions_have_a_history() -> None:
    assert [q["id"] for q in of_type("follow_up") if not q["history"]] == []
    turns = [(q["id"], turn) for q in questions() for turn in q["history"]]
    assert [id for id, turn in turns if set(turn) != {"question", "answer"}] == []


def test_windows_of_questions_are_real() -> None:
    def ordered(question: dict[str, Any]) -> bool:
        days = [date.fromisoformat(question[key]) for key in ("since", "until", "today") if question[key]]
        both = question["since"] and question["until"]
        return len(days) < 2 or not both or question["since"] <= question["until"]

    assert [q["id"] for q in questions() if not ordered(q)] == []
