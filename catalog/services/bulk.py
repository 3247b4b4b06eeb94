"""Many assets at once: what a batch and a collection write through.

A batch costs a constant number of statements. What is there already is read without a lock and compared; a
row that did not change is not written. A row that did is written only if it still is the version that was
read; else the whole batch is run again, and then meets what the other writer left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.models import Role
from audit.collector import collector_paused
from catalog.files import BadRow
from catalog.jsontext import JsonText
from catalog.merging import curated_by, merged, without_nulls
from catalog.models import Origin
from catalog.records import AssetRecord, read_by_name
from catalog.services.drafts import AssetDraft, RowError, UpsertResult, draft_fields, draft_from, row_error
from catalog.services.naming import TagBook, check_asset_lines
from catalog.services.references import ReferenceBook
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from catalog.validation import clean_asset
from contracts.errors import Invalid

REQUIRED = ("type", "name", "qualified_name")
_EMPTY_OBJECT, _EMPTY_LIST = JsonText({}), JsonText([])


class CheckedRow(NamedTuple):
    """A row of a batch whose fields are fit to be stored, and its place in the batch, from 0."""

    place: int
    fields: dict[str, Any]


@collector_paused()
def upsert_assets(
    *, actor: Actor, drafts: Sequence[AssetDraft], origin: Origin | None = None, upsert: bool = True
) -> UpsertResult:
    """Create the assets that are not there, change those that are otherwise, leave the rest.

    With an `origin` it is a collection: what a person wrote (`curated`) stays, and a stale mark is lifted. With
    `upsert` false an asset that is there is an error of its row. A bad row is an error and sinks no other.
    Raises Forbidden for one who may not edit.
    """
    actor.require(Role.EDITOR)
    checked, errors = _checked((index, draft_fields(draft)) for index, draft in enumerate(drafts))
    return _upsert(actor, checked, errors, origin, upsert, names_are_given=False)


@collector_paused()
def upsert_rows(*, actor: Actor, rows: Sequence[object], upsert: bool = True) -> UpsertResult:
    """The same for rows as they came from JSON or a file: one that is no asset is an error of its row."""
    actor.require(Role.EDITOR)
    entries: list[tuple[int, dict[str, Any]]] = []
    refused: list[RowError] = []
    for index, row in enumerate(rows):
        try:
            entries.append((index, draft_fields(draft_from(row))))
        except Invalid as error:
            refused.append(row_error(index, _name_of(row), error))
    checked, errors = _checked(entries)
    return _upsert(actor, checked, refused + errors, None, upsert, names_are_given=True)


def _name_of(row: object) -> object:
    if isinstance(row, BadRow):
        return row.qualified_name
    return row.get("qualified_name") if isinstance(row, dict) else None


def _upsert(
    actor: Actor,
    checked: list[CheckedRow],
    errors: list[RowError],
    origin: Origin | None,
    upsert: bool,
    *,
    names_are_given: bool,
) -> UpsertResult:
    """`names_are_given` says that somebody chose the names, and that they are not what a program found."""
    result = _write(actor, checked, origin, upsert, names_are_given) if checked else UpsertResult()
    result.errors = sorted(result.errors + errors, key=lambda error: error.index)
    return result


def _checked(entries: Iterable[tuple[int, dict[str, Any]]]) -> tuple[list[CheckedRow], list[RowError]]:
    """The rows that can be stored, each qualified name once, and what is wrong with the others."""
    checked: dict[str, CheckedRow] = {}
    errors: list[RowError] = []
    for index, data in entries:
        try:
            fields = clean_asset(data, required=REQUIRED)
        except Invalid as error:
            errors.append(row_error(index, data.get("qualified_name"), error))
            continue
        name = fields["qualified_name"]
        if name in checked:
            first = checked[name].place
            message = "A row before it has the same qualified name"
            errors.append(RowError(index, name, message, {"first_index": first}))
        else:
            checked[name] = CheckedRow(index, fields)
    return list(checked.values()), errors


@retried
def _write(
    actor: Actor, rows: Sequence[CheckedRow], origin: Origin | None, upsert: bool, names_are_given: bool
) -> UpsertResult:
    organization_id = actor.tenant
    result = UpsertResult()
    there = {record.qualified_name: record for record in read_by_name(organization_id, _names(rows))}
    if not upsert:
        rows = _without_existing(rows, there, result)
    if names_are_given:
        rows = _of_one_line(rows, there, result)
    tags = TagBook(actor, organization_id)
    tags.learn(name for row in rows for name in row.fields.get("tags", ()))
    book = ReferenceBook(organization_id)
    book.learn(row.fields for row in rows)
    writer = AssetWriter(actor, organization_id)

    def made() -> Iterator[AssetRecord]:
        for row in rows:
            name = row.fields["qualified_name"]
            record = there.get(name)
            try:
                fields = book.found(row.fields, record)
            except Invalid as error:
                result.errors.append(row_error(row.place, name, error))
                continue
            if record is None:
                record = new_asset(writer, fields, tags, origin)
                result.created += 1
                yield record
            elif changes := merged(record, fields, tags, origin):
                writer.change(record, **changes)
                result.updated += 1
            else:
                result.unchanged += 1
            result.ids[name] = record.id

    writer.flush(made())
    return result


def _names(rows: Sequence[CheckedRow]) -> list[str]:
    return [row.fields["qualified_name"] for row in rows]


def _without_existing(
    rows: Sequence[CheckedRow], there: dict[str, AssetRecord], result: UpsertResult
) -> list[CheckedRow]:
    free = []
    for row in rows:
        record = there.get(row.fields["qualified_name"])
        if record is None:
            free.append(row)
        else:
            details = {"asset_id": str(record.id)}
            result.errors.append(
                RowError(row.place, record.qualified_name, "An asset with this qualified name exists", details)
            )
    return free


def _of_one_line(rows: Sequence[CheckedRow], there: dict[str, AssetRecord], result: UpsertResult) -> list[CheckedRow]:
    fit = []
    for row in rows:
        name = row.fields["qualified_name"]
        try:
            check_asset_lines(row.fields, there.get(name))
            fit.append(row)
        except Invalid as error:
            result.errors.append(row_error(row.place, name, error))
    return fit


def new_asset(
    writer: AssetWriter, fields: dict[str, Any], tags: TagBook, origin: Origin | None, *, by_program: bool = False
) -> AssetRecord:
    """The asset that these checked fields make, with the tags learned and the references found before."""
    return AssetRecord(
        id=uuid7(),
        organization_id=writer.organization_id,
        type=fields["type"],
        name=fields["name"],
        qualified_name=fields["qualified_name"],
        description=fields.get("description", ""),
        metadata=without_nulls(fields["metadata"]) if "metadata" in fields else _EMPTY_OBJECT,
        schema=fields.get("schema", _EMPTY_LIST),
        tags=tags.tags(fields.get("tags", ())),
        owner=fields.get("owner"),
        domain=fields.get("domain"),
        terms=fields.get("terms", ()),
        origin_id=origin.pk if origin else None,
        curated=() if origin or by_program else curated_by(fields, blank=False),
        version=1,
        created_by_id=writer.actor.user_id,
        created_at=writer.now,
        updated_at=writer.now,
    )
