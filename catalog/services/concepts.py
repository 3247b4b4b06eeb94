"""Domains, glossaries and terms: made, described, moved, renamed, deleted, brought back.

All three are concepts (`catalog.models.Concept`): named below what they lie in, and found by that full name. When one
is renamed or moved, the full names below it follow, and each one's trail says so; assets name them by id, and are not
written. A deleted concept keeps its row and frees its name; it leaves every asset, as each asset's history says, and
comes back to them when it is restored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.checks import Check, check_lines, clean
from accounts.managers import name_key
from accounts.models import Role
from audit import services as audit
from audit.services import Change
from catalog.concepts import (
    CONCEPT_CHECKS,
    CONCEPT_LINES,
    DOMAIN_CHECKS,
    TERM_CHECKS,
    check_full_name,
    concept_document,
    concept_state,
)
from catalog.models import Concept, Domain, Glossary, GlossaryTerm
from catalog.names import quote_part
from catalog.querysets import ConceptQuerySet
from catalog.search import Document, index_documents, remove_documents
from catalog.services.following import concept_change, leave_assets
from catalog.services.references import concepts_named, not_found, owners_named
from catalog.services.retry import retried
from catalog.services.returning import forget_lost, return_to_assets
from contracts.errors import Conflict, Invalid, NotFound, Stale

T = TypeVar("T", bound=Concept)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is particular to one kind of concept."""

    entity_type: str
    resource: str
    checks: Mapping[str, Check]


KINDS: dict[type[Concept], Kind] = {
    Domain: Kind("DOMAIN", "domain", DOMAIN_CHECKS),
    Glossary: Kind("GLOSSARY", "glossary", CONCEPT_CHECKS),
    GlossaryTerm: Kind("GLOSSARY_TERM", "term", TERM_CHECKS),
}


def create_concept(*, actor: Actor, model: type[T], data: Mapping[str, Any], concept_id: UUID | None = None) -> T:
    """Make a domain, a glossary or a term: the fields of `catalog.concepts`, with this id where one is given.

    `owner` is a member or a team, `parent` and `glossary` are there already; a term says its glossary or its parent.
    Raises Invalid, Conflict for a name that is taken there (whatever its case), Forbidden.
    """
    actor.require(Role.EDITOR)
    fields = clean(data, KINDS[model].checks, ("name",), resource=KINDS[model].resource)
    check_lines(fields, {}, CONCEPT_LINES, resource=KINDS[model].resource)
    return _create(actor, model, fields, concept_id)


def update_concept(*, actor: Actor, concept: T, changes: Mapping[str, Any], expected_version: int | None = None) -> T:
    """Change what `changes` says: with `name` or `parent` it is renamed or moved. What changes nothing is not written.

    Raises Invalid, Stale, Conflict for a name that is taken, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    kind = KINDS[type(concept)]
    return _update(actor, concept, clean(changes, kind.checks, (), resource=kind.resource), expected_version)


def delete_concept(
    *, actor: Actor, concept: Concept, expected_version: int | None = None, recursive: bool = False, hard: bool = False
) -> None:
    """Delete a concept, `recursive` with all below it, `hard` with its row. It leaves every asset.

    Raises Conflict while something lies in it and it is not `recursive`, Stale, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    _delete(actor, concept, expected_version, recursive, hard)


def restore_concept(*, actor: Actor, concept: T) -> T:
    """Bring a deleted concept back, with what was deleted with it, to the assets that let it go.

    An asset that lies in another domain by then stays there. A concept that lives is left as it is.
    Raises Conflict when its name is taken or what it lay in is deleted, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    return _restore(actor, concept)


@retried
def _create(actor: Actor, model: type[T], fields: dict[str, Any], concept_id: UUID | None) -> T:
    concept = model(id=concept_id or uuid7(), organization_id=actor.tenant)
    _apply(concept, fields)
    if isinstance(concept, GlossaryTerm) and concept.glossary_id is None:
        raise Invalid(fields={"glossary": ["This is required."]}, resource="term")
    _name(concept)
    concept.save(force_insert=True)
    index_documents([_document(concept)], are_new=True)
    _record(actor, "CREATE", concept, None)
    return concept


@retried
def _update(actor: Actor, concept: T, fields: dict[str, Any], expected_version: int | None) -> T:
    found = _locked(actor, concept, expected_version)
    before, old_name = concept_state(found), found.fully_qualified_name
    check_lines(fields, before, CONCEPT_LINES, resource=KINDS[type(found)].resource)
    if "name" in fields or "parent" in fields:
        _hold_all(found)
    _apply(found, fields)
    _name(found)
    if concept_state(found) == before:
        return found
    found.version += 1
    found.save()
    index_documents([_document(found)])
    _record(actor, "UPDATE", found, before)
    if found.fully_qualified_name != old_name:
        _rename_below(actor, found, old_name)
    return found


@retried
def _delete(actor: Actor, concept: Concept, expected_version: int | None, recursive: bool, hard: bool) -> None:
    found = _locked(actor, concept, expected_version, deleted=hard)
    if found.deleted_at is None:
        inside = list(_below(found).filter(deleted_at=None).for_display().order_by("key"))
        if inside and not recursive:
            kind, others = KINDS[type(found)].resource, "other" if len(inside) == 1 else "others"
            raise Conflict(
                f"The {kind} '{found}' holds {len(inside)} {others}: delete these first, or all of them together",
                resource=kind,
                held=[str(one) for one in inside[:10]],
            )
        now = timezone.now()
        gone = [*reversed(inside), found]
        states = [concept_state(one) for one in gone]
        for one in gone:
            one.deleted_at, one.updated_at, one.version = now, now, one.version + 1
        _save_all(gone, "deleted_at")
        changes = [_told("DELETE", one, before, None) for one, before in zip(gone, states, strict=True)]
        audit.record_many(actor, changes, organization_id=found.organization_id)
        remove_documents([one.pk for one in gone])
        leave_assets(actor, found.organization_id, gone)
    if hard:
        forget_lost([found.pk, *_below(found).values_list("pk", flat=True)])
        _below(found).delete()
        found.delete()


@retried
def _restore(actor: Actor, concept: T) -> T:
    found = _locked(actor, concept, None, deleted=True)
    if found.deleted_at is None:
        return found
    around = getattr(found, "parent", None) or getattr(found, "glossary", None)
    if around is not None and around.deleted_at is not None:
        kind = KINDS[type(found)].resource
        raise Conflict(f"It lies in '{around}', which is deleted: restore that first", resource=kind)
    together = [found, *_below(found).filter(deleted_at=found.deleted_at).for_display().order_by("key")]
    for one in together:
        if one is not found:
            one.refresh_from_db(fields=[name for name in ("parent", "glossary") if hasattr(one, name)])
        one.deleted_at = None
        _name(one)
        one.version += 1
        one.save()
        _record(actor, "RESTORE", one, None)
    index_documents([_document(one) for one in together])
    return_to_assets(actor, found.organization_id, together)
    return found


def _apply(concept: Concept, fields: Mapping[str, Any]) -> None:
    """Set what the checked fields say. Raises Invalid for what they name and is not there."""
    kind = KINDS[type(concept)]
    for field, value in fields.items():
        if field == "owner":
            _set_owner(concept, value, kind.resource)
        elif field == "parent":
            _set_parent(concept, value, kind.resource)
        elif field == "glossary":
            _set_glossary(concept, value)
        else:
            setattr(concept, "description" if field == "definition" else field, value)


def _set_owner(concept: Concept, reference: Any, resource: str) -> None:
    owner = owners_named(concept.organization_id, [reference]).get(reference) if reference else None
    if reference and owner is None:
        problem = "There is no such member or team of this organization."
        raise Invalid(fields={"owner": [problem]}, resource=resource)
    concept.owner_id = owner.user_id if owner else None
    concept.owner_team_id = owner.team_id if owner else None


def _set_parent(concept: Any, reference: Any, resource: str) -> None:
    parent = _named(type(concept), concept, reference, "parent") if reference else None
    step = parent
    while step is not None:
        if step.pk == concept.pk:
            raise Invalid(fields={"parent": ["It cannot lie in itself."]}, resource=resource)
        step = step.parent
    if isinstance(concept, GlossaryTerm) and parent is not None:
        if concept.glossary_id is not None and parent.glossary_id != concept.glossary_id:
            raise Invalid(fields={"parent": ["It belongs to another glossary."]}, resource=resource)
        concept.glossary = parent.glossary
    concept.parent = parent


def _set_glossary(term: Any, reference: Any) -> None:
    glossary = _named(Glossary, term, reference, "glossary") if reference else None
    if term.glossary_id is not None and (glossary is None or glossary.pk != term.glossary_id):
        raise Invalid(fields={"glossary": ["A term stays in its glossary."]}, resource="term")
    if glossary is not None:
        term.glossary = glossary


def _named(model: type[T], concept: Concept, reference: Any, field: str) -> T:
    """The living concept of this id or name, its row held. Raises Invalid."""
    value = reference.value
    found = concepts_named(model, concept.organization_id, [value]).get(value)
    rows = model._default_manager.select_for_update().filter(pk=found[0], deleted_at=None) if found else ()
    for row in rows:
        return row
    problem = f"{not_found(KINDS[model].resource, value)}."
    raise Invalid(fields={field: [problem]}, resource=KINDS[type(concept)].resource)


def _name(concept: Concept) -> None:
    """Work out the full name. Raises Invalid where it is too long, Conflict where another has it."""
    kind = KINDS[type(concept)]
    around = getattr(concept, "parent", None) or getattr(concept, "glossary", None)
    above = f"{around.fully_qualified_name}." if around is not None else ""
    concept.fully_qualified_name = above + quote_part(concept.name)
    check_full_name(concept.fully_qualified_name, kind.resource)
    concept.key, concept.name_key = name_key(concept.fully_qualified_name), name_key(concept.name)
    taken = (
        type(concept)
        ._default_manager.filter(organization=concept.organization_id, key=concept.key, deleted_at=None)
        .exclude(pk=concept.pk)
    )
    other = taken.first()
    if other is not None:
        raise Conflict(
            f"There is a {kind.resource} '{other}' already",
            resource=kind.resource,
            name=str(other),
            **{f"{kind.resource}_id": str(other.pk)},
        )


def _below(concept: Concept) -> Any:
    """All that lies in a concept, however deep, deleted ones included."""
    model: type[Any] = GlossaryTerm if isinstance(concept, Glossary) else type(concept)
    inside = model._default_manager.filter(organization=concept.organization_id, key__startswith=f"{concept.key}.")
    return inside.filter(glossary=concept) if isinstance(concept, Glossary) else inside


def _rename_below(actor: Actor, concept: Concept, old_name: str) -> None:
    """Let the full names of what lies in the concept follow its own."""
    model: type[Any] = GlossaryTerm if isinstance(concept, Glossary) else type(concept)
    old_key = name_key(old_name)
    inside = model._default_manager.filter(organization=concept.organization_id, key__startswith=f"{old_key}.")
    living = list(inside.filter(deleted_at=None).exclude(pk=concept.pk).for_display().order_by("key"))
    if isinstance(concept, Glossary):
        living = [term for term in living if getattr(term, "glossary_id", None) == concept.pk]
    now, changes = timezone.now(), []
    states = [concept_state(one) for one in living]
    for one, before in zip(living, states, strict=True):
        one.fully_qualified_name = concept.fully_qualified_name + one.fully_qualified_name[len(old_name) :]
        check_full_name(one.fully_qualified_name, KINDS[type(concept)].resource)
        one.key = name_key(one.fully_qualified_name)
        one.version, one.updated_at = one.version + 1, now
        after = {**before, "fully_qualified_name": one.fully_qualified_name, "version": one.version}
        changes.append(_told("UPDATE", one, before, after))
    _save_all(living, "fully_qualified_name", "key")
    audit.record_many(actor, changes, organization_id=concept.organization_id)
    index_documents([_document(one) for one in living])


def _save_all(concepts: Sequence[Concept], *columns: str) -> None:
    for model, same in groupby(sorted(concepts, key=lambda one: one._meta.model_name or ""), key=type):
        manager: Any = model._default_manager  # type: ignore[attr-defined]  # groupby knows no more than type
        manager.bulk_update(same, [*columns, "version", "updated_at"], batch_size=500)


def _locked(actor: Actor, concept: T, expected_version: int | None, *, deleted: bool = False) -> T:
    """The concept as it is now, its row held until the transaction ends."""
    kind = KINDS[type(concept)]
    rows: Any = ConceptQuerySet(type(concept))
    rows = rows.of_tenants(actor) if deleted else rows.visible_to(actor)
    found: T | None = rows.select_for_update(of=("self",)).for_display().filter(pk=concept.pk).first()
    named = {f"{kind.resource}_id": str(concept.pk)}
    if found is None:
        raise NotFound(resource=kind.resource, **named)
    if expected_version is not None and expected_version != found.version:
        raise Stale(
            f"The {kind.resource} is at version {found.version}, not {expected_version}",
            resource=kind.resource,
            expected_version=expected_version,
            current_version=found.version,
            **named,
        )
    return found


def _hold_all(concept: Concept) -> None:
    """Hold every concept of its kind, so that two that are moved at the same time do not end up in each other."""
    rows = type(concept)._default_manager.filter(organization=concept.organization_id, deleted_at=None)
    list(rows.select_for_update().order_by("pk").values_list("pk"))


def _document(concept: Concept) -> Document:
    return concept_document(concept, KINDS[type(concept)].entity_type.lower())


def _told(action: str, concept: Concept, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    return concept_change(action, KINDS[type(concept)].entity_type, concept, before, after)


def _record(actor: Actor, action: str, concept: Concept, before: dict[str, Any] | None) -> None:
    """Put what the concept is now on the trail."""
    audit.record(actor, _told(action, concept, before, concept_state(concept)), organization_id=concept.organization_id)
