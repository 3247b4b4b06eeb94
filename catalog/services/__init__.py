"""Writes of the catalog. Every door calls these."""

from catalog.services.bulk import upsert_assets, upsert_rows
from catalog.services.drafts import AssetDraft, RelationshipDraft, Retired, RowError, UpsertResult

__all__ = [
    "AssetDraft",
    "RelationshipDraft",
    "Retired",
    "RowError",
    "UpsertResult",
    "upsert_assets",
    "upsert_rows",
]
