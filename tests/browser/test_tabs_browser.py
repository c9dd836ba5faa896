"""The tabs beside the chat in Chromium, on a small library of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from quick_runs import finish
from steps import MARKS, expect, fits
from test_craft_browser import faults
from visiting import Visits, serving

from bot.engine import Regbrief
from bot.outcomes import Feed
from bot.records import Article
from bot.settings import Settings
from bot.ui import quality
from bot.ui.measuring import Measuring

pytestmark = MARKS

Visit = Callable[..., Any]
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>${window.hacked=1}{{#each this}}'
FINE = "Regulators met on Friday, April 9, 2021. They fined Alibaba 18.228 billion yuan. Alibaba will comply with it."
RESTS = """() => new Promise((resolve) => {
  const rest = () => setTimeout(resolve, 500);
  let resting = rest();
  const seen = new MutationObserver(() => { clearTimeout(resting); resting = rest(); });
  seen.observe(document.documentElement, { childList: true, subtree: true, attributes: true });
})"""
"""Resolves when nothing in the page has changed for half a second."""

ARTICLES = [
    Article(
        "fine",
        "Alibaba fined 18.2 billion yuan",
        FINE,
        "en",
        date(2021, 4, 10),
        "Example Post",
        "https://example.org/a",
    ),
    Article(
        "hans",
        "阿里巴巴被罚182亿元",
        "市场监管总局2021年4月10日对阿里巴巴罚款182.28亿元。",
        "zh-Hans",
        date(2021, 4, 10),
        "示例报",
    ),
    Article(
        "hant",
        "阿里巴巴設立自律委員會",
        "阿里巴巴2022年6月1日宣布設立自律委員會。",
        "zh-Hant",
        date(2022, 6, 2),
        "範例報",
    ),
    Article("hostile", HOSTILE, f"{HOSTILE} Alibaba said so.", "en", date(2021, 5, 1), HOSTILE, None),
    *(
        Article(
            f"a{each}",
            f"Chip rule {each}",
            f"Chip rule {each} was published.",
            "en",
            date(2020, 1, 1) + timedelta(each),
        )
        for each in range(25)
    ),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a library on a free port of this machine."""
    folder = tmp_path_factory.mktemp("tabs")
    settings = Settings(indexes=folder / "library", audit_log=folder / "audit.jsonl", port=0)
    patch = pytest.MonkeyPatch()
    patch.setattr(quality, "FOLDER", folder / "reports")
    runs = Measuring(folder / "reports" / "quick", work=finish)
    patch.setattr(quality, "measuring", lambda _: runs)
    with Regbrief.open(settings) as bot:
        assert bot.add(ARTICLES).failed == ()
        bot.library.catalog.subscriptions.put(Feed("https://example.org/feed", "Example feed", problem=HOSTILE))
        with serving(bot, settings) as address:
            yield address
    patch.undo()


@pytest.fixture
def visit(visits: Visits, address: str) -> Iterator[Visit]:
    """Open a tab; fail on scripts' errors and requests elsewhere."""

    def visit(tab: str, locale: str = "en-GB", width: int = 1440, **options: Any) -> Any:
        page = visits.open(address, locale=locale, width=width, height=900, reduced_motion="reduce", **options)
        page.goto(f"{address}/#{tab}")
        page.locator(f"#{tab}-button[aria-selected=true]").wait_for()
        return page

    yield visit
    assert visits.leave() == []


def briefed(page: Any, topic: str) -> Any:
    """Ask for a briefing and wait for it."""
    page.locator("#briefing-form .ready").wait_for()
    page.locator("#briefing-topic").fill(topic)
    page.locator("#briefing-topic").press("Enter")
    page.locator(".brief .told").wait_for()
    return page


def left_out(page: Any, selector: str) -> Any:
    """Return those of what a selector names that are not shown."""
    return page.locator(selector).filter(visible=False)


def test_the_tab_and_the_language_are_right_also_where_the_script_comes_last(visits: Visits, address: str) -> None:
    page = visits.open(address, locale="zh-CN", width=1440, height=900)
    held: list[Any] = []
    page.route("**/page/page.js", lambda route: held.append(route))
    page.goto(f"{address}/#quality")
    page.locator("#latest .related").first.wait_for()
    page.evaluate(RESTS)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#ask-button")).to_have_attribute("aria-selected", "true")
    held.pop().continue_()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("#quality-button")).to_have_attribute("aria-selected", "true")
    assert visits.leave() == []


@pytest.mark.parametrize("lost", [1, 3])
def test_the_tab_of_the_address_opens_also_where_the_first_clicks_come_too_early(
    visits: Visits, address: str, lost: int
) -> None:
    page = visits.open(address, locale="en-GB", width=1440, height=900)
    page.add_init_script(f"""
        window.lost = {lost};
        const lose = (event) => {{
            if (event.target.closest('[role="tab"]') && window.lost-- > 0) event.stopImmediatePropagation();
        }};
        addEventListener("click", lose, true);
    """)
    page.goto(f"{address}/#quality")
    expect(page.locator("#quality-button")).to_have_attribute("aria-selected", "true")
    assert page.evaluate("window.lost") < 0
    assert page.evaluate("location.hash") == "#quality"
    assert visits.leave() == []


# ---- briefing ----


def test_a_number_opens_and_closes_its_quotation_in_place(visit: Visit) -> None:
    page = briefed(visit("briefing"), "Alibaba")
    cite = page.locator(".cite").first
    cite.focus()
    page.keyboard.press("Enter")
    proof = page.locator(f"[id='{cite.get_attribute('aria-controls')}']")
    expect(proof.locator("mark")).to_be_visible()
    page.keyboard.press("Escape")
    expect(proof).to_be_hidden()
    expect(cite).to_be_focused()


def test_the_timeline_is_narrowed_by_the_keyboard_and_asked_again(visit: Visit) -> None:
    page = briefed(visit("briefing"), "Alibaba")
    before = page.locator(".happened li").count()
    until = page.get_by_label("Last day shown")
    until.focus()
    for _ in range(3):
        page.keyboard.press("PageDown")
    page.keyboard.press("ArrowLeft")
    expect(until).to_have_attribute("aria-valuetext", re.compile("."))
    expect(left_out(page, ".happened li")).not_to_have_count(0)
    expect(left_out(page, ".happened li")).not_to_have_count(before)
    page.get_by_role("button", name="Show all days").click()
    expect(left_out(page, ".happened li")).to_have_count(0)
    until.focus()
    page.keyboard.press("ArrowLeft")
    page.locator(".brief").evaluate("each => (each.dataset.before = '')")
    page.get_by_role("button", name="Brief me on these days").click()
    expect(page.locator("#briefing-until")).to_have_value(re.compile("."))
    expect(page.locator("#briefing-preset")).to_have_value("own")
    page.locator(".brief:not([data-before])").locator(".told, .standing").first.wait_for()


def test_the_timeline_is_narrowed_by_dragging(visit: Visit) -> None:
    page = briefed(visit("briefing"), "Alibaba")
    box = page.locator(".plot .bars").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(page.locator(".narrowed .said")).to_contain_text("–")
    expect(left_out(page, ".told [data-first]")).not_to_have_count(0)


def test_a_dot_leads_to_its_event(visit: Visit) -> None:
    page = briefed(visit("briefing"), "Alibaba")
    dot = page.locator(".plot .dot").first
    dot.focus()
    expect(dot.locator(".tip")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(f"[id='{(dot.get_attribute('href') or '').removeprefix('#')}']")).to_be_focused()


def test_a_briefing_is_saved(visit: Visit) -> None:
    page = briefed(visit("briefing"), "Alibaba")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Word").first.click()
    assert saved.value.suggested_filename == "briefing.doc"
    assert "<h1>Briefing: Alibaba</h1>" in Path(saved.value.path()).read_text("utf-8-sig")


@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "简报：Alibaba"), ("zh-TW", "簡報：Alibaba")])
def test_a_briefing_is_in_the_language_of_the_page_and_changes_with_it(visit: Visit, locale: str, title: str) -> None:
    page = briefed(visit("briefing", locale), "Alibaba")
    expect(page.locator(".brief h2")).to_have_text(title)
    page.get_by_role("link", name="English").click()
    page.locator(".brief h2", has_text="Briefing: Alibaba").wait_for()


# ---- library ----


def listed(page: Any) -> Any:
    """Wait for the list, and return its titles."""
    page.locator("#library-rows .open, #library-rows .hint").first.wait_for()
    return page.locator("#library-rows .open")


def test_the_list_is_searched_in_any_script_and_paged(visit: Visit) -> None:
    page = visit("library")
    expect(listed(page)).to_have_count(20)
    page.get_by_role("button", name="Next page").click()
    page.locator(".pages span", has_text="21–").wait_for()
    page.get_by_label("Find by title, outlet or id").fill("设立自律委员会")
    page.locator(".pages span", has_text="1–1 of 1").wait_for()
    expect(listed(page)).to_have_text(["阿里巴巴設立自律委員會"])
    page.locator("#library-rows .open").click()
    expect(page.locator("#library-reader")).to_contain_text("宣布設立自律委員會")
    page.keyboard.press("Escape")
    expect(page.locator("#library-reader")).to_be_hidden()


FILE = {
    "name": "note.md",
    "mimeType": "text/markdown",
    "buffer": b"---\ntitle: A note that was sent\npublished: 2025-01-02\n---\n\nIt says that a rule was passed.\n",
}


def test_files_are_added_with_a_result_each_and_removed_after_a_question(visit: Visit) -> None:
    page = visit("library")
    listed(page)
    hostile = {"name": f"{HOSTILE.replace('/', '')}.exe", "mimeType": "x/y", "buffer": b"x"}
    broken = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"no PDF"}
    page.locator("#library-files").set_input_files([FILE, hostile, broken])
    work = page.locator("#library-work .work > li")
    work.locator(".state", has_text="1 added").wait_for()
    work.locator(".faults", has_text="not a PDF").wait_for()
    expect(work.nth(1)).to_contain_text("no reader takes this kind of file")
    page.get_by_label("Find by title, outlet or id").fill("note that was sent")
    page.locator(".pages span", has_text="1–1 of 1").wait_for()
    remove = page.get_by_role("button", name="Remove “A note that was sent”")
    remove.click()
    page.get_by_role("button", name="Keep").click()
    remove.click()
    page.locator("#library-sure [value=yes]").click()
    page.locator("#library-said", has_text="Removed: A note that was sent").wait_for()
    expect(listed(page)).to_have_count(0)
    assert page.evaluate("window.hacked") is None


DROP = """() => {
  const data = new DataTransfer();
  data.items.add(new File(["A dropped note\\n\\nIt says that a rule was passed."], "dropped.txt"));
  const options = { dataTransfer: data, bubbles: true, cancelable: true };
  for (const type of ["dragenter", "dragover", "drop"])
    document.querySelector(".drop").dispatchEvent(new DragEvent(type, options));
}"""


def test_files_are_dropped(visit: Visit) -> None:
    page = visit("library")
    listed(page)
    page.evaluate(DROP)
    page.locator("#library-work .state", has_text="1 added").wait_for()


def test_an_address_that_may_not_be_fetched_is_refused(visit: Visit) -> None:
    page = visit("library", "zh-TW")
    listed(page)
    page.locator("#library-url").fill("http://127.0.0.1:9/feed")
    page.locator("#library-address .do").click()
    page.locator("#library-work .state", has_text="1篇無法讀取").wait_for()
    fault = page.locator("#library-work .faults li")
    expect(fault).to_contain_text("使用連接埠 9。只取得公開的 http 和 https 網址")
    expect(fault.locator("span")).to_have_attribute("lang", "zh-Hant")


def test_feeds_are_shown_and_followed_no_longer(visit: Visit) -> None:
    page = visit("library")
    listed(page)
    expect(page.locator(".feeds .fault")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Unfollow: Example feed").click()
    page.locator("#library-sure [value=yes]").click()
    page.get_by_text("No feed is followed yet.").wait_for()


def test_the_chart_is_coloured_by_outlet_and_the_library_checked(visit: Visit) -> None:
    page = visit("library")
    listed(page)
    page.get_by_label("Outlet", exact=True).check()
    expect(page.locator(".by.outlet .legend")).to_be_visible()
    expect(page.locator(".by.language .legend")).to_be_hidden()
    page.get_by_role("button", name="Check now").click()
    page.locator("#library-health .sound").wait_for()


# ---- quality ----


def test_the_quick_suite_runs_with_progress_and_its_report_is_shown(visit: Visit) -> None:
    page = visit("quality")
    page.get_by_text("There is no report yet.").wait_for()
    page.get_by_role("button", name="Run the quick suite").click()
    page.locator("#quality-state .working", has_text="Asking").wait_for(timeout=60_000)
    page.locator("#quality .tiles dd", has_text="75.0").wait_for(timeout=60_000)
    page.get_by_role("button", name="Show the whole report").click()
    frame = page.frame_locator("#quality-frame")
    expect(frame.locator("h1")).to_have_text("The whole report")


# ---- all of them ----


TABS = ["briefing", "library", "quality"]


def furnished(page: Any, tab: str) -> Any:
    if tab == "briefing":
        page.locator("#briefing-topic").wait_for()
        briefed(page, "Alibaba")
        page.locator(".cite").first.click()
    page.locator(
        {"briefing": ".brief", "library": "#library-rows table", "quality": "#quality-shown > *"}[tab]
    ).first.wait_for()
    return page


@pytest.mark.parametrize("tab", TABS)
def test_nothing_sticks_out(visit: Visit, tab: str) -> None:
    page = furnished(visit(tab, "zh-CN", 390), tab)
    for width in (390, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page, width)
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Visit, tab: str, scheme: str) -> None:
    import axe_playwright_python

    page = furnished(visit(tab, color_scheme=scheme), tab)
    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
    assert faults(page, axe) == []
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page, 390)
    assert faults(page, axe) == []


def test_hostile_articles_stay_text(visit: Visit) -> None:
    page = briefed(visit("briefing"), "Alibaba said so")
    page.evaluate("location.hash = 'library'")
    page.get_by_label("Find by title, outlet or id").fill("onerror")
    page.locator(".pages span", has_text="1–1 of 1").wait_for()
    page.locator("#library-rows .open").click()
    expect(page.locator("#library-reader")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#tabs :is(img, script), a[href^='javascript']").count() == 0
