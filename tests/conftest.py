"""What the tests share: a closed network, an encoder that can be checked by hand, and small libraries."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chroma_server import ChromaServer
from hypothesis import settings
from samples import ARTICLES, WordEncoder
from serving import serving
from website import Website, running

from bot.engine import Regbrief
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article
from bot.weighing import Model, Signals

if TYPE_CHECKING:
    from postgres_server import PostgresServer

# What is drawn is drawn alike each time, so that no build fails by chance; `--hypothesis-profile=default` draws anew.
settings.register_profile("alike", derandomize=True, database=None)
settings.load_profile("alike")


@pytest.fixture(autouse=True)
def _closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test connect to anything but this machine's loopback."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            assert ipaddress.ip_address(address[0]).is_loopback, f"a test tried to reach {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server on the loopback."""
    with ChromaServer(tmp_path_factory.mktemp("chroma")) as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server on the loopback."""
    from postgres_server import PostgresServer

    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.cluster)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new catalog can be made: on each engine in turn."""
    if request.param == "sqlite":
        return tmp_path / "library" / "catalog.sqlite"
    address: str = request.getfixturevalue("postgres").database()
    return address


@pytest.fixture(scope="session")
def milvus_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Milvus on the loopback."""
    from milvus_server import MilvusServer

    with MilvusServer(tmp_path_factory.mktemp("milvus")) as server:
        yield server.url


WEIGHTS = {
    "similarity": 5.0,
    "passage_similarity": 2.0,
    "coverage": 5.0,
    "missing_names": -3.0,
    "missing_numbers": -1.0,
}
"""Of the signals that a test can work out by hand; the fitted model may change, what these tests say may not."""


@pytest.fixture
def articles() -> tuple[Article, ...]:
    """The three articles of `bot`."""
    return ARTICLES


def fixed() -> Model:
    """Return the model that weighs with `WEIGHTS`."""
    weights = tuple(WEIGHTS.get(name, 0.0) for name in Signals.__dataclass_fields__)
    return Model(weights, -5.0, threshold=0.3, follow=0.6)


@pytest.fixture
def fixed_model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """Weigh sentences with `WEIGHTS`, whatever model is shipped."""
    model = fixed()
    monkeypatch.setattr(Model, "load", lambda *_, **__: model)
    return model


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def glossary() -> Glossary:
    return Glossary()


@pytest.fixture
def library(tmp_path: Path, encoder: WordEncoder) -> Iterator[Library]:
    """An empty library."""
    library = Library(tmp_path / "indexes", encoder, Analyzer())
    yield library
    library.close()


@pytest.fixture(scope="session")
def shared_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of the three articles for tests that only read: opening one takes 0.2 s."""
    library = Library(tmp_path_factory.mktemp("shared"), WordEncoder(), Analyzer())
    library.add(ARTICLES)
    yield library
    library.close()


@pytest.fixture
def shared_bot(shared_library: Library, encoder: WordEncoder, glossary: Glossary, fixed_model: Model) -> Regbrief:
    """The same as `bot`, for tests that only read."""
    return Regbrief.from_library(shared_library, encoder=encoder, glossary=glossary)


@pytest.fixture(scope="session")
def served_bot(shared_library: Library) -> Regbrief:
    """The same as `shared_bot`, for tests that share a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "load", lambda *_, **__: fixed())
        return Regbrief.from_library(shared_library, encoder=WordEncoder(), glossary=Glossary())


@pytest.fixture(scope="session")
def served_app(served_bot: Regbrief) -> Any:
    """The API of that bot: making one takes a tenth of a second."""
    from bot.serve.api import create_app

    return create_app(served_bot)


@pytest.fixture(scope="session")
def served(served_app: Any) -> Iterator[str]:
    """The address of a server of that API."""
    with serving(served_app) as address:
        yield address


@pytest.fixture
def bot(library: Library, encoder: WordEncoder, glossary: Glossary, fixed_model: Model) -> Regbrief:
    """A library of the three articles above."""
    library.add(ARTICLES)
    return Regbrief.from_library(library, encoder=encoder, glossary=glossary)


@pytest.fixture(scope="session")
def sites() -> Iterator[Website]:
    """A web site on loopback; tests take it cleared, as `site`."""
    with running() as site:
        yield site


@pytest.fixture
def site(sites: Website) -> Website:
    """A web site without pages."""
    sites.pages.clear()
    sites.forget()
    return sites
