"""Reads of products, projects, components and releases: visibility, and the filters every door shares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.utils.timezone import make_aware

from accounts.actor import Actor
from catalog.tables import is_postgresql

if TYPE_CHECKING:
    from registry.models import Component, Product, ProductVersion, Project, Release


def of_tenant(actor: Actor) -> models.Q:
    """The actor's own things; everything for one who sees all."""
    return models.Q() if actor.sees_all else models.Q(organization__in=actor.organizations)


def carrying(words: Sequence[str]) -> models.Q:
    """Rows that carry every one of these tags."""
    found = models.Q()
    for word in words:
        found &= models.Q(tag_keys__contains=f"|{word.casefold()}|")
    return found


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))

    def readable_by(self, actor: Actor) -> Self:
        """What the Transparency Exchange API shows: the actor's own, and what is public."""
        return self.filter(of_tenant(actor) | models.Q(is_public=True, organization__is_public=True))

    def tagged(self, words: Sequence[str]) -> Self:
        return self.filter(carrying(words))


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))

    def readable_by(self, actor: Actor) -> Self:
        public = models.Q(product__is_public=True, organization__is_public=True)
        return self.filter(of_tenant(actor) | public)

    def tagged(self, words: Sequence[str]) -> Self:
        return self.filter(carrying(words))


class ComponentQuerySet(models.QuerySet["Component"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))


class ProductVersionQuerySet(models.QuerySet["ProductVersion"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))

    def readable_by(self, actor: Actor) -> Self:
        """Those with a release that is no draft."""
        public = models.Q(product__is_public=True, organization__is_public=True)
        return self.filter(of_tenant(actor) | public).filter(releases__status__in=["released", "archived"]).distinct()


class ReleaseQuerySet(models.QuerySet["Release"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))

    def readable_by(self, actor: Actor) -> Self:
        """Those that are no drafts, of the actor's own products and the public ones."""
        public = models.Q(project__product__is_public=True, organization__is_public=True)
        return self.filter(of_tenant(actor) | public).exclude(status="draft")

    def matching_version(self, pattern: str) -> Self:
        """`*` stands for any characters, `?` for one; without them the version itself."""
        pattern = re.sub(r"\*+", "*", pattern)
        if len(pattern.replace("*", "")) > (self.model._meta.get_field("version").max_length or 0):
            return self.none()
        if not set("*?") & set(pattern):
            return self.filter(version=pattern)
        if pattern.endswith("*") and not set("*?") & set(pattern[:-1]):
            return self.filter(version__startswith=pattern[:-1])
        return self.filter(version__regex=f"^{_expression(pattern)}$")

    def released_between(self, start: date | datetime | None, end: date | datetime | None) -> Self:
        """By release date, both ends included; a day means the whole day."""
        found = self
        if start is not None:
            found = found.filter(release_date__gte=_moment(start, time.min))
        if end is not None:
            found = found.filter(release_date__lte=_moment(end, time.max))
        return found

    def holding(self, artifact_ids: models.QuerySet[models.Model] | Sequence[UUID]) -> Self:
        """Those whose current collection holds one of these artifacts."""
        return self.filter(collection__items__artifact__in=artifact_ids).distinct()


def _moment(value: date | datetime, at: time) -> datetime:
    return value if isinstance(value, datetime) else make_aware(datetime.combine(value, at))


def _expression(pattern: str) -> str:
    """A regular expression for wildcards.

    SQLite asks Python, which would try every way to place every `*`, for hours: what lies between two of them is
    taken where it is first found, which is as good. PostgreSQL knows no atomic groups and needs none.
    """
    first, *rest = ("".join("." if char == "?" else _literal(char) for char in part) for part in pattern.split("*"))
    if not rest:
        return first
    *between, last = rest
    before, after = (".*", "") if is_postgresql() else ("(?>.*?", ")")
    return f"{first}{''.join(f'{before}{part}{after}' for part in between)}.*{last}"


def _literal(char: str) -> str:
    return char if char.isalnum() or char == "_" else f"[{char}]" if char not in "\\^[]" else f"\\{char}"
