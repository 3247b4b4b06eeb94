"""Assets filed under what contains them: a table under its schema, a schema under its database.

The asset and its CONTAINS edge are one transaction; many are a constant number of statements. What is there
already is replaced: a field that a filing does not speak of is emptied by whoever filed it (`Filing.fields`
holds the emptiness), and a program leaves alone what a person wrote, as a collection does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.models import Role
from audit.collector import collector_paused
from catalog.edges import EdgeRecord, End, read_between, read_edges
from catalog.jsontext import JsonText
from catalog.merging import merged
from catalog.models import Asset, Origin, Relationship
from catalog.records import AssetRecord, read_by_name
from catalog.services.bulk import REQUIRED, new_asset
from catalog.services.drafts import RowError, UpsertResult
from catalog.services.edge_writing import EdgeWriter
from catalog.services.naming import TagBook, check_asset_lines
from catalog.services.references import ReferenceBook
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from catalog.validation import clean_asset
from contracts.errors import Conflict, Invalid, NotFound, Stale

CONTAINS = "CONTAINS"


@dataclass(slots=True)
class Filing:
    """An asset as somebody files it: the fields of `clean_asset`.

    `parent` is the qualified name of what contains it, empty for nothing; `parent_types` and `types` are the
    types that the one may be of and that the other may have had. `origin` names the data source that must be there.
    `contents` are the qualified names of all that it contains of `content_types`; None leaves that as it is.
    `expected_version` is the one that it must be at; None for any.
    """

    fields: Mapping[str, Any]
    parent: str = ""
    parent_types: Collection[str] = ()
    types: Collection[str] = ()
    origin: str = ""
    contents: Sequence[str] | None = None
    content_types: Collection[str] = ()
    expected_version: int | None = None


@dataclass(slots=True)
class _Row:
    place: int
    fields: dict[str, Any]
    filing: Filing

    @property
    def name(self) -> str:
        return str(self.fields["qualified_name"])


@dataclass(slots=True)
class Filed:
    """What became of one filing."""

    id: UUID
    is_new: bool


def file_asset(*, actor: Actor, filing: Filing, replace: bool = True, asset_id: UUID | None = None) -> Filed:
    """File one asset; with `asset_id` a new one gets that id.

    Raises Invalid, NotFound for a parent that is not there, Stale where it is at another version than expected,
    Conflict where it is there and may not be replaced.
    """
    actor.require(Role.EDITOR)
    row = _Row(0, clean_asset(filing.fields, required=REQUIRED), filing)
    result = _write(actor, [row], replace, asset_id)
    for error in result.errors:
        if error.details.get("is_missing"):
            raise NotFound(error.message, resource="parent")
        if error.details.get("is_stale"):
            raise Stale(error.message, resource="asset", expected_version=filing.expected_version)
        if error.details.get("is_taken"):
            raise Conflict(error.message, resource="asset", qualified_name=error.qualified_name)
        raise Invalid(fields=error.details["fields"], resource="asset")
    return Filed(result.ids[row.name], bool(result.created))


@collector_paused()
def file_assets(*, actor: Actor, filings: Sequence[Filing], override: bool = False) -> UpsertResult:
    """File many assets; a bad one is an error of its row and sinks no other. Of two with one name the later counts.

    With `override` a program replaces what a person wrote, too. Raises Forbidden.
    """
    actor.require(Role.EDITOR)
    rows: dict[str, _Row] = {}
    errors: list[RowError] = []
    for place, filing in enumerate(filings):
        try:
            row = _Row(place, clean_asset(filing.fields, required=REQUIRED), filing)
        except Invalid as error:
            name = str(filing.fields.get("qualified_name") or "")
            errors.append(RowError(place, name, error.message, {"fields": error.fields}))
            continue
        rows[row.name] = row
    result = _write(actor, list(rows.values()), True, None, override) if rows else UpsertResult()
    result.errors = sorted(result.errors + errors, key=lambda error: error.index)
    return result


@retried
def file_contents(*, actor: Actor, asset_id: UUID, contents: Sequence[str], types: Collection[str]) -> None:
    """Let an asset contain these, by their qualified names, and nothing else of these types.

    Raises NotFound for it or one of these that is not there, Forbidden.
    """
    actor.require(Role.EDITOR)
    name = Asset.objects.visible_to(actor).filter(pk=asset_id).values_list("qualified_name", flat=True).first()
    if name is None:
        raise NotFound(resource="asset", asset_id=str(asset_id))
    row = _Row(0, {"qualified_name": name}, Filing({}, contents=contents, content_types=types))
    known = _known(actor.tenant, [row])
    if lost := [one for one in contents if known.type_of(one) not in types]:
        raise NotFound(f"There is no '{lost[0]}' to be contained", resource="parent")
    _contain(actor, [row], known.parents, {name: asset_id}, ())


@retried
def _write(
    actor: Actor, rows: Sequence[_Row], replace: bool, asset_id: UUID | None, override: bool = False
) -> UpsertResult:
    organization_id = actor.tenant
    by_program = actor.kind != "user"
    result = UpsertResult()
    known = _known(organization_id, rows)
    rows = [row for row in rows if _is_fit(row, known, replace, result)]
    tags = TagBook(actor, organization_id)
    tags.learn(name for row in rows for name in row.fields.get("tags", ()))
    book = ReferenceBook(organization_id)
    book.learn(row.fields for row in rows)
    writer = AssetWriter(actor, organization_id)
    new: set[UUID] = set()

    def made() -> Iterator[AssetRecord]:
        for row in rows:
            record = known.there.get(row.name)
            try:
                fields = book.found(row.fields, record)
            except Invalid as error:
                result.errors.append(RowError(row.place, row.name, error.message, {"fields": error.fields}))
                continue
            if record is None:
                record = new_asset(writer, fields, tags, None, by_program=by_program)
                record.id = asset_id or record.id
                new.add(record.id)
                result.created += 1
                yield record
            elif changes := merged(
                record.with_changes(curated=()) if override else record, fields, tags, None, by_program=by_program
            ):
                writer.change(record, **changes)
                result.updated += 1
            else:
                result.unchanged += 1
            result.ids[row.name] = record.id

    writer.flush(made())
    _contain(actor, rows, known.parents, result.ids, new)
    return result


@dataclass(slots=True)
class _Known:
    """What is in the catalog of that which the rows speak of: parents (id, type), origins, the assets."""

    parents: Mapping[str, tuple[UUID, str]]
    origins: Collection[str]
    there: Mapping[str, AssetRecord]

    def type_of(self, name: str) -> str:
        """The type of a parent or of something contained; empty where it is not there."""
        return self.parents[name][1] if name in self.parents else ""


def _known(organization_id: UUID, rows: Sequence[_Row]) -> _Known:
    names = {name for row in rows for name in (row.filing.parent, *(row.filing.contents or ())) if name}
    origins = {row.filing.origin for row in rows} - {""}
    there = read_by_name(organization_id, [row.name for row in rows])
    found = Asset.objects.filter(organization=organization_id, qualified_name__in=names, deleted_at=None)
    parents = found.values_list("qualified_name", "id", "type") if names else ()
    sources = Origin.objects.filter(organization=organization_id, name__in=origins) if origins else None
    return _Known(
        parents={name: (key, type_) for name, key, type_ in parents},
        origins=set(sources.values_list("name", flat=True)) if sources is not None else (),
        there={record.qualified_name: record for record in there},
    )


def _is_fit(row: _Row, known: _Known, replace: bool, result: UpsertResult) -> bool:
    """Whether the row can be written; else it is an error of the result."""
    message = ""
    details: dict[str, Any] = {}
    filing, record = row.filing, known.there.get(row.name)
    parent = known.parents.get(filing.parent)
    if filing.parent and (parent is None or parent[1] not in filing.parent_types):
        message, details = f"There is no '{filing.parent}' to contain it", {"is_missing": True}
    elif lost := [name for name in filing.contents or () if known.type_of(name) not in filing.content_types]:
        message, details = f"There is no '{lost[0]}' to be contained", {"is_missing": True}
    elif filing.origin and filing.origin not in known.origins:
        message, details = f"There is no service '{filing.origin}'", {"is_missing": True}
    elif filing.expected_version is not None and (record is None or record.version != filing.expected_version):
        message, details = "It was changed by someone else since it was read", {"is_stale": True}
    elif record is not None and (not replace or record.type not in filing.types):
        message, details = f"'{row.name}' exists already, as a {record.type}", {"is_taken": True}
    else:
        try:
            check_asset_lines(row.fields, record)
        except Invalid as error:
            message, details = error.message, {"fields": error.fields}
    if message:
        result.errors.append(RowError(row.place, row.name, message, details))
    return not message


def _contain(
    actor: Actor,
    rows: Sequence[_Row],
    parents: Mapping[str, tuple[UUID, str]],
    ids: Mapping[str, UUID],
    made: Collection[UUID],
) -> None:
    """Make the edges that are not there yet, and take those away that are no longer said.

    `made` are the assets that are new, and so have no edges.
    """
    filed = [row for row in rows if row.name in ids]
    wanted = {
        (parents[row.filing.parent][0], ids[row.name]): (row.filing.parent, row.name)
        for row in filed
        if row.filing.parent
    }
    for row in filed:
        for name in row.filing.contents or ():
            wanted[ids[row.name], parents[name][0]] = (row.name, name)
    writer = EdgeWriter(actor, actor.tenant)
    for edge in _contained(filed, ids):
        if (edge.source.id, edge.target.id) not in wanted:
            writer.delete(edge)
    _make(actor, writer, wanted, made)


def _contained(rows: Sequence[_Row], ids: Mapping[str, UUID]) -> list[EdgeRecord]:
    """The edges to what rows that speak of their contents contain of these types."""
    speaking = {ids[row.name]: row.filing.content_types for row in rows if row.filing.contents is not None}
    if not speaking:
        return []
    edges = Relationship.objects.filter(source__in=speaking, type=CONTAINS)
    found = edges.values_list("id", "source_id", "target__type")
    return read_edges([key for key, source, type_ in found if type_ in speaking[source]])


def _make(
    actor: Actor, writer: EdgeWriter, wanted: dict[tuple[UUID, UUID], tuple[str, str]], made: Collection[UUID]
) -> None:
    perhaps = [(source, target) for source, target in wanted if source not in made and target not in made]
    there = read_between({source for source, _ in perhaps}, {target for _, target in perhaps}) if perhaps else ()
    for edge in there:
        if edge.type == CONTAINS:
            wanted.pop((edge.source.id, edge.target.id), None)
    for (source, target), (source_name, target_name) in wanted.items():
        writer.create(
            EdgeRecord(
                id=uuid7(),
                organization_id=writer.organization_id,
                source=End(source, source_name),
                target=End(target, target_name),
                type=CONTAINS,
                metadata=JsonText({}),
                origin_id=None,
                created_by_id=actor.user_id,
                created_at=writer.now,
                updated_at=writer.now,
            )
        )
    writer.flush()
