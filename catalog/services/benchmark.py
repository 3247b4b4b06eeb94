"""A catalog to measure on: many assets and edges, the same each time, in an organization of its own.

Asset `n` is a table, a view, … with six columns and two tags. Its description holds the word COMMON, MEDIUM or RARE
in every tenth, 71st and 100,000th of them, for searches that find much, some and little. An edge leads from
each asset to asset `(n - 1) // 6`, so that a walk from asset 0 reaches some 7,300 assets in five steps; further
edges lead to an earlier asset each, in no order that can be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models.fields.reverse_related import ForeignObjectRel

from accounts.actor import Actor
from accounts.models import Organization
from accounts.services import create_organization
from accounts.services.common import organization_state
from audit import services as audit
from audit.services import Change
from catalog.edges import EdgeRecord, End
from catalog.jsontext import JsonText
from catalog.records import AssetRecord, TagName
from catalog.services.edge_writing import insert_edges
from catalog.services.naming import TagBook
from catalog.services.writing import insert_assets
from contracts.errors import Conflict, Forbidden, Invalid

BATCH = 10_000
MOST = 100_000_000
FAN = 6
COMMON, MEDIUM, RARE = "quarterly", "reconciled", "meteorite"
"""In every tenth, 71st and 100,000th description, and nowhere else."""
TAGS = ("PII", "finance", "gold", "silver", "raw", "deprecated", "gdpr", "public", "hourly", "daily", "ml", "audit")

_WORDS = ((COMMON, 10, 3), (MEDIUM, 71, 5), (RARE, 100_000, 7))
_TYPES = ("TABLE",) * 12 + ("VIEW",) * 4 + ("DATASET", "DASHBOARD", "PIPELINE", "CHART")
_EDGES = ("DEPENDS_ON",) * 13 + ("USES",) * 4 + ("PRODUCES",) * 2 + ("CONTAINS",)
_THINGS = ("orders", "customers", "payments", "shipments", "products", "visits", "refunds", "stores", "prices", "stock")
_PLACES = ("sales", "marketing", "logistics", "accounting", "support", "research", "web")
_KINDS = ("VARCHAR(200)", "BIGINT", "NUMERIC(18,2)", "TIMESTAMP", "BOOLEAN")
_BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made."""

    organization: Organization
    assets: int
    relationships: int


@transaction.atomic
def seed_benchmark(*, actor: Actor, slug: str, assets: int, relationships: int | None = None) -> Seeded:
    """Fill the organization `slug`, made where there is none, with so many assets and relationships (None: as many).

    Rows, tags and search documents, in batches of 10,000; all or nothing. The trail holds one event of it: assets
    made this way have no history. For the system and superusers. Raises Forbidden, Invalid for counts that
    cannot be made, Conflict for an organization that has anything but members and keys.
    """
    if not actor.sees_all:
        raise Forbidden("Only a superuser fills an organization to be measured on")
    pairs = max(0, assets * (assets - 1) // 2)
    if relationships is None:
        relationships = min(assets, pairs)
    _check(assets, relationships, pairs)
    found = Organization.objects.filter(slug__iexact=slug).first()
    organization = found or create_organization(actor=actor, slug=slug, name="Benchmark", is_public=False)
    _check_empty(organization)
    acting = actor.within(organization)
    made = _Maker(acting, organization.pk)
    for start in range(0, assets, BATCH):
        insert_assets([made.asset(number) for number in range(start, min(start + BATCH, assets))])
    numbered = enumerate(islice(_pairs(assets), relationships))
    while batch := list(islice(numbered, BATCH)):
        insert_edges(made.edge(number, *pair) for number, pair in batch)
    state = organization_state(organization)
    after = {**state, "seeded": {"assets": assets, "relationships": relationships}}
    audit.record(
        acting,
        Change("UPDATE", "ORGANIZATION", organization.pk, organization.name, state, after),
        organization_id=organization.pk,
    )
    return Seeded(organization, assets, relationships)


def seeded_key(organization_id: UUID, kind: str, number: int) -> UUID:
    """The id of the `asset` or `edge` (the kind) of this number: a UUIDv7, in the order of the numbers."""
    return _key(_salt(organization_id, kind), number)


@cache
def _salt(organization_id: UUID, kind: str) -> int:
    return int.from_bytes(blake2b(organization_id.bytes + kind.encode(), digest_size=10).digest())


def _key(salt: int, number: int) -> UUID:
    moment = int(_BEGAN.timestamp()) * 1000 + number
    return UUID(int=moment << 80 | 7 << 76 | (salt >> 64 & 0xFFF) << 64 | 2 << 62 | salt & (1 << 62) - 1)


def _check(assets: int, relationships: int, pairs: int) -> None:
    problems = {}
    if not 1 <= assets <= MOST:
        problems["assets"] = [f"This must be a whole number from 1 to {MOST:,}."]
    elif not 0 <= relationships <= min(MOST, pairs):
        problems["relationships"] = ["There can be at most one for each two assets."]
    if problems:
        name, words = next(iter(problems.items()))
        raise Invalid(f"{name}: {words[0]}", fields=problems)


def _check_empty(organization: Organization) -> None:
    """Whether anything belongs to it, in whatever app, but who may enter."""
    for relation in Organization._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.related_model._meta.app_label == "accounts":
            continue
        model = relation.related_model
        if model._base_manager.filter(**{relation.field.name: organization}).exists():
            held = str(model._meta.verbose_name_plural)
            raise Conflict(
                f"'{organization.slug}' has {held} already; name an organization that is new or empty",
                resource="organization",
                held=[held],
            )


class _Maker:
    """What the rows of an organization are, by their numbers."""

    def __init__(self, actor: Actor, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self._asset_salt, self._edge_salt = _salt(organization_id, "asset"), _salt(organization_id, "edge")
        book = TagBook(actor, organization_id)
        book.learn(TAGS)
        self._tags = [book.tags([tag, TAGS[(place + 5) % len(TAGS)]]) for place, tag in enumerate(TAGS)]

    def asset(self, number: int) -> AssetRecord:
        thing, place = _THINGS[number % 10], _PLACES[number // 10 % 7]
        moment = _BEGAN + timedelta(seconds=number * 20)
        return AssetRecord(
            id=_key(self._asset_salt, number),
            organization_id=self.organization_id,
            type=_TYPES[number % 20],
            name=f"{thing}_{number}",
            qualified_name=_qualified_name(number),
            description=_description(number, thing, place),
            metadata=JsonText({"database": f"warehouse{number % 50}", "row_count": number * 17}),
            schema=JsonText(_columns(number, thing)),
            tags=self._tag(number),
            owner=None,
            origin_id=None,
            curated=(),
            version=1,
            created_by_id=None,
            created_at=moment,
            updated_at=moment,
        )

    def edge(self, number: int, source: int, target: int) -> EdgeRecord:
        type_ = _EDGES[source % 20]
        if type_ in {"PRODUCES", "CONTAINS"}:  # said the other way round
            source, target = target, source
        mapping = {"column_mapping": {"id": ["id"], "name": ["name", "amount"]}} if number % 10 == 0 else {}
        moment = _BEGAN + timedelta(seconds=number * 20)
        return EdgeRecord(
            id=_key(self._edge_salt, number),
            organization_id=self.organization_id,
            source=End(_key(self._asset_salt, source), _qualified_name(source)),
            target=End(_key(self._asset_salt, target), _qualified_name(target)),
            type=type_,
            metadata=JsonText(mapping),
            origin_id=None,
            created_by_id=None,
            created_at=moment,
            updated_at=moment,
        )

    def _tag(self, number: int) -> tuple[TagName, ...]:
        return self._tags[number // 3 % len(self._tags)]


def _pairs(assets: int) -> Iterator[tuple[int, int]]:
    """Every pair of an asset and an earlier one, once: first each with its parent, then round by round with others."""
    yield from ((number, (number - 1) // FAN) for number in range(1, assets))
    for round_ in range(1, assets):
        for number in range(round_ + 1, assets):
            earlier = ((number * 2_654_435_761 & 0xFFFFFFFF) + round_) % (number - 1)
            yield number, earlier + (earlier >= (number - 1) // FAN)


def _qualified_name(number: int) -> str:
    return f"warehouse{number % 50}.{_PLACES[number // 10 % 7]}.{_THINGS[number % 10]}_{number}"


def _description(number: int, thing: str, place: str) -> str:
    words = [f"The {thing} of {place}, one row each, part {number % 997}"]
    words += [word for word, every, at in _WORDS if number % every == at]
    return " ".join(words)


def _columns(number: int, thing: str) -> Sequence[dict[str, object]]:
    names = ("id", "name", "amount", f"{thing}_code", f"attribute_{number % 100}", "created_at")
    return [
        {"name": name, "type": _KINDS[(number + place) % 5], "nullable": place > 0, "position": place + 1}
        for place, name in enumerate(names)
    ]
