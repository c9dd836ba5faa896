"""What the tests share: a closed network, an encoder that can be checked by hand, and small libraries."""

from __future__ import annotations

import ipaddress
import re
import socket
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from website import Website, running

from bot.engine import Regbrief
from bot.extractive import Model, Signals
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Language


@pytest.fixture(autouse=True)
def _closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test connect to anything but this machine's loopback."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            assert ipaddress.ip_address(address[0]).is_loopback, f"a test tried to reach {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


class WordEncoder:
    """Counts words and Han characters into buckets: texts are as near as the words that they share."""

    fingerprint = "words"
    dimension = 64

    def encode(self, texts: Sequence[str], *, kind: str, languages: Sequence[Language]) -> NDArray[np.float32]:
        rows = np.full((len(texts), self.dimension), 1e-6, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"[a-z0-9]+|[㐀-鿿]", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


ARTICLES = (
    Article(
        "fine-en",
        "Alibaba fined 18.2 billion yuan",
        "China's market regulator fined Alibaba 18.228 billion yuan on Saturday.\n\n"
        "The fine equals 4 percent of its domestic sales in 2019. Alibaba said that it would comply.",
        "en",
        date(2021, 4, 10),
        "Example Post",
        "https://example.org/fine",
    ),
    Article(
        "links-hans",
        "工信部要求平台解除屏蔽网址链接",
        "工业和信息化部要求各平台停止屏蔽网址链接。\n\n腾讯表示将分阶段实施。支付宝的小额贷款业务须分拆。",
        "zh-Hans",
        date(2021, 9, 13),
        "示例报",
    ),
    Article(
        "alipay-hant",
        "支付寶須分拆貸款業務",
        "監管機構要求支付寶分拆小額貸款業務。\n\n螞蟻集團的上市計畫在2020年11月暫停。",
        "zh-Hant",
        date(2021, 9, 14),
        "範例報",
    ),
)


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


@pytest.fixture
def fixed_model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """Weigh sentences with `WEIGHTS`, whatever model is shipped."""
    model = Model(
        tuple(WEIGHTS.get(name, 0.0) for name in Signals.__dataclass_fields__), -5.0, threshold=0.3, follow=0.6
    )
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
