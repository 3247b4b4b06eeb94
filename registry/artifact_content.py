"""The bytes of an artifact as an answer to a download, at any door that speaks HTTP."""

from __future__ import annotations

from django.http import FileResponse

from contracts.errors import NotFound
from registry import storage
from registry.models import Artifact


def content_response(artifact: Artifact) -> FileResponse:
    """The bytes as they were uploaded."""
    filename = artifact.filename or f"{artifact.format}-{artifact.sha256[:12]}"
    try:
        stream = storage.open(artifact.sha256)
    except FileNotFoundError:
        raise NotFound("The artifact's bytes are not in the storage", resource="artifact") from None
    response = FileResponse(stream, as_attachment=True, filename=filename, content_type=artifact.media_type)
    response["Content-Length"] = str(artifact.size)
    response["ETag"] = f'"{artifact.sha256}"'
    response["X-Checksum-SHA256"] = artifact.sha256
    response["X-Content-Type-Options"] = "nosniff"
    return response
