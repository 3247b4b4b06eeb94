"""The application is its own first product; documents come in by the command line too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.actor import Actor
from accounts.models import Organization
from registry.containing import Wanted, releases_with
from registry.models import Artifact, Content, Product, Release
from registry.services import self_release
from registry.services.self_release import ensure_self_release
from tests.registry.documents import openvex, sbom


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path


def test_the_application_publishes_its_own_sbom_once(acme: Organization, alice_actor: Actor, settings):
    release = ensure_self_release(acme)
    assert release is not None
    assert (release.version, release.status) == (settings.VERSION, "released")
    rows = releases_with(actor=alice_actor, wanted=Wanted(purl="pkg:pypi/django")).rows(10)
    assert [row["release_id"] for row in rows] == [release.pk]
    again = ensure_self_release(acme)
    assert again == release
    assert Artifact.objects.count() == 1


def test_what_is_installed_changed_makes_a_new_collection(acme: Organization, monkeypatch):
    documents = iter([sbom(("pkg:pypi/django", "5.2")), sbom(("pkg:pypi/django", "5.3"))])
    monkeypatch.setattr(self_release, "_make_sbom", lambda: json.dumps(next(documents)).encode())
    monkeypatch.setattr(self_release, "fingerprint", lambda: "first")
    ensure_self_release(acme)
    monkeypatch.setattr(self_release, "fingerprint", lambda: "second")
    release = ensure_self_release(acme)
    assert release is not None
    release.refresh_from_db()
    assert release.collection is not None
    held = Content.objects.filter(artifact__placements__collection=release.collection)
    assert [row.version for row in held] == ["5.3"]
    assert list(release.collections.order_by("number").values_list("reason", flat=True)) == [
        "INITIAL_RELEASE",
        "ARTIFACT_UPDATED",
    ]


def test_a_failure_is_told_and_stops_nothing(acme: Organization, monkeypatch):
    monkeypatch.setattr(self_release, "_make_sbom", lambda: b"not an sbom")
    assert ensure_self_release(acme) is None
    assert not Product.objects.exists()


def test_the_command_keeps_a_document_with_a_release(acme: Organization, tmp_path: Path, capsys):
    file = tmp_path / "bom.json"
    file.write_text(json.dumps(sbom(("pkg:pypi/django", "5.2"))))
    call_command("import_artifact", "acme", str(file), "--release", "Shop/Web@1.0", "--create")
    assert "1 components" in capsys.readouterr().out
    release = Release.objects.get()
    assert release.collection is not None
    assert release.collection.items.count() == 1
    vex = tmp_path / "vex.json"
    vex.write_text(json.dumps(openvex("pkg:pypi/django")))
    call_command("import_artifact", "acme", str(vex), "--type", "vex")
    assert "1 statements" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "bom.json"], "There is no organization"),
        (["acme", "missing.json"], "cannot be read"),
        (["acme", "bom.json"], "content"),
        (["acme", "bom.json", "--release", "Shop"], "PRODUCT/PROJECT@VERSION"),
        (["acme", "bom.json", "--release", "Shop/Web@1"], "--create"),
    ],
)
def test_the_command_says_what_is_wrong(acme: Organization, tmp_path: Path, arguments: list[str], words: str):
    (tmp_path / "bom.json").write_text("{}")
    organization, name, *rest = arguments
    with pytest.raises(CommandError, match=words):
        call_command("import_artifact", organization, str(tmp_path / name), *rest)
    assert not Artifact.objects.exists()
