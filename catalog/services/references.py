"""What an asset's fields name: its owner, its domain, its terms, found by their ids and names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from accounts.managers import name_key
from accounts.models import Team, User
from catalog.models import Concept, Domain, GlossaryTerm
from catalog.names import join_name
from catalog.records import AssetRecord, DomainName, Owner, TermLink, sorted_terms
from catalog.validation import Reference, TermReference
from contracts.errors import Invalid

REFERRING = ("owner", "domain", "terms")
"""The fields that name other things."""


class ReferenceBook:
    """Members, teams, domains and terms of one organization that a transaction speaks of."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self._owners: dict[Reference, Owner] = {}
        self._domains: dict[str, DomainName] = {}
        self._terms: dict[str, tuple[UUID, str]] = {}

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Find what these checked fields name: four statements at most, none where nothing is named."""
        owners: set[Reference] = set()
        domains: set[str] = set()
        terms: set[str] = set()
        for fields in rows:
            if fields.get("owner"):
                owners.add(fields["owner"])
            if fields.get("domain"):
                domains.add(fields["domain"].value)
            if fields.get("terms"):
                terms.update(reference.value for reference in fields["terms"])
        if owners:
            self._owners = owners_named(self.organization_id, owners)
        if domains:
            found = concepts_named(Domain, self.organization_id, domains)
            self._domains = {value: DomainName(*concept) for value, concept in found.items()}
        if terms:
            self._terms = concepts_named(GlossaryTerm, self.organization_id, terms)

    def found(self, fields: dict[str, Any], record: AssetRecord | None = None) -> dict[str, Any]:
        """The fields with what they name in the place of its name. `record` is the asset as it is, where there is one.

        Raises Invalid for what is not there, and for a term of a column that the asset does not have.
        """
        if not any(name in fields for name in REFERRING):
            return fields
        found = dict(fields)
        if fields.get("owner"):
            found["owner"] = self._owners.get(fields["owner"])
            if found["owner"] is None:
                raise _unknown("owner", "There is no such member or team of this organization.")
        if fields.get("domain"):
            found["domain"] = self._domains.get(fields["domain"].value)
            if found["domain"] is None:
                raise _unknown("domain", f"{not_found('domain', fields['domain'].value)}.")
        if "terms" in fields:
            found["terms"] = self._links(fields, record)
        return found

    def _links(self, fields: Mapping[str, Any], record: AssetRecord | None) -> tuple[TermLink, ...]:
        schema = fields.get("schema", record.schema if record else None)
        known = {link.column for link in record.terms} if record else set()
        references: list[TermReference] = fields["terms"]
        columns: set[str] | None = None
        links = []
        for place, reference in enumerate(references):
            term = self._terms.get(reference.value)
            if term is None:
                raise _unknown(f"terms.{place}", f"{not_found('term', reference.value)}.")
            if reference.column and reference.column not in known:
                if columns is None:
                    columns = set(column_paths(schema.value)) if schema else set()
                if reference.column not in columns:
                    raise _unknown(f"terms.{place}.column", f"The asset has no column '{reference.column}'.")
            links.append(TermLink(*term, reference.column))
        return sorted_terms(links)


def column_paths(schema: Iterable[Mapping[str, Any]], parents: tuple[str, ...] = ()) -> Iterable[str]:
    """The names of all columns; nested ones below those that they are in, as `address.city`."""
    for element in schema:
        path = (*parents, element["name"])
        yield join_name(*path)
        yield from column_paths(element.get("children") or (), path)


def owners_named(organization_id: UUID, references: Collection[Reference]) -> dict[Reference, Owner]:
    """The members and teams that are named, a member before a team. Two statements."""
    members = _members(organization_id, [one.value for one in references if one.type != "team"])
    teams = _teams(organization_id, [one.value for one in references if one.type != "user"])
    found: dict[Reference, Owner] = {}
    for reference in references:
        owner = members.get(reference.value.lower()) if reference.type != "team" else None
        if owner is None and reference.type != "user":
            owner = teams.get(name_key(reference.value))
        if owner is not None:
            found[reference] = owner
    return found


def _members(organization_id: UUID, values: list[str]) -> dict[str, Owner]:
    """Members by what they may be named by, in lower case."""
    if not values:
        return {}
    lowered = [value.lower() for value in values]
    users = User.objects.alias(lower_name=Lower("username"), lower_email=Lower("email")).filter(
        Q(pk__in=_ids(values)) | Q(lower_name__in=lowered) | Q(lower_email__in=lowered),
        memberships__organization=organization_id,
    )
    named: dict[str, Owner] = {}
    for user in users:
        owner = Owner(user.pk, user.display_name)
        for name in (user.username.lower(), user.email.lower(), str(user.pk), user.pk.hex):
            named[name] = owner
    return named


def _teams(organization_id: UUID, values: list[str]) -> dict[str, Owner]:
    if not values:
        return {}
    keys = [name_key(value) for value in values]
    teams = Team.objects.filter(Q(pk__in=_ids(values)) | Q(key__in=keys), organization=organization_id, deleted_at=None)
    named: dict[str, Owner] = {}
    for team in teams:
        owner = Owner(team.pk, team.shown_name, "team")
        named |= {team.key: owner, str(team.pk): owner, team.pk.hex: owner}
    return named


def concepts_named(model: type[Concept], organization_id: UUID, values: Collection[str]) -> dict[str, tuple[UUID, str]]:
    """Ids and full names by an id, a full name, or a plain name that only one has. One statement."""
    keys = {name_key(value): value for value in values}
    rows = model._default_manager.filter(
        Q(pk__in=_ids(values)) | Q(key__in=keys) | Q(name_key__in=keys), organization=organization_id, deleted_at=None
    ).values_list("pk", "fully_qualified_name", "key", "name_key")
    full: dict[str, tuple[UUID, str]] = {}
    plain: dict[str, list[tuple[UUID, str]]] = {}
    for pk, name, key, name_key_ in rows:
        full |= {key: (pk, name), str(pk): (pk, name), pk.hex: (pk, name)}
        plain.setdefault(name_key_, []).append((pk, name))
    found: dict[str, tuple[UUID, str]] = {}
    for value in values:
        key = name_key(value)
        concept = full.get(key) or (plain[key][0] if len(plain.get(key, ())) == 1 else None)
        if concept is not None:
            found[value] = concept
    return found


def not_found(noun: str, value: str) -> str:
    """What `concepts_named` did not find, in a sentence without its full stop."""
    return f"There is no {noun} '{value}', or more than one: give its full name or its id"


def _ids(values: Iterable[str]) -> list[UUID]:
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


def _unknown(field: str, problem: str) -> Invalid:
    return Invalid(fields={field: [problem]}, resource="asset")
