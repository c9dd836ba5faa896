"""Where servers that share a catalog tell each other of their jobs; a server that shares none has nobody to tell."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime, timedelta

from bot.catalog import Catalog
from bot.errands import Errand

REMEMBERED = timedelta(days=1)
"""For so long after the last word on it, a job is remembered."""

LISTED = 500
"""Jobs of other servers that are listed at most."""


class Board:
    """The jobs of all servers on one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @property
    def shared(self) -> bool:
        """Whether other servers may read here."""
        return self._catalog.shared

    def begin(self, errand: Errand) -> None:
        """Tell of a new job, and forget those that ended long ago. Raises ServerError."""
        if self.shared:
            self._catalog.errands.forget(datetime.now(UTC) - REMEMBERED)
            self._catalog.errands.note(errand)

    def tell(self, errand: Errand) -> bool:
        """Tell how far a job is; say whether somebody wants it to end. Raises ServerError."""
        return self.shared and self._catalog.errands.note(errand)

    def told(self, job_id: str) -> Errand | None:
        """Return what another server has told of its job."""
        return self._catalog.errands.get(job_id) if self.shared else None

    def others(self, own: Container[str]) -> list[Errand]:
        """Return the jobs of other servers, newest first."""
        return [each for each in self._catalog.errands.newest(LISTED) if each.job.id not in own] if self.shared else []

    def stop(self, job_id: str) -> None:
        """Ask another server to let its job end."""
        self._catalog.errands.stop(job_id)
