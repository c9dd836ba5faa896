"""The command line: JSON and nothing else on stdout, talk on stderr, exit statuses that scripts can rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot import to_json
from bot.bars import Bars
from bot.cli import main
from bot.library import Library
from bot.records import Article
from bot.weighing import Model

EN = "date 2021-04-10 Acme fined 1.5 million\n\nThe regulator fined Acme 1.5 million yuan on Saturday.\n"
HANS = "---\nid: hans\ntitle: 支付新规\npublished: 2021-09-13\nsource: 示例报\n---\n流明支付须开放外部链接。\n"
HANT = '{"id": "hant", "title": "支付新規", "body": "流明支付的貸款業務須分拆。", "published": "2021-09-14"}\n'


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    encoder: Any,
    fixed_model: Model,
) -> Run:
    """Run `regbrief` in this process, on a library of its own and with the tests' encoder."""
    monkeypatch.setattr("bot.materials.open_encoder", lambda *_, **__: encoder)
    monkeypatch.setenv("REGBRIEF_INDEXES", str(tmp_path / "indexes"))
    monkeypatch.setenv("REGBRIEF_CORPUS", str(tmp_path / "corpus"))

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["regbrief", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """A folder with an article in each language, each in another form."""
    folder = tmp_path / "news"
    folder.mkdir()
    for name, content in (("en.txt", EN), ("hans.md", HANS), ("hant.jsonl", HANT)):
        (folder / name).write_text(content, "utf-8")
    return folder


@pytest.fixture
def full(run: Run, news: Path) -> Run:
    assert run("ingest", news).status == 0
    return run


def counts(**changes: Any) -> dict[str, Any]:
    return {"added": 0, "updated": 0, "unchanged": 0, "duplicates": 0, "failed": [], "partial": []} | changes


def test_ingest_prints_its_counts_as_json_and_progress_elsewhere(run: Run, news: Path) -> None:
    first, second = run("ingest", news, "--json"), run("ingest", news, "--json")
    assert (first.status, json.loads(first.out)) == (0, counts(added=3))
    assert (second.status, json.loads(second.out)) == (0, counts(unchanged=3))
    assert "Reading" in first.err


def test_ingest_without_json_says_nothing_on_stdout(run: Run, news: Path) -> None:
    done = run("ingest", news)
    assert (done.status, done.out) == (0, "")
    assert "added 3, updated 0, unchanged 0, duplicates 0, failed 0" in done.err


def test_ingest_names_what_cannot_be_read_and_adds_the_rest(run: Run, news: Path) -> None:
    (news / "bad.md").write_bytes(b"")
    why = "The file is empty. Check that it was written completely."
    done = run("ingest", news, "--json")
    assert (done.status, json.loads(done.out)) == (
        0,
        counts(added=3, failed=[{"where": str(news / "bad.md"), "why": why}]),
    )
    assert f"{news / 'bad.md'}: {why}" in run("ingest", news).err


def test_ingest_that_reads_nothing_at_all_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(b"")
    assert run("ingest", tmp_path / "bad.md").status == 1


def test_ingest_takes_the_corpus_by_default(run: Run, news: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    news.rename(tmp_path / "corpus" / "articles")
    assert json.loads(run("ingest", "--json").out) == counts(added=3)


ASKED = [
    pytest.param("How much did the regulator fine Acme?", "en", EN.splitlines()[2], id="en"),
    pytest.param("流明支付须开放什么链接？", "zh-Hans", "流明支付须开放外部链接。", id="zh-Hans"),
    pytest.param("流明支付的什麼業務須分拆？", "zh-Hant", "流明支付的貸款業務須分拆。", id="zh-Hant"),
]


@pytest.mark.parametrize(("question", "language", "quote"), ASKED)
def test_ask_prints_the_whole_answer_as_json(full: Run, question: str, language: str, quote: str) -> None:
    done = full("ask", question, "--json")
    answer = json.loads(done.out)
    assert (done.status, done.err) == (0, "")
    assert (answer["question"], answer["language"], answer["abstained"]) == (question, language, False)
    assert quote in [citation["quote"] for citation in answer["citations"]]


@pytest.mark.parametrize(("question", "language", "quote"), ASKED)
def test_ask_prints_quotations_unbroken_with_their_sources(full: Run, question: str, language: str, quote: str) -> None:
    done = full("ask", question)
    assert (done.status, done.err) == (0, "")
    assert any(f"{quote} [" in line for line in done.out.splitlines())
    assert "as of 2021-" in done.out


def test_a_refusal_is_no_failure(full: Run) -> None:
    done = full("ask", "昨晚馬德里足球賽誰贏了？", "--json")
    assert (done.status, json.loads(done.out)["reason"]) == (0, "no_evidence")


def test_filters_are_passed_on(full: Run) -> None:
    done = full("ask", "流明支付", "--since", "2021-09-14", "--until", "2021-09-30", "--language", "zh-Hant", "--json")
    assert json.loads(done.out)["searched"] == {
        "articles": 1,
        "since": "2021-09-14",
        "until": "2021-09-30",
        "languages": ["zh-Hant"],
        "sources": [],
        "question": "流明支付",
        "implied": None,
        "implied_languages": None,
        "implied_sources": None,
    }
    done = full("search", "流明支付", "--source", "示例报", "--limit", "5", "--json")
    assert [hit["article_id"] for hit in json.loads(done.out)] == ["hans"]


def test_search_lists_passages_with_their_places(full: Run) -> None:
    done = full("search", "流明支付貸款", "--limit", "2")
    assert done.status == 0
    for line in ("流明支付的貸款業務須分拆。", "流明支付须开放外部链接。"):
        assert line in done.out.splitlines()
    assert "hant 0–13 · " in done.out


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How much did the regulator fine Acme?", "Also reported by Second Post (copy)"),
        ("监管机构对Acme罚款多少？Acme regulator fine", "另有报道：Second Post（转载）"),
        ("監管機構對Acme罰款多少？Acme regulator fine", "另有報導：Second Post（轉載）"),
    ],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_search_names_in_the_readers_language_who_else_told_a_story(
    full: Run, news: Path, question: str, said: str
) -> None:
    english = next(each for each in json.loads(full("articles", "--json").out) if each["language"] == "en")
    copy = english | {"id": "second", "source": "Second Post", "published": "2030-01-01"}
    (news / "copy.jsonl").write_text(json.dumps(copy), "utf-8")
    assert json.loads(full("ingest", news / "copy.jsonl", "--json").out) == counts(duplicates=1)
    found = full("search", question, "--limit", "9").out.splitlines()
    assert found.count(said) == 1
    assert full("ask", question).out.splitlines().count(said) in (0, 1)


def test_articles_lists_and_shows(full: Run) -> None:
    listed = json.loads(full("articles", "--json").out)
    assert [article["id"] for article in listed[:2]] == ["hant", "hans"]
    expected = Article("hant", "支付新規", "流明支付的貸款業務須分拆。", "zh-Hant")
    assert json.loads(full("articles", "hant", "--json").out) == to_json(expected) | {"published": "2021-09-14"}
    assert "流明支付的貸款業務須分拆。" in full("articles", "hant").out
    assert "hans" in full("articles", "--language", "zh-Hans").out


def test_markup_in_titles_is_printed_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("[bold]罰款[/bold] [/nothing]\n\n流明支付須分拆:100:[b]。", "utf-8")
    run("ingest", tmp_path / "a.txt")
    for arguments in (("search", "流明支付"), ("articles",), ("ask", "流明支付須分拆？")):
        done = run(*arguments)
        assert (done.status, "[bold]罰款" in done.out) == (0, True), arguments
    (article,) = json.loads(run("articles", "--json").out)
    shown = run("articles", article["id"]).out
    assert "[bold]罰款[/bold] [/nothing]" in shown
    assert "流明支付須分拆:100:[b]。" in shown


def test_remove_takes_articles_out(full: Run) -> None:
    assert full("remove", "hans", "hant").err == "Removed 2.\n"
    assert len(json.loads(full("articles", "--json").out)) == 1


def test_doctor_finds_damage_and_mends_it(full: Run, tmp_path: Path) -> None:
    (tmp_path / "indexes" / "keywords" / "meta.json").write_text("{")
    found = full("doctor", "--json")
    damage = json.loads(found.out)
    assert (found.status, len(damage["problems"]), damage["fix"]) == (1, 1, "regbrief doctor --rebuild")
    mended = full("doctor", "--rebuild", "--json")
    report = {"library": str(tmp_path / "indexes"), "articles": 3, "encoder": "bundled", "problems": []}
    assert (mended.status, json.loads(mended.out)) == (0, report | {"fix": None})
    assert len(json.loads(full("search", "流明支付", "--json").out)) >= 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["ask", " "], "The question is empty. Ask something.", id="question-empty"),
        pytest.param(
            ["ask", "罰" * 2_001],
            "The question has 2,001 characters. At most 2,000 are read.",
            id="question-too-long",
        ),
        pytest.param(["search", "支付", "--limit", "0"], "limit is 0. Use 1 to 100.", id="limit"),
        pytest.param(
            ["ask", "支付", "--since", "2022-01-02", "--until", "2022-01-01"],
            "since 2022-01-02 is after until 2022-01-01. Swap them.",
            id="window",
        ),
        pytest.param(
            ["ingest", "沒有.md"], "There is no file or folder '沒有.md'. Check the spelling.", id="no-such-file"
        ),
        pytest.param(
            ["articles", "没有"], "No article has the id '没有'. `regbrief articles` lists them.", id="no-such-article"
        ),
        pytest.param(
            ["remove", "[bold]"], "No article has the id '[bold]'. `regbrief articles` lists them.", id="remove"
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_on_stderr_and_status_1(run: Run, arguments: list[str], message: str) -> None:
    assert run(*arguments) == Done(1, "", f"regbrief: {message}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["ask"], id="no-question"),
        pytest.param(["ask", "支付", "--since", "yesterday"], id="no-date"),
        pytest.param(["ask", "支付", "--language", "fr"], id="no-language"),
        pytest.param(["search", "支付", "--limit", "many"], id="no-number"),
        pytest.param(["ask", "支付", "--nonsense"], id="no-option"),
        pytest.param(["nonsense"], id="no-command"),
    ],
)
def test_wrong_usage_is_status_2_and_nothing_on_stdout(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err


def test_a_library_of_another_encoder_names_the_command(full: Run, encoder: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(encoder, "fingerprint", "others", raising=False)
    done = full("ask", "流明支付")
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert "`regbrief doctor --rebuild`" in done.err


@pytest.mark.parametrize(
    ("variable", "value"), [("REGBRIEF_PORT", "seventy"), ("REGBRIEF_ENCODER", "無此物")], ids=["port", "encoder"]
)
def test_a_bad_setting_is_one_line_from_a_real_process(tmp_path: Path, variable: str, value: str) -> None:
    environment = os.environ | {"REGBRIEF_INDEXES": str(tmp_path), variable: value}
    command = [sys.executable, "-m", "bot", "articles", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("regbrief: ")
    assert value in done.stderr
    assert done.stderr.count("\n") == 1


# --- folders --------------------------------------------------------------------------------------------------------


def test_sync_of_a_folder_reports_its_articles_and_files(run: Run, news: Path) -> None:
    (news / "bad.md").write_bytes(b"")
    first = run("sync", news)
    assert (first.status, first.out) == (0, "")
    said = "added 3, updated 0, removed 0, unchanged 0, duplicates 0, failed 1 (files read 4, moved 0, unchanged 0)"
    assert f"{news}: {said}\n  {news / 'bad.md'}: The file is empty." in first.err
    (news / "hans.md").unlink()
    (synced,) = json.loads(run("sync", news, "--json").out)["folders"]
    assert (synced["removed"], synced["untouched"], synced["ingested"]["added"]) == (1, 3, 0)


def test_a_dry_run_prints_what_would_be_and_makes_nothing(run: Run, news: Path, tmp_path: Path) -> None:
    (news / "bad.md").write_bytes(b"")
    for verb, counts in (("ingest", "added 3, updated 0, removed 0,"), ("sync", "added 3, updated 0, removed 0,")):
        done = run(verb, news, "--dry-run")
        assert (done.status, done.out.splitlines()[1]) == (0, f"+ 支付新规  ({news / 'hans.md'})")
        assert f"would be: {counts} unchanged 0, duplicates 0, failed 1\n  {news / 'bad.md'}: The file" in done.err
    assert not (tmp_path / "indexes").exists()


def test_a_dry_run_as_json_is_that_of_python(full: Run, news: Path) -> None:
    (news / "hans.md").write_text(HANS.replace("须", "应"), "utf-8")
    found = json.loads(full("ingest", news, "--dry-run", "--json").out)
    assert found["ingested"] == counts(updated=1, unchanged=2)
    assert found["changes"] == [{"change": "update", "title": "支付新规", "where": str(news / "hans.md")}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sync", "沒有"], "There is no folder"),
        (["sync", "--dry-run"], "No folder is named."),
        (["ingest", "https://example.org/", "--dry-run"], "'https://example.org/' is an address."),
        (["folders", "forget", "沒有"], "No sync knows the folder '沒有'."),
    ],
)
def test_what_cannot_be_synced_is_one_line(run: Run, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert (done.status, done.out, message in done.err, done.err.count("\n")) == (1, "", True, 1)


def test_folders_are_listed_and_forgotten(run: Run, news: Path) -> None:
    run("sync", news)
    (listed,) = json.loads(run("folders", "list", "--json").out)
    assert (listed["path"], listed["files"]) == (str(news), 3)
    assert run("folders", "list").out.startswith(f"{news}  files 3, last synced 20")
    assert run("folders", "forget", news).status == 0
    assert json.loads(run("folders", "list", "--json").out) == []


@pytest.mark.parametrize("verb", ["ingest", "sync"])
def test_ctrl_c_keeps_what_is_done_and_says_so(
    run: Run, news: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    (news / "a.jsonl").write_text("\n".join(json.dumps({"title": f"T{n}", "body": f"B {n}."}) for n in range(300)))
    index = Library.index

    def interrupted(library: Library, *arguments: Any, **options: Any) -> int:
        monkeypatch.setattr(Library, "index", index)
        os.kill(os.getpid(), signal.SIGINT)
        return index(library, *arguments, **options)

    monkeypatch.setattr(Library, "index", interrupted)
    done = run(verb, news)
    assert done.status == 130
    assert f"added {128 if verb == 'ingest' else 256}, updated 0," in done.err
    assert "Stopped. What is counted above is kept; the same command goes on from there." in done.err
    assert f"added {175 if verb == 'ingest' else 47}, updated 0," in run(verb, news).err


def test_a_second_ctrl_c_ends_at_once() -> None:
    with Bars() as bars:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert not bars.stopped


def test_a_library_is_backed_up_and_restored(full: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = json.loads(full("backup", tmp_path / "b.zip", "--json").out)
    assert (made["path"], made["articles"]) == (str(tmp_path / "b.zip"), 3)
    refused = full("restore", tmp_path / "b.zip")
    assert (refused.status, "holds 3 articles" in refused.err) == (1, True)
    monkeypatch.setenv("REGBRIEF_INDEXES", str(tmp_path / "other"))
    done = full("restore", tmp_path / "b.zip")
    assert (done.status, "restored 3 articles, as they stood on 20" in done.err) == (0, True)
    assert [each["id"] for each in json.loads(full("articles", "--json").out)][:2] == ["hant", "hans"]
    assert json.loads(full("doctor", "--json").out)["problems"] == []
