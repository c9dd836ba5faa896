"""Ad-hoc retrieval in TREC's form: topics, qrels and JSON-lines documents, as MIRACL and NeuCLIR publish them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.evaluation.datasets.files import document, find_file, one_file, read_lines, read_text, unique
from bot.evaluation.records import Evidence, Question, Suite
from bot.language import detect
from bot.records import LANGUAGES, Article, Language

DESCRIPTION = (
    "MIRACL (Zhang et al., TACL 2023) measures nDCG@10 and recall@100 of search within one language, NeuCLIR (Lawrie "
    "et al., TREC 2022-2024) nDCG@20 of English topics against Chinese news. Here the documents of the folder are one "
    "library in all languages and search returns passages; a document counts where its best passage stands, and only "
    "as many are looked at as --depth says (10 unless told). Documents without a judgement count as not relevant. "
    "The folder holds topics* (lines `id TAB question`, or NeuCLIR's JSON lines), qrels* (`id 0 document grade`) and "
    "docs* or corpus* (JSON lines with docid or id, title, text or body; .gz is read)."
)


def load(data: Sequence[Path], *, split: str = "") -> Suite:
    """Read a folder with topics, qrels and documents. Raises InputError."""
    folder = one_file(data, suite="trec")
    documents = unique(_documents(find_file(folder, "docs*", "corpus*", "documents*")))
    languages = {each.id: each.language for each in documents}
    judged = _qrels(find_file(folder, "qrels*", "*.qrels"), languages)
    topics = list(_topics(find_file(folder, "topics*", "*topics*")))
    questions = tuple(
        Question(
            id=f"{topic}:{language}",
            text=text,
            language=language,
            type="search",
            answerable=True,
            evidence=tuple(judged[topic]),
            parallel=topic,
        )
        for topic, language, text in topics
        if topic in judged
    )
    if not questions:
        raise InputError(f"No topic of {str(folder)!r} has a relevant document in its qrels.")
    return Suite("trec", DESCRIPTION, questions, documents, split, search_only=True)


def _topics(path: Path) -> Iterator[tuple[str, Language, str]]:
    text = read_text(path)
    if not text.lstrip().startswith(("{", "[")):
        for line in filter(str.strip, text.split("\n")):
            topic, _, question = line.partition("\t")
            yield topic.strip(), detect(question), question.strip()
        return
    for entry in read_lines(path):
        topic = str(entry.get("topic_id") or entry.get("query_id") or entry.get("id"))
        versions = entry.get("topics")
        if not versions:
            question = entry.get("query") or entry.get("title") or entry.get("text") or ""
            yield topic, detect(question), question
            continue
        for version in versions:  # NeuCLIR: one entry a language, translations by people or machines
            title = version.get("topic_title", "")
            if version.get("lang", "")[:2] in ("en", "zh") and version.get("source") != "google translation":
                yield topic, detect(title), title


def _qrels(path: Path, languages: Mapping[str, Language]) -> dict[str, list[Evidence]]:
    judged: dict[str, list[Evidence]] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 4 or not fields[3].lstrip("-").isdigit():
            raise InputError(f"Line {number} of {str(path)!r} is not `topic 0 document grade`.")
        topic, _, name, grade = fields
        judged.setdefault(topic, []).append(Evidence(name, language=languages.get(name), grade=int(grade)))
    return {topic: each for topic, each in judged.items() if any(evidence.grade > 0 for evidence in each)}


def _documents(path: Path) -> Iterator[Article]:
    for entry in read_lines(path):
        name = _first(entry, "docid", "doc_id", "_id", "id")
        language = next((each for each in LANGUAGES if each == entry.get("language")), None)
        text = _first(entry, "text", "body", "contents")
        yield document(text, prefix="trec", title=_first(entry, "title"), language=language, article_id=name)


def _first(entry: Mapping[str, Any], *names: str) -> str:
    return next((str(entry[name]) for name in names if entry.get(name)), "")
