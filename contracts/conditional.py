"""Conditional requests (RFC 9110, section 13): ETag, Last-Modified, If-None-Match, If-Match."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponseNotModified
from django.utils.http import http_date, parse_etags, parse_http_date_safe
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import BadRequest, Stale

_ABOUT_THE_CONTENT = {"content-type", "content-length", "content-encoding", "content-disposition"}


def version_etag(version: int) -> str:
    """A strong tag for a thing that counts its changes: version 3 is `"3"`."""
    return f'"{version}"'


def content_etag(content: bytes) -> str:
    """A strong tag for these exact bytes."""
    return f'"{blake2b(content, digest_size=16).hexdigest()}"'


def is_conditional(request: Request | HttpRequest) -> bool:
    """Whether the client says what it holds; most do not, and reading dates takes longer than this."""
    return "HTTP_IF_NONE_MATCH" in request.META or "HTTP_IF_MODIFIED_SINCE" in request.META


def is_fresh(request: Request | HttpRequest, etag: str | None, modified: int | None = None) -> bool:
    """Whether the client of a GET or HEAD holds what it would get. `modified` is in epoch seconds.

    If-None-Match compares weakly and, where it is there, makes If-Modified-Since mean nothing.
    """
    if not is_conditional(request):
        return False
    held = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    if held:
        return held == ["*"] or (
            etag is not None and etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in held}
        )
    since = parse_http_date_safe(request.META.get("HTTP_IF_MODIFIED_SINCE", ""))
    return since is not None and modified is not None and modified <= since


def is_expected(request: Request | HttpRequest, etag: str, modified: int) -> bool:
    """Whether what there is is what the client asks for: If-Match compares strongly, and goes before
    If-Unmodified-Since. `modified` is in epoch seconds."""
    wanted = request.META.get("HTTP_IF_MATCH", "")
    if wanted:
        tags = parse_etags(wanted)
        return tags == ["*"] or etag in tags
    until = parse_http_date_safe(request.META.get("HTTP_IF_UNMODIFIED_SINCE", ""))
    return until is None or modified <= until


def set_validators(response: Response, *, etag: str | None = None, modified: datetime | None = None) -> None:
    """Put what a client may later ask with on a response."""
    if etag is not None:
        response["ETag"] = etag
    if modified is not None:
        response["Last-Modified"] = http_date(modified.timestamp())


def not_modified(response: Any) -> HttpResponseNotModified:
    """304 in place of a response, with its headers but those that speak of the content."""
    answer = HttpResponseNotModified()
    for name, value in response.items():
        if name.lower() not in _ABOUT_THE_CONTENT:
            answer[name] = value
    answer.cookies = response.cookies
    return answer


def expected_version(request: Request) -> int | None:
    """The version the caller believes to be current: `If-Match: "3"`, or `version` in the body.

    None where the caller says neither, or `If-Match: *`. Raises Stale for a tag that never was a
    version of ours (it cannot match), BadRequest where header and body differ or one cannot be read.
    """
    given = request.headers.get("If-Match", "")
    tags = parse_etags(given)
    in_header = None
    if given and not tags:
        raise BadRequest('If-Match must be a version in quotes, as an ETag: "3"', given=given[:100])
    if len(tags) > 1:
        raise BadRequest("Give one version in If-Match")
    if tags and tags != ["*"]:
        text = tags[0].strip('"')
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise Stale(expected_version=tags[0])
        in_header = int(text)
    in_body = request.data.get("version") if isinstance(request.data, dict) else None
    if in_body is not None and (not isinstance(in_body, int) or isinstance(in_body, bool)):
        raise BadRequest("version: must be a whole number", fields={"version": ["Must be a whole number."]})
    if in_header is not None and in_body is not None and in_header != in_body:
        raise BadRequest("If-Match and version in the body name different versions")
    return in_header if in_header is not None else in_body
