"""Search on Milvus (REGBRIEF_SEARCH=milvus:http://HOST:PORT): words and vectors of a library in one collection.

Milvus weighs words by its own BM25 function, over terms that are ours: folded and cut by `bot.keywords`, and spelled in
ASCII letters and digits, so that any analyzer of its takes each for one word. What it does not know is done here: a
term that counts twice as much is asked for twice, and scores of title and passage, two fields, are added up.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from bot.breaker import Breaker
from bot.errors import BotError, LibraryDamaged, MissingExtra, ServerError
from bot.frequencies import Frequencies
from bot.index import Found, Half, Indexed
from bot.keywords import Entry, Keywords
from bot.records import Filters, Language

Item = TypeVar("Item")
Field = Literal["title", "body"]

PATIENCE = 30.0
"""Seconds for which Milvus may be silent."""

HURRY = 2.0
"""The same while somebody waits for an answer; each half of a search is given as much."""

STALE = 10.0
"""Seconds after a write for which the writer reads with strong consistency; what is older, Milvus shows by itself
(bounded staleness, 5 s unless it is set otherwise)."""

BATCH = 1_000
"""Rows written or named at once."""

LONGEST = 65_535
"""Bytes of a text field."""

K1, B = 1.2, 0.75
"""Of BM25, as tantivy has them."""

EF = 128
"""Candidates that the graph of vectors is searched for, at least; as in Chroma."""

STEP = 0.5
"""The unit of a term's weight: a term of weight 1 is asked for twice."""

DEEPER = 2
"""So many times more passages than wanted are taken by title and by body, as each counts only a part of the score."""

UNHURRIED = {"grpc.keepalive_time_ms": 300_000, "grpc.keepalive_permit_without_calls": False}
"""As gRPC has it by default. pymilvus (3.0.2) would ping an idle server so often that it ends the connection."""

NO_DATE = 0
"""Ordinal of the day of an article without one."""


class Milvus:
    """Both halves of a search in a collection of this library's own."""

    def __init__(
        self, address: str, name: Callable[[], str], *, dimension: Callable[[], int], patience: float = PATIENCE
    ) -> None:
        """Name the server, http://[USER:PASSWORD@]HOST:PORT[/DATABASE], and, when it is first asked, the library."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        self._url = f"{parts.scheme}://{host}"
        token = ":".join(unquote(each) for each in (parts.username, parts.password) if each)
        self._options = {"uri": self._url, "token": token, "db_name": unquote(parts.path.strip("/"))}
        self._name = name
        self._dimension = dimension
        self._patience, self._hurry = patience, min(HURRY, patience)
        self._breakers: dict[Half, Breaker] = {"dense": Breaker(), "keywords": Breaker()}
        self._lock = threading.Lock()
        self._client: Any = None
        self._collection = ""
        self._written = -math.inf
        self._frequencies = Frequencies()

    def write(self, add: Sequence[Indexed], remove: Sequence[tuple[int, Language]]) -> None:
        """Add passages, replacing those with their keys, and remove keys that may or may not be there."""
        with self._asking() as ask:
            for keys in _batches([key for key, _ in remove]):
                ask("delete", ids=keys)
            for rows in _batches([_row(each) for each in add]):
                ask("upsert", data=rows)
            self._written = time.monotonic()

    def nearest(self, vector: NDArray[np.float32], filters: Filters, *, limit: int) -> Found:
        """Return the passages nearest to a vector that pass the filters, with their cosine similarity."""
        with self._asking("dense") as ask:
            return self._search(ask, "vector", vector.tolist(), _expression(filters), limit, {"ef": max(EF, limit)})

    def matching(self, terms: Mapping[str, float], filters: Filters, *, limit: int) -> Found:
        """Return the passages with the best BM25 score for weighted terms that pass the filters."""
        if not terms:
            return []
        text = _weighted(terms)
        with self._asking("keywords") as ask:

            def scored(field: Field, expression: str, count: int) -> dict[int, float]:
                return dict(self._search(ask, f"{field}_terms", text, expression, count, {}))

            where = _expression(filters)
            body, title = (scored(field, where, DEEPER * limit) for field in ("body", "title"))
            body |= scored("body", _among(title.keys() - body.keys()), limit) if title.keys() - body.keys() else {}
            title |= scored("title", _among(body.keys() - title.keys()), limit) if body.keys() - title.keys() else {}
        weight = Keywords.TITLE_WEIGHT
        total = {key: STEP * (body.get(key, 0.0) + weight * title.get(key, 0.0)) for key in body.keys() | title.keys()}
        return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def informativeness(self, terms: Iterable[str]) -> dict[str, float]:
        """Return each term's inverse document frequency; the same for all while Milvus does not tell."""
        wanted = set(terms)
        try:
            with self._asking("keywords") as ask:
                total = self._count(ask, "")
                counts = self._frequencies.of(
                    wanted, total, lambda term: self._count(ask, f'text_match(body, "{spelled(term)}")')
                )
        except ServerError:  # who asks has been told by the search; what can still be found is weighed evenly
            return dict.fromkeys(wanted, 1.0)
        return {term: math.log(1 + (total - count + 0.5) / (count + 0.5)) for term, count in counts.items()}

    def rows(self, keys: Sequence[tuple[int, Language]]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of these passages by their keys; one that is not there is left out."""
        found: dict[int, NDArray[np.float32]] = {}
        with self._asking() as ask:
            for batch in _batches([key for key, _ in keys]):
                wanted = {"filter": _among(batch), "output_fields": ["key", "vector"]}
                rows = ask("query", **wanted, consistency_level=self._consistency)
                found |= {int(row["key"]): np.asarray(row["vector"], np.float32) for row in rows}
        return found

    def keys(self) -> dict[Half, set[int]]:
        """Return every key in the collection, which holds both halves."""
        with self._asking() as ask:
            keys = {int(row["key"]) for rows in self._walk(ask, ["key"]) for row in rows}
        return {"keywords": keys, "dense": keys}

    def spoilt(self) -> int:
        """Read every vector, and count those that have not length one."""
        with self._asking() as ask:
            lengths = (
                np.linalg.norm(np.asarray([row["vector"] for row in rows]), axis=1)
                for rows in self._walk(ask, ["vector"])
            )
            return sum(int(np.sum(~(np.abs(each - 1) < 0.01))) for each in lengths)

    def files(self) -> list[Path]:
        """Return none: nothing of it is in the library's folder."""
        return []

    def ailing(self) -> dict[Half, str]:
        """Ask Milvus for a sign of life; return what is wrong with each half."""
        found: dict[Half, str] = {}
        for half in self._breakers:
            try:
                with self._asking(half) as ask:
                    ask("get_load_state")
            except ServerError as error:
                found[half] = str(error)
        return found

    def warm(self) -> None:
        """Leave it to Milvus what it keeps in memory; it may even be down."""

    def refresh(self) -> None:
        """Do nothing: Milvus shows what it has."""

    def clear(self) -> None:
        """Forget every passage of this library."""
        with self._asking() as ask:
            ask("drop_collection")
            self._collection = ""

    def close(self) -> None:
        """Let go of the connection; it is made again when it is needed.

        What was written is first brought into segments with indexes, which a server of one process does not do by
        itself while there is little of it.
        """
        if self._client and self._collection and self._written > -math.inf:
            with suppress(ServerError), self._asking() as ask:  # it is safe with Milvus as it is
                ask("flush")
        with self._lock:
            if self._client:
                self._client.close()
            self._client, self._collection = None, ""

    # --- the server -------------------------------------------------------------------------------------------------

    @contextmanager
    def _asking(self, half: Half | None = None) -> Iterator[_Ask]:
        """Give what calls Milvus for this library; for a half of a search, in a hurry, or not at all while it is down.

        Raises ServerError, LibraryDamaged.
        """
        deadline = self._hurry if half else self._patience
        with self._breakers[half].guarding() if half else nullcontext(), self._errors():
            client, collection = self._connected(deadline)
            yield lambda method, **arguments: getattr(client, method)(collection, timeout=deadline, **arguments)

    def _connected(self, deadline: float) -> tuple[Any, str]:
        client, collection = self._client, self._collection
        if client and collection:
            return client, collection
        if not self._lock.acquire(timeout=deadline):
            raise TimeoutError("somebody else is still waiting for it")
        try:
            if self._client is None:
                self._client = _client(self._options, deadline)
            if not self._collection:
                self._collection = self._created(deadline)
            return self._client, self._collection
        finally:
            self._lock.release()

    def _created(self, deadline: float) -> str:
        """Make the collection where it is not there."""
        name = f"regbrief_{self._name()}"
        if not self._client.has_collection(name, timeout=deadline):
            schema, indexes = _schema(self._client, self._dimension()), _indexes(self._client)
            self._client.create_collection(name, schema=schema, consistency_level="Bounded", timeout=self._patience)
            self._client.create_index(name, indexes, timeout=self._patience, sync=False)
        self._client.load_collection(name, timeout=self._patience)
        return name

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BotError:
            raise
        except Exception as error:  # MilvusException, gRPC's tree, and TimeoutError
            raise self._named(error) from error

    def _named(self, error: Exception) -> BotError:
        from pymilvus import MilvusException
        from pymilvus.exceptions import DataNotMatchException, ParamError

        what = " ".join(str(getattr(error, "message", "") or f"{type(error).__name__} {error}").split()).rstrip(".")
        missing = isinstance(error, MilvusException) and error.code in MISSING
        if missing or isinstance(error, DataNotMatchException | ParamError) or getattr(error, "code", 0) in UNFIT:
            self._collection = ""
            return LibraryDamaged(
                f"What Milvus at {self._url} holds is not this library: {what}.",
                hint="Run `regbrief doctor --rebuild`.",
            )
        return ServerError(
            f"Milvus at {self._url} does not answer as it should: {what}.",
            hint="Start it, wait for it, or correct REGBRIEF_SEARCH; nothing that was added is lost.",
        )

    # --- questions --------------------------------------------------------------------------------------------------

    @property
    def _consistency(self) -> str:
        return "Strong" if time.monotonic() - self._written < STALE else "Bounded"

    def _search(
        self, ask: _Ask, field: str, data: Any, expression: str, limit: int, parameters: Mapping[str, Any]
    ) -> Found:
        (hits,) = ask(
            "search",
            data=[data],
            anns_field=field,
            filter=expression,
            limit=limit,
            output_fields=["key"],
            search_params={"params": dict(parameters)},
            consistency_level=self._consistency,
        )
        # Milvus Lite gives BM25 scores with a minus sign (3.2.2), Milvus without
        sign = -1 if field != "vector" and any(hit["distance"] < 0 for hit in hits) else 1
        return [(int(hit["key"]), sign * float(hit["distance"])) for hit in hits]

    def _count(self, ask: _Ask, expression: str) -> int:
        (row,) = ask("query", filter=expression, output_fields=["count(*)"], consistency_level=self._consistency)
        return int(row["count(*)"])

    def _walk(self, ask: _Ask, fields: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        walk = ask("query_iterator", batch_size=BATCH, output_fields=list(fields), consistency_level="Strong")
        while rows := walk.next():
            yield rows
        walk.close()


_Ask = Callable[..., Any]

MISSING = (4, 100)
"""Codes of Milvus for a collection that is not there: the older one, and the present one."""

UNFIT = (6, 1100)
"""Codes for rows that do not fit the collection: of Milvus Lite, and of Milvus."""


def spelled(term: str) -> str:
    """Spell a term in ASCII letters and digits; no English word begins with a digit, and no number with 0x."""
    return term if term.isascii() and term.isalnum() else f"0x{term.encode().hex()}"


def _client(options: Mapping[str, str], deadline: float) -> Any:
    try:
        from pymilvus import MilvusClient  # takes a second: only those who search pay for it
    except ImportError as error:
        raise MissingExtra("REGBRIEF_SEARCH names Milvus.", hint="pip install 'regbrief[cluster]'") from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs each failure with its trace; ours says it once
    return MilvusClient(**options, timeout=deadline, grpc_options=UNHURRIED)


def _schema(client: Any, dimension: int) -> Any:
    from pymilvus import DataType, Function, FunctionType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("key", DataType.INT64, is_primary=True)
    schema.add_field("day", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    for name in ("article_id", "language", "source"):
        schema.add_field(name, DataType.VARCHAR, max_length=LONGEST)
    for name in ("title", "body"):
        searched = {"enable_analyzer": True, "enable_match": True, "analyzer_params": {"tokenizer": "standard"}}
        schema.add_field(name, DataType.VARCHAR, max_length=LONGEST, **searched)
        schema.add_field(f"{name}_terms", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(Function(f"{name}_bm25", FunctionType.BM25, [name], [f"{name}_terms"]))
    return schema


def _indexes(client: Any) -> Any:
    # one `params` in another: pymilvus takes the outer one apart, and Milvus Lite (3.2.2) wants to have it whole
    indexes = client.prepare_index_params()
    graph = {"params": {"M": 16, "efConstruction": 128}}
    indexes.add_index("vector", index_type="HNSW", metric_type="COSINE", params=graph)
    for name in ("title_terms", "body_terms"):
        weighing = {"params": {"bm25_k1": K1, "bm25_b": B}}
        indexes.add_index(name, index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=weighing)
    for name in ("day", "article_id", "language", "source"):
        indexes.add_index(name, index_type="INVERTED")
    return indexes


def _row(passage: Indexed) -> dict[str, Any]:
    entry: Entry = passage.entry
    return {
        "key": entry.key,
        "day": entry.published.toordinal() if entry.published else NO_DATE,
        "article_id": entry.article_id,
        "language": entry.language,
        "source": entry.source,
        "vector": passage.vector.tolist(),
        "title": _joined(entry.title),
        "body": _joined(entry.body),
    }


def _joined(terms: Iterable[str]) -> str:
    """Join terms, as many as a field holds."""
    text = " ".join(spelled(term) for term in terms)
    return text if len(text) <= LONGEST else text[: LONGEST + 1].rpartition(" ")[0]


def _weighted(terms: Mapping[str, float]) -> str:
    """Write terms as a text in which each stands as often as it counts."""
    return _joined(term for term, weight in terms.items() for _ in range(max(1, round(weight / STEP))))


def _expression(filters: Filters) -> str:
    """Say in Milvus's words what the filters let through."""
    parts = []
    if filters.since:
        parts.append(f"day >= {filters.since.toordinal()}")
    if filters.until:
        parts.append(f"day > {NO_DATE} and day <= {filters.until.toordinal()}")
    for field in ("language", "source", "article_id"):
        allowed = {"language": filters.languages, "source": filters.sources, "article_id": filters.article_ids}[field]
        if allowed:
            parts.append(f"{field} in {json.dumps(list(allowed), ensure_ascii=False)}")
    return " and ".join(parts)


def _among(keys: Iterable[int]) -> str:
    return f"key in {sorted(keys)}"


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    for at in range(0, len(items), BATCH):
        yield list(items[at : at + BATCH])
