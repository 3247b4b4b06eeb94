"""Sources, tools and their versions as the contract's page shows them."""

from __future__ import annotations

import hashlib

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from registry.models import Version
from registry.services.withdrawing import yank
from tests.registry.entries import INSULIN
from tests.registry.reads.asking import body

pytestmark = pytest.mark.django_db


def test_lists_sources(anonymous: APIClient, insulin: Version) -> None:
    answer = body(anonymous, "/sources?org=acme&type=protein&organism=human")
    (source,) = answer["data"]
    assert source == {
        "id": str(insulin.entry_id),
        "organization": "acme",
        "slug": "P01308",
        "name": "Insulin [Homo sapiens]",
        "source_type": "protein",
        "external_id": "P01308",
        "organism": {"scientific_name": "Homo sapiens", "common_name": "Human", "ncbi_taxonomy_id": 9606},
        "latest_version": "1.5",
        "downloads": 0,
    }
    assert answer["meta"]["pagination"]["total"] == 1


def test_gets_a_source(anonymous: APIClient, insulin: Version) -> None:
    data = body(anonymous, "/sources/acme/P01308")["data"]
    assert data["organization"] == {"slug": "acme", "name": "Acme"}
    assert data["organism"] == {
        "ncbi_taxonomy_id": 9606,
        "scientific_name": "Homo sapiens",
        "common_name": "Human",
        "rank": "species",
    }
    metadata = data["protein_metadata"]
    assert (metadata["accession"], metadata["sequence_length"], metadata["mass_da"]) == ("P01308", 110, 11981)
    assert [row["version"] for row in data["versions"]] == ["1.5", "1.4"]
    newest = data["versions"][0]
    assert newest["external_version"] == "2025_01"
    assert newest["release_date"] == "2025-01-15"
    assert newest["formats"] == ["fasta", "xml"]
    assert (data["latest_version"], data["total_downloads"], data["tags"]) == ("1.5", 0, ["protein", "hormone"])


def test_names_match_whatever_the_case(anonymous: APIClient, insulin: Version) -> None:
    assert body(anonymous, "/sources/ACME/p01308")["data"]["slug"] == "P01308"


def test_gets_a_version(anonymous: APIClient, insulin: Version) -> None:
    data = body(anonymous, "/sources/acme/P01308/1.5")["data"]
    assert data["files"][0] == {
        "format": "fasta",
        "checksum": f"sha256-{hashlib.sha256(INSULIN).hexdigest()}",
        "size_bytes": len(INSULIN),
        "compression": "none",
        "download_url": "/sources/acme/P01308/1.5/download?format=fasta",
    }
    assert data["files"][1]["compression"] == "gzip"
    assert data["citations"][0]["doi"] == "10.1093/nar/gkac1052"
    assert (data["has_dependencies"], data["dependency_count"]) == (False, 0)
    assert (data["organization"], data["name"], data["external_version"]) == ("acme", "P01308", "2025_01")
    assert data["size_bytes"] == sum(file["size_bytes"] for file in data["files"])


@pytest.mark.parametrize(("asked", "got"), [("latest", "1.5"), ("^1.0", "1.5"), ("<1.5", "1.4"), ("1.4", "1.4")])
def test_finds_versions_by_range(anonymous: APIClient, insulin: Version, asked: str, got: str) -> None:
    assert body(anonymous, f"/sources/acme/P01308/{asked}")["data"]["version"] == got


@pytest.mark.parametrize("version", ["9.9", "nonsense", "^9", "%00", "1.5%20"])
def test_a_version_that_is_not_there(anonymous: APIClient, insulin: Version, version: str) -> None:
    assert body(anonymous, f"/sources/acme/P01308/{version}", 404)["error"]["code"] == "NOT_FOUND"


def test_a_yanked_version_says_so(anonymous: APIClient, bob_actor: Actor, insulin: Version) -> None:
    yank(actor=bob_actor, version=insulin, reason="Wrong chain")
    data = body(anonymous, "/sources/acme/P01308/1.5")["data"]
    assert (data["yanked"], data["yank_reason"]) == (True, "Wrong chain")
    assert body(anonymous, "/sources/acme/P01308")["data"]["latest_version"] == "1.4"
    assert body(anonymous, "/sources/acme/P01308/latest")["data"]["version"] == "1.4"


def test_lists_and_gets_tools(anonymous: APIClient, blast: Version, insulin: Version) -> None:
    (tool,) = body(anonymous, "/tools?org=acme&type=alignment")["data"]
    assert tool == {
        "id": str(blast.entry_id),
        "organization": "acme",
        "slug": "blast",
        "name": "BLAST: Basic Local Alignment Search Tool",
        "tool_type": "alignment",
        "latest_version": "2.14.0",
        "downloads": 0,
    }
    data = body(anonymous, "/tools/acme/blast")["data"]
    assert (data["license"], data["repository_url"]) == ("Public Domain", "https://github.com/ncbi/blast")
    assert data["versions"][0]["size_bytes"] == blast.size
    assert body(anonymous, "/tools/acme/blast/2.14.0")["data"]["files"][0]["format"] == "tar.gz"
    assert body(anonymous, "/sources/acme/blast", 404)["error"]["message"] == "Data source 'acme:blast' not found"
