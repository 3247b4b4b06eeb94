"""Releases in the catalog: what search finds of them, and the asset that puts a release into lineage."""

from __future__ import annotations

from collections.abc import Collection

from accounts.actor import Actor
from catalog.models import Asset
from catalog.names import join_name
from catalog.search import Document, index_documents, remove_documents
from catalog.services import (
    AssetDraft,
    RelationshipDraft,
    delete_dependencies,
    upsert_assets,
    upsert_relationships,
)
from contracts.errors import Invalid
from registry.models import Release, ReleaseStatus

ASSET_TYPE = "DATASET"


def publish_release(*, actor: Actor, release: Release, former_inputs: Collection[str] = ()) -> None:
    """Index the release for search; once it is no draft, register its asset and what it was made from.

    The inputs are the qualified names in `metadata.inputs`. Raises Invalid for one the catalog does not have.
    `former_inputs` are those that were registered before: what is no more among the inputs loses its edge, and what
    has gone from the catalog since is passed over.
    """
    project = release.project
    index_documents(
        [
            Document(
                entity_id=release.pk,
                organization_id=release.organization_id,
                kind="release",
                type=str(release.status),
                name=f"{project.name} {release.version}",
                path=asset_name(release),
                description=str(release.metadata.get("release_notes", "")),
                tags=project.tags,
            )
        ]
    )
    if release.status != ReleaseStatus.DRAFT:
        _register(actor, release, former_inputs)


def forget_release(*, actor: Actor, release: Release) -> None:
    """Take a draft out of the search index."""
    remove_documents([release.pk])


def asset_name(release: Release) -> str:
    """The qualified name of the asset that a release is in the catalog."""
    project = release.project
    return join_name("releases", project.product.name, project.name, release.version)


def _register(actor: Actor, release: Release, former_inputs: Collection[str]) -> None:
    name = asset_name(release)
    draft = AssetDraft(
        type=ASSET_TYPE,
        name=f"{release.project.name} {release.version}",
        qualified_name=name,
        metadata={
            "kind": "release",
            "release_id": str(release.pk),
            "version": release.version,
            "status": str(release.status),
            "release_date": release.release_date.isoformat() if release.release_date else None,
        },
    )
    result = upsert_assets(actor=actor, drafts=[draft])
    if result.errors:
        raise Invalid(fields={"version": [result.errors[0].message]})
    inputs = release.metadata.get("inputs", [])
    there = set(
        Asset.objects.filter(
            organization=release.organization_id, qualified_name__in=inputs, deleted_at=None
        ).values_list("qualified_name", flat=True)
    )
    missing = [entry for entry in inputs if entry not in there and entry not in former_inputs]
    if missing:
        raise Invalid(fields={"metadata.inputs": [f"There is no asset '{entry}'." for entry in missing]})
    edges = [
        RelationshipDraft(source=name, target=entry, type="DEPENDS_ON") for entry in inputs if entry in there - {name}
    ]
    if edges:
        upsert_relationships(actor=actor, drafts=edges)
    if dropped := [entry for entry in former_inputs if entry not in inputs]:
        delete_dependencies(actor=actor, source=Asset.objects.get(pk=result.ids[name]), targets=dropped)
