"""One term said of one asset or column, or no longer."""

from __future__ import annotations

from uuid import UUID

from accounts.actor import Actor
from accounts.models import Role
from catalog.jsontext import JsonText
from catalog.merging import merged
from catalog.models import GlossaryTerm
from catalog.records import AssetRecord, TermLink, sorted_terms
from catalog.services.assets import locked
from catalog.services.naming import TagBook
from catalog.services.references import column_paths
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from contracts.errors import Invalid, NotFound


def link_term(*, actor: Actor, term_id: UUID, asset_id: UUID, column: str = "") -> bool:
    """Say the term of an asset, or of one of its columns; returns whether that is new.

    A nested column goes by its parents' names too, as `address.city`. Raises NotFound, Invalid for a column that is
    not there, Forbidden.
    """
    actor.require(Role.EDITOR)
    return _link(actor, term_id, asset_id, column)


def unlink_term(*, actor: Actor, term_id: UUID, asset_id: UUID, column: str = "") -> None:
    """Say the term no longer of an asset, or of one of its columns. Raises NotFound, also where it was not said."""
    actor.require(Role.EDITOR)
    _unlink(actor, term_id, asset_id, column)


@retried
def _link(actor: Actor, term_id: UUID, asset_id: UUID, column: str) -> bool:
    record = locked(actor, asset_id, None)
    term = _term(actor, term_id, record.organization_id)
    link = TermLink(term.pk, term.fully_qualified_name, column)
    if link in record.terms:
        return False
    _check_column(column, record.schema)
    _write(actor, record, sorted_terms([*record.terms, link]))
    return True


@retried
def _unlink(actor: Actor, term_id: UUID, asset_id: UUID, column: str) -> None:
    record = locked(actor, asset_id, None)
    kept = tuple(link for link in record.terms if (link.id, link.column) != (term_id, column))
    if kept == record.terms:
        named = {"term_id": str(term_id), "asset_id": str(asset_id), **({"column": column} if column else {})}
        raise NotFound("The asset does not have this term", resource="term", **named)
    _write(actor, record, kept)


def _term(actor: Actor, term_id: UUID, organization_id: UUID) -> GlossaryTerm:
    terms = GlossaryTerm.objects.visible_to(actor).select_for_update()
    term = terms.filter(pk=term_id, organization=organization_id).first()
    if term is None:
        raise NotFound(resource="term", term_id=str(term_id))
    return term


def _check_column(column: str, schema: JsonText) -> None:
    if column and column not in column_paths(schema.value):
        raise Invalid(fields={"column": [f"The asset has no column '{column}'."]}, resource="term")


def _write(actor: Actor, record: AssetRecord, terms: tuple[TermLink, ...]) -> None:
    changes = merged(record, {"terms": terms}, TagBook(actor, record.organization_id), None)
    writer = AssetWriter(actor, record.organization_id)
    writer.change(record, **changes)
    writer.flush()
