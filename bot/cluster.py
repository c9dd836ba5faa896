"""Files read and encoded on a Ray cluster for a library that this process alone writes.

A pass sends files out and takes in what comes back, in their order. What dies with a worker does not come; the books
tell which files that leaves, and the next pass sends those out again. So nothing is lost or doubled whatever dies but
this process; and if that does, the library has what it had written.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from bot.encoder import open_encoder
from bot.errors import EncoderError, InputError, MissingExtra, ServerError
from bot.indexing import Progress, batches
from bot.intake import size_of
from bot.library import Library
from bot.outcomes import Failure, Stage
from bot.pipeline import Pipeline, Work, probe
from bot.records import Article
from bot.settings import Settings
from bot.workers import Chunk, marks

FILES_A_PASS = 20_000
"""More would be a long list to send, and much to begin again."""
FILES_A_TASK = 16
ATTEMPTS = 2
"""Passes in which a file that is read on its own may kill its reader."""
FRUITLESS = 3
"""Passes in a row that may break off before any file is done."""
AHEAD = 2
"""What is asked for before it is needed, so that the cluster works while the library writes."""
PATIENCE = 0.3
"""Seconds for which nothing may come before it is told how far the work is, and asked whether to stop."""
CONNECTIONS = 4
"""Attempts to connect where a cluster answers but breaks off: some of its processes for clients die as they start."""

_FORMS = re.compile(r"ray|[1-9][0-9]{0,3}|ray://[^/\s]+:[0-9]+")
_CHECK = "Check the address, that the cluster is up, and that its Ray and Python are of the same version."


def checked(workers: str) -> str:
    """Return what names workers: `ray`, their number, or `ray://HOST:PORT`. Raises InputError, MissingExtra."""
    if not _FORMS.fullmatch(workers):
        raise InputError(
            f"No workers are named by {workers!r}.",
            hint="Use ray, a number of workers, or the address of a cluster, ray://HOST:PORT.",
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # what it says of dead workers, on standard output
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"Workers need {error.name}.", hint="Run pip install 'regbrief[cluster]'.") from error
    return workers


def read(
    files: Sequence[Path], library: Library, *, workers: str, settings: Settings, progress: Progress | None = None
) -> Iterator[Article | Failure]:
    """Yield what is in the files, each article once; its vectors are with the library by then.

    They come in order but for what has to be sent out again, as a worker has died.
    Only who writes to the library may take from this. Raises ServerError where the cluster does not answer or cannot do
    the work, and EncoderError.
    """
    if not files:
        return
    if progress:
        progress(Stage("reading", 0, None, "bytes"))
    key = settings.encoder_key.get_secret_value()
    encoder = partial(open_encoder, settings.encoder, base_url=settings.encoder_url, api_key=key, threads=1)
    with _connected(workers) as ray:
        _check_nodes(ray, encoder, files[0], library.fingerprint)
        known = ray.put(marks(library.catalog.digests()))
        work = Work(encoder, library.analyzer.fold, [known])
        for chunk in Passes(ray, work, files, progress).chunks():
            library.keep_encoded(chunk.vectors)
            yield from chunk.items


@dataclass(slots=True)
class Course:
    """How far one file is: which of its chunks have come, and how many there are."""

    path: Path
    size: int
    seen: set[int] = field(default_factory=set)
    chunks: int | None = None
    position: int = 0
    attempts: int = 0

    def take(self, chunk: Chunk) -> bool:
        """Note a chunk, and say whether it had not come before."""
        new = chunk.number not in self.seen
        self.seen.add(chunk.number)
        self.chunks = chunk.number + 1 if chunk.last else self.chunks
        self.position = self.size if self.done() else max(self.position, min(chunk.position, self.size))
        return new

    def give_up(self) -> None:
        """Expect no more of this file."""
        self.chunks, self.position = len(self.seen), self.size

    def done(self) -> bool:
        """Whether all of the file has come."""
        return self.chunks == len(self.seen)


class Passes:
    """Sends files out until all has come, and keeps the books."""

    def __init__(self, ray: Any, work: Work, files: Sequence[Path], progress: Progress | None) -> None:
        self._ray = ray
        self._work = work
        self._files = files
        self._courses: dict[int, Course] = {}
        self._total = sum(map(size_of, files))
        self._done = 0
        self._progress = progress

    def chunks(self) -> Iterator[Chunk]:
        """Yield every chunk of every file once; what kills whoever reads it comes as a Failure."""
        for numbers in batches(range(len(self._files)), FILES_A_PASS):
            self._courses = {number: Course(self._files[number], size_of(self._files[number])) for number in numbers}
            yield from self._all(numbers)

    def _all(self, missing: Sequence[int]) -> Iterator[Chunk]:
        together, fruitless = FILES_A_TASK, 0
        while missing:
            broken = None
            try:
                yield from self._pass(missing, together)
            except (self._ray.exceptions.RayError, ConnectionError) as error:
                broken = error
            if not broken and together == 1:
                yield from self._given_up(missing)
            left = self._left(missing)
            fruitless = fruitless + 1 if broken and len(left) == len(missing) else 0
            if fruitless == FRUITLESS:
                raise ServerError(f"The cluster cannot do the work: {_line(broken)}", hint=_CHECK) from broken
            together = together if broken else 1
            missing = left

    def _pass(self, numbers: Sequence[int], together: int) -> Iterator[Chunk]:
        courses = [(number, self._courses[number].path) for number in numbers]
        files = [(number, os.path.abspath(path), str(path)) for number, path in courses]
        pipeline = self._ray.remote(num_cpus=0)(Pipeline).remote(files, self._work, together)
        try:
            coming = deque(pipeline.next.remote() for _ in range(AHEAD))
            while (packets := self._awaited(coming.popleft())) is not None:
                coming.append(pipeline.next.remote())
                for packet in packets:
                    yield from self._taken(pickle.loads(packet))
        finally:
            with suppress(self._ray.exceptions.RayError, ConnectionError):  # it may be gone already
                self._ray.kill(pipeline)

    def _awaited(self, reference: Any) -> Sequence[bytes] | None:
        while not self._ray.wait([reference], timeout=PATIENCE)[0]:
            self._tell()
        packets: Sequence[bytes] | None = self._ray.get(reference)
        return packets

    def _taken(self, chunk: Chunk | EncoderError) -> Iterator[Chunk]:
        if isinstance(chunk, EncoderError):
            raise chunk
        course = self._courses[chunk.file]
        before = course.position
        if course.take(chunk):
            yield chunk
        self._done += course.position - before
        self._tell()

    def _left(self, numbers: Sequence[int]) -> list[int]:
        return [number for number in numbers if not self._courses[number].done()]

    def _given_up(self, numbers: Sequence[int]) -> Iterator[Chunk]:
        """Note that a file read on its own has not come; when that was often enough, say so of it."""
        for number in self._left(numbers):
            course = self._courses[number]
            course.attempts += 1
            if course.attempts == ATTEMPTS:
                self._done += course.size - course.position
                course.give_up()
                why = "Every worker that read it has died. Save it in another form, or in parts."
                yield Chunk(number, -1, True, course.size, (Failure(str(course.path), why),))

    def _tell(self) -> None:
        if self._progress:
            self._progress(Stage("reading", self._done, self._total, "bytes"))


@contextmanager
def _connected(workers: str) -> Iterator[Any]:
    """Start Ray on this machine, for this process alone, or connect to a cluster. Raises ServerError."""
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        if workers.startswith("ray://"):  # https://github.com/ray-project/ray/issues/63202
            again = retry_if_exception_type(ConnectionAbortedError)
            Retrying(retry=again, stop=stop_after_attempt(CONNECTIONS), reraise=True)(ray.init, workers, **quiet)
        else:
            processors = int(workers) if workers.isdigit() else None
            ray.init("local", num_cpus=processors, include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
    except Exception as error:  # of many kinds: no connection, another version, a port in use
        raise ServerError(f"Ray ({workers}) does not answer: {_line(error)}", hint=_CHECK) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_nodes(ray: Any, encoder: Any, file: Path, fingerprint: str) -> None:
    """Make sure that each node that works has this encoder and sees the files. Raises ServerError."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    ask = ray.remote(num_cpus=0, max_retries=0)(probe)
    asked = [
        ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(
            encoder, os.path.abspath(file)
        )
        for node in nodes
    ]
    for node, reference in zip(nodes, asked, strict=True):
        name = node["NodeManagerAddress"]
        try:
            its, sees = ray.get(reference)
        except Exception as error:  # what was raised there, or why it could not be asked
            raise ServerError(
                f"The node {name} cannot work: {_line(error)}", hint="Install the same Regbrief there."
            ) from error
        if its != fingerprint:
            raise ServerError(f"The node {name} has the encoder {its}, not {fingerprint}.", hint="Install the same.")
        if not sees:
            raise ServerError(
                f"The node {name} does not see {os.path.abspath(file)!r}.",
                hint="Put the files where each node has them under the same path.",
            )


def _line(error: object) -> str:
    """Return the last line of what Ray says, which has the reason."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
