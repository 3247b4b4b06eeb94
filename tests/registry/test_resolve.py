"""Specs resolve exactly, any number of them at the same cost, and a lock pins every byte."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import Organization
from registry.models import File, Version
from registry.resolution import resolve
from registry.services.withdrawing import delete_version, yank
from tests.registry.entries import INSULIN, XML, put

pytestmark = pytest.mark.django_db

URL = "/api/v1/resolve"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.RATE_REGISTRY_ANONYMOUS = "100000/hour"


@pytest.fixture
def shelf(bob_actor: Actor) -> None:
    for version in ("1.0", "1.9", "1.10", "2.0", "3.0-rc.1"):
        put(bob_actor, f"acme:P01308@{version}", {"a.fasta": INSULIN + version.encode(), "a.xml": XML})
    put(bob_actor, "acme:two-part@1.0", {"a.csv": b"a\n"})
    put(bob_actor, "acme:all@1.0", dependencies=["acme:P01308-fasta@1.0"], external_version="2025_01")
    put(bob_actor, "acme:blast@2.14.0", {"blast.tar.gz": gzip.compress(b"x")}, kind="tool")


def ask(client: APIClient, *sources: str, tools: list[str] | None = None, query: str = "", status: int = 200) -> Any:
    answer = client.post(f"{URL}{query}", {"sources": sources, "tools": tools or []}, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.usefixtures("shelf")
def test_resolves_as_the_page_shows(anonymous: APIClient) -> None:
    data = ask(anonymous, "acme:P01308-fasta@1.0", "acme:all-fasta@1.0", tools=["acme:blast@2.14.0"])["data"]
    content = INSULIN + b"1.0"
    assert data["sources"]["acme:P01308-fasta@1.0"] == {
        "resolved": "acme:P01308@1.0",
        "format": "fasta",
        "checksum": f"sha256-{hashlib.sha256(content).hexdigest()}",
        "size": len(content),
        "external_version": None,
        "has_dependencies": False,
    }
    whole = Version.objects.get(entry__slug="all")
    assert data["sources"]["acme:all-fasta@1.0"] == {
        "resolved": "acme:all@1.0",
        "format": "fasta",
        "checksum": f"sha256-{whole.tree_checksum}",
        "size": len(content),
        "external_version": "2025_01",
        "has_dependencies": True,
        "dependency_count": 1,
    }
    tool = data["tools"]["acme:blast@2.14.0"]
    assert (tool["resolved"], tool["size"]) == ("acme:blast@2.14.0", File.objects.get(format="tar.gz").size)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("spec", "resolved"),
    [
        ("acme:P01308-fasta@latest", "2.0"),
        ("acme:P01308-fasta@^1.0", "1.10"),
        ("acme:P01308-fasta@~1.9", "1.9"),
        ("acme:P01308-fasta@>=1.0,<2", "1.10"),
        ("acme:P01308-fasta@>=1.0,!=1.10,<2", "1.9"),
        ("acme:P01308-fasta@>=3.0-rc.1", "3.0-rc.1"),
        ("ACME:p01308-xml@1.9", "1.9"),
        ("acme:two-part@1.0", "1.0"),
        ("acme:two-part-csv@latest", "1.0"),
    ],
)
def test_resolves_ranges(anonymous: APIClient, spec: str, resolved: str) -> None:
    assert ask(anonymous, spec)["data"]["sources"][spec]["resolved"].endswith(f"@{resolved}")


def test_the_highest_is_the_highest_that_has_the_format(anonymous: APIClient, bob_actor: Actor) -> None:
    put(bob_actor, "acme:set@1.0", {"a.fasta": INSULIN})
    put(bob_actor, "acme:set@1.1", {"a.xml": XML})
    data = ask(anonymous, "acme:set-fasta@latest")["data"]["sources"]
    assert data["acme:set-fasta@latest"]["resolved"] == "acme:set@1.0"


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("spec", "status", "word"),
    [
        ("nonsense", 422, "no spec"),
        ("acme:P01308-fasta@one", 422, "is no version"),
        ("acme:gone-fasta@1.0", 404, "There is no 'acme:gone-fasta'"),
        ("nowhere:P01308-fasta@1.0", 404, "There is no"),
        ("acme:P01308-fasta@9.0", 404, "There is no version '9.0'"),
        ("acme:P01308-fasta@^9.0", 404, "matches"),
        ("acme:P01308-csv@1.0", 404, "fasta, xml"),
        ("acme:P01308@1.0", 404, "names no format"),
        ("acme:blast@2.14.0", 404, "There is no"),
    ],
)
def test_an_error_names_the_spec(anonymous: APIClient, spec: str, status: int, word: str) -> None:
    error = ask(anonymous, "acme:P01308-fasta@1.0", spec, status=status)["error"]
    assert spec in error["message"]
    assert word in error["details"]["specs"][spec]
    assert error["details"]["problems"] == 1


@pytest.mark.usefixtures("shelf")
def test_two_versions_of_one_source_conflict_and_two_formats_do_not(anonymous: APIClient) -> None:
    ask(anonymous, "acme:P01308-fasta@1.0", "acme:P01308-xml@1.0")
    error = ask(anonymous, "acme:P01308-fasta@1.0", "acme:P01308-xml@1.9", status=409)["error"]
    assert error["code"] == "CONFLICT"
    assert error["details"]["conflicts"] == [
        {"acme:P01308@1.0": ["acme:P01308-fasta@1.0"], "acme:P01308@1.9": ["acme:P01308-xml@1.9"]}
    ]


@pytest.mark.usefixtures("shelf")
def test_a_yanked_version_says_so_when_pinned(anonymous: APIClient, bob_actor: Actor) -> None:
    yank(actor=bob_actor, version=Version.objects.get(version="2.0"), reason="Wrong")
    assert ask(anonymous, "acme:P01308-fasta@latest")["data"]["sources"]["acme:P01308-fasta@latest"][
        "resolved"
    ].endswith("@1.10")
    assert ask(anonymous, "acme:P01308-fasta@2.0")["data"]["sources"]["acme:P01308-fasta@2.0"]["yanked"] is True


@pytest.mark.usefixtures("shelf")
def test_an_outsider_resolves_nothing_private(anonymous: APIClient, charlie: APIClient, vera: APIClient) -> None:
    Organization.objects.filter(slug="acme").update(is_public=False)
    for client in (anonymous, charlie):
        ask(client, "acme:P01308-fasta@1.0", status=404)
        ask(client, "acme:P01308-fasta@latest", status=404)
    ask(vera, "acme:P01308-fasta@1.0")


@pytest.mark.parametrize(
    "body",
    [{"sources": "acme:a@1"}, {"sources": [1]}, {"sources": ["a:b@1"] * 1001}, {"tools": {}}, {"others": []}],
)
def test_bodies_that_are_none_are_422(anonymous: APIClient, body: dict[str, Any]) -> None:
    answer = anonymous.post(URL, body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


def test_nothing_resolves_to_nothing(anonymous: APIClient) -> None:
    assert anonymous.post(URL, {}, format="json").json()["data"] == {"sources": {}, "tools": {}}


@pytest.mark.usefixtures("shelf")
def test_many_specs_cost_what_few_do(bob_actor: Actor, django_assert_num_queries: Any) -> None:
    for number in range(30):
        put(bob_actor, f"acme:s{number}@1.{number}")
    few = ["acme:P01308-fasta@1.0", "acme:P01308-fasta@latest"]
    many = [f"acme:s{number}-fasta@{asked}" for number in range(30) for asked in (f"1.{number}", "latest", "^1.0")]
    with django_assert_num_queries(6):
        assert len(resolve(actor=bob_actor, specs=few).found) == 2
    with django_assert_num_queries(6):
        assert len(resolve(actor=bob_actor, specs=many).found) == 90


# Locks -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shelf")
def test_a_lock_pins_every_byte_and_is_verified(anonymous: APIClient) -> None:
    asked = ["acme:P01308-fasta@^1.0", "acme:all-fasta@latest"]
    lock = ask(anonymous, *asked, tools=["acme:blast@latest"], query="?lock=true")["data"]
    assert lock["lock_version"] == 1
    pinned = lock["sources"]["acme:P01308-fasta@^1.0"]
    assert pinned["resolved"] == "acme:P01308-fasta@1.10"
    assert pinned["checksum"] == f"sha256-{hashlib.sha256(INSULIN + b'1.10').hexdigest()}"
    assert lock == ask(anonymous, *reversed(asked), tools=["acme:blast@latest"], query="?lock=1")["data"]
    answer = anonymous.post(f"{URL}/verify", lock, format="json").json()["data"]
    assert answer == {"valid": True, "problems": []}


@pytest.mark.usefixtures("shelf")
def test_a_lock_that_no_longer_holds_says_why(anonymous: APIClient, alice_actor: Actor) -> None:
    lock = ask(anonymous, "acme:P01308-fasta@1.9", "acme:all-fasta@1.0", "acme:two-part@1.0", query="?lock=true")[
        "data"
    ]
    delete_version(actor=alice_actor, version=Version.objects.get(version="1.9"))
    lock["sources"]["acme:all-fasta@1.0"]["checksum"] = f"sha256-{'0' * 64}"
    lock["sources"]["acme:two-part@1.0"]["size"] = 1
    answer = anonymous.post(f"{URL}/verify", lock, format="json").json()["data"]
    assert answer["valid"] is False
    problems = {problem["spec"]: problem["problem"] for problem in answer["problems"]}
    assert problems["acme:all-fasta@1.0"] == "The checksum differs"
    assert problems["acme:two-part@1.0"] == "The size differs"
    assert "There is no version '1.9'" in problems["acme:P01308-fasta@1.9"]


@pytest.mark.parametrize(
    "lock",
    [
        {},
        {"lock_version": 2},
        {"lock_version": 1, "sources": []},
        {"lock_version": 1, "sources": {"a:b@1": "x"}},
        {"lock_version": 1, "sources": {"a:b@1": {"resolved": "a:b@1"}}},
        {"lock_version": 1, "sources": {"a:b@1": {"resolved": "a:b@1", "checksum": "md5"}}},
    ],
)
def test_what_is_no_lock_is_422(anonymous: APIClient, lock: dict[str, Any]) -> None:
    assert anonymous.post(f"{URL}/verify", lock, format="json").status_code == 422


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("size", [[], {}, "45", 1.5, True])
def test_a_size_that_is_no_number_is_422_by_its_path(anonymous: APIClient, size: Any) -> None:
    spec = "acme:P01308-fasta@1.9"
    lock = ask(anonymous, spec, query="?lock=true")["data"]
    lock["sources"][spec]["size"] = size
    response = anonymous.post(f"{URL}/verify", lock, format="json")
    assert (response.status_code, list(response.json()["error"]["details"])) == (422, [f"sources.{spec}.size"])
