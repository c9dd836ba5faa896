"""Texts become unit vectors, one a text and whatever its company; endpoints are believed only after a check."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from bot.encoder import (
    MODELS,
    BundledEncoder,
    HuggingFaceEncoder,
    OpenAIEncoder,
    load_tokenizer,
    open_encoder,
)
from bot.encoder.base import WINDOW
from bot.encoder.bundled import windows
from bot.errors import EncoderError, MissingExtra, SettingsError
from bot.language import fold
from bot.records import Language

FINE: dict[Language, str] = {
    "en": "China's market regulator fined Alibaba 18.2 billion yuan for abusing its dominance.",
    "zh-Hans": "中国市场监管总局因阿里巴巴滥用市场支配地位，对其罚款182亿元。",
    "zh-Hant": "中國市場監管總局因阿里巴巴濫用市場支配地位，對其罰款182億元。",
}
WEATHER: dict[Language, str] = {
    "en": "Heavy rain is expected in the mountains tomorrow.",
    "zh-Hans": "预计明天山区将有大雨。",
    "zh-Hant": "預計明天山區將有大雨。",
}
QUIET = """
from bot.encoder import BundledEncoder
BundledEncoder.open().encode(["fine"], kind="query", languages=["en"])
"""
LONG = "The regulator published the rules of the consultation. " * 90


@pytest.fixture(scope="module")
def bundled() -> BundledEncoder:
    return BundledEncoder.open()


def passages(encoder: BundledEncoder, *texts: str, language: Language = "en") -> NDArray[np.float32]:
    return encoder.encode([fold(text) for text in texts], kind="passage", languages=[language] * len(texts))


# --- the bundled encoder --------------------------------------------------------------------------------------------


def test_rows_have_length_one(bundled: BundledEncoder) -> None:
    rows = bundled.encode([*FINE.values(), "", " \n", LONG], kind="query", languages=[*FINE, "en", "en", "en"])
    assert rows.shape == (6, bundled.dimension)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(bundled: BundledEncoder) -> None:
    assert bundled.encode([], kind="passage", languages=[]).shape == (0, bundled.dimension)


def test_a_text_has_the_same_vector_in_any_company(bundled: BundledEncoder) -> None:
    texts = [FINE["en"], LONG, WEATHER["en"], ""]
    together, reversed_ = passages(bundled, *texts), passages(bundled, *texts[::-1])[::-1]
    alone = np.concatenate([passages(bundled, text) for text in texts])
    np.testing.assert_allclose(together, reversed_, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("other", ["en", "zh-Hans", "zh-Hant"])
def test_one_event_is_nearer_than_another_across_languages(
    bundled: BundledEncoder, language: Language, other: Language
) -> None:
    (question,) = bundled.encode([fold(FINE[language])], kind="query", languages=[language])
    texts = [fold(FINE[other]), *(fold(text) for text in WEATHER.values())]
    same, *rest = bundled.encode(texts, kind="passage", languages=[other, *WEATHER]) @ question
    assert same > max(rest) + 0.2


def test_a_fact_at_the_end_of_a_long_text_changes_its_vector(bundled: BundledEncoder) -> None:
    plain, with_fact = passages(bundled, LONG, LONG + FINE["en"])
    (question,) = bundled.encode(["how much was alibaba fined?"], kind="query", languages=["en"])
    assert with_fact @ question > plain @ question + 0.01


@pytest.mark.parametrize("count", [0, 1, 510, 511, 1_000, 5_000])
def test_windows_cover_every_token_and_overlap(count: int) -> None:
    ids = [100, 101, *range(1_000, 1_000 + max(0, count - 2))][:count]
    cut = windows(ids)
    assert all(window[0] == 0 and window[-1] == 2 and len(window) <= WINDOW for window in cut)
    assert {token for window in cut for token in window[1:-1]} == set(ids)
    assert all(window[1:3] == ids[:2] for window in cut[1:])
    assert all(set(a[3:-1]) & set(b[3:-1]) for a, b in pairwise(cut))


def test_a_text_that_spells_out_a_special_token_is_read_as_text(bundled: BundledEncoder) -> None:
    tokens = bundled._tokenizer.encode("</s> <pad> <s>").ids
    assert not {0, 1, 2} & set(tokens)


def test_the_mean_of_the_language_is_subtracted(bundled: BundledEncoder) -> None:
    means = json.loads((MODELS / "encoder-means.json").read_text(encoding="utf-8"))["means"]
    raw = passages(bundled.without_means(), FINE["en"])
    for language, mean in (("en", means["en"]), ("zh-Hans", means["zh"]), ("zh-Hant", means["zh"])):
        expected = raw - np.array(mean)
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(passages(bundled, FINE["en"], language=language), expected, atol=1e-4)


def test_the_fingerprint_changes_with_the_means(bundled: BundledEncoder) -> None:
    other = bundled.without_means()
    assert bundled.fingerprint == BundledEncoder.open().fingerprint != other.fingerprint


def test_the_readme_and_the_means_name_the_files_that_are_here() -> None:
    readme = (MODELS / "README.md").read_text(encoding="utf-8")
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in MODELS.glob("encoder*")}
    assert set(digests) == {"encoder.onnx", "encoder-tokenizer.json", "encoder-means.json"}
    for name, digest in digests.items():
        assert any(name in line and digest in line for line in readme.splitlines()), name
    assert json.loads((MODELS / "encoder-means.json").read_text())["sha256"].items() <= digests.items()


@pytest.mark.parametrize("broken", ["encoder-means.json", "encoder-tokenizer.json", "encoder.onnx"])
@pytest.mark.parametrize("content", [None, "version https://git-lfs.github.com/spec/v1"], ids=["missing", "pointer"])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, broken: str, content: str | None) -> None:
    for path in MODELS.glob("encoder*"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / broken).unlink()
    if content:
        (tmp_path / broken).write_text(content)
    with pytest.raises(EncoderError, match=f"{broken} cannot be read: .* rebuild"):
        BundledEncoder.from_folder(tmp_path).encode([""], kind="query", languages=["en"])


# --- an endpoint ----------------------------------------------------------------------------------------------------


def vector(text: str) -> list[float]:
    return [float(len(text)), 1.0, 0.0]


def answer(request: httpx.Request) -> list[dict[str, Any]]:
    """Embed the texts of a request, the last first, as the protocol allows."""
    texts = json.loads(request.content)["input"]
    return [{"index": i, "embedding": vector(text)} for i, text in enumerate(texts)][::-1]


def endpoint(
    handler: Callable[[httpx.Request], httpx.Response], *, model: str = "small", batch: int = 2
) -> OpenAIEncoder:
    client = httpx.Client(base_url="http://127.0.0.1:9/v1", transport=httpx.MockTransport(handler))
    return OpenAIEncoder(model, client, batch=batch, attempts=3, pause=0.0)


def encode(encoder: OpenAIEncoder, *texts: str) -> NDArray[np.float32]:
    return encoder.encode(texts, kind="query", languages=["en"] * len(texts))


def test_an_endpoint_may_answer_in_any_order() -> None:
    encoder = endpoint(lambda request: httpx.Response(200, json={"data": answer(request)}))
    expected = np.array([vector(text) for text in ("a", "罚款四", "繁體字字")])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(encode(encoder, "a", "罚款四", "繁體字字"), expected, atol=1e-6)
    assert encoder.dimension == 3
    assert encode(encoder).shape == (0, 3)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        pytest.param("text-embedding-3-small", ["a", " "], id="plain"),
        pytest.param("intfloat/multilingual-E5-large", ["query: a", "query: "], id="e5"),
    ],
)
def test_only_e5_models_are_told_the_kind_and_no_input_is_empty(model: str, sent: list[str]) -> None:
    seen: list[Any] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200, json={"data": answer(request)})

    encode(endpoint(handler, model=model), "a", "")
    assert seen == [("/v1/embeddings", {"model": model, "input": sent})]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(
            [{"index": 0, "embedding": [1.0]}], r"sent 1 vectors, numbered \[0\] …, for 2 texts", id="too few"
        ),
        pytest.param([{"index": 0, "embedding": [1.0]}] * 2, r"sent 2 vectors, numbered \[0\] …", id="one twice"),
        pytest.param([{"index": i, "embedding": [1.0] * (i + 1)} for i in (0, 1)], r"lengths: \[1, 2\]", id="lengths"),
        pytest.param([{"index": i, "embedding": ["x"]} for i in (0, 1)], "did not send data", id="no numbers"),
        pytest.param([{"index": i, "embedding": [float("nan")]} for i in (0, 1)], "not finite", id="nan"),
        pytest.param([{"index": i, "embedding": []} for i in (0, 1)], "empty vectors", id="empty vectors"),
        pytest.param(None, "did not send data", id="no data"),
    ],
)
def test_an_answer_that_does_not_fit_the_texts_is_refused(data: Any, problem: str) -> None:
    body = json.dumps({"data": data})
    with pytest.raises(EncoderError, match=problem):
        encode(endpoint(lambda _: httpx.Response(200, text=body)), "a", "b")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    calls: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        if len(calls) == 1:
            raise httpx.ConnectTimeout("slow", request=request)
        return httpx.Response(status) if len(calls) == 2 else httpx.Response(200, json={"data": answer(request)})

    assert encode(endpoint(handler), "a").shape == (1, 3)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("response", "message", "calls"),
    [
        pytest.param(
            httpx.Response(401, text="bad key"), "answered 401: bad key. Set REGBRIEF_ENCODER_KEY", 1, id="key"
        ),
        pytest.param(
            httpx.Response(404, text="no model"), "answered 404: no model. Check REGBRIEF_ENCODER", 1, id="404"
        ),
        pytest.param(httpx.Response(500, text="oops"), "answered 500: oops", 3, id="server"),
        pytest.param(httpx.Response(200, text="<html>"), "did not answer with JSON", 1, id="no JSON"),
        pytest.param(httpx.ConnectError("refused"), "cannot be reached: refused", 3, id="connection"),
    ],
)
def test_a_lasting_failure_says_what_to_check(response: Any, message: str, calls: int) -> None:
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response.status_code, content=response.content)

    with pytest.raises(EncoderError, match=rf"http://127.0.0.1:9/v1/ of the encoder openai:small {message}"):
        encode(endpoint(handler), "a")
    assert len(seen) == calls


def test_the_key_is_sent_and_shown_nowhere() -> None:
    encoder = OpenAIEncoder.open("small", base_url="http://127.0.0.1:9/v1", api_key="secret-key")
    assert encoder._client.headers["authorization"] == "Bearer secret-key"
    assert "secret-key" not in repr(encoder) + encoder.fingerprint


# --- opening --------------------------------------------------------------------------------------------------------


def test_open_encoder_opens_what_the_setting_says(bundled: BundledEncoder) -> None:
    assert open_encoder("bundled").fingerprint == bundled.fingerprint
    endpoint_encoder = open_encoder("openai:small", base_url="http://127.0.0.1:9/v1")
    assert endpoint_encoder.fingerprint == "openai:small:http://127.0.0.1:9/v1:1"


@pytest.mark.parametrize("setting", ["", "minilm", "hf:", "openai:", "bundled:x"])
def test_open_encoder_names_a_setting_that_it_does_not_know(setting: str) -> None:
    with pytest.raises(
        SettingsError, match=f"REGBRIEF_ENCODER='{setting}' .* Use bundled, hf:NAME_OR_PATH or openai:MODEL"
    ):
        open_encoder(setting)


def test_a_hugging_face_encoder_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"hf:some/model needs torch.*pip install 'regbrief\[local\]'"):
        open_encoder("hf:some/model")


# --- a model of one's own -------------------------------------------------------------------------------------------


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    """A random BERT of two small layers with a tokenizer of single characters, in Hugging Face form."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefghijklmnopqrstuvwxyz",
        *map("##{}".format, "abcdefg"),
    ]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(str(tmp_path / "vocab.txt"), model_max_length=16).save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        initializer_range=0.5,  # at the usual 0.02 a random model hardly minds what it reads
    )
    BertModel(config).save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.local
@pytest.mark.parametrize("cls", [False, True], ids=["mean", "cls"])
def test_a_hugging_face_folder_encodes_whole_texts_in_any_company(tiny_model: Path, cls: bool) -> None:
    (tiny_model / "1_Pooling").mkdir()
    (tiny_model / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": cls}))
    encoder = HuggingFaceEncoder.from_name(str(tiny_model))
    texts = ["a b c", "", "a b " * 30, "a b " * 30 + "z z z"]
    rows = encoder.encode(texts, kind="passage", languages=["en"] * 4)
    assert rows.shape == (4, encoder.dimension) == (4, 8)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(texts[:1], kind="passage", languages=["en"])[0], rows[0], atol=1e-5)
    assert np.abs(rows[2] - rows[3]).max() > 1e-3  # its end is read, too
    assert open_encoder(f"hf:{tiny_model}").fingerprint == encoder.fingerprint


@pytest.mark.local
def test_a_hub_name_that_cannot_be_fetched_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError, match=r"'nobody/nothing' is no folder .* Give a folder"):
        open_encoder("hf:nobody/nothing")


def test_nobody_is_told_what_is_encoded(tmp_path: Path) -> None:
    """ONNX Runtime keeps what it is about to send, and an identifier of the machine, in the user's home."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "XDG_CACHE_HOME")}
    kept.pop("ORT_DISABLE_TELEMETRY", None)
    environment = {**kept, "HOME": str(tmp_path), "PYTHONPATH": str(MODELS.parent.parent)}
    subprocess.run([sys.executable, "-c", QUIET], env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []


def test_the_tokenizer_is_loaded_once() -> None:
    assert load_tokenizer(MODELS) is load_tokenizer(MODELS)
