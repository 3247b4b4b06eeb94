"""Products, projects, components and releases: unique names and versions, the steps of a status, the order."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from audit.models import AuditEvent
from catalog.models import Asset, Relationship, SearchDocument
from catalog.services import create_asset
from contracts.errors import Conflict, Forbidden, Invalid
from registry.models import Component, Product, ProductVersion, Project, Release
from registry.services.products import (
    create_component,
    create_product,
    create_project,
    delete_product,
    delete_project,
    update_product,
)
from registry.services.releases import create_release, delete_release, update_release
from registry.version_order import sort_key


@pytest.fixture
def product(bob_actor: Actor) -> Product:
    return create_product(actor=bob_actor, data={"name": "Shop", "tags": ["PCI", "web"], "metadata": {"tier": 1}})


@pytest.fixture
def project(bob_actor: Actor, product: Product) -> Project:
    return create_project(actor=bob_actor, product=product, data={"name": "Web"})


def test_a_name_is_unique_in_its_organization_whatever_its_case(
    bob_actor: Actor, charlie_actor: Actor, product: Product
):
    with pytest.raises(Conflict):
        create_product(actor=bob_actor, data={"name": "SHOP"})
    assert create_product(actor=charlie_actor, data={"name": "Shop"}).organization_id != product.organization_id


def test_what_a_product_says_is_checked(bob_actor: Actor):
    for wrong in (
        {"name": ""},
        {"name": "x" * 201},
        {"name": "A", "tags": "web"},
        {"name": "A", "tags": ["a|b"]},
        {"name": "A", "metadata": []},
        {"name": "A", "identifiers": [{"idType": "TEI"}]},
        {"name": "A", "colour": "red"},
        {"name": "A\x00"},
    ):
        with pytest.raises(Invalid):
            create_product(actor=bob_actor, data=wrong)
    assert not Product.objects.exists()


def test_metadata_merges_and_the_trail_has_both_states(bob_actor: Actor, product: Product):
    changed = update_product(actor=bob_actor, product=product, changes={"metadata": {"tier": None, "squad": "blue"}})
    assert changed.metadata == {"squad": "blue"}
    event = AuditEvent.objects.get(entity_id=product.pk, action="UPDATE")
    assert event.before_state is not None
    assert event.after_state is not None
    assert (event.before_state["metadata"], event.after_state["metadata"]) == ({"tier": 1}, {"squad": "blue"})


def test_an_update_that_changes_nothing_leaves_no_event(bob_actor: Actor, product: Product):
    update_product(actor=bob_actor, product=product, changes={"name": "Shop"})
    assert AuditEvent.objects.filter(entity_id=product.pk).count() == 1


def test_products_are_found_by_all_their_tags(product: Product):
    assert Product.objects.all().tagged(["pci", "WEB"]).get() == product
    assert not Product.objects.all().tagged(["pci", "we"]).exists()


def test_what_holds_something_is_not_deleted(bob_actor: Actor, product: Product, project: Project):
    create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    with pytest.raises(Conflict):
        delete_product(actor=bob_actor, product=product)
    with pytest.raises(Conflict):
        delete_project(actor=bob_actor, project=project)


def test_viewers_and_outsiders_change_nothing(vera_actor: Actor, product: Product):
    with pytest.raises(Forbidden):
        create_product(actor=vera_actor, data={"name": "B"})
    with pytest.raises(Forbidden):
        update_product(actor=vera_actor, product=product, changes={"name": "B"})


def test_outsiders_see_nothing(charlie_actor: Actor, bob_actor: Actor, product: Product, project: Project):
    component = create_component(actor=bob_actor, project=project, data={"name": "api", "purl": "pkg:pypi/api@1"})
    release = create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    for row in (product, project, component, release, release.product_version):
        manager = type(row)._default_manager.all()
        assert not manager.visible_to(charlie_actor).exists()
        assert manager.visible_to(bob_actor).get() == row


def test_a_component_needs_a_readable_purl(bob_actor: Actor, project: Project):
    with pytest.raises(Invalid, match="purl"):
        create_component(actor=bob_actor, project=project, data={"name": "api", "purl": "not a purl"})
    assert not Component.objects.exists()


def test_a_version_is_unique_in_its_project(bob_actor: Actor, project: Project):
    create_release(actor=bob_actor, project=project, data={"version": "1.0.0"})
    with pytest.raises(Conflict) as refusal:
        create_release(actor=bob_actor, project=project, data={"version": "1.0.0"})
    assert (refusal.value.message, refusal.value.details) == ("Version already exists", {"version": "1.0.0"})
    assert Release.objects.count() == 1


@pytest.mark.parametrize("version", ["", " ", None, 1, "a b", "a/b", "x" * 101, "1\x00", "..%2f", "a?b"])
def test_a_version_that_is_none_is_refused(bob_actor: Actor, project: Project, version: object):
    with pytest.raises(Invalid, match="version"):
        create_release(actor=bob_actor, project=project, data={"version": version})
    assert not ProductVersion.objects.exists()


def test_a_status_goes_forward_only(bob_actor: Actor, project: Project):
    release = create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    assert release.release_date is None
    release = update_release(actor=bob_actor, release=release, changes={"status": "released"})
    assert release.release_date is not None
    with pytest.raises(Conflict) as refusal:
        update_release(actor=bob_actor, release=release, changes={"status": "draft"})
    assert refusal.value.details == {"status": "released", "allowed": ["archived"]}
    release = update_release(actor=bob_actor, release=release, changes={"status": "archived"})
    for status in ("draft", "released"):
        with pytest.raises(Conflict):
            update_release(actor=bob_actor, release=release, changes={"status": status})
    with pytest.raises(Invalid):
        update_release(actor=bob_actor, release=release, changes={"status": "gone"})


def test_a_draft_may_be_archived_and_a_release_begin_released(bob_actor: Actor, project: Project):
    draft = create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    assert update_release(actor=bob_actor, release=draft, changes={"status": "archived"}).release_date is None
    made = create_release(actor=bob_actor, project=project, data={"version": "2.0", "status": "released"})
    assert made.release_date is not None


def test_approvers_and_notes_are_checked_and_merge(bob_actor: Actor, project: Project):
    release = create_release(
        actor=bob_actor, project=project, data={"version": "1.0", "metadata": {"release_notes": "Initial release"}}
    )
    changes = {"status": "released", "metadata": {"approvers": ["user1", "user2"]}}
    release = update_release(actor=bob_actor, release=release, changes=changes)
    assert release.metadata == {"release_notes": "Initial release", "approvers": ["user1", "user2"]}
    for wrong in ({"approvers": "bob"}, {"release_notes": 5}, {"approvers": [1]}):
        with pytest.raises(Invalid):
            update_release(actor=bob_actor, release=release, changes={"metadata": wrong})


def test_only_drafts_are_deleted_and_their_version_is_free_again(bob_actor: Actor, project: Project):
    draft = create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    delete_release(actor=bob_actor, release=draft)
    assert not ProductVersion.objects.exists()
    assert not SearchDocument.objects.filter(kind="release").exists()
    made = create_release(actor=bob_actor, project=project, data={"version": "1.0", "status": "released"})
    with pytest.raises(Conflict):
        delete_release(actor=bob_actor, release=made)


def test_versions_sort_as_versions_do():
    early = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered = [*early, "1.0.0-rc.1", "1.0.0", "1.9", "1.10", "2.0.dev1", "2.0a1", "2.0b1", "2.0rc1", "2.0"]
    ordered += ["2.0.post1", "2025_01", "2025_02", "2025_10"]
    assert sorted(sorted(ordered), key=sort_key) == ordered
    assert sort_key("v1.0") == sort_key("1.0")


def test_a_version_of_a_product_stays_while_a_project_has_it(bob_actor: Actor, product: Product, project: Project):
    other = create_project(actor=bob_actor, product=product, data={"name": "App"})
    draft, _ = (create_release(actor=bob_actor, project=one, data={"version": "1.0"}) for one in (project, other))
    delete_release(actor=bob_actor, release=draft)
    assert Release.objects.get().product_version == ProductVersion.objects.get()


@pytest.mark.django_db
def test_the_database_orders_versions_likewise(bob_actor: Actor, project: Project):
    for version in ("1.9", "2.0", "1.10", "2.0-rc.1", "2.0.0-rc.1", "2.0.0", "10.0"):
        create_release(actor=bob_actor, project=project, data={"version": version})
    found = [release.version for release in project.releases.all()]
    assert found == ["10.0", "2.0.0", "2.0.0-rc.1", "2.0", "2.0-rc.1", "1.10", "1.9"]


def test_a_release_is_found_by_search_and_once_released_stands_in_lineage(bob_actor: Actor, project: Project):
    create_asset(actor=bob_actor, data={"type": "TABLE", "name": "orders", "qualified_name": "db.orders"})
    release = create_release(
        actor=bob_actor, project=project, data={"version": "1.0", "metadata": {"inputs": ["db.orders"]}}
    )
    assert SearchDocument.objects.get(kind="release").entity_id == release.pk
    assert not Asset.objects.filter(qualified_name__startswith="releases").exists()
    update_release(actor=bob_actor, release=release, changes={"status": "released"})
    asset = Asset.objects.get(qualified_name='releases.Shop.Web."1.0"')
    assert asset.metadata["release_id"] == str(release.pk)
    assert Relationship.objects.get().target.qualified_name == "db.orders"


def test_an_input_that_is_not_in_the_catalog_stops_the_release(bob_actor: Actor, project: Project):
    release = create_release(
        actor=bob_actor, project=project, data={"version": "1.0", "metadata": {"inputs": ["db.nothing"]}}
    )
    with pytest.raises(Invalid, match=r"db\.nothing"):
        update_release(actor=bob_actor, release=release, changes={"status": "released"})
    release.refresh_from_db()
    assert release.status == "draft"


def test_an_archived_release_says_for_good_what_it_said(bob_actor: Actor, project: Project):
    release = create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    last = {"status": "archived", "metadata": {"release_notes": "The last words"}}
    release = update_release(actor=bob_actor, release=release, changes=last)
    assert update_release(actor=bob_actor, release=release, changes=last) == release
    for changes in ({"metadata": {"release_notes": "Other words"}}, {"metadata": {"release_notes": None}}):
        with pytest.raises(Conflict):
            update_release(actor=bob_actor, release=release, changes=changes)
    release.refresh_from_db()
    assert release.metadata == {"release_notes": "The last words"}
