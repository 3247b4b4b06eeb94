"""The curators' pages of products, releases, artifacts and components."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Membership
from registry.models import Artifact, Package, Product, Project, Release
from registry.services.artifacts import add_artifact
from registry.services.collections import upload_to_release
from registry.services.products import create_product, create_project, update_product
from registry.services.releases import create_release, update_release
from tests.adminkit import page, session_of
from tests.registry.documents import csaf, sbom, upload

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def project(bob_actor: Actor) -> Project:
    product = create_product(actor=bob_actor, data={"name": "Shop", "tags": ["web"]})
    return create_project(actor=bob_actor, product=product, data={"name": "Web"})


@pytest.fixture
def release(bob_actor: Actor, project: Project) -> Release:
    """1.1, with a VEX that speaks of it; 1.0 before it is released."""
    for version, log4j in (("1.0", "2.14.1"), ("1.1", "2.17.0")):
        made = create_release(actor=bob_actor, project=project, data={"version": version})
        upload_to_release(
            actor=bob_actor, release=made, upload=upload(sbom((LOG4J, log4j), licences={"log4j-core": "MIT"}))
        )
    update_release(actor=bob_actor, release=Release.objects.get(version="1.0"), changes={"status": "released"})
    add_artifact(actor=bob_actor, upload=upload(csaf(f"{LOG4J}@2.17.0"), type="vex"))
    return Release.objects.get(version="1.1")


@pytest.fixture
def browser(bob_member: Membership) -> Client:
    return session_of(bob_member)


def shown(browser: Client, name: str, *args: Any, query: str = "") -> str:
    response = browser.get(page(name, *args) + query)
    assert response.status_code == 200, response.headers
    return response.content.decode()


def test_a_product_shows_its_tree(browser: Client, release: Release):
    text = shown(browser, "registry_product_change", Product.objects.get().pk)
    for word in ("Web", "1.0", "1.1", "Released", "Draft"):
        assert word in text


def test_a_product_a_project_and_a_release_are_made_by_hand(browser: Client, bob_member: Membership):
    fields = {"name": "Shop", "lifecycle_status": "active", "tag_words": "a, b", "tei": "urn:tei:uuid:example.com:1"}
    assert browser.post(page("registry_product_add"), fields).status_code == 302
    product = Product.objects.get()
    assert (product.tags, product.identifiers[0]["idType"]) == (["a", "b"], "TEI")
    fields = {"product": str(product.pk), "name": "Web", "type": "application", "status": "active"}
    assert browser.post(page("registry_project_add"), fields).status_code == 302
    fields = {"project": str(Project.objects.get().pk), "version": "1.0", "release_notes": "First", "approvers": "A, B"}
    assert browser.post(page("registry_release_add"), fields).status_code == 302
    release = Release.objects.get()
    assert release.metadata == {"release_notes": "First", "approvers": ["A", "B"]}
    again = browser.post(page("registry_release_add"), fields)
    assert "Version already exists" in again.content.decode()
    changed = browser.post(page("registry_release_change", release.pk), {"release_notes": "", "approvers": "C"})
    assert changed.status_code == 302
    release.refresh_from_db()
    assert release.metadata == {"approvers": ["C"]}


def test_a_release_shows_artifacts_contents_and_collections(browser: Client, release: Release):
    text = shown(browser, "registry_release_change", release.pk)
    for word in ("log4j-core", "2.17.0", "MIT", "Collection 1", "Drop files here", "1 component<"):
        assert word in text, word
    assert "Nothing is found" in shown(browser, "registry_release_change", release.pk, query="?q=django")


def test_a_release_shows_difference_licences_and_statements_when_they_are_opened(browser: Client, release: Release):
    text = shown(browser, "registry_release_change", release.pk)
    parts = {
        "difference": ("2.14.1", "2.17.0", "upgraded"),
        "licences": ("MIT",),
        "vulnerabilities": ("CVE-2021-44228",),
    }
    for part, words in parts.items():
        address = page(f"registry_release_{part}", release.pk)
        assert f'data-part="{address}' in text
        told = shown(browser, f"registry_release_{part}", release.pk)
        assert all(word in told for word in words), part
    first = Release.objects.get(version="1.0")
    assert "No earlier release" in shown(browser, "registry_release_difference", first.pk)
    assert "downgraded" in shown(browser, "registry_release_difference", first.pk, query="?since=1.1")
    assert "?since=1.1" in shown(browser, "registry_release_change", first.pk, query="?since=1.1")


def test_the_page_of_a_release_costs_the_same_however_much_is_in_it(
    browser: Client, bob_actor: Actor, release: Release
):
    many = sbom(*((f"pkg:pypi/part{number:03}", "1") for number in range(300)))
    upload_to_release(actor=bob_actor, release=release, upload=upload(many))
    with CaptureQueriesContext(connection) as queries:
        text = shown(browser, "registry_release_change", release.pk)
    asked = [query["sql"] for query in queries if "registry_content" in query["sql"]]
    assert len(asked) == 2  # an SBOM each
    assert all("LIMIT" in sql and "JOIN" in sql and "COUNT" not in sql for sql in asked)
    assert "301 components" in text
    assert "The first 200" in text
    assert "part198" in text
    assert "part199" not in text  # log4j-core is one of the 200
    found = shown(browser, "registry_release_change", release.pk, query="?q=PART29")
    assert ("part290" in found, "part198" in found, "The first 200" in found) == (True, False, False)


def test_what_never_changes_again_is_shown_to_be_read(
    browser: Client, bob_actor: Actor, release: Release, vera_member: Membership
):
    told = {"release_notes": "The last words", "release_type": "major", "approvers": ["Ann", "Ben"]}
    update_release(actor=bob_actor, release=release, changes={"metadata": told})
    assert 'name="_save"' in shown(browser, "registry_release_change", release.pk)
    only_read = shown(session_of(vera_member), "registry_release_change", release.pk)
    update_release(actor=bob_actor, release=release, changes={"status": "archived"})
    for text in (only_read, shown(browser, "registry_release_change", release.pk)):
        assert 'name="_save"' not in text
        assert all(word in text for word in ("The last words", "major", "Ann, Ben"))
    answer = browser.post(page("registry_release_change", release.pk), {"release_notes": "More"})
    assert answer.status_code == 403
    release.refresh_from_db()
    assert release.metadata == told


def test_a_status_is_changed_after_a_question(browser: Client, vera_member: Membership, release: Release):
    assert "data-confirm" in shown(browser, "registry_release_change", release.pk)
    url = page("registry_release_status", release.pk)
    session_of(vera_member).post(url, {"status": "released"})
    release.refresh_from_db()
    assert release.status == "draft"
    assert browser.get(url).status_code == 405
    browser.post(url, {"status": "released"})
    release.refresh_from_db()
    assert release.status == "released"
    told = browser.post(url, {"status": "draft"}, follow=True)
    assert "cannot become draft" in told.content.decode()


def test_files_are_uploaded_and_a_bad_one_is_told(browser: Client, vera_member: Membership, release: Release):
    url = page("registry_release_upload", release.pk)
    good = SimpleUploadedFile("bom.json", json.dumps(sbom(("pkg:pypi/django", "5"))).encode())
    answer = browser.post(url, {"type": "sbom", "file": good})
    assert (answer.status_code, answer.json()["new"]) == (200, True)
    assert answer.json()["words"] == "kept as SBOM with 1 component"
    bad = browser.post(url, {"type": "sbom", "file": SimpleUploadedFile("bom.json", b"{}")})
    told = "content: The content is of no format that is known; an SBOM is cyclonedx or spdx."
    assert (bad.status_code, bad.json()["error"]) == (400, told)
    assert browser.post(url, {"type": "sbom"}).status_code == 400
    refused = session_of(vera_member).post(url, {"type": "sbom", "file": SimpleUploadedFile("a", b"{}")})
    assert "editor" in refused.json()["error"]
    held = Artifact.objects.get(filename="bom.json")
    for nothing in ("", "x", str(release.pk)):
        answer = browser.post(page("registry_release_take_out", release.pk), {"artifact": nothing}, follow=True)
        assert "does not hold this artifact" in answer.content.decode()
    browser.post(page("registry_release_take_out", release.pk), {"artifact": str(held.pk)})
    assert held not in Artifact.objects.all().in_release(release)


def test_an_artifact_shows_what_it_says_and_is_downloaded(browser: Client, release: Release):
    vex = Artifact.objects.get(type="vex")
    assert "CVE-2021-44228" in shown(browser, "registry_artifact_change", vex.pk)
    bom = Artifact.objects.all().in_release(release).get()
    assert "log4j-core" in shown(browser, "registry_artifact_change", bom.pk)
    download: Any = browser.get(page("registry_artifact_download", bom.pk))
    assert b"".join(download.streaming_content).startswith(b'{"bomFormat"')
    assert browser.get(page("registry_artifact_add")).status_code == 403


def test_what_the_form_shows_as_words_stays_what_it_was(browser: Client, bob_actor: Actor, project: Project):
    teis = [{"idType": "TEI", "idValue": f"urn:tei:uuid:example.com:{number}"} for number in (1, 2)]
    purl = {"idType": "PURL", "idValue": "pkg:generic/shop"}
    product = Product.objects.get()
    update_product(actor=bob_actor, product=product, changes={"tags": ["a, b"], "identifiers": [purl, *teis]})
    fields = {"name": "Store", "lifecycle_status": "active", "tag_words": "a, b", "tei": teis[0]["idValue"]}
    assert browser.post(page("registry_product_change", product.pk), fields).status_code == 302
    product.refresh_from_db()
    assert (product.name, product.tags, product.identifiers) == ("Store", ["a, b"], [purl, *teis])
    browser.post(page("registry_product_change", product.pk), {**fields, "tag_words": "c", "tei": "urn:tei:x:y:z"})
    product.refresh_from_db()
    changed = {"idType": "TEI", "idValue": "urn:tei:x:y:z"}
    assert (product.tags, product.identifiers) == (["c"], [purl, changed, teis[1]])
    browser.post(page("registry_product_change", product.pk), {**fields, "tei": ""})
    product.refresh_from_db()
    assert product.identifiers == [purl, teis[1]]
    metadata = {"approvers": ["Doe, Jane"], "release_type": "major"}
    release = create_release(actor=bob_actor, project=project, data={"version": "1.0", "metadata": metadata})
    told = {"release_type": "minor", "approvers": "Doe, Jane"}
    assert browser.post(page("registry_release_change", release.pk), told).status_code == 302
    release.refresh_from_db()
    assert release.metadata == {**metadata, "release_type": "minor"}
    browser.post(page("registry_release_change", release.pk), {"release_type": "", "approvers": "A, B"})
    release.refresh_from_db()
    assert release.metadata == {"approvers": ["A", "B"]}


def test_numbers_and_names_are_written_for_people(browser: Client, release: Release):
    Artifact.objects.update(component_count=100_000, size=5 * 1024 * 1024)
    listed = shown(browser, "registry_artifact_changelist")
    assert "100,000" in listed
    assert "5.0\xa0MB" in listed
    package = Package.objects.get(name="log4j-core")
    assert str(package) == "maven/org.apache.logging.log4j/log4j-core"
    package.namespace, package.type = "", "pypi"
    assert str(package) == "pypi/log4j-core"


def test_a_component_is_found_across_all_releases(browser: Client, release: Release):
    package = Package.objects.get(name="log4j-core")
    listed = shown(browser, "registry_package_changelist", query="?q=log4j")
    assert "log4j-core" in listed
    assert "Components" in listed
    assert "Packages" not in listed
    text = shown(browser, "registry_package_change", package.pk)
    assert "Web 1.0" in text
    assert "Web 1.1" in text
    text = shown(browser, "registry_package_change", package.pk, query="?range=vers:maven/<2.15")
    assert "Web 1.0" in text
    assert "Web 1.1" not in text
    assert "cannot be read" in shown(browser, "registry_package_change", package.pk, query="?range=x")


def test_lists_open(browser: Client, release: Release):
    for name in ("product", "project", "release", "artifact", "package"):
        shown(browser, f"registry_{name}_changelist")


def test_the_outsider_sees_no_page(charlie_member: Membership, release: Release):
    outsider = session_of(charlie_member)
    things = {
        "product": Product.objects.get().pk,
        "project": release.project_id,
        "release": release.pk,
        "artifact": Artifact.objects.all().in_release(release).get().pk,
        "package": Package.objects.get(name="log4j-core").pk,
    }
    for name, key in things.items():
        response = outsider.get(page(f"registry_{name}_change", key))
        assert response.status_code == 302, name
        listed: Any = outsider.get(page(f"registry_{name}_changelist"))
        assert list(listed.context["cl"].result_list) == [], name
    for name in ("status", "upload", "take_out"):
        assert outsider.post(page(f"registry_release_{name}", release.pk), {"status": "released"}).status_code == 404
    for name in ("difference", "licences", "vulnerabilities"):
        assert outsider.get(page(f"registry_release_{name}", release.pk)).status_code == 404
    assert outsider.get(page("registry_artifact_download", things["artifact"])).status_code == 404


def test_a_project_lists_its_releases_the_newest_version_first(
    browser: Client, release: Release, vera_member: Membership
):
    text = shown(browser, "registry_project_change", release.project_id)
    assert 0 < text.index(">1.1</a>") < text.index(">1.0</a>")
    assert f"{page('registry_release_add')}?project={release.project_id}" in text
    only_read = shown(session_of(vera_member), "registry_project_change", release.project_id)
    assert "Its releases" in only_read
    assert page("registry_release_add") not in only_read


def test_components_are_found_by_the_beginning_of_a_name_whatever_its_case(browser: Client, release: Release):
    found = shown(browser, "registry_package_changelist", query="?q=LOG4J")
    assert "log4j-core" in found
    assert "log4j-core" not in shown(browser, "registry_package_changelist", query="?q=core")
