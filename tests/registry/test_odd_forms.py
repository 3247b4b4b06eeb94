"""Forms of which Django would drop or alter a part: they are refused, and the part is named."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from registry.api.whole import _Watched
from registry.models import Artifact, Entry
from tests.registry.entries import INSULIN

pytestmark = pytest.mark.django_db

NAMED = b'name="file"; filename="%s"'
FASTA = NAMED % b"a.fasta", INSULIN
DOORS = {
    "/api/v1/sources": {b"organization": b"acme", b"name": b"set", b"version": b"1.0"},
    "/api/v1/tools": {b"organization": b"acme", b"name": b"set", b"version": b"1.0"},
    "/api/v2/artifacts": {b"type": b"other", b"format": b"note"},
}


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def form(*parts: tuple[bytes, bytes]) -> bytes:
    """Each with what its header says after `form-data; `."""
    said = (b"--B\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n" for head, body in parts)
    return b"".join(said) + b"--B--\r\n"


def post(client: APIClient, door: str, *parts: tuple[bytes, bytes]) -> Any:
    fields = [(b'name="%s"' % name, value) for name, value in DOORS[door].items()]
    return client.generic("POST", door, form(*fields, *parts), content_type="multipart/form-data; boundary=B")  # type: ignore[arg-type]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("part", "told"),
    [
        ((NAMED % b"ins\xfclin.json", b"{}"), "The header of the part 'file' of the form is not UTF-8"),
        ((b'name="description"', b"ins\xfclin"), "The part 'description' of the form is not UTF-8"),
        ((b'name="description"', b"cut off \xc3"), "The part 'description' of the form is not UTF-8"),
        ((b'name="descri\xfftion"', b"x"), "The header of the part 'descri\ufffdtion' of the form is not UTF-8"),
        ((NAMED % b"..", b"{}"), "A part of the form has no name, or is a file whose name cannot be one"),
        ((b'filename="b.json"', b"{}"), "A part of the form has no name, or is a file whose name cannot be one"),
    ],
)
def test_what_django_would_drop_or_alter_is_refused(bob: APIClient, door: str, part: tuple[bytes, bytes], told: str):
    answer = post(bob, door, FASTA, part)
    assert answer.status_code == 400
    said = answer.json()
    assert (said.get("message") or said["error"]["message"]) == told
    assert not Entry.objects.exists()
    assert not Artifact.objects.exists()


def test_what_is_utf_8_comes_as_it_was_sent(bob: APIClient):
    door, kept = "/api/v1/sources", "\ufffd ü"
    answer = post(bob, door, (NAMED % "ins\u00fclin.fasta".encode(), INSULIN), (b'name="description"', kept.encode()))
    assert answer.status_code == 201
    assert Entry.objects.get().description == kept
    assert post(bob, door, (NAMED % b"", b""), (b'name="dependencies"', b"[]")).status_code == 422  # nothing chosen


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_form_is_looked_at_however_it_is_cut(size: int):
    body = form((b'name="a"', "ü--\r\n-B".encode()), (NAMED % b"x", b"\xff--\r\n--"), (b'name="b"', b"\xfc"))
    watched = _Watched(BytesIO(b"before it\r\n" + body + b"after it"), "B")
    while watched.read(size):
        pass
    assert (watched.parts, watched.problem) == (3, "The part 'b' of the form is not UTF-8")
