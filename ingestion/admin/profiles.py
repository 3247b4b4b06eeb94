"""The profiles of a table, on its asset's page."""

from __future__ import annotations

from typing import Any

from accounts.actor import Actor
from catalog.admin.tabs import asset_tab
from catalog.models import Asset
from ingestion.admin.charts import profile_series
from ingestion.models import Profile

PROFILES_DRAWN = 30


@asset_tab(name="profile", label="Profile", template="cartulary/asset_profile.html")
def profile_of(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """The series of a table's profiles; no tab where it was never profiled."""
    if asset.origin_id is None:
        return None
    profiles = list(Profile.objects.visible_to(actor).series_of(asset.pk)[:PROFILES_DRAWN])
    return profile_series(profiles) if profiles else None
