"""Entries and versions as the trail keeps them, whole."""

from __future__ import annotations

from typing import Any

from registry.models import Entry, File, Version


def entry_state(entry: Entry) -> dict[str, Any]:
    return {
        "slug": entry.slug,
        "kind": entry.kind,
        "type": entry.type,
        "name": entry.name,
        "description": entry.description,
        "external_id": entry.external_id,
        "organism": str(entry.organism) if entry.organism else None,
        "metadata": entry.metadata,
        "tags": entry.tags,
        "repository_url": entry.repository_url,
        "homepage_url": entry.homepage_url,
        "license": entry.license,
        "latest_version": entry.latest_version,
        "deleted_at": entry.deleted_at.isoformat() if entry.deleted_at else None,
    }


def version_state(version: Version, files: list[File]) -> dict[str, Any]:
    """A version with its files; of its dependencies, how many there are and their tree checksum."""
    return {
        "version": version.version,
        "external_version": version.external_version,
        "release_date": version.release_date.isoformat() if version.release_date else None,
        "citations": version.citations,
        "files": [
            {
                "format": file.format,
                "filename": file.filename,
                "checksum": f"sha256-{file.sha256}",
                "size": file.size,
                "compression": file.compression,
            }
            for file in files
        ],
        "dependency_count": version.dependency_count,
        "tree_checksum": f"sha256-{version.tree_checksum}" if version.tree_checksum else None,
        "yanked_at": version.yanked_at.isoformat() if version.yanked_at else None,
        "yank_reason": version.yank_reason,
        "deleted_at": version.deleted_at.isoformat() if version.deleted_at else None,
    }
