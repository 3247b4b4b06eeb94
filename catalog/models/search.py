"""The one search index."""

from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import Organization
from catalog.querysets import SearchDocumentQuerySet


class WordVectorField(models.TextField[str, str]):
    """The words of a document with positions and weights, as PostgreSQL's `tsvector`; empty on SQLite."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"


class Spelling(models.Model):
    """A word of the index, by itself and by its beginning with letters left out (`catalog.search.spelling`).

    Two writers who meet a word at the same time may both write it down: neither waits for the other.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=40)
    word = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["key", "word"], name="spelling_by_key")]

    def __str__(self) -> str:
        return self.word


class SearchDocument(models.Model):
    """What search sees of one thing, whatever its kind; written in the transaction of its change.

    Written by `catalog.search.index_documents` only. On PostgreSQL the words are in `vector`, on SQLite in
    the FTS5 tables `catalog_search_words` and `catalog_search_parts`, whose row ids are this table's ids.
    """

    id = models.BigAutoField(primary_key=True)
    entity_id = models.UUIDField(unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=20, help_text="asset, glossary_term, source, tool, release, …")
    type = models.CharField(max_length=40, blank=True)
    name = models.TextField()
    path = models.TextField(blank=True, help_text="The qualified name.")
    description = models.TextField(blank=True, help_text="Its beginning, to show what was found.")
    columns = models.TextField(blank=True, help_text="Column names, one a line.")
    tags = models.JSONField(default=list, help_text="Names of tags.")
    origin_id = models.UUIDField(null=True)
    owner_id = models.UUIDField(null=True, help_text="A user or a team.")
    domain_id = models.UUIDField(null=True)
    is_public = models.BooleanField(default=False)
    folded = models.TextField(blank=True, help_text="The name, lower-cased, for parts of words.")
    vector = WordVectorField(blank=True)

    objects = SearchDocumentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.path or self.name
