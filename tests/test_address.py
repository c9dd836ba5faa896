"""Where a library is, in one line: read into settings, written without passwords."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.address import read_address, without_passwords
from bot.errors import InputError, LibraryLocked, SettingsError
from bot.lock import writer
from bot.settings import Settings

CLUSTER = "news,postgresql://u:s3cret@db/news,milvus:http://root:s3cret@host:19530"


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        pytest.param("news", ("news", "", "embedded", ""), id="folder"),
        pytest.param("/srv/新闻, 2026", ("/srv/新闻, 2026", "", "embedded", ""), id="comma-zh-Hans"),
        pytest.param("新聞,milvus:https://h", ("新聞", "", "milvus:https://h", ""), id="milvus-zh-Hant"),
        pytest.param("n,chroma:http://h?tenant=a", ("n", "", "embedded", "http://h?tenant=a"), id="chroma"),
        pytest.param("n,postgres://u:a,b@h/x", ("n", "postgres://u:a,b@h/x", "embedded", ""), id="comma-in-password"),
        pytest.param(
            CLUSTER,
            ("news", "postgresql://u:s3cret@db/news", "milvus:http://root:s3cret@host:19530", ""),
            id="cluster",
        ),
    ],
)
def test_an_address_says_where_each_part_is(address: str, parts: tuple[str, ...]) -> None:
    assert tuple(read_address(address).values()) == parts


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "it begins with no folder"),
        ("postgresql://u:s3cret@h/x", "it begins with no folder"),
        ("milvus:http://h", "it begins with no folder"),
        ("elastic:http://u:s3cret@h", "it begins with no folder"),
        ("n,milvus:ftp://u:s3cret@h", "'milvus:ftp://u@h' is no server's address"),
        ("n,postgresql:u:s3cret@h", "is no server's address"),
        ("n,milvus:http://a,milvus:http://b", "it names search twice"),
        ("n,milvus:http://a,chroma:http://b", "Milvus and Chroma would both hold the vectors"),
    ],
)
def test_what_is_no_address_is_refused_with_the_form(address: str, why: str) -> None:
    with pytest.raises(InputError) as raised:
        read_address(address)
    assert why in raised.value.message
    assert raised.value.hint.startswith("Use FOLDER, and after it, with commas, postgresql://USER@HOST/DATABASE")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (CLUSTER, "news,postgresql://u@db/news,milvus:http://host:19530"),
        ("n,postgresql://u:a@b/c@h:5/x?sslpassword=s3cret&a=b", "n,postgresql://u@h:5/x?sslpassword=…&a=b"),
        ("n,milvus:https://token@h", "n,milvus:https://h"),
        ("regbrief sync --fresh a:b@c", "regbrief sync --fresh a:b@c"),
    ],
)
def test_passwords_are_not_shown(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_settings_take_an_address_and_keep_the_rest() -> None:
    settings = Settings.read(encoder="hf:x", search="milvus:http://old", indexes="old").at(CLUSTER)
    assert (settings.indexes, settings.search, settings.encoder) == (
        Path("news"),
        "milvus:http://root:s3cret@host:19530",
        "hf:x",
    )
    assert settings.catalog.get_secret_value() == "postgresql://u:s3cret@db/news"
    assert settings.address == "news,postgresql://u@db/news,milvus:http://host:19530"
    assert settings.at("folder").address == "folder"


def test_the_error_of_a_setting_shows_no_password_of_an_address() -> None:
    with pytest.raises(SettingsError, match="search='milvus:ftp://u@h': ") as raised:
        Settings.read(search="milvus:ftp://u:s3cret@h")
    assert "s3cret" not in f"{raised.value} {raised.value.__cause__}"
    with pytest.raises(SettingsError, match="cannot be used: Value error, REGBRIEF_CHROMA_URL and") as raised:
        Settings.read(search="milvus:http://h", chroma_url="http://h", llm_key="s3cret")
    assert "s3cret" not in f"{raised.value} {raised.value.__cause__}"


def test_who_waits_for_a_copy_is_told_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/regbrief", "copy", "--from", CLUSTER])
    with writer(tmp_path), pytest.raises(LibraryLocked) as raised, writer(tmp_path):
        pass
    assert "(regbrief copy --from news,postgresql://u@db/news,milvus:http://host:19530)" in raised.value.message


@pytest.mark.parametrize(("name", "value"), [("catalog", "postgresql://u:s3cret@h/x"), ("search", "milvus:http://h")])
@pytest.mark.parametrize("what", ["backup", "restore", "--salvage"])
def test_what_works_on_files_names_what_is_on_a_server_and_the_way_out(name: str, value: str, what: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.read(**{name: value}).in_folder(what)
    assert raised.value.message == f"REGBRIEF_{name.upper()} is set, but {what} works on a library in a folder."
    assert raised.value.hint == "Bring the library into one first: `regbrief copy --to FOLDER`."
