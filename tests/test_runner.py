"""Running a suite: against a library, a server and a file of answers; interrupted, resumed, ablated, held to floors."""

from __future__ import annotations

import json
import runpy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner

from bot.encoder import BundledEncoder, Encoder
from bot.engine import Regbrief
from bot.errors import InputError
from bot.evaluation import session
from bot.evaluation.floors import Floor, hold
from bot.evaluation.records import Evidence, Question, Suite
from bot.evaluation.runner import Log, run
from bot.evaluation.session import Plan
from bot.evaluation.targets import FileTarget, HttpTarget, LibraryTarget, Unreachable
from bot.glossary import Glossary
from bot.language import fold_case
from bot.library import Library
from bot.records import EVERY_PART, Article, Parts
from bot.serve.api import create_app
from bot.settings import Settings
from tests.scripted import server, writes

QUESTIONS = (
    Question(
        "fine",
        "What did the market regulator fine Alibaba?",
        "en",
        "fact",
        answerable=True,
        answers=(("18.228 billion yuan",),),
        evidence=(
            Evidence("fine-en", "China's market regulator fined Alibaba 18.228 billion yuan on Saturday.", 0, 71, "en"),
        ),
    ),
    Question("links", "工信部要求平台停止什么？", "zh-Hans", "fact", answerable=True, answers=(("屏蔽网址链接",),)),
    Question("loans", "支付寶須分拆什麼？", "zh-Hant", "fact", answerable=True, answers=(("小額貸款業務",),)),
)
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "evaluate_over_http.py"
SUITE = Suite("tiny", "", QUESTIONS)


def no_bar(title: str, total: int) -> Callable[[int], None]:
    return lambda count: None


class Recorder:
    """Answers with a number of its own, and breaks down on demand."""

    name = "recorder"

    def __init__(self, *, breaks_at: int | None = None) -> None:
        self.asked: list[str] = []
        self._breaks_at = breaks_at

    def ask(self, question: Question) -> Mapping[str, Any]:
        if len(self.asked) == self._breaks_at:
            raise KeyboardInterrupt
        self.asked.append(question.id)
        return {"answer": f"answer {len(self.asked)}"}

    def search(self, question: Question, *, limit: int) -> list[Mapping[str, Any]]:
        return [{"article_id": str(rank)} for rank in range(limit)]

    def body(self, article_id: str) -> str | None:
        return None

    def versions(self) -> Mapping[str, Any]:
        return {}


# --- resuming -------------------------------------------------------------------------------------------------------


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    log = Log(tmp_path / "results.jsonl", configuration={"a": 1})
    with pytest.raises(KeyboardInterrupt):
        run(SUITE, Recorder(breaks_at=2), log=log)
    again = Recorder()
    results = run(SUITE, again, log=log, depth=2)
    assert again.asked == ["loans"]
    assert [result.answer["answer"] for result in results] == ["answer 1", "answer 2", "answer 1"]
    assert run(SUITE, Recorder(breaks_at=0), log=log) == results


def test_a_torn_line_costs_its_question_only(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    log = Log(path, configuration={})
    run(SUITE, Recorder(), log=log)
    path.write_text(path.read_text("utf-8")[:-40], "utf-8")
    again = Recorder()
    run(SUITE, again, log=log)
    assert again.asked == ["loans"]
    assert run(SUITE, Recorder(breaks_at=0), log=log)


@pytest.mark.parametrize(
    ("configuration", "suite"),
    [
        pytest.param({"a": 2}, SUITE, id="other configuration"),
        pytest.param({"a": 1}, replace(SUITE, questions=tuple(replace(q, text="?") for q in QUESTIONS)), id="reworded"),
    ],
)
def test_results_count_for_what_they_were_measured_on(
    configuration: dict[str, Any], suite: Suite, tmp_path: Path
) -> None:
    path = tmp_path / "results.jsonl"
    run(SUITE, Recorder(), log=Log(path, configuration={"a": 1}))
    again = Recorder()
    run(suite, again, log=Log(path, configuration=configuration))
    assert again.asked == ["fine", "links", "loans"]


def test_a_question_that_fails_is_an_error_and_is_asked_again(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"id": "fine", "answer": "18 [1]", "hits": [{"article_id": "a"}]}) + "\n", "utf-8")
    target = FileTarget(answers, bodies={"a": "body"}.get, corpus="")
    log = Log(tmp_path / "results.jsonl", configuration={})
    for _ in range(2):
        first, second, _ = run(SUITE, target, log=log)
        assert (first.answer["answer"], first.hits, first.error) == ("18 [1]", ({"article_id": "a"},), None)
        assert (second.answer, second.error) == ({}, "answers.jsonl has no answer to links.")
    assert target.body("a") == "body"


def test_a_suite_of_searches_asks_nothing() -> None:
    target = Recorder(breaks_at=0)
    results = run(replace(SUITE, search_only=True), target, depth=3)
    assert [len(result.hits) for result in results] == [3, 3, 3]


# --- targets --------------------------------------------------------------------------------------------------------


@pytest.fixture
def address(bot: Regbrief) -> Iterator[str]:
    """A server of the three articles on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(create_app(bot), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def remote(address: str) -> Iterator[HttpTarget]:
    with closing(HttpTarget.open(address)) as target:
        yield target


def without_timings(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timings_ms"}


def test_a_server_gives_what_its_library_gives(bot: Regbrief, remote: HttpTarget) -> None:
    local = LibraryTarget(bot)
    for question in (*QUESTIONS, replace(QUESTIONS[0], since=date(2021, 9, 1), article_ids=("links-hans",))):
        assert without_timings(remote.ask(question)) == without_timings(local.ask(question))
    assert remote.search(QUESTIONS[0], limit=2) == local.search(QUESTIONS[0], limit=2)
    assert remote.body("fine-en") == local.body("fine-en") == bot.article("fine-en").body
    assert remote.body("none") is local.body("none") is None
    assert remote.versions()["corpus"] == local.versions()["corpus"]


def test_a_question_with_documents_of_its_own_searches_only_those(bot: Regbrief, remote: HttpTarget) -> None:
    question = replace(QUESTIONS[0], article_ids=("alipay-hant",))
    for target in (LibraryTarget(bot), remote):
        assert {hit["article_id"] for hit in target.search(question, limit=5)} == {"alipay-hant"}


def test_a_server_that_is_not_there_stops_the_run() -> None:
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 cannot be reached"):
        HttpTarget.open("http://127.0.0.1:9")


def test_the_example_evaluates_over_http(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        {"question": QUESTIONS[0].text, "expected": ["18.228 billion"], "article_id": "fine-en"},
        {"question": QUESTIONS[2].text, "expected": ["不在文中"]},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in asked), "utf-8")
    monkeypatch.setattr("sys.argv", ["evaluate_over_http.py", str(path), "--target", address])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = capsys.readouterr().out
    assert ended.value.code == 1
    assert "right answers             1 of 2      50.0%" in printed
    assert "wanted article cited      1 of 1     100.0%" in printed
    assert "100.0%" in printed.splitlines()[-1]


def test_answers_need_an_id_and_a_text(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"answer": "yes"}\n', "utf-8")
    with pytest.raises(InputError, match="Entry 1"):
        FileTarget(path, bodies=lambda _: None, corpus="")


# --- whole sessions -------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path, encoder: Encoder, bot: Regbrief, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a corpus of the three articles with three questions, whose library is not built yet."""
    monkeypatch.setattr("bot.materials.open_encoder", lambda *_, **__: encoder)
    corpus = tmp_path / "corpus"
    (corpus / "articles").mkdir(parents=True)
    for article in bot.articles():
        fields = {name: str(getattr(article, name)) for name in ("id", "title", "body", "language", "published")}
        (corpus / "articles" / f"{article.id}.jsonl").write_text(json.dumps(fields) + "\n", "utf-8")
    (corpus / "questions.jsonl").write_text("".join(json.dumps(gold(each)) + "\n" for each in QUESTIONS), "utf-8")
    return Settings.read(indexes=tmp_path / "library", corpus=corpus)


def gold(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "question": question.text,
        "language": question.language,
        "type": question.type,
        "answerable": question.answerable,
        "answers": list(question.answers[0]),
        "evidence": [{"article_id": each.article_id, "sentence": each.sentence} for each in question.evidence],
    }


def test_a_session_fills_an_empty_library_and_reports(settings: Settings, tmp_path: Path) -> None:
    plan = Plan(out=tmp_path / "report", limit=2)
    measured = session.evaluate(plan, settings, bar=no_bar)
    report = session.report(plan, measured)
    assert len(report["questions"]) == 2
    assert {row["id"] for row in report["questions"]} < {"fine", "links", "loans"}
    assert report["metrics"]["citation_validity"]["value"] == 1
    assert (report["format"], report["suite"], report["split"], report["target"]) == (1, "gold", "dev", "library")
    assert set(report["versions"]) == {"regbrief", "python", "code", "models", "corpus", "settings"}
    json.dumps(report)


def test_what_a_model_writes_is_measured_and_every_citation_of_it_is_valid(
    settings: Settings, tmp_path: Path, fixed_model: Any
) -> None:
    pytest.importorskip("langchain_openai")
    text = "China's market regulator fined Alibaba 18.228 billion yuan【1】. Alibaba was fined 99 billion yuan[1][7]."
    with server(writes(text)) as (address, _):
        own = settings.model_copy(update={"llm": "openai:m", "llm_base_url": address})
        measured = session.evaluate(Plan(out=tmp_path / "report"), own, bar=no_bar)
    answers = {each.question.id: each.answer for each in measured.results}
    assert {name: answer["answerer"] for name, answer in answers.items()} == {
        "fine": "openai:m",
        "links": "extractive",
        "loans": "extractive",
    }
    assert [claim["text"] for claim in answers["fine"]["claims"]] == [text.partition("【")[0] + "."]
    metrics = session.report(Plan(), measured)["metrics"]
    assert (metrics["citation_validity"]["value"], metrics["citation_verbatim"]["value"]) == (1, 1)


def test_a_suite_with_articles_gets_a_library_of_its_own(settings: Settings, tmp_path: Path) -> None:
    context = "The Panthers gave up just 308 points."
    entry = {
        "id": "1",
        "question": "How many points did the Panthers give up?",
        "answers": [{"text": "308", "answer_start": 26}],
    }
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [entry]}]}]}), "utf-8")
    plan = Plan("squad", data=(path,), out=tmp_path / "report")
    measured = session.evaluate(plan, settings, bar=no_bar)
    assert measured.results[0].answer["citations"][0]["quote"] == context
    assert measured.results[0].hits[0]["text"] == context
    assert not settings.indexes.exists()


@pytest.mark.parametrize("part", session.ABLATIONS)
def test_every_part_can_be_turned_off(part: str, settings: Settings, tmp_path: Path) -> None:
    plan = Plan(out=tmp_path / "report")
    found = session.ablate(plan, settings, bar=no_bar, without=[part])
    assert found[part].versions["settings"]["without"] == [part]
    assert all(result.error is None for result in found[part].results)


def test_only_a_library_of_this_process_can_be_ablated(settings: Settings) -> None:
    with pytest.raises(InputError, match="Leave out --target"):
        session.ablate(Plan(target="http://127.0.0.1:9"), settings, bar=no_bar)
    with pytest.raises(InputError, match="no part 'luck'"):
        session.ablate(Plan(), settings, bar=no_bar, without=["luck"])


@pytest.mark.parametrize(
    ("part", "question", "found"),
    [
        pytest.param("folding", "蚂蚁集团", set(), id="folding joins the scripts"),
        pytest.param("keyword_search", "螞蟻集團", set(), id="keyword search alone without dense"),
    ],
)
def test_what_a_part_does_is_missing_without_it(
    part: str, question: str, found: set[str], settings: Settings, tmp_path: Path
) -> None:
    keywords_only = Parts(dense_search=False)
    for parts, expected in ((keywords_only, None), (replace(keywords_only, **{part: False}), found)):
        own = settings.model_copy(update={"indexes": tmp_path / f"without-{expected is not None}"})
        with Regbrief.open(own, parts=parts) as bot:
            bot.add(settings.corpus / "articles")
            hits = {hit.article_id for hit in bot.search(question)}
        assert "alipay-hant" in hits if expected is None else hits == expected


def test_a_library_that_lacks_the_evidence_is_not_measured(settings: Settings, tmp_path: Path) -> None:
    with Regbrief.open(settings) as bot:
        bot.add(Article("other", "Other", "Something else.", "en"))
    with pytest.raises(InputError, match="library does not hold the article 'fine-en'"):
        session.evaluate(Plan(out=tmp_path / "report"), settings, bar=no_bar)


def test_articles_and_questions_are_exported_for_other_systems(settings: Settings, tmp_path: Path) -> None:
    session.write_out(Plan(), settings, tmp_path / "out")
    articles = (tmp_path / "out" / "articles.jsonl").read_text("utf-8").splitlines()
    questions = (tmp_path / "out" / "questions.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["id"] for line in articles} == {"fine-en", "links-hans", "alipay-hant"}
    assert json.loads(questions[0]) == {"id": "fine", "question": QUESTIONS[0].text, "language": "en"}


# --- floors ---------------------------------------------------------------------------------------------------------


def floors(path: Path, **more: Any) -> Path:
    wanted = {"split": "dev", "limit": 3, "seed": 0, "corpus": None, "floors": {"citation_validity": 0.5}}
    path.write_text(json.dumps({**wanted, **more}), "utf-8")
    return path


def test_floors_are_written_and_held(settings: Settings, tmp_path: Path) -> None:
    path = floors(tmp_path / "floors.json", ceilings={"errors": 0.5})
    hold(path, settings, bar=no_bar, write=True)
    assert json.loads(path.read_text("utf-8"))["floors"] == {"citation_validity": 1.0}
    held = hold(path, settings, bar=no_bar)
    assert [(each.name, each.value, each.floor, each.held) for each in held] == [
        ("citation_validity", 1.0, 1.0, True),
        ("errors", 0.0, 0.0, True),
    ]


def test_floors_of_another_corpus_do_not_count(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="were taken on the corpus 0000"):
        hold(floors(tmp_path / "floors.json", corpus="0000"), settings, bar=no_bar)


@pytest.mark.parametrize(
    ("floor", "held"),
    [
        (Floor("a", 0.7, 0.7), True),
        (Floor("a", 0.69, 0.7), False),
        (Floor("a", None, 0.7), False),
        (Floor("a", 0.2, None), True),
        (Floor("a", 0.2, 0.1, ceiling=True), False),
        (Floor("a", 0.1, 0.1, ceiling=True), True),
    ],
)
def test_a_floor_is_held_from_its_side(floor: Floor, held: bool) -> None:
    assert floor.held is held


# --- the command line -----------------------------------------------------------------------------------------------


def test_the_command_writes_a_report_and_compares_two(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.cli import app

    monkeypatch.setenv("REGBRIEF_CORPUS", str(settings.corpus))
    monkeypatch.setenv("REGBRIEF_INDEXES", str(settings.indexes))
    command = CliRunner()
    for name in ("a", "b"):
        done = command.invoke(app, ["eval", "--out", str(tmp_path / name), "--json"], catch_exceptions=False)
        assert json.loads(done.stdout)["suite"] == "gold"
        assert (tmp_path / name / "report.html").exists()
    reports = [str(tmp_path / name / "report.json") for name in ("a", "b")]
    compared = command.invoke(app, ["eval", "compare", *reports, "--json"], catch_exceptions=False)
    assert json.loads(compared.stdout)["n"] == 3


def test_all_parts_work_unless_told_otherwise(bot: Regbrief) -> None:
    assert bot.parts == EVERY_PART == Parts()


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Ａlipay 100％", "alipay 100%"), ("螞蟻集團", "螞蟻集團"), ("蚂蚁集团", "蚂蚁集团")],
)
def test_without_folding_case_and_width_meet_but_scripts_do_not(text: str, folded: str) -> None:
    assert fold_case(text) == folded


def test_an_encoder_without_means_is_another_encoder() -> None:
    encoder = BundledEncoder.open()
    raw = encoder.without_means()
    vectors = [each.encode(["約談"], kind="query", languages=["zh-Hant"])[0] for each in (encoder, raw)]
    assert raw.fingerprint != encoder.fingerprint
    assert 0.1 < float(vectors[0] @ vectors[1]) < 0.99
    assert abs(float(vectors[1] @ vectors[1]) - 1) < 1e-5


def test_without_weighing_the_best_passage_is_quoted_and_nothing_refused(library: Library, encoder: Encoder) -> None:
    library.add(QUOTED)
    with Regbrief.from_library(library, encoder=encoder, glossary=Glossary(), parts=Parts(rerank=False)) as bot:
        answer = bot.ask("Who won the football match?")
    assert not answer.abstained
    assert {citation.article_id for citation in answer.citations} == {"fine"}


QUOTED = [Article("fine", "A fine", "The regulator fined a company. The company paid.", "en")]
