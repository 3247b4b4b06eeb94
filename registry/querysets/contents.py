"""Reads of what is inside artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from accounts.actor import Actor
from registry.querysets.releases import of_tenant

if TYPE_CHECKING:
    from registry.models import Content, Licence, Package, Statement


class PackageQuerySet(models.QuerySet["Package"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))


class LicenceQuerySet(models.QuerySet["Licence"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))

    def naming(self, identifier: str) -> Self:
        """Expressions that name this licence, whatever the case; or that are this expression."""
        key = identifier.casefold().replace("|", " ")
        return self.filter(models.Q(identifiers__contains=f"|{key}|") | models.Q(expression__iexact=identifier))


class ContentQuerySet(models.QuerySet["Content"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(artifact__organization__in=actor.organizations)


class StatementQuerySet(models.QuerySet["Statement"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(artifact__organization__in=actor.organizations)
