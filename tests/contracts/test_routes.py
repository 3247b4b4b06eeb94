"""Each route belongs to one contract, and a path that leads nowhere to the contract whose it would be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver
from rest_framework.test import APIClient

from contracts.base import ContractView
from contracts.ownership import contract_of
from tests.contracts.conftest import client_for
from tests.contracts.urls import CONTRACTS, PREFIXES


def routes(patterns: Any = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """(path with `*` for its variables and `#` for its numbers, view) of the application's own routes."""
    for entry in get_resolver("config.urls").url_patterns if patterns is None else patterns:
        written = str(entry.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        written = re.sub(r"<int:[^>]+>", "#", written)
        path = prefix + re.sub(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)|<[^>]+>", "*", written)
        if isinstance(entry, URLPattern):
            yield path, entry.callback
        else:
            yield from routes(entry.url_patterns, path)


def contract_routes() -> list[tuple[str, type[ContractView]]]:
    """Those of the five contracts; an API of another kind answers for itself."""
    found = []
    for path, view in routes():
        cls = getattr(view, "cls", None)
        if cls is not None and issubclass(cls, tuple(CONTRACTS.values())):
            found.append((path, cls))
    return found


def sample(path: str) -> str:
    """A path that the route takes."""
    return path.replace("*", "01900000-0000-7000-8000-000000000000").replace("#", "1")


def test_no_two_contracts_share_a_route() -> None:
    speakers = defaultdict(set)
    for path, view in contract_routes():
        speakers[path].add(view.contract)
    assert speakers
    assert {path: names for path, names in speakers.items() if len(names) > 1} == {}


def test_every_route_is_below_its_contracts_paths() -> None:
    for path, view in contract_routes():
        owner = contract_of(sample(path))
        assert owner is not None
        assert owner.contract == view.contract, path


def test_no_route_of_a_contract_is_shadowed_by_another() -> None:
    """A path made of a route leads to a view of the same contract: no wildcard before it takes it away."""
    resolver = get_resolver("config.urls")
    for path, view in contract_routes():
        assert resolver.resolve(sample(path)).func.cls.contract == view.contract, path  # type: ignore[attr-defined]


def test_below_the_contracts_everything_is_a_contracts() -> None:
    """No view below /v1 or /api speaks for itself, but the schema's pages."""
    others = {
        path
        for path, view in routes()
        if contract_of(path) and not issubclass(getattr(view, "cls", getattr(view, "view_class", object)), ContractView)
    }
    assert {path for path in others if not path.startswith("/(?:")} <= {"/api/schema", "/api/docs", "/api/redoc"}


def test_no_route_ends_with_a_slash() -> None:
    assert [path for path, _ in contract_routes() if path.endswith("/")] == []


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/v1", "metastore"),
        ("/v1/", "metastore"),
        ("/v1/assets/7/nothing", "metastore"),
        ("/api/v2/products", "releases"),
        ("/api/v2", "releases"),
        ("/api/v1/projects/7/releases", "releases"),
        ("/api/v1/search/releases", "releases"),
        ("/api/v1/search", "registry"),
        ("/api/v1/search/", "registry"),
        ("/api/v1/sources/a/b", "registry"),
        ("/api/v1/unheard-of", "registry"),
        ("/api/v1", "registry"),
        ("/api/v3/x", "registry"),
        ("/api/v1/datasources/7", "collection"),
        ("/api/v1/tasks", "collection"),
        ("/api/v1/templates/7/apply", "collection"),
        ("/api/v1/login", "collection"),
        ("/api/v1/tables/name/a.b.c", "entities"),
        ("/api/v1/users", "entities"),
        ("/admin/login/", None),
        ("/", None),
        ("/v10/assets", None),
        ("/apis", None),
    ],
)
def test_a_path_belongs_to(path: str, owner: str | None) -> None:
    found = contract_of(path)
    assert (found.contract if found else None) == owner


@pytest.fixture
def our_routes(settings) -> None:
    settings.ROOT_URLCONF = "config.urls"


@pytest.mark.usefixtures("our_routes")
@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
def test_our_own_unrouted_paths_answer_in_shape(debug: bool, nobody: APIClient, settings) -> None:
    settings.DEBUG = debug
    for name, prefix in PREFIXES.items():
        answer = nobody.get(f"{prefix}/no/such/thing/anywhere", headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/json"
        assert answer.json()["message" if name in {"collection", "releases", "entities"} else "error"]


@pytest.mark.usefixtures("our_routes")
def test_every_route_can_be_browsed(alice_member) -> None:
    """A browser gets a page from whatever answers GET, or JSON; never a crash."""
    client = client_for(alice_member)
    paths = sorted({path for path, _ in contract_routes()})
    for path in paths:
        answer = client.get(sample(path), headers={"accept": "text/html"})
        assert answer.status_code < 500 or (path, answer.status_code) == ("/api/v1/health", 503), path
        assert answer["Content-Type"].startswith("text/html"), path


@pytest.mark.usefixtures("our_routes")
def test_nobody_sees_a_page_of_a_crash(nobody: APIClient) -> None:
    for path, _ in contract_routes():
        for method in ("get", "post", "put", "patch", "delete"):
            answer = getattr(nobody, method)(sample(path), headers={"accept": "text/html"})
            assert answer.status_code < 500, f"{method} {path}"
