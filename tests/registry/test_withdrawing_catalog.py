"""The one graph stays true when something is withdrawn: sources and releases in the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from accounts.models import Organization
from catalog.models import Asset, Relationship
from catalog.services import create_asset, create_relationship, delete_asset
from contracts.errors import Conflict, Invalid
from registry.models import Release
from registry.services import dependencies, entry_catalog, publishing
from registry.services.products import create_product, create_project
from registry.services.releases import create_release, update_release
from registry.services.withdrawing import delete_entry, delete_version, unyank, yank
from tests.registry.entries import put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def asset(name: str) -> Asset:
    return Asset.objects.get(qualified_name=name, deleted_at=None)


def upstream(name: str) -> set[str]:
    edges = Relationship.objects.filter(source__qualified_name=name, source__deleted_at=None)
    return set(edges.values_list("target__qualified_name", flat=True))


def test_the_asset_tells_of_the_latest_version_that_may_be_chosen(bob_actor: Actor, alice_actor: Actor) -> None:
    put(bob_actor, "acme:set@1.0")
    second = put(bob_actor, "acme:set@1.1", {"a.json": b"{}"})
    told = lambda: (asset("registry.acme.set").metadata["version"], asset("registry.acme.set").metadata["formats"])  # noqa: E731
    assert told() == ("1.1", ["json"])
    yank(actor=bob_actor, version=second, reason="Wrong")
    assert told() == ("1.0", ["fasta"])
    unyank(actor=bob_actor, version=second)
    assert told() == ("1.1", ["json"])
    delete_version(actor=alice_actor, version=second)
    assert told() == ("1.0", ["fasta"])


def test_a_deleted_version_takes_the_edges_that_only_it_had(
    bob_actor: Actor, alice_actor: Actor, charlie_actor: Actor
) -> None:
    for spec in ("acme:a@1.0", "acme:b@1.0"):
        put(bob_actor, spec)
    put(charlie_actor, "other:c@1.0")
    put(bob_actor, "acme:all@1.0", dependencies=["acme:a-fasta@1.0"])
    second = put(bob_actor, "acme:all@1.1", dependencies=["acme:a-fasta@1.0", "acme:b-fasta@1.0", "other:c-fasta@1.0"])
    table = create_asset(actor=bob_actor, data={"type": "TABLE", "name": "t", "qualified_name": "db.t"})
    create_relationship(actor=bob_actor, source=asset("registry.acme.all"), target=table, type="DEPENDS_ON")
    yank(actor=bob_actor, version=second, reason="Wrong")
    assert upstream("registry.acme.all") == {"registry.acme.a", "registry.acme.b", "registry.other.c", "db.t"}
    delete_version(actor=alice_actor, version=second)
    assert upstream("registry.acme.all") == {"registry.acme.a", "db.t"}


def test_what_is_said_of_edges_that_are_not_drawn_goes_with_them(
    bob_actor: Actor, alice_actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (entry_catalog, publishing):
        monkeypatch.setattr(module, "LINEAGE", 1)
    for spec in ("acme:a@1.0", "acme:b@1.0"):
        put(bob_actor, spec)
    put(bob_actor, "acme:all@1.0", dependencies=["acme:a-fasta@1.0"])
    second = put(bob_actor, "acme:all@1.1", dependencies=["acme:a-fasta@1.0", "acme:b-fasta@1.0"])
    yank(actor=bob_actor, version=second, reason="Wrong")
    assert asset("registry.acme.all").metadata["lineage_sources"] == 2
    delete_version(actor=alice_actor, version=second)
    assert "lineage_sources" not in asset("registry.acme.all").metadata


def test_a_deleted_source_leaves_the_catalog_and_comes_back(bob_actor: Actor, alice_actor: Actor) -> None:
    version = put(bob_actor, "acme:set@1.0")
    delete_entry(actor=alice_actor, entry=version.entry)
    assert not Asset.objects.filter(qualified_name="registry.acme.set", deleted_at=None).exists()
    put(bob_actor, "acme:set@1.1")
    assert asset("registry.acme.set").metadata["version"] == "1.1"


def test_a_source_that_has_no_asset_is_withdrawn_all_the_same(bob_actor: Actor, alice_actor: Actor) -> None:
    version = put(bob_actor, "acme:set@1.0")
    delete_asset(actor=alice_actor, asset=asset("registry.acme.set"))
    yank(actor=bob_actor, version=version, reason="Wrong")
    delete_entry(actor=alice_actor, entry=version.entry)
    assert not Asset.objects.filter(deleted_at=None).exists()


def test_what_is_deleted_between_the_look_and_the_write_is_no_dependency(
    bob_actor: Actor, alice_actor: Actor, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, find = put(bob_actor, "acme:part@1.0"), dependencies.find_parts

    def find_parts(**found: Any) -> None:
        find(**found)
        delete_version(actor=alice_actor, version=version)

    monkeypatch.setattr(publishing, "find_parts", find_parts)
    with pytest.raises(Conflict, match=r"acme:part-fasta@1\.0"):
        put(bob_actor, "acme:all@1.0", dependencies=["acme:part-fasta@1.0"])


# Releases ----------------------------------------------------------------------------------------


@pytest.fixture
def release(bob_actor: Actor) -> Release:
    """Made from two tables."""
    for name in ("one", "two"):
        create_asset(actor=bob_actor, data={"type": "TABLE", "name": name, "qualified_name": f"db.{name}"})
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    project = create_project(actor=bob_actor, product=product, data={"name": "Web"})
    data = {"version": "1", "status": "released", "metadata": {"inputs": ["db.one", "db.two"]}}
    return create_release(actor=bob_actor, project=project, data=data)


def test_an_input_that_is_taken_off_a_release_is_no_lineage(bob_actor: Actor, release: Release) -> None:
    assert upstream("releases.Shop.Web.1") == {"db.one", "db.two"}
    update_release(actor=bob_actor, release=release, changes={"metadata": {"inputs": ["db.two"]}})
    assert upstream("releases.Shop.Web.1") == {"db.two"}
    update_release(actor=bob_actor, release=release, changes={"metadata": {"inputs": None}})
    assert not upstream("releases.Shop.Web.1")


def test_a_release_outlives_what_it_was_made_from(bob_actor: Actor, release: Release) -> None:
    delete_asset(actor=bob_actor, asset=asset("db.one"))
    archived = update_release(actor=bob_actor, release=release, changes={"status": "archived"})
    assert archived.status == "archived"


def test_an_input_that_is_new_must_be_there(bob_actor: Actor, release: Release) -> None:
    with pytest.raises(Invalid, match=r"db\.three"):
        update_release(actor=bob_actor, release=release, changes={"metadata": {"inputs": ["db.one", "db.three"]}})
    assert upstream("releases.Shop.Web.1") == {"db.one", "db.two"}
