"""What data we have: assets, how they relate, their tags, and the one search index."""

from catalog.models.assets import (
    QUALIFIED_NAME_BYTES,
    Asset,
    AssetCount,
    AssetTag,
    AssetTerm,
    AssetType,
    ColumnTag,
    Origin,
    UseCount,
    validate_qualified_name_size,
)
from catalog.models.concepts import Concept, Domain, DomainType, Glossary, GlossaryTerm, LostLink, Tag, TermStatus
from catalog.models.relationships import Relationship, RelationshipType
from catalog.models.search import SearchDocument, Spelling, WordVectorField

__all__ = [
    "QUALIFIED_NAME_BYTES",
    "Asset",
    "AssetCount",
    "AssetTag",
    "AssetTerm",
    "AssetType",
    "ColumnTag",
    "Concept",
    "Domain",
    "DomainType",
    "Glossary",
    "GlossaryTerm",
    "LostLink",
    "Origin",
    "Relationship",
    "RelationshipType",
    "SearchDocument",
    "Spelling",
    "Tag",
    "TermStatus",
    "UseCount",
    "WordVectorField",
    "validate_qualified_name_size",
]
