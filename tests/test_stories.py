"""Which articles print one text and which tell one event, as the catalog keeps it: written, removed, mended."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from earlier import unversion

from bot import stories
from bot.catalog import Catalog
from bot.glossary import Entity, Glossary
from bot.keywords import Analyzer
from bot.language import render
from bot.library import Library
from bot.outcomes import Ingested
from bot.passages import passages
from bot.records import Article, Filters, Language
from bot.stories import Told

LUMEN = Entity("lumen", "company", {"en": ("Lumen Pay",), "zh-Hans": ("流明支付",), "zh-Hant": ("光明支付",)})
BODIES: dict[Language, str] = {
    "en": "The Harbour Authority fined Lumen Pay 12 million dollars on Tuesday for leaking the data of its users. "
    "Lumen Pay said that it would appeal, and that it had mended its systems in the spring of last year. The authority "
    "answered that some four thousand customers had complained since then, and that none of them had been told why.",
    "zh-Hans": "港湾局周二因泄露用户数据对流明支付罚款1200万元，并要求其在三个月内整改内部的数据管理制度。"
    "流明支付表示将提出上诉，并称已于去年春天修复有关系统，此后没有再发生类似的事件。",
    "zh-Hant": "港灣局週二以外洩客戶資料為由，向光明支付開罰1200萬元，並要求業者於三個月內改善內部控管。"
    "光明支付回應將提起訴願，強調去年春天已修補相關漏洞，之後未再出現類似狀況，使用者權益不受影響。",
}
OTHER = "Avalon opened a new bridge across the northern river on Sunday, and thousands walked over it in the rain."
ANGLES = {"en": 0.0, "zh-Hans": 55.0, "zh-Hant": 40.0}
LANGUAGES = pytest.mark.parametrize("language", list(BODIES))


def report(language: Language, day: int = 4, name: str = "fine", **fields: Any) -> Article:
    article = Article(f"{name}-{language}", "Lumen Pay 流明支付", BODIES[language], language, date(2021, 5, day))
    return replace(article, **fields)


REPORTS = [report("en"), report("zh-Hans"), report("zh-Hant", 5)]
GLOSSARY = Glossary([LUMEN])
BRIDGE = Article("bridge", "Bridge", OTHER, "en", date(2021, 5, 4))


@pytest.fixture
def catalog(place: Path | str) -> Iterator[Catalog]:
    catalog = Catalog(place, GLOSSARY)
    yield catalog
    catalog.close()


def put(catalog: Catalog, *articles: Article) -> list[str]:
    """Write articles and index them, with vectors at the ANGLES of their languages; that of OTHER stands apart."""
    changes: list[str] = []
    for article in articles:
        changes += catalog.put([(article, passages(article))])
        angle = np.radians(130 if article.body == OTHER else ANGLES[article.language])
        content = np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
        waiting = [each for each in catalog.to_index(100) if each.article.id == article.id]
        catalog.mark_indexed([each.key for each in waiting], {article.id: content * len(waiting)})
    return changes


def groups(catalog: Catalog) -> dict[str, set[str]]:
    """Return the articles of each story, after making sure that each is named after one of its originals."""
    told = catalog.told([article.id for article in catalog.articles(Filters())])
    found: dict[str, set[str]] = {}
    for article_id, each in told.items():
        found.setdefault(each.story, set()).add(article_id)
        assert told[each.original] == Told(each.story, each.original)
    assert all(told[story].original == story in members for story, members in found.items())
    return found


def members(catalog: Catalog) -> list[list[str]]:
    return sorted(sorted(each) for each in groups(catalog).values())


# --- events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations([*REPORTS, BRIDGE])), ids=lambda order: order[0].id)
def test_reports_of_one_event_are_one_story_in_whatever_order_they_come(catalog: Catalog, order: Any) -> None:
    assert put(catalog, *order) == ["added"] * 4
    assert members(catalog) == [["bridge"], ["fine-en", "fine-zh-Hans", "fine-zh-Hant"]]
    assert catalog.waiting() == 0


def test_the_same_content_a_month_later_is_another_story(catalog: Catalog) -> None:
    later = report("en", name="later", body=BODIES["en"].replace("Tuesday", "Friday")[::-1], published=date(2021, 6, 9))
    put(catalog, *REPORTS, later)
    assert members(catalog) == [["fine-en", "fine-zh-Hans", "fine-zh-Hant"], ["later-en"]]


@pytest.mark.parametrize(("names", "count"), [([LUMEN], 1), ([], 2)], ids=["a shared name", "none"])
def test_a_shared_name_can_make_the_difference(tmp_path: Path, names: list[Entity], count: int) -> None:
    catalog = Catalog(tmp_path / "names.sqlite", Glossary(names))
    put(catalog, report("en"), report("zh-Hans", 6))
    assert len(groups(catalog)) == count
    catalog.close()


def test_only_the_nearest_days_are_looked_at_where_a_window_holds_too_much(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "LOOKED_AT", 1)
    put(catalog, replace(BRIDGE, published=date(2021, 5, 6)), report("en"), report("zh-Hant"))
    assert members(catalog) == [["bridge"], ["fine-en", "fine-zh-Hant"]]


@LANGUAGES
def test_removing_any_report_leaves_the_others_in_one_story(catalog: Catalog, language: Language) -> None:
    put(catalog, *REPORTS)
    catalog.remove([f"fine-{language}"])
    assert members(catalog) == [sorted(f"fine-{each}" for each in BODIES if each != language)]


def test_reports_that_only_a_removed_one_held_together_part(catalog: Catalog) -> None:
    far = report("zh-Hans", 6, name="far", title="港湾局", body=BODIES["zh-Hans"].replace("流明支付", "该公司")[::-1])
    put(catalog, report("en"), report("zh-Hans"), far)
    assert members(catalog) == [["far-zh-Hans", "fine-en", "fine-zh-Hans"]]
    catalog.remove(["fine-zh-Hans"])
    assert members(catalog) == [["far-zh-Hans"], ["fine-en"]]


@LANGUAGES
def test_a_report_that_is_rewritten_into_something_else_leaves_its_story(catalog: Catalog, language: Language) -> None:
    put(catalog, *REPORTS)
    assert put(catalog, report(language, title="Bridge", body=OTHER)) == ["updated"]
    assert sorted(map(len, members(catalog))) == [1, 2]


# --- copies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("original", "copy"),
    [
        (report("en"), report("en", 9, "copy", body=f"{BODIES['en']} Published under licence.")),
        (report("zh-Hans"), report("zh-Hant", 9, "copy", body=render(BODIES["zh-Hans"], "zh-Hant-TW"))),
        (report("zh-Hant"), report("zh-Hans", 9, "copy", body=render(BODIES["zh-Hant"], "zh-Hans"))),
    ],
    ids=["en", "zh-Hans into traditional", "zh-Hant into simplified"],
)
def test_a_near_copy_is_kept_counted_and_goes_where_its_original_goes(
    catalog: Catalog, original: Article, copy: Article
) -> None:
    assert put(catalog, original, copy) == ["added", "duplicate"]
    assert catalog.article(copy.id) == copy
    assert catalog.told([copy.id]) == {copy.id: Told(original.id, original.id)}


def test_the_earliest_print_is_the_original_even_if_it_comes_last(catalog: Catalog) -> None:
    copies = [report("en", day, f"print{day}") for day in (7, 9, 5)]
    assert put(catalog, *copies, report("zh-Hans", 6)) == ["added", "duplicate", "duplicate", "added"]
    told = catalog.told([each.id for each in copies])
    assert {each.original for each in told.values()} == {"print5-en"}
    assert members(catalog) == [["fine-zh-Hans", "print5-en", "print7-en", "print9-en"]]


def test_a_copy_does_not_draw_its_story_to_its_own_day(catalog: Catalog) -> None:
    put(catalog, report("en"), report("en", 20, "copy"), report("zh-Hans", 19))
    assert members(catalog) == [["copy-en", "fine-en"], ["fine-zh-Hans"]]


@LANGUAGES
def test_when_the_original_goes_the_earliest_copy_takes_its_place(catalog: Catalog, language: Language) -> None:
    put(catalog, *REPORTS, report(language, 7, "b"), report(language, 6, "c"))
    catalog.remove([f"fine-{language}"])
    told = catalog.told([f"b-{language}", f"c-{language}"])
    assert {each.original for each in told.values()} == {f"c-{language}"}
    assert len(groups(catalog)) == 1


def test_an_original_that_turns_out_a_copy_of_an_earlier_print_leaves_its_story(catalog: Catalog) -> None:
    put(catalog, report("en", 20), report("zh-Hans", 20))
    assert len(groups(catalog)) == 1
    put(catalog, report("en", 4, "early"))
    assert members(catalog) == [["early-en", "fine-en"], ["fine-zh-Hans"]]


@pytest.mark.parametrize("placed", [True, False], ids=["after the original", "before the original"])
def test_a_copy_that_is_not_indexed_yet_waits_for_its_story_when_the_original_goes(
    catalog: Catalog, placed: bool
) -> None:
    put(catalog, report("zh-Hans"), *[report("en")] * placed)
    catalog.put([(each, passages(each)) for each in (report("en"), report("en", 5, "copy"))])
    catalog.remove(["fine-en"])
    assert catalog.told(["copy-en"]) == {}
    assert catalog.waiting() == 1
    waiting = catalog.to_index(9)
    catalog.mark_indexed([each.key for each in waiting], {"copy-en": np.array([1, 0], np.float32) * len(waiting)})
    assert members(catalog) == [["copy-en", "fine-zh-Hans"]]


def test_a_text_between_two_others_makes_them_one(catalog: Catalog) -> None:
    rest = BODIES["en"][len(BODIES["en"]) // 3 :]
    ends = [report("en"), report("en", 6, "end", body=f"{rest} {OTHER} It was a wet day.")]
    assert put(catalog, *ends, report("en", 5, "middle", body=rest)) == ["added", "added", "duplicate"]
    assert {each.original for each in catalog.told(["end-en", "middle-en"]).values()} == {"fine-en"}


def test_an_article_that_stops_being_a_copy_speaks_for_itself(catalog: Catalog) -> None:
    put(catalog, report("en"), report("en", 5, "copy"))
    put(catalog, report("en", 5, "copy", title="Bridge", body=OTHER))
    assert catalog.told(["copy-en"]) == {"copy-en": Told("copy-en", "copy-en")}


@pytest.mark.parametrize("seed", range(5))
def test_after_any_changes_stories_are_those_of_a_catalog_that_never_changed(tmp_path: Path, seed: int) -> None:
    changed, fresh = Catalog(tmp_path / "changed.sqlite", GLOSSARY), Catalog(tmp_path / "fresh.sqlite", GLOSSARY)
    chance = random.Random(seed)
    pool = [*REPORTS, BRIDGE, *(report(language, day, f"copy{day}") for language in BODIES for day in (6, 9))]
    there: dict[str, Article] = {}
    for article in chance.choices(pool, k=40):
        if there.pop(article.id, None):
            changed.remove([article.id])
        else:
            put(changed, article)
            there[article.id] = article
    put(fresh, *sorted(there.values(), key=lambda each: each.id))
    assert members(changed) == members(fresh)
    assert changed.told(there) == fresh.told(there)
    changed.close()
    fresh.close()


# --- in the library -------------------------------------------------------------------------------------------------


@pytest.fixture
def full(library: Library) -> Library:
    library.add([*REPORTS, report("en", 9, "copy"), BRIDGE])
    return library


@pytest.fixture
def reopen(full: Library, encoder: Any) -> Callable[[], Library]:
    def reopen() -> Library:
        full.close()
        return Library(full.folder, encoder, Analyzer())

    return reopen


def test_near_copies_are_counted_as_duplicates_and_can_be_found(library: Library) -> None:
    done = library.add([report("en"), report("en", 9, "copy"), report("en", 5, "exact", published=None)])
    assert done == Ingested(added=1, duplicates=2)
    assert library.catalog.count(Filters()) == 3
    assert library.problems() == []


def test_a_story_is_written_with_the_acknowledgement_or_not_at_all(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(stories, "place", stop)
        library.add(REPORTS)
    assert library.unsettled()
    assert (library.catalog.unindexed() > 0, library.catalog.waiting()) == (True, 3)
    library.settle()
    assert (library.unsettled(), len(library.catalog.told([each.id for each in REPORTS]))) == (False, 3)


def test_a_removal_that_is_interrupted_leaves_stories_as_they_were(
    full: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = groups(full.catalog)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(stories, "_mend", stop)
        full.remove(["fine-en"])
    assert groups(full.catalog) == before


@pytest.mark.parametrize("lost", ["the tables", "the rows", "another version"])
def test_a_library_without_stories_opens_and_is_mended(full: Library, reopen: Callable[[], Library], lost: str) -> None:
    before = groups(full.catalog)
    full.catalog.close()
    with closing(sqlite3.connect(full.folder / "catalog.sqlite")) as db, db:
        if lost == "the tables":  # as in a library of a version that knew no stories
            unversion(db)
            db.executescript("DROP TABLE reports; DROP TABLE bands;")
        elif lost == "the rows":
            db.execute("DELETE FROM reports WHERE article_id <> 'bridge'")
        else:
            db.execute("UPDATE reports SET signature = zeroblob(256)")
            db.execute("UPDATE facts SET value = '99' WHERE name = 'signatures'")
    mended = reopen()
    assert mended.unsettled()
    assert any("wait for their story" in problem for problem in mended.problems())
    mended.settle()
    assert groups(mended.catalog) == before
    assert mended.problems() == []


def test_rebuilding_tells_every_story_again(full: Library, encoder: Any) -> None:
    before = groups(full.catalog)
    full.close()
    with closing(sqlite3.connect(full.folder / "catalog.sqlite")) as db, db:
        db.execute("UPDATE reports SET story = article_id, original = article_id")
    rebuilt = Library.rebuild(full.folder, encoder, Analyzer())
    assert groups(rebuilt.catalog) == before
    assert not rebuilt.unsettled()


def test_an_encoder_whose_vectors_say_nothing_of_events_groups_copies_only(tmp_path: Path, encoder: Any) -> None:
    library = Library(tmp_path, encoder, Analyzer(), glossary=GLOSSARY, events=False)
    library.add([*REPORTS, report("en", 5, "second", body=BODIES["en"].replace("Tuesday", "May 4"))])
    assert members(library.catalog) == [["fine-en", "second-en"], ["fine-zh-Hans"], ["fine-zh-Hant"]]
    library.remove(["fine-en"])
    assert members(library.catalog) == [["fine-zh-Hans"], ["fine-zh-Hant"], ["second-en"]]
    library.close()
