"""Imports point one way, and frameworks stay where they are needed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "bot"

ORDER = tuple(
    """
    errors release address breaker frequencies records outcomes briefings settings language values sentences
    glossary dates anchors sourcing origins deixis readers dedupe passages encoder schema rows mirror storage
    database outbox store tables facts stories articles subscriptions judgements errands files migrations sqlite
    postgres catalog keywords neighbours vectors vector_server index lock seal wreck salvage encoded exact embedded
    milvus manifest indexing library backup copying scan intake workers pipeline cluster folders feeds voices
    retrieve rerank question recall weighing selection extractive chat local_models generative measures deeds verify
    wording conflicts phrases conversation orders markers statements sources prompts instructions attribution
    drafting ledger answering centrality lines happened scope quotable topics condensing retelling desk telling
    digest timeline sheet digest_text excerpts asked holdings coverage materials engine suggest evaluation serve ui
    serve.app console bars evaluation.cli library_cli backup_cli copy_cli doctor_cli feeds_cli digest_cli
    feedback_cli mcp_cli calls client keys_cli integrations cli __main__
    """.split()
)
"""Each may import those before it. `serve.app` stands above both faces, as it puts them on one port."""

FRAMEWORKS = {
    "chromadb": ("neighbours", "vectors", "vector_server"),
    "pymilvus": ("milvus",),
    "ray": ("pipeline", "cluster"),
    "tantivy": ("keywords",),
    "rjieba": ("keywords",),
    "opencc": ("language",),
    "gradio": ("ui",),
    "fastapi": ("serve", "serve.app", "ui"),  # ui: the page mounts itself on the application that it is given
    "fastapi_offline": ("serve", "serve.app"),
    "uvicorn": ("serve", "serve.app"),
    "onnxruntime": ("encoder", "rerank"),
    "tokenizers": ("encoder", "rerank"),
    "transformers": ("encoder", "rerank", "local_models"),
    "torch": ("encoder", "rerank", "local_models"),
    "xllamacpp": ("local_models",),
    "langchain": ("generative", "evaluation", "integrations"),
    "langchain_core": ("generative", "integrations"),
    "mcp": ("serve",),
    "sse_starlette": ("serve",),
    "trafilatura": ("readers",),
    "lxml": ("readers",),
    "pypdfium2": ("readers",),
    "mammoth": ("readers",),
    "charset_normalizer": ("readers",),
    "feedparser": ("readers",),
    "protego": ("readers",),
    "httpcore": ("readers",),
    "frontmatter": ("readers",),
    "sqlite3": (
        "backup",
        "encoded",
        "exact",
        "database",
        "sqlite",
        "salvage",
        "vectors",
    ),
    "sqlalchemy": (
        "schema",
        "rows",
        "outbox",
        "store",
        "tables",
        "sqlite",
        "postgres",
        "migrations",
        "catalog",
        "facts",
        "articles",
        "files",
        "errands",
        "judgements",
        "stories",
        "subscriptions",
    ),
    "alembic": ("migrations",),
    "psycopg": ("postgres",),
    "rensa": ("dedupe",),
    "prometheus_client": ("serve",),
    "limits": ("serve",),
    "itsdangerous": ("serve",),
    "opentelemetry": ("serve",),
    "typer": (
        "backup_cli",
        "copy_cli",
        "library_cli",
        "doctor_cli",
        "console",
        "cli",
        "keys_cli",
        "evaluation.cli",
        "feeds_cli",
        "digest_cli",
        "feedback_cli",
        "mcp_cli",
    ),
}


def room(module: str) -> str:
    """Return the place of `serve.api` or `ui.page` in the order: its own, or that of its package."""
    return module if module in ORDER else module.partition(".")[0]


def imported(source: str) -> Iterator[str]:
    """Yield every module that a source names, also inside functions: `bot.x` as it is, others by their first part."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            names = [node.module or ""]
            if node.module == "bot":
                names = [f"bot.{alias.name}" for alias in node.names if alias.name[0].islower()] or ["bot"]
            elif node.module in ("bot.serve", "bot.ui", "bot.readers"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name if name.startswith("bot") else name.partition(".")[0] for name in names)


def upward(module: str, source: str) -> list[str]:
    """Return the imports of a module that do not point down."""
    here = ORDER.index(room(module))
    rooms = [room(name.removeprefix("bot.")) for name in imported(source) if name.startswith("bot.")]
    return [other for other in rooms if other != room(module) and ORDER.index(other) >= here]


def astray(module: str, source: str) -> list[str]:
    """Return the frameworks that a module imports and should not."""
    return [name for name in imported(source) if room(module) not in FRAMEWORKS.get(name, (room(module),))]


def modules() -> list[tuple[str, str]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            found.append((name, path.read_text("utf-8")))
    return found


@pytest.mark.parametrize(("module", "source"), modules(), ids=[name for name, _ in modules()])
def test_imports_point_down_and_frameworks_stay_in_their_rooms(module: str, source: str) -> None:
    assert upward(module, source) == []
    assert astray(module, source) == []


def test_the_package_offers_names_and_nothing_else() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    assert {type(node).__name__ for node in tree.body} == {"Expr", "ImportFrom", "Assign"}


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("records", "from bot.engine import Regbrief", ["engine"]),
        ("records", "def f():\n    import bot.cli", ["cli"]),
        ("catalog", "from bot import errors, library", ["library"]),
        ("readers.text", "from bot.passages import passages", ["passages"]),
        ("serve.api", "from bot.ui.page import mount", ["ui"]),
        ("serve.app", "from bot.ui.page import mount", []),
        ("readers.text", "from bot.readers import fields", []),
        ("engine", "from bot.errors import BotError", []),
    ],
)
def test_an_upward_import_is_seen(module: str, source: str, found: list[str]) -> None:
    assert upward(module, source) == found


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("engine", "import chromadb.config", ["chromadb"]),
        ("cli", "def f():\n    from gradio import Blocks", ["gradio"]),
        ("vectors", "import chromadb", []),
        ("ui.page", "import gradio as gr", []),
    ],
)
def test_a_framework_astray_is_seen(module: str, source: str, found: list[str]) -> None:
    assert astray(module, source) == found
