"""Figures for Prometheus under /metrics: requests, stages of answers, refusals, the model's errors, and the library."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from bot.engine import Regbrief
from bot.records import LANGUAGES, Answer
from bot.serve.errors import documented
from bot.serve.examples import Responses, examples
from bot.serve.load import Turns

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


_FIGURES: Responses = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": examples()["figures"]}}}
}


class Metrics:
    """The figures of one server."""

    def __init__(self, bot: Regbrief, turns: Turns) -> None:
        self.registry = CollectorRegistry()
        for each in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR, _Library(bot), _Load(turns)):
            self.registry.register(each)
        self._requests = Counter(
            "regbrief_requests", "Requests.", ("method", "route", "status"), registry=self.registry
        )
        self._took = Histogram(
            "regbrief_request_seconds",
            "From the head of a request to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "regbrief_stage_seconds", "Stages of answers.", ("stage",), buckets=_SECONDS, registry=self.registry
        )
        self._answers = Counter(
            "regbrief_answers",
            "Answers by outcome: answered, or why not.",
            ("answerer", "outcome"),
            registry=self.registry,
        )

    def answered(self, answer: Answer) -> None:
        """Count an answer, from whichever face it was asked."""
        self._answers.labels(answer.answerer, answer.reason or "answered").inc()
        for stage, milliseconds in answer.timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def requested(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request."""
        where = route(scope)
        self._requests.labels(scope["method"] if scope["method"] in _METHODS else "other", where, str(status)).inc()
        self._took.labels(where).observe(seconds)


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class _Library(Collector):
    """What there is in the library, counted when it is asked for."""

    def __init__(self, bot: Regbrief) -> None:
        self.bot = bot

    def collect(self) -> Iterator[Metric]:
        articles = GaugeMetricFamily("regbrief_articles", "Articles.", labels=("language",))
        for language in LANGUAGES:
            articles.add_metric((language,), self.bot.count(languages=[language]))
        yield articles
        catalog = self.bot.library.catalog
        yield GaugeMetricFamily("regbrief_passages", "Passages that can be searched.", catalog.passage_count())
        yield GaugeMetricFamily("regbrief_passages_waiting", "Passages not yet indexed.", catalog.unindexed())
        files = [each for each in self.bot.library.folder.rglob("*") if each.is_file()]
        yield GaugeMetricFamily("regbrief_library_bytes", "Size on disk.", sum(each.stat().st_size for each in files))
        faults = CounterMetricFamily("regbrief_model_errors", "Failures of the language model.", labels=("fault",))
        for fault, count in self.bot.answering.faults.items():
            faults.add_metric((fault,), count)
        yield faults
        cached = CounterMetricFamily("regbrief_sentence_cache", "Vectors of sentences looked up.", labels=("outcome",))
        for outcome, count in self.bot.answerer.vectors.counts.items():
            cached.add_metric((outcome,), count)
        yield cached


class _Load(Collector):
    """What is being done, and what waits."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("regbrief_answering", "Requests that are computed.", self.turns.busy)
        yield GaugeMetricFamily("regbrief_waiting", "Requests that wait for their turn.", self.turns.waiting)
        yield CounterMetricFamily("regbrief_overloaded", "Requests that found no place.", self.turns.refused)


def route(scope: Scope) -> str:
    """Return the pattern that a request matched, so that there are as many as routes, whatever is asked for."""
    found = getattr(scope.get("route"), "path", None)
    if found:
        return str(found)
    return "page" if scope["path"].startswith(tuple(f"/{language}/" for language in LANGUAGES)) else "other"


def router(metrics: Metrics) -> APIRouter:
    """Return the route that Prometheus reads."""
    routes = APIRouter(responses=documented())

    @routes.get("/metrics", response_class=Response, responses=_FIGURES)
    def figures() -> Response:
        """Return the server's figures in the form of Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
