"""Inputs and outputs as relationships: what a pipeline uses and produces, and which columns are made from which.

`metadata.by` of a column lineage's edge holds what each pipeline says of it (`""` is a DatasetEvent's word), and
`column_mapping` all of that together: two pipelines that write one dataset do not undo each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from accounts.actor import Actor
from catalog.edges import read_between
from catalog.models import Origin
from catalog.services import RelationshipDraft, upsert_relationships
from contracts.errors import Invalid

Columns = dict[str, list[str]]
OTHERS = "*"
"""In `by`: what was known of the columns before any event."""


class Edge(NamedTuple):
    """A relationship by the qualified names of its ends."""

    source: str
    type: str
    target: str


@dataclass(slots=True)
class Edges:
    """What events say of relationships: which there are, and the newest mapping of each pipeline for each."""

    plain: set[Edge] = field(default_factory=set)
    mappings: dict[Edge, dict[str, Columns]] = field(default_factory=dict)

    def write(self, *, actor: Actor, ids: dict[str, UUID], origin: Origin) -> None:
        """Make the relationships that are missing, and change the mappings that are otherwise. Raises Invalid."""
        edges = self.plain | self.mappings.keys()
        if not edges:
            return
        sources, targets = {ids[edge.source] for edge in edges}, {ids[edge.target] for edge in edges}
        there = {(edge.source.id, edge.type, edge.target.id): edge for edge in read_between(sources, targets)}
        drafts = []
        for edge in sorted(edges):
            known = there.get((ids[edge.source], edge.type, ids[edge.target]))
            metadata = dict(known.metadata.value) if known else {}
            if said := self.mappings.get(edge):
                metadata = _with_mappings(metadata, said)
            if known is None or metadata != known.metadata.value:
                drafts.append(RelationshipDraft(edge.source, edge.target, edge.type, metadata))
        if drafts:
            result = upsert_relationships(actor=actor, drafts=drafts, origin=origin)
            for error in result.errors:
                raise Invalid(f"{error.qualified_name}: {error.message}", resource="event", **error.details)


def _with_mappings(metadata: dict[str, Any], said: dict[str, Columns]) -> dict[str, Any]:
    others = {OTHERS: metadata["column_mapping"]} if metadata.get("column_mapping") else {}
    by = {**(metadata.get("by") or others), **said}
    by = {pipeline: mapping for pipeline, mapping in by.items() if mapping}
    whole = united(by.values())
    kept = {key: value for key, value in metadata.items() if key not in {"by", "column_mapping"}}
    return {**kept, **({"column_mapping": whole, "by": by} if whole else {})}


def united(mappings: Iterable[Columns]) -> Columns:
    """All these mappings as one: of each column every column that any of them names, in order."""
    whole: dict[str, set[str]] = {}
    for mapping in mappings:
        for column, sources in mapping.items():
            whole.setdefault(column, set()).update(sources)
    return {column: sorted(sources) for column, sources in sorted(whole.items())}
