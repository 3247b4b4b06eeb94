"""Big files in parts: each part is kept as it arrives, so that a broken connection costs one part only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role
from contracts.errors import Conflict, Invalid, NotFound, TooLarge
from registry.models import Upload, UploadPart
from registry.services.acting import publisher, require_in
from registry.services.publication import clean_filename
from registry.storage import Incoming, backend, chunks_of, receive

LIFETIME = timedelta(days=7)
PARTS = 10_000


def begin_upload(*, actor: Actor, organization: str, filename: str, size: int | None = None) -> Upload:
    """Announce a file that comes in parts. Raises Invalid, TooLarge, and what `publisher` raises."""
    actor, owner = publisher(actor, organization)
    if size is not None and size < 1:
        raise Invalid(fields={"size": ["This must be a whole number above 0."]})
    if size is not None and size > settings.UPLOAD_LIMIT:
        raise TooLarge(f"The file is larger than {settings.UPLOAD_LIMIT} bytes", limit=settings.UPLOAD_LIMIT)
    now = timezone.now()
    return Upload.objects.create(
        organization=owner,
        filename=clean_filename(filename, field="filename"),
        size=size,
        created_by_id=actor.user_id,
        created_at=now,
        expires_at=now + LIFETIME,
    )


def find_upload(*, actor: Actor, key: UUID | None) -> Upload:
    """The upload of this id. Raises NotFound for another tenant's and for one that has expired."""
    found = Upload.objects.visible_to(actor).select_related("organization").filter(pk=key).first() if key else None
    if found is None:
        raise NotFound("Upload not found", resource="upload")
    return found


def put_part(
    *, actor: Actor, upload: Upload, number: int, stream: IO[bytes] | Iterable[bytes], checksum: str = ""
) -> UploadPart:
    """Keep one part, in the place of what it was before. Raises Invalid, TooLarge."""
    require_in(actor, upload.organization, Role.EDITOR)
    if not 1 <= number <= PARTS:
        raise Invalid(fields={"number": [f"Parts are numbered from 1 to {PARTS}."]})
    others = upload.parts.exclude(number=number).aggregate(bytes=Sum("size"))["bytes"] or 0
    most = min(settings.UPLOAD_LIMIT, upload.size or settings.UPLOAD_LIMIT)
    with receive(limit=max(most - others, 0)) as incoming:
        try:
            for chunk in chunks_of(stream):
                incoming.write(chunk)
        except TooLarge:
            raise TooLarge(f"With this part the file is larger than {most} bytes", limit=most) from None
        incoming.finish()
        _check_part(incoming, checksum)
        path = f"uploads/{upload.pk.hex}/{number}-{incoming.sha256}"
        backend().put(incoming.path, path)
        with transaction.atomic():
            if not Upload.objects.select_for_update().filter(pk=upload.pk).exists():
                backend().delete(path)
                raise NotFound(resource="upload", upload_id=str(upload.pk))
            before = UploadPart.objects.filter(upload=upload, number=number).values_list("path", flat=True).first()
            part, _ = UploadPart.objects.update_or_create(
                upload=upload,
                number=number,
                defaults={"size": incoming.size, "sha256": incoming.sha256, "path": path},
            )
    if before not in {None, path}:
        backend().delete(str(before))
    return part


def _check_part(incoming: Incoming, checksum: str) -> None:
    if not incoming.size:
        raise Invalid(fields={"part": ["The part is empty."]})
    stated = re.sub(r"^sha256[-:]", "", checksum.strip().lower())
    if stated and stated != incoming.sha256:
        raise Invalid(fields={"checksum": [f"The bytes that came have the checksum sha256-{incoming.sha256}."]})


def assemble(*, actor: Actor, upload: Upload, incoming: Incoming) -> None:
    """Write the parts, in order, into a file on its way in. Raises Conflict while some are missing."""
    require_in(actor, upload.organization, Role.EDITOR)
    parts = list(upload.parts.order_by("number"))
    missing = sorted(set(range(1, (parts[-1].number if parts else 0) + 1)) - {part.number for part in parts})
    if missing or not parts:
        raise Conflict("Parts are missing", missing=missing[:100] or [1])
    total = sum(part.size for part in parts)
    if upload.size is not None and total != upload.size:
        raise Conflict(f"{total} of {upload.size} bytes have come", received=total, size=upload.size)
    for part in parts:
        digest = hashlib.sha256()
        with closing(backend().open(part.path)) as file:
            for chunk in chunks_of(file):
                digest.update(chunk)
                incoming.write(chunk)
        if digest.hexdigest() != part.sha256:
            raise Conflict(f"Part {part.number} was damaged in the storage; send it again", part=part.number)


def end_upload(*, actor: Actor, upload: Upload) -> None:
    """Forget an upload and its parts: it was published, or nobody wants it any more."""
    require_in(actor, upload.organization, Role.EDITOR)
    _remove(upload)


def sweep_uploads() -> int:
    """Forget those that have expired; returns how many."""
    expired = list(Upload.objects.filter(expires_at__lte=timezone.now()))
    for upload in expired:
        _remove(upload)
    return len(expired)


def _remove(upload: Upload) -> None:
    for path in list(upload.parts.values_list("path", flat=True)):
        backend().delete(path)
    upload.delete()
