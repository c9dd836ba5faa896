"""Vectors that have been made, by the text and the encoder: what is indexed again need not be encoded again.

Derived, as the indexes are: without the file everything still works, and takes longer. So one that is damaged is thrown
away. Vectors of passages that are no more are kept for a while, as they may come back.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.database import Database
from bot.encoder import Encoder
from bot.records import Language

KEPT = 20_000
"""Vectors of passages that are no more; the longest gone are forgotten first. Each takes about 0.9 kB."""

STORED = np.float16
"""Half the space, and at most a digit in the fourth place of a cosine."""

_NONE = 0
"""No passage has this key."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS encoded (
    name BLOB NOT NULL UNIQUE, passage INTEGER NOT NULL, dropped INTEGER, vector BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS encoded_by_passage ON encoded (passage);
CREATE INDEX IF NOT EXISTS encoded_dropped ON encoded (dropped) WHERE dropped IS NOT NULL;
"""


def named(fingerprint: str, text: str, language: Language) -> bytes:
    """Return the name of the vector that an encoder makes of a text."""
    content = "\0".join((fingerprint, language, text))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()[:16]


def packed(vector: NDArray[np.float32]) -> bytes:
    """Return a vector as it is kept."""
    return vector.astype(STORED).tobytes()


class Encoded(Database):
    """Encodes passages, each text once. Only the one writer uses it."""

    def __init__(self, path: Path, encoder: Encoder) -> None:
        super().__init__(path)
        self._encoder = encoder
        try:
            self._connection.executescript(_SCHEMA)
            self._connection.execute("SELECT count(*) FROM encoded WHERE dropped IS NOT NULL")
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # the disk, not the file
                raise self._named(error) from error
            self._begin_anew()

    def encode(
        self,
        keys: Sequence[int],
        texts: Sequence[str],
        languages: Sequence[Language],
        *,
        made: Mapping[int, NDArray[np.float32]] | None = None,
    ) -> NDArray[np.float32]:
        """Return the vectors of passages, given by their keys in the catalog, in order; shape (texts, dimension).

        A vector is the same whether it is made or remembered, or has been `made` elsewhere.
        """
        names = [self._name(text, language) for text, language in zip(texts, languages, strict=True)]
        found = self._found(names)
        found |= {name: packed(made[key]) for name, key in zip(names, keys, strict=True) if made and key in made}
        new = {name: at for at, name in enumerate(names) if name not in found}
        if new:
            places = list(new.values())
            rows = self._encoder.encode(
                [texts[at] for at in places], kind="passage", languages=[languages[at] for at in places]
            )
            found |= {name: packed(row) for name, row in zip(new, rows, strict=True)}
        self._keep([(name, key, found[name]) for name, key in zip(names, keys, strict=True)])
        joined = np.frombuffer(b"".join(found[name] for name in names), STORED).astype(np.float32)
        vectors = joined.reshape(len(names), -1)
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def keep(self, vectors: Mapping[bytes, bytes]) -> None:
        """Keep vectors that were made elsewhere, `packed` and by name, of passages that are yet to come."""
        now = time.time_ns()
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO encoded (name, passage, dropped, vector) VALUES (?,?,?,?) ON CONFLICT (name) DO NOTHING",
                [(name, _NONE, now, vector) for name, vector in vectors.items()],
            )

    def drop(self, keys: Iterable[int] | None = None) -> None:
        """Note that passages are no more; all of them, where none are named."""
        which = "1" if keys is None else "passage IN (SELECT value FROM json_each(?))"
        values = () if keys is None else (json.dumps(list(keys)),)
        with self._transaction() as db:
            db.execute(f"UPDATE encoded SET dropped = ? WHERE {which}", (time.time_ns(), *values))

    def trim(self) -> None:
        """Forget the vectors of the longest gone passages, but for KEPT."""
        with self._transaction() as db:
            db.execute(
                "DELETE FROM encoded WHERE rowid IN (SELECT rowid FROM encoded WHERE dropped IS NOT NULL"
                " ORDER BY dropped DESC, rowid DESC LIMIT -1 OFFSET ?)",
                (KEPT,),
            )

    def _found(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        marks = ",".join("?" * len(names))
        return dict(self._all(f"SELECT name, vector FROM encoded WHERE name IN ({marks})", *names))

    def _keep(self, rows: Sequence[tuple[bytes, int, bytes]]) -> None:
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO encoded (name, passage, vector) VALUES (?,?,?) ON CONFLICT (name) DO UPDATE SET"
                " passage = excluded.passage, dropped = NULL, vector = excluded.vector",
                rows,
            )

    def _name(self, text: str, language: Language) -> bytes:
        return named(self._encoder.fingerprint, text, language)

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _begin_anew(self) -> None:
        self.close()
        for path in self._path.parent.glob(f"{self._path.name}*"):
            path.unlink()
        self._connection.executescript(_SCHEMA)
