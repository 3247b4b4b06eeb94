"""Artifacts: kept as they came, once; what is inside is found; all of it or nothing."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from accounts.actor import Actor
from audit.models import AuditEvent
from catalog.models import SearchDocument
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from registry import storage
from registry.models import (
    Artifact,
    ArtifactRelationship,
    Content,
    Edge,
    Package,
    Project,
    Release,
    Statement,
)
from registry.services.artifact_relationships import relate_artifacts
from registry.services.artifacts import Upload, add_artifact, delete_artifact, update_artifact
from registry.services.collections import add_to_release, remove_from_release, upload_to_release
from registry.services.products import create_product, create_project
from registry.services.releases import create_release, update_release
from tests.registry.documents import csaf, openvex, sbom, upload

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def project(bob_actor: Actor) -> Project:
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    return create_project(actor=bob_actor, product=product, data={"name": "Web"})


@pytest.fixture
def release(bob_actor: Actor, project: Project) -> Release:
    return create_release(actor=bob_actor, project=project, data={"version": "1.0"})


def stored_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


def test_the_bytes_are_kept_as_uploaded(bob_actor: Actor):
    data = b'{ "bomFormat":"CycloneDX",\n  "specVersion": "1.6", "version": 1 }'
    artifact = add_artifact(actor=bob_actor, upload=upload(data)).artifact
    with storage.open(artifact.sha256) as stored:
        assert stored.read() == data
    assert artifact.size == len(data)


def test_components_edges_and_licences_are_indexed(bob_actor: Actor):
    document = sbom(
        (LOG4J, "2.14.1"), ("pkg:pypi/django", "5.2"), licences={"django": "BSD-3-Clause"}, subject="pkg:pypi/shop@1"
    )
    document["components"][1]["hashes"] = [{"alg": "SHA-256", "content": "a" * 64}]
    document["components"][1]["supplier"] = {"name": "DSF"}
    artifact = add_artifact(actor=bob_actor, upload=upload(document)).artifact
    log4j, django = Content.objects.filter(artifact=artifact).select_related("package", "licence")
    assert (log4j.package.type, log4j.package.namespace, log4j.package.name, log4j.version) == (
        "maven",
        "org.apache.logging.log4j",
        "log4j-core",
        "2.14.1",
    )
    assert django.licence is not None
    assert (django.licence.expression, django.hashes, django.supplier) == (
        "BSD-3-Clause",
        {"SHA-256": "a" * 64},
        "DSF",
    )
    assert list(Edge.objects.values_list("source", "target")) == [(1, 2)]
    assert (artifact.subject_purl, artifact.component_count) == ("pkg:pypi/shop@1", 2)


def test_components_are_found_by_the_common_search_once_however_many_sboms_name_them(bob_actor: Actor):
    add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.14.1"))))
    add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.17.0"))))
    assert [entry.name for entry in SearchDocument.objects.filter(kind="component")] == ["log4j-core"]
    assert Package.objects.count() == 1


def test_the_same_bytes_again_are_answered_not_duplicated(bob_actor: Actor):
    first = add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.14.1"))))
    again = add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.14.1")), format="cyclonedx"))
    assert (first.is_new, again.is_new, again.artifact) == (True, False, first.artifact)
    assert Content.objects.count() == 1
    assert AuditEvent.objects.filter(entity_type="ARTIFACT").count() == 1


def test_the_same_bytes_of_two_organizations_are_two_artifacts(bob_actor: Actor, charlie_actor: Actor):
    ours = add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "1")))).artifact
    theirs = add_artifact(actor=charlie_actor, upload=upload(sbom((LOG4J, "1"))))
    assert theirs.is_new
    assert theirs.artifact != ours
    assert Package.objects.count() == 2


def test_an_invalid_document_leaves_nothing_behind(bob_actor: Actor, tmp_path: Path):
    document = sbom((LOG4J, "1"))
    document["components"][0]["type"] = "spaceship"
    with pytest.raises(Invalid) as refusal:
        add_artifact(actor=bob_actor, upload=upload(document))
    assert list(refusal.value.fields) == ["content.components.0.type"]
    assert not Artifact.objects.exists()
    assert not Content.objects.exists()
    assert stored_files(tmp_path) == []


def test_a_document_over_the_limit_is_refused_and_leaves_nothing_behind(bob_actor: Actor, settings, tmp_path: Path):
    settings.ARTIFACT_LIMIT = 1024
    with pytest.raises(TooLarge):
        add_artifact(actor=bob_actor, upload=upload(b"{" + b" " * 2000))
    assert stored_files(tmp_path) == []


def test_a_viewer_may_not_upload(vera_actor: Actor):
    with pytest.raises(Forbidden):
        add_artifact(actor=vera_actor, upload=upload(sbom((LOG4J, "1"))))


def test_other_files_are_kept_unread(bob_actor: Actor):
    added = add_artifact(actor=bob_actor, upload=upload(b"%PDF-1.7 \x00", type="certification", format="iso27001"))
    assert (added.artifact.type, added.artifact.format, added.artifact.size) == ("certification", "iso27001", 10)
    with pytest.raises(Invalid, match="format"):
        add_artifact(actor=bob_actor, upload=upload(b"x", type="other"))


def test_metadata_merges_and_nothing_else_changes(bob_actor: Actor):
    artifact = add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "1")), metadata={"a": 1, "b": 2})).artifact
    changed = update_artifact(actor=bob_actor, artifact=artifact, metadata={"a": None, "c": 3})
    assert {key: changed.metadata.get(key) for key in "abc"} == {"a": None, "b": 2, "c": 3}
    with pytest.raises(Invalid):
        update_artifact(actor=bob_actor, artifact=artifact, metadata=[1])


@pytest.mark.parametrize("product", [f"{LOG4J}@2.14.1", LOG4J])
def test_a_vex_is_related_to_the_sboms_with_the_component_it_names(bob_actor: Actor, product: str):
    with_it = add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.14.1")))).artifact
    add_artifact(actor=bob_actor, upload=upload(sbom(("pkg:pypi/django", "5.2"))))
    vex = add_artifact(actor=bob_actor, upload=upload(openvex(product), type="vex")).artifact
    edge = ArtifactRelationship.objects.get()
    assert (edge.source, edge.target, edge.type, edge.is_derived) == (vex, with_it, "references", True)


def test_an_sbom_is_related_to_the_vex_that_was_there_before(bob_actor: Actor, charlie_actor: Actor):
    vex = add_artifact(actor=bob_actor, upload=upload(csaf(f"{LOG4J}@2.14.1"), type="vex")).artifact
    add_artifact(actor=charlie_actor, upload=upload(sbom((LOG4J, "2.14.1"))))
    add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.17.0"))))
    assert not ArtifactRelationship.objects.exists()
    matched = add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.14.1"), ("pkg:pypi/a", "1")))).artifact
    edge = ArtifactRelationship.objects.get()
    assert (edge.source, edge.target) == (vex, matched)


@pytest.mark.parametrize("sbom_first", [True, False])
def test_a_cyclonedx_vex_is_related_by_the_serial_number_it_names(bob_actor: Actor, sbom_first: bool):
    serial = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
    vex = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "vulnerabilities": [
            {
                "id": "CVE-2021-44228",
                "analysis": {"state": "exploitable"},
                "affects": [{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#log4j"}],
            }
        ],
    }
    uploads = [upload(sbom((LOG4J, "1"), serial=serial)), upload(vex, type="vex")]
    for one in uploads if sbom_first else reversed(uploads):
        add_artifact(actor=bob_actor, upload=one)
    edge = ArtifactRelationship.objects.get()
    assert (edge.source.type, edge.target.type) == ("vex", "sbom")


@pytest.mark.parametrize("sbom_first", [True, False])
def test_a_range_in_a_vex_matches_the_versions_within_it(bob_actor: Actor, sbom_first: bool):
    vex = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "vulnerabilities": [
            {
                "id": "CVE-1",
                "affects": [{"ref": "pkg:pypi/django", "versions": [{"range": "vers:pypi/>=5.0|<5.2"}]}],
            }
        ],
    }
    uploads = [
        upload(sbom(("pkg:pypi/django", "5.1"))),
        upload(sbom(("pkg:pypi/django", "5.2"))),
        upload(vex, type="vex"),
    ]
    for one in uploads if sbom_first else reversed(uploads):
        add_artifact(actor=bob_actor, upload=one)
    assert [edge.target.contents.get().version for edge in ArtifactRelationship.objects.all()] == ["5.1"]


def test_statements_are_read_from_every_format(bob_actor: Actor):
    add_artifact(actor=bob_actor, upload=upload(openvex(f"{LOG4J}@2.14.1"), type="vex"))
    add_artifact(actor=bob_actor, upload=upload(csaf(f"{LOG4J}@2.14.1", group="known_not_affected"), type="vex"))
    found = Statement.objects.order_by("pk")
    assert list(found.values_list("vulnerability", "status", "justification", "package__name", "version")) == [
        ("CVE-2021-44228", "not_affected", "vulnerable_code_not_in_execute_path", "log4j-core", "2.14.1"),
        ("CVE-2021-44228", "not_affected", "component_not_present", "log4j-core", "2.14.1"),
    ]


def test_what_was_asked_for_takes_the_place_of_what_the_server_found(bob_actor: Actor, charlie_actor: Actor):
    first = add_artifact(actor=bob_actor, upload=upload(sbom((LOG4J, "2.14.1")))).artifact
    vex = add_artifact(actor=bob_actor, upload=upload(openvex(LOG4J), type="vex")).artifact
    edge = relate_artifacts(actor=bob_actor, source=vex, target=first, type="references", metadata={"by": "bob"})
    assert (ArtifactRelationship.objects.count(), edge.is_derived) == (1, False)
    with pytest.raises(Conflict):
        relate_artifacts(actor=bob_actor, source=vex, target=first, type="references")
    with pytest.raises(Invalid):
        relate_artifacts(actor=bob_actor, source=vex, target=vex, type="describes")
    theirs = add_artifact(actor=charlie_actor, upload=upload(sbom((LOG4J, "1")))).artifact
    with pytest.raises(NotFound):
        relate_artifacts(actor=bob_actor, source=vex, target=theirs, type="describes")


def test_a_draft_has_one_collection_and_a_released_one_a_new_number_for_each_change(bob_actor: Actor, release: Release):
    first, _ = upload_to_release(actor=bob_actor, release=release, upload=upload(sbom((LOG4J, "1"))))
    second, _ = upload_to_release(actor=bob_actor, release=release, upload=upload(sbom((LOG4J, "2"))))
    assert release.collections.count() == 1
    update_release(actor=bob_actor, release=release, changes={"status": "released"})
    vex, _ = upload_to_release(actor=bob_actor, release=release, upload=upload(openvex(LOG4J), type="vex"))
    remove_from_release(actor=bob_actor, release=release, artifact=first.artifact, comment="wrong one")
    held = {
        collection.number: (
            collection.reason,
            {item.artifact for item in collection.items.select_related("artifact")},
        )
        for collection in release.collections.all()
    }
    assert held == {
        1: ("INITIAL_RELEASE", {first.artifact, second.artifact}),
        2: ("VEX_UPDATED", {first.artifact, second.artifact, vex.artifact}),
        3: ("ARTIFACT_REMOVED", {second.artifact, vex.artifact}),
    }


def test_a_repeat_of_an_association_changes_nothing(bob_actor: Actor, release: Release):
    added, _ = upload_to_release(actor=bob_actor, release=release, upload=upload(sbom((LOG4J, "1"))))
    update_release(actor=bob_actor, release=release, changes={"status": "released"})
    assert not add_to_release(actor=bob_actor, release=release, artifact=added.artifact).is_new
    assert release.collections.count() == 1


def test_an_archived_release_does_not_change(bob_actor: Actor, release: Release):
    added, _ = upload_to_release(actor=bob_actor, release=release, upload=upload(sbom((LOG4J, "1"))))
    archived = update_release(actor=bob_actor, release=release, changes={"status": "archived"})
    with pytest.raises(Conflict):
        upload_to_release(actor=bob_actor, release=archived, upload=upload(sbom((LOG4J, "2"))))
    with pytest.raises(Conflict):
        remove_from_release(actor=bob_actor, release=archived, artifact=added.artifact)
    assert Artifact.objects.count() == 1


def test_an_artifact_that_shipped_is_not_deleted_and_one_of_a_draft_is_with_all_that_is_inside(
    bob_actor: Actor, release: Release
):
    added, _ = upload_to_release(actor=bob_actor, release=release, upload=upload(sbom((LOG4J, "1"))))
    shipped = update_release(actor=bob_actor, release=release, changes={"status": "released"})
    with pytest.raises(Conflict) as refusal:
        delete_artifact(actor=bob_actor, artifact=added.artifact)
    assert refusal.value.details["releases"] == [str(shipped)]
    draft = create_release(actor=bob_actor, project=release.project, data={"version": "2.0"})
    loose, _ = upload_to_release(actor=bob_actor, release=draft, upload=upload(sbom((LOG4J, "2"))))
    delete_artifact(actor=bob_actor, artifact=loose.artifact)
    assert list(Content.objects.values_list("version", flat=True)) == ["1"]
    assert not draft.collections.get().items.exists()


def test_another_organizations_artifact_cannot_be_put_into_a_release(
    bob_actor: Actor, charlie_actor: Actor, release: Release
):
    theirs = add_artifact(actor=charlie_actor, upload=upload(sbom((LOG4J, "1")))).artifact
    with pytest.raises(NotFound):
        add_to_release(actor=bob_actor, release=release, artifact=theirs)


def test_a_large_sbom_takes_a_constant_number_of_statements(bob_actor: Actor, django_assert_max_num_queries):
    for size in (10, 2000):
        document = sbom(*((f"pkg:npm/part-{size}-{number}", "1.0") for number in range(size)))
        with django_assert_max_num_queries(30):
            add_artifact(actor=bob_actor, upload=upload(document))
    assert Content.objects.count() == 2010


@pytest.mark.only_on("postgresql")  # SQLite has one writer at a time
@pytest.mark.django_db(transaction=True)
def test_many_who_upload_at_once_make_one_artifact_each_and_share_packages(bob_actor: Actor):
    components = [(f"pkg:npm/part-{number}", "1") for number in range(300)]
    same = upload(sbom(*components))
    others = [upload(sbom(*random.sample(components, 300), (f"pkg:npm/own-{number}", "1"))) for number in range(4)]

    def work(one: Upload) -> bool:
        try:
            return add_artifact(actor=bob_actor, upload=Upload(content=[*one.content], type="sbom")).is_new
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(work, [same, *others, same, same, same]))
    assert sum(made) == 5
    assert (Artifact.objects.count(), Package.objects.count()) == (5, 304)


def test_what_has_no_name_takes_the_place_of_nothing(bob_actor: Actor, release: Release):
    update_release(actor=bob_actor, release=release, changes={"status": "released"})
    for content in (b"one", b"two"):
        note = upload(content, type="other", format="note")
        upload_to_release(actor=bob_actor, release=release, upload=note, association_type="supporting")
    release.refresh_from_db()
    assert release.collection is not None
    assert (release.collection.number, release.collection.reason) == (3, "ARTIFACT_ADDED")
    assert list(release.collection.items.values_list("association_type", flat=True)) == ["supporting", "supporting"]
