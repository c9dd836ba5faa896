"""Catalogs of every version open, keep what they hold, and have the tables of the newest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from bot.catalog import Catalog
from bot.errors import LibraryMismatch
from bot.outcomes import Feed
from bot.records import Filters
from bot.schema import HEAD
from bot.stories import Told

UNVERSIONED = Path(__file__).parent / "catalogs" / "unversioned.sql"
"""A catalog as the last version without versions of tables left it; an article still waits for the indexes."""


@pytest.fixture
def unversioned(tmp_path: Path) -> Path:
    path = tmp_path / "unversioned.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(UNVERSIONED.read_text("utf-8"))
    return path


def tables(path: Path) -> dict[str, Any]:
    """Describe the tables and indexes of a catalog, but for the order of columns."""
    look = inspect(create_engine(f"sqlite:///{path}"))
    return {
        name: (
            sorted((column["name"], str(column["type"])) for column in look.get_columns(name)),
            sorted(
                (
                    each["name"],
                    each["column_names"],
                    str(each["dialect_options"].get("sqlite_where")).replace(chr(34), ""),
                )
                for each in look.get_indexes(name)
            ),
            [column["name"] for column in look.get_columns(name) if column["primary_key"]],
        )
        for name in look.get_table_names()
    }


def test_a_catalog_from_before_versions_keeps_what_it_holds(unversioned: Path) -> None:
    catalog = Catalog(unversioned)
    assert [each.id for each in catalog.articles(Filters())] == [
        "alipay-hant",
        "copy-en",
        "fine-en",
        "19b49bc5c3fcab2f",
        "late",
    ]
    assert catalog.told(["fine-en", "copy-en", "late"]) == dict.fromkeys(
        ["fine-en", "copy-en"], Told("copy-en", "copy-en")
    )
    assert [each.article.id for each in catalog.to_index(9)] == ["late"]
    assert catalog.subscriptions.feeds() == [Feed("https://example.org/feed", "Example")]
    assert [(each.path, each.files) for each in catalog.files.folders()] == [("/srv/news", 1)]
    assert [each.question for each in catalog.judgements.newest()] == ["Who was fined?"]
    assert catalog.store.check() == []
    catalog.close()


def test_a_catalog_from_before_versions_gets_the_tables_of_a_new_one(unversioned: Path, tmp_path: Path) -> None:
    Catalog(unversioned).close()
    Catalog(tmp_path / "new.sqlite").close()
    assert tables(unversioned) == tables(tmp_path / "new.sqlite")


def test_a_new_catalog_has_the_newest_version(tmp_path: Path) -> None:
    versions = Path(__file__).parent.parent / "bot" / "migrations" / "versions"
    assert max(path.name for path in versions.glob("v*.py")).startswith(f"v{HEAD}_")
    Catalog(tmp_path / "new.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "new.sqlite")) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


def test_a_catalog_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    Catalog(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LibraryMismatch, match="is of a newer version"):
        Catalog(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_an_upgrade_that_fails_changes_nothing(unversioned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(unversioned)) as db, db:
        db.execute("ALTER TABLE obsolete ADD COLUMN claim INTEGER")  # what the last step would add
        before = "\n".join(db.iterdump())
    with pytest.raises(Exception, match="duplicate column name: claim"):
        Catalog(unversioned)
    with closing(sqlite3.connect(unversioned)) as db:
        assert "\n".join(db.iterdump()) == before
