"""`POST /resolve`: specs into exact files, with `?lock=true` as a lock document; `POST /resolve/verify` checks one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from contracts.errors import BadRequest, Conflict, DomainError, Invalid, NotFound
from contracts.registry import Registry
from registry.locking import lock_document, verify_lock
from registry.resolution import Resolution, Resolved, resolve

MOST = 1_000
"""Specs of each kind in one call."""
NAMED = 100
"""Problems that an answer names."""

_SPECS = inline_serializer(
    "ResolveSpecs",
    {
        "sources": serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST),
        "tools": serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST),
    },
)
_RESOLVED = inline_serializer(
    "Resolved",
    {
        "sources": serializers.DictField(child=serializers.DictField()),
        "tools": serializers.DictField(child=serializers.DictField()),
    },
)
_LOCK = inline_serializer(
    "LockDocument",
    {
        "lock_version": serializers.IntegerField(),
        "sources": serializers.DictField(child=serializers.DictField(), required=False),
        "tools": serializers.DictField(child=serializers.DictField(), required=False),
    },
)
_VERIFIED = inline_serializer(
    "LockVerification",
    {"valid": serializers.BooleanField(), "problems": serializers.ListField(child=serializers.DictField())},
)


class RegistryResolve(Registry):
    """What specs stand for now: exact, `latest` and ranges, any mix of them."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="registry_resolve",
        request=_SPECS,
        parameters=[OpenApiParameter("lock", bool, description="Answer with a lock document.")],
        responses=_RESOLVED,
    )
    def post(self, request: Request) -> Response:
        body: Any = request.data
        unknown = [str(name) for name in body if name not in {"sources", "tools"}]
        if unknown:
            raise Invalid(fields={name: ["Unknown field."] for name in unknown})
        actor = actor_of(request)
        sources = resolve(actor=actor, specs=_specs(body, "sources"), kind="source")
        tools = resolve(actor=actor, specs=_specs(body, "tools"), kind="tool")
        _refuse(sources, tools)
        _refuse_two_versions(sources.found)
        _refuse_two_versions(tools.found)
        if _flag(request, "lock"):
            return Response(lock_document(sources.found, tools.found))
        return Response(
            {
                "sources": {spec: _source(found) for spec, found in sources.found.items()},
                "tools": {spec: _tool(found) for spec, found in tools.found.items()},
            }
        )


class RegistryVerifyLock(Registry):
    """Whether every byte that a lock document pins is still there, and still the same."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="registry_verify_lock", request=_LOCK, responses=_VERIFIED)
    def post(self, request: Request) -> Response:
        body: Any = request.data
        problems = verify_lock(actor=actor_of(request), document=body)
        return Response({"valid": not problems, "problems": problems})


def _specs(body: Mapping[str, Any], name: str) -> list[str]:
    specs = body.get(name)
    if specs is None:
        return []
    if not isinstance(specs, list) or not all(isinstance(spec, str) for spec in specs):
        raise Invalid(fields={name: ["This must be a list of specs."]})
    if len(specs) > MOST:
        raise Invalid(fields={name: [f"At most {MOST:,} specs at once; these are {len(specs):,}."]})
    return specs


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "").lower()
    if given not in {"", "true", "false", "1", "0"}:
        raise BadRequest(f"{name} must be true or false", parameter=name)
    return given in {"true", "1"}


def _refuse(*resolutions: Resolution) -> None:
    """Raise for specs that cannot be read (422), else for those that are not there (404); all of them are named."""
    unreadable = {spec: reason for part in resolutions for spec, reason in part.unreadable.items()}
    missing = {spec: reason for part in resolutions for spec, reason in part.missing.items()}
    if not unreadable and not missing:
        return
    named = dict(list({**unreadable, **missing}.items())[:NAMED])
    spec, reason = next(iter(named.items()))
    words = f"'{spec}' cannot be resolved: {reason}"
    kind: type[DomainError] = Invalid if unreadable else NotFound
    raise kind(words, specs=named, problems=len(unreadable) + len(missing))


def _refuse_two_versions(found: Mapping[str, Resolved]) -> None:
    """Raise Conflict where one entry was resolved to two versions; two formats of one version are fine."""
    by_entry: dict[Any, dict[str, list[str]]] = {}
    for spec, resolved in found.items():
        versions = by_entry.setdefault(resolved.version.entry_id, {})
        versions.setdefault(resolved.source, []).append(spec)
    conflicts = [versions for versions in by_entry.values() if len(versions) > 1]
    if conflicts:
        first = " and ".join(sorted(conflicts[0]))
        raise Conflict(f"One name at two versions: {first}", conflicts=conflicts[:NAMED])


def _source(found: Resolved) -> dict[str, Any]:
    body: dict[str, Any] = {
        "resolved": found.source,
        "format": found.format,
        "checksum": f"sha256-{found.checksum}",
        "size": found.size,
        "external_version": found.version.external_version or None,
        "has_dependencies": found.dependency_count > 0,
    }
    if found.dependency_count:
        body["dependency_count"] = found.dependency_count
    if found.version.is_yanked:
        body["yanked"] = True
    return body


def _tool(found: Resolved) -> dict[str, Any]:
    body: dict[str, Any] = {
        "resolved": found.source,
        "format": found.format,
        "checksum": f"sha256-{found.checksum}",
        "size": found.size,
    }
    if found.version.is_yanked:
        body["yanked"] = True
    return body
