"""The Transparency Exchange API: its own client's conformance checks pass, drafts and private things stay unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from libtea.client import TeaClient
from libtea.conformance import run_conformance
from rest_framework.test import APIClient

from accounts.actor import Actor
from registry.models import Product, Project, Release
from registry.services.collections import upload_to_release
from registry.services.products import create_product, create_project, update_product
from registry.services.releases import create_release, update_release
from tests.registry.documents import openvex, sbom, upload

TEI = "urn:tei:purl:example.com:pkg:generic/shop"
ROOT = "/tea/v0.4.0"


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path


def make_shop(actor: Actor) -> Release:
    """A public product with two released releases (the second archived) and a draft."""
    product = create_product(
        actor=actor,
        data={"name": "Shop", "is_public": True, "identifiers": [{"idType": "TEI", "idValue": TEI}]},
    )
    project = create_project(actor=actor, product=product, data={"name": "Web"})
    for version in ("1.0", "2.0-rc.1", "3.0"):
        release = create_release(actor=actor, project=project, data={"version": version})
        upload_to_release(actor=actor, release=release, upload=upload(sbom(("pkg:pypi/django", version))))
    for version in ("1.0", "2.0-rc.1"):
        update_release(actor=actor, release=Release.objects.get(version=version), changes={"status": "released"})
    update_release(actor=actor, release=Release.objects.get(version="1.0"), changes={"status": "archived"})
    return Release.objects.get(version="2.0-rc.1")


@pytest.fixture
def shop(bob_actor: Actor) -> Release:
    return make_shop(bob_actor)


def get(client: APIClient, path: str, code: int = 200) -> Any:
    response = client.get(f"{ROOT}{path}")
    assert response.status_code == code, response.content
    return response.json()


@pytest.mark.filterwarnings("ignore::libtea.exceptions.TeaInsecureTransportWarning")
def test_every_check_of_the_conformance_command_passes(transactional_db, live_server, bob_actor: Actor):
    make_shop(bob_actor)
    result = run_conformance(f"{live_server.url}{ROOT}", tei=TEI, allow_private_ips=True)
    statuses = {check.name: (check.status.value, check.message) for check in result.checks}
    assert {name: said for name, said in statuses.items() if said[0] != "pass"} == {}
    assert len(statuses) == 27


@pytest.mark.filterwarnings("ignore::libtea.exceptions.TeaInsecureTransportWarning")
def test_its_client_downloads_an_artifact_and_verifies_it(transactional_db, live_server, bob_actor: Actor, tmp_path):
    shop = make_shop(bob_actor)
    with TeaClient(
        base_url=f"{live_server.url.replace('localhost', '127.0.0.1')}{ROOT}", allow_private_ips=True
    ) as client:
        collection = client.get_component_release(str(shop.pk)).latest_collection
        shape = collection.artifacts[0].formats[0]
        assert shape.url is not None
        target = client.download_artifact(shape.url, tmp_path / "bom.json", verify_checksums=list(shape.checksums))
    assert b"pkg:pypi/django@2.0-rc.1" in Path(target).read_bytes()


def test_a_tei_leads_to_the_newest_release(anonymous: APIClient, shop: Release):
    found = get(anonymous, f"/discovery?tei={TEI}")
    assert found[0]["productReleaseUuid"] == str(shop.product_version_id)
    assert found[0]["servers"][0]["versions"] == ["0.4.0"]
    assert [one["productReleaseUuid"] for one in get(anonymous, f"/discovery?tei={TEI}@1.0")] == [
        str(Release.objects.get(version="1.0").product_version_id)
    ]
    own = get(anonymous, f"/productRelease/{shop.product_version_id}")["identifiers"][0]["idValue"]
    assert get(anonymous, f"/discovery?tei={own}")[0]["productReleaseUuid"] == str(shop.product_version_id)
    assert get(anonymous, "/discovery?tei=urn:tei:uuid:x:1", 404) == {"error": "OBJECT_UNKNOWN"}
    assert anonymous.get("/.well-known/tea").json()["schemaVersion"] == 1


def test_drafts_are_never_shown(bob: APIClient, shop: Release):
    draft = Release.objects.get(version="3.0")
    for path in (f"/componentRelease/{draft.pk}", f"/productRelease/{draft.product_version_id}"):
        get(bob, path, 404)
    held = draft.collections.get().items.get().artifact_id
    get(bob, f"/artifact/{held}", 404)
    assert {one["version"] for one in get(bob, "/productReleases")["results"]} == {"1.0", "2.0-rc.1"}
    assert {one["version"] for one in get(bob, "/componentReleases")["results"]} == {"1.0", "2.0-rc.1"}


def test_what_is_not_public_is_for_its_own_workspace(
    bob: APIClient, anonymous: APIClient, charlie: APIClient, bob_actor: Actor, shop: Release
):
    artifact = shop.collections.get().items.get().artifact_id
    product = Product.objects.get()
    paths = [
        f"/product/{product.pk}",
        f"/product/{product.pk}/releases",
        f"/product/{product.pk}/cle",
        f"/productRelease/{shop.product_version_id}",
        f"/productRelease/{shop.product_version_id}/collections",
        f"/productRelease/{shop.product_version_id}/collection/latest",
        f"/component/{shop.project_id}",
        f"/component/{shop.project_id}/releases",
        f"/componentRelease/{shop.pk}",
        f"/componentRelease/{shop.pk}/collection/1",
        f"/artifact/{artifact}",
        f"/artifact/{artifact}/latest",
        f"/artifact/{artifact}/1",
        f"/artifact/{artifact}/content",
        f"/discovery?tei={TEI}",
    ]
    for path in paths:
        assert anonymous.get(f"{ROOT}{path}").status_code == 200, path
    update_product(actor=bob_actor, product=product, changes={"is_public": False})
    for path in paths:
        assert bob.get(f"{ROOT}{path}").status_code == 200, path
        for outsider in (anonymous, charlie):
            response = outsider.get(f"{ROOT}{path}")
            assert (response.status_code, response.json()) == (404, {"error": "OBJECT_UNKNOWN"}), path
    for path in ("/products", "/productReleases", "/components", "/componentReleases"):
        assert get(anonymous, path)["totalResults"] == 0


def test_collections_of_a_product_release_follow_those_of_its_projects(
    anonymous: APIClient, bob_actor: Actor, shop: Release
):
    api = create_project(actor=bob_actor, product=Product.objects.get(), data={"name": "Api"})
    second = create_release(actor=bob_actor, project=api, data={"version": "2.0-rc.1", "status": "released"})
    upload_to_release(actor=bob_actor, release=second, upload=upload(openvex("pkg:pypi/django"), type="vex"))
    found = get(anonymous, f"/productRelease/{shop.product_version_id}/collections")
    assert [(one["version"], one["updateReason"]["type"], len(one["artifacts"])) for one in found] == [
        (2, "VEX_UPDATED", 2),
        (1, "INITIAL_RELEASE", 1),
    ]
    release = get(anonymous, f"/productRelease/{shop.product_version_id}")
    assert {one["uuid"] for one in release["components"]} == {
        str(pk) for pk in Project.objects.values_list("pk", flat=True)
    }
    assert release["preRelease"] is True


def test_what_is_asked_wrongly_is_refused(anonymous: APIClient, shop: Release):
    for query in ("pageSize=0", "pageSize=x", "pageOffset=-1", "idType=TEI"):
        assert get(anonymous, f"/products?{query}", 400)["error"] == "validation_error"
    for path in (
        "/product/x",
        "/nothing",
        "/component/00000000-0000-0000-0000-000000000000",
        f"/componentRelease/{shop.pk}/collection/9",
    ):
        assert get(anonymous, path, 404) == {"error": "OBJECT_UNKNOWN"}
    assert anonymous.post(f"{ROOT}/products").status_code in {401, 405}


def test_pages_by_number(anonymous: APIClient, shop: Release):
    body = get(anonymous, "/productReleases?pageOffset=1&pageSize=1")
    assert (body["pageStartIndex"], body["pageSize"], body["totalResults"], len(body["results"])) == (1, 1, 2, 1)


@pytest.mark.parametrize(
    "value",
    [r"cpe:2.3:a:v\!endor:shop\-x:1", "pkg:generic/caf\u00e9", "pkg:generic/\u5546\u5e97", 'say "shop"', "a%b_c"],
)
def test_things_are_found_by_what_they_were_given_whatever_is_in_it(
    anonymous: APIClient, bob_actor: Actor, shop: Release, value: str
):
    product = Product.objects.get()
    update_product(actor=bob_actor, product=product, changes={"identifiers": [{"idType": "X", "idValue": value}]})

    def found(id_type: str, wanted: str) -> list[str]:
        response = anonymous.get(f"{ROOT}/products", {"idType": id_type, "idValue": wanted})
        return [one["uuid"] for one in response.json()["results"]]

    assert found("X", value) == [str(product.pk)]
    assert found("Y", value) == found("X", value[:-1]) == found("X", value.upper()) == []
