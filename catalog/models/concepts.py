"""What curators classify with: tags, domains, glossaries and their terms."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, Team, User
from catalog.querysets import ConceptQuerySet, TagQuerySet


class Tag(models.Model):
    """A word that curators classify with, in a category."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=300, editable=False, help_text="The name as it is matched, whatever its case.")
    category = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    colour = models.CharField(max_length=7, blank=True, help_text="As #rrggbb.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="tag_name_unique_in_organization")]

    def __str__(self) -> str:
        return self.name


class LostLink(models.Model):
    """That an asset or a concept let go of a tag, term, domain or team that was deleted: it comes back with it."""

    entity_id = models.UUIDField(help_text="What was deleted.")
    holder_id = models.UUIDField(help_text="What let it go.")
    column = models.TextField(blank=True, help_text="Of the holder, that a term was said of.")

    class Meta:
        indexes = [models.Index(fields=["entity_id", "holder_id"], name="lost_link_by_entity")]

    def __str__(self) -> str:
        return f"{self.holder_id} had {self.entity_id}"


class Concept(models.Model):
    """What domains, glossaries and terms have in common: a name below its parent's, words, an owner, a version.

    `fully_qualified_name` is the names from the top down, as `catalog.names.join_name` joins them; what is below
    follows when one of them changes. A deleted one keeps its row and frees its name.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    fully_qualified_name = models.CharField(max_length=1000, editable=False)
    key = models.CharField(max_length=3000, editable=False, help_text="The full name as it is matched.")
    name_key = models.CharField(max_length=300, editable=False, help_text="The name as it is matched.")
    display_name = models.CharField(max_length=200, blank=True, help_text="As shown; the name where there is none.")
    description = models.TextField(blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    owner_team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"],
                condition=models.Q(deleted_at=None),
                name="%(class)s_name_unique_among_living",
            ),
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(owner_team=None), name="%(class)s_has_one_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.fully_qualified_name


class DomainType(models.TextChoices):
    SOURCE_ALIGNED = "source_aligned", "Source-aligned"
    CONSUMER_ALIGNED = "consumer_aligned", "Consumer-aligned"
    AGGREGATE = "aggregate", "Aggregate"


class Domain(Concept):
    """A part of the business that data belongs to; it may lie in another.

    Its type says whether its data is as its sources have it, made for those who use it, or put together from both.
    """

    type = models.CharField(max_length=20, choices=DomainType, default=DomainType.AGGREGATE)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")

    objects = ConceptQuerySet["Domain"].as_manager()

    class Meta(Concept.Meta):
        pass


class Glossary(Concept):
    """A book of terms."""

    objects = ConceptQuerySet["Glossary"].as_manager()

    class Meta(Concept.Meta):
        verbose_name_plural = "glossaries"


class TermStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    APPROVED = "approved", "Approved"
    DEPRECATED = "deprecated", "Deprecated"


class GlossaryTerm(Concept):
    """A word of the business and what it means (`description`); it may lie below a wider one of its glossary."""

    glossary = models.ForeignKey(Glossary, on_delete=models.CASCADE, related_name="terms")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    synonyms = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=20, choices=TermStatus, default=TermStatus.DRAFT)

    objects = ConceptQuerySet["GlossaryTerm"].as_manager()

    class Meta(Concept.Meta):
        verbose_name = "term"
