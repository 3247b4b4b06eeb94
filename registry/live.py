"""What the sockets hear of a registry: `source_updates`, for all who may read the publisher's entries."""

from __future__ import annotations

from accounts.live import publish
from registry.models import Version


def version_published(version: Version) -> None:
    """Tell who follows the publisher that a version, or another format of it, is there. Called after commit."""
    entry = version.entry
    data = {
        "organization": entry.organization.slug,
        "kind": entry.kind,
        "name": entry.slug,
        "version": version.version,
        "formats": list(version.formats),
        "size": version.size,
    }
    publish(entry.organization_id, "source_updates", {"type": "source.updated", "event": "PUBLISH", "data": data})
