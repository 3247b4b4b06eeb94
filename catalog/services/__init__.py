"""Writes of the catalog. Every door calls these."""

from catalog.services.bulk import upsert_assets, upsert_rows
from catalog.services.bulk_edges import upsert_relationships
from catalog.services.drafts import AssetDraft, RelationshipDraft, Retired, RowError, UpsertResult
from catalog.services.retiring import retire_assets, retire_relationships

__all__ = [
    "AssetDraft",
    "RelationshipDraft",
    "Retired",
    "RowError",
    "UpsertResult",
    "retire_assets",
    "retire_relationships",
    "upsert_assets",
    "upsert_relationships",
    "upsert_rows",
]
