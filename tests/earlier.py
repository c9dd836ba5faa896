"""Libraries as earlier versions have left them."""

from __future__ import annotations

import sqlite3


def unversion(db: sqlite3.Connection) -> None:
    """Make the tables of a catalog what they were before tables had versions."""
    db.execute("DROP TABLE alembic_version")
    db.execute("DROP TABLE errands")
    db.execute("DELETE FROM facts WHERE name = 'signatures'")
    for table in ("passages", "obsolete"):
        db.execute(f"ALTER TABLE {table} DROP COLUMN claim")
