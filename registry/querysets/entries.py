"""Reads of sources and tools: who sees which, and the filters every door shares."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q

from accounts.actor import Actor
from accounts.models import Organization
from registry.specs import is_version, parse_range

if TYPE_CHECKING:
    from registry.models import Entry, File, Organism, Source, Tool, Version

ORDERS = {
    "name": "name",
    "downloads": "downloads",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "size": "size",
}
"""What lists can be sorted by: the contract's word and the column."""
CONDITIONS = 5
"""Labels that are looked for one by one, which ends early; more are counted: many conditions take minutes to plan."""


def readable_organizations(actor: Actor) -> models.QuerySet[Organization]:
    """Those whose entries the actor may read."""
    return Organization.objects.readable_by(actor).order_by()


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, actor: Actor) -> Self:
        """Living entries of public organizations and of the actor's own."""
        living = self.filter(deleted_at=None)
        if actor.sees_all:
            return living
        return living.filter(organization__in=readable_organizations(actor).values("pk"))

    def of_tenants(self, actor: Actor) -> Self:
        """The actor's own, the deleted ones included."""
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)

    def in_organization(self, slug: str) -> Self:
        return self.filter(organization__in=Organization.objects.by_slug(slug).order_by().values("pk"))

    def named(self, organization: str, slug: str) -> Self:
        """The one that `organization:slug` names, whatever the case."""
        return self.in_organization(organization).filter(slug_key=slug.lower())

    def of_types(self, types: Collection[str]) -> Self:
        return self.filter(type__in=types)

    def of_organism(self, text: str) -> Self:
        """By common name, scientific name or taxonomy id."""
        from_name = Q(organism__scientific_key=text.casefold()) | Q(organism__common_key=text.casefold())
        if text.isascii() and text.isdigit() and len(text) < 10:
            return self.filter(organism__ncbi_taxonomy_id=int(text))
        return self.filter(from_name)

    def labelled(self, kind: str, words: Sequence[str]) -> Self:
        """Those that carry every one of these tags, or have every one of these formats."""
        keys = list(dict.fromkeys(word.lower() for word in words))
        labels: Any = self.model._meta.get_field("labels").related_model
        found = self
        for key in keys[:CONDITIONS]:
            found = found.filter(Exists(labels._default_manager.filter(entry=OuterRef("pk"), kind=kind, key=key)))
        if more := keys[CONDITIONS:]:
            carried = labels._default_manager.filter(kind=kind, key__in=more).order_by().values("entry")
            counted = carried.annotate(count=Count("*")).filter(count=len(more))
            found = found.filter(pk__in=counted.values("entry"))
        return found

    def sorted_by(self, names: Sequence[str]) -> Self:
        """By these fields of ORDERS, `-` before one for the largest first; by slug where none is given."""
        terms = [f"-{ORDERS[name[1:]]}" if name.startswith("-") else ORDERS[name] for name in names]
        last = "-id" if terms and terms[-1].startswith("-") else "id"
        return self.order_by(*(terms or ["slug_key"]), last)


class SourceManager(models.Manager["Source"]):
    def get_queryset(self) -> Any:
        return EntryQuerySet(self.model, using=self._db).filter(kind="source")

    def visible_to(self, actor: Actor) -> models.QuerySet[Source]:
        found: models.QuerySet[Source] = self.get_queryset().visible_to(actor)
        return found


class ToolManager(models.Manager["Tool"]):
    def get_queryset(self) -> Any:
        return EntryQuerySet(self.model, using=self._db).filter(kind="tool")

    def visible_to(self, actor: Actor) -> models.QuerySet[Tool]:
        found: models.QuerySet[Tool] = self.get_queryset().visible_to(actor)
        return found


class OrganismQuerySet(models.QuerySet["Organism"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class VersionQuerySet(models.QuerySet["Version"]):
    def living(self) -> Self:
        return self.filter(deleted_at=None)

    def visible_to(self, actor: Actor) -> Self:
        living = self.filter(deleted_at=None, entry__deleted_at=None)
        if actor.sees_all:
            return living
        return living.filter(entry__organization__in=readable_organizations(actor).values("pk"))

    def choosable(self) -> Self:
        """Those that `latest` and ranges may choose."""
        return self.filter(deleted_at=None, yanked_at=None)

    def wanted(self, text: str) -> Version | None:
        """Of one entry's versions, the one of this name, or the highest that `latest` or a range lets through."""
        living = self.filter(deleted_at=None)
        if is_version(text):
            return living.filter(version=text).first()
        try:
            windows = parse_range(text)
        except ValueError:
            return None
        for window in windows:
            inside = self.choosable().filter(sort_key__gte=window.low, sort_key__lt=window.high)
            if not window.prereleases:
                inside = inside.filter(is_prerelease=False)
            found = inside.order_by("-sort_key", "-version").first()
            if found is not None:
                return found
        return None

    def newest(self) -> Version | None:
        """The highest that may be chosen: a release where there is one, else a pre-release."""
        newest = self.choosable().order_by("-sort_key", "-version")
        return newest.filter(is_prerelease=False).first() or newest.first()


class FileQuerySet(models.QuerySet["File"]):
    def visible_to(self, actor: Actor) -> Self:
        living = self.filter(version__deleted_at=None, version__entry__deleted_at=None)
        if actor.sees_all:
            return living
        return living.filter(version__entry__organization__in=readable_organizations(actor).values("pk"))

    def top(self, actor: Actor, count: int) -> list[tuple[str, int]]:
        """Spec and downloads of what the actor may read and was downloaded most."""
        names = ("version__entry__organization__slug", "version__entry__slug", "format", "version__version")
        most = self.visible_to(actor).filter(downloads__gt=0).order_by("-downloads", "id")[:count]
        return [
            (f"{org}:{slug}-{name}@{version}", downloads)
            for org, slug, name, version, downloads in most.values_list(*names, "downloads")
        ]
