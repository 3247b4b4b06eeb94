"""Counting downloads: in memory as they happen, written every second, exactly once.

A download writes no row in its own request. A crash loses what was counted since the last writing, at most
DOWNLOAD_FLUSH_SECONDS; nothing is ever counted twice, because a batch is written together with its id, and
one whose writing failed in the dark is looked up by it before it is tried again.
"""

from __future__ import annotations

import atexit
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from catalog.tables import db_uuid
from registry.models import DownloadFlush, File

logger = structlog.get_logger(__name__)

REMEMBERED = timedelta(hours=1)
"""How long the ids of written batches are kept."""

Counts = Counter[tuple[UUID, date]]


@dataclass(slots=True)
class _Batch:
    """Counts on their way to the database."""

    counts: Counts
    id: UUID = field(default_factory=uuid7)
    was_tried: bool = False


class _Buffer:
    """The counts of this process, and the thread that writes them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.flushing = threading.Lock()
        self.counts: Counts = Counter()
        self.batch: _Batch | None = None
        self.thread: threading.Thread | None = None
        self.wake = threading.Event()

    def add(self, file_id: UUID) -> None:
        with self.lock:
            self.counts[file_id, datetime.now(UTC).date()] += 1
            if self.thread is None and settings.DOWNLOAD_FLUSH_SECONDS:
                self.thread = threading.Thread(target=self._run, name="downloads", daemon=True)
                self.thread.start()
                atexit.register(self.flush)
        self.wake.set()

    def flush(self) -> int:
        """Write what was counted; returns how many downloads. What cannot be written waits for the next time."""
        with self.flushing:
            written = 0
            while (batch := self._next()) is not None:
                try:
                    written += _write(batch)
                except Error as error:
                    batch.was_tried = True
                    logger.warning("downloads.not_written", downloads=batch.counts.total(), reason=str(error))
                    return written
                self.batch = None
            return written

    def _next(self) -> _Batch | None:
        """The batch that failed before, else a new one of what was counted since."""
        if self.batch is None:
            with self.lock:
                if self.counts:
                    self.batch, self.counts = _Batch(self.counts), Counter()
        return self.batch

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self.wake.wait()
            self.wake.clear()
            pause.wait(settings.DOWNLOAD_FLUSH_SECONDS)
            self.flush()
            connection.close()
            if self.batch is not None:
                self.wake.set()


_buffer = _Buffer()


def count_download(file_id: UUID) -> None:
    """One more. Costs no query; called from any thread."""
    _buffer.add(file_id)


def flush() -> int:
    """Write the counts of this process now; returns how many downloads were written."""
    return _buffer.flush()


@transaction.atomic
def _write(batch: _Batch) -> int:
    """One transaction: file, version, entry, organization, day, and that this batch is written."""
    if batch.was_tried and DownloadFlush.objects.filter(pk=batch.id).exists():
        return batch.counts.total()
    now = timezone.now()
    DownloadFlush.objects.create(id=batch.id, created_at=now)
    DownloadFlush.objects.filter(created_at__lt=now - REMEMBERED).delete()
    names = ("version", "version__entry", "version__entry__organization")
    files = {
        key: owners
        for key, *owners in File.objects.filter(pk__in={file for file, _ in batch.counts}).values_list("pk", *names)
    }
    by_file: Counter[UUID] = Counter()
    by_version: Counter[UUID] = Counter()
    by_entry: Counter[UUID] = Counter()
    by_organization: Counter[UUID] = Counter()
    by_day: Counter[tuple[UUID, date]] = Counter()
    for (file, day), count in batch.counts.items():
        if file in files:
            version, entry, organization = files[file]
            by_file[file] += count
            by_version[version] += count
            by_entry[entry] += count
            by_organization[organization] += count
            by_day[version, day] += count
    # In the order in which publishing locks them, so that the two wait for each other instead of dying.
    _add("registry_entry", "id", by_entry)
    _add("registry_version", "id", by_version)
    _add("registry_file", "id", by_file)
    _add("registry_statistics", "organization_id", by_organization)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO registry_downloadday (version_id, day, count) VALUES (%s, %s, %s)"
            " ON CONFLICT (version_id, day) DO UPDATE SET count = registry_downloadday.count + excluded.count",
            [(db_uuid(version), day, count) for (version, day), count in sorted(by_day.items())],
        )
    return batch.counts.total()


def _add(table: str, key: str, counts: Mapping[UUID, int]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET downloads = downloads + %s WHERE {key} = %s",  # noqa: S608  our own names
            [(count, db_uuid(row)) for row, count in sorted(counts.items())],
        )
