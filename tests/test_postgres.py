"""A PostgreSQL server that is not there, too slow, or of another version is named, and gives no secret away."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from serving import probed

from bot import postgres as module
from bot.catalog import Catalog
from bot.engine import Regbrief
from bot.errors import BotError, LibraryLocked, LibraryMismatch, ServerError, SettingsError
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library, Places
from bot.passages import passages
from bot.records import Article, Filters
from bot.settings import Settings

if TYPE_CHECKING:
    from postgres_server import PostgresServer


@pytest.mark.parametrize(
    "address", ["postgresql://u:s3cret@/x y", "mysql://u:s3cret@localhost/news", "postgresql:/u:s3cret@localhost"]
)
def test_an_address_that_is_none_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("REGBRIEF_CATALOG", address)
    with pytest.raises(SettingsError) as raised:
        Settings.read()
    assert "catalog=**********" in str(raised.value)
    assert "s3cret" not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_what_works_on_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIEF_CATALOG", "postgresql://u:s3cret@localhost/news")
    with pytest.raises(SettingsError, match="REGBRIEF_CATALOG is set, but backup works on a library in a folder"):
        Settings.read().in_folder("backup")


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServerError) as raised:
        Catalog(f"postgresql://u:s3cret@127.0.0.1:{port}/news?password=s3cret")
    assert raised.value.message.startswith(f"The catalog postgresql://127.0.0.1:{port}/news does not answer")
    assert "s3cret" not in str(raised.value)


@pytest.mark.cluster
def test_a_catalog_is_there_again_when_its_server_is(postgres: PostgresServer) -> None:
    catalog = Catalog(postgres.database())
    catalog.put([(Article("a", "新聞", "內文。", "zh-Hant"), [])])
    postgres.stop()
    with pytest.raises(ServerError):
        catalog.count(Filters())
    postgres.start()
    assert catalog.count(Filters()) == 1
    catalog.close()


@pytest.mark.cluster
def test_a_server_that_stands_still_is_not_waited_for(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 2)
    catalog = Catalog(postgres.database())
    backends = postgres.processes()
    for each in backends:
        os.kill(each, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(ServerError):
            catalog.count(Filters())
        assert time.monotonic() - started < 2 * (module.PATIENCE + module.GRACE + module.CONNECTING)
    finally:
        for each in backends:
            os.kill(each, signal.SIGCONT)
    assert catalog.count(Filters()) == 0
    catalog.close()


@pytest.mark.cluster
def test_a_writer_that_is_held_up_for_long_gives_up(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1)
    address = postgres.database()
    catalog = Catalog(address)
    with psycopg.connect(address) as db:
        db.execute("LOCK TABLE reports")
        with pytest.raises(LibraryLocked, match="is held by another writer"):
            catalog.forget_stories()
    catalog.forget_stories()
    catalog.close()


@pytest.mark.cluster
def test_a_catalog_of_a_newer_version_is_left_alone(postgres: PostgresServer) -> None:
    address = postgres.database()
    Catalog(address).close()
    with psycopg.connect(address) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LibraryMismatch, match="is of a newer version"):
        Catalog(address)


@pytest.mark.cluster
@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_is_no_text_is_refused_or_not_found(postgres: PostgresServer, text: str) -> None:
    catalog = Catalog(postgres.database())
    with pytest.raises(BotError):
        catalog.article(text)
    catalog.close()


@pytest.mark.cluster
def test_work_is_taken_by_one_and_taken_over_when_it_ends(postgres: PostgresServer) -> None:
    address = postgres.database()
    one, other = Catalog(address), Catalog(address)
    texts = [Article(f"a{number}", f"新聞{number}", "內文。", "zh-Hant") for number in range(4)]
    one.put((each, passages(each)) for each in texts)
    mine, theirs = one.to_index(3), other.to_index(9)
    assert [[each.article.id for each in taken] for taken in (mine, theirs)] == [["a0", "a1", "a2"], ["a3"]]
    one.mark_indexed([mine[0].key])
    other.remove(["a1"])  # what another is writing to the indexes may not be dropped before it is there
    assert (other.to_drop(), [each.article.id for each in other.to_index(9)]) == ([], ["a3"])
    one.mark_indexed([mine[1].key])
    assert other.to_drop() == [(mine[1].key, "zh-Hant")]
    one.close()
    assert [each.article.id for each in other.to_index(9)] == ["a2", "a3"]
    other.close()


@pytest.mark.cluster
def test_while_the_server_is_down_the_api_says_503_and_names_it(
    postgres: PostgresServer, tmp_path: Path, encoder: Any, articles: tuple[Article, ...]
) -> None:
    address = postgres.database()
    library = Library(tmp_path, encoder, Analyzer(), places=Places(catalog=address))
    library.add(articles)
    client = probed(Regbrief.from_library(library, encoder=encoder, glossary=Glossary()))
    postgres.stop()
    for path in ("search?q=屏蔽网址链接", "articles", "health"):
        refused = client.get(f"/api/v1/{path}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "server_failed")
        assert refused.json()["error"]["message"] == "The server of the catalog does not answer as it should."
        assert "s3cret" not in refused.text
    ready = client.get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()) == (503, {"status": "server_failed"})
    postgres.start()
    assert client.get("/api/v1/search", params={"q": "屏蔽网址链接"}).json()[0]["article_id"] == "links-hans"
    assert (client.get("/api/v1/health").json()["articles"], library.problems()) == (3, [])
    library.close()


def test_the_password_is_no_part_of_what_settings_show() -> None:
    shown = repr(Settings.read(catalog="postgresql://u:s3cret@localhost/news", indexes=Path("x")))
    assert "s3cret" not in shown
