"""What the gRPC services of collection share: pages, texts that are set, outcomes."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from catalog.asking import LIMIT, page_keys, window
from catalog.structs import to_struct
from contracts.errors import BadRequest
from ingestion.models import Job


def page_of(found: QuerySet[Any], request: Any) -> tuple[list[Any], dict[str, int]]:
    """The rows of a page in order, and how the answer names the page. Raises BadRequest."""
    page = request.page or 1
    if not 1 <= page <= 2**24:
        raise BadRequest(fields={"page": ["Must be a whole number from 1."]})
    size = request.page_size or LIMIT
    try:
        window(size, 0)
    except BadRequest as error:
        raise BadRequest(fields={"page_size": error.fields["limit"]}) from None
    keys = page_keys(found, size, (page - 1) * size)
    rows = {row.pk: row for row in found.filter(pk__in=keys)} if keys else {}
    paging = {"total": found.count(), "page": page, "page_size": size}
    return [rows[key] for key in keys if key in rows], paging


def set_texts(request: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(request, name) for name in names if request.HasField(name)}


def choice(name: str, value: str, known: list[str]) -> str:
    if value not in known:
        raise BadRequest(fields={name: [f"It must be one of {', '.join(known)}."]})
    return value


def fill_outcome(message: Any, job: Job) -> None:
    if job.result is not None:
        message.result.CopyFrom(to_struct(job.result))
    if job.error is not None:
        message.error.code, message.error.message = str(job.error["code"]), str(job.error["message"])
