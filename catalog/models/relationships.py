"""How assets relate."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from catalog.models.assets import Asset, Origin
from catalog.querysets import RelationshipQuerySet


class RelationshipType(models.TextChoices):
    DEPENDS_ON = "DEPENDS_ON"
    CONTAINS = "CONTAINS"
    PRODUCES = "PRODUCES"
    USES = "USES"
    RELATED_TO = "RELATED_TO"


class Relationship(models.Model):
    """A typed edge between two assets. `metadata.column_mapping` maps each column made to those it is made from.

    `upstream` and `downstream` say the edge once more as lineage reads it, whatever its type; both are
    null for a type that is no lineage. The database derives them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="outgoing", db_index=False)
    target = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="incoming", db_index=False)
    type = models.CharField(max_length=20, choices=RelationshipType)
    metadata = models.JSONField(default=dict, blank=True)
    origin = models.ForeignKey(Origin, on_delete=models.SET_NULL, null=True, blank=True, editable=False, db_index=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    upstream_id = models.GeneratedField(
        expression=models.Case(
            models.When(type__in=["DEPENDS_ON", "USES"], then="target_id"),
            models.When(type="PRODUCES", then="source_id"),
        ),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )
    downstream_id = models.GeneratedField(
        expression=models.Case(
            models.When(type__in=["DEPENDS_ON", "USES"], then="source_id"),
            models.When(type="PRODUCES", then="target_id"),
        ),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )

    objects = RelationshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "type"], name="relationship_unique_by_ends_and_type"),
        ]
        indexes = [
            models.Index(fields=["target", "type", "source"], name="relationship_by_target"),
            models.Index(fields=["origin"], condition=models.Q(origin__isnull=False), name="relationship_by_origin"),
            models.Index(
                fields=["downstream_id", "upstream_id"],
                condition=models.Q(downstream_id__isnull=False),
                name="relationship_upstream_of",
            ),
            models.Index(
                fields=["upstream_id", "downstream_id"],
                condition=models.Q(upstream_id__isnull=False),
                name="relationship_downstream_of",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.type} {self.target}"
