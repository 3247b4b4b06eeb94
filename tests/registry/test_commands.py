"""The commands `publish` and `verify_files`, and what is swept away."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from errno import EIO
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.actor import Actor, operator_actor
from accounts.models import Organization
from contracts.errors import Forbidden
from registry import storage
from registry.models import Entry, File, FileCheck, Upload, Version
from registry.services.artifacts import add_artifact, delete_artifact
from registry.services.integrity import sweep_files, verify_files
from registry.services.uploads import begin_upload, put_part
from registry.storage_local import LocalFiles
from tests.registry.documents import upload
from tests.registry.entries import INSULIN, XML, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"


def run(*words: Any, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_publishes_files(acme: Organization, tmp_path: Path) -> None:
    (tmp_path / "P01308.fasta").write_bytes(INSULIN)
    (tmp_path / "P01308.xml").write_bytes(XML)
    said = run(
        "publish",
        "acme:P01308@1.0",
        tmp_path / "P01308.fasta",
        tmp_path / "P01308.xml",
        "--tag",
        "hormone",
        "--title",
        "Insulin",
    )
    assert said.startswith("Published acme:P01308@1.0: ")
    assert said.count("\n") == 1
    entry = Entry.objects.get()
    assert (entry.name, entry.latest_formats, entry.tags) == ("Insulin", ["fasta", "xml"], ["hormone"])


def test_publishes_dependencies(acme: Organization, bob_actor: Actor, tmp_path: Path) -> None:
    put(bob_actor, "acme:a@1.0")
    (tmp_path / "specs.json").write_text(json.dumps(["acme:a-fasta@1.0"]))
    run("publish", "acme:all@1.0", "--dependencies-from", tmp_path / "specs.json")
    assert Version.objects.get(entry__slug="all").dependency_count == 1


@pytest.mark.parametrize(
    "words",
    [
        ["acme-P01308", "x.fasta"],
        ["nowhere:set@1.0", "here.fasta"],
        ["acme:set@1.0", "gone.fasta"],
        ["acme:set@one", "here.fasta"],
        ["acme:set@1.0"],
        ["acme:set@1.0", "here.fasta", "--format", "fasta", "--format", "xml"],
        ["acme:set@1.0", "--dependencies-from", "here.fasta"],
    ],
)
def test_what_cannot_be_published_is_one_clear_line(acme: Organization, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "here.fasta").write_bytes(INSULIN)
    placed = [str(tmp_path / word) if word.endswith(".fasta") else word for word in words]
    with pytest.raises(CommandError) as refused:
        run("publish", *placed)
    assert "\n" not in str(refused.value)
    assert not Entry.objects.exists()


def test_intact_files_are_verified(bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN, "a.xml": XML})
    said = run("verify_files")
    assert "All 2 stored files are what they were" in said
    check = FileCheck.objects.get()
    assert (check.checked, check.bytes, check.missing, check.damaged) == (2, len(INSULIN) + len(XML), [], [])


def test_damaged_and_missing_files_are_named(bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN, "a.xml": XML})
    fasta, xml = (storage.path_of(File.objects.get(format=name).sha256) for name in ("fasta", "xml"))
    root = storage.incoming_folder().parent
    (root / fasta).chmod(0o644)
    (root / fasta).write_bytes(INSULIN[:-1] + b"X")
    (root / xml).unlink()
    out = StringIO()
    with pytest.raises(CommandError, match="1 files are missing and 1 damaged, of 2"):
        call_command("verify_files", stdout=out, stderr=out)
    assert "acme:P01308-fasta@1.0" in out.getvalue()
    assert "acme:P01308-xml@1.0" in out.getvalue()


def test_a_file_that_the_disk_does_not_give_is_damaged_and_the_others_are_checked(
    bob_actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unreadable(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError(EIO, "Input/output error")

    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN, "a.xml": XML})
    broken, opened = File.objects.get(format="fasta").sha256, storage.open
    monkeypatch.setattr(storage, "open", lambda digest: Unreadable() if digest == broken else opened(digest))
    check = verify_files(actor=operator_actor())
    assert (check.checked, check.bytes) == (2, len(XML))
    assert check.damaged == [{"sha256": broken, "problem": "it cannot be read: Input/output error"}]


def test_only_superusers_verify(alice_actor: Actor) -> None:
    with pytest.raises(Forbidden):
        verify_files(actor=alice_actor)


def test_leftovers_are_swept_and_nothing_else(bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN})
    stray = storage.store([b"nobody speaks of this"])
    recent = storage.store([b"nobody speaks of this yet"])
    expired = begin_upload(actor=bob_actor, organization="acme", filename="big.fasta")
    part = put_part(actor=bob_actor, upload=expired, number=1, stream=[b"part"])
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    long_ago = time.time() - 2 * storage.ABANDONED
    os.utime(storage.incoming_folder().parent / stray.path, (long_ago, long_ago))
    assert sweep_files() == {"unused": 1, "incoming": 0, "uploads": 1}
    assert not storage.exists(stray.sha256)
    assert storage.exists(recent.sha256)
    assert storage.exists(File.objects.get().sha256)
    assert not storage.backend().exists(part.path)


def test_what_is_put_again_while_the_sweep_goes_by_stays(bob_actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = storage.store([b"put twice"])
    long_ago = time.time() - 2 * storage.ABANDONED
    os.utime(storage.incoming_folder().parent / stray.path, (long_ago, long_ago))
    walk = LocalFiles.walk

    def walk_and_meet_a_writer(files: LocalFiles) -> Any:
        found = list(walk(files))
        storage.store([b"put twice"])
        return iter(found)

    monkeypatch.setattr(LocalFiles, "walk", walk_and_meet_a_writer)
    assert sweep_files()["unused"] == 0
    assert storage.exists(stray.sha256)


def test_the_bytes_of_a_deleted_artifact_are_swept(bob_actor: Actor) -> None:
    content = b"%PDF-1.7 certificate"
    given = upload(content, type="certification", format="iso27001")
    artifact = add_artifact(actor=bob_actor, upload=given).artifact
    delete_artifact(actor=bob_actor, artifact=artifact)
    assert storage.exists(artifact.sha256), "a broken transaction must not have taken bytes along"
    assert sweep_files(older_than=-10)["unused"] == 1
    assert not storage.exists(artifact.sha256)
