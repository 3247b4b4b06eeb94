"""Yanked versions are never chosen, deleted ones never come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor, operator_actor
from accounts.models import Organization
from accounts.services import delete_organization
from audit.models import AuditEvent
from catalog.models import SearchDocument
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from registry.models import Entry, EntryLabel, Statistics, Version
from registry.resolution import resolve
from registry.services.withdrawing import delete_entry, delete_version, unyank, yank
from tests.registry.entries import INSULIN, XML, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def chosen(actor: Actor, spec: str) -> str | None:
    found = resolve(actor=actor, specs=[spec]).found.get(spec)
    return found.version.version if found else None


def test_a_yanked_version_resolves_only_when_pinned(bob_actor: Actor) -> None:
    put(bob_actor, "acme:set@1.0")
    second = put(bob_actor, "acme:set@1.1")
    yank(actor=bob_actor, version=second, reason="Wrong chain")
    assert chosen(bob_actor, "acme:set-fasta@latest") == "1.0"
    assert chosen(bob_actor, "acme:set-fasta@^1.0") == "1.0"
    assert chosen(bob_actor, "acme:set-fasta@1.1") == "1.1"
    assert Entry.objects.get().latest_version == "1.0"
    unyank(actor=bob_actor, version=second)
    assert chosen(bob_actor, "acme:set-fasta@latest") == "1.1"
    assert Entry.objects.get().latest_version == "1.1"
    actions = AuditEvent.objects.filter(entity_id=second.pk).order_by("timestamp").values_list("action", flat=True)
    assert list(actions) == ["PUBLISH", "YANK", "UNYANK"]
    assert Version.objects.get(pk=second.pk).revision == second.revision + 2


def test_a_yank_needs_a_reason(bob_actor: Actor) -> None:
    version = put(bob_actor, "acme:set@1.0")
    for reason in ("", "   ", "x" * 2001, None):
        with pytest.raises(Invalid):
            yank(actor=bob_actor, version=version, reason=reason)  # type: ignore[arg-type]


def test_yanking_twice_is_a_conflict(bob_actor: Actor) -> None:
    version = put(bob_actor, "acme:set@1.0")
    with pytest.raises(Conflict):
        unyank(actor=bob_actor, version=version)
    yank(actor=bob_actor, version=version, reason="Wrong")
    with pytest.raises(Conflict):
        yank(actor=bob_actor, version=version, reason="Wrong")


def test_what_is_yanked_is_no_dependency_and_takes_no_files(bob_actor: Actor) -> None:
    version = put(bob_actor, "acme:set@1.0")
    yank(actor=bob_actor, version=version, reason="Wrong")
    with pytest.raises(Invalid, match="yanked"):
        put(bob_actor, "acme:all@1.0", dependencies=["acme:set-fasta@1.0"])
    with pytest.raises(Conflict, match="yanked"):
        put(bob_actor, "acme:set@1.0", {"a.xml": XML})


def test_outsiders_and_viewers_withdraw_nothing(
    bob_actor: Actor, vera_actor: Actor, charlie_actor: Actor, acme: Organization
) -> None:
    version = put(bob_actor, "acme:set@1.0")
    for actor in (vera_actor, charlie_actor):
        with pytest.raises(Forbidden):
            yank(actor=actor, version=version, reason="Because")
        with pytest.raises(Forbidden):
            delete_version(actor=actor, version=version)
    with pytest.raises(Forbidden):
        delete_version(actor=bob_actor, version=version)
    acme.is_public = False
    acme.save()
    with pytest.raises(NotFound):
        yank(actor=charlie_actor, version=version, reason="Because")


def test_a_deleted_version_is_never_used_again(bob_actor: Actor, alice_actor: Actor) -> None:
    put(bob_actor, "acme:set@1.0", {"a.fasta": INSULIN})
    version = put(bob_actor, "acme:set@1.1", {"a.xml": XML})
    delete_version(actor=alice_actor, version=version)
    assert chosen(bob_actor, "acme:set-xml@1.1") is None
    with pytest.raises(Conflict, match="never used again"):
        put(bob_actor, "acme:set@1.1", {"a.xml": XML})
    with pytest.raises(Conflict, match="never used again"):
        put(bob_actor, "acme:set@1.1", {"a.json": b"{}"})
    with pytest.raises(NotFound):
        yank(actor=bob_actor, version=version, reason="Too late")
    counted = Statistics.objects.get()
    assert (counted.versions, counted.size) == (1, len(INSULIN))
    labels = EntryLabel.objects.filter(kind="format").values_list("key", flat=True)
    assert list(labels) == ["fasta"]


def test_what_others_depend_on_is_not_deleted(bob_actor: Actor, alice_actor: Actor) -> None:
    version = put(bob_actor, "acme:a@1.0")
    put(bob_actor, "acme:all@1.0", dependencies=["acme:a-fasta@1.0"])
    with pytest.raises(Conflict, match="depend"):
        delete_version(actor=alice_actor, version=version)
    with pytest.raises(Conflict, match="depend"):
        delete_entry(actor=alice_actor, entry=version.entry)


def test_what_was_deleted_depends_on_nothing_any_more(bob_actor: Actor, alice_actor: Actor) -> None:
    for spec in ("acme:a@1.0", "acme:a@1.1"):
        put(bob_actor, spec)
    both = put(bob_actor, "acme:all@1.0", dependencies=["acme:a-fasta@1.0", "acme:a-fasta@1.1"])
    delete_version(actor=alice_actor, version=both)
    delete_version(actor=alice_actor, version=Version.objects.get(entry__slug="a", version="1.0"))
    delete_entry(actor=alice_actor, entry=Entry.objects.get(slug="a"))
    assert not Version.objects.living().exists()


def test_a_source_is_deleted_whose_versions_are_made_of_each_other(bob_actor: Actor, alice_actor: Actor) -> None:
    put(bob_actor, "acme:set@1.0")
    second = put(bob_actor, "acme:set@1.1", dependencies=["acme:set-fasta@1.0"])
    delete_entry(actor=alice_actor, entry=second.entry)
    assert not Version.objects.living().exists()


def test_a_deleted_source_is_gone_and_comes_back_without_its_versions(bob_actor: Actor, alice_actor: Actor) -> None:
    version = put(bob_actor, "acme:set@1.0")
    delete_entry(actor=alice_actor, entry=version.entry)
    assert not Entry.objects.visible_to(bob_actor).exists()
    assert not SearchDocument.objects.filter(kind="source").exists()
    assert Statistics.objects.get().sources == 0
    with pytest.raises(Conflict, match="never used again"):
        put(bob_actor, "acme:set@1.0")
    put(bob_actor, "acme:set@1.1")
    assert Version.objects.visible_to(bob_actor).get().version == "1.1"
    assert (Statistics.objects.get().sources, Statistics.objects.get().versions) == (1, 1)


def test_an_organization_is_deleted_with_what_it_published(bob_actor: Actor, acme: Organization) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN})
    put(bob_actor, "acme:all@1.0", dependencies=["acme:P01308-fasta@1.0"])
    delete_organization(actor=operator_actor(), organization=acme)
    assert not Entry.objects.exists()
    assert not SearchDocument.objects.filter(kind="source").exists()


def test_an_organization_that_others_depend_on_stays(
    bob_actor: Actor, charlie_actor: Actor, acme: Organization
) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN})
    put(charlie_actor, "other:all@1.0", dependencies=["acme:P01308-fasta@1.0"])
    with pytest.raises(Conflict, match="dependencies"):
        delete_organization(actor=operator_actor(), organization=acme)
