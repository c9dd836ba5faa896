"""The reader's network: in torch for training, and as the ONNX graph that ships.

It starts from the bundled encoder's weights, read from `encoder.onnx`. What training leaves as it is stays there: the
reader's file points into the encoder's for the token table and the frozen layers, and holds only what was trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from build_encoder import EPSILON, HEADS, HIDDEN, MICROSOFT, OPSET, Floats, Graph
from onnx import TensorProto, external_data_helper, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

OUTPUTS = ("start", "end", "sentence")
"""What the head says of each token: an answer starts here, ends here, this sentence answers."""


def read_weights(path: Path) -> dict[str, Floats]:
    """Return the weights of the encoder or the reader in float32 by name; matrices of layers as (outputs, inputs)."""
    stored = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    weights: dict[str, Floats] = {}
    for name, value in stored.items():
        if name == "words":
            weights[name] = value.astype(np.float32) * stored["words.scale"]
        elif value.dtype == np.int8:
            weights[name] = value.T.astype(np.float32) * stored[name.removesuffix("weight") + "scale"][:, None]
        elif value.dtype == np.float32 and not name.endswith(".scale"):
            weights[name] = value
    return weights


class Layer(nn.Module):
    """One layer of BERT, named as in the encoder's file."""

    def __init__(self, inner: int = 4 * HIDDEN) -> None:
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.ao = nn.Linear(HIDDEN, HIDDEN)
        self.aln = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.fi = nn.Linear(HIDDEN, inner)
        self.fo = nn.Linear(inner, HIDDEN)
        self.oln = nn.LayerNorm(HIDDEN, eps=EPSILON)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        texts, length, _ = x.shape
        q, k, v = self.qkv(x).view(texts, length, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        if torch.is_grad_enabled():
            # Written out: on a CPU the way back through the fused form is slower at this size.
            scores = (q @ k.transpose(-1, -2)) * (HIDDEN // HEADS) ** -0.5
            attended = torch.softmax(scores.masked_fill(~mask, -1e4), dim=-1) @ v
        else:
            attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.aln(x + self.ao(attended.transpose(1, 2).reshape(texts, length, HIDDEN)))
        normed: Tensor = self.oln(x + self.fo(functional.gelu(self.fi(x))))
        return normed


class Reader(nn.Module):
    """Reads question and passage together: whether the passage answers, and for each token the `OUTPUTS`."""

    def __init__(self, layers: int, rows: int, positions: int) -> None:
        super().__init__()
        self.words = nn.Embedding(rows, HIDDEN)
        self.positions = nn.Embedding(positions, HIDDEN)
        self.embeddings = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.answers = nn.Linear(HIDDEN, 1)
        self.tokens = nn.Linear(HIDDEN, len(OUTPUTS))

    @classmethod
    def from_encoder(cls, weights: Mapping[str, Floats], taken: list[int], *, frozen: int) -> Reader:
        """Take these layers of the encoder; embeddings and the first `frozen` layers are not trained."""
        reader = cls(len(taken), len(weights["words"]), len(weights["positions"]))
        state = reader.state_dict()
        for name in state:
            source = name
            if name.startswith("layers."):
                _, at, rest = name.split(".", 2)
                source = f"l{taken[int(at)]}.{rest}"
            elif name in ("words.weight", "positions.weight"):
                source = name.removesuffix(".weight")
            if source in weights:
                state[name] = torch.from_numpy(weights[source].copy())
        reader.load_state_dict(state)
        for part in (reader.words, reader.positions, reader.embeddings, *list(reader.layers)[:frozen]):
            part.requires_grad_(False)
        reader.frozen = frozen
        return reader

    frozen = 0

    def take(self, weights: Mapping[str, Floats]) -> None:
        """Take the trained weights of a reader that was exported; they were rounded to seven bits."""
        state = self.state_dict()
        for name in state:
            if name.startswith("layers."):
                state[name] = torch.from_numpy(weights[f"l{name.removeprefix('layers.')}"].copy())
            elif name.startswith(("answers.", "tokens.")):
                state[name] = torch.from_numpy(weights[name].T.copy())
        self.load_state_dict(state)

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (texts,) and (texts, tokens, outputs)."""
        at = torch.arange(ids.shape[1])
        mask = (at[None, :] < lengths[:, None])[:, None, None, :]
        with torch.no_grad():
            x = self.embeddings(self.words(ids) + self.positions(at))
            for layer in list(self.layers)[: self.frozen]:
                x = layer(x, mask)
        for layer in list(self.layers)[self.frozen :]:
            x = layer(x, mask)
        return self.answers(x[:, 0]).squeeze(-1), self.tokens(x)


# --- the file that ships ---------------------------------------------------------------------------------------------


def export(state: Mapping[str, Tensor], taken: list[int], encoder: Path) -> onnx.ModelProto:
    """Write the graph: `input_ids` (1, tokens) to `answers` (1,) and `tokens` (tokens, outputs), both logits.

    A constant whose bytes stand in the encoder's file is a reference to it.
    """
    weights = {name: value.numpy() for name, value in state.items()}
    frozen = {each.name: numpy_helper.to_array(each) for each in onnx.load(encoder).graph.initializer}
    graph = Graph()
    x = _embed(graph, frozen)
    for at in range(len(taken)):
        prefix = f"layers.{at}."
        part = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        x = _layer(graph, x, f"l{at}.", part)
    (first,) = graph.node("Gather", x, graph.constant("first", np.array([0])), axis=1)
    (answers,) = graph.node("MatMul", first, graph.constant("answers.weight", weights["answers.weight"].T))
    (answers,) = graph.node("Add", answers, graph.constant("answers.bias", weights["answers.bias"]))
    (every,) = graph.node("MatMul", x, graph.constant("tokens.weight", weights["tokens.weight"].T))
    (every,) = graph.node("Add", every, graph.constant("tokens.bias", weights["tokens.bias"]))
    axis = graph.constant("axis", np.array([0]))
    graph.nodes.append(helper.make_node("Squeeze", [answers, graph.constant("last", np.array([1, 2]))], ["answers"]))
    graph.nodes.append(helper.make_node("Squeeze", [every, axis], ["tokens"]))
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])]
    outputs = [
        helper.make_tensor_value_info("answers", TensorProto.FLOAT, [1]),
        helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["tokens", len(OUTPUTS)]),
    ]
    constants = _shared(graph.constants, encoder)
    body = helper.make_graph(graph.nodes, "reader", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=10, producer_name="regbrief")


def _embed(graph: Graph, frozen: Mapping[str, np.ndarray]) -> str:
    (gathered,) = graph.node("Gather", graph.constant("words", frozen["words"]), "input_ids")
    (integers,) = graph.node("Cast", gathered, to=TensorProto.FLOAT)
    (scales,) = graph.node("Gather", graph.constant("words.scale", frozen["words.scale"]), "input_ids")
    (words,) = graph.node("Mul", integers, scales)
    (length,) = graph.node("Shape", "input_ids", start=1, end=2)
    positions = graph.constant("positions", frozen["positions"])
    (places,) = graph.node("Slice", positions, graph.constant("start", np.array([0])), length)
    names = "embeddings.weight", "embeddings.bias"
    return graph.normalize(words, places, "embeddings", *(frozen[name] for name in names))


def _layer(graph: Graph, x: str, name: str, part: Mapping[str, Floats]) -> str:
    heads = graph.node(
        "Split", graph.linear(x, f"{name}qkv", part["qkv.weight"], part["qkv.bias"]), outputs=3, axis=-1, num_outputs=3
    )
    (attended,) = graph.node("MultiHeadAttention", *heads, domain=MICROSOFT, num_heads=HEADS)
    attended = graph.linear(attended, f"{name}ao", part["ao.weight"], part["ao.bias"])
    x = graph.normalize(attended, x, f"{name}aln", part["aln.weight"], part["aln.bias"])
    inner = graph.linear(x, f"{name}fi", part["fi.weight"], part["fi.bias"])
    (inner,) = graph.node("Gelu", inner, domain=MICROSOFT)
    outer = graph.linear(inner, f"{name}fo", part["fo.weight"], part["fo.bias"])
    return graph.normalize(outer, x, f"{name}oln", part["oln.weight"], part["oln.bias"])


def _shared(constants: Mapping[str, TensorProto], encoder: Path) -> list[TensorProto]:
    data = encoder.read_bytes()
    for tensor in constants.values():
        at = data.find(tensor.raw_data) if len(tensor.raw_data) > 1_000 else -1
        if at >= 0:
            external_data_helper.set_external_data(tensor, encoder.name, offset=at, length=len(tensor.raw_data))
            tensor.ClearField("raw_data")
    return list(constants.values())
