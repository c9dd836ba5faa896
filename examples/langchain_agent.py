"""A LangChain agent that may only say what Regbrief's citations carry.

pip install langchain langchain-openai
regbrief serve                                                          # in another terminal
python examples/langchain_agent.py openai:MODEL "支付寶被要求做什麼？"     # any model that init_chat_model knows
"""

from __future__ import annotations

import os
import sys
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool, tool

from bot import BotError, RegbriefClient

PROMPT = """Answer with the tools only. Keep the markers [n] behind the sentences that you pass on, and list the sources
that they name at the end. If the library has no answer, say so."""


def tools(client: RegbriefClient) -> list[BaseTool]:
    """Return what the agent may do."""

    @tool
    def ask_library(question: str) -> str:
        """Ask a library of news on technology regulation; the answer has markers [n], and their quotations."""
        try:
            answer = client.ask(question)
        except BotError as error:
            return str(error)
        sources = [
            f"[{each.number}] {each.source}, {each.published or 'undated'}: “{each.quote}”" for each in answer.citations
        ]
        return "\n".join([answer.answer, "", *sources])

    @tool
    def search_library(query: str) -> str:
        """Find passages of news on technology regulation, best first."""
        return "\n\n".join(f"{hit.title} ({hit.source}, {hit.published})\n{hit.text}" for hit in client.search(query))

    return [ask_library, search_library]


def agent(model: str | BaseChatModel, client: RegbriefClient) -> Any:
    """Make the agent."""
    return create_agent(model, tools(client), system_prompt=PROMPT)


if __name__ == "__main__":
    address = os.environ.get("REGBRIEF_URL", "http://127.0.0.1:7860")
    with RegbriefClient(address, api_key=os.environ.get("REGBRIEF_API_KEY", "")) as client:
        done = agent(sys.argv[1], client).invoke({"messages": [{"role": "user", "content": sys.argv[2]}]})
        print(done["messages"][-1].content)
