"""Sources and tools that we publish; products, releases and artifacts that we ship."""

from registry.models.artifacts import (
    Artifact,
    ArtifactRelationship,
    ArtifactRelationType,
    ArtifactType,
    Collection,
    CollectionItem,
    CollectionReason,
)
from registry.models.contents import Content, Edge, Licence, Package, Statement, StatementStatus
from registry.models.releases import Component, Product, ProductVersion, Project, Release, ReleaseStatus

__all__ = [
    "Artifact",
    "ArtifactRelationType",
    "ArtifactRelationship",
    "ArtifactType",
    "Collection",
    "CollectionItem",
    "CollectionReason",
    "Component",
    "Content",
    "Edge",
    "Licence",
    "Package",
    "Product",
    "ProductVersion",
    "Project",
    "Release",
    "ReleaseStatus",
    "Statement",
    "StatementStatus",
]
