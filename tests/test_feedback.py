"""What readers say of answers: kept with the answer, listed, and exported as questions that `regbrief eval` takes."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from earlier import unversion

from bot import Answer, Regbrief
from bot.cli import main
from bot.errors import InputError
from bot.evaluation.datasets import gold
from bot.feedback_cli import question_of

QUESTIONS = [
    pytest.param("How much did the market regulator fine Alibaba on Saturday?", "en", id="en"),
    pytest.param("工信部要求各平台停止什么？", "zh-Hans", id="zh-Hans"),
    pytest.param("監管機構要求支付寶分拆什麼業務？", "zh-Hant", id="zh-Hant"),
]
REFUSED = "昨晚馬德里足球賽誰贏了？"

Cli = Callable[..., str]


@pytest.fixture
def cli(bot: Regbrief, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*arguments: str) -> str:
        monkeypatch.setattr(Regbrief, "open", lambda *_, **__: bot)
        monkeypatch.setattr(Regbrief, "close", lambda _: None)
        monkeypatch.setattr(sys, "argv", ["regbrief", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize(("question", "language"), QUESTIONS)
def test_a_verdict_is_kept_with_the_whole_answer(bot: Regbrief, question: str, language: str) -> None:
    answer = bot.ask(question)
    given = bot.give_feedback(answer, "wrong_citation", note=" 引錯了 ", citation=1)
    assert bot.feedback() == [given]
    assert (given.id, given.verdict, given.note, given.citation) == (1, "wrong_citation", "引錯了", 1)
    assert (given.question, given.language, given.answer) == (question, language, answer)


def test_a_question_alone_can_be_judged(bot: Regbrief) -> None:
    bot.give_feedback("支付寶？", "wrong")
    assert [(each.question, each.language, each.answer) for each in bot.feedback()] == [("支付寶？", "zh-Hant", None)]


def test_the_newest_comes_first_and_verdicts_are_counted(bot: Regbrief) -> None:
    for question, verdict in (("a?", "right"), ("b?", "wrong"), ("c?", "right")):
        bot.give_feedback(question, verdict)  # type: ignore[arg-type]
    assert [each.question for each in bot.feedback()] == ["c?", "b?", "a?"]
    assert [each.question for each in bot.feedback(verdict="right", limit=1, offset=1)] == ["a?"]
    assert bot.feedback_counts() == {"right": 2, "wrong": 1}


@pytest.mark.parametrize(
    ("verdict", "given", "message"),
    [
        ("good", {}, "verdict is 'good'."),
        ("wrong_citation", {"citation": 9}, "The answer has no citation 9."),
        ("right", {"note": "好" * 2_001}, "The note has 2,001 characters."),
    ],
    ids=["verdict", "citation", "note"],
)
def test_what_cannot_be_meant_is_refused(bot: Regbrief, verdict: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        bot.give_feedback(bot.ask("監管機構要求支付寶分拆什麼業務？"), verdict, **given)
    assert error.value.message == message
    assert bot.feedback() == []


def test_a_library_of_before_gets_the_table(bot: Regbrief) -> None:
    path = bot.library.folder / "catalog.sqlite"
    with sqlite3.connect(path) as db:
        unversion(db)
        db.execute("DROP TABLE feedback")
    db.close()
    from bot.catalog import Catalog

    catalog = Catalog(path)
    assert catalog.judgements.newest() == []
    catalog.close()


# --- as questions of an evaluation ----------------------------------------------------------------------------------


def test_a_right_answer_becomes_a_question_with_its_evidence(bot: Regbrief) -> None:
    answer = bot.ask("監管機構要求支付寶分拆什麼業務？")
    quote = answer.citations[0]
    pointed = replace(quote, answer_span=(quote.start, quote.start + 4))
    given = bot.give_feedback(replace(answer, citations=(pointed,)), "right")
    assert question_of(given) == {
        "id": "feedback-1",
        "thread": "feedback-1",
        "split": "dev",
        "language": "zh-Hant",
        "type": "fact",
        "question": "監管機構要求支付寶分拆什麼業務？",
        "answers": [quote.quote[:4]],
        "evidence": [{"article_id": quote.article_id, "sentence": quote.quote}],
        "since": None,
        "until": None,
        "today": given.given.date().isoformat(),
        "history": [],
        "answerable": True,
        "note": "right",
    }


def test_of_several_quotations_it_is_not_known_which_words_answer(bot: Regbrief) -> None:
    answer = bot.ask("監管機構要求支付寶分拆什麼業務？")
    quote = replace(answer.citations[0], answer_span=(answer.citations[0].start, answer.citations[0].end))
    several = replace(answer, citations=(quote, replace(quote, number=2)))
    assert question_of(bot.give_feedback(several, "right"))["answers"] == []


@pytest.mark.parametrize(
    ("question", "verdict", "answerable", "quoted"),
    [
        ("How much did the market regulator fine Alibaba on Saturday?", "right", True, True),
        ("工信部要求各平台停止什么？", "wrong", True, False),
        ("監管機構要求支付寶分拆什麼業務？", "wrong_citation", True, False),
        (REFUSED, "right", False, False),
        (REFUSED, "wrong", True, False),
    ],
    ids=["right", "wrong", "wrong-citation", "refused-rightly", "refused-wrongly"],
)
def test_a_verdict_says_what_is_known(
    bot: Regbrief, question: str, verdict: Any, answerable: bool, quoted: bool
) -> None:
    exported = question_of(bot.give_feedback(bot.ask(question), verdict))
    assert (exported["answerable"], bool(exported["evidence"])) == (answerable, quoted)


def test_a_wrong_citation_leaves_the_others_as_evidence(bot: Regbrief) -> None:
    answer: Answer = bot.ask("監管機構要求支付寶分拆什麼業務？")
    second = replace(answer.citations[0], number=len(answer.citations) + 1, quote="別的")
    exported = question_of(
        bot.give_feedback(replace(answer, citations=(*answer.citations, second)), "wrong_citation", citation=1)
    )
    assert "別的" in [each["sentence"] for each in exported["evidence"]]
    assert answer.citations[0].quote not in [each["sentence"] for each in exported["evidence"]]


@pytest.mark.parametrize(("question", "language"), QUESTIONS)
def test_eval_reads_the_export(bot: Regbrief, cli: Cli, tmp_path: Path, question: str, language: str) -> None:
    bot.give_feedback(bot.ask(question), "right")
    bot.give_feedback(bot.ask(REFUSED), "right", note="the library has nothing on it")
    (tmp_path / "questions.jsonl").write_text(cli("feedback", "export"), "utf-8")
    suite = gold.load([tmp_path / "questions.jsonl"])
    assert [(each.text, each.language, each.answerable) for each in suite.questions] == [
        (question, language, True),
        (REFUSED, "zh-Hant", False),
    ]
    assert suite.questions[0].evidence[0].sentence == bot.ask(question).citations[0].quote


def test_the_command_line_lists_and_exports(bot: Regbrief, cli: Cli, tmp_path: Path) -> None:
    bot.give_feedback(bot.ask("工信部要求各平台停止什么？"), "right", note="好")
    assert [each["verdict"] for each in json.loads(cli("feedback", "list", "--json"))] == ["right"]
    assert "工信部要求各平台停止什么？" in cli("feedback", "list")
    cli("feedback", "export", "--out", str(tmp_path / "q.jsonl"))
    assert json.loads((tmp_path / "q.jsonl").read_text("utf-8"))["note"] == "right: 好"
