"""What the reader is trained on: the examples that are made of a question, and our own invented news."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.language import fold
from bot.sentences import sentence_spans

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from reader_examples import (  # noqa: E402
    BRIEFS,
    Data,
    Dictionary,
    Groups,
    Question,
    Text,
    is_held_out,
    nearly_answering,
    negated,
    read,
    read_briefs,
    sharing_negatives,
    window,
)

FINES = {
    "en": "Kestrio sells maps. Its chairman was fined 30,000 euros. Kestrio was fined 2 million euros in 2023. "
    "It will appeal.",
    "zh": "凯司通销售地图。其董事长被罚3万欧元。凯司通2023年被罚200万欧元。该公司将上诉。",
}
ASKED = {"en": "how much was kestrio fined in 2023?", "zh": "凯司通在2023年被罚了多少？"}
ANSWERS = {"en": "2 million euros", "zh": "200万欧元"}
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def told(language: str) -> Text:
    spans = sentence_spans(FINES[language])
    return Text("drcd", "Kestrio", language, fold(FINES[language]), tuple(spans), title="maps")


def asked(language: str) -> Question:
    start = told(language).text.index(ANSWERS[language])
    key = {"en": "kestrio", "zh": "凯司通"}[language]
    return Question(ASKED[language], language, 0, (start, start + len(ANSWERS[language])), key, negatives=(1,))


def groups(language: str, **given: Any) -> Groups:
    other = fold("Rain fell. " if language == "en" else "下雨了。")
    data = Data(
        [told(language), Text("drcd", "Rain", language, other, tuple(sentence_spans(other)))], [asked(language)]
    )
    return Groups(data, Dictionary([]), **given)


@LANGUAGES
@pytest.mark.parametrize("budget", [1, 20, 500])
def test_a_window_is_whole_sentences_under_the_title_and_says_where_it_starts(language: str, budget: int) -> None:
    text, question = told(language), asked(language)
    assert question.answer
    shown, start = window(text, question.answer, budget, Random(0))
    a, b = question.answer
    assert shown[a - start : b - start] == ANSWERS[language]
    head, _, body = shown.partition("\n")
    assert head == "maps"
    assert body in text.text
    starts, ends = zip(*text.sentences, strict=True)
    assert start + len(head) + 1 in starts
    assert start + len(shown) in ends
    assert (body == text.text) == (budget == 500)


@LANGUAGES
def test_the_right_window_of_a_group_answers_and_the_others_do_not(language: str) -> None:
    for seed in range(50):
        right, other, hard = groups(language, switched=0.0).group(asked(language), 40, Random(seed))
        assert right.span
        assert right.window[slice(*right.span)] == ANSWERS[language]
        assert [each.answers for each in (right, other, hard)] == [True, False, False]
        same_words = hard.question == right.question and ANSWERS[language] in hard.window
        assert not same_words or negated(right) == hard.window


@LANGUAGES
def test_a_hard_window_lacks_the_answer_or_denies_it_or_is_asked_something_else(language: str) -> None:
    made = [groups(language, switched=0.0).group(asked(language), 40, Random(seed))[2] for seed in range(200)]
    assert any(ANSWERS[language] not in each.window and "3" in each.window for each in made)  # the sentence cut out
    assert any(each.question != ASKED[language] and "2023" not in each.question for each in made)  # another year
    assert any(each.question == ASKED[language] and ANSWERS[language] in each.window for each in made)  # denied


@LANGUAGES
def test_a_question_that_nothing_answers_has_no_window_that_does(language: str) -> None:
    question = Question(ASKED[language], language, 0, None, negatives=(1,))
    assert [each.answers for each in groups(language).group(question, 40, Random(0))] == [False, False]


NEAR = {"en": "Kestrio will appeal to a court.", "zh": "凯司通将向法院上诉。"}


@LANGUAGES
@pytest.mark.parametrize("said", [True, False])
def test_what_nearly_answers_is_where_the_set_says_or_the_sentence_that_shares_most(language: str, said: bool) -> None:
    asked_of = {"en": "when did kestrio appeal to the court?", "zh": "凯司通何时向法院上诉?"}
    start = told(language).text.index(ANSWERS[language])
    plausible = (start, start + len(ANSWERS[language])) if said else None
    rain = "It rains." if language == "en" else "下雨了。"
    text = f"{rain} {NEAR[language]} {rain}"
    of = Text("drcd", "Kestrio", language, fold(text), tuple(sentence_spans(text)))
    start, end = nearly_answering(Question(asked_of[language], language, 0, None, near=plausible), of, Random(0))
    assert (start, end) == plausible if said else of.text[start:end].strip() == fold(NEAR[language])


@LANGUAGES
def test_a_question_that_nothing_answers_is_mostly_shown_what_nearly_does(language: str) -> None:
    start = told(language).text.index(ANSWERS[language])
    near = start, start + len(ANSWERS[language])
    question = Question(ASKED[language], language, 0, None, near=near, negatives=(1,))
    made = [groups(language).group(question, 1, Random(seed))[0].window for seed in range(200)]
    assert 0.75 < sum(ANSWERS[language] in each for each in made) / len(made) < 0.95


def test_questions_of_the_same_words_share_their_negatives_but_not_what_one_of_them_is_about() -> None:
    in_english = Question("who?", "en", 0, (0, 1), negatives=(2, 4, 6))
    in_chinese = Question("who?", "en", 1, (0, 1), negatives=(3, 0, 2))
    other = Question("谁?", "zh", 1, (0, 1), negatives=(5,))
    shared = sharing_negatives([in_english, in_chinese, other])
    assert [each.negatives for each in shared] == [(2, 3, 4, 6), (2, 3, 4, 6), (5,)]
    assert [each.about for each in shared] == [0, 1, 1]


def test_a_question_is_put_into_the_other_language_word_by_word() -> None:
    dictionary = Dictionary(["罰款 罚款 [fa2 kuan3] /to fine/", "公司 公司 [gong1 si1] /company/firm/"])
    assert dictionary.switch("the company was fined", "en", 1.0, Random(0)) == "the 公司 was 罚款"
    assert dictionary.switch("公司罚款", "zh", 1.0, Random(1)) in ("company fine", "firm fine")
    assert dictionary.switch("公司罚款", "zh", 0.0, Random(0)) == "公司罚款"


# --- public sets ----------------------------------------------------------------------------------------------------


def titled(name: str, *, held_out: bool) -> str:
    return next(title for title in map(str, range(100)) if is_held_out(name, title) == held_out)


def squad(folder: Path, name: str, language: str, title: str, **more: Any) -> None:
    """Write a set of one paragraph with one question; `more` goes into the question."""
    entry = {"id": "1", "question": ASKED[language], **more}
    if "is_impossible" not in more:
        start = FINES[language].index(ANSWERS[language])
        entry["answers"] = [{"text": ANSWERS[language], "answer_start": start}]
    paragraph = {"context": FINES[language], "qas": [entry], "sentence_breaks": sentence_spans(FINES[language])}
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": [{"title": title, "paragraphs": [paragraph]}]}), encoding="utf-8")


def sets(folder: Path, *, held_out: bool) -> Data:
    plausible = [{"text": "30,000 euros", "answer_start": FINES["en"].index("30,000 euros")}]
    squad(folder, "xquad_r/en.dev.json", "en", titled("xquad_r", held_out=held_out))
    squad(folder, "xquad_r/zh.dev.json", "zh", titled("xquad_r", held_out=held_out))
    squad(folder, "cmrc2018/dev.json", "zh", titled("cmrc2018", held_out=held_out))
    squad(folder, "drcd/dev.json", "zh", titled("drcd", held_out=held_out))
    impossible = {"is_impossible": True, "answers": [], "plausible_answers": plausible}
    squad(folder, "squad2/dev.json", "en", titled("squad2", held_out=held_out), **impossible)
    row = {"document": titled("ntrex", held_out=held_out), "en": "Rain fell.", "zh-Hans": "下雨了。"}
    (folder / "ntrex").mkdir(exist_ok=True)
    (folder / "ntrex" / "dev.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    data = read(folder)
    for kind in ("questions", "held_out"):
        setattr(data, kind, [each for each in getattr(data, kind) if not data.texts[each.about].is_brief])
    return data


def test_public_sets_are_read_with_all_pairings_and_what_nearly_answers(tmp_path: Path) -> None:
    data = sets(tmp_path, held_out=False)
    texts = data.texts
    assert data.held_out == []
    pairings = [
        (each.language, texts[each.about].language) for each in data.questions if texts[each.about].set == "xquad_r"
    ]
    assert pairings == [("en", "en"), ("en", "zh"), ("zh", "en"), ("zh", "zh")]
    said = {(texts[q.about].set, texts[q.about].text[slice(*(q.answer or q.near or (0, 0)))]) for q in data.questions}
    assert said == {
        ("xquad_r", "2 million euros"),
        ("xquad_r", "200万欧元"),
        ("cmrc2018", "200万欧元"),
        ("drcd", "200万欧元"),
        ("squad2", "30,000 euros"),
        ("ntrex", "rain fell."),
        ("ntrex", "下雨了。"),
    }
    assert [texts[each.about].set for each in data.questions if each.answer is None] == ["squad2"]


def test_no_question_on_an_article_that_is_held_out_is_trained_on(tmp_path: Path) -> None:
    data = sets(tmp_path, held_out=True)
    assert data.questions == []
    assert {data.texts[each.about].set for each in data.held_out} == {"xquad_r", "cmrc2018", "drcd", "squad2"}


# --- our own news ---------------------------------------------------------------------------------------------------


def clusters(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


NEWS = pytest.mark.parametrize("path", BRIEFS, ids=lambda path: path.stem)


@NEWS
def test_each_answer_stands_in_one_sentence_and_its_evidence_once_in_its_article(path: Path) -> None:
    for cluster in clusters(path):
        bodies = {each["id"]: each["body"] for each in cluster["briefs"]}
        assert list(bodies) == ["a", "b", "c", "d"]
        for each in cluster["questions"]:
            body = bodies[each["brief"]]
            assert body.count(each["evidence"]) == 1, each
            assert each["answer"] in each["evidence"], each
            start = body.index(each["evidence"]) + each["evidence"].index(each["answer"])
            end = start + len(each["answer"])
            assert any(a <= start and end <= b for a, b in sentence_spans(body)), each
        assert all(each["near"] in bodies for each in cluster["unanswerable"])


@NEWS
def test_no_question_is_both_answered_and_not(path: Path) -> None:
    for cluster in clusters(path):
        answered, not_answered = (
            {fold(each["question"]) for each in cluster[kind]} for kind in ("questions", "unanswerable")
        )
        assert not answered & not_answered, cluster["id"]


def test_no_cluster_has_the_name_of_another() -> None:
    names = Counter(cluster["id"] for path in BRIEFS for cluster in clusters(path))
    assert names.most_common(1)[0][1] == 1


@NEWS
def test_a_cluster_is_trained_on_or_held_out_with_all_its_questions(path: Path) -> None:
    data = Data()
    read_briefs(data, path)
    trained = {data.texts[each.about].article for each in data.questions}
    aside = {data.texts[each.about].article for each in data.held_out}
    assert not trained & aside
    assert trained | aside == {cluster["id"] for cluster in clusters(path)}
    assert all(is_held_out("briefs", each) for each in aside)
    assert 0.05 < len(aside) / len(trained | aside) < 0.2
