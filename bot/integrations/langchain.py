"""Regbrief for LangChain: its search as a retriever, its encoder as embeddings. Needs the extra `langchain`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from bot.encoder import BundledEncoder, Encoder, Kind
from bot.engine import Regbrief
from bot.language import detect, fold
from bot.records import Hit, Language


class RegbriefRetriever(BaseRetriever):
    """Finds passages of a library, in every language whichever the question's is.

    A document's metadata say where it stands: `article(article_id).body[start:end] == page_content`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    bot: Regbrief = Field(default_factory=Regbrief.open)
    k: int = Field(4, ge=1, le=100)
    since: date | None = None
    until: date | None = None
    languages: list[Language] | None = None
    sources: list[str] | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        filters: dict[str, Any] = {
            "since": self.since,
            "until": self.until,
            "languages": self.languages,
            "sources": self.sources,
        }
        return [document(hit) for hit in self.bot.search(query, limit=k or self.k, **filters)]


class RegbriefEmbeddings(Embeddings):
    """Vectors of the bundled encoder, or of any other that Regbrief opens; English and Chinese share one space."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self._encoder = encoder or BundledEncoder.open()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text."""
        return self._embed(texts, "passage")

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        return self._embed([text], "query")[0]

    def _embed(self, texts: Sequence[str], kind: Kind) -> list[list[float]]:
        languages = [detect(text) for text in texts]
        vectors: list[list[float]] = self._encoder.encode(
            [fold(text) for text in texts], kind=kind, languages=languages
        ).tolist()
        return vectors


def document(hit: Hit) -> Document:
    """Return a passage found as a document of LangChain, everything known of it in its metadata."""
    return Document(
        id=str(hit.passage_id),
        page_content=hit.text,
        metadata={
            "article_id": hit.article_id,
            "start": hit.start,
            "end": hit.end,
            "score": hit.score,
            "title": hit.title,
            "source": hit.source,
            "published": hit.published.isoformat() if hit.published else None,
            "language": hit.language,
            "url": hit.url,
        },
    )
