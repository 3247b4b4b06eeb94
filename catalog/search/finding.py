"""Reading the search index: what every door calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db.models.expressions import RawSQL

from accounts.actor import Actor
from accounts.models import Team, User
from audit.prepared import planned_cursor
from catalog.models import Domain, Origin
from catalog.search import engine
from catalog.search.documents import (
    PUBLIC_WORD,
    domain_word,
    kind_word,
    organization_word,
    origin_word,
    owner_word,
    tag_word,
    term_word,
    type_word,
)
from catalog.search.gathering import EXACT_NAME, NAME_BEGINS, PARTS, WORDS, Row, Scope
from catalog.search.highlights import Marker
from catalog.search.parsing import Question, parse
from catalog.tables import among, as_uuid

DEEPEST = 10_000
"""Hits that can be paged through."""
MISSPELLED_SHARE = 0.09
"""Of its score that a hit keeps when it was found by what was meant instead of what was typed."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `score` is from 0 to 1; `highlights` hold safe HTML by field."""

    id: UUID
    kind: str
    type: str
    name: str
    path: str
    score: float
    highlights: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of hits, the best first. `total` is a lower bound unless `total_is_exact`."""

    hits: list[Hit]
    total: int
    total_is_exact: bool
    facets: dict[str, dict[str, int]] = field(default_factory=dict)


def search(
    *,
    actor: Actor,
    query: str,
    kinds: Sequence[str] = (),
    types: Sequence[str] = (),
    tags: Sequence[str] = (),
    all_tags: Sequence[str] = (),
    origins: Sequence[UUID] = (),
    owners: Sequence[UUID] = (),
    domains: Sequence[UUID] = (),
    terms: Sequence[Sequence[UUID]] = (),
    limit: int = 20,
    offset: int = 0,
    with_facets: bool = False,
) -> SearchPage:
    """What the actor may find with these words, the best first: exact names, names that begin so, then by relevance.

    Words match whole, the last also as a beginning; `"phrases"` in quotes; where little is found, parts
    of words too, then misspellings. No query fails. A blank one finds everything. What is found fits one of each
    list that limits the search (an empty one limits nothing), carries every one of `all_tags`, and has one of
    each group of `terms`.
    """
    question = parse(query)
    scope = scope_of(
        actor,
        kinds=kinds,
        types=types,
        tags=tags,
        all_tags=all_tags,
        origins=origins,
        owners=owners,
        domains=domains,
        terms=terms,
    )
    if offset >= DEEPEST:
        limit = 0
    found = engine.answer(question, scope, limit=limit, offset=min(offset, DEEPEST), with_facets=with_facets)
    return SearchPage(
        hits=_hits(question, found.page, meant=found.meant),
        total=found.total,
        total_is_exact=found.is_exact,
        facets=_named(found.facets) if with_facets else {},
    )


def facets(*, actor: Actor, query: str, **limits: Any) -> SearchPage:
    """How many of the hits there are by `type`, by each of the `tags`, by `source`, `owner` and `domain`.

    Takes the limits that `search` takes.
    """
    return search(actor=actor, query=query, **limits, limit=0, with_facets=True)


def facet_counts(*, actor: Actor, query: str, **limits: Any) -> tuple[dict[str, dict[str, int]], bool]:
    """The counts of `facets` by types, names of tags, and ids as hex; and whether they are exact.

    One statement mostly.
    """
    found = engine.answer(parse(query), scope_of(actor, **limits), limit=0, offset=0, with_facets=True)
    return found.facets, found.is_exact


def matching(*, actor: Actor, query: str) -> Any | None:
    """The ids of assets that hold these words, as an expression to filter by; None for a query that asks for nothing.

    Asset.objects.filter(pk__in=matching(actor=actor, query="users"))
    """
    question = parse(query)
    if question.is_blank:
        return None
    if question.is_empty:
        return RawSQL("SELECT entity_id FROM catalog_searchdocument WHERE 1 = 0", [])
    sql, parameters = engine.entity_ids(question, scope_of(actor, kinds=["asset"]))
    return RawSQL(sql, parameters)  # noqa: S611  our own texts, the query's words are parameters


def scope_of(
    actor: Actor,
    *,
    kinds: Sequence[str] = (),
    types: Sequence[str] = (),
    tags: Sequence[str] = (),
    all_tags: Sequence[str] = (),
    origins: Sequence[UUID] = (),
    owners: Sequence[UUID] = (),
    domains: Sequence[UUID] = (),
    terms: Sequence[Sequence[UUID]] = (),
) -> Scope:
    """What the actor may see of what was asked for: its organizations' things, and what is public."""
    groups: list[tuple[str, ...]] = []
    if not actor.sees_all:
        groups.append((*map(organization_word, actor.organizations), PUBLIC_WORD))
    groups += [
        tuple(map(kind_word, kinds)),
        tuple(map(type_word, types)),
        tuple(map(tag_word, tags)),
        tuple(map(origin_word, origins)),
        tuple(map(owner_word, owners)),
        tuple(map(domain_word, domains)),
        *((tag_word(tag),) for tag in all_tags),
        *(tuple(map(term_word, group)) for group in terms),
    ]
    return Scope(tuple(group for group in groups if group))


def _hits(question: Question, page: Sequence[Row], *, meant: Question | None) -> list[Hit]:
    if not page:
        return []
    documents = _documents([row.id for row in page])
    marker = Marker(meant or question)
    hits = []
    for row in page:
        document = documents.get(row.id)
        if document is not None:  # it can have been replaced between the two statements
            hits.append(
                Hit(
                    id=as_uuid(document.entity_id),
                    kind=document.kind,
                    type=document.type,
                    name=document.name,
                    path=document.path,
                    score=_score(row) if meant is None else round(_score(row) * MISSPELLED_SHARE, 4),
                    highlights=_highlights(marker, document),
                )
            )
    return hits


class _Shown(NamedTuple):
    """What is shown of a document."""

    id: int
    entity_id: Any
    kind: str
    type: str
    name: str
    path: str
    description: str
    columns: str
    tags: str


def _documents(ids: Sequence[int]) -> dict[int, _Shown]:
    """The documents of these row ids. One statement, by hand: the ORM takes longer to say it than to run it."""
    condition, parameter = among("id", ids, "bigint")
    with planned_cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_Shown._fields)} FROM catalog_searchdocument WHERE {condition}",  # noqa: S608
            [parameter],
        )
        return {row[0]: _Shown(*row) for row in cursor.fetchall()}


def _score(row: Row) -> float:
    """From 0 to 1, and never better than a hit for a better reason."""
    low, high = {EXACT_NAME: (1.0, 1.0), NAME_BEGINS: (0.9, 0.99), WORDS: (0.3, 0.9), PARTS: (0.1, 0.3)}.get(
        row.reason, (0.0, 0.1)
    )
    return round(low + (high - low) * min(1.0, max(0.0, row.rank)), 4)


def _highlights(marker: Marker, document: _Shown) -> dict[str, list[str]]:
    found = {
        "name": marker.names([document.name]),
        "qualified_name": marker.names([document.path]),
        "description": marker.prose(document.description),
        "columns": marker.names(document.columns.split("\n")) if document.columns else [],
        "tags": marker.names(orjson.loads(document.tags)),
    }
    return {field: fragments for field, fragments in found.items() if fragments}


def _named(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Facets as they are shown: the most frequent first, sources, owners and domains by their names."""
    origins, owners, domains = (counts.get(name, {}) for name in ("origin", "owner", "domain"))
    named = Origin.objects.filter(pk__in=origins).values_list("pk", "name") if origins else ()
    sources = {key.hex: name for key, name in named}
    full = Domain.objects.filter(pk__in=domains).values_list("pk", "fully_qualified_name") if domains else ()
    return {
        "type": _sorted(counts.get("type", {})),
        "tags": _sorted(counts.get("tag", {})),
        "source": _sorted(_renamed(origins, sources)),
        "owner": _sorted(_renamed(owners, _owner_names(owners))),
        "domain": _sorted(_renamed(domains, {key.hex: name for key, name in full})),
    }


def _owner_names(keys: Collection[str]) -> dict[str, str]:
    """What members and teams are called, by their ids. Two statements, none for no ids."""
    if not keys:
        return {}
    names = {user.pk.hex: user.display_name for user in User.objects.filter(pk__in=keys)}
    return names | {team.pk.hex: team.shown_name for team in Team.objects.filter(pk__in=keys)}


def _renamed(counts: dict[str, int], names: dict[str, str]) -> dict[str, int]:
    renamed: dict[str, int] = {}
    for key, count in counts.items():
        name = names.get(key, key)
        renamed[name] = renamed.get(name, 0) + count
    return renamed


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
