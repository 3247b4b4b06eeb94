"""Reading sources and tools as the contract's page shows it."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import Membership, Organization
from registry.models import Entry, File, Version
from registry.services.withdrawing import yank
from tests.conftest import PASSWORD
from tests.registry.entries import INSULIN, XML, put

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.RATE_REGISTRY_ANONYMOUS = "100000/hour"


@pytest.fixture
def insulin(bob_actor: Actor) -> Version:
    put(bob_actor, "acme:P01308@1.4", {"P01308.fasta": INSULIN}, external_version="2024_12", release_date="2024-12-10")
    return put(
        bob_actor,
        "acme:P01308@1.5",
        {"P01308.fasta": INSULIN, "P01308.xml.gz": gzip.compress(XML)},
        description="Insulin decreases blood glucose concentration",
        external_version="2025_01",
        release_date="2025-01-15",
        tags=["protein", "hormone"],
        citations=[{"doi": "10.1093/nar/gkac1052", "title": "UniProt", "publication_date": "2023-01-06"}],
    )


@pytest.fixture
def blast(bob_actor: Actor) -> Version:
    return put(
        bob_actor,
        "acme:blast@2.14.0",
        {"blast.tar.gz": gzip.compress(b"archive")},
        kind="tool",
        type="alignment",
        name="BLAST: Basic Local Alignment Search Tool",
        description="Finds regions of similarity",
        license="Public Domain",
        repository_url="https://github.com/ncbi/blast",
        tags=["alignment"],
    )


def body(client: APIClient, path: str, status: int = 200) -> Any:
    response = client.get(f"{API}{path}")
    assert response.status_code == status, response.content
    return response.json()


def test_lists_organizations(anonymous: APIClient, insulin: Version, other: Organization) -> None:
    answer = body(anonymous, "/organizations?page=1&limit=20")
    assert answer["success"] is True
    first = answer["data"][0]
    assert list(first) == [
        "id",
        "slug",
        "name",
        "website",
        "description",
        "logo_url",
        "is_system",
        "entry_count",
        "created_at",
    ]
    assert (first["slug"], first["entry_count"]) == ("acme", 1)
    assert answer["meta"]["pagination"] == {
        "page": 1,
        "per_page": 20,
        "total": 2,
        "pages": 1,
        "has_next": False,
        "has_prev": False,
    }


def test_gets_an_organization(anonymous: APIClient, insulin: Version, blast: Version) -> None:
    data = body(anonymous, "/organizations/ACME")["data"]
    assert data["statistics"] == {"data_sources": 1, "tools": 1, "total_versions": 3, "total_downloads": 0}


def test_an_organization_that_is_not_there(anonymous: APIClient, acme: Organization) -> None:
    answer = body(anonymous, "/organizations/nowhere", 404)
    assert answer["success"] is False
    assert answer["error"]["code"] == "NOT_FOUND"
    assert "nowhere" in answer["error"]["message"]


def test_creates_and_changes_an_organization(alice: APIClient, bob: APIClient, anonymous: APIClient) -> None:
    assert anonymous.post(f"{API}/organizations", {"slug": "lab"}, format="json").status_code == 401
    assert bob.post(f"{API}/organizations", {"slug": "lab"}, format="json").status_code == 403
    made = alice.post(f"{API}/organizations", {"slug": "lab", "name": "Lab"}, format="json")
    assert made.status_code == 201
    assert made.json()["data"]["statistics"]["data_sources"] == 0
    assert alice.post(f"{API}/organizations", {"slug": "LAB"}, format="json").status_code == 409
    refused = alice.post(f"{API}/organizations", {"slug": "../x"}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert (
        alice.patch(f"{API}/organizations/acme", {"name": "Acme 2"}, format="json").json()["data"]["name"] == "Acme 2"
    )


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


def test_searches_both_kinds(anonymous: APIClient, insulin: Version, blast: Version) -> None:
    answer = body(anonymous, "/search?q=insulin&type=data_source&organism=human&format=fasta")
    (source,) = answer["data"]["data_sources"]
    assert answer["data"]["tools"] == []
    assert answer["data"]["total"] == 1
    assert source["available_formats"] == ["fasta", "xml"]
    assert (source["external_version"], source["url"]) == ("2025_01", "/sources/acme/P01308")
    assert answer["meta"]["query"] == "insulin"
    assert answer["meta"]["filters"] == {"type": ["data_source"], "organism": "human", "format": "fasta"}
    assert answer["meta"]["pagination"]["total"] == 1
    found = body(anonymous, "/search?q=similarity")["data"]
    assert (found["data_sources"], found["tools"][0]["slug"]) == ([], "blast")


@pytest.mark.parametrize(
    "query", ["organism=mouse", "format=csv", "type=tool", "organism=human&format=csv", "organism=10090"]
)
def test_search_filters_narrow_down(anonymous: APIClient, insulin: Version, query: str) -> None:
    assert body(anonymous, f"/search?q=insulin&{query}")["data"]["total"] == 0


@pytest.mark.parametrize("organism", ["human", "Homo sapiens", "homo%20SAPIENS", "9606"])
def test_organisms_are_found_by_any_name(anonymous: APIClient, insulin: Version, organism: str) -> None:
    assert body(anonymous, f"/search?q=insulin&organism={organism}")["data"]["total"] == 1
    assert body(anonymous, f"/sources?organism={organism}")["meta"]["pagination"]["total"] == 1


@pytest.mark.parametrize(
    "query", ["/search", "/search?q=", "/search?q=a&type=dataset", "/sources?sort=secret", "/sources?page=0",
              "/sources?page=10001", "/sources?limit=101", "/sources?limit=x", "/sources?org=%00"]
)  # fmt: skip
def test_queries_that_mean_nothing_are_400(anonymous: APIClient, insulin: Version, query: str) -> None:
    assert body(anonymous, query, 400)["error"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("org=acme", 3),
        ("org=nowhere", 0),
        ("type=protein", 1),
        ("type=protein,genome", 2),
        ("format=fasta", 2),
        ("format=csv", 1),
        ("tag=hormone", 1),
        ("tag=Hormone&tag=protein", 1),
        ("tag=hormone&tag=none", 0),
        ("organism=mouse", 1),
        ("organism=123456789012345", 0),
        ("type=protein&organism=human&format=fasta&tag=hormone&org=acme", 1),
    ],
)
def test_lists_filter(anonymous: APIClient, insulin: Version, bob_actor: Actor, query: str, total: int) -> None:
    put(bob_actor, "acme:mm39@1.0", type="genome", organism="Mus musculus")
    put(bob_actor, "acme:table@1.0", {"a.csv": b"a,b\n"}, type="dataset")
    answer = body(anonymous, f"/sources?{query}")
    assert answer["meta"]["pagination"]["total"] == len(answer["data"]) == total


def test_lists_sort_by_several_fields(anonymous: APIClient, bob_actor: Actor) -> None:
    for slug, downloads, name in (("a", 5, "Z"), ("b", 9, "Y"), ("c", 5, "X")):
        put(bob_actor, f"acme:{slug}@1.0", name=name)
        Entry.objects.filter(slug=slug).update(downloads=downloads)

    def order(sort: str) -> list[str]:
        return [row["slug"] for row in body(anonymous, f"/sources?sort={sort}")["data"]]

    assert order("") == ["a", "b", "c"]
    assert order("-downloads,name") == ["b", "c", "a"]
    assert order("downloads,-name") == ["a", "c", "b"]
    assert order("name") == ["c", "b", "a"]
    assert order("-created_at") == ["c", "b", "a"]


def test_pages_meet_without_gaps(anonymous: APIClient, bob_actor: Actor) -> None:
    for number in range(5):
        put(bob_actor, f"acme:s{number}@1.0")
    seen = []
    for page in (1, 2, 3):
        answer = body(anonymous, f"/sources?limit=2&page={page}")
        seen += [row["slug"] for row in answer["data"]]
        assert answer["meta"]["pagination"]["has_next"] is (page < 3)
    assert seen == ["s0", "s1", "s2", "s3", "s4"]


# Dependencies ------------------------------------------------------------------------------------


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


# Statistics --------------------------------------------------------------------------------------


def test_statistics(anonymous: APIClient, insulin: Version, blast: Version, other: Organization) -> None:
    File.objects.filter(version=insulin, format="fasta").update(downloads=7)
    data = body(anonymous, "/stats")["data"]
    assert data["organizations"] == 2
    assert (data["data_sources"], data["tools"], data["total_versions"]) == (1, 1, 3)
    assert data["total_size_bytes"] == sum(File.objects.values_list("size", flat=True))
    assert data["top_downloads"] == [{"source": "acme:P01308-fasta@1.5", "downloads": 7}]


# Who sees what -----------------------------------------------------------------------------------

PATHS = [
    "/organizations/acme",
    "/sources/acme/P01308",
    "/sources/acme/P01308/1.5",
    "/sources/acme/P01308/1.5/dependencies",
    "/sources/acme/P01308/1.5/dependents",
    "/tools/acme/blast",
    "/tools/acme/blast/2.14.0",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.usefixtures("insulin", "blast")
def test_an_outsider_cannot_see_what_is_private(
    path: str, anonymous: APIClient, charlie: APIClient, vera: APIClient
) -> None:
    body(anonymous, path)
    Organization.objects.filter(slug="acme").update(is_public=False)
    body(anonymous, path, 404)
    body(charlie, path, 404)
    body(vera, path)


def test_an_outsider_finds_nothing_private(
    anonymous: APIClient, charlie: APIClient, vera: APIClient, insulin: Version
) -> None:
    Organization.objects.filter(slug="acme").update(is_public=False)
    for client in (anonymous, charlie):
        assert body(client, "/sources")["data"] == []
        assert body(client, "/sources?type=protein")["meta"]["pagination"]["total"] == 0
        assert body(client, "/sources")["meta"]["pagination"]["total"] == 0
        assert body(client, "/stats")["data"]["data_sources"] == 0
        assert body(client, "/search?q=insulin")["data"]["data_sources"] == []
    assert len(body(vera, "/sources")["data"]) == 1


def test_search_follows_the_organization(
    alice: APIClient, anonymous: APIClient, vera: APIClient, insulin: Version
) -> None:
    assert body(anonymous, "/search?q=insulin")["data"]["total"] == 1
    assert alice.patch(f"{API}/organizations/acme", {"is_public": False}, format="json").status_code == 200
    assert body(anonymous, "/search?q=insulin")["data"]["total"] == 0
    assert body(vera, "/search?q=insulin")["data"]["total"] == 1
    renamed = alice.patch(f"{API}/organizations/acme", {"is_public": True, "slug": "apex"}, format="json")
    assert renamed.status_code == 200
    (found,) = body(anonymous, "/search?q=insulin&format=fasta&organism=human")["data"]["data_sources"]
    assert found["url"] == "/sources/apex/P01308"
    assert body(anonymous, "/search?q=apex")["data"]["total"] == 1


def test_an_outsider_withdraws_nothing(
    anonymous: APIClient, charlie: APIClient, vera: APIClient, insulin: Version
) -> None:
    path = f"{API}/sources/acme/P01308/1.5"
    for client, code in ((anonymous, 401), (vera, 403), (charlie, 403)):
        assert client.post(f"{path}/yank", {"reason": "x"}, format="json").status_code == code
        assert client.delete(f"{path}/yank").status_code == code
        assert client.delete(path).status_code == code
        assert client.delete(f"{API}/sources/acme/P01308").status_code == code


def test_yanks_and_deletes_over_http(alice: APIClient, bob: APIClient, insulin: Version) -> None:
    path = f"{API}/sources/acme/P01308/1.5"
    assert bob.post(f"{path}/yank", {}, format="json").status_code == 422
    assert bob.post(f"{path}/yank", {"reason": "Wrong"}, format="json").json()["data"]["yanked"] is True
    assert bob.delete(f"{path}/yank").json()["data"]["yanked"] is False
    assert bob.delete(path).status_code == 403
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == 404
    assert alice.delete(f"{API}/sources/acme/P01308").status_code == 204
    assert alice.get(f"{API}/sources/acme/P01308").status_code == 404


# HTTP --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/sources", "/organizations", "/stats", "/search?q=insulin"])
def test_answers_can_be_cached_and_revalidated(
    path: str, anonymous: APIClient, vera: APIClient, insulin: Version, blast: Version
) -> None:
    answer = anonymous.get(f"{API}{path}")
    assert answer["Cache-Control"] == "public, max-age=3600"
    again = anonymous.get(f"{API}{path}", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    assert "private" in vera.get(f"{API}{path}")["Cache-Control"]


def test_a_304_costs_one_small_query(anonymous: APIClient, insulin: Version, django_assert_num_queries: Any) -> None:
    etag = anonymous.get(f"{API}/sources/acme/P01308")["ETag"]
    with django_assert_num_queries(1) as ran:
        answer = anonymous.get(f"{API}/sources/acme/P01308", headers={"If-None-Match": etag})
    assert answer.status_code == 304
    assert isinstance(ran, CaptureQueriesContext)
    assert "metadata" not in ran.captured_queries[0]["sql"]


def test_the_tag_changes_with_the_answer(anonymous: APIClient, bob_actor: Actor, insulin: Version) -> None:
    path = f"{API}/sources/acme/P01308"
    before = anonymous.get(path)["ETag"]
    Entry.objects.update(downloads=1)
    counted = anonymous.get(path)["ETag"]
    put(bob_actor, "acme:P01308@1.6")
    published = anonymous.get(path, headers={"If-None-Match": counted})
    assert published.status_code == 200
    assert len({before, counted, published["ETag"]}) == 3
    assert "Last-Modified" in published


def test_lists_cost_a_constant_number_of_queries(
    anonymous: APIClient, bob_actor: Actor, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        put(bob_actor, f"acme:s{number}@1.0", {"a.fasta": INSULIN})
    with django_assert_max_num_queries(3):
        assert len(body(anonymous, "/sources")["data"]) == 6


def test_browsers_of_all_sites_may_read(anonymous: APIClient, insulin: Version) -> None:
    answer = anonymous.get(f"{API}/sources/acme/P01308", headers={"Origin": "https://elsewhere.example"})
    assert answer["Access-Control-Allow-Origin"] == "*"
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    preflight = anonymous.options(f"{API}/sources", headers=asked)
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        assert method in preflight["Access-Control-Allow-Methods"]
    for header in ("content-type", "authorization"):
        assert header in preflight["Access-Control-Allow-Headers"].lower()


def test_the_anonymous_are_limited(anonymous: APIClient, settings: Any, insulin: Version) -> None:
    settings.RATE_REGISTRY_ANONYMOUS = "2/hour"
    client = APIClient(REMOTE_ADDR="10.9.8.7")
    assert client.get(f"{API}/stats")["X-RateLimit-Remaining"] == "1"
    client.get(f"{API}/stats")
    refused = client.get(f"{API}/stats")
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert set(refused.json()["error"]["details"]) == {"limit", "reset_at"}
    assert int(refused["Retry-After"]) > 0


def test_who_has_used_up_what_the_anonymous_may_ask_can_still_sign_in(alice_member: Membership, settings: Any) -> None:
    settings.RATE_REGISTRY_ANONYMOUS, settings.RATE_REGISTRY_AUTHENTICATED = "1/hour", "4/hour"
    client = APIClient(REMOTE_ADDR="10.9.8.6")
    client.get(f"{API}/stats")
    assert client.get(f"{API}/stats").status_code == 429
    login = {"username": "alice", "password": PASSWORD}
    signed_in = client.post(f"{API}/auth/token", login, format="json")
    assert (signed_in.status_code, signed_in["X-RateLimit-Remaining"]) == (200, "3")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in.json()['data']['token']}")
    assert client.get(f"{API}/stats").status_code == 200
