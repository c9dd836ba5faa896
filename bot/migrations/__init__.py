"""The versions of the catalog's tables, one a file in `versions`, which Alembic brings a library through in order."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect

from bot.errors import LibraryMismatch
from bot.schema import HEAD, metadata, versions


def migrate(db: Connection) -> None:
    """Make the tables, or bring those of an older version up to date, inside a transaction that keeps others out.

    Raises LibraryMismatch for those of a newer one.
    """
    tables = set(inspect(db).get_table_names())
    if "articles" not in tables:
        metadata.create_all(db)
        db.execute(insert(versions).values(version_num=HEAD))
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": db})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise LibraryMismatch(f"The catalog is of a newer version: {error}.", hint="Update Regbrief.") from error
