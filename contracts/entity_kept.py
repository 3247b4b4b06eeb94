"""Entities whose rows are kept when they are deleted."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic
from uuid import UUID

from django.db.models import QuerySet

from contracts.cursors import Chained
from contracts.entity_views import M, RowEntities


class KeptRows(RowEntities[M], Generic[M]):
    """Rows that are kept when they are deleted, with `deleted_at`, and can be restored."""

    @abstractmethod
    def everything(self) -> QuerySet[M]:
        """The rows that the actor sees, deleted ones included."""

    @abstractmethod
    def key_of(self, fqn: str) -> str:
        """A fully qualified name as the rows' `key` has it."""

    def get_queryset(self) -> QuerySet[M]:
        return self.listed("non-deleted")

    def listed(self, include: str) -> QuerySet[M]:
        found = self.everything().order_by("id")
        return found if include == "all" else found.filter(deleted_at__isnull=include == "non-deleted")

    def pages(self, include: str) -> Chained:
        return Chained(self.list_name(include), [self.listed(include)], lambda row: 0)

    def row_by_id(self, key: UUID, include: str) -> M | None:
        return self.listed(include).filter(pk=key).first()

    def named(self, fqn: str) -> M | None:
        return self.get_queryset().filter(key=self.key_of(fqn)).first()

    def deleted_named(self, fqn: str) -> M | None:
        return self.listed("deleted").filter(key=self.key_of(fqn)).last()
