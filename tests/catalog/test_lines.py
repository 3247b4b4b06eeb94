"""Names are one line, at every door that gives one; what is called otherwise already stays as it is."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actor import Actor
from accounts.models import Team
from accounts.services import create_team, update_team
from catalog.models import Asset, Domain, Glossary, GlossaryTerm, Tag
from catalog.services import (
    AssetDraft,
    create_concept,
    create_tag,
    update_asset,
    update_concept,
    update_tag,
    upsert_assets,
    upsert_rows,
)
from catalog.services.selections import tag_assets
from config.rpc import METADATA
from contracts.errors import Invalid
from tests.adminkit import page, session_of
from tests.config.graphql.asking import ask
from tests.config.rpc_client import Client as RpcClient
from tests.config.rpc_client import refused, serving
from tests.ingestion.test_stream import send

pytestmark = pytest.mark.django_db

ODD = ["a\nb", "a\rb", "a\tb", "a\x1b[31mb", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b"]
LINES = ["a b", "数据 表", "a\u00a0b", "\u200ea", "👩\u200d💻", "a\u200cb"]
TABLE = {"type": "TABLE", "name": "t", "qualified_name": "p.t"}
SAYS = "A name may not hold line breaks or other control characters."


def test_odd_names_are_refused_and_others_are_not(bob_actor):
    for name in ODD:
        with pytest.raises(Invalid) as refusal:
            create_tag(actor=bob_actor, data={"name": name})
        assert refusal.value.fields == {"name": [SAYS]}, repr(name)
    for name in LINES:
        create_tag(actor=bob_actor, data={"name": name})
    assert Tag.objects.count() == len(LINES)


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        ("/v1/tags", {"name": "a\nb"}, "name"),
        ("/v1/tags", {"name": "a", "category": "a\nb"}, "category"),
        ("/v1/assets", {**TABLE, "name": "a\nb"}, "name"),
        ("/v1/assets", {**TABLE, "qualified_name": "p.a\nb"}, "qualified_name"),
        ("/v1/assets", {**TABLE, "tags": ["ok", "a\nb"]}, "tags.1"),
        ("/v1/domains", {"name": "a\nb"}, "name"),
        ("/v1/domains", {"name": "a", "display_name": "a\nb"}, "display_name"),
        ("/v1/glossaries", {"name": "a\nb"}, "name"),
        ("/v1/glossary-terms", {"name": "a\nb", "glossary": "g"}, "name"),
        ("/v1/glossary-terms", {"name": "a", "glossary": "g", "synonyms": ["x", "a\nb"]}, "synonyms.1"),
        ("/v1/teams", {"name": "a\nb"}, "name"),
        ("/v1/teams", {"name": "a", "display_name": "a\nb"}, "display_name"),
    ],
)
def test_the_metastore_names_the_field(alice, alice_actor, url, body, field):
    create_concept(actor=alice_actor, model=Glossary, data={"name": "g"})
    answer = alice.post(url, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {field: [SAYS]}
    assert not any(model.objects.exists() for model in (Tag, Asset, Domain, GlossaryTerm, Team))


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("tags", {"name": "a\nb", "description": ""}),
        ("classifications", {"name": "a\nb", "description": ""}),
        ("domains", {"name": "a\nb", "domainType": "Aggregate", "description": ""}),
        ("glossaries", {"name": "a\nb", "description": ""}),
        ("glossaryTerms", {"name": "a\nb", "glossary": "g", "description": ""}),
        ("databases", {"name": "a\nb", "service": "s"}),
    ],
)
@pytest.mark.parametrize("method", ["post", "put"])
def test_entities_say_so_too(bob, bob_actor, url, body, method):
    create_concept(actor=bob_actor, model=Glossary, data={"name": "g"})
    if url == "databases":
        bob.post("/api/v1/services/databaseServices", {"name": "s", "serviceType": "Mysql"}, format="json")
    answer = getattr(bob, method)(f"/api/v1/{url}", body, format="json")
    assert (answer.status_code, SAYS in answer.json()["message"]) == (400, True), answer.content
    assert not any(model.objects.exists() for model in (Tag, Asset, Domain, GlossaryTerm))


def test_a_batch_leaves_out_the_rows_and_says_which(bob):
    rows = [
        {**TABLE, "qualified_name": "p.s", "name": "a\nb"},
        {**TABLE, "qualified_name": "p.u", "tags": ["x", "a\tb"]},
        TABLE,
    ]
    body = bob.post("/v1/ingestion/batch", {"assets": rows}, format="json").json()
    fields = [(one["index"], one["details"]["fields"]) for one in body["errors"]]
    assert fields == [(0, {"name": [SAYS]}), (1, {"tags.1": [SAYS]})]
    assert (body["created"], Asset.objects.count()) == (1, 1)
    assert not Tag.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_stream_graphql_and_grpc_refuse(bob, bob_member):
    assert send(bob, asset={**TABLE, "name": "a\nb"}).status_code == 400
    made = ask(bob, 'mutation { createTag(input: {name: "a\\nb"}) { id } }')
    assert made["errors"][0]["extensions"]["details"] == {"name": [SAYS]}
    with serving() as address:
        told = refused(RpcClient(address, METADATA, bob_member).CreateAsset, **{**TABLE, "name": "a\nb"})
    assert told.code == grpc.StatusCode.INVALID_ARGUMENT
    assert not Asset.objects.exists()


def test_a_source_whose_name_begins_those_of_its_assets_has_a_line_for_one(bob):
    body = {"name": "a\nb", "type": "redis", "config": {"host": "127.0.0.1"}}
    answer = bob.post("/api/v1/datasources", body, format="json")
    assert (answer.status_code, SAYS in answer.json()["details"]) == (400, True)
    made = bob.post("/api/v1/datasources", {**body, "name": "a"}, format="json").json()
    answer = bob.put(f"/api/v1/datasources/{made['id']}", {"name": "a\tb"}, format="json")
    assert (answer.status_code, SAYS in answer.json()["details"]) == (400, True)
    service = bob.post("/api/v1/services/databaseServices", {"name": "a\nb", "serviceType": "Mysql"}, format="json")
    assert (service.status_code, SAYS in service.json()["message"]) == (400, True)


def test_an_import_and_the_pages_refuse(bob_member):
    browser = session_of(bob_member)
    content = json.dumps([{**TABLE, "name": "a\nb"}]).encode()
    shown = browser.post(page("catalog_asset_import"), {"file": SimpleUploadedFile("a.json", content)})
    assert SAYS in shown.content.decode()
    made = browser.post(page("catalog_tag_add"), {"name": "a\x1bb", "colour": ""})
    assert SAYS in str(made.context["adminform"].form.errors)
    assert not Tag.objects.exists()


# What is called so already ---------------------------------------------------------------------------


def collected(actor: Actor, name: str = "od\td\nname") -> Asset:
    draft = AssetDraft("TABLE", name, f"db.{name}", tags=["from\tthere"])
    assert upsert_assets(actor=actor, drafts=[draft]).errors == []
    return Asset.objects.get()


def test_what_a_source_calls_its_table_is_kept(bob_actor):
    assert collected(bob_actor).name == "od\td\nname"


def test_an_asset_with_an_odd_name_is_described_and_filed_anew(bob, bob_actor):
    asset = collected(bob_actor)
    url = f"/v1/assets/{asset.pk}"
    body = bob.get(url).json()
    said = {name: body[name] for name in ("type", "name", "qualified_name")}
    answer = bob.put(url, {**said, "tags": ["from\tthere", "new"], "description": "It is."}, format="json")
    assert (answer.status_code, answer.json()["description"]) == (200, "It is.")
    assert upsert_rows(actor=bob_actor, rows=[{**said, "description": "Again."}]).updated == 1
    tag_assets(actor=bob_actor, asset_ids=[asset.pk], add=["more"])
    assert sorted(bob.get(url).json()["tags"]) == ["from\tthere", "more", "new"]
    with pytest.raises(Invalid):
        update_asset(actor=bob_actor, asset=asset, changes={"name": "another\tname"})
    with pytest.raises(Invalid):
        tag_assets(actor=bob_actor, asset_ids=[asset.pk], add=["odd\ttag"])


def test_what_was_named_before_the_rule_is_described_and_renamed(alice_actor):
    tag = create_tag(actor=alice_actor, data={"name": "a"})
    team = create_team(actor=alice_actor, data={"name": "a"})
    domain = create_concept(actor=alice_actor, model=Domain, data={"name": "a"})
    for model in (Tag, Team, Domain):
        model.objects.update(name="a\tb")
    said: dict[str, Any] = {"name": "a\tb", "description": "It is."}
    assert update_tag(actor=alice_actor, tag=tag, changes=said).description == "It is."
    assert update_team(actor=alice_actor, team=team, changes=said).description == "It is."
    assert update_concept(actor=alice_actor, concept=domain, changes=said).description == "It is."
    said["name"] = "a\tc"
    for change in (
        lambda: update_tag(actor=alice_actor, tag=tag, changes=said),
        lambda: update_team(actor=alice_actor, team=team, changes=said),
        lambda: update_concept(actor=alice_actor, concept=domain, changes=said),
    ):
        with pytest.raises(Invalid):
            change()
