"""Domains, glossaries and terms: what may be said of them, and how the trail and the search see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.checks import Check, Refused, clean_description, clean_display_name, clean_name
from catalog.models import QUALIFIED_NAME_BYTES, Concept, Domain, DomainType, GlossaryTerm, TermStatus
from catalog.records import Owner, owner_state
from catalog.search import Document
from catalog.validation import QUALIFIED_NAME_LENGTH, clean_owner, clean_reference
from contracts.errors import Invalid

SYNONYMS_EACH = 100


def _synonyms(value: Any) -> list[str]:
    """Other words for the same, each once."""
    if not isinstance(value, list | tuple):
        raise ValueError("This must be a list of words.")
    if len(value) > SYNONYMS_EACH:
        raise ValueError(f"At most {SYNONYMS_EACH} synonyms; this has {len(value):,}.")
    words: list[str] = []
    for index, item in enumerate(value):
        try:
            words.append(clean_name(item))
        except ValueError as error:
            raise Refused(f".{index}", str(error)) from error
    return list(dict.fromkeys(words))


def _one_of(values: Sequence[str]) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"This must be one of {', '.join(values)}.")
        return value

    return check


CONCEPT_CHECKS: Mapping[str, Check] = {
    "name": clean_name,
    "display_name": clean_display_name,
    "description": clean_description,
    "owner": clean_owner,
}
DOMAIN_CHECKS: Mapping[str, Check] = {**CONCEPT_CHECKS, "type": _one_of(DomainType.values), "parent": clean_reference}
TERM_CHECKS: Mapping[str, Check] = {
    **{field: check for field, check in CONCEPT_CHECKS.items() if field != "description"},
    "parent": clean_reference,
    "definition": clean_description,
    "synonyms": _synonyms,
    "status": _one_of(TermStatus.values),
    "glossary": clean_reference,
}

CONCEPT_LINES = ("name", "display_name", "synonyms")
"""What is one line, where a kind has it."""


def check_full_name(name: str, resource: str) -> None:
    """Raise Invalid for a full name that is too long to be looked up."""
    if len(name) > QUALIFIED_NAME_LENGTH or len(name.casefold().encode()) > QUALIFIED_NAME_BYTES:
        problem = f"With what it lies in the name is longer than {QUALIFIED_NAME_LENGTH:,} characters."
        raise Invalid(fields={"name": [problem]}, resource=resource)


def owner_of(concept: Concept) -> Owner | None:
    """Who owns it; a member or a team."""
    if concept.owner is not None:
        return Owner(concept.owner.pk, concept.owner.display_name)
    return (
        Owner(concept.owner_team.pk, concept.owner_team.shown_name, "team") if concept.owner_team is not None else None
    )


def concept_state(concept: Concept) -> dict[str, Any]:
    """The whole state of a concept for the trail."""
    state: dict[str, Any] = {
        "id": concept.pk,
        "name": concept.name,
        "fully_qualified_name": concept.fully_qualified_name,
        "display_name": concept.display_name,
    }
    if isinstance(concept, GlossaryTerm):
        state |= {
            "definition": concept.description,
            "synonyms": concept.synonyms,
            "status": str(concept.status),
            "glossary": _named(concept.glossary),
        }
    else:
        state["description"] = concept.description
    if isinstance(concept, Domain):
        state["type"] = str(concept.type)
    if hasattr(concept, "parent"):
        state["parent"] = _named(concept.parent)
    return {**state, "owner": owner_state(owner_of(concept)), "version": concept.version}


def concept_document(concept: Concept, kind: str) -> Document:
    """What search sees of a concept; synonyms are found as words of its text."""
    words = [concept.display_name, concept.description]
    if isinstance(concept, GlossaryTerm):
        words += concept.synonyms
    return Document(
        entity_id=concept.pk,
        organization_id=concept.organization_id,
        kind=kind,
        type=kind.upper(),
        name=concept.name,
        path=concept.fully_qualified_name,
        description="\n".join(word for word in words if word),
        owner_id=concept.owner_id or concept.owner_team_id,
    )


def _named(concept: Concept | None) -> dict[str, Any] | None:
    return {"id": concept.pk, "name": concept.fully_qualified_name} if concept is not None else None
