"""What the lists of assets, domains, glossaries and terms may be narrowed and sorted by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django_filters import rest_framework as filters

from accounts.actor import Actor
from accounts.managers import name_key
from accounts.permissions import actor_of
from catalog.asking import SORTS, carrying_all, domains_named, meaning_all, origins_named, owned_by
from catalog.models import AssetType, DomainType, TermStatus
from catalog.querysets import AssetQuerySet, ConceptQuerySet
from catalog.search import matching
from contracts.filtering import ChoicesFilter, DirectedSortFilter, MomentFilter, WordsFilter
from contracts.views import uuid_of

Concepts = ConceptQuerySet[Any]


class _Filters(filters.FilterSet):  # type: ignore[misc]
    @property
    def actor(self) -> Actor:
        return actor_of(self.request)


class AssetFilters(_Filters):
    type = ChoicesFilter(choices=AssetType.values, help_text="Types, any of them: repeated, or with commas between.")
    tag = WordsFilter(method="carrying", help_text="Tags by name or id, all of them: repeated, or with commas between.")
    search = filters.CharFilter(method="holding", help_text="Words that name, description, columns or tags hold.")
    source = WordsFilter(method="seen_by", help_text="Data sources by name or id, any of them.")
    owner = WordsFilter(
        method="of_owners",
        help_text="Members or teams by id or name (members by e-mail address too), or `me`; any.",
    )
    domain = WordsFilter(
        method="of_domains", help_text="Domains by id, full name or name, with all below them; any of them."
    )
    term = WordsFilter(
        method="meaning", help_text="Glossary terms by id, full name or name, of the asset or its columns; all of them."
    )
    created_after = MomentFilter("created_at", "gte", help_text="From this moment on (ISO 8601).")
    created_before = MomentFilter("created_at", "lt", help_text="Before this moment.")
    updated_after = MomentFilter("updated_at", "gte", help_text="From this moment on.")
    updated_before = MomentFilter("updated_at", "lt", help_text="Before this moment.")
    sort = DirectedSortFilter(SORTS)

    def carrying(self, assets: AssetQuerySet, name: str, value: list[str]) -> AssetQuerySet:
        return carrying_all(self.actor, assets, value)

    def holding(self, assets: AssetQuerySet, name: str, value: str) -> AssetQuerySet:
        words = matching(actor=self.actor, query=value)
        return assets if words is None else assets.filter(pk__in=words)

    def seen_by(self, assets: AssetQuerySet, name: str, value: list[str]) -> AssetQuerySet:
        return assets.filter(origin__in=origins_named(self.actor, value))

    def of_owners(self, assets: AssetQuerySet, name: str, value: list[str]) -> AssetQuerySet:
        return assets.filter(owned_by(self.actor, value))

    def of_domains(self, assets: AssetQuerySet, name: str, value: list[str]) -> AssetQuerySet:
        return assets.filter(domain__in=domains_named(self.actor, value))

    def meaning(self, assets: AssetQuerySet, name: str, value: list[str]) -> AssetQuerySet:
        return meaning_all(self.actor, assets, value)


class ConceptFilters(_Filters):
    search = filters.CharFilter(method="mentioning", help_text="Words in names and descriptions.")
    owner = WordsFilter(method="of_owners", help_text="Members or teams by id or name, or `me`; any of them.")

    def mentioning(self, found: Concepts, name: str, value: str) -> Concepts:
        return found.filter(
            Q(key__contains=name_key(value)) | Q(display_name__icontains=value) | Q(description__icontains=value)
        )

    def of_owners(self, found: Concepts, name: str, value: list[str]) -> Concepts:
        return found.filter(owned_by(self.actor, value))


class DomainFilters(ConceptFilters):
    parent = WordsFilter(method="directly_in", help_text="Those that lie directly in these, by id or name.")
    type = ChoicesFilter(choices=DomainType.values, help_text=f"Of {', '.join(DomainType.values)}, any of them.")

    def directly_in(self, found: Concepts, name: str, value: list[str]) -> Concepts:
        return found.filter(parent__in=domains_named(self.actor, value, below=False))


class TermFilters(ConceptFilters):
    glossary = WordsFilter(method="named", help_text="Glossaries by id or name, any of them.")
    parent = WordsFilter(method="named", help_text="Those directly below these terms, by id or full name.")
    status = ChoicesFilter(choices=TermStatus.values, help_text=f"Of {', '.join(TermStatus.values)}, any of them.")

    def named(self, found: Concepts, name: str, value: list[str]) -> Concepts:
        keys: list[UUID] = [key for text in value if (key := uuid_of(text))]
        return found.filter(Q(**{f"{name}__in": keys}) | Q(**{f"{name}__key__in": [name_key(text) for text in value]}))
