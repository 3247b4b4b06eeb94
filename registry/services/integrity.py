"""Whether the stored files are what they were: every byte read and hashed; and what nothing speaks of, swept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from contracts.errors import Forbidden
from registry import storage
from registry.models import Artifact, File, FileCheck
from registry.services.uploads import sweep_uploads

LISTED = 1000
"""Findings of one kind that a check keeps; their number is kept too."""
BATCH = 1000


def verify_files(*, actor: Actor) -> FileCheck:
    """Read every stored file that something speaks of, and keep what was found. For superusers and the system.

    Takes as long as reading the whole storage does; memory stays constant.
    """
    if not actor.sees_all and actor.kind != "system":
        raise Forbidden("Stored files are shared by all organizations: only a superuser checks them")
    check = FileCheck.objects.create(started_at=timezone.now())
    for digest, size in _referenced():
        problem, read = _read(digest, size)
        check.checked += 1
        check.bytes += read
        if problem == "missing":
            _list(check.missing, digest)
        elif problem:
            _list(check.damaged, digest, problem)
    for path in _unused(older_than=0):
        _list(check.unused, path.rpartition("/")[2])
    check.finished_at = timezone.now()
    check.save()
    return check


def sweep_files(*, older_than: float = storage.ABANDONED) -> dict[str, int]:
    """Remove what nothing speaks of for so many seconds: broken uploads, expired ones, content of failed writes."""
    limit, removed = time.time() - older_than, 0
    for path in _unused(older_than=older_than):
        # The same bytes may have been put again since the walk came by, by a write that is not committed yet.
        put_at = storage.backend().put_at(path)
        if put_at is not None and put_at <= limit:
            storage.backend().delete(path)
            removed += 1
    return {
        "unused": removed,
        "incoming": storage.sweep_incoming(older_than),
        "uploads": sweep_uploads(),
    }


def spoken_of(digests: Iterable[str]) -> dict[str, list[str]]:
    """Where these contents are used, by digest: specs of files, names of artifacts."""
    wanted = list(digests)
    found: dict[str, list[str]] = {digest: [] for digest in wanted}
    names = ("version__entry__organization__slug", "version__entry__slug", "format", "version__version")
    for digest, org, slug, name, version in File.objects.filter(sha256__in=wanted).values_list("sha256", *names):
        found[digest].append(f"{org}:{slug}-{name}@{version}")
    for artifact in Artifact.objects.filter(sha256__in=wanted):
        found[artifact.sha256].append(str(artifact))
    return found


def _referenced() -> Iterator[tuple[str, int]]:
    """Digest and size of every content that something speaks of; one of two kinds of things comes twice."""
    for model in (File, Artifact):
        rows = model._default_manager.order_by("sha256").values_list("sha256", "size").distinct()
        yield from rows.iterator(chunk_size=BATCH)


def _read(digest: str, size: int) -> tuple[str, int]:
    """What is wrong with a stored content ('' for nothing), and the bytes that were read."""
    hashed, read = hashlib.sha256(), 0
    try:
        with closing(storage.open(digest)) as file:
            for chunk in storage.chunks_of(file):
                hashed.update(chunk)
                read += len(chunk)
    except FileNotFoundError:
        return "missing", 0
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}", read
    if hashed.hexdigest() != digest:
        return f"its {read} bytes have the checksum sha256-{hashed.hexdigest()}", read
    return "" if read == size else f"it has {read} bytes, not {size}", read


def _unused(*, older_than: float) -> Iterator[str]:
    """Paths of contents that nothing speaks of and that were put longer ago than this."""
    limit = time.time() - older_than
    paths = (path for path, put_at in storage.backend().walk() if put_at <= limit)
    while batch := {path.rpartition("/")[2]: path for path in islice(paths, BATCH)}:
        used = set(File.objects.filter(sha256__in=batch).values_list("sha256", flat=True))
        used |= set(Artifact.objects.filter(sha256__in=batch).values_list("sha256", flat=True))
        yield from (path for digest, path in batch.items() if digest not in used)


def _list(found: list[Any], digest: str, problem: str = "") -> None:
    if len(found) < LISTED:
        found.append({"sha256": digest, "problem": problem} if problem else {"sha256": digest})
