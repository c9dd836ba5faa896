"""A Chroma server that is down, slow or someone else's: said in words, and no reason to start anew."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chroma_server import ChromaServer
from serving import probed

from bot.engine import Regbrief
from bot.errors import LibraryDamaged, ServerError
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library, Places
from bot.neighbours import Row
from bot.outcomes import Ingested
from bot.records import Article
from bot.vector_server import VectorServer

EAST = np.array([1, 0, 0], dtype=np.float32)
HINT = "Start it, wait for it, or correct REGBRIEF_CHROMA_URL; nothing that was added is lost."


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def served() -> Iterator[Callable[..., VectorServer]]:
    """Opens the vectors of a library on a server."""
    made: list[VectorServer] = []

    def served(url: str, name: str = "library", **options: Any) -> VectorServer:
        made.append(VectorServer(url, lambda: name, **options))
        return made[-1]

    yield served
    for each in made:
        each.close()


@pytest.mark.parametrize("where", ["nobody", "silent"])
def test_a_server_that_does_not_answer_is_named_soon(
    where: str, request: pytest.FixtureRequest, served: Callable[..., VectorServer]
) -> None:
    url = request.getfixturevalue(where)
    with pytest.raises(ServerError) as raised:
        served(url, patience=0.3).search(EAST, ("en",), limit=1)
    assert raised.value.message.startswith(f"The Chroma server {url} does not answer as it should: ")
    assert raised.value.hint == HINT


@pytest.mark.faults
def test_a_server_that_comes_back_is_used_again(tmp_path: Path, served: Callable[..., VectorServer]) -> None:
    server = ChromaServer(tmp_path)
    vectors = served(server.url)
    with server:
        vectors.write([Row(1, "zh-Hant", EAST)], [])
    with pytest.raises(ServerError):
        vectors.keys()
    with server:
        assert vectors.keys() == {1}


def test_libraries_on_one_server_know_nothing_of_each_other(
    chroma_url: str, served: Callable[..., VectorServer]
) -> None:
    one, other = (served(chroma_url, name) for name in ("one", "other"))
    one.write([Row(1, "en", EAST)], [])
    assert (one.keys(), other.keys()) == ({1}, set())


def test_collections_that_have_gone_are_damage_that_a_rebuild_mends(
    chroma_url: str, served: Callable[..., VectorServer]
) -> None:
    vectors, other = (served(chroma_url, "gone") for _ in range(2))
    vectors.write([Row(1, "en", EAST)], [])
    other.clear()
    with pytest.raises(LibraryDamaged) as raised:
        vectors.search(EAST, ("en",), limit=1)
    assert raised.value.hint == "Run `regbrief doctor --rebuild`."
    assert vectors.keys() == set()


def test_a_password_in_the_address_is_not_repeated(nobody: str, served: Callable[..., VectorServer]) -> None:
    with pytest.raises(ServerError) as raised:
        served(nobody.replace("//", "//user:secret@"), patience=0.3).keys()
    assert "secret" not in str(raised.value)


def test_a_library_on_a_server_is_written_asked_rebuilt_and_shared(
    tmp_path: Path, chroma_url: str, encoder: Any, articles: tuple[Article, ...]
) -> None:
    library = Library(tmp_path, encoder, Analyzer(), places=Places(chroma_url=chroma_url))
    assert library.add(articles) == Ingested(added=3)
    reader = Library(tmp_path, encoder, Analyzer(), places=Places(chroma_url=chroma_url))
    library.remove(["fine-en"])
    reader.refresh()
    assert (library.problems(), reader.problems(), (tmp_path / "vectors").exists()) == ([], [], False)
    bot = Regbrief.from_library(reader, encoder=encoder, glossary=Glossary())
    assert bot.search("支付寶須分拆")[0].article_id == "alipay-hant"
    reader.close()
    library.close()
    rebuilt = Library.rebuild(tmp_path, encoder, Analyzer(), places=Places(chroma_url=chroma_url))
    assert (rebuilt.problems(), len(rebuilt.search_index.keys()["dense"])) == ([], 2)
    rebuilt.close()


@pytest.mark.faults
def test_while_the_server_is_down_words_alone_are_searched_and_the_api_says_so(
    tmp_path: Path, encoder: Any, articles: tuple[Article, ...]
) -> None:
    server = ChromaServer(tmp_path)
    folder = tmp_path / "library"
    with server:
        first = Library(folder, encoder, Analyzer(), places=Places(chroma_url=server.url))
        first.add(articles)
        first.close()
    library = Library(folder, encoder, Analyzer(), places=Places(chroma_url=server.url))
    bot = Regbrief.from_library(library, encoder=encoder, glossary=Glossary())
    client = probed(bot)
    assert client.get("/api/v1/articles").json()["total"] == 3
    found = client.get("/api/v1/search", params={"q": "屏蔽网址链接"})
    assert (found.json()[0]["article_id"], found.headers["regbrief-searched-without"]) == ("links-hans", "dense")
    assert client.get("/api/v1/health").json()["unavailable"].keys() == {"dense"}
    assert client.get("/api/v1/health/ready").status_code == 200
    with pytest.raises(ServerError):
        library.add([Article("new", "New", "Text.", "en")])
    with server:
        found = client.get("/api/v1/search", params={"q": "屏蔽网址链接"})
        assert (found.json()[0]["article_id"], "regbrief-searched-without" in found.headers) == ("links-hans", False)
        library.settle()
        assert (library.problems(), bot.count(), bot.unavailable()) == ([], 4, {})
    library.close()
