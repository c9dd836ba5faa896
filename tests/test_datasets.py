"""The adapters of evaluation, on tiny files in the form of each public set."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bot.errors import InputError
from bot.evaluation import datasets
from bot.evaluation.records import Evidence, Question, Suite
from bot.records import Turn


def write(path: Path, *entries: Any) -> Path:
    """Write JSON lines, or one JSON value for a name that ends in .json."""
    text = json.dumps(entries[0]) if path.suffix == ".json" else "\n".join(map(json.dumps, entries)) + "\n"
    path.write_text(text, "utf-8")
    return path


def by_id(suite: Suite) -> dict[str, Question]:
    return {question.id: question for question in suite.questions}


GOLD = {
    "id": "fine-01",
    "thread": "fine",
    "split": "dev",
    "question": "阿里巴巴被罰多少？",
    "language": "zh-Hant",
    "type": "fact",
    "answers": ["182.28亿元", "18.228 billion yuan"],
    "evidence": [{"article_id": "fine.en", "sentence": "Alibaba was fined 18.228 billion yuan."}],
    "since": "2021-01-01",
    "until": None,
    "today": "2021-05-01",
    "history": [{"question": "誰被罰？", "answer": "阿里巴巴"}],
    "answerable": True,
}


def test_gold_takes_any_answer_of_a_fact_and_every_one_of_a_list(tmp_path: Path) -> None:
    listed = {**GOLD, "id": "fine-02", "type": "list", "answers": [["Tencent", "腾讯"], "Alibaba"], "history": []}
    refused = {**GOLD, "id": "fine-03", "type": "unanswerable", "answers": [], "evidence": [], "answerable": False}
    suite = datasets.load("gold", [write(tmp_path / "q.jsonl", GOLD, listed, refused)])
    first, second, third = suite.questions
    assert first.answers == (("182.28亿元", "18.228 billion yuan"),)
    assert first.evidence == (Evidence("fine.en", "Alibaba was fined 18.228 billion yuan.", language="en"),)
    assert str(first.since) == "2021-01-01"
    assert first.history == (Turn("誰被罰？", "阿里巴巴"),)
    assert second.answers == (("Tencent", "腾讯"), ("Alibaba",))
    assert (third.answers, third.answerable) == ((), False)


def test_gold_keeps_to_a_split(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", GOLD, {**GOLD, "id": "other", "split": "test"})
    assert [question.id for question in datasets.load("gold", [path], split="test").questions] == ["other"]
    assert len(datasets.load("gold", [path], split="all").questions) == 2
    with pytest.raises(InputError, match="no question of the split 'train'"):
        datasets.load("gold", [path], split="train")


def squad(context: str, *questions: dict[str, Any], title: str = "") -> dict[str, Any]:
    return {"data": [{"title": title, "paragraphs": [{"context": context, "qas": list(questions)}]}]}


def asked(id: str, question: str, context: str, answer: str, **more: Any) -> dict[str, Any]:
    spans = [{"text": answer, "answer_start": context.find(answer)}] if answer else []
    return {"id": id, "question": question, "answers": spans, **more}


HANS = "联盟有二十支球队。黑豹队只丢了308分。"
HANT = "聯盟有二十支球隊。黑豹隊只丟了308分。"
ENGLISH = "The league has 20 teams. The Panthers gave up just 308 points."


@pytest.mark.parametrize(
    ("context", "question", "sentence"),
    [
        pytest.param(ENGLISH, "How many points?", "The Panthers gave up just 308 points.", id="en"),
        pytest.param(HANS, "黑豹队丢了多少分？", "黑豹队只丢了308分。", id="zh-Hans"),
        pytest.param(HANT, "黑豹隊丟了多少分？", "黑豹隊只丟了308分。", id="zh-Hant"),
    ],
)
def test_squad_proves_an_answer_by_its_sentence(context: str, question: str, sentence: str, tmp_path: Path) -> None:
    path = write(tmp_path / "dev.json", squad(context, asked("1", question, context, "308"), title="NFL"))
    suite = datasets.load("squad", [path])
    (article,) = suite.articles or ()
    (only,) = suite.questions
    (evidence,) = only.evidence
    assert (article.title, article.body) == ("NFL", context)
    assert (only.answers, only.answerable) == ((("308",),), True)
    assert evidence.sentence == sentence == article.body[evidence.start : evidence.end]
    assert evidence.language == only.language == article.language


def test_squad_takes_the_occurrence_nearest_to_the_offset(tmp_path: Path) -> None:
    context = "In 1999 it began. It ended in 1999."
    entry = {"id": "1", "question": "When did it end?", "answers": [{"text": "1999", "answer_start": 30}]}
    suite = datasets.load("squad", [write(tmp_path / "dev.json", squad(context, entry))])
    assert suite.questions[0].evidence[0].sentence == "It ended in 1999."


def test_squad_knows_what_cannot_be_answered(tmp_path: Path) -> None:
    impossible = asked("1", "Who won?", ENGLISH, "", is_impossible=True)
    spoken = {"id": "2", "question": "Are there 20 teams?", "answers": [{"text": "YES", "answer_start": -1}]}
    suite = datasets.load("squad", [write(tmp_path / "dev.json", squad(ENGLISH, impossible, spoken))])
    first, second = suite.questions
    assert (first.type, first.answerable, first.evidence) == ("unanswerable", False, ())
    assert (second.answerable, second.answers, second.evidence[0].sentence) == (True, (), "")


def test_two_squad_files_are_one_pool_with_parallel_questions(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / "en.json", squad(ENGLISH, asked("a", "How many points?", ENGLISH, "308"))),
        write(tmp_path / "zh.json", squad(HANS, asked("a", "丢了多少分？", HANS, "308分"))),
    ]
    suite = datasets.load("squad", paths)
    english = by_id(suite)["a:en"]
    assert [article.language for article in suite.articles or ()] == ["en", "zh-Hans"]
    assert english.parallel == by_id(suite)["a:zh-Hans"].parallel == "a"
    assert english.answers == (("308", "308分"),)
    assert {evidence.language for evidence in english.evidence} == {"en", "zh-Hans"}


RGB = {
    "id": 0,
    "query": "第六届立法会有多少个议席？",
    "answer": "70",
    "fakeanswer": "170",
    "positive": [f"消息{i}。第六届立法会共有70个议席。" for i in range(5)],
    "positive_wrong": [f"消息{i}。第六届立法会共有170个议席。" for i in range(5)],
    "negative": [f"第{i}条别的新闻。" for i in range(6)],
}


def test_rgb_mixes_in_noise_step_by_step(tmp_path: Path) -> None:
    suite = datasets.load("rgb", [write(tmp_path / "zh_fact.jsonl", RGB)])
    bodies = {article.id: article.body for article in suite.articles or ()}
    shares = []
    for noise in (0.0, 0.2, 0.4, 0.6, 0.8):
        question = by_id(suite)[f"zh_fact:0:noise_{noise}"]
        assert len(question.article_ids) == 5
        shares.append(sum("议席" in bodies[id] for id in question.article_ids))
    assert shares == [5, 4, 3, 2, 1]
    assert by_id(suite)["zh_fact:0:noise_0.8"].evidence[0].sentence == "第六届立法会共有70个议席。"


def test_rgb_rejection_has_no_document_that_answers(tmp_path: Path) -> None:
    suite = datasets.load("rgb", [write(tmp_path / "zh_fact.jsonl", RGB)])
    question = by_id(suite)["zh_fact:0:rejection"]
    bodies = {article.id: article.body for article in suite.articles or ()}
    assert (question.answerable, question.answers, question.evidence) == (False, (), ())
    assert not any("议席" in bodies[id] for id in question.article_ids)


def test_rgb_counterfactual_wants_both_values(tmp_path: Path) -> None:
    suite = datasets.load("rgb", [write(tmp_path / "zh_fact.jsonl", RGB)])
    question = by_id(suite)["zh_fact:0:counterfactual"]
    bodies = {article.id: article.body for article in suite.articles or ()}
    assert question.answers == (("70",), ("170",))
    assert sum("170" in bodies[id] for id in question.article_ids) == 2
    assert len(question.article_ids) == 4


def test_rgb_integration_gives_a_document_of_every_facet(tmp_path: Path) -> None:
    line = {
        "id": 1,
        "query": "宣誓和首次会议的时间",
        "answer": ["1月3日", ["1月12日", "12日"]],
        "positive": [["宣誓在1月3日。", "又说宣誓在1月3日。"], ["首次会议在1月12日。"]],
        "negative": [f"第{i}条别的新闻。" for i in range(6)],
    }
    suite = datasets.load("rgb", [write(tmp_path / "zh_int.jsonl", line)])
    bodies = {article.id: article.body for article in suite.articles or ()}
    question = by_id(suite)["zh_int:1:integration_0.4"]
    assert question.answers == (("1月3日",), ("1月12日", "12日"))
    assert {"首次会议在1月12日。"} < {bodies[id] for id in question.article_ids}
    assert len(question.article_ids) == 5


def test_rgb_draws_the_same_documents_again(tmp_path: Path) -> None:
    path = write(tmp_path / "zh_fact.jsonl", RGB)
    assert datasets.load("rgb", [path]).questions == datasets.load("rgb", [path]).questions


def test_parallel_asks_for_the_lines_that_it_took_out(tmp_path: Path) -> None:
    lines = [
        {"document": "bbc.1", "en": f"Line {i} in English.\r", "zh-Hans": f"简体第{i}行。", "zh-Hant": f"繁體第{i}行。"}
        for i in range(4)
    ]
    suite = datasets.load("parallel", [write(tmp_path / "dev.jsonl", *lines)])
    question = by_id(suite)["bbc.1:headline:zh-Hant"]
    assert suite.search_only
    assert question.text == "繁體第0行。"
    assert [evidence.article_id for evidence in question.evidence] == ["bbc.1.en", "bbc.1.zh-Hans", "bbc.1.zh-Hant"]
    assert {article.id: article.body for article in suite.articles or ()}["bbc.1.en"] == (
        "Line 1 in English.\n\nLine 3 in English."
    )


def test_trec_joins_topics_qrels_and_documents(tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("1\tWho was fined?\n2\t谁被罚？\n3\tNobody judged this\n", "utf-8")
    (tmp_path / "qrels.txt").write_text("1 0 d1 3\n1 0 d2 0\n2 0 d2 1\n", "utf-8")
    documents = [{"docid": "d1", "title": "Fine", "text": "Alibaba was fined."}, {"docid": "d2", "text": "腾讯被罚。"}]
    lines = "\n".join(json.dumps(each) for each in documents)
    (tmp_path / "docs.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    suite = datasets.load("trec", [tmp_path])
    assert [(question.id, question.language) for question in suite.questions] == [
        ("1:en", "en"),
        ("2:zh-Hans", "zh-Hans"),
    ]
    assert suite.questions[0].evidence == (
        Evidence("d1", language="en", grade=3),
        Evidence("d2", language="zh-Hans", grade=0),
    )


def test_trec_takes_every_language_of_a_neuclir_topic(tmp_path: Path) -> None:
    topic = {
        "topic_id": "7",
        "topics": [
            {"lang": "eng", "source": "original", "topic_title": "Who was fined?"},
            {"lang": "zho", "source": "human translation", "topic_title": "谁被罚？"},
            {"lang": "zho", "source": "google translation", "topic_title": "谁被处罚？"},
            {"lang": "fas", "source": "human translation", "topic_title": "…"},
        ],
    }
    write(tmp_path / "topics.jsonl", topic)
    write(tmp_path / "docs.jsonl", {"id": "d1", "text": "Alibaba was fined."})
    (tmp_path / "qrels.txt").write_text("7 0 d1 1\n", "utf-8")
    suite = datasets.load("trec", [tmp_path])
    assert [(question.id, question.parallel) for question in suite.questions] == [("7:en", "7"), ("7:zh-Hans", "7")]


def test_crud_takes_every_article_of_a_question(tmp_path: Path) -> None:
    entry = {
        "ID": "x",
        "questions": "他们做了什么？",
        "answers": "他们签约了。",
        "news1": "甲来了。",
        "news2": "乙签约。",
    }
    path = write(tmp_path / "split_merged.json", {"questanswer_2docs": [entry], "event_summary": []})
    suite = datasets.load("crud", [path])
    (question,) = suite.questions
    assert (question.id, question.answers) == ("questanswer_2docs:x", (("他们签约了。",),))
    assert [article.body for article in suite.articles or ()] == ["甲来了。", "乙签约。"]
    assert len(question.evidence) == 2


def test_multihop_finds_the_fact_in_its_article(tmp_path: Path) -> None:
    article = {
        "title": "Fine",
        "body": "It rained. Google was fined.",
        "source": "Post",
        "url": "https://example.org/a",
        "published_at": "2023-10-01T08:00:00+00:00",
    }
    proof = {"title": "Fine", "fact": "Google was fined"}
    entries = [
        {"query": "Who?", "answer": "Google", "question_type": "inference_query", "evidence_list": [proof]},
        {"query": "Same?", "answer": "Yes", "question_type": "comparison_query", "evidence_list": [proof]},
        {"query": "What?", "answer": "Insufficient information.", "question_type": "null_query", "evidence_list": []},
    ]
    write(tmp_path / "corpus.json", [article])
    write(tmp_path / "MultiHopRAG.json", entries)
    suite = datasets.load("multihop", [tmp_path])
    first, second, third = suite.questions
    assert first.evidence[0].sentence == "Google was fined."
    assert (first.answers, second.answers, third.answers) == ((("Google",),), (), ())
    assert (second.answerable, third.answerable) == (True, False)


def question(id: str, text: str, language: Any, parallel: str = "") -> Question:
    return Question(id, text, language, "fact", answerable=True, parallel=parallel)


def test_a_sample_is_drawn_by_the_seed_and_keeps_versions_together() -> None:
    pairs = [question(f"{n}:{side}", "?", "en", parallel=str(n)) for n in range(20) for side in "ab"]
    suite = Suite("s", "", tuple(pairs))
    drawn = datasets.sample(suite, limit=10, seed=1).questions
    assert drawn == datasets.sample(suite, limit=10, seed=1).questions
    assert drawn != datasets.sample(suite, limit=10, seed=2).questions
    assert len({each.parallel for each in drawn}) == 5
    assert set(drawn) < set(datasets.sample(suite, limit=20, seed=1).questions)


def test_chinese_questions_can_be_asked_in_both_scripts() -> None:
    suite = Suite("s", "", (question("1", "蚂蚁集团", "zh-Hans"), question("2", "Ant", "en")))
    asked = datasets.in_both_scripts(suite).questions
    assert [(each.id, each.text, each.language, each.parallel) for each in asked] == [
        ("1", "蚂蚁集团", "zh-Hans", "1"),
        ("1:zh-Hant", "螞蟻集團", "zh-Hant", "1"),
        ("2", "Ant", "en", ""),
    ]


@pytest.mark.parametrize("name", datasets.ADAPTERS)
def test_every_adapter_says_what_is_wrong_with_its_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{not json", "utf-8")
    with pytest.raises(InputError, match=r"bad\.json"):
        datasets.load(name, [path])
    with pytest.raises(InputError, match="is not there"):
        datasets.load(name, [tmp_path / "missing"])


def test_an_unknown_suite_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match=r"no suite 'silver'\. Use one of gold, squad"):
        datasets.load("silver", [])
