"""Regbrief inside LangChain: its own standard tests, and documents that say where they stand."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_tests")

from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests
from samples import WordEncoder

from bot import Regbrief
from bot.integrations.langchain import RegbriefEmbeddings, RegbriefRetriever


@pytest.fixture
def anyio_backend() -> str:
    """Run the asynchronous standard tests on asyncio alone."""
    return "asyncio"


@pytest.mark.anyio
class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _bot(self, shared_bot: Regbrief) -> None:
        self.bot = shared_bot

    @property
    def retriever_constructor(self) -> type[RegbriefRetriever]:
        return RegbriefRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"bot": self.bot}

    @property
    def retriever_query_example(self) -> str:
        return "支付寶 Alibaba 罚款"


class TestEmbeddings(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[RegbriefEmbeddings]:
        return RegbriefEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"encoder": WordEncoder()}


@pytest.mark.anyio
class TestEmbeddingsInUse(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[RegbriefEmbeddings]:
        return RegbriefEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"encoder": WordEncoder()}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        pytest.param("How much was Alibaba fined?", "en", id="en"),
        pytest.param("工信部要求平台停止什么？", "zh-Hans", id="zh-Hans"),
        pytest.param("監管機構要求支付寶做什麼？", "zh-Hant", id="zh-Hant"),
    ],
)
def test_a_document_stands_where_its_metadata_say(shared_bot: Regbrief, question: str, language: Any) -> None:
    (found,) = RegbriefRetriever(bot=shared_bot, k=1, languages=[language]).invoke(question)
    article = shared_bot.article(found.metadata["article_id"])
    assert article.body[found.metadata["start"] : found.metadata["end"]] == found.page_content
    assert (found.metadata["language"], found.metadata["source"]) == (language, article.source)
    assert found.metadata["published"] == str(article.published)


def test_both_scripts_of_a_text_have_one_vector() -> None:
    embeddings = RegbriefEmbeddings(WordEncoder())
    assert embeddings.embed_query("支付寶貸款") == embeddings.embed_query("支付宝贷款")
