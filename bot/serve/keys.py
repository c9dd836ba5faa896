"""The keys that open the server to programs and people: made once, kept as hashes, revoked at once.

A key is `rgb_ID_SECRET`. The secret is 256 random bits, so nobody can search for it, and a fast hash (SHA-256) keeps it
as safely as a slow one would; slow hashes are for passwords, which people choose. The identifier says which hash to
compare with, in a time that does not depend on where the two differ.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from bot.errors import InputError, SettingsError

Scope = Literal["read", "admin"]
"""`read` may ask, search and read; `admin` may also add and remove articles, feeds and keys."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
FORM = re.compile(r"rgb_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key."""

    id: str
    name: str
    scope: Scope
    sha256: str
    created: datetime


_KEYS = TypeAdapter(list[Key])
_NOTHING = hashlib.sha256(b"").hexdigest()


class Keys:
    """A file of keys. What another process writes to it counts from the next request on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """Return the keys, oldest first. Raises SettingsError where the file cannot be read."""
        try:
            about = self.path.stat()
            state = (about.st_mtime_ns, about.st_size, about.st_ino)
            if state != self._seen:
                self._keys, self._seen = tuple(_KEYS.validate_json(self.path.read_bytes())), state
        except FileNotFoundError:
            self._keys, self._seen = (), None
        except (OSError, ValidationError) as error:
            raise SettingsError(
                f"REGBRIEF_API_KEYS={self.path}: the file holds no keys that can be read ({type(error).__name__}).",
                hint="Name a file that `regbrief keys make` has written, or may write.",
            ) from error
        return self._keys

    def find(self, token: str) -> Key | None:
        """Return the key that a client has sent, or None."""
        parts = FORM.fullmatch(token)
        if not parts:
            return None
        found = self.get(parts[1])
        kept = found.sha256 if found else _NOTHING
        return found if hmac.compare_digest(_hash(token), kept) and found else None

    def get(self, key_id: str) -> Key | None:
        """Return the key with an identifier, or None; a file that cannot be read lets nobody in."""
        try:
            return next((each for each in self.all() if each.id == key_id), None)
        except SettingsError as error:
            log.error("No key is accepted: %s", error)
            return None

    def make(self, name: str, scope: Scope) -> tuple[Key, str]:
        """Add a key; return it with its text, which is kept nowhere. Raises InputError where the name is in use."""
        if not re.fullmatch(r"\w[\w .@-]{0,63}", name):
            raise InputError(f"The name {name!r} cannot be used.", hint="Use up to 64 letters, digits, spaces, . @ -")
        with self._lock():
            kept = self.all()
            if any(each.name == name for each in kept):
                raise InputError(f"There is a key named {name!r}.", hint="Revoke it, or take another name.")
            key_id = secrets.token_hex(4)
            token = f"rgb_{key_id}_{secrets.token_urlsafe(32)}"
            key = Key(key_id, name, scope, _hash(token), datetime.now(UTC).replace(microsecond=0))
            self._write((*kept, key))
        return key, token

    def revoke(self, which: str) -> Key:
        """Remove the key with this name or identifier. Raises InputError where there is none."""
        with self._lock():
            kept = self.all()
            found = next((each for each in kept if which in (each.name, each.id)), None)
            if found is None:
                raise InputError(f"There is no key {which!r}.", hint="See `regbrief keys list`.")
            self._write([each for each in kept if each != found])
        return found

    def _lock(self) -> FileLock:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        return FileLock(f"{self.path}.lock", timeout=10, mode=0o600)

    def _write(self, keys: Sequence[Key]) -> None:
        text = json.dumps(_KEYS.dump_python(list(keys), mode="json"), ensure_ascii=False, indent=1)
        try:
            number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # of mode 0600
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(f"{text}\n")
            os.replace(name, self.path)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"REGBRIEF_API_KEYS={self.path}: the file cannot be written ({error.strerror}).",
            hint="Name a file in a folder that you may write to.",
        )


def public(key: Key) -> dict[str, str]:
    """Return what may be shown of a key: all but its hash."""
    return {name: str(value) for name, value in asdict(key).items() if name != "sha256"}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
