"""The API against its own OpenAPI document: no generated request finds a crash, or an answer that is not in it."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from samples import ARTICLES, WordEncoder
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection

import bot as package
from bot import Regbrief
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library
from bot.serve.api import create_app

pytestmark = pytest.mark.faults

EXAMPLES = int(os.environ.get("REGBRIEF_FUZZ_EXAMPLES", "50"))
"""Requests generated for each route."""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regbrief]:
    library = Library(tmp_path_factory.mktemp("fuzzed"), WordEncoder(), Analyzer())
    library.add(ARTICLES)
    yield Regbrief.from_library(library, encoder=WordEncoder(), glossary=Glossary())
    library.close()


@pytest.fixture(scope="module")
def document(bot: Regbrief) -> Any:
    return schemathesis.openapi.from_asgi("/api/openapi.json", create_app(bot), config=CONFIG)


CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # What fits the schema may still have no meaning: an empty question, a window that ends before it begins.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "400", "404", "409"]},
        },
    }
)


PLACES = [f"{tempfile.gettempdir()}/", str(Path(package.__file__).parent)]
LEAK = re.compile("|".join(["Traceback", "site-packages", *map(re.escape, PLACES)]))
"""What no answer may show: where things are on this machine."""


def served(case: schemathesis.Case) -> schemathesis.Response:
    """Send a request as a client does that is told to wait while as many jobs wait as the server takes."""
    while busy(response := case.call()):
        time.sleep(0.1)
    assert not LEAK.search(response.text), response.text
    return response


def busy(response: schemathesis.Response) -> bool:
    return response.status_code == 503 and response.json()["error"]["code"] == "busy"


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_api_keeps_to_its_document(document: Any, mode: GenerationMode, subtests: pytest.Subtests) -> None:
    for found in document.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        def check(case: schemathesis.Case) -> None:
            # A query travels as text: `true` in a list of names is the name `true`, and null is not sent at all.
            case.validate_response(
                served(case), excluded_checks=[negative_data_rejection] if case.method == "GET" else []
            )

        with subtests.test(operation.label), suppress(Unsatisfiable):  # nothing of it can be got wrong
            check()
