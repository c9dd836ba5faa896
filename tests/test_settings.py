"""Settings come from REGBRIEF_* once; what is passed wins; what cannot be used is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import PROJECT, Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"REGBRIEF_{name.upper()}", raising=False)


def test_everything_has_a_default() -> None:
    settings = Settings.read()
    assert (settings.indexes, settings.corpus) == (PROJECT / "indexes", PROJECT / "corpus")
    assert (settings.llm, settings.encoder, settings.host, settings.port) == (
        "extractive",
        "bundled",
        "127.0.0.1",
        7860,
    )


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIEF_INDEXES", "/srv/新聞")
    monkeypatch.setenv("REGBRIEF_PORT", "8000")
    assert (Settings.read().indexes, Settings.read().port) == (Path("/srv/新聞"), 8000)


def test_what_is_passed_wins_unless_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIEF_PORT", "8000")
    assert (Settings.read(port=9000).port, Settings.read(port=None).port) == (9000, 8000)


@pytest.mark.parametrize(
    ("name", "value"), [("port", "seventy"), ("port", "70000"), ("port", "-1")], ids=["word", "too-high", "negative"]
)
def test_a_value_that_cannot_be_used_is_named_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"REGBRIEF_{name.upper()}", value)
    with pytest.raises(SettingsError) as raised:
        Settings.read()
    assert raised.value.message.startswith(f"A setting cannot be used: {name}={value!r}: ")
    assert raised.value.hint == "Correct it or unset its REGBRIEF_ variable."
    assert "\n" not in str(raised.value)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="indices='x': Extra inputs are not permitted"):
        Settings.read(indices="x")


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.read().port = 1  # type: ignore[misc]


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIEF_ENCODER_KEY", "sk-secret")
    assert "sk-secret" not in repr(Settings.read())


@pytest.mark.parametrize("value", ["", "openai", "Openai:gpt", "openai:", ":m", "gguf: "])
def test_a_language_model_that_nobody_can_be_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="use extractive, gguf:PATH, transformers:PATH_OR_NAME or provider:model"):
        Settings.read(llm=value)


@pytest.mark.parametrize("value", ["extractive", "gguf:/models/a b.gguf", "openai:gpt-5", "google_genai:gemini-3"])
def test_language_models_are_named_so(value: str) -> None:
    assert Settings.read(llm=value).llm == value


def test_the_key_of_a_language_model_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGBRIEF_LLM_KEY", "sk-secret")
    with pytest.raises(SettingsError) as raised:
        Settings.read(llm_base_url="ftp://x")
    assert "sk-secret" not in f"{Settings.read()!r} {raised.value}"
