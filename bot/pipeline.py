"""One pass of files through a Ray cluster, by Ray Data: read by some workers, encoded by others, a chunk at a time."""

from __future__ import annotations

import logging
import math
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Encoder
from bot.errors import EncoderError
from bot.workers import Encoding, chunks

CHUNKS_A_CALL = 8
BLOCK = 1 << 20
"""Bytes that a task hands on at once, about."""
UNDER_WAY = 1 << 29
"""Bytes that may lie between the steps on the whole cluster; what is full waits until this library has caught up."""
READER, ENCODER = 0.25, 0.75
"""Shares of a processor: each has one of both, so that neither step waits for the other to end."""
RETRIES = 2
"""How often Ray itself reads files again where their reader has died."""

Batch = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Work:
    """What every worker is to know."""

    encoder: Callable[[], Encoder]
    fold: Callable[[str], str]
    known: Sequence[Any]
    """One reference, to the marks of the articles that the library has: each node holds them once."""


class Pipeline:
    """Hands out what comes of some files. It lives in the cluster: Ray Data does not run in a client."""

    def __init__(self, files: Sequence[tuple[int, str, str]], work: Work, together: int) -> None:
        """`files` have a number, a path and the name by which they are reported; a task reads so many `together`."""
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        passing = _dataset(files, work, math.ceil(len(files) / together), workers)
        self._batches = iter(passing.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=1))

    def next(self) -> list[bytes] | None:
        """Return some pickled chunks, or the EncoderError that has come in their place; None at the end."""
        batch = next(self._batches, None)
        return None if batch is None else list(batch["chunk"])


def probe(encoder: Callable[[], Encoder], path: str) -> tuple[str, bool]:
    """Say which encoder a node has, and whether it sees a file."""
    return encoder().fingerprint, Path(path).exists()


def _dataset(files: Sequence[tuple[int, str, str]], work: Work, blocks: int, workers: int) -> Any:
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.target_max_block_size = BLOCK
    context.max_errored_blocks = -1  # what died with a worker is sent out again by who asked for it
    context.execution_options.preserve_order = True  # of two copies the same one is kept as without workers
    context.execution_options.resource_limits = ray.data.ExecutionResources(object_store_memory=UNDER_WAY)
    rows = [{"file": file, "path": path, "where": where} for file, path, where in files]
    return (
        ray.data.from_items(rows, override_num_blocks=blocks)
        .map_batches(_read, batch_size=None, num_cpus=READER, max_retries=RETRIES)
        .map_batches(
            _Encoding,
            fn_constructor_args=(work,),
            batch_size=CHUNKS_A_CALL,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=ENCODER,
            max_restarts=-1,
            max_task_retries=0,  # work that waits for a node to come back would wait for ever
        )
    )


def _read(files: Batch) -> Iterator[Batch]:
    for file, path, where in zip(files["file"], files["path"], files["where"], strict=True):
        for chunk in chunks(int(file), Path(path), str(where)):
            yield _packed([chunk])


class _Encoding:
    """Encodes in one process of a node, for whose life the encoder is open."""

    def __init__(self, work: Work) -> None:
        import ray

        self._encode = Encoding(work.encoder(), work.fold, ray.get(work.known[0]))

    def __call__(self, read: Batch) -> Batch:
        try:
            return _packed(self._encode([pickle.loads(each) for each in read["chunk"]]))
        except EncoderError as error:
            return _packed([error])
        except Exception as error:  # if it were raised here, Ray Data would only drop the block
            return _packed([EncoderError(f"A worker failed: {error!r}.", hint="Install the same Regbrief on each.")])


def _packed(each: Sequence[object]) -> Batch:
    packets = np.empty(len(each), dtype=object)
    packets[:] = [pickle.dumps(one) for one in each]
    return {"chunk": packets}
