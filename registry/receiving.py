"""Files of a form, hashed while they are written to where content comes in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from registry.storage import Incoming


class ReceivedFile(UploadedFile):  # type: ignore[type-arg]
    """A file of a form, whole and hashed, and not in its place yet."""

    def __init__(self, incoming: Incoming, name: str) -> None:
        super().__init__(file=None, name=name, size=incoming.size)
        self.incoming = incoming


class ContentUploadHandler(FileUploadHandler):
    """Takes the files of one request. `received` are all that were begun, to be discarded when it ends."""

    chunk_size = 1024 * 1024

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.received: list[Incoming] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.begin()

    def begin(self) -> Incoming:
        """A file that is discarded with the others."""
        self.received.append(Incoming(settings.UPLOAD_LIMIT))
        return self.received[-1]

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.received[-1].write(raw_data)
        return None

    def file_complete(self, file_size: int) -> ReceivedFile:
        self.received[-1].finish()
        return ReceivedFile(self.received[-1], str(self.file_name))

    def upload_interrupted(self) -> None:
        self.discard()

    def discard(self) -> None:
        for incoming in self.received:
            incoming.discard()
