"""Examples of the releases contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.examples.example import CREATED, ID, OTHER_ID, Example

_STAMPS = {"created_at": CREATED, "updated_at": CREATED}
_PAGE = {"total": 1, "page": 1, "limit": 20}


def _page(row: Mapping[str, Any]) -> Example:
    return Example(response={"items": [row], **_PAGE})


_NEW_PRODUCT: dict[str, Any] = {
    "name": "Product Name",
    "description": "Product description",
    "metadata": {"category": "string", "tags": ["tag1", "tag2"], "lifecycle_status": "active"},
}
_PRODUCT = {"id": ID, **_NEW_PRODUCT, "identifiers": [], "is_public": False, **_STAMPS}
_NEW_PROJECT: dict[str, Any] = {
    "name": "Project Name",
    "description": "Project description",
    "metadata": {"type": "application", "status": "active", "tags": ["tag1", "tag2"]},
}
_PROJECT = {"id": OTHER_ID, **_NEW_PROJECT, "product_id": ID, "identifiers": [], **_STAMPS}
_NEW_RELEASE: dict[str, Any] = {
    "version": "1.0.0",
    "status": "draft",
    "metadata": {"release_notes": "Initial release", "release_type": "major"},
}
_RELEASE: dict[str, Any] = {
    "id": ID,
    "project_id": OTHER_ID,
    "product_id": ID,
    **_NEW_RELEASE,
    "release_date": None,
    "collection": 1,
    **_STAMPS,
}
_RELEASED = {
    **_RELEASE,
    "status": "released",
    "release_date": CREATED,
    "metadata": {**_NEW_RELEASE["metadata"], "approvers": ["user1", "user2"]},
}
_NEW_SBOM: dict[str, Any] = {
    "type": "sbom",
    "format": "cyclonedx",
    "content": {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []},
    "metadata": {"generator": {"name": "tool-name", "version": "1.0.0"}},
}
_SBOM: dict[str, Any] = {
    "id": ID,
    "type": "sbom",
    "format": "cyclonedx",
    "spec_version": "1.6",
    "media_type": "application/json",
    "size": 76,
    "component_count": 0,
    "statement_count": 0,
    "content_url": f"/api/v2/artifacts/{ID}/content",
    "metadata": _NEW_SBOM["metadata"],
    **_STAMPS,
}
_NEW_EDGE: dict[str, Any] = {
    "type": "references",
    "target_id": ID,
    "metadata": {"reason": "vulnerability_statement"},
}
_EDGE = {
    "id": "01890a5d-ac96-7c01-9d0e-6f0d3b7f2c5a",
    "source_id": OTHER_ID,
    "source_type": "vex",
    "target_type": "sbom",
    **_NEW_EDGE,
    "derived": False,
    "created_at": CREATED,
}
_ASSOCIATION = Example(
    {"association_type": "primary"},
    {
        "release_version": "1.0.0",
        "release_id": OTHER_ID,
        "project_id": OTHER_ID,
        "artifact_id": ID,
        "association_type": "primary",
        "created_at": CREATED,
    },
    201,
)
_IN_RELEASE = {**_SBOM, "association_type": "primary"}

EXAMPLES: Mapping[str, Example] = {
    "GET /products": _page(_PRODUCT),
    "POST /products": Example(_NEW_PRODUCT, _PRODUCT, 201),
    "GET /products/{product_id}": Example(response=_PRODUCT),
    "GET /products/{product_id}/projects": _page(_PROJECT),
    "POST /products/{product_id}/projects": Example(_NEW_PROJECT, _PROJECT, 201),
    "GET /projects": _page(_PROJECT),
    "GET /projects/{project_id}": Example(response=_PROJECT),
    "GET /projects/{project_id}/releases": _page(_RELEASE),
    "POST /projects/{project_id}/releases": Example(_NEW_RELEASE, _RELEASE, 201),
    "GET /projects/{project_id}/releases/{version}": Example(response=_RELEASED),
    "PATCH /projects/{project_id}/releases/{version}": Example(
        {"status": "released", "metadata": {"approvers": ["user1", "user2"]}}, _RELEASED
    ),
    "GET /projects/{project_id}/releases/{version}/artifacts": _page(_IN_RELEASE),
    "POST /projects/{project_id}/releases/{version}/artifacts": Example(_NEW_SBOM, _SBOM, 201),
    "POST /projects/{project_id}/releases/{version}/artifacts/{artifact_id}": _ASSOCIATION,
    "GET /artifacts": _page(_SBOM),
    "POST /artifacts": Example(_NEW_SBOM, _SBOM, 201),
    "GET /artifacts/{artifact_id}": Example(response=_SBOM),
    "PATCH /artifacts/{artifact_id}": Example({"metadata": _NEW_SBOM["metadata"]}, _SBOM),
    "GET /artifacts/{artifact_id}/relationships": _page(_EDGE),
    "POST /artifacts/{artifact_id}/relationships": Example(_NEW_EDGE, _EDGE, 201),
    "GET /releases/{version}/artifacts": _page(_IN_RELEASE),
    "POST /releases/{version}/artifacts/{artifact_id}": _ASSOCIATION,
    "GET /search/releases": _page(_RELEASE),
    "POST /search/releases": Example(
        {
            "query": {
                "project_id": OTHER_ID,
                "version_pattern": "1.*",
                "status": ["draft", "released"],
                "date_range": {"start": "2024-01-01", "end": "2024-12-31"},
            },
            "sort": [{"field": "release_date", "order": "desc"}],
            "page": 1,
            "limit": 20,
        },
        {"items": [_RELEASED], **_PAGE},
    ),
    "GET /search/artifacts": _page(_SBOM),
    "POST /search/artifacts": Example(
        {
            "query": {
                "type": ["sbom", "vex"],
                "format": "cyclonedx",
                "content": {"components": {"name": "package-name"}},
            },
            "include": ["metadata", "relationships"],
            "sort": [{"field": "created_at", "order": "desc"}],
        },
        {"items": [{**_SBOM, "relationships": [_EDGE]}], **_PAGE},
    ),
    "GET /search/relationships": _page(_EDGE),
    "POST /search/relationships": Example(
        {"query": {"source_type": "vex", "target_type": "sbom", "relationship_type": "references"}},
        {"items": [_EDGE], **_PAGE},
    ),
}
