"""The page that lists every door with an example that works, and the contracts' files to download."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.admin_site import seat_of
from catalog.models import Asset
from config.rpc import SERVICES

PROTOS = {
    "metadata.proto": "catalog/protos/metadata.proto",
    "ingestion.proto": "ingestion/protos/ingestion.proto",
}


def doors(request: HttpRequest) -> TemplateResponse:
    """Where each door is, and what to type there; the ids are of an asset that the reader can see."""
    asset = (
        Asset.objects.visible_to(seat_of(request).actor).order_by("-updated_at").values_list("pk", flat=True).first()
    )
    base = f"{request.scheme}://{request.get_host()}"
    context = admin.site.each_context(request) | {
        "title": "Doors",
        "base": base,
        "socket": base.replace("http", "ws", 1),
        "grpc": f"{request.get_host().rpartition(':')[0] or request.get_host()}:{settings.GRPC_PORT}",
        "clear": "" if settings.GRPC_TLS_CERT else "-plaintext ",
        "asset": str(asset) if asset else "00000000-0000-0000-0000-000000000000",
        "services": [(service.full_name, [method.name for method in service.methods]) for service, _, _ in SERVICES],
        "protos": sorted(PROTOS),
    }
    return TemplateResponse(request, "doors/doors.html", context)


def proto(request: HttpRequest, name: str) -> HttpResponse:
    """A .proto file, as the server was made from it."""
    path = PROTOS.get(name)
    if path is None:
        raise Http404
    response = HttpResponse((settings.BASE_DIR / path).read_bytes(), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response
