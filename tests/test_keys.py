"""Keys: shown once, kept as hashes, revoked at once."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.errors import InputError, SettingsError
from bot.serve.keys import FORM, Keys, public


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "etc" / "keys.json")


@pytest.mark.parametrize("name", ["Newsroom bot", "编辑部", "編輯部"], ids=["en", "zh-Hans", "zh-Hant"])
def test_a_key_that_was_made_is_known_again(keys: Keys, name: str) -> None:
    key, token = keys.make(name, "admin")
    assert (key.name, key.scope, keys.find(token)) == (name, "admin", key)


def test_a_key_is_in_no_file(keys: Keys) -> None:
    _, token = keys.make("desk", "read")
    secret = FORM.fullmatch(token)[2]  # type: ignore[index]
    assert all(secret not in path.read_text("utf-8") for path in keys.path.parent.iterdir())


def test_only_the_owner_may_read_the_file(keys: Keys) -> None:
    keys.make("desk", "read")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


def changed(token: str, place: int) -> str:
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


def test_a_key_with_another_letter_is_not_known(keys: Keys) -> None:
    _, token = keys.make("desk", "read")
    assert [keys.find(changed(token, place)) for place in (13, 30, len(token) - 1)] == [None, None, None]


@pytest.mark.parametrize("token", ["", "rgb_", "sk-1234", "rgb_00000000_" + "A" * 43, "rgb_" + "密" * 52])
def test_what_is_no_key_is_not_known(keys: Keys, token: str) -> None:
    keys.make("desk", "read")
    assert keys.find(token) is None


def test_what_another_process_revokes_is_refused_from_then_on(keys: Keys) -> None:
    server = Keys(keys.path)
    _, token = keys.make("desk", "read")
    assert server.find(token)
    keys.revoke("desk")
    assert server.find(token) is None


def test_a_file_that_is_gone_or_broken_lets_nobody_in(keys: Keys) -> None:
    _, token = keys.make("desk", "read")
    keys.path.write_text("{", "utf-8")
    assert keys.find(token) is None
    keys.path.unlink()
    assert keys.find(token) is None


def test_a_broken_file_is_named_with_the_fix(keys: Keys) -> None:
    keys.make("desk", "read")
    keys.path.write_text("[{}]", "utf-8")
    with pytest.raises(SettingsError, match="holds no keys that can be read") as raised:
        keys.make("other", "read")
    assert raised.value.hint == "Name a file that `regbrief keys make` has written, or may write."


def test_a_name_is_used_once(keys: Keys) -> None:
    keys.make("desk", "read")
    with pytest.raises(InputError, match="There is a key named 'desk'"):
        keys.make("desk", "admin")


@pytest.mark.parametrize("name", ["", " x", "a\nb", "x" * 65, "<b>"])
def test_a_name_that_a_log_could_not_show_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        keys.make(name, "read")


# ---- command line ----


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["regbrief", "keys", *words])
    with pytest.raises(SystemExit) as done:
        main()
    printed = capsys.readouterr()
    return int(done.value.code or 0), printed.out, printed.err


def test_a_key_is_made_listed_and_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("REGBRIEF_API_KEYS", str(path))
    status, token, said = run(monkeypatch, capsys, "make", "編輯部", "--scope", "admin")
    key = Keys(path).find(token.strip())
    assert (status, said) == (0, "Key '編輯部' (admin). Keep it: it is not shown again.\n")
    assert key
    listed = run(monkeypatch, capsys, "list", "--json")[1]
    assert json.loads(listed) == [public(key)]
    assert "sha256" not in public(key)
    assert run(monkeypatch, capsys, "revoke", key.id) == (0, "", f"Revoked '編輯部' ({key.id}).\n")
    assert Keys(path).all() == ()


def test_without_a_file_the_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REGBRIEF_API_KEYS", raising=False)
    status, out, said = run(monkeypatch, capsys, "make", "desk")
    assert (status, out) == (1, "")
    assert said == "regbrief: No file of keys is named. Set REGBRIEF_API_KEYS to a path, or give --file.\n"
