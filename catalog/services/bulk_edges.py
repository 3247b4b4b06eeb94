"""Many relationships at once, between assets named by their qualified names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.checks import text
from accounts.models import Role
from audit.collector import collector_paused
from catalog.edges import EdgeRecord, End, edge_name, ids_by_name, read_between
from catalog.jsontext import JsonText, same_json
from catalog.models import Origin
from catalog.services.drafts import RelationshipDraft, RowError, UpsertResult, edge_draft_from, row_error
from catalog.services.edge_writing import EdgeWriter
from catalog.services.retry import retried
from catalog.validation import clean_relationship
from contracts.errors import Invalid


class CheckedEdge(NamedTuple):
    """A row of a batch that is fit to be stored, and its place in the batch, from 0."""

    place: int
    source: str
    target: str
    type: str
    metadata: JsonText

    @property
    def name(self) -> str:
        return edge_name(self.source, self.type, self.target)


@collector_paused()
def upsert_relationships(
    *, actor: Actor, drafts: Sequence[RelationshipDraft], origin: Origin | None = None
) -> UpsertResult:
    """Create the edges that are not there, change the metadata of those that are otherwise.

    An end that is not in the catalog is an error of its row, whose `qualified_name` is that of the end. `ids`
    is keyed by `edge_name`. An edge keeps the origin it was made with. Raises Forbidden.
    """
    actor.require(Role.EDITOR)
    return _upsert(actor, *_checked(enumerate(drafts)), origin=origin)


@collector_paused()
def upsert_edge_rows(*, actor: Actor, rows: Sequence[object], upsert: bool = True) -> UpsertResult:
    """The same for rows of JSON as they came: one that is no relationship is an error of its row.

    With `upsert` false so is one that is there already.
    """
    actor.require(Role.EDITOR)
    entries: list[tuple[int, RelationshipDraft]] = []
    refused: list[RowError] = []
    for place, row in enumerate(rows):
        try:
            entries.append((place, edge_draft_from(row)))
        except Invalid as error:
            refused.append(row_error(place, row.get("source") if isinstance(row, dict) else None, error))
    checked, errors = _checked(entries)
    return _upsert(actor, checked, refused + errors, upsert=upsert)


def _upsert(
    actor: Actor,
    checked: list[CheckedEdge],
    errors: list[RowError],
    *,
    origin: Origin | None = None,
    upsert: bool = True,
) -> UpsertResult:
    result = _write(actor, checked, origin, upsert) if checked else UpsertResult()
    result.errors = sorted(result.errors + errors, key=lambda error: error.index)
    return result


def _checked(drafts: Iterable[tuple[int, RelationshipDraft]]) -> tuple[list[CheckedEdge], list[RowError]]:
    checked: dict[str, CheckedEdge] = {}
    errors: list[RowError] = []
    for place, draft in drafts:
        try:
            fields = clean_relationship({"type": draft.type, "metadata": draft.metadata})
            source, target = _end("source", draft.source), _end("target", draft.target)
        except Invalid as error:
            errors.append(row_error(place, draft.source, error))
            continue
        edge = CheckedEdge(place, source, target, fields["type"], fields["metadata"])
        if edge.name in checked:
            first = checked[edge.name].place
            errors.append(RowError(place, source, "A row before it says the same", {"first_index": first}))
        else:
            checked[edge.name] = edge
    return list(checked.values()), errors


def _end(field: str, value: object) -> str:
    try:
        return text(value, limit=1000, blank=False)
    except ValueError as error:
        raise Invalid(fields={field: [str(error)]}, resource="relationship") from error


@retried
def _write(actor: Actor, rows: Sequence[CheckedEdge], origin: Origin | None, upsert: bool) -> UpsertResult:
    organization_id = actor.tenant
    result = UpsertResult()
    ids = ids_by_name(organization_id, list({name for row in rows for name in (row.source, row.target)}))
    rows = [row for row in rows if _has_ends(row, ids, result)]
    ends = [(ids[row.source], ids[row.target]) for row in rows]
    there = {(edge.source.id, edge.target.id, edge.type): edge for edge in read_between(*_columns(ends))}
    writer = EdgeWriter(actor, organization_id)
    for row, (source, target) in zip(rows, ends, strict=True):
        edge = there.get((source, target, row.type))
        if edge is None:
            edge = _edge(writer, row, End(source, row.source), End(target, row.target), origin)
            writer.create(edge)
            result.created += 1
        elif not upsert:
            known = {"relationship_id": str(edge.id)}
            result.errors.append(RowError(row.place, row.source, "There is this relationship already", known))
        elif same_json(edge.metadata.value, row.metadata.value):
            result.unchanged += 1
        else:
            writer.change(edge, metadata=row.metadata)
            result.updated += 1
        result.ids[row.name] = edge.id
    if result.created or result.updated:
        writer.flush()
    return result


def _columns(pairs: Sequence[tuple[UUID, UUID]]) -> tuple[list[UUID], list[UUID]]:
    return list({source for source, _ in pairs}), list({target for _, target in pairs})


def _has_ends(row: CheckedEdge, ids: dict[str, UUID], result: UpsertResult) -> bool:
    for field, name in (("source", row.source), ("target", row.target)):
        if name not in ids:
            message = f"No asset with the qualified name '{name}'"
            result.errors.append(RowError(row.place, name, message, {"fields": {field: [message]}}))
            return False
    return True


def _edge(writer: EdgeWriter, row: CheckedEdge, source: End, target: End, origin: Origin | None) -> EdgeRecord:
    return EdgeRecord(
        id=uuid7(),
        organization_id=writer.organization_id,
        source=source,
        target=target,
        type=row.type,
        metadata=row.metadata,
        origin_id=origin.pk if origin else None,
        created_by_id=writer.actor.user_id,
        created_at=writer.now,
        updated_at=writer.now,
    )
