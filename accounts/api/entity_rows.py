"""Collections of the entities contract whose deleted rows are kept apart (`accounts.models.DeletedRow`)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from accounts.managers import name_key
from accounts.models import DeletedRow
from accounts.permissions import actor_of
from audit.api.entities import VersionedRows
from contracts.cursors import Chained

M = TypeVar("M", bound=Model)


class RestorableRows(VersionedRows[M], Generic[M]):
    """Living rows of a model, and behind them what is kept of the deleted."""

    kept_kind: ClassVar[str]
    """What the deleted rows are kept as."""

    @abstractmethod
    def as_it_was(self, kept: DeletedRow) -> M:
        """The row that was deleted, not saved."""

    def kept(self) -> QuerySet[DeletedRow]:
        """What is kept of the deleted ones, in the order of their ids."""
        found = DeletedRow.objects.visible_to(actor_of(self.request)).filter(kind=self.kept_kind)
        return found.order_by("entity_id", "id")

    def pages(self, include: str) -> Chained:
        living: list[QuerySet[Any]] = [self.get_queryset()] if include != "deleted" else []
        deleted: list[QuerySet[Any]] = [self.kept()] if include != "non-deleted" else []
        behind = len(living)
        return Chained(
            self.list_name(include), [*living, *deleted], lambda row: behind if isinstance(row, DeletedRow) else 0
        )

    def rows_of(self, page: Sequence[Any]) -> Sequence[M]:
        return [self.as_it_was(row) if isinstance(row, DeletedRow) else row for row in page]

    def row_by_id(self, key: UUID, include: str) -> M | None:
        row = self.get_queryset().filter(pk=key).first() if include != "deleted" else None
        if row is None and include != "non-deleted":
            kept = self.kept().filter(entity_id=key).first()
            row = self.as_it_was(kept) if kept else None
        return row

    def deleted_named(self, fqn: str) -> M | None:
        kept = self.kept().filter(key=self.kept_key(fqn)).order_by("deleted_at").last()
        return self.as_it_was(kept) if kept else None

    def is_used(self, key: UUID) -> bool:
        return super().is_used(key) or DeletedRow.objects.filter(entity_id=key).exists()

    def kept_key(self, fqn: str) -> str:
        """A fully qualified name as what is kept has it."""
        return name_key(unquoted(fqn))

    def kept_of(self, row: M) -> DeletedRow | None:
        """What is kept of this row, where it is a deleted one."""
        return self.kept().filter(entity_id=row.pk).first()


def unquoted(fqn: str) -> str:
    """A name of one part without its quotes."""
    return fqn[1:-1].replace('""', '"') if len(fqn) > 2 and fqn[0] == fqn[-1] == '"' else fqn
