"""What the reader says of a question and a passage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.encoder import MODELS, load_tokenizer
from bot.errors import EncoderError, MissingExtra, SettingsError
from bot.passages import sentences
from bot.rerank import BundledReader, HuggingFaceScorer, Window, open_scorer

ENGLISH = "The Commission fined Google in July 2018. The fine was 4.34 billion euros. Google said it would appeal."
SIMPLIFIED = "欧盟委员会2018年7月处罚了谷歌。罚款为43.4亿欧元。谷歌表示将上诉。"
TRADITIONAL = "歐盟委員會2018年7月處罰了谷歌。罰款為43.4億歐元。谷歌表示將上訴。"
ELSEWHERE = "The weather in Helsinki was mild. Ferries to Tallinn ran on time."


def window(text: str) -> Window:
    return Window(text, tuple((each.start, each.end) for each in sentences(text)))


@pytest.fixture(scope="module")
def reader() -> BundledReader:
    return BundledReader.open()


class Logits:
    """A model that says of the tokens what it is told, by their numbers in the passage."""

    def __init__(self, starts: dict[int, float], ends: dict[int, float], sentence: dict[int, float]) -> None:
        self._columns = starts, ends, sentence

    def run(self, _: None, inputs: dict[str, Any]) -> tuple[Any, Any]:
        ids = inputs["input_ids"][0]
        first = int(np.flatnonzero(ids == 2)[1]) + 1
        tokens = np.zeros((len(ids), 3), dtype=np.float32)
        for column, told in enumerate(self._columns):
            for at, value in told.items():
                tokens[first + at, column] = value
        return np.array([1.5], dtype=np.float32), tokens


def told(model: Logits) -> BundledReader:
    reader = BundledReader(MODELS / "reader.onnx", load_tokenizer(MODELS))
    reader.__dict__["_session"] = model
    return reader


@pytest.mark.parametrize("text", [ENGLISH, SIMPLIFIED, TRADITIONAL], ids=["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize(
    "question",
    ["How much was Google fined?", "谷歌被罚了多少钱？", "谷歌被罰了多少錢？"],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_a_passage_that_answers_is_told_from_one_that_does_not(reader: BundledReader, question: str, text: str) -> None:
    right, wrong = reader.read(question, [window(text), window(ELSEWHERE)])
    assert right.log_odds > wrong.log_odds + 5  # a hundred and fifty times the odds
    amount = right.sentences[1]
    assert amount.share == max(each.share for each in right.sentences)
    assert amount.span
    assert "43" in text[slice(*amount.span)] or "4.34" in text[slice(*amount.span)]


def test_both_scripts_are_read_alike(reader: BundledReader) -> None:
    one, other = reader.read("谷歌被罰了多少錢？", [window(SIMPLIFIED), window(TRADITIONAL)])
    assert one == other


def test_no_window_is_no_reading(reader: BundledReader) -> None:
    assert reader.read("How much?", []) == []


@pytest.mark.parametrize(
    ("budget", "read"), [pytest.param(0.0, 1, id="none-left"), pytest.param(None, 5, id="no-limit")]
)
def test_a_budget_bounds_how_many_are_read(reader: BundledReader, budget: float | None, read: int) -> None:
    assert len(reader.read("How much?", [window(ENGLISH)] * 5, budget=budget)) == read


def test_words_are_those_with_the_best_start_and_end_in_order() -> None:
    # passage : Ａpple ﬁned . -> tokens of the folded text, after the two of the prefix
    text = "Ａpple was ﬁned. It paid."
    tokens = load_tokenizer(MODELS).encode("passage: apple was fined. it paid.").tokens
    fined = tokens.index("▁fine") if "▁fine" in tokens else tokens.index("▁fined")
    last = next(at for at, token in enumerate(tokens) if at >= fined and tokens[at + 1].startswith("."))
    model = Logits({fined: 9.0}, {last: 9.0, 2: 12.0}, {fined: 3.0})
    (reading,) = told(model).read("?", [window(text)])
    assert reading.log_odds == 1.5
    assert reading.sentences[0].span == (10, 14)
    assert text[10:14] == "ﬁned"
    assert reading.sentences[0].share > 0.5 > reading.sentences[1].share


def test_what_is_too_long_to_read_does_not_answer(reader: BundledReader) -> None:
    long = window(f"{'The panel met again and heard more of the same. ' * 80}The fine was 4 euros.")
    (reading,) = reader.read("How much was the fine?", [long])
    assert reading.sentences[-1].share == 0
    assert reading.sentences[-1].span is None
    assert sum(each.share for each in reading.sentences) == pytest.approx(1)


@pytest.mark.parametrize("text", ["\u202e\u200f 😀", "\x00", "。", "<b>"], ids=["marks", "nul", "stop", "tag"])
def test_odd_text_is_read_without_harm(reader: BundledReader, text: str) -> None:
    (reading,) = reader.read("谁？", [Window(text, ((0, len(text)),))])
    assert np.isfinite(reading.log_odds)


def test_a_damaged_encoder_is_named(tmp_path: Path) -> None:
    for name in ("reader.onnx", "encoder-tokenizer.json"):
        shutil.copy(MODELS / name, tmp_path)
    (tmp_path / "encoder.onnx").write_bytes(b"short")
    with pytest.raises(EncoderError, match=r"reader\.onnx"):
        BundledReader.open(tmp_path / "reader.onnx").read("?", [window(ENGLISH)])


def test_none_reads_nothing() -> None:
    assert open_scorer("none") is None


@pytest.mark.parametrize("setting", ["", "bundle", "hf:", "openai:x"])
def test_an_unknown_reranker_is_refused(setting: str) -> None:
    with pytest.raises(SettingsError, match="Use bundled, none or hf:NAME_OR_PATH"):
        open_scorer(setting)


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"regbrief\[local\]"):
        open_scorer("hf:somewhere")


# --- any cross-encoder -----------------------------------------------------------------------------------------------


def save_cross_encoder(folder: Path, *, outputs: int) -> str:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(1)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(MODELS / "encoder-tokenizer.json"),
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
    )
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=outputs, pad_token_id=1,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.local
def test_a_cross_encoder_scores_windows_and_their_sentences(tmp_path: Path) -> None:
    scorer = HuggingFaceScorer.from_name(save_cross_encoder(tmp_path, outputs=1))
    readings = scorer.read("How much?", [window(ENGLISH), window(TRADITIONAL)])
    assert [len(each.sentences) for each in readings] == [3, 3]
    assert [sum(one.share for one in each.sentences) for each in readings] == pytest.approx([1, 1])
    assert all((one.span, one.certainty) == (None, one.share) for each in readings for one in each.sentences)
    assert readings[0].log_odds != readings[1].log_odds
    assert len(scorer.read("How much?", [window(ENGLISH)] * 3, budget=0)) == 1


@pytest.mark.local
def test_a_classifier_with_more_outputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="has 3 outputs"):
        open_scorer(f"hf:{save_cross_encoder(tmp_path, outputs=3)}")


@pytest.mark.local
def test_a_name_that_the_hub_does_not_give_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match="no folder with a cross-encoder"):
        open_scorer(f"hf:{tmp_path / 'nothing'}")
