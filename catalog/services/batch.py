"""Assets and the relationships between them, in one batch."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.actor import Actor
from catalog.services.bulk import upsert_rows
from catalog.services.bulk_edges import upsert_edge_rows
from catalog.services.drafts import UpsertResult


@transaction.atomic
def upsert_batch(
    *, actor: Actor, assets: Sequence[object], relationships: Sequence[object], upsert: bool = True
) -> tuple[UpsertResult, UpsertResult]:
    """Rows of JSON as they came: what `upsert_rows` and `upsert_edge_rows` do, both or neither.

    An end of a relationship may be an asset of the batch. Raises Forbidden.
    """
    made = upsert_rows(actor=actor, rows=assets, upsert=upsert)
    return made, upsert_edge_rows(actor=actor, rows=relationships, upsert=upsert)
