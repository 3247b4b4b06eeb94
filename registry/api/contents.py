"""The bytes of an artifact, or 304 to who holds them."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from contracts.conditional import is_fresh
from registry.artifact_content import content_response
from registry.models import Artifact


def content_or_unchanged(request: Request, artifact: Artifact) -> HttpResponseBase:
    etag = f'"{artifact.sha256}"'
    return HttpResponse(status=304, headers={"ETag": etag}) if is_fresh(request, etag) else content_response(artifact)
