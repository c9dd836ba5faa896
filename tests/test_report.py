"""The report, the comparison of two, and the judge's part, on results made by hand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SettingsError
from bot.evaluation import charts, report
from bot.evaluation.compare import compare, table
from bot.evaluation.judge import JudgeFailed, judge, open_chat
from bot.evaluation.measures import MEASURES, measure
from bot.evaluation.metrics import aggregate, retrieval, score
from bot.evaluation.records import Evidence, Question, Result
from bot.evaluation.rows import views

BODY = {"en": "Alibaba was fined 18.2 billion yuan.", "hans": "腾讯须解除屏蔽。", "hant": "支付寶須分拆貸款業務。"}
FACT = {"en": "18.2 billion yuan", "hans": "腾讯", "hant": "支付寶"}
LANGUAGES: dict[str, Any] = {"en": "en", "hans": "zh-Hans", "hant": "zh-Hant"}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def hit(article: str, **fields: Any) -> dict[str, Any]:
    return {
        "article_id": article, "text": BODY[article], "start": 0, "end": len(BODY[article]), "score": 0.5,
        "title": "T", "source": "S", "url": "https://example.org/", "published": "2021-04-10",
        "language": LANGUAGES[article], **fields,
    }  # fmt: skip


def answered(article: str, *, score: float = 0.9) -> dict[str, Any]:
    citation = {**hit(article), "quote": BODY[article], "number": 1, "score": score}
    return {"answer": f"{BODY[article]} [1]", "abstained": False, "language": LANGUAGES[article],
            "citations": [citation], "timings_ms": {"retrieve": 2.0, "total": 9.0}}  # fmt: skip


REFUSED = {"answer": "No article here answers this.", "abstained": True, "citations": [], "timings_ms": {"total": 5.0}}


def asked(id: str, article: str, **fields: Any) -> Question:
    given: dict[str, Any] = {
        "answerable": True, "answers": ((FACT[article],),), "evidence": (Evidence(article, BODY[article]),),
        "text": f"Question {id}?", "language": LANGUAGES[article], "type": "fact", **fields,
    }  # fmt: skip
    return Question(id=id, **given)


RESULTS = [
    Result(asked("right", "en"), answered("en"), (hit("en"), hit("hans"))),
    Result(asked("wrong", "hans"), answered("hant", score=0.4), (hit("hant"), hit("hans"))),
    Result(asked("refused", "hant"), REFUSED, (hit("en"),)),
    Result(asked("nothing", "en", answerable=False, answers=(), evidence=()), answered("hans"), (hit("hans"),)),
    Result(asked("broken", "en"), error="It broke."),
]


def made(results: list[Result], **fields: Any) -> dict[str, Any]:
    """Put a report together as the runner does."""
    found = retrieval(results)
    scores = [{**score(each, BODY.get), **ranked} for each, ranked in zip(results, found, strict=True)]
    rows = [
        {
            "id": each.question.id, "question": each.question.text, "language": each.question.language,
            "type": each.question.type, "group": "", "answerable": each.question.answerable,
            "expected": [list(group) for group in each.question.answers],
            "evidence": [{"article_id": e.article_id, "sentence": e.sentence} for e in each.question.evidence],
            "answer": dict(each.answer), "hits": list(each.hits), "scores": given, "error": each.error,
        }
        for each, given in zip(results, scores, strict=True)
    ]  # fmt: skip
    versions = {"regbrief": "0.1.0", "models": {"encoder": "abc"}, "settings": {"without": []}}
    return {
        "format": 1, "suite": "hand", "split": "dev", "target": "library", "created": "2026-11-22T12:00:00+00:00",
        "seed": 0, "versions": versions, "description": "", "ablations": None, "judge": None,
        **aggregate(results, scores, 0), "questions": rows, **fields,
    }  # fmt: skip


# --- the page -------------------------------------------------------------------------------------------------------


def test_write_gives_json_and_a_page_that_needs_nothing_else(tmp_path: Path) -> None:
    report.write(made(RESULTS), tmp_path / "new")
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == ["report.html", "report.json"]
    assert json.loads((tmp_path / "new/report.json").read_text("utf-8"))["suite"] == "hand"
    page = (tmp_path / "new/report.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|img|iframe|link)[^>]*(?:src|href)=\"(?!data:)", page)
    assert "@import" not in page
    assert "url(" not in page


def test_everything_is_escaped() -> None:
    evil = Result(
        asked(EVIL, "en", text=EVIL, type=EVIL, answers=((EVIL,),), evidence=(Evidence("en", EVIL),)),
        {**answered("en"), "answer": EVIL, "language": EVIL},
        (hit("en", title=EVIL, text=EVIL, source=EVIL, url="javascript:alert(3)", language=EVIL, published=EVIL),),
    )
    ablations = {EVIL: {"metrics": {"correct": {"value": 0.5}}}}
    judged = {"model": EVIL, "prompts": {EVIL: EVIL}, "metrics": {}, "questions": {}}
    broken = Result(asked("b", "en"), error=EVIL)
    given = made([evil, broken], suite=EVIL, target=EVIL, description=EVIL, ablations=ablations, judge=judged)
    page = report.html({**given, "versions": {EVIL: EVIL}, "latency_ms": {EVIL: {"p50": 1.0, "p95": 2.0, "n": 1}}})
    assert page.count("<script>") == 1  # our own
    assert "<img" not in page
    assert "javascript:" not in page


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([], id="no questions"),
        pytest.param([Result(asked("q", "en", answers=()), {}, (hit("en"),))], id="search only"),
        pytest.param([Result(asked("q", "hans"), answered("hans"))], id="answers only"),
        pytest.param([Result(asked("q", "hant"), error="It broke.")], id="errors only"),
        pytest.param([Result(asked("q", "en"), {"answer": "x", "citations": [None, "y", {}]})], id="odd citations"),
        pytest.param([Result(asked("q", "en"), REFUSED, ({"article_id": "en"},))], id="bare hits"),
        pytest.param([Result(asked("q\ud800", "en"), answered("en"))], id="lone surrogate"),
    ],
)
def test_a_page_comes_of_whatever_there_is(results: list[Result], tmp_path: Path) -> None:
    report.write(made(results), tmp_path)
    assert (tmp_path / "report.html").read_text("utf-8").endswith("</html>")


def test_a_large_report_stays_small_and_shows_failures_first() -> None:
    given = made(RESULTS)
    long = [{**each, "answer": {**each["answer"], "answer": "很长的回答。" * 1000}} for each in given["questions"]]
    page = report.html({**given, "questions": [long[0], *long[1:] * 10, *long[:1] * 200]})
    assert len(page.encode()) < 3_000_000
    assert page.index('data-outcome="wrong"') < page.index('data-outcome="right"')
    assert re.search(r"\d+ more questions are in report.json", page)


def test_rows_say_what_went_wrong_and_where_the_evidence_was() -> None:
    by_id = {each.row["id"]: each for each in views(made(RESULTS)["questions"])}
    assert {id: (each.outcome, each.cause) for id, each in by_id.items()} == {
        "right": ("right", ""),
        "wrong": ("wrong", "choice"),
        "refused": ("refused", "search"),
        "nothing": ("answered", "caution"),
        "broken": ("error", ""),
    }
    assert [(each.rank, each.cited) for each in by_id["right"].evidence] == [(1, 1)]
    assert [(each.rank, each.cited) for each in by_id["wrong"].evidence] == [(2, None)]
    assert by_id["wrong"].hits[1].parts == ((BODY["hans"], True),)


def test_charts_by_hand() -> None:
    bars = charts.latency({"total": {"p50": 5.0, "p95": 10.0, "n": 3}, "answer": {"p50": 1.0, "p95": 2.0, "n": 3}})
    assert [(bar.stage, bar.short, bar.long) for bar in bars] == [("answer", 10, 20), ("total", 50, 100)]
    cell = {"question": "en", "document": "zh-Hant", "n": 1, "metrics": {"map": {"value": 0.5}}}
    assert charts.heat_maps([cell]) == [charts.Heat("map", ("zh-Hant",), (("en", ({"value": 0.5},)),))]
    assert charts.risk_coverage({"risk_coverage": []}) is None


def test_every_measure_that_is_computed_is_explained() -> None:
    computed = made(RESULTS)["metrics"].keys()
    assert computed <= MEASURES.keys()
    assert all(measure(name).meaning for name in computed)


# --- comparing ------------------------------------------------------------------------------------------------------


def many(answer: dict[str, Any], *, seed: int = 0) -> dict[str, Any]:
    return made(
        [Result(asked(f"q{i}", "en"), answer if i else answered("en"), (hit("en"),)) for i in range(12)], seed=seed
    )


def test_compare_finds_what_is_worse_and_on_which_questions() -> None:
    found = compare(many(answered("en")), many(REFUSED))
    correct = found["metrics"]["correct"]
    assert (correct["a"], correct["b"], correct["n"]) == (1, 0.083333, 12)
    assert correct["difference"] == -0.916667
    assert correct["high"] < 0
    assert correct["p"] <= correct["q"] < 0.05
    assert {each["change"] for each in found["changed"]} == {"lost"}
    assert len(found["changed"]) == 11
    assert found["warnings"] == []
    assert "worse" in table(found)
    assert "11 lost:" in table(found)
    json.dumps(found, allow_nan=False)


def test_a_report_does_not_differ_from_itself() -> None:
    found = compare(many(answered("en")), many(answered("en")))
    assert found["changed"] == []
    assert {(each["difference"], each["p"]) for each in found["metrics"].values()} == {(0, 1)}


def test_compare_warns_of_what_cannot_be_compared() -> None:
    other = made(RESULTS, suite="other", versions={"corpus": "another"})
    found = compare(many(REFUSED), other)
    assert found["n"] == 0
    assert len(found["warnings"]) == 3
    assert len(found["only_a"]) == 12
    assert table(found)


# --- the judge ------------------------------------------------------------------------------------------------------


def says_yes_where_the_words_are(prompt: str) -> str:
    """A judge that can be checked by hand: supported is what stands in the passages."""
    passages, statement = re.findall(r"<(?:passages|statement)>\n(.*?)\n</", prompt, re.DOTALL)
    return "yes" if statement in passages else "No."


def test_the_judge_scores_as_alce_does() -> None:
    citations = [{**hit(id), "quote": BODY[id], "number": n} for n, id in enumerate(("en", "hans"), 1)]
    given = {"answer": f"{BODY['en']} [1][2] {BODY['hant']} [1]", "abstained": False, "citations": citations}
    results = [Result(asked("q", "en"), given, (hit("hant"),)), Result(asked("r", "en"), REFUSED)]
    found = judge(results, BODY.get, says_yes_where_the_words_are, model="by:hand", seed=0)
    # The second citation of the first sentence is not needed; the second sentence is in the hits only.
    assert found["questions"] == {
        "q": {
            "judge_faithfulness": 1.0,
            "judge_citation_recall": 0.5,
            "judge_citation_precision": pytest.approx(1 / 3),
        }
    }
    assert found["unclear"] == 0
    assert "The prompt “support”" in report.html(made(RESULTS, judge=found))


@pytest.mark.parametrize(
    ("reply", "recall", "unclear"),
    [("Yes.", 1, 0), ("<think>no?</think> yes", 1, 0), ("是", 1, 0), ("不支持", 0, 0), ("Perhaps", 0, 1)],
)
def test_verdicts(reply: str, recall: int, unclear: int) -> None:
    found = judge([Result(asked("q", "en"), answered("en"))], BODY.get, lambda _: reply, model="m", seed=0)
    assert found["metrics"]["judge_citation_recall"]["value"] == recall
    assert bool(found["unclear"]) == bool(unclear)


class Endpoint(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that always says yes; it breaks when it is asked for the model `broken`."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = {"choices": [{"message": {"content": f"yes, {self.headers['Authorization']}"}}]}
        body = b"{}" if asked["model"] == "broken" else json.dumps(reply).encode()
        self.send_response(200 if self.path == "/v1/chat/completions" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_any_endpoint_that_speaks_openai_can_judge(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIEF_JUDGE_KEY", "secret")
    assert open_chat("any:model", base_url=endpoint)("?") == "yes, Bearer secret"
    for spec, url in (("any:broken", endpoint), ("any:model", endpoint + "/nowhere")):
        with pytest.raises(JudgeFailed, match="Check the address"):
            open_chat(spec, base_url=url)("?")


def test_a_judge_needs_a_provider_and_a_model() -> None:
    with pytest.raises(SettingsError, match="provider:model"):
        open_chat("gpt")
