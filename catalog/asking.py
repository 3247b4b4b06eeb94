"""What is asked of the catalog by names and ids as they come; and pages of assets for the doors besides REST."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from accounts.actor import Actor
from accounts.managers import name_key
from accounts.models import Role, Team, User
from audit.prepared import PreparedQuery
from catalog import reading
from catalog.counts import count_assets
from catalog.models import Asset, AssetTag, AssetTerm, AssetType, Domain, GlossaryTerm, Origin, Relationship, Tag
from catalog.querysets import AssetQuerySet
from catalog.search import matching
from catalog.services import create_relationship, update_asset
from catalog.validation import tag_key
from contracts.errors import BadRequest, Invalid, NotFound, Stale

M = TypeVar("M", bound=Model)
LIMIT = 20
TRIES = 5
MOST = 100
MOST_OFFSET = 2**31 - 1
MOST_NAMES = 100
"""Tags or terms that things must have all of: each is a condition of its own, and many take long to plan."""
SORTS = ("name", "type", "qualified_name", "created_at", "updated_at")

_TYPES: dict[str, Sequence[str]] = {
    "asset": AssetType.values,
    **{kind: (kind.upper(),) for kind in ("domain", "glossary", "glossary_term")},
}


class TagRow(NamedTuple):
    """A tag as an asset shows it."""

    id: UUID
    name: str
    category: str
    description: str
    key: str


class Page(NamedTuple):
    """Rows of `reading.rows`, and how many there are in all."""

    rows: Sequence[Any]
    total: int


def uuid_of(value: object) -> UUID | None:
    """The value as a UUID, None where it is none."""
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        return None


def key_of(value: object, resource: str) -> UUID:
    """The id of a thing. What is no id names nothing: raises NotFound."""
    key = uuid_of(value)
    if key is None:
        raise NotFound(resource=resource, **{f"{resource}_id": str(value)})
    return key


def window(limit: int, offset: int) -> tuple[int, int]:
    """A page's limit and offset, checked. Raises BadRequest."""
    if not 1 <= limit <= MOST:
        raise BadRequest(fields={"limit": [f"Must be a whole number from 1 to {MOST}."]})
    if not 0 <= offset <= MOST_OFFSET:
        raise BadRequest(fields={"offset": ["Must be a whole number, 0 or more."]})
    return limit, offset


def page_keys(found: QuerySet[M], limit: int, offset: int) -> list[Any]:
    """The keys of a page, which an index on the order holds: the rows of a deep page are not walked over."""
    return list(found.values_list("pk", flat=True)[offset : offset + limit])


def assets_page(
    actor: Actor,
    *,
    type: str = "",
    tags: Sequence[str] = (),
    owner: str = "",
    domain: str = "",
    term: str = "",
    words: str = "",
    sort: str = "",
    limit: int = LIMIT,
    offset: int = 0,
) -> Page:
    """A page of the assets of this type, owner, domain and term that carry all these tags and hold these words.

    Three statements, and one or two for whatever is named.

    Raises BadRequest.
    """
    limit, offset = window(limit, offset)
    found = Asset.objects.visible_to(actor)
    if type:
        if type not in AssetType.values:
            raise BadRequest(fields={"type": [f"'{type}' is not one of {', '.join(AssetType.values)}."]})
        found = found.filter(type=type)
    found = carrying_all(actor, found, tags)
    if owner:
        found = found.filter(owned_by(actor, [owner]))
    if domain:
        found = found.filter(domain__in=domains_named(actor, [domain]))
    if term:
        found = meaning_all(actor, found, [term])
    holds = matching(actor=actor, query=words)
    if holds is not None:
        found = found.filter(pk__in=holds)
    keys = page_keys(found.order_by(*_order(sort)), limit, offset)
    narrowed = bool(tags or owner or domain or term) or holds is not None
    total = found.count() if narrowed else count_assets(actor, [type] if type else [])
    return Page(rows_of(actor, keys, with_schema=False), total)


def rows_of(actor: Actor, keys: Sequence[UUID], *, with_schema: bool) -> list[Any]:
    """The rows of these assets that the actor can see, in this order. One statement, none for no keys."""
    if not keys:
        return []
    visible: AssetQuerySet = Asset.objects.visible_to(actor).filter(pk__in=keys)
    found = {row.pk: row for row in reading.rows(visible, with_schema=with_schema)}
    return [found[key] for key in keys if key in found]


def row_of(actor: Actor, key: UUID) -> Any:
    """One asset with its schema. Raises NotFound."""
    found = reading.one(actor, key)
    if found is None:
        raise NotFound(resource="asset", asset_id=str(key))
    return found


def tags_by_asset(keys: Collection[UUID]) -> dict[UUID, list[TagRow]]:
    """The tags of these assets, each asset's in alphabetical order. One statement, none for no keys."""
    if not keys:
        return {}
    rows = AssetTag.objects.filter(asset__in=keys).values_list("asset_id", *_TAG)
    found: dict[UUID, list[TagRow]] = {}
    for asset_id, *tag in sorted(rows, key=itemgetter(-1)):
        found.setdefault(asset_id, []).append(TagRow(*tag))
    return found


def tags_of(key: UUID) -> list[TagRow]:
    """The tags of one asset in alphabetical order. One statement."""
    return sorted((TagRow(*row) for row in _TAGS_OF_ONE.rows(key)), key=attrgetter("key"))


_TAG = ("tag_id", "tag__name", "tag__category", "tag__description", "tag__key")
_TAGS_OF_ONE = PreparedQuery(lambda key: AssetTag.objects.filter(asset=key).values_list(*_TAG), ids=1)


def check_types(kinds: Collection[str], types: Collection[str]) -> None:
    """That a search by type can mean something. Raises BadRequest for a type that nothing of these kinds may have.

    The types of assets and concepts are known here; things of other kinds may be of any.
    """
    if not kinds or not _TYPES.keys() >= set(kinds):
        return
    known = [word for kind in kinds for word in _TYPES[kind]]
    unknown = next((word for word in types if word not in known), None)
    if unknown is not None:
        raise BadRequest(fields={"type": [f"'{unknown}' is not one of {', '.join(known)}."]})


def check_number(name: str, words: Collection[str]) -> None:
    """That no more names narrow a list than a statement can hold conditions. Raises BadRequest."""
    if len(words) > MOST_NAMES:
        raise BadRequest(fields={name: [f"At most {MOST_NAMES}; these are {len(words):,}."]})


def tag_names(actor: Actor, values: Iterable[str], *, to_filter: bool = False) -> list[str]:
    """Names of tags from names and ids. Raises NotFound for an id that is no tag's; as a filter it finds nothing.

    Raises BadRequest for too many in a filter.
    """
    values = list(values)
    if to_filter:
        check_number("tag", values)
    ids = {value: key for value in values if (key := uuid_of(value))}
    known = {tag.pk: tag.name for tag in Tag.objects.visible_to(actor).filter(pk__in=ids.values())} if ids else {}
    for value, key in ids.items():
        if key not in known and not to_filter:
            raise NotFound(resource="tag", tag_id=value)
    return [known.get(ids[value], value) if value in ids else value for value in values]


def carry_tag(actor: Actor, asset: str, tag: str, *, carried: bool) -> None:
    """Let an asset carry a tag, or no longer; as it is already, nothing happens.

    Somebody else's change in between is not undone: the tags are read again then. Raises NotFound, Forbidden.
    """
    key, tag_id = key_of(asset, "asset"), key_of(tag, "tag")
    actor.require(Role.EDITOR)
    wanted = Tag.objects.visible_to(actor).filter(pk=tag_id).first()
    if wanted is None:
        raise NotFound(resource="tag", tag_id=tag)
    for attempt in range(TRIES):
        row = row_of(actor, key)
        names = {held.id: held.name for held in tags_of(key)}
        names.pop(wanted.pk, None)
        changes = {"tags": [*names.values(), wanted.name] if carried else list(names.values())}
        try:
            update_asset(actor=actor, asset=Asset(pk=key), changes=changes, expected_version=row.version)
            return
        except Stale:
            if attempt == TRIES - 1:
                raise


def relate(actor: Actor, source: object, target: object, type: str, metadata: object) -> Relationship:
    """Relate two assets by their ids. Raises NotFound, Invalid, Conflict, Forbidden."""
    if not isinstance(metadata, dict):
        raise Invalid(fields={"metadata": ["This must be a JSON object."]}, resource="relationship")
    keys = [key_of(source, "asset"), key_of(target, "asset")]
    ends = Asset.objects.visible_to(actor).in_bulk(keys)
    for key in keys:
        if key not in ends:
            raise NotFound(resource="asset", asset_id=str(key))
    return create_relationship(actor=actor, source=ends[keys[0]], target=ends[keys[1]], type=type, metadata=metadata)


def carrying_all(actor: Actor, assets: AssetQuerySet, names: Sequence[str]) -> AssetQuerySet:
    """The assets that carry every one of these tags, by id or name. Raises BadRequest for too many."""
    check_number("tag", names)
    for name in names:
        carried = AssetTag.objects.filter(asset=OuterRef("pk"), tag__in=tags_named(actor, name))
        assets = assets.filter(Exists(carried))
    return assets


def meaning_all(actor: Actor, assets: AssetQuerySet, names: Sequence[str]) -> AssetQuerySet:
    """The assets of which, or of whose columns, all of these terms are said. Raises BadRequest for too many."""
    check_number("term", names)
    for name in names:
        said = AssetTerm.objects.filter(asset=OuterRef("pk"), term__in=terms_named(actor, name))
        assets = assets.filter(Exists(said))
    return assets


def owners_named(actor: Actor, names: Sequence[str]) -> list[UUID]:
    """The members (by id, user name or e-mail address; `me` is who asks) and teams (by id or name). Two statements."""
    keys = [key for name in names if (key := uuid_of(name))]
    if "me" in names:
        if actor.user_id is None:
            raise BadRequest(fields={"owner": ["'me' is for a person's token."]})
        keys.append(actor.user_id)
    lowered = [name.lower() for name in names]
    named = Q(pk__in=keys) | Q(lower_name__in=lowered) | Q(lower_email__in=lowered)
    members = User.objects.alias(lower_name=Lower("username"), lower_email=Lower("email")).filter(
        named, memberships__organization__in=actor.organizations
    )
    teams = Team.objects.visible_to(actor).filter(Q(pk__in=keys) | Q(key__in=list(map(name_key, names))))
    return [*members.values_list("pk", flat=True).distinct(), *teams.values_list("pk", flat=True)]


def owned_by(actor: Actor, names: Sequence[str]) -> Q:
    """A condition on what has an owner: that it is one of these."""
    keys = owners_named(actor, names)
    return Q(owner__in=keys) | Q(owner_team__in=keys)


def domains_named(actor: Actor, names: Sequence[str], *, below: bool = True) -> list[UUID]:
    """The domains of these ids, full names or names, and all that lie below them. Two statements."""
    keys = [name_key(name) for name in names]
    ids = [key for name in names if (key := uuid_of(name))]
    visible = Domain.objects.visible_to(actor)
    found = list(visible.filter(Q(pk__in=ids) | Q(key__in=keys) | Q(name_key__in=keys)).values_list("pk", "key"))
    named = [pk for pk, _ in found]
    if not found or not below:
        return named
    inside = Q()
    for _, full in found:
        inside |= Q(key__startswith=f"{full}.")
    return list({*named, *visible.filter(inside).values_list("pk", flat=True)})


def terms_named(actor: Actor, name: str) -> list[UUID]:
    """The terms of this id, full name or name. One statement."""
    named = Q(key=name_key(name)) | Q(name_key=name_key(name))
    if key := uuid_of(name):
        named |= Q(pk=key)
    return list(GlossaryTerm.objects.visible_to(actor).filter(named).values_list("pk", flat=True))


def tags_named(actor: Actor, name: str) -> list[UUID]:
    """The tag of this id or name. One statement."""
    named = Q(key=tag_key(name))
    if key := uuid_of(name):
        named |= Q(pk=key)
    return list(Tag.objects.visible_to(actor).filter(named).values_list("pk", flat=True))


def origins_named(actor: Actor, names: Sequence[str]) -> list[UUID]:
    """The sources of these ids or names. One statement."""
    keys = [key for name in names if (key := uuid_of(name))]
    return list(
        Origin.objects.visible_to(actor).filter(Q(name__in=names) | Q(pk__in=keys)).values_list("pk", flat=True)
    )


def _order(sort: str) -> list[str]:
    field, _, direction = (sort or "updated_at:desc").partition(":")
    if field not in SORTS or direction.lower() not in {"", "asc", "desc"}:
        raise BadRequest(fields={"sort": [f"Sort by one of {', '.join(SORTS)}, with :asc or :desc behind it."]})
    sign = "-" if direction.lower() == "desc" else ""
    return [f"{sign}{field}", f"{sign}pk"]
