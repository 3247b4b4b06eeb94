"""The curators' pages of what is published and what is shipped."""

from registry.admin.artifacts import ArtifactAdmin, PackageAdmin
from registry.admin.releases import ProductAdmin, ProjectAdmin, ReleaseAdmin

__all__ = ["ArtifactAdmin", "PackageAdmin", "ProductAdmin", "ProjectAdmin", "ReleaseAdmin"]
