"""Two change what hangs together at the same time: who comes second sees what the first did, and nothing breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.actor import Actor
from contracts.errors import DomainError
from registry.models import Artifact, CollectionItem, Dependency, Product, Release, Version
from registry.services import dependencies, publishing
from registry.services.artifacts import delete_artifact
from registry.services.collections import upload_to_release
from registry.services.products import create_product, create_project, delete_product
from registry.services.releases import create_release, update_release
from registry.services.withdrawing import delete_entry, delete_version
from tests.registry.documents import sbom, upload
from tests.registry.entries import put

# SQLite has one writer at a time, whoever comes second begins when the first has ended.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql")]


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


class Second(threading.Thread):
    """Somebody else at work; `answer` is what came of it, the kind of the refusal where it was one."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.work = work
        self.answer: object = None

    def run(self) -> None:
        try:
            self.answer = self.work()
        except DomainError as error:
            self.answer = error.kind
        finally:
            connection.close()


def somebody_waits() -> bool:
    """Whether anybody in this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks WHERE granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return bool(cursor.fetchone()[0])


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def meanwhile(first: Callable[[], object], second: Callable[[], object]) -> object:
    """What comes of `second`, begun when `first` is done and not committed yet."""
    other = Second(second)
    with transaction.atomic():
        first()
        other.start()
        until(lambda: somebody_waits() or not other.is_alive())
    other.join(60)
    return other.answer


@pytest.fixture
def release(bob_actor: Actor) -> Release:
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    project = create_project(actor=bob_actor, product=product, data={"name": "Web"})
    made = create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    upload_to_release(actor=bob_actor, release=made, upload=upload(sbom(("pkg:pypi/django", "5"))))
    return made


def test_what_is_released_meanwhile_keeps_its_artifacts(bob_actor: Actor, release: Release) -> None:
    artifact = Artifact.objects.get()
    answer = meanwhile(
        lambda: update_release(actor=bob_actor, release=release, changes={"status": "released"}),
        lambda: delete_artifact(actor=bob_actor, artifact=artifact),
    )
    assert answer == "conflict"
    assert CollectionItem.objects.get().artifact == artifact


def test_what_is_deleted_meanwhile_is_not_there(bob_actor: Actor) -> None:
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    delete: Callable[[], object] = lambda: delete_product(  # noqa: E731
        actor=bob_actor, product=Product(pk=product.pk, organization_id=product.organization_id)
    )
    assert meanwhile(delete, delete) == "not_found"


def test_two_versions_do_not_come_to_depend_on_each_other(bob_actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its file already, and both get the other as a dependency at once."""
    for name in ("one", "two"):
        put(bob_actor, f"acme:{name}@1.0")
    looked, check = [], dependencies.refuse_cycles

    def refuse_cycles(version: Any, parts: Any) -> None:
        check(version, parts)
        looked.append(version.pk)
        until(lambda: len(looked) == 2 or somebody_waits())

    monkeypatch.setattr(publishing, "refuse_cycles", refuse_cycles)
    works = [
        Second(lambda: put(bob_actor, "acme:one@1.0", dependencies=["acme:two-fasta@1.0"])),
        Second(lambda: put(bob_actor, "acme:two@1.0", dependencies=["acme:one-fasta@1.0"])),
    ]
    for work in works:
        work.start()
    for work in works:
        work.join(60)
    assert sum(work.answer == "invalid" for work in works) == 1
    assert Dependency.objects.count() == 1


def withdraw(actor: Actor, version: Version, what: str) -> None:
    if what == "version":
        delete_version(actor=actor, version=version)
    else:
        delete_entry(actor=actor, entry=version.entry)


@pytest.mark.parametrize("what", ["version", "entry"])
def test_what_is_deleted_meanwhile_is_depended_on_by_nothing(alice_actor: Actor, charlie_actor: Actor, what: str):
    version = put(alice_actor, "acme:part@1.0")
    answer = meanwhile(
        lambda: withdraw(alice_actor, version, what),
        lambda: put(charlie_actor, "other:all@1.0", dependencies=["acme:part-fasta@1.0"]),
    )
    assert answer == "conflict"
    assert not Dependency.objects.exists()
    assert not Version.objects.filter(entry__slug="all").exists()


@pytest.mark.parametrize("what", ["version", "entry"])
def test_what_is_depended_on_meanwhile_is_not_deleted(alice_actor: Actor, charlie_actor: Actor, what: str):
    version = put(alice_actor, "acme:part@1.0")
    answer = meanwhile(
        lambda: put(charlie_actor, "other:all@1.0", dependencies=["acme:part-fasta@1.0"]),
        lambda: withdraw(alice_actor, version, what),
    )
    assert answer == "conflict"
    assert Version.objects.living().count() == 2
