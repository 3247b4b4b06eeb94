"""One asset: create, change, delete, bring back."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import Actor, superuser_actor
from accounts.models import User
from audit.models import AuditEvent
from catalog.models import Asset, SearchDocument, Tag
from catalog.services import create_asset, delete_asset, restore_asset, snapshot, update_asset
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from tests.catalog.conftest import at_once, last_event, make_asset, state_after, state_before

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(monkeypatch) -> list[tuple[str, dict[str, Any]]]:
    """What the sockets are told: topic and event."""
    heard: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("catalog.live.publish", lambda _, topic, event: heard.append((topic, event)))
    return heard


def test_an_asset_is_created_with_everything_it_was_given(bob_actor: Actor, alice_member):
    asset = make_asset(
        bob_actor,
        description="People",
        metadata={"rows": 1},
        schema=[{"name": "id", "type": "UUID", "children": [{"name": "x", "type": "int", "tags": ["PII"]}]}],
        tags=[" PII "],
        owner="alice@example.com",
    )
    assert (asset.version, asset.created_by_id, asset.owner_id) == (1, bob_actor.user_id, alice_member.user_id)
    assert [tag.name for tag in asset.tags.all()] == ["PII"]
    state = state_after(asset.pk)
    assert state["owner"] == {"id": str(alice_member.user_id), "name": "Alice", "type": "user"}
    assert state["schema"][0]["children"][0]["name"] == "x"
    assert SearchDocument.objects.get(entity_id=asset.pk).columns == "id\nx"


def test_a_taken_qualified_name_is_a_conflict(bob_actor: Actor, charlie_actor: Actor):
    first = make_asset(bob_actor)
    with pytest.raises(Conflict) as caught:
        make_asset(bob_actor)
    assert caught.value.resource == "asset"
    assert caught.value.details == {"qualified_name": "prod.public.users", "asset_id": str(first.pk)}
    assert make_asset(charlie_actor).pk != first.pk


def test_an_update_changes_what_it_says_and_nothing_else(bob_actor: Actor):
    asset = make_asset(bob_actor, description="old", metadata={"a": 1, "b": {"x": 1}}, tags=["one"])
    updated = update_asset(
        actor=bob_actor, asset=asset, changes={"description": "new", "metadata": {"a": None, "b": {"y": 2}, "c": []}}
    )
    assert updated.description == "new"
    assert updated.metadata == {"b": {"y": 2}, "c": []}
    assert updated.version == 2
    assert [tag.name for tag in updated.tags.all()] == ["one"]
    assert state_before(asset.pk)["description"] == "old"
    assert state_after(asset.pk)["version"] == 2
    assert last_event(asset.pk).entity_version == 2


def test_an_update_that_changes_nothing_leaves_no_trace(
    bob_actor: Actor, published, django_capture_on_commit_callbacks
):
    asset = make_asset(bob_actor, description="same", tags=["PII"], metadata={"a": 1})
    events = AuditEvent.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        same = update_asset(
            actor=bob_actor, asset=asset, changes={"description": "same", "tags": ["pii"], "metadata": {"a": 1}}
        )
    assert (same.version, same.updated_at) == (1, asset.updated_at)
    assert AuditEvent.objects.count() == events
    assert published == []


def test_a_stale_version_is_refused_and_nothing_is_written(bob_actor: Actor):
    asset = make_asset(bob_actor)
    update_asset(actor=bob_actor, asset=asset, changes={"description": "first"}, expected_version=1)
    with pytest.raises(Stale) as caught:
        update_asset(actor=bob_actor, asset=asset, changes={"description": "second"}, expected_version=1)
    assert caught.value.details["current_version"] == 2
    with pytest.raises(Stale):
        delete_asset(actor=bob_actor, asset=asset, expected_version=1)
    assert Asset.objects.get().description == "first"


def test_a_rename_onto_a_taken_name_is_a_conflict(bob_actor: Actor):
    make_asset(bob_actor, "users")
    orders = make_asset(bob_actor, "orders")
    with pytest.raises(Conflict):
        update_asset(actor=bob_actor, asset=orders, changes={"qualified_name": "prod.public.users"})
    assert Asset.objects.get(pk=orders.pk).version == 1


def test_what_a_person_writes_is_curated(bob_actor: Actor):
    asset = make_asset(bob_actor)
    assert asset.curated == []
    asset = update_asset(actor=bob_actor, asset=asset, changes={"description": "mine", "owner": "bob"})
    assert asset.curated == ["description", "owner"]
    asset = update_asset(actor=bob_actor, asset=asset, changes={"description": "", "owner": None})
    assert (asset.curated, asset.owner) == (["description", "owner"], None)


def test_an_owner_must_be_a_member(bob_actor: Actor, charlie_member):
    with pytest.raises(Invalid) as caught:
        make_asset(bob_actor, owner="charlie@example.com")
    assert "owner" in caught.value.fields
    with pytest.raises(Invalid):
        make_asset(bob_actor, owner=str(charlie_member.user_id))


def test_a_deleted_asset_frees_its_name_and_can_come_back(bob_actor: Actor):
    asset = make_asset(bob_actor, tags=["PII"])
    delete_asset(actor=bob_actor, asset=asset)
    assert not Asset.objects.visible_to(bob_actor).exists()
    assert not SearchDocument.objects.exists()
    event = last_event(asset.pk)
    assert (event.action, event.after_state, event.entity_version) == ("DELETE", None, 2)
    with pytest.raises(NotFound):
        update_asset(actor=bob_actor, asset=asset, changes={"description": "x"})
    with pytest.raises(NotFound):
        delete_asset(actor=bob_actor, asset=asset)
    restored = restore_asset(actor=bob_actor, asset=asset)
    assert (restored.deleted_at, restored.version) == (None, 3)
    assert last_event(asset.pk).action == "RESTORE"
    assert state_after(asset.pk)["tags"] == ["PII"]
    assert SearchDocument.objects.get().entity_id == asset.pk
    delete_asset(actor=bob_actor, asset=asset)
    successor = make_asset(bob_actor)
    with pytest.raises(Conflict) as caught:
        restore_asset(actor=bob_actor, asset=asset)
    assert caught.value.details["asset_id"] == str(successor.pk)


def test_an_outsider_and_a_viewer_change_nothing(bob_actor: Actor, vera_actor: Actor, charlie_actor: Actor):
    asset = make_asset(bob_actor)
    for actor, refusal in ((charlie_actor, NotFound), (vera_actor, Forbidden)):
        with pytest.raises(refusal):
            update_asset(actor=actor, asset=asset, changes={"description": "x"})
        with pytest.raises(refusal):
            delete_asset(actor=actor, asset=asset)
        with pytest.raises(refusal):
            restore_asset(actor=actor, asset=asset)
    with pytest.raises(Forbidden):
        make_asset(vera_actor, "mine")
    assert AuditEvent.objects.filter(entity_type="ASSET").count() == 1


def test_a_superuser_writes_into_the_organization_of_the_asset(bob_actor: Actor, other):
    root = User.objects.create(username="root", email="root@example.com", is_superuser=True)
    asset = make_asset(bob_actor)
    actor = superuser_actor(root, other, door="test")
    update_asset(actor=actor, asset=asset, changes={"tags": ["gold"]})
    assert last_event(asset.pk).organization_id == bob_actor.tenant
    assert Tag.objects.get(name="gold").organization_id == bob_actor.tenant


def test_sockets_hear_of_each_change_once_it_is_committed(
    bob_actor: Actor, published, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        asset = make_asset(bob_actor, tags=["PII"])
    with django_capture_on_commit_callbacks(execute=True):
        update_asset(actor=bob_actor, asset=asset, changes={"description": "x"})
    with django_capture_on_commit_callbacks(execute=True):
        delete_asset(actor=bob_actor, asset=asset)
    mine = [event for topic, event in published if topic == f"asset.updates:{asset.pk}"]
    assert [event["event"] for event in mine] == ["CREATE", "UPDATE", "DELETE"]
    assert mine[1]["type"] == "asset.updated"
    assert mine[1]["asset_id"] == mine[1]["data"]["id"] == str(asset.pk)
    assert mine[1]["data"]["description"] == "x"
    assert mine[1]["data"]["tags"] == ["PII"]
    assert mine[1]["data"]["created_at"].endswith("Z")
    everyone = [event for topic, event in published if topic == "asset.updates"]
    assert everyone[0] == {"type": "assets.changed", "event": "CREATE", "ids": [str(asset.pk)], "told_singly": True}


def test_a_snapshot_is_the_state_on_the_trail(bob_actor: Actor):
    asset = make_asset(bob_actor, tags=["b", "a"], owner="bob")
    state = snapshot(asset)
    assert (state["tags"], state["owner"]["name"], state["version"]) == (["a", "b"], "Bob", 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "SOFA"),
        ("type", ["TABLE"]),
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 256),
        ("name", 7),
        ("name", "a\x00b"),
        ("name", "\ud800"),
        ("qualified_name", "x" * 1001),
        ("qualified_name", "語" * 900),
        ("description", "x" * 100_001),
        ("description", ["x"]),
        ("metadata", []),
        ("metadata", None),
        ("metadata", {"a": "\x00"}),
        ("metadata", {"a\x00": 1}),
        ("metadata", {"a": 2**64}),
        ("metadata", {"a": float("nan")}),
        ("metadata", {"a": "x" * 1_100_000}),
        ("schema", {}),
        ("schema", [[]]),
        ("schema", [{"name": "a"}]),
        ("schema", [{"name": "", "type": "int"}]),
        ("schema", [{"name": "a", "type": "int", "nullable": 1}]),
        ("schema", [{"name": "a", "type": "int", "position": -1}]),
        ("schema", [{"name": "a", "type": "int", "position": True}]),
        ("schema", [{"name": "a", "type": "int", "length": 5}]),
        ("schema", [{"name": "a", "type": "int", "children": [{"name": "b"}]}]),
        ("schema", [{"name": "a", "type": "int", "tags": "PII"}]),
        ("schema", [{"name": "a", "type": "int\x00"}]),
        ("tags", "PII"),
        ("tags", [""]),
        ("tags", [5]),
        ("tags", ["x" * 101]),
        ("tags", [f"t{n}" for n in range(101)]),
        ("owner", 5),
        ("owner", "nobody"),
        ("colour", "red"),
    ],
)
def test_bad_input_names_its_field(bob_actor: Actor, field, value):
    asset = make_asset(bob_actor)
    with pytest.raises(Invalid) as caught:
        update_asset(actor=bob_actor, asset=asset, changes={field: value})
    assert next(iter(caught.value.fields)).split(".")[0] == field
    with pytest.raises(Invalid):
        create_asset(actor=bob_actor, data={"type": "TABLE", "name": "x", "qualified_name": "x", field: value})
    assert Asset.objects.count() == 1


def test_metadata_nested_too_deeply_is_refused(bob_actor: Actor):
    deep: Any = {}
    for _ in range(500):
        deep = {"a": deep}
    with pytest.raises(Invalid):
        make_asset(bob_actor, metadata=deep)
    for _ in range(70):
        deep = deep["a"]
    with pytest.raises(Invalid):
        make_asset(bob_actor, metadata=deep)


def test_names_of_the_largest_size_are_stored(bob_actor: Actor):
    asset = make_asset(bob_actor, name="é" * 255, qualified_name="語" * 833)
    assert Asset.objects.get(pk=asset.pk).qualified_name == "語" * 833


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_with_one_version_one_is_stale(bob_actor: Actor):
    asset = make_asset(bob_actor)

    def write(text: str) -> Any:
        return update_asset(actor=bob_actor, asset=asset, changes={"description": text}, expected_version=1)

    results = at_once(lambda: write("one"), lambda: write("two"))
    assert sorted(type(result).__name__ for result in results) == ["Asset", "Stale"]
    assert Asset.objects.get().version == 2


@pytest.mark.django_db(transaction=True)
def test_writers_without_a_version_lose_nothing(bob_actor: Actor):
    asset = make_asset(bob_actor)
    writes = [
        lambda n=n: update_asset(actor=bob_actor, asset=asset, changes={"metadata": {f"k{n}": n}}) for n in range(4)
    ]
    results = at_once(*writes)
    assert {type(result) for result in results} == {Asset}
    found = Asset.objects.get()
    assert found.metadata == {f"k{n}": n for n in range(4)}
    assert found.version == 5
    versions = AuditEvent.objects.filter(entity_id=asset.pk).values_list("entity_version", flat=True)
    assert sorted(version or 0 for version in versions) == [1, 2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_of_two_creators_of_one_name_one_meets_a_conflict(bob_actor: Actor):
    results = at_once(*[lambda: make_asset(bob_actor, tags=["shared"]) for _ in range(3)])
    assert sorted(type(result).__name__ for result in results) == ["Asset", "Conflict", "Conflict"]
    assert Asset.objects.count() == 1
    assert Tag.objects.count() == 1
