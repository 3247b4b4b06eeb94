"""Assets out to files and in from them: what an import would do, told before it is done."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.models import Role
from audit.models import AuditEvent
from catalog.files import FORMATS, rows_of_text
from catalog.models import Asset
from catalog.records import read_terms
from catalog.services.bulk import upsert_rows
from catalog.services.drafts import UpsertResult
from contracts.errors import Invalid, TooLarge

ROWS = 10_000
"""Rows of a file that is imported by hand; a larger one is a task's work (`BULK_INGESTION`)."""
CHANGES_SHOWN = 100
AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What an import would do to one asset; `before` is None where it would be made."""

    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do: its counts and errors, and the first CHANGES_SHOWN of its changes."""

    result: UpsertResult
    changes: list[PlannedChange]


def read_file(content: bytes, kind: str) -> list[Any]:
    """The rows of a file. Raises Invalid where it cannot be read, TooLarge for more than ROWS."""
    if kind not in FORMATS:
        raise Invalid(f"A file is one of {', '.join(FORMATS)}")
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    try:
        rows = list(islice(rows_of_text(text, kind), ROWS + 1))
    except UnicodeDecodeError as error:
        raise Invalid("The file is not text in UTF-8") from error
    if len(rows) > ROWS:
        raise TooLarge(f"At most {ROWS:,} rows at once; a task imports larger files", limit=ROWS)
    return rows


def plan_import(*, actor: Actor, rows: Sequence[object]) -> Plan:
    """What `upsert_rows` would do with these rows: it is done and undone, so that the plan is what happens.

    Raises Forbidden.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        begun = uuid7()
        result = upsert_rows(actor=actor, rows=rows)
        events = AuditEvent.objects.filter(
            organization_id=actor.tenant, id__gt=begun, entity_type="ASSET", entity_id__in=list(result.ids.values())
        )
        changes = [
            PlannedChange(event.entity_name, _state(event.before_state), _state(event.after_state))
            for event in events.order_by("id")[:CHANGES_SHOWN]
        ]
        transaction.set_rollback(True)
    return Plan(result, changes)


def export_rows(keys: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """These assets as rows that an import reads, in the order of their qualified names. Four statements a thousand."""
    for start in range(0, len(keys), AT_A_TIME):
        part = keys[start : start + AT_A_TIME]
        terms = read_terms(part)
        assets = Asset.objects.filter(pk__in=part).for_display().order_by("qualified_name")
        for asset in assets:
            owner = asset.owner.email if asset.owner else asset.owner_team.name if asset.owner_team else None
            yield {
                "type": asset.type,
                "name": asset.name,
                "qualified_name": asset.qualified_name,
                "description": asset.description,
                "tags": [tag.name for tag in asset.tags.all()],
                "owner": owner,
                "domain": asset.domain.fully_qualified_name if asset.domain else None,
                "terms": [
                    {"name": link.name, "column": link.column} if link.column else link.name
                    for link in terms.get(asset.pk, ())
                ],
                "metadata": asset.metadata,
                "schema": asset.schema,
            }


def _state(state: Any) -> dict[str, Any] | None:
    return dict(state) if isinstance(state, dict) else None
