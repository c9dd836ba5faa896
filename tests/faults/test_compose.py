"""The compose file as a whole, its services as processes of this machine: made as docs/DEPLOY.md says, and asked."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from composed import ROOT, Composed

pytestmark = pytest.mark.faults

FILE = ROOT / "deploy" / "compose.yaml"
CLUSTER = ROOT / "deploy" / "compose.cluster.yaml"
PORTS = {"regbrief": 7860, "chroma": 8000, "model": 11434}
CLUSTER_PORTS = {"proxy": 7860, "replica-one": 7860, "replica-two": 7860, "postgres": 5432, "milvus": 19530}
ENGLISH = "What did Ireland fine TikTok?"
QUESTIONS = [
    pytest.param(ENGLISH, id="en"),
    pytest.param("滴滴2022年被罚了多少钱？", id="zh-Hans"),
    pytest.param("螞蟻集團上市為何暫緩？", id="zh-Hant"),
]

TOLD = {
    "REGBRIEF_LLM": "openai:qwen3:8b",
    "REGBRIEF_LLM_BASE_URL": "http://model:11434/v1",
    "REGBRIEF_LLM_KEY": "none",
    "REGBRIEF_LLM_CONTEXT": "1024",
    "REGBRIEF_LLM_TIMEOUT": "600",
    "REGBRIEF_REQUEST_TIMEOUT": "900",
}
"""What deploy/.env has for a model, here for a very small one on a machine that does much else."""

HARMLESS = {f'fault="{fault}"' for fault in ("unproved", "empty", "repetition")}
"""What a model of this size cannot help."""

MODEL = """
import sys, time, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path, parameters.port, parameters.n_ctx, parameters.n_parallel = sys.argv[1], int(sys.argv[2]), 8192, 1
server = xllamacpp.Server(parameters)
time.sleep(3600)
"""
"""What stands in for Ollama, which is not to be had from a registry of Python's: llama.cpp's own server."""


def composed(folder: Path, *profiles: str, **variables: str) -> Composed:
    return Composed(FILE, folder, ports=PORTS, profiles=profiles, variables=variables)


def key(services: Composed, name: str, *, at: str = "regbrief") -> dict[str, str]:
    return {"Authorization": f"Bearer {services.run(at, 'keys', 'make', name).strip()}"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Composed, dict[str, str]]]:
    """The application by itself, and a key: the first start reads the shipped articles in."""
    with composed(tmp_path_factory.mktemp("alone")) as services:
        reader = key(services, "Reader")
        services.up()
        yield services, reader


@pytest.fixture(scope="module")
def filled(alone: tuple[Composed, dict[str, str]]) -> Path:
    """The volumes of that, when it has been told to stop."""
    services, _ = alone
    assert services.stop("regbrief") == -signal.SIGTERM
    return services.folder


def asked(services: Composed, reader: dict[str, str], question: str, *, at: str = "regbrief") -> Any:
    """Ask, and hold every quotation against its article."""
    address = services.address(at)
    with httpx.Client(base_url=f"{address}/api/v1", headers=reader, timeout=1000) as client:
        answer = client.post("/ask", json={"question": question}).raise_for_status().json()
        for each in answer["citations"]:
            body = client.get(f"/articles/{each['article_id']}").raise_for_status().json()["body"]
            assert body[each["start"] : each["end"]] == each["quote"]
    assert answer["citations"]
    return answer


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_application_alone_answers_who_has_a_key(alone: tuple[Composed, dict[str, str]], question: str) -> None:
    services, reader = alone
    asked(services, reader, question)
    assert httpx.post(f"{services.address('regbrief')}/api/v1/ask", json={"question": question}).status_code == 401


def test_its_log_is_lines_of_json_without_the_key(alone: tuple[Composed, dict[str, str]]) -> None:
    services, reader = alone
    asked(services, reader, ENGLISH)
    lines = [json.loads(line) for line in services.log("regbrief").splitlines() if line.startswith("{")]
    assert {"/api/v1/ask", "/api/v1/health/ready"} <= {line.get("path") for line in lines}
    assert reader["Authorization"].split()[1] not in services.log("regbrief")


def test_it_starts_again_on_what_it_has(filled: Path) -> None:
    with composed(filled) as services:
        services.up()
        asked(services, key(services, "Reader of before"), ENGLISH)


@pytest.fixture(scope="module")
def with_chroma(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Composed, dict[str, str]]]:
    """The same articles with their vectors on the Chroma server, which a rebuild brings there."""
    folder = shutil.copytree(filled, tmp_path_factory.mktemp("chroma") / "volumes")
    with composed(folder, "chroma", REGBRIEF_CHROMA_URL="http://chroma:8000") as services:
        services.up("chroma")
        services.run("regbrief", "doctor", "--rebuild")
        services.up()
        yield services, key(services, "Reader of Chroma")


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_vectors_may_be_on_the_chroma_server(with_chroma: tuple[Composed, dict[str, str]], question: str) -> None:
    services, reader = with_chroma
    answer = asked(services, reader, question)
    assert answer["notes"] == []


def test_the_vectors_are_there(with_chroma: tuple[Composed, dict[str, str]]) -> None:
    services, reader = with_chroma
    there = f"{services.address('chroma')}/api/v2/tenants/default_tenant/databases/default_database/collections"
    collections = httpx.get(there).raise_for_status().json()
    counts = [httpx.get(f"{there}/{each['id']}/count").raise_for_status().json() for each in collections]
    assert sum(counts) == int(float(figures(services, reader, "regbrief_passages")[""])) > 200


def figures(services: Composed, reader: dict[str, str], name: str) -> dict[str, str]:
    """Return what /metrics has under a name, by its labels."""
    told = httpx.get(f"{services.address('regbrief')}/metrics", headers=reader).raise_for_status().text
    return dict(re.findall(rf"^{name}(?:\{{(.*)\}})? (.+)$", told, re.MULTILINE))


@pytest.fixture(scope="module")
def with_model(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Composed, dict[str, str]]]:
    """The same with a model server, in whose place is a very small model."""
    pytest.importorskip("xllamacpp")
    from test_local_models import weights

    folder = shutil.copytree(filled, tmp_path_factory.mktemp("model") / "volumes")
    with composed(folder, "model", **TOLD) as services:
        model = [sys.executable, "-c", MODEL, str(weights()), str(services.ports["model"][1])]
        services.up(instead={"model": model})
        yield services, key(services, "Reader of the model")


@pytest.mark.local
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_model_server_writes_what_is_proved(with_model: tuple[Composed, dict[str, str]], question: str) -> None:
    services, reader = with_model
    answer = asked(services, reader, question)
    assert answer["answerer"] == TOLD["REGBRIEF_LLM"] or answer["notes"]
    faults = figures(services, reader, "regbrief_model_errors_total")
    assert {fault for fault, count in faults.items() if float(count)} <= HARMLESS


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Composed, dict[str, str]]]:
    """Two replicas behind HAProxy; PostgreSQL and Milvus Lite, started in their own ways, stand beside."""
    for package in ("psycopg", "pymilvus"):
        pytest.importorskip(package)
    postgres, milvus = (request.getfixturevalue(name) for name in ("postgres", "milvus_address"))
    postgres.named("regbrief")
    elsewhere = {"postgres": postgres.port, "milvus": int(milvus.rpartition(":")[2])}
    told = {"POSTGRES_PASSWORD": "s3cret", "REGBRIEF_SESSION_SECRET": "s3cret" * 6}
    folder = tmp_path_factory.mktemp("cluster")
    with Composed(CLUSTER, folder, ports=CLUSTER_PORTS, elsewhere=elsewhere, variables=told) as services:
        assert services.healthy("postgres")
        reader = key(services, "Reader", at="replica-one")
        services.up()
        yield services, reader


@pytest.mark.cluster
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("at", ["proxy", "replica-one", "replica-two"])
def test_the_cluster_answers_at_one_address(cluster: tuple[Composed, dict[str, str]], at: str, question: str) -> None:
    services, reader = cluster
    asked(services, reader, question, at=at)
