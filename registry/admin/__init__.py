"""The curators' pages of what is published and what is shipped."""

from registry.admin.artifacts import ArtifactAdmin, PackageAdmin
from registry.admin.entries import SourceAdmin, ToolAdmin
from registry.admin.releases import ProductAdmin, ProjectAdmin, ReleaseAdmin
from registry.admin.storage import FileCheckAdmin, PublisherAdmin

__all__ = [
    "ArtifactAdmin",
    "FileCheckAdmin",
    "PackageAdmin",
    "ProductAdmin",
    "ProjectAdmin",
    "PublisherAdmin",
    "ReleaseAdmin",
    "SourceAdmin",
    "ToolAdmin",
]
