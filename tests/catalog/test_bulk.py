"""Many assets at once."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import Actor
from accounts.services import create_team
from audit.models import AuditEvent
from catalog.models import Asset, AssetTag, Domain, Glossary, GlossaryTerm, Origin, SearchDocument, Tag
from catalog.services import AssetDraft, create_concept, update_asset, upsert_assets, upsert_rows
from contracts.errors import Forbidden

pytestmark = pytest.mark.django_db


def table(name: str = "users", **fields) -> AssetDraft:
    return AssetDraft(type="TABLE", name=name, qualified_name=f"prod.public.{name}", **fields)


def test_a_batch_creates_assets_with_tags_search_and_trail(bob_actor: Actor):
    result = upsert_assets(
        actor=bob_actor,
        drafts=[
            table(
                description="People",
                metadata={"rows": 5, "gone": None},
                schema=[{"name": "id", "type": "UUID", "nullable": False}],
                tags=["PII", "pii", "Sensitive"],
            ),
            table("orders"),
        ],
    )
    assert (result.created, result.updated, result.unchanged, result.errors) == (2, 0, 0, [])
    asset = Asset.objects.get(pk=result.ids["prod.public.users"])
    assert asset.metadata == {"rows": 5}
    assert asset.schema == [{"name": "id", "type": "UUID", "nullable": False}]
    assert asset.version == 1
    assert asset.created_by_id == bob_actor.user_id
    assert sorted(asset.tags.values_list("name", flat=True)) == ["PII", "Sensitive"]
    assert asset.curated == ["description", "tags"]
    event = AuditEvent.objects.get(entity_id=asset.pk)
    assert event.action == "CREATE"
    assert event.before_state is None
    assert event.after_state is not None
    assert event.after_state["tags"] == ["PII", "Sensitive"]
    assert event.after_state["metadata"] == {"rows": 5}
    assert AuditEvent.objects.filter(entity_type="TAG", action="CREATE").count() == 2
    document = SearchDocument.objects.get(entity_id=asset.pk)
    assert document.columns == "id"


def test_the_same_batch_again_writes_nothing(bob_actor: Actor):
    drafts = [table(metadata={"a": [1, {"b": None}], "c": True}, tags=["PII"], description="x"), table("orders")]
    upsert_assets(actor=bob_actor, drafts=drafts)
    before = list(Asset.objects.order_by("id").values()), AuditEvent.objects.count()
    result = upsert_assets(actor=bob_actor, drafts=drafts)
    assert (result.created, result.updated, result.unchanged) == (0, 0, 2)
    assert (list(Asset.objects.order_by("id").values()), AuditEvent.objects.count()) == before
    assert len(result.ids) == 2


def test_a_change_merges_metadata_and_leaves_what_was_not_said(bob_actor: Actor):
    upsert_assets(actor=bob_actor, drafts=[table(metadata={"a": 1, "b": 2}, description="kept", tags=["PII"])])
    result = upsert_assets(actor=bob_actor, drafts=[table(metadata={"a": None, "c": 3})])
    assert result.updated == 1
    asset = Asset.objects.get()
    assert asset.metadata == {"b": 2, "c": 3}
    assert asset.description == "kept"
    assert asset.version == 2
    event = AuditEvent.objects.filter(entity_id=asset.pk).order_by("-id").first()
    assert event is not None
    assert event.before_state is not None
    assert event.after_state is not None
    assert event.action == "UPDATE"
    assert event.before_state["metadata"] == {"a": 1, "b": 2}
    assert event.after_state["metadata"] == {"b": 2, "c": 3}
    assert event.entity_version == 2


def test_true_is_not_one(bob_actor: Actor):
    upsert_assets(actor=bob_actor, drafts=[table(metadata={"a": 1})])
    assert upsert_assets(actor=bob_actor, drafts=[table(metadata={"a": True})]).updated == 1
    assert Asset.objects.get().metadata == {"a": True}


def test_tags_are_exchanged_and_none_is_left_alone(bob_actor: Actor):
    upsert_assets(actor=bob_actor, drafts=[table(tags=["one", "two"])])
    upsert_assets(actor=bob_actor, drafts=[table(tags=["TWO", "three"])])
    asset = Asset.objects.get()
    assert sorted(asset.tags.values_list("name", flat=True)) == ["three", "two"]
    upsert_assets(actor=bob_actor, drafts=[table(tags=None)])
    assert AssetTag.objects.count() == 2
    upsert_assets(actor=bob_actor, drafts=[table(tags=[])])
    assert AssetTag.objects.count() == 0
    assert Tag.objects.count() == 3


def test_a_bad_row_sinks_no_other(bob_actor: Actor):
    rows = [
        {"type": "TABLE", "name": "good", "qualified_name": "good"},
        {"type": "SOFA", "name": "bad", "qualified_name": "bad"},
        {"type": "TABLE", "name": "x", "qualified_name": "no\x00name"},
        "no object",
        {"type": "TABLE", "name": "x", "qualified_name": "y", "colour": "red"},
        {"type": "TABLE", "name": "again", "qualified_name": "good"},
        {"type": "TABLE", "name": "x", "qualified_name": "schema", "schema": [{"name": "a", "type": 5}]},
        {"type": "TABLE", "qualified_name": "nameless"},
        {"type": "TABLE", "name": "x", "qualified_name": "big", "metadata": {"n": 2**70}},
        {"type": "TABLE", "name": "x", "qualified_name": "infinite", "metadata": {"n": float("inf")}},
    ]
    result = upsert_rows(actor=bob_actor, rows=rows)
    assert result.created == 1
    assert [error.index for error in result.errors] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    by_index = {error.index: error for error in result.errors}
    assert by_index[1].qualified_name == "bad"
    assert "type" in by_index[1].details["fields"]
    assert "colour" in by_index[4].details["fields"]
    assert by_index[5].details == {"first_index": 0}
    assert "schema.0.type" in by_index[6].details["fields"]
    assert Asset.objects.get().name == "good"


def test_without_upsert_what_exists_is_an_error_of_its_row(bob_actor: Actor):
    upsert_assets(actor=bob_actor, drafts=[table()])
    result = upsert_assets(actor=bob_actor, drafts=[table("orders"), table(description="new")], upsert=False)
    assert (result.created, result.updated, result.unchanged) == (1, 0, 0)
    assert [(error.index, error.qualified_name) for error in result.errors] == [(1, "prod.public.users")]
    assert Asset.objects.get(name="users").description == ""


def test_a_collection_leaves_what_a_person_wrote(bob_actor: Actor, origin: Origin):
    columns = [{"name": "id", "type": "int"}, {"name": "email", "type": "text"}]
    upsert_assets(actor=bob_actor, drafts=[table(description="found", tags=["raw"], schema=columns)], origin=origin)
    mine = [{"name": "id", "type": "int"}, {"name": "email", "type": "text", "description": "Where to write"}]
    upsert_assets(actor=bob_actor, drafts=[table(description="mine", schema=mine)])
    wider = [*columns, {"name": "age", "type": "int"}]
    upsert_assets(actor=bob_actor, drafts=[table(description="found again", tags=["new"], schema=wider)], origin=origin)
    asset = Asset.objects.get()
    assert asset.description == "mine"
    assert list(asset.tags.values_list("name", flat=True)) == ["new"]
    assert asset.schema == [*mine, {"name": "age", "type": "int"}]
    assert asset.origin_id == origin.pk


def test_a_viewer_may_not_write(vera_actor: Actor):
    with pytest.raises(Forbidden):
        upsert_assets(actor=vera_actor, drafts=[table()])
    assert not Asset.objects.exists()


def test_organizations_do_not_meet(bob_actor: Actor, charlie_actor: Actor):
    upsert_assets(actor=bob_actor, drafts=[table(description="acme's", tags=["x"])])
    result = upsert_assets(actor=charlie_actor, drafts=[table(description="other's", tags=["x"])])
    assert result.created == 1
    assert Asset.objects.get(organization=bob_actor.tenant).description == "acme's"
    assert Tag.objects.filter(key="x").count() == 2


@pytest.fixture
def vocabulary(alice_actor: Actor) -> None:
    create_team(actor=alice_actor, data={"name": "Stewards"})
    create_concept(actor=alice_actor, model=Domain, data={"name": "Finance"})
    create_concept(actor=alice_actor, model=Glossary, data={"name": "Business"})
    create_concept(actor=alice_actor, model=GlossaryTerm, data={"name": "Customer", "glossary": "Business"})


SAID: dict[str, Any] = {
    "owner": "stewards",
    "domain": "Finance",
    "terms": ["Customer", {"name": "Business.Customer", "column": "id"}],
}
COLUMNS = [{"name": "id", "type": "UUID"}]


@pytest.mark.usefixtures("vocabulary")
def test_a_batch_may_name_owners_domains_and_terms(bob_actor: Actor):
    drafts = [
        table(schema=COLUMNS, **SAID),
        table("a", owner="nobody"),
        table("b", domain="Nowhere"),
        table("c", terms=[{"name": "Customer", "column": "id"}]),
        table("d", terms=["Nothing"]),
    ]
    result = upsert_assets(actor=bob_actor, drafts=drafts)
    assert (result.created, [(one.index, *one.details["fields"]) for one in result.errors]) == (
        1,
        [(1, "owner"), (2, "domain"), (3, "terms.0.column"), (4, "terms.0")],
    )
    asset = Asset.objects.get()
    assert (str(asset.owner_team), str(asset.domain), asset.terms.count()) == ("Stewards", "Finance", 2)
    assert upsert_assets(actor=bob_actor, drafts=drafts[:1]).unchanged == 1


@pytest.mark.usefixtures("vocabulary")
def test_a_collection_leaves_owner_domain_and_terms_alone(bob_actor: Actor, origin: Origin):
    def collect(**fields):
        return upsert_assets(actor=bob_actor, drafts=[table(**fields)], origin=origin)

    collect(schema=COLUMNS)
    asset = Asset.objects.get()
    update_asset(actor=bob_actor, asset=asset, changes=SAID)
    collect(schema=[{"name": "other", "type": "text"}], owner="bob")
    asset.refresh_from_db()
    assert asset.curated == ["domain", "owner", "terms"]
    assert (str(asset.owner_team), str(asset.domain), asset.terms.count()) == ("Stewards", "Finance", 2)
    assert asset.schema == [{"name": "other", "type": "text"}]
    update_asset(actor=bob_actor, asset=asset, changes={"owner": None, "domain": None, "terms": []})
    collect(owner="bob", domain="Finance", terms=["Customer"])
    asset.refresh_from_db()
    assert (asset.owner, asset.domain, asset.terms.count()) == (None, None, 0)


@pytest.mark.usefixtures("vocabulary")
@pytest.mark.parametrize("size", [3, 300])
def test_naming_others_costs_four_statements_however_many_rows(bob_actor: Actor, size, django_assert_max_num_queries):
    drafts = [table(f"t{n}", schema=COLUMNS, **SAID) for n in range(size)]
    with django_assert_max_num_queries(20):
        assert upsert_assets(actor=bob_actor, drafts=drafts).created == size
    with django_assert_max_num_queries(9):
        assert upsert_assets(actor=bob_actor, drafts=drafts).unchanged == size


@pytest.mark.parametrize("size", [3, 300])
def test_the_number_of_statements_does_not_depend_on_the_size(bob_actor: Actor, size, django_assert_max_num_queries):
    def drafts(description):
        return [table(f"t{n}", description=description, tags=[f"tag{n % 2}"]) for n in range(size)]

    with django_assert_max_num_queries(20):
        assert upsert_assets(actor=bob_actor, drafts=drafts("one")).created == size
    with django_assert_max_num_queries(20):
        assert upsert_assets(actor=bob_actor, drafts=drafts("two")).updated == size
    with django_assert_max_num_queries(6):
        assert upsert_assets(actor=bob_actor, drafts=drafts("two")).unchanged == size
