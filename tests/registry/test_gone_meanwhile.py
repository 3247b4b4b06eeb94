"""What somebody else deleted after it was read is not there: a clear answer, and nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from audit.models import AuditEvent
from contracts.errors import Conflict, NotFound
from registry.models import Artifact, CollectionItem, Component, Product, Project, Release
from registry.services.artifacts import add_artifact, delete_artifact, update_artifact
from registry.services.collections import add_to_release, remove_from_release, upload_to_release
from registry.services.products import (
    create_component,
    create_product,
    create_project,
    delete_component,
    delete_product,
    update_product,
)
from registry.services.releases import create_release, delete_release, update_release
from tests.catalog.conftest import at_once
from tests.registry.documents import sbom, upload

PARTS = ("pkg:npm/a", "1")


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def project(bob_actor: Actor) -> Project:
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    return create_project(actor=bob_actor, product=product, data={"name": "Web"})


@pytest.fixture
def release(bob_actor: Actor, project: Project) -> Release:
    return create_release(actor=bob_actor, project=project, data={"version": "1.0"})


@pytest.mark.django_db
def test_a_release_that_is_gone(bob_actor: Actor, release: Release):
    artifact = add_artifact(actor=bob_actor, upload=upload(sbom(PARTS))).artifact
    delete_release(actor=bob_actor, release=Release.objects.get())
    other = upload(sbom(("pkg:npm/b", "1")))
    works: list[Callable[[], object]] = [
        lambda: update_release(actor=bob_actor, release=release, changes={"metadata": {}}),
        lambda: delete_release(actor=bob_actor, release=release),
        lambda: add_to_release(actor=bob_actor, release=release, artifact=artifact),
        lambda: remove_from_release(actor=bob_actor, release=release, artifact=artifact),
        lambda: upload_to_release(actor=bob_actor, release=release, upload=other),
    ]
    for work in works:
        with pytest.raises(NotFound) as refusal:
            work()
        assert (refusal.value.resource, refusal.value.details) == ("release", {"release_id": str(release.pk)})
    assert Artifact.objects.get() == artifact, "both or neither"
    assert AuditEvent.objects.filter(action="DELETE").count() == 1


@pytest.mark.django_db
def test_an_artifact_that_is_gone(bob_actor: Actor, release: Release):
    artifact = add_artifact(actor=bob_actor, upload=upload(sbom(PARTS))).artifact
    delete_artifact(actor=bob_actor, artifact=Artifact.objects.get())
    works: list[Callable[[], object]] = [
        lambda: update_artifact(actor=bob_actor, artifact=artifact, metadata={}),
        lambda: delete_artifact(actor=bob_actor, artifact=artifact),
        lambda: add_to_release(actor=bob_actor, release=release, artifact=artifact),
    ]
    for work in works:
        with pytest.raises(NotFound) as refusal:
            work()
        assert (refusal.value.resource, refusal.value.details) == ("artifact", {"artifact_id": str(artifact.pk)})


@pytest.mark.django_db
def test_products_and_components_that_are_gone(bob_actor: Actor, project: Project):
    data = {"name": "lib", "purl": "pkg:npm/lib@1"}
    component = create_component(actor=bob_actor, project=project, data=data)
    delete_component(actor=bob_actor, component=Component.objects.get())
    with pytest.raises(NotFound):
        delete_component(actor=bob_actor, component=component)
    assert AuditEvent.objects.filter(entity_id=component.pk, action="DELETE").count() == 1
    empty = create_product(actor=bob_actor, data={"name": "Empty"})
    delete_product(actor=bob_actor, product=Product.objects.get(pk=empty.pk))
    with pytest.raises(NotFound):
        update_product(actor=bob_actor, product=empty, changes={"name": "Full"})


@pytest.mark.only_on("postgresql")  # SQLite has one writer at a time
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(4))
def test_a_release_is_deleted_while_an_artifact_is_put_into_it(bob_actor: Actor, release: Release, number: int):
    deleted, placed = at_once(
        lambda: delete_release(actor=bob_actor, release=release),
        lambda: upload_to_release(actor=bob_actor, release=release, upload=upload(sbom(PARTS))),
    )
    assert deleted is None
    assert not Release.objects.exists()
    if isinstance(placed, Exception):
        assert isinstance(placed, NotFound)
        assert not Artifact.objects.exists()
    else:
        assert Artifact.objects.get() == placed[0].artifact


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(4))
def test_an_artifact_is_deleted_while_it_is_put_into_a_release(bob_actor: Actor, release: Release, number: int):
    artifact = add_artifact(actor=bob_actor, upload=upload(sbom(PARTS))).artifact
    deleted, placed = at_once(
        lambda: delete_artifact(actor=bob_actor, artifact=artifact),
        lambda: add_to_release(actor=bob_actor, release=release, artifact=artifact),
    )
    if isinstance(deleted, Conflict):
        assert not isinstance(placed, Exception), placed
        assert CollectionItem.objects.filter(artifact=artifact, collection__release=release).exists()
        return
    assert deleted is None
    assert not Artifact.objects.exists()
    assert not isinstance(placed, Exception) or isinstance(placed, NotFound), placed
