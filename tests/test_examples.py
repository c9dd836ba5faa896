"""The examples run against a server as they stand."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from serving import serving

from bot import Regbrief, RegbriefClient
from bot.serve.api import create_app

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture
def address(bot: Regbrief) -> Iterator[str]:
    with serving(create_app(bot)) as address:
        yield address


def test_the_notebook_runs(
    address: str, bot: Regbrief, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGBRIEF_URL", address)
    runpy.run_path(str(EXAMPLES / "notebook.py"))
    assert "螞蟻集團的上市計畫在2020年11月暫停。" in capsys.readouterr().out
    assert [each.verdict for each in bot.feedback()] == ["right"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_shell_script_runs(address: str, bot: Regbrief) -> None:
    done = subprocess.run(
        ["sh", str(EXAMPLES / "curl.sh")],
        env={**os.environ, "REGBRIEF_URL": address, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"state":"done"' in done.stdout
    assert "event: done" in done.stdout
    assert bot.count() == 3


class Scripted(BaseChatModel):
    """Calls a tool with the question, and then says what the tool has said."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            said = AIMessage(content=last.content)
        else:
            call = {"name": "ask_library", "args": {"question": last.content}, "id": "1"}
            said = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=said)])


@pytest.mark.parametrize(
    "question",
    [
        "How much did the market regulator fine Alibaba on Saturday?",
        "工信部要求各平台停止什么？",
        "監管機構要求支付寶分拆什麼業務？",
    ],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_the_agent_passes_on_what_is_cited(served: str, served_bot: Regbrief, question: str) -> None:
    made = runpy.run_path(str(EXAMPLES / "langchain_agent.py"))
    with RegbriefClient(served) as client:
        agent = made["agent"](Scripted(), client)
        done = agent.invoke({"messages": [{"role": "user", "content": question}]})
    answer = served_bot.ask(question)
    said = done["messages"][-1].content
    assert said.startswith(answer.answer)
    for citation in answer.citations:
        assert f"[{citation.number}] {citation.source}, {citation.published}: “{citation.quote}”" in said


def test_the_evaluation_runs(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"question": "監管機構要求支付寶分拆什麼業務？", "expected": ["小額貸款"]}\n', "utf-8")
    monkeypatch.setattr(sys, "argv", ["evaluate_over_http.py", str(questions), "--target", served])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "evaluate_over_http.py"), run_name="__main__")
    assert ended.value.code == 0
    assert "right answers             1 of 1" in capsys.readouterr().out
