"""The curator's pages of the catalog."""

from catalog.admin.assets import AssetAdmin
from catalog.admin.concepts import DomainAdmin, GlossaryAdmin, TermAdmin
from catalog.admin.relationships import RelationshipAdmin
from catalog.admin.tags import TagAdmin

__all__ = ["AssetAdmin", "DomainAdmin", "GlossaryAdmin", "RelationshipAdmin", "TagAdmin", "TermAdmin"]
