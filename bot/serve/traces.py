"""OpenTelemetry: a span a request, and one a stage of its answer, where OTEL_* variables say where to send them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from bot.errors import MissingExtra
from bot.records import Answer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

STAGES = ("retrieve", "rerank", "answer")
WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def wanted() -> bool:
    """Whether the variables of OpenTelemetry's specification ask for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(os.environ.get(name) for name in WHERE)


class Traces:
    """Gives requests and stages their spans."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self._tracer = provider.get_tracer("regbrief")

    @classmethod
    def open(cls) -> Traces:
        """Send spans where the variables say. Raises MissingExtra."""
        try:
            import opentelemetry.instrumentation.asgi  # noqa: F401 – of the extra; the rest comes with chromadb
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor

            exporter = _exporter()
        except ImportError as error:
            raise MissingExtra(
                f"OTEL_* asks for traces, and the package {error.name} is not installed.",
                hint="Install the extra: pip install -c constraints.txt -e '.[traces]', or unset OTEL_*.",
            ) from error
        name = os.environ.get("OTEL_SERVICE_NAME", "regbrief")
        provider = TracerProvider(resource=Resource.create({"service.name": name}))
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider)

    def before(self, app: ASGIApp) -> ASGIApp:
        """Give each request a span, which goes on one that the client has begun."""
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

        return OpenTelemetryMiddleware(app, tracer_provider=self.provider, exclude_spans=["receive", "send"])

    def answered(self, answer: Answer) -> None:
        """Add a span for each stage of an answer that was just made, one after the other."""
        began = time.time_ns() - int(answer.timings_ms.get("total", 0) * 1e6)
        for stage in STAGES:
            ended = began + int(answer.timings_ms.get(stage, 0) * 1e6)
            attributes = {"regbrief.answerer": answer.answerer, "regbrief.outcome": answer.reason or "answered"}
            self._tracer.start_span(stage, start_time=began, attributes=attributes).end(end_time=ended)
            began = ended

    def close(self) -> None:
        """Send the last spans."""
        self.provider.shutdown()


def _exporter() -> SpanExporter:
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http

        exporter: SpanExporter = Http()
        return exporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc

    return Grpc()
