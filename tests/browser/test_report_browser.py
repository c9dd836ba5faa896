"""The report in Chromium: it opens offline, sorts, filters, and fits every window, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from steps import expect

from bot.evaluation import report
from bot.evaluation.metrics import aggregate, retrieval, score
from bot.evaluation.records import Evidence, Question, Result

pytestmark = pytest.mark.browser

BODY = {
    "en": "Alibaba was fined 18.2 billion yuan in 2021 after a probe that took four months.",
    "hans": "腾讯须解除对外部网址链接的屏蔽，工业和信息化部要求分阶段实施。",
    "hant": "監管機構要求支付寶分拆小額貸款業務，並將資料交給合資公司。",
}
LANGUAGES: dict[str, Any] = {"en": "en", "hans": "zh-Hans", "hant": "zh-Hant"}
FACTS = {"en": "18.2 billion yuan", "hans": "腾讯", "hant": "支付寶"}
HOSTILE = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"


def _results() -> list[Result]:
    """Every article asked for six times; every third answer quotes another article, every sixth is a refusal."""
    results = []
    for index in range(18):
        article = list(BODY)[index % 3]
        cited = "en" if index % 3 == 1 else article
        hits = tuple(
            {
                "article_id": id, "text": BODY[id], "start": 0, "end": len(BODY[id]), "score": 0.9,
                "title": f"Title {id} {HOSTILE}", "source": "Example Post", "url": "https://example.org/",
                "published": "2021-04-10", "language": LANGUAGES[id],
            }
            for id in (cited, *BODY)
        )  # fmt: skip
        question = Question(
            f"q{index}", f"{BODY[article][:12]}? {HOSTILE}", LANGUAGES[article], f"kind_{index % 2}", True,
            ((FACTS[article],),), (Evidence(article, BODY[article]),),
        )  # fmt: skip
        answer = {
            "answer": f"{BODY[cited]} [1]",
            "abstained": False,
            "citations": [{**hits[0], "number": 1, "quote": BODY[cited]}],
            "timings_ms": {"retrieve": 8.0 + index, "total": 20.0 + index},
        }
        refusal = {"answer": "No article here answers this.", "abstained": True}
        results.append(Result(question, refusal if index % 6 == 5 else answer, hits))
    return results


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the results above, as the runner puts it together."""
    results = _results()
    found = retrieval(results)
    scores = [{**score(each, BODY.get), **ranked} for each, ranked in zip(results, found, strict=True)]
    rows = [
        {
            "id": each.question.id, "question": each.question.text, "language": each.question.language,
            "type": each.question.type, "answerable": True, "expected": [list(g) for g in each.question.answers],
            "evidence": [{"article_id": e.article_id, "sentence": e.sentence} for e in each.question.evidence],
            "answer": dict(each.answer), "hits": list(each.hits), "scores": given, "error": None,
        }
        for each, given in zip(results, scores, strict=True)
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("report")
    head = {"suite": "hand", "split": "dev", "target": "library", "created": "2026-11-22T12:00:00+00:00", "seed": 0}
    ablations = {"folding": {"metrics": {"correct": {"value": 0.1}, "map": {"value": 0.9}}}}
    more = {"versions": {"corpus": "a" * 64}, "description": "By hand.", "ablations": ablations, "questions": rows}
    report.write({**head, **aggregate(results, scores, 0), **more}, folder)
    return folder / "report.html"


@pytest.fixture(params=[(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request: pytest.FixtureRequest, browser: Any, page_file: Path) -> Iterator[Any]:
    """The report, offline, in each window; no error may be logged and nothing fetched."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", offline=True
    )
    page = context.new_page()
    problems: list[str] = []
    fetched: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda each: fetched.append(each.url))
    page.goto(page_file.as_uri())
    yield page
    assert problems == []
    assert [each for each in fetched if not each.startswith(("file:", "data:"))] == []
    assert page.evaluate("window.hacked") is None
    context.close()


def test_nothing_is_wider_than_the_window(page: Any) -> None:
    page.locator("details.question").first.evaluate("each => each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_text_can_be_read(page: Any) -> None:
    """The contrast of the body's text is at least 7, that of quiet text 4.5 (WCAG 2.2, 1.4.3 and 1.4.6)."""
    luminance = """selector => {
        const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const light = c => c.match(/\\d+/g).slice(0, 3).map(Number).map(channel)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const a = light(getComputedStyle(document.querySelector(selector)).color);
        const b = light(getComputedStyle(document.body).backgroundColor);
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }"""
    assert page.evaluate(luminance, "h1") >= 7
    assert page.evaluate(luminance, ".about") >= 4.5
    assert page.evaluate(luminance, ".badge.failed") >= 4.5
    assert page.evaluate(luminance, ".badge.passed") >= 4.5


def test_questions_can_be_found(page: Any) -> None:
    shown = page.locator("details.question:visible")
    expect(shown).to_have_count(18)
    page.locator("[name=outcome]").select_option("failed")
    expect(page.locator("#shown")).not_to_have_text("18 shown")
    assert 0 < shown.count() < 18
    expect(page.locator("#shown")).to_have_text(f"{shown.count()} shown")
    page.locator("[name=language]").select_option("zh-Hans")
    page.locator("[name=text]").fill("腾讯")
    expect(page.locator("details.question:visible:not([data-language=zh-Hans])")).to_have_count(0)
    assert shown.count() > 0
    page.locator("[name=text]").fill("nowhere to be found")
    expect(page.locator("#none")).to_be_visible()


def test_a_failure_shows_evidence_beside_what_was_found(page: Any) -> None:
    page.locator("[name=outcome]").select_option("wrong")
    question = page.locator("details.question:visible").first
    question.locator("summary").click()
    expect(question.locator(".expected")).to_have_text(FACTS["hans"])
    expect(question.locator(".answer")).to_contain_text(BODY["en"])
    expect(question.locator("blockquote")).to_contain_text(BODY["hans"])
    expect(question.locator("blockquote")).to_contain_text("hit 3")
    expect(question.locator("mark")).to_have_text(BODY["hans"])


def test_tables_sort_by_keyboard(page: Any) -> None:
    table = page.locator("#by-type")
    button = table.get_by_role("button", name="Kind")
    names = [each.strip() for each in table.locator("tbody th").all_inner_texts()]
    button.focus()
    button.press("Enter")
    expect(table.locator("tbody th")).to_have_text(sorted(names))
    button.press("Enter")
    expect(table.locator("tbody th")).to_have_text(sorted(names, reverse=True))
    expect(table.locator("thead th").first).to_have_attribute("aria-sort", "descending")


def test_the_heat_map_shows_the_measure_that_is_chosen(page: Any) -> None:
    expect(page.locator(".heat:visible caption")).to_contain_text("Recall@10:")
    page.locator("#heat-choice").select_option(label="mAP")
    expect(page.locator(".heat:visible")).to_have_count(1)
    expect(page.locator(".heat:visible caption")).to_contain_text("mAP:")
