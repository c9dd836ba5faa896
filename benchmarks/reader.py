"""Measure the reader by itself, on articles that it was not trained on: `python benchmarks/reader.py FOLDER`.

FOLDER holds xquad_r, squad2, drcd and cmrc2018 (their dev parts); tools/reader_examples.py says which of their articles
are held out. `--reranker hf:FOLDER` measures another cross-encoder the same way.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy.stats import mannwhitneyu

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from reader_examples import Data, Question, Text, read
from xquad_r import average_precision

from bot.encoder import BundledEncoder
from bot.passages import PASSAGE_TOKENS, tokens
from bot.records import Language
from bot.rerank import Reading, Scorer, Window, open_scorer

BRIEFS = {
    "briefs/events": "one event and others like it",
    "briefs/roles": "sums of several roles",
    "briefs/states": "dates, reasons, duties, people, states",
    "briefs/across": "in the other language and other words",
    "briefs/headlines": "details below a headline that has the question's words",
    "briefs/everyday": "everyday subjects, half of it as search engines show it",
    "briefs/encyclopedia": "paragraphs of an encyclopedia, two of the four the same in either language",
}
"""Our own invented news, by kind; one cluster in eight is held out."""

LANGUAGES: dict[str, Language] = {"en": "en", "zh": "zh-Hans"}
CANDIDATES = 20
REFUSED = 0.05

console = Console(stderr=True)
Read = Callable[[str, Sequence[Window]], list[Reading]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reranker", default="bundled")
    parser.add_argument("--limit", type=int, default=10_000, help="questions of each set at most")
    arguments = parser.parse_args()
    scorer = open_scorer(arguments.reranker)
    assert scorer, "none reads nothing"
    data = read(arguments.folder)
    of_set = {name: [q for q in data.held_out if data.texts[q.about].set == name] for name in (*SETS, *BRIEFS)}
    of_set = {name: sample(questions, arguments.limit) for name, questions in of_set.items()}
    report_pool(data, of_set["xquad_r"], scorer)
    report_sentences(data, of_set["xquad_r"], scorer)
    report_spans(data, [*of_set["drcd"], *of_set["cmrc2018"]], scorer)
    report_refusal(data, of_set["squad2"], scorer)
    for name, kind in BRIEFS.items():
        report_briefs(data, of_set[name], scorer, f"Invented news, {kind}")
    report_speed(data, of_set["xquad_r"], scorer)


SETS = ("xquad_r", "squad2", "drcd", "cmrc2018")


def sample(questions: Sequence[Question], most: int) -> list[Question]:
    """Spread over all; the four pairings of a question of XQuAD stand side by side, and stay together."""
    step = max(1, len(questions) // most)
    return [question for at, question in enumerate(questions) if at // 4 % step == 0]


def windows(text: Text) -> list[tuple[int, Window]]:
    """Cut a text as the engine does, at the sentences that it had before it was folded; each with where it starts."""
    groups: list[list[tuple[int, int]]] = [[]]
    for span in text.sentences:
        size = tokens(text.text[groups[-1][0][0] : span[1]]) if groups[-1] else 0
        if size > PASSAGE_TOKENS:
            groups.append([])
        groups[-1].append(span)
    return [_window(text, group) for group in groups]


def _window(text: Text, spans: Sequence[tuple[int, int]]) -> tuple[int, Window]:
    head = f"{text.title}\n" if text.title else ""
    start = spans[0][0] - len(head)
    shown = head + text.text[spans[0][0] : spans[-1][1]]
    return start, Window(shown, tuple((a - start, b - start) for a, b in spans))


# --- which paragraph -------------------------------------------------------------------------------------------------


def report_pool(data: Data, questions: Sequence[Question], scorer: Scorer) -> None:
    """One pool of the paragraphs of all articles in both languages; a question's paragraph is right in either."""
    encoder = BundledEncoder.open()
    pool = [at for at, text in enumerate(data.texts) if text.set == "xquad_r"]
    texts = [data.texts[at] for at in pool]
    vectors = encoder.encode([t.text for t in texts], kind="passage", languages=[LANGUAGES[t.language] for t in texts])
    right: dict[tuple[str, str], set[int]] = {}
    for question in questions:
        right.setdefault((question.text, question.language), set()).add(pool.index(question.about))
    figures: dict[tuple[str, str], list[float]] = {}
    for (asked, language), relevant in track(right.items(), "Ranking paragraphs", console=console):
        vector = encoder.encode([asked], kind="query", languages=[LANGUAGES[language]])[0]
        scores = vectors @ vector
        wanted = np.isin(np.arange(len(pool)), list(relevant))
        figures.setdefault(("encoder alone", language), []).append(average_precision(scores, wanted))
        best = np.argsort(-scores)[:CANDIDATES]
        parts = [(at, window) for at in best for _, window in windows(texts[at])]
        readings = scorer.read(asked, [window for _, window in parts])
        reranked = scores - 100.0
        for (at, _), reading in zip(parts, readings, strict=True):
            reranked[at] = max(reranked[at], reading.log_odds)
        figures.setdefault(("with the reader", language), []).append(average_precision(reranked, wanted))
    print(f"\nParagraphs of one pool of {len(pool)} in both languages, the first {CANDIDATES} read: mAP")
    for (name, language), values in sorted(figures.items()):
        print(f"  {name:<18} asked in {language}: {fmean(values):.3f}  ({len(values)} questions)")


# --- which sentence --------------------------------------------------------------------------------------------------


def report_sentences(data: Data, questions: Sequence[Question], scorer: Scorer) -> None:
    """The sentence that answers, chosen from the paragraph, and from the 20 nearest paragraphs of that language."""
    encoder = BundledEncoder.open()
    figures: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    pools = {
        language: [t for t in data.texts if t.set == "xquad_r" and t.language == language] for language in LANGUAGES
    }
    encoded = {
        language: encoder.encode([t.text for t in pool], kind="passage", languages=[LANGUAGES[language]] * len(pool))
        for language, pool in pools.items()
    }
    for question in track(questions, "Choosing sentences", console=console):
        text = data.texts[question.about]
        assert question.answer
        vector = encoder.encode([question.text], kind="query", languages=[LANGUAGES[question.language]])[0]
        pool = pools[text.language]
        near = [pool[at] for at in np.argsort(-(encoded[text.language] @ vector))[:CANDIDATES]]
        inside = chosen(question.text, [text], scorer)
        among = chosen(question.text, near, scorer)
        nearest = by_vector(encoder, vector, text)
        goal = question.answer[0]
        figures.setdefault((question.language, text.language), []).append(
            (
                float(nearest[0] <= goal < nearest[1]),
                float(inside[1][0] <= goal < inside[1][1]),
                float(among[0] is text and among[1][0] <= goal < among[1][1]),
            )
        )
    print(
        "\nThe sentence that answers: by the encoder in its paragraph; by the reader there; by the reader in the pool"
    )
    for (asked, told), values in sorted(figures.items()):
        columns = " ".join(f"{fmean(column):.3f}" for column in zip(*values, strict=True))
        print(f"  asked in {asked}, told in {told}: {columns}  ({len(values)} questions)")


def chosen(asked: str, texts: Sequence[Text], scorer: Scorer) -> tuple[Text, tuple[int, int]]:
    """Return the sentence with the best product of the odds of its window and its share of it."""
    parts = [(text, start, window) for text in texts for start, window in windows(text)]
    readings = scorer.read(asked, [window for _, _, window in parts])
    best = max(
        (
            (logistic(reading.log_odds) * pointed.share, text, (start + span[0], start + span[1]))
            for (text, start, window), reading in zip(parts, readings, strict=True)
            for span, pointed in zip(window.sentences, reading.sentences, strict=True)
        ),
        key=lambda each: each[0],
    )
    return best[1], best[2]


def by_vector(encoder: BundledEncoder, vector: np.ndarray, text: Text) -> tuple[int, int]:
    spans = text.sentences
    languages = [LANGUAGES[text.language]] * len(spans)
    vectors = encoder.encode([text.text[a:b] for a, b in spans], kind="passage", languages=languages)
    return spans[int((vectors @ vector).argmax())]


def logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


# --- which words, and whether any ------------------------------------------------------------------------------------


def report_spans(data: Data, questions: Sequence[Question], scorer: Scorer) -> None:
    """Characters that the span pointed at shares with the answer (F1 as CMRC 2018 counts it)."""
    figures: dict[str, list[tuple[float, float]]] = {}
    for question in track(questions, "Pointing at words", console=console):
        text = data.texts[question.about]
        assert question.answer
        parts = windows(text)
        readings = scorer.read(question.text, [window for _, window in parts])
        best = max(
            (
                (logistic(reading.log_odds) * pointed.share * pointed.certainty, window.text[slice(*pointed.span)])
                for (_, window), reading in zip(parts, readings, strict=True)
                for pointed in reading.sentences
                if pointed.span
            ),
            default=(0.0, ""),
        )[1]
        answer = text.text[slice(*question.answer)]
        figures.setdefault(text.set, []).append((overlap(best, answer), float(units(best) == units(answer))))
    print("\nShort answers: F1, exact")
    for name, values in sorted(figures.items()):
        print(
            f"  {name:<10} {' '.join(f'{fmean(c):.3f}' for c in zip(*values, strict=True))}  ({len(values)} questions)"
        )


def units(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+|[^\W_]", text)


def overlap(one: str, other: str) -> float:
    shared = sum((Counter(units(one)) & Counter(units(other))).values())
    total = len(units(one)) + len(units(other))
    return 2 * shared / total if total else 1.0


def report_refusal(data: Data, questions: Sequence[Question], scorer: Scorer) -> None:
    answered: list[float] = []
    unanswered: list[float] = []
    for question in track(questions, "Telling what is not answered", console=console):
        parts = windows(data.texts[question.about])
        best = max(reading.log_odds for reading in scorer.read(question.text, [window for _, window in parts]))
        (answered if question.answer else unanswered).append(best)
    least = float(np.quantile(answered, REFUSED))
    print(
        f"\nsquad2, answered by its paragraph or not: AUROC {area(answered, unanswered):.3f}; "
        f"{fmean(each < least for each in unanswered):.3f} refused at {REFUSED:.0%} false refusals "
        f"({len(answered)} and {len(unanswered)} questions)"
    )


def report_briefs(data: Data, questions: Sequence[Question], scorer: Scorer, title: str) -> None:
    """Among the four articles of a cluster, which are easily taken for one another, the one that is asked about."""
    figures: dict[str, list[tuple[float, float]]] = {}
    answered: list[float] = []
    unanswered: list[float] = []
    for question in questions:
        article = data.texts[question.about].article
        cluster = [text for text in data.texts if text.is_brief and text.article == article]
        parts = [(text, start, window) for text in cluster for start, window in windows(text)]
        readings = scorer.read(question.text, [window for _, _, window in parts])
        (answered if question.answer else unanswered).append(max(reading.log_odds for reading in readings))
        if question.answer:
            told, span = chosen(question.text, cluster, scorer)
            right = id(told) not in {id(data.texts[at]) for at in question.negatives}
            goal = question.answer[0]
            exact = told is data.texts[question.about] and span[0] <= goal < span[1]
            pair = "same language" if question.language == data.texts[question.about].language else "across"
            figures.setdefault(pair, []).append((float(right), float(exact)))
    print(f"\n{title}: an article on the right event of four; its very sentence")
    for name, values in sorted(figures.items()):
        columns = " ".join(f"{fmean(column):.3f}" for column in zip(*values, strict=True))
        print(f"  {name:<14} {columns}  ({len(values)} questions)")
    least = float(np.quantile(answered, REFUSED))
    print(
        f"  answered by the cluster or not: AUROC {area(answered, unanswered):.3f}; "
        f"{fmean(each < least for each in unanswered):.3f} refused at {REFUSED:.0%} false refusals "
        f"({len(answered)} and {len(unanswered)} questions)"
    )


def area(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the area under the ROC curve: how often a positive scores higher (Hanley and McNeil, 1982)."""
    return float(mannwhitneyu(positive, negative).statistic) / (len(positive) * len(negative))


def report_speed(data: Data, questions: Sequence[Question], scorer: Scorer) -> None:
    parts = [window for text in data.texts if text.set == "xquad_r" for _, window in windows(text)]
    times = []
    for at, question in enumerate(questions[:30]):
        some = parts[at * 7 : at * 7 + CANDIDATES]
        started = perf_counter()
        scorer.read(question.text, some)
        times.append((perf_counter() - started) * 1000)
    print(f"\n{CANDIDATES} windows of XQuAD: median {median(times):.0f} ms, most {max(times):.0f} ms")


if __name__ == "__main__":
    main()
