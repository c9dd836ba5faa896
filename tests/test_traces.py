"""Traces: a span a request, the stages of its answer below it; wanted only where the variables say so."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.engine import Regbrief
from bot.serve.api import create_app
from bot.serve.traces import Traces, wanted

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_stages_are_below_the_request_that_goes_on_the_clients_trace(shared_bot: Regbrief, stream: bool) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    traces = Traces(provider)
    shared_bot.listeners.append(traces.answered)
    app: FastAPI = create_app(shared_bot)
    app.add_middleware(traces.before)
    TestClient(app).post(
        "/api/v1/ask",
        json={"question": "工信部要求各平台停止什么？", "stream": stream},
        headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    )
    *stages, request = kept.get_finished_spans()
    assert [each.name for each in stages] == ["retrieve", "rerank", "answer"]
    assert {each.parent.span_id for each in stages if each.parent} == {request.context.span_id}
    assert f"{request.context.trace_id:032x}" == TRACE
    assert stages[0].attributes == {"regbrief.answerer": "extractive", "regbrief.outcome": "answered"}
    assert stages[0].end_time == stages[1].start_time


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
    ids=["nothing", "endpoint", "endpoint-of-traces", "disabled", "none"],
)
def test_traces_are_sent_where_the_variables_say(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: bool
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wanted() is expected
