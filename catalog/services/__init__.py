"""Writes of the catalog. Every door calls these."""

from catalog.services.assets import create_asset, delete_asset, restore_asset, snapshot, update_asset
from catalog.services.batch import upsert_batch
from catalog.services.bulk import upsert_assets, upsert_rows
from catalog.services.bulk_edges import upsert_relationships
from catalog.services.concepts import create_concept, delete_concept, restore_concept, update_concept
from catalog.services.drafts import AssetDraft, RelationshipDraft, Retired, RowError, UpsertResult
from catalog.services.duplicates import merge_assets
from catalog.services.filing import Filing, file_asset, file_assets, file_contents
from catalog.services.lineage_edges import delete_dependencies, delete_lineage, delete_lineage_told_by, put_lineage
from catalog.services.linking import link_term, unlink_term
from catalog.services.relationships import create_relationship, delete_relationship, update_relationship
from catalog.services.renaming import rename_assets
from catalog.services.retiring import retire_assets, retire_relationships
from catalog.services.tags import (
    create_tag,
    delete_category,
    delete_tag,
    forget_tag,
    merge_tags,
    restore_category,
    restore_tag,
    update_tag,
)
from catalog.services.trees import delete_tree, descendants, restore_tree

__all__ = [
    "AssetDraft",
    "Filing",
    "RelationshipDraft",
    "Retired",
    "RowError",
    "UpsertResult",
    "create_asset",
    "create_concept",
    "create_relationship",
    "create_tag",
    "delete_asset",
    "delete_category",
    "delete_concept",
    "delete_dependencies",
    "delete_lineage",
    "delete_lineage_told_by",
    "delete_relationship",
    "delete_tag",
    "delete_tree",
    "descendants",
    "file_asset",
    "file_assets",
    "file_contents",
    "forget_tag",
    "link_term",
    "merge_assets",
    "merge_tags",
    "put_lineage",
    "rename_assets",
    "restore_asset",
    "restore_category",
    "restore_concept",
    "restore_tag",
    "restore_tree",
    "retire_assets",
    "retire_relationships",
    "snapshot",
    "unlink_term",
    "update_asset",
    "update_concept",
    "update_relationship",
    "update_tag",
    "upsert_assets",
    "upsert_batch",
    "upsert_relationships",
    "upsert_rows",
]
