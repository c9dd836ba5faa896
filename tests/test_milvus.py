"""A library on Milvus: written, asked, rebuilt, shared; and what is said while Milvus is down or slow."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from milvus_server import MilvusServer
from serving import probed, until

from bot.engine import Regbrief
from bot.errors import LibraryMismatch, ServerError, SettingsError
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library, Places
from bot.milvus import HURRY, LONGEST, Milvus, _joined, _weighted, spelled
from bot.outcomes import Ingested
from bot.records import Article, Filters
from bot.settings import Settings

EAST = np.array([1, 0, 0], dtype=np.float32)
HINT = "Start it, wait for it, or correct REGBRIEF_SEARCH; nothing that was added is lost."


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def milvus(address: str) -> Milvus:
    return Milvus(address, lambda: "library", dimension=lambda: 3)


@pytest.mark.parametrize(
    ("term", "spelt"),
    [
        pytest.param("fine", "fine", id="en"),
        pytest.param("罚款", "0xe7bd9ae6acbe", id="zh-Hans"),
        pytest.param("罰款", "0xe7bdb0e6acbe", id="zh-Hant"),
        pytest.param("18.2", "0x31382e32", id="number"),
        pytest.param("café", "0x636166c3a9", id="accent"),
    ],
)
def test_a_term_is_one_word_to_any_analyzer(term: str, spelt: str) -> None:
    assert spelled(term) == spelt


def test_terms_are_asked_for_as_often_as_they_weigh_and_cut_where_a_field_is_full() -> None:
    assert _weighted({"fine": 1.0, "罚款": 0.5}) == "fine fine 0xe7bd9ae6acbe"
    assert _joined(["word"] * LONGEST).split() == ["word"] * ((LONGEST + 1) // 5)


@pytest.mark.parametrize("value", ["milvus:", "milvus:library.db", "elastic:http://host", "http://host"])
def test_a_search_engine_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError):
        Settings.read(search=value)


def test_two_servers_for_the_vectors_are_one_too_many() -> None:
    with pytest.raises(SettingsError, match="unset one"):
        Settings.read(search="milvus:http://host:19530", chroma_url="http://host:8000")


@pytest.mark.cluster
def test_a_library_on_milvus_is_written_asked_rebuilt_and_shared(
    tmp_path: Path, milvus_address: str, encoder: Any, articles: tuple[Article, ...]
) -> None:
    search = f"milvus:{milvus_address}"
    library = Library(tmp_path, encoder, Analyzer(), places=Places(search=search))
    assert library.add(articles) == Ingested(added=3)
    reader = Library(tmp_path, encoder, Analyzer(), places=Places(search=search))
    library.remove(["fine-en"])
    assert (library.problems(), reader.problems()) == ([], [])
    assert {each.name for each in tmp_path.iterdir()} & {"keywords", "vectors"} == set()
    bot = Regbrief.from_library(reader, encoder=encoder, glossary=Glossary())
    assert [bot.search(q)[0].article_id for q in ("支付寶須分拆", "屏蔽网址链接")] == ["alipay-hant", "links-hans"]
    with pytest.raises(LibraryMismatch, match="built with search 'milvus', but this is search 'embedded'"):
        Library(tmp_path, encoder, Analyzer())
    reader.close()
    library.close()
    rebuilt = Library.rebuild(tmp_path, encoder, Analyzer(), places=Places(search=search))
    assert (rebuilt.problems(), len(rebuilt.search_index.keys()["dense"])) == ([], 2)
    rebuilt.close()


@pytest.mark.cluster
def test_a_milvus_that_is_silent_is_named_soon_and_then_left_alone(silent: str) -> None:
    index = milvus(silent.replace("//", "//user:secret@"))
    started = time.monotonic()
    for search in (
        lambda: index.nearest(EAST, Filters(), limit=1),
        lambda: index.matching({"fine": 1.0}, Filters(), limit=1),
    ) * 2:
        with pytest.raises(ServerError) as raised:
            search()
        assert raised.value.message.startswith(f"Milvus at {silent} does not answer as it should: ")
        assert (raised.value.hint, "secret" in str(raised.value)) == (HINT, False)
    assert time.monotonic() - started < 2 * HURRY + 2
    assert index.ailing().keys() == {"dense", "keywords"}
    assert index.informativeness(["fine", "罚款"]) == {"fine": 1.0, "罚款": 1.0}


@pytest.mark.cluster
def test_while_milvus_is_down_the_api_says_503_and_goes_on_when_it_is_back(
    tmp_path: Path, encoder: Any, articles: tuple[Article, ...]
) -> None:
    server = MilvusServer(tmp_path)
    folder = tmp_path / "library"
    with server:
        first = Library(folder, encoder, Analyzer(), places=Places(search=f"milvus:{server.url}"))
        first.add(articles)
        first.close()
    library = Library(folder, encoder, Analyzer(), places=Places(search=f"milvus:{server.url}"))
    client = probed(Regbrief.from_library(library, encoder=encoder, glossary=Glossary()))
    refused = client.get("/api/v1/search", params={"q": "屏蔽网址链接"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "server_failed")
    assert client.get("/api/v1/health").json()["unavailable"].keys() == {"dense", "keywords"}
    assert client.get("/api/v1/health/ready").status_code == 503
    with pytest.raises(ServerError):
        library.add([Article("new", "New", "Text.", "en")])
    with server:
        until(lambda: client.get("/api/v1/health").json()["unavailable"] == {})
        assert client.get("/api/v1/search", params={"q": "屏蔽网址链接"}).json()[0]["article_id"] == "links-hans"
        library.settle()
        assert library.problems() == []
    library.close()
