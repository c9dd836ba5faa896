"""The OpenAPI document: every route is described, has an example that fits its schema, and says what may go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from bot import Regbrief
from bot.serve.api import ADMIN, create_app
from bot.serve.guards import Guards
from bot.settings import Settings

PROBES = {"GET /api/v1/health/live", "GET /api/v1/health/ready"}


@pytest.fixture(scope="module")
def document(served_bot: Regbrief, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a server documents: its API, and what its guards add."""
    app = create_app(served_bot)
    settings = Settings(audit_log=tmp_path_factory.mktemp("documented") / "audit.jsonl")
    Guards.of(served_bot, settings).add_routes(app, served_bot)
    schema: dict[str, Any] = TestClient(app).get("/api/openapi.json").json()
    return schema


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def fits(value: Any, schema: Any, document: dict[str, Any]) -> list[str]:
    whole = {**schema, "components": document["components"]}
    return [each.message for each in Draft202012Validator(whole).iter_errors(value)]


def test_every_route_is_described_and_named_once(document: dict[str, Any]) -> None:
    found = dict(operations(document))
    assert [name for name, each in found.items() if not each.get("description")] == []
    names = [each["operationId"] for each in found.values()]
    assert len(set(names)) == len(names)
    parameters = [(name, each) for name, operation in found.items() for each in operation.get("parameters", [])]
    assert [(name, each["name"]) for name, each in parameters if not each.get("description")] == []


def test_every_route_says_what_may_go_wrong(document: dict[str, Any]) -> None:
    for name, each in operations(document):
        wanted = {"400", "401", "403", "408", "413", "421", "429", "500", "503"}
        wanted -= {"503"} if name == "GET /api/v1/health/ready" else set()
        form = "OpenAIErrorBody" if " /v1/" in name else "ErrorBody"
        assert wanted <= set(each["responses"]), name
        for status, told in each["responses"].items():
            if status in wanted or "400" <= status < "500":
                schema = told["content"]["application/json"]["schema"]
                assert schema == {"$ref": f"#/components/schemas/{form}"}, (name, status)
                assert told["description"], (name, status)


def test_every_success_has_an_example_that_fits(document: dict[str, Any]) -> None:
    for name, each in operations(document):
        for status in ("200", "201", "202"):
            if status in each["responses"] and status != "204":
                forms = list(each["responses"][status]["content"].values())
                assert "example" in forms[0], name
                for form in forms:
                    assert (
                        fits(form.get("example"), form.get("schema", {}) if "example" in form else {}, document) == []
                    )


def test_every_example_of_a_body_fits(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            assert fits(example, schema, document) == [], name


def test_what_changes_the_library_is_marked(document: dict[str, Any]) -> None:
    marked = {name for name, each in operations(document) if ADMIN in each.get("tags", ())}
    assert marked == {
        "POST /api/v1/articles",
        "POST /api/v1/articles/files",
        "POST /api/v1/articles/addresses",
        "DELETE /api/v1/articles/{article_id}",
        "GET /api/v1/jobs",
        "GET /api/v1/jobs/{job_id}",
        "DELETE /api/v1/jobs/{job_id}",
        "POST /api/v1/feeds",
        "DELETE /api/v1/feeds",
        "POST /api/v1/feeds/sync",
        "GET /api/v1/feedback",
    }


def test_every_route_says_which_key_it_needs(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    for name, each in operations(document):
        if name in PROBES:
            assert each["security"] == [], name
            continue
        scope = "admin" if ADMIN in each.get("tags", ()) else "read"
        assert each["security"] == [{"bearer": [scope]}, {"header": [scope]}, {}], name
        assert each["description"].endswith(f"Needs the scope `{scope}`."), name
