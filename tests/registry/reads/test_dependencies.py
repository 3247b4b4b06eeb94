"""What a version depends on, and what depends on it."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from registry.models import File, Version
from tests.registry.entries import INSULIN, XML, put
from tests.registry.reads.asking import body

pytestmark = pytest.mark.django_db


def test_pages_through_dependencies(anonymous: APIClient, bob_actor: Actor) -> None:
    specs = []
    for number in range(5):
        put(bob_actor, f"acme:s{number}@1.0")
        specs.append(f"acme:s{number}-fasta@1.0")
    whole = put(bob_actor, "acme:all@1.0", dependencies=specs[::-1])
    first = body(anonymous, "/sources/acme/all/1.0/dependencies?format=fasta&page=1&limit=2")
    assert first["data"]["source"] == "acme:all@1.0"
    assert first["data"]["format"] == "fasta"
    assert first["data"]["dependency_count"] == 5
    assert first["data"]["tree_checksum"] == f"sha256-{whole.tree_checksum}"
    digest = File.objects.get(version__entry__slug="s0").sha256
    assert first["data"]["dependencies"][0]["source"] == "acme:s0-fasta@1.0"
    assert first["data"]["dependencies"][0]["checksum"] == f"sha256-{digest}"
    assert first["meta"]["pagination"]["pages"] == 3
    seen = [
        row["source"]
        for page in (1, 2, 3, 4)
        for row in body(anonymous, f"/sources/acme/all/1.0/dependencies?page={page}&limit=2")["data"]["dependencies"]
    ]
    assert seen == specs
    version = body(anonymous, "/sources/acme/all/1.0")["data"]
    assert (version["has_dependencies"], version["dependency_count"], version["files"]) == (True, 5, [])


def test_a_page_holds_a_thousand_dependencies_where_nothing_is_said(
    anonymous: APIClient, bob_actor: Actor, insulin: Version
) -> None:
    put(bob_actor, "acme:all@1.0", dependencies=["acme:P01308-fasta@1.5"])
    for query in ("", "&page=1&limit=1000"):
        page = body(anonymous, f"/sources/acme/all/1.0/dependencies?format=fasta{query}")
        assert page["meta"]["pagination"]["per_page"] == 1000
        assert len(page["data"]["dependencies"]) == 1
    body(anonymous, "/sources/acme/all/1.0/dependencies?limit=1001", 400)


def test_dependencies_by_format(anonymous: APIClient, bob_actor: Actor) -> None:
    put(bob_actor, "acme:a@1.0", {"a.fasta": INSULIN, "a.xml": XML})
    put(bob_actor, "acme:b@1.0", {"b.fasta": INSULIN})
    put(bob_actor, "acme:all@1.0", dependencies=["acme:a-xml@1.0", "acme:b-fasta@1.0", "acme:a-fasta@1.0"])
    fasta = body(anonymous, "/sources/acme/all/1.0/dependencies?format=fasta")["data"]
    xml = body(anonymous, "/sources/acme/all/1.0/dependencies?format=xml")["data"]
    whole = body(anonymous, "/sources/acme/all/1.0/dependencies")["data"]
    assert [row["source"] for row in fasta["dependencies"]] == ["acme:a-fasta@1.0", "acme:b-fasta@1.0"]
    assert [row["source"] for row in xml["dependencies"]] == ["acme:a-xml@1.0"]
    assert (whole["dependency_count"], whole["format"]) == (3, None)
    assert len({fasta["tree_checksum"], xml["tree_checksum"], whole["tree_checksum"]}) == 3
    body(anonymous, "/sources/acme/all/1.0/dependencies?format=csv", 404)


def test_a_source_without_dependencies(anonymous: APIClient, insulin: Version) -> None:
    data = body(anonymous, "/sources/acme/P01308/1.5/dependencies?format=fasta")["data"]
    assert (data["dependency_count"], data["dependencies"], data["tree_checksum"]) == (0, [], None)


def test_dependents_are_the_other_way(anonymous: APIClient, bob_actor: Actor, insulin: Version) -> None:
    put(bob_actor, "acme:all@1.0", dependencies=["acme:P01308-fasta@1.5", "acme:P01308-xml@1.5"])
    data = body(anonymous, "/sources/acme/P01308/1.5/dependents")["data"]
    assert (data["dependent_count"], data["dependents"][0]["source"]) == (1, "acme:all@1.0")
