"""The pipeline that people would write instead, on the same questions: answers for `regbrief eval --answers`.

LangChain's RecursiveCharacterTextSplitter with its usual 1,000 characters and 200 of overlap, the bundled encoder
without language means and without folding, Chroma's nearest chunks, and the first sentence of the first three as the
answer. It never refuses: nothing in it could.

    pip install langchain-text-splitters
    python benchmarks/baseline.py --suite squad --data en.json --data zh.json --out baseline.jsonl
    regbrief eval --suite squad --data en.json --data zh.json --answers baseline.jsonl

`--suite`, `--split`, `--data`, `--limit` and `--seed` mean what they mean there and must be the same.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import chromadb
from langchain_text_splitters import RecursiveCharacterTextSplitter
from rich.console import Console
from rich.progress import track

from bot.encoder import BundledEncoder
from bot.evaluation.records import Question
from bot.evaluation.session import Plan
from bot.evaluation.targets import shipped
from bot.records import Article
from bot.settings import Settings

CHUNK, OVERLAP = 1000, 200
HITS = 10
QUOTED = 3
BATCH = 256
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|(?<=[。！？])")
console = Console(stderr=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="gold")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    plan = Plan(given.suite, given.split, tuple(given.data), limit=given.limit, seed=given.seed)
    settings = Settings.read()
    suite = plan.load(settings)
    articles = shipped(settings) if suite.articles is None else suite.articles
    pipeline = Pipeline(articles)
    with given.out.open("w", encoding="utf-8") as file:
        for question in track(suite.questions, "Asking", console=console):
            file.write(json.dumps({"id": question.id, **pipeline.ask(question)}, ensure_ascii=False) + "\n")


class Pipeline:
    """Splitter, encoder and vector store, as in the tutorials."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self._encoder = BundledEncoder.open().without_means()
        self._chunks = chromadb.EphemeralClient().create_collection(
            "chunks", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP, add_start_index=True)
        chunks = [each for article in articles for each in _chunks(splitter, article)]
        for at in track(range(0, len(chunks), BATCH), "Indexing", console=console):
            batch = chunks[at : at + BATCH]
            texts = [chunk["text"] for chunk in batch]
            vectors = self._encoder.encode(texts, kind="passage", languages=["en"] * len(texts))
            self._chunks.add(
                ids=[f"{chunk['article_id']}:{chunk['start']}" for chunk in batch],
                embeddings=vectors,
                documents=texts,
                metadatas=[{name: chunk[name] for name in ("article_id", "start", "language")} for chunk in batch],
            )

    def ask(self, question: Question) -> dict[str, Any]:
        """Quote the first sentence of the nearest chunks."""
        started = perf_counter()
        hits = self._search(question)
        citations = [_quote(number, hit) for number, hit in enumerate(hits[:QUOTED], 1)]
        return {
            "answer": " ".join(f"{each['quote']} [{each['number']}]" for each in citations),
            "abstained": False,
            "claims": [{"text": each["quote"], "citations": [each["number"]]} for each in citations],
            "citations": citations,
            "hits": hits,
            "timings_ms": {"total": round((perf_counter() - started) * 1000, 1)},
        }

    def _search(self, question: Question) -> list[dict[str, Any]]:
        vector = self._encoder.encode([question.text], kind="query", languages=["en"])
        allowed = list(question.article_ids)
        found = self._chunks.query(
            query_embeddings=vector, n_results=HITS, where={"article_id": {"$in": allowed}} if allowed else None
        )
        rows = zip(found["documents"][0], found["metadatas"][0], found["distances"][0], strict=True)
        return [
            {**metadata, "text": text, "end": metadata["start"] + len(text), "score": round(1 - distance, 4)}
            for text, metadata, distance in rows
        ]


def _chunks(splitter: RecursiveCharacterTextSplitter, article: Article) -> Iterator[dict[str, Any]]:
    for chunk in splitter.create_documents([article.body]):
        yield {
            "article_id": article.id,
            "language": article.language,
            "start": chunk.metadata["start_index"],
            "text": chunk.page_content,
        }


def _quote(number: int, hit: dict[str, Any]) -> dict[str, Any]:
    sentence = next(each for each in _SENTENCE_END.split(hit["text"]) if each.strip())
    start = hit["start"] + hit["text"].index(sentence)
    return {
        "number": number,
        "article_id": hit["article_id"],
        "quote": sentence,
        "start": start,
        "end": start + len(sentence),
        "score": hit["score"],
    }


if __name__ == "__main__":
    main()
