"""Downloads: whole files and ranges, streamed; or by address where the storage or nginx serves them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import structlog
from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.addresses import client_address
from contracts.base import Enveloped
from contracts.conditional import is_expected, is_fresh, set_validators
from contracts.errors import BadRequest, NotFound, Unavailable
from contracts.openapi import BYTES
from contracts.registry import Registry
from contracts.throttling import Rate, take
from registry.api.registry.entries import EntryPart
from registry.models import EntryKind, File, Version
from registry.services.downloads import count_download
from registry.specs import is_version
from registry.storage import Bounded, backend, path_of

logger = structlog.get_logger(__name__)

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `first` to `last`, both included, of a file of `size` bytes."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    @property
    def is_whole(self) -> bool:
        return self.length == self.size


class UnsatisfiableError(Exception):
    """The range begins after the file's end."""


def span_of(header: str, size: int) -> Span:
    """What a Range header asks for (RFC 9110, 14.2); the whole for what is no single range of bytes."""
    whole = Span(0, size - 1, size)
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return whole
    first, last = found.groups()
    if not first:
        if not int(last):
            raise UnsatisfiableError
        return Span(max(size - int(last), 0), size - 1, size)
    if int(first) >= size:
        raise UnsatisfiableError
    if last and int(last) < int(first):
        return whole
    return Span(int(first), min(int(last), size - 1) if last else size - 1, size)


class Downloads(EntryPart):
    """One file of a version."""

    def download(self, request: Request, org: str, name: str, version: str) -> HttpResponseBase:
        found = self.version(org, name, version)
        file = self._file(found, request.query_params.get("format", "").lower())
        etag, modified = f'"{file.sha256}"', int(file.created_at.timestamp())
        if not is_expected(request, etag, modified):
            return _refused(412, "PRECONDITION_FAILED", "The file is not the one that the condition speaks of")
        if is_fresh(request, etag, modified):
            response: HttpResponseBase = HttpResponse(status=304)
        else:
            try:
                span = span_of(self._range(request, etag), file.size)
            except UnsatisfiableError:
                unsatisfied = {"Content-Range": f"bytes */{file.size}"}
                return _refused(416, "RANGE_NOT_SATISFIABLE", f"The file has {file.size} bytes", unsatisfied)
            response = self._answer(request, file, span)
        response["ETag"] = etag
        set_validators(response, modified=file.created_at)  # type: ignore[arg-type]
        if not response.has_header("Cache-Control"):
            shared = "public" if found.entry.organization.is_public and request.auth is None else "private"
            lasting = "max-age=31536000, immutable" if is_version(version) else "max-age=3600"
            response["Cache-Control"] = f"{shared}, {lasting}"
        return response

    def _file(self, version: Version, wanted: str) -> File:
        files = {file.format: file for file in version.files.all()}
        if not files:
            raise NotFound("This version has no file: it is made of its dependencies", resource="file")
        listed = ", ".join(sorted(files))
        if wanted and wanted not in files:
            raise NotFound(f"There is no '{wanted}' file of this version; there are: {listed}", resource="file")
        if not wanted and len(files) > 1:
            raise BadRequest(f"Name a format; there are: {listed}", parameter="format", formats=sorted(files))
        return files[wanted] if wanted else next(iter(files.values()))

    @staticmethod
    def _range(request: Request, etag: str) -> str:
        """The Range header, as long as the client's part is of these bytes."""
        condition = request.headers.get("If-Range", "")
        if request.method != "GET" or (condition and condition != etag):
            return ""
        return str(request.headers.get("Range", ""))

    def _answer(self, request: Request, file: File, span: Span) -> HttpResponseBase:
        if request.method == "HEAD":
            return _with_headers(HttpResponse(content_type=file.media_type), file, span)
        _take_quota(request, span.length)
        link = backend().link(
            path_of(file.sha256),
            filename=file.filename,
            content_type=file.media_type,
            seconds=settings.SIGNED_URL_SECONDS,
        )
        counted = partial(count_download, file.pk) if span.first == 0 else None
        if link is not None or settings.ACCEL_REDIRECT:
            # Others send the bytes, so that all we can count is that they were asked for.
            if counted is not None:
                counted()
            return _sent_by_others(file, link)
        try:
            opened = backend().open(path_of(file.sha256), span.first)
        except FileNotFoundError:
            logger.error("file.missing", sha256=file.sha256, file=str(file.pk))
            raise Unavailable("The file is missing from the storage") from None
        body = FileResponse(Bounded(opened, span.length, counted), content_type=file.media_type)
        return _with_headers(body, file, span)


def _take_quota(request: Request, size: int) -> None:
    """Count the bytes for the caller's address. Raises RateLimited once the quota is used up."""
    rate = take("downloads", client_address(request), settings.DOWNLOAD_QUOTA, cost=size)
    if rate is not None and rate.used - size >= rate.limit:
        Rate(rate.limit, rate.limit + 1, rate.reset).check()


def _with_headers(response: HttpResponseBase, file: File, span: Span) -> HttpResponseBase:
    response["Content-Length"] = str(span.length)
    response["Content-Disposition"] = content_disposition_header(True, file.filename) or "attachment"
    response["Accept-Ranges"] = "bytes"
    response["X-Checksum-SHA256"] = file.sha256
    response["X-Content-Type-Options"] = "nosniff"
    if not span.is_whole:
        response.status_code = 206
        response["Content-Range"] = f"bytes {span.first}-{span.last}/{span.size}"
    return response


def _sent_by_others(file: File, link: str | None) -> HttpResponseBase:
    """302 to a signed address of the storage; or nginx told to send the file, the range included."""
    if link is not None:
        response = HttpResponse(status=302, headers={"Location": link, "Cache-Control": "no-store"})
        response["X-Checksum-SHA256"] = file.sha256
        return response
    response = HttpResponse(content_type=file.media_type)
    response["X-Accel-Redirect"] = f"{settings.ACCEL_REDIRECT.rstrip('/')}/{path_of(file.sha256)}"
    response["Content-Disposition"] = content_disposition_header(True, file.filename) or "attachment"
    response["X-Checksum-SHA256"] = file.sha256
    return response


def _refused(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> HttpResponseBase:
    body = Enveloped(success=False, error={"code": code, "message": message, "details": {}})
    return Response(body, status=status, headers=dict(headers or {}))


_DOCUMENTED = {
    "parameters": [
        OpenApiParameter("format", description="Of the file, where the version has several."),
        OpenApiParameter("Range", location=OpenApiParameter.HEADER, description="One range of bytes."),
    ],
    "responses": {
        (200, "*/*"): BYTES,
        (206, "*/*"): BYTES,
        302: OpenApiResponse(description="The signed address of the file, where the storage is S3."),
    },
}


class RegistrySourceDownloads(Registry, Downloads):
    kind = EntryKind.SOURCE

    @extend_schema(operation_id="registry_source_download", **_DOCUMENTED)  # type: ignore[arg-type]
    def get(self, request: Request, org: str, name: str, version: str) -> HttpResponseBase:
        return self.download(request, org, name, version)


class RegistryToolDownloads(Registry, Downloads):
    kind = EntryKind.TOOL

    @extend_schema(operation_id="registry_tool_download", **_DOCUMENTED)  # type: ignore[arg-type]
    def get(self, request: Request, org: str, name: str, version: str) -> HttpResponseBase:
        return self.download(request, org, name, version)
