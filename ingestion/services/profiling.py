"""Profiles of tables: computed in the source, kept as a series by table and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.utils import timezone

from catalog.models import Asset, Origin
from ingestion.connectors.base import TableProfile
from ingestion.connectors.tables import chunks
from ingestion.models import Profile
from ingestion.services.running import Run

AT_ONCE = 50
"""Tables whose profiles are written together."""


def store_profiles(
    run: Run, origin: Origin, found: Iterable[TableProfile], warn: Callable[[str, str], None]
) -> dict[str, int]:
    """Keep each profile under its table's asset; a table that was not collected yet is told. Returns counts."""
    counts = {"profiled": 0, "sampled": 0, "unknown": 0}
    for batch in chunks(found, AT_ONCE):
        _store(run, origin, batch, counts, warn)
        run.result = dict(counts)
        run.check()
    return counts


def _store(
    run: Run, origin: Origin, batch: Sequence[TableProfile], counts: dict[str, int], warn: Callable[[str, str], None]
) -> None:
    names = [one.qualified_name for one in batch]
    living = Asset.objects.filter(origin=origin, deleted_at=None, qualified_name__in=names)
    assets = dict(living.values_list("qualified_name", "pk"))
    now = timezone.now()
    rows = []
    for one in batch:
        key = assets.get(one.qualified_name)
        if key is None:
            counts["unknown"] += 1
            warn("It is not in the catalog: collect the source first", one.qualified_name)
            continue
        counts["profiled"] += 1
        counts["sampled"] += one.is_sampled
        rows.append(
            Profile(
                organization_id=origin.organization_id,
                asset_id=key,
                job=run.job,
                taken_at=now,
                row_count=one.rows,
                is_sampled=one.is_sampled,
                sampled_rows=one.sampled_rows,
                columns=one.columns,
            )
        )
    Profile.objects.bulk_create(rows)
