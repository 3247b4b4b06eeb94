"""`GET /api/schema`: the OpenAPI schema of every route, for anyone, as JSON or (by Accept) YAML."""

from __future__ import annotations

from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from contracts.conditional import content_etag, is_fresh, not_modified

_rendered: dict[tuple[str, str], bytes] = {}
_rendering = Lock()


class SchemaView(SpectacularAPIView):
    """Made once a process and format: it takes a second, is open to all, and nobody is counted here."""

    schema = None  # it does not describe itself
    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    renderer_classes = [OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        key = (settings.ROOT_URLCONF, renderer.format)
        with _rendering:
            if key not in _rendered:
                generator: Any = self.generator_class()
                schema = generator.get_schema(request=None, public=True)
                _rendered[key] = renderer.render(schema, renderer.media_type, {})
        answer = HttpResponse(_rendered[key], content_type=renderer.media_type)
        answer["ETag"] = content_etag(_rendered[key])
        answer["Cache-Control"] = "public, no-cache"
        return not_modified(answer) if is_fresh(request, answer["ETag"]) else answer
