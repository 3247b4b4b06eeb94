"""What the parts of a release's page show. Those whose cost grows with its components are asked for when opened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry.models import Artifact, Content, Release
from registry.questions import difference, licences_of, vulnerabilities_of

SHOWN = 200
"""Components, changes or statements that a page lists; a search narrows down."""
STATEMENT_KINDS = {
    "affected": "danger",
    "not_affected": "success",
    "fixed": "success",
    "under_investigation": "warning",
}


def contents_of(artifacts: Iterable[Artifact], query: str) -> dict[str, Any]:
    """The first components, in the order of the documents; with a query those whose name has it, by name."""
    sboms = [artifact for artifact in artifacts if artifact.component_count]
    found = Content.objects.select_related("package", "licence")
    rows: list[Content] = []
    if query:
        named = found.filter(artifact__in=sboms, package__folded_name__contains=query.lower())
        rows = list(named.order_by("package__name", "version", "pk")[: SHOWN + 1])
    for sbom in () if query else sboms:
        rows += found.filter(artifact=sbom).order_by("position")[: SHOWN + 1 - len(rows)]
        if len(rows) > SHOWN:
            break
    return {
        "contents": rows[:SHOWN],
        "contents_query": query,
        "contents_total": sum(sbom.component_count for sbom in sboms),
        "contents_more": len(rows) > SHOWN,
        "shown": SHOWN,
    }


def compared_with(release: Release, version: str) -> Release | None:
    """The release of the project that this one is compared with: the one that is named, else the one before."""
    others = release.project.releases.exclude(pk=release.pk)
    chosen = others.filter(version=version).first() if version else None
    return chosen or others.filter(sort_key__lt=release.sort_key).order_by("-sort_key").first()


def difference_part(release: Release, version: str) -> dict[str, Any]:
    since = compared_with(release, version)
    return {"changes": difference(since, release) if since else None}


def licences_part(release: Release) -> dict[str, Any]:
    return {"licences": licences_of(release)}


def vulnerabilities_part(release: Release) -> dict[str, Any]:
    statements = vulnerabilities_of(release)
    return {
        "statements": statements[:SHOWN],
        "statement_kinds": STATEMENT_KINDS,
        "more": max(len(statements) - SHOWN, 0),
    }
