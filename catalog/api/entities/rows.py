"""The rows that entities are made of: which assets, and what else a page of them needs, in a few statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from accounts.actor import Actor
from catalog.api.entities.kinds import BY_TYPE, Kind
from catalog.models import Asset, AssetTag, AssetTerm, Origin, Relationship, RelationshipType
from catalog.names import split_name
from catalog.querysets import AssetQuerySet
from catalog.records import TermLink

COLUMNS = (
    "id",
    "organization_id",
    "type",
    "name",
    "qualified_name",
    "description",
    "version",
    "breaks",
    "updated_at",
    "deleted_at",
    "origin_id",
    "origin__name",
    "origin__type",
    "owner_id",
    "owner__name",
    "owner__username",
    "owner_team_id",
    "owner_team__name",
    "owner_team__display_name",
    "domain_id",
    "domain__name",
    "domain__fully_qualified_name",
    "metadata_text",
    "schema_text",
)


def rows(assets: AssetQuerySet) -> Any:
    """The queryset as rows that entities are made of; `metadata` and `schema` as the texts that are stored."""
    texts = {"metadata_text": Cast("metadata", TextField()), "schema_text": Cast("schema", TextField())}
    return assets.annotate(**texts).values_list(*COLUMNS, named=True)


@dataclass(slots=True)
class Reference:
    """Another thing that an entity refers to."""

    id: UUID
    entity: str
    path: str
    name: str
    fqn: str
    deleted: bool = False


class CarriedTag(NamedTuple):
    """A tag that an asset carries; `id` is None for one that is no more."""

    key: str
    name: str
    category: str
    id: UUID | None


@dataclass(slots=True)
class Around:
    """What a page of entities needs beside its rows."""

    containers: dict[UUID, list[Reference]] = field(default_factory=dict)
    services: dict[str, tuple[UUID, str]] = field(default_factory=dict)
    tags: dict[UUID, list[CarriedTag]] = field(default_factory=dict)
    terms: dict[UUID, dict[str, list[TermLink]]] = field(default_factory=dict)
    """By asset and column; the asset's own under an empty name."""
    children: dict[UUID, list[Reference]] = field(default_factory=dict)


def around(actor: Actor, kind: Kind, page: Sequence[Any], fields: Collection[str]) -> Around:
    """Everything beside the rows: a constant number of statements, whatever the size of the page."""
    found = Around()
    if not page:
        return found
    ids = [row.id for row in page]
    if kind.parent:
        found.containers = _containers(actor, ids)
    unknown = {root_of(row.qualified_name) for row in page if not row.origin_id}
    if unknown:
        origins = Origin.objects.visible_to(actor).filter(name__in=unknown)
        found.services = {name: (key, type_) for name, key, type_ in origins.values_list("name", "pk", "type")}
    if "tags" in fields:
        carried = AssetTag.objects.filter(asset__in=ids).order_by("tag__key")
        for link in carried.select_related("tag"):
            tag = link.tag
            found.tags.setdefault(link.asset_id, []).append(CarriedTag(tag.key, tag.name, tag.category, tag.pk))
    if "tags" in fields or kind.columns:
        linked = AssetTerm.objects.filter(asset__in=ids).order_by("term__key")
        columns = ("asset_id", "term_id", "term__fully_qualified_name", "column")
        for key, term, name, column in linked.values_list(*columns):
            found.terms.setdefault(key, {}).setdefault(column, []).append(TermLink(term, name, column))
    if kind.entity in {"dashboard", "container"} and {"charts", "children"} & set(fields):
        found.children = _children(actor, ids)
    return found


def root_of(qualified_name: str) -> str:
    """The first part of a qualified name; all of one that is not well-formed."""
    if '"' not in qualified_name:
        return qualified_name.partition(".")[0]
    try:
        return split_name(qualified_name)[0]
    except ValueError:
        return qualified_name


def name_only(organization_id: UUID, name: str) -> UUID:
    """The id by which a service that is no data source, and so is a name only, is spoken of."""
    return uuid5(organization_id, name)


def _containers(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, list[Reference]]:
    """What contains these assets, the nearest first, up to two levels: two statements."""
    near = _edges(actor, ids)
    far = _edges(actor, {source.id for _, source in near if source.entity != "database"})
    above: dict[UUID, list[Reference]] = {}
    for key, source in far:
        above.setdefault(key, []).append(source)
    found: dict[UUID, list[Reference]] = {}
    for key, source in near:
        found.setdefault(key, []).append(source)
    for sources in found.values():
        sources += [further for source in list(sources) for further in above.get(source.id, ())]
    return found


def _edges(actor: Actor, targets: Iterable[UUID]) -> list[tuple[UUID, Reference]]:
    targets = list(targets)
    if not targets:
        return []
    edges = Relationship.objects.filter(target__in=targets, type=RelationshipType.CONTAINS)
    if not actor.sees_all:
        edges = edges.filter(organization__in=actor.organizations)
    columns = ("target_id", "source_id", "source__type", "source__name", "source__qualified_name", "source__deleted_at")
    return [
        (key, reference)
        for key, *source in edges.order_by("created_at", "id").values_list(*columns)
        if (reference := reference_to(*source))
    ]


def _children(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, list[Reference]]:
    edges = Relationship.objects.visible_to(actor).filter(source__in=ids, type=RelationshipType.CONTAINS)
    columns = ("source_id", "target_id", "target__type", "target__name", "target__qualified_name", "target__deleted_at")
    found: dict[UUID, list[Reference]] = {}
    for key, *target in edges.order_by("target__name", "target_id").values_list(*columns):
        if reference := reference_to(*target):
            found.setdefault(key, []).append(reference)
    return found


def reference_to(key: UUID, type_: str, name: str, qualified_name: str, deleted_at: Any) -> Reference | None:
    """A reference to an asset; None where no entity is made of its type."""
    kind = BY_TYPE.get(type_)
    return Reference(key, kind.entity, kind.path, name, qualified_name, deleted_at is not None) if kind else None


def inside(actor: Actor, roots: Collection[UUID]) -> Q:
    """The condition that an asset is contained, directly, by one of these or by a schema among what these contain."""
    edges = Relationship.objects.visible_to(actor).filter(source__in=roots, type=RelationshipType.CONTAINS)
    schemas = list(edges.filter(target__type="SCHEMA").values_list("target_id", flat=True))
    sources = [*roots, *schemas]
    held = Relationship.objects.filter(source__in=sources, type=RelationshipType.CONTAINS)
    return Q(pk__in=held.values("target_id"))


def databases_of(actor: Actor, service: str) -> AssetQuerySet:
    """The databases of a service: collected from it, or named after it."""
    return Asset.objects.visible_to(actor).filter(of_service(service), type="DATABASE")


def of_service(service: str) -> Q:
    """The condition that an asset belongs to the service of this fully qualified name."""
    return Q(qualified_name__startswith=f"{service}.")
