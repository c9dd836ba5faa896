"""The OpenAI-compatible face, asked with OpenAI's own client: sync, async and streaming."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openai import APIError, AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from openai.types.chat import ChatCompletionMessageParam
from samples import WordEncoder

from bot import Answer, Regbrief, to_json
from bot.encoder import count_tokens
from bot.engine import Event
from bot.errors import ModelError
from bot.glossary import Glossary
from bot.library import Library
from bot.records import Claim, Turn
from bot.serve.api import create_app
from bot.serve.openai_api import _annotations, _conversation, _Text
from bot.serve.openai_records import Message
from bot.weighing import Model

QUESTIONS = [
    pytest.param("How much did the market regulator fine Alibaba on Saturday?", id="en"),
    pytest.param("工信部要求各平台停止什么？", id="zh-Hans"),
    pytest.param("監管機構要求支付寶分拆什麼業務？", id="zh-Hant"),
    pytest.param("昨晚馬德里足球賽誰贏了？", id="refusal"),
]


@pytest.fixture
def bot(served_bot: Regbrief) -> Regbrief:
    return served_bot


@pytest.fixture
def address(served: str) -> str:
    return f"{served}/v1"


@pytest.fixture
def client(address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=address, api_key="none", max_retries=0) as client:
        yield client


def asked(question: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": question}]


def untimed(answer: Any) -> Any:
    return {name: value for name, value in answer.items() if name != "timings_ms"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_has_its_text_its_citations_and_its_tokens(client: OpenAI, bot: Regbrief, question: str) -> None:
    done = client.chat.completions.create(model="regbrief", messages=asked(question))
    expected = bot.ask(question)
    assert (done.object, done.model, len(done.choices)) == ("chat.completion", "regbrief", 1)
    assert (done.choices[0].message.role, done.choices[0].finish_reason) == ("assistant", "stop")
    assert done.choices[0].message.content == expected.answer
    assert untimed(done.model_extra["regbrief"]) == untimed(to_json(expected))  # type: ignore[index]
    assert done.usage is not None
    assert done.usage.prompt_tokens == count_tokens([question]) > 0
    assert done.usage.completion_tokens == count_tokens([expected.answer]) > 0
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stream_adds_up_to_the_answer(client: OpenAI, bot: Regbrief, question: str) -> None:
    expected = bot.ask(question)
    stream = client.chat.completions.create(
        model="regbrief", messages=asked(question), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    *said, last, usage = chunks
    assert "".join(each.choices[0].delta.content or "" for each in said) == expected.answer
    assert {each.choices[0].finish_reason for each in said} == {None}
    assert last.choices[0].finish_reason == "stop"
    assert untimed(last.model_extra["regbrief"]) == untimed(to_json(expected))  # type: ignore[index]
    assert (usage.choices, usage.usage.prompt_tokens if usage.usage else 0) == ([], count_tokens([question]))
    assert len({each.id for each in chunks}) == 1


@pytest.mark.parametrize("question", QUESTIONS[:3])
def test_the_asynchronous_client_gets_the_same(address: str, bot: Regbrief, question: str) -> None:
    async def ask() -> tuple[str | None, str]:
        async with AsyncOpenAI(base_url=address, api_key="none", max_retries=0) as client:
            whole = await client.chat.completions.create(model="regbrief", messages=asked(question))
            stream = await client.chat.completions.create(model="regbrief", messages=asked(question), stream=True)
            pieces = [each.choices[0].delta.content or "" async for each in stream if each.choices]
            return whole.choices[0].message.content, "".join(pieces)

    expected = bot.ask(question).answer
    assert asyncio.run(ask()) == (expected, expected)


def test_the_text_points_at_the_pages_of_its_citations(client: OpenAI) -> None:
    done = client.chat.completions.create(model="regbrief", messages=asked(QUESTIONS[0].values[0]))  # type: ignore[arg-type]
    message = done.choices[0].message
    assert message.annotations
    for each in message.annotations:
        found = each.url_citation
        assert (found.url, found.title) == ("https://example.org/fine", "Alibaba fined 18.2 billion yuan")
        assert (message.content or "")[found.start_index : found.end_index].startswith("[")


def test_filters_go_in_the_extra_body(client: OpenAI) -> None:
    question = "支付寶的小額貸款業務？"
    narrowed = {"sources": ["範例報"], "since": "2021-01-01", "answer_language": "en"}
    done = client.chat.completions.create(model="regbrief", messages=asked(question), extra_body={"regbrief": narrowed})
    answer = done.model_extra["regbrief"]  # type: ignore[index]
    assert (answer["language"], answer["searched"]["articles"], answer["searched"]["sources"]) == ("en", 1, ["範例報"])


FOLLOW_UPS = [
    pytest.param(
        [
            ("user", "How much was Alibaba fined?"),
            ("assistant", "18.228 billion yuan. [1]"),
            ("user", "Why was it fined?"),
        ],
        "Why was Alibaba fined?",
        id="en",
    ),
    pytest.param(
        [("user", "支付宝的贷款业务须分拆吗？"), ("assistant", "须分拆。"), ("user", "它被要求做什么？")],
        "支付宝被要求做什么？",
        id="zh-Hans",
    ),
    pytest.param(
        [("system", "讀者在看支付寶的報導。"), ("user", "它被要求做什麼？")],
        "支付寶被要求做什麼？",
        id="zh-Hant-system",
    ),
    pytest.param(
        [("developer", "The reader is looking at a report on Alibaba."), ("user", "How much was it fined?")],
        "How much was Alibaba fined?",
        id="en-developer",
    ),
    pytest.param(
        [("system", "You are a helpful assistant."), ("user", "How much was Alibaba fined?")],
        "How much was Alibaba fined?",
        id="complete",
    ),
]


@pytest.mark.parametrize(("messages", "searched"), FOLLOW_UPS)
def test_earlier_messages_complete_a_follow_up(
    shared_library: Library, fixed_model: Model, messages: list[tuple[str, str]], searched: str
) -> None:
    from bot.settings import Settings

    glossary = Glossary.open(Settings.read().corpus / "glossary.yaml")
    bot = Regbrief.from_library(shared_library, encoder=WordEncoder(), glossary=glossary)
    body = {"model": "regbrief", "messages": [{"role": role, "content": text} for role, text in messages]}
    answer = TestClient(create_app(bot)).post("/v1/chat/completions", json=body).json()["regbrief"]
    assert answer["searched"]["question"] == searched


def test_a_conversation_becomes_turns() -> None:
    said = [
        ("system", "s"),
        ("user", "q1"),
        ("assistant", "a1"),
        ("tool", "t"),
        ("user", "q2"),
        ("user", "q3"),
        ("assistant", "begun"),
    ]
    messages = [Message(role=role, content=text) for role, text in said]  # type: ignore[arg-type]
    assert _conversation(messages) == ("q3", [Turn("", "s"), Turn("q1", "a1"), Turn("", "t"), Turn("q2")])


def test_content_may_come_in_parts(client: OpenAI, bot: Regbrief) -> None:
    parts = [{"type": "text", "text": "監管機構要求"}, {"type": "text", "text": "支付寶分拆什麼業務？"}]
    done = client.chat.completions.create(model="regbrief", messages=[{"role": "user", "content": parts}])  # type: ignore[list-item, misc]
    assert done.model_extra["regbrief"]["question"] == "監管機構要求\n支付寶分拆什麼業務？"  # type: ignore[index]


# --- embeddings and models ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["Alibaba was fined.", "阿里巴巴被罚款。", "阿里巴巴遭罰款。"], ids=["en", "zh-Hans", "zh-Hant"]
)
def test_embeddings_are_those_of_python(client: OpenAI, bot: Regbrief, text: str) -> None:
    plain = client.embeddings.create(model="regbrief-encoder", input=[text, "other"], encoding_format="float")
    packed = client.embeddings.create(model="regbrief-encoder", input=[text, "other"])  # asks for base64 by itself
    expected = bot.embed([text, "other"]).tolist()
    assert [each.embedding for each in plain.data] == expected
    assert [each.embedding for each in packed.data] == [pytest.approx(row) for row in expected]
    assert math.isclose(sum(value**2 for value in plain.data[0].embedding), 1, rel_tol=1e-5)
    assert plain.usage.total_tokens == count_tokens([text, "other"])


def test_a_single_text_can_be_embedded_as_a_question(client: OpenAI, bot: Regbrief) -> None:
    done = client.embeddings.create(
        model="regbrief-encoder", input="支付寶", encoding_format="float", extra_body={"input_type": "query"}
    )
    assert [each.embedding for each in done.data] == bot.embed(["支付寶"], kind="query").tolist()


def test_models_are_listed(client: OpenAI) -> None:
    assert [each.id for each in client.models.list()] == ["regbrief", "regbrief-encoder"]
    assert client.models.retrieve("regbrief").owned_by == "regbrief"


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"messages": [{"role": "system", "content": "x"}]}, "There is no user message."),
        ({"messages": []}, "body.messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "The question is empty."),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "'text'"),
        ({"n": 2}, "body.n"),
        ({"response_format": {"type": "json_object"}}, "body.response_format.type"),
        ({"tool_choice": "required"}, "body.tool_choice"),
        ({"extra_body": {"regbrief": {"since": "soon"}}}, "body.regbrief.since"),
        ({"extra_body": {"regbrief": {"colour": 1}}}, "body.regbrief.colour"),
    ],
)
def test_what_cannot_be_meant_is_an_error_of_openais_form(client: OpenAI, given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequestError, match=message) as error:
        client.chat.completions.create(**{"model": "regbrief", "messages": asked("支付寶？"), **given})
    assert (error.value.type, error.value.code) in [
        ("invalid_request_error", "bad_input"),
        ("invalid_request_error", "invalid_request"),
    ]


def test_a_model_that_is_not_there_is_not_found(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="Use regbrief"):
        client.chat.completions.create(model="gpt-5", messages=asked("?"))
    with pytest.raises(NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="x")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"input": [[1, 2, 3]]}, "Send texts, not tokens"),
        ({"input": [1, 2]}, "Send texts, not tokens"),
        ({"input": ""}, "at least 1"),
        ({"input": "x", "dimensions": 3}, "dimensions is 3"),
    ],
)
def test_an_embedding_that_cannot_be_made_is_an_error(client: OpenAI, given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequestError, match=message):
        client.embeddings.create(model="regbrief-encoder", **given)


def test_an_error_under_way_ends_the_stream(client: OpenAI, bot: Regbrief, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **__: Any) -> Iterator[Event]:
        yield Event("claim", Claim("Said.", (1,)))
        raise ModelError("The model broke off at /home/me/model.gguf.", fault="server")

    monkeypatch.setattr(Regbrief, "stream", failing)
    stream = client.chat.completions.create(model="regbrief", messages=asked("?"), stream=True)
    assert [next(stream).choices[0].delta.content for _ in range(2)] == ["", "Said. [1]"]
    with pytest.raises(APIError, match="The language model has failed"):
        next(stream)


# --- the text under way ---------------------------------------------------------------------------------------------


def test_a_doubted_sentence_holds_back_what_follows() -> None:
    text = _Text()
    claims = [Claim("One.", (1,)), Claim("Two.", (1,), "unsupported"), Claim("Three.", (2,))]
    assert [text.add(each) for each in claims] == ["One. [1]", " Two. [1]", ""]
    assert text.sent == "One. [1] Two. [1]"


def test_brackets_in_a_quotation_are_no_markers(bot: Regbrief) -> None:
    answer: Answer = bot.ask(str(QUESTIONS[0].values[0]))
    quoted = replace(answer, claims=(Claim("As [1] says.", (1,)),), answer="As [1] says. [1]")
    found = [each.url_citation for each in _annotations(quoted)]
    assert [(each.start_index, each.end_index) for each in found] == [(13, 16)]


GLOSSED = Claim("螞蟻集團須整改。", (1,), context="範例報：", gloss="（Ant Group）")
PRINTED = "範例報：螞蟻集團須整改。（Ant Group） [1]"


def test_names_that_are_explained_are_a_part_of_the_text(bot: Regbrief) -> None:
    answer: Answer = bot.ask(str(QUESTIONS[0].values[0]))
    found = _annotations(replace(answer, claims=(GLOSSED,), answer=PRINTED))
    assert [(each.url_citation.start_index, each.url_citation.end_index) for each in found] == [(24, 27)]
    assert _Text().add(GLOSSED) == PRINTED


def test_langchain_speaks_to_it(address: str, bot: Regbrief) -> None:
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings

    question = "監管機構要求支付寶分拆什麼業務？"
    chat = ChatOpenAI(base_url=address, api_key="none", model="regbrief", max_retries=0)  # type: ignore[arg-type]
    assert chat.invoke(question).content == bot.ask(question).answer
    assert "".join(str(each.content) for each in chat.stream(question)) == bot.ask(question).answer
    encoder = OpenAIEmbeddings(
        base_url=address,
        api_key="none",  # type: ignore[arg-type]
        model="regbrief-encoder",
        check_embedding_ctx_length=False,
    )
    assert encoder.embed_query(question) == pytest.approx(bot.embed([question])[0].tolist())
