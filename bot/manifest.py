"""What an index was built with: in the library's folder beside it, or, for one on a server, in the catalog."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.catalog import Catalog
from bot.errors import LibraryDamaged, LibraryMismatch

EMBEDDED = "embedded"
"""The search engine whose indexes are in the folder, also where a manifest names none."""

REBUILD = "Run `regbrief doctor --rebuild`."

_FACT = "manifest"


class Manifest:
    """What the index of one library was built with."""

    def __init__(self, folder: Path, catalog: Catalog, *, engine: str) -> None:
        """Name the folder, and the search engine whose index it is."""
        self.path = folder / "manifest.json"
        self._catalog = catalog
        self._engine = engine

    def check(self, wanted: Mapping[str, object]) -> None:
        """Compare what the index was built with to what it would be built with now.

        Raises LibraryMismatch, and LibraryDamaged where there should be a manifest and is none.
        """
        built_with = self._read()
        if built_with is None:
            if self._catalog.passage_count():
                raise LibraryDamaged(f"{str(self.path)!r} is missing.", hint=REBUILD)
            return
        built_with, now = {"search": EMBEDDED} | built_with, {**wanted, "search": self._engine}
        differing = [name for name in now if built_with.get(name) != now[name]]
        if differing:
            name = differing[0]
            raise LibraryMismatch(
                f"The library in {str(self.path.parent)!r} was built with {name} {built_with.get(name)!r}, "
                f"but this is {name} {now[name]!r}.",
                hint="Run `regbrief doctor --rebuild`, or set "
                f"REGBRIEF_{'SEARCH' if name == 'search' else 'ENCODER'} or REGBRIEF_INDEXES to the other one.",
            )

    def write(self, wanted: Mapping[str, object]) -> None:
        """Note what the index is built with, unless that is noted."""
        if self._engine != EMBEDDED:
            self._catalog.facts.note(_FACT, json.dumps({**wanted, "search": self._engine}))
        elif not self.path.exists():
            draft = self.path.with_suffix(".new")
            draft.write_text(json.dumps(wanted, indent=2) + "\n", "utf-8")
            draft.replace(self.path)

    def clear(self) -> None:
        """Forget it: the index is about to be built anew."""
        self.path.unlink(missing_ok=True)
        self._catalog.facts.forget(_FACT)

    def _read(self) -> dict[str, Any] | None:
        """Read that of this engine's index; where it has none, that of the other place."""
        places = (self._beside, self._in_catalog)
        found = (read() for read in (places if self._engine == EMBEDDED else reversed(places)))
        return next((each for each in found if each is not None), None)

    def _beside(self) -> dict[str, Any] | None:
        if not self.path.exists():
            return None
        try:
            return dict(json.loads(self.path.read_text("utf-8")))
        except (ValueError, TypeError) as error:
            raise LibraryDamaged(f"The manifest {str(self.path)!r} is not JSON: {error}.", hint=REBUILD) from error

    def _in_catalog(self) -> dict[str, Any] | None:
        text = self._catalog.facts.get(_FACT)
        return None if text is None else dict(json.loads(text))
