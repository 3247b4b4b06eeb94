"""Imports point down, and only an app's `api` package and `config` speak contracts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ["contracts", "audit", "accounts", "catalog", "registry", "ingestion", "config"]
"""From the bottom up: each may import what stands before it."""

FILES = sorted(path.relative_to(ROOT).as_posix() for app in HOUSE for path in (ROOT / app).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in a module, by its whole name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            assert node.module
            # `from catalog import services` imports the module catalog.services, or a name of catalog
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(tree: ast.AST) -> set[str]:
    return {name for name in imports(tree) if name.partition(".")[0] in HOUSE}


def arrows_up(path: str, tree: ast.AST) -> set[str]:
    """What a module imports though it may not."""
    app, *within = path.split("/")
    speaks = app in {"contracts", "config"} or within[0] == "api"
    found = set()
    for name in ours(tree):
        other = name.partition(".")[0]
        if HOUSE.index(other) > HOUSE.index(app) or (
            other == "contracts" and not speaks and not f"{name}.".startswith("contracts.errors.")
        ):
            found.add(name)
    return found


def hidden(tree: ast.AST) -> set[str]:
    """What is imported inside functions."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name for function in functions for name in ours(function)}


@pytest.mark.parametrize("path", FILES)
def test_imports_point_down_and_stand_at_the_top(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    assert arrows_up(path, tree) == set()
    assert hidden(tree) == set()


def test_every_app_is_looked_at() -> None:
    assert {path.partition("/")[0] for path in FILES} == set(HOUSE)
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert apps <= set(HOUSE), "a new app needs its place in the order"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("accounts/services.py", "from catalog.models import Asset"),
        ("audit/services.py", "import accounts.models"),
        ("contracts/base.py", "from accounts.actor import Actor"),
        ("catalog/services/assets.py", "from contracts.base import ContractView"),
        ("catalog/services/assets.py", "from contracts import metastore"),
        ("catalog/admin.py", "import contracts.problems"),
        ("registry/models.py", "if TYPE_CHECKING:\n    from ingestion.models import Job"),
    ],
)
def test_an_arrow_up_is_seen(path: str, code: str) -> None:
    assert arrows_up(path, ast.parse(code))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("catalog/services/assets.py", "from contracts.errors import NotFound"),
        ("catalog/services/assets.py", "from contracts import errors"),
        ("catalog/api/metastore.py", "from contracts.metastore import Metastore"),
        ("config/urls.py", "from contracts.ownership import unrouted"),
        ("ingestion/tasks.py", "from catalog.services import upsert_assets"),
    ],
)
def test_an_arrow_down_is_let_be(path: str, code: str) -> None:
    assert not arrows_up(path, ast.parse(code))


def test_an_import_inside_a_function_is_seen() -> None:
    assert hidden(ast.parse("class A:\n    async def b(self):\n        from catalog import models"))
    assert not hidden(ast.parse("def a():\n    import json"))
