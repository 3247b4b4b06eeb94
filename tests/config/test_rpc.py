"""`metastore.v1.MetadataService`: every call of the page, who may make it, and what goes wrong."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from django.db import connection
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import catalog.rpc
from accounts.models import Role
from accounts.services import create_api_key, create_team
from catalog.models import Asset, Domain, Glossary, GlossaryTerm
from catalog.protos import metadata_pb2 as pb
from catalog.services import create_asset, create_concept, create_tag, update_asset
from config import rpc_calls
from config.rpc import METADATA, SERVICES
from tests.config.rpc_client import Client, refused, serving
from tests.config.running import until

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]

PAGE = """
syntax = "proto3";
package metastore.v1;
import "google/protobuf/struct.proto";
service MetadataService {
  rpc GetAsset(GetAssetRequest) returns (Asset);
  rpc ListAssets(ListAssetsRequest) returns (ListAssetsResponse);
}
message Tag { string id = 1; string name = 2; }
message Asset {
  string id = 1;
  string type = 2;
  string name = 3;
  string qualified_name = 4;
  string description = 5;
  google.protobuf.Struct metadata = 6;
  repeated Tag tags = 7;
  int64 created_at = 8;
  int64 updated_at = 9;
}
message GetAssetRequest { string id = 1; }
message ListAssetsRequest { string type = 1; repeated string tag_ids = 2; int32 limit = 3; int32 offset = 4; }
message ListAssetsResponse { repeated Asset assets = 1; int32 total = 2; }
"""
"""What the contract's page defines, number by number; a client that knows no more must do."""


@pytest.fixture
def address():
    with serving() as found:
        yield found


@pytest.fixture
def asset(alice_actor):
    create_tag(actor=alice_actor, data={"name": "PII", "category": "Sensitive", "description": "Personal"})
    data = {
        "type": "TABLE",
        "name": "users",
        "qualified_name": "prod.public.users",
        "description": "User table",
        "metadata": {"rows": 1_000_000, "share": 0.5, "hot": True, "owner": None, "deep": {"list": [1, "二", {}]}},
        "tags": ["PII"],
        "schema": [{"name": "id", "type": "UUID", "nullable": False, "children": [{"name": "x", "type": "INT"}]}],
    }
    return create_asset(actor=alice_actor, data=data)


@pytest.fixture
def alice(address, alice_member):
    return Client(address, METADATA, alice_member)


@pytest.fixture
def vera(address, vera_member):
    return Client(address, METADATA, vera_member)


@pytest.fixture
def charlie(address, charlie_member):
    return Client(address, METADATA, charlie_member)


def struct(**values):
    made = Struct()
    made.update(values)
    return made


def test_a_client_written_from_the_page_reads_assets(tmp_path, address, alice_member, asset):
    (tmp_path / "page.proto").write_text(PAGE)
    arguments = [f"-I{tmp_path}", "--include_imports", f"--descriptor_set_out={tmp_path}/page.bin", "page.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments], check=True)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString((tmp_path / "page.bin").read_bytes()).file:
        pool.Add(file)
    client = Client(address, pool.FindServiceByName("metastore.v1.MetadataService"), alice_member)
    one = client.GetAsset(id=str(asset.pk))
    assert (one.id, one.type, one.name) == (str(asset.pk), "TABLE", "users")
    assert (one.qualified_name, one.description) == ("prod.public.users", "User table")
    assert one.metadata["rows"] == 1_000_000
    assert one.metadata["deep"]["list"][1] == "二"
    assert [tag.name for tag in one.tags] == ["PII"]
    assert one.created_at == int(asset.created_at.timestamp()) <= one.updated_at
    tag_id = one.tags[0].id
    page = client.ListAssets(type="TABLE", tag_ids=[tag_id], limit=10, offset=0)
    assert ([each.id for each in page.assets], page.total) == ([one.id], 1)
    assert client.ListAssets(type="VIEW").total == 0


def test_an_asset_has_an_owner_a_domain_and_terms(alice, charlie, alice_actor, asset):
    create_team(actor=alice_actor, data={"name": "stewards", "display_name": "Stewards"})
    create_concept(actor=alice_actor, model=Domain, data={"name": "Finance"})
    create_concept(actor=alice_actor, model=Glossary, data={"name": "Business"})
    create_concept(actor=alice_actor, model=GlossaryTerm, data={"name": "Customer", "glossary": "Business"})
    links = [pb.TermLink(name="Customer"), pb.TermLink(name="Business.Customer", column="id.x")]
    changed = alice.UpdateAsset(id=str(asset.pk), owner="stewards", domain="finance", terms=links)
    assert (changed.owner.name, changed.owner.type, changed.domain.name) == ("Stewards", "team", "Finance")
    said = [(link.name, link.status, link.column) for link in changed.terms]
    assert said == [("Business.Customer", "draft", ""), ("Business.Customer", "draft", "id.x")]
    for limit in ({"owner": "stewards"}, {"domain": "Finance"}, {"term": "Customer"}):
        assert alice.ListAssets(**limit).total == 1
        assert charlie.ListAssets(**limit).total == 0
    same = alice.UpdateAsset(id=str(asset.pk), terms=changed.terms)
    assert same.version == changed.version
    mask = FieldMask(paths=["owner", "domain", "terms"])
    bare = alice.UpdateAsset(id=str(asset.pk), update_mask=mask)
    assert (bare.HasField("owner"), bare.HasField("domain"), list(bare.terms)) == (False, False, [])


def test_an_asset_lives_its_life(alice, asset):
    made = alice.CreateAsset(
        type="VIEW",
        name="v",
        qualified_name="prod.public.v",
        metadata=struct(rows=7, gone=1),
        tags=["PII", "new"],
        schema=[pb.SchemaElement(name="id", type="INT", nullable=False)],
    )
    assert made.version == 1
    assert [(tag.name, tag.category) for tag in made.tags] == [("new", ""), ("PII", "Sensitive")]
    assert Asset.objects.get(pk=made.id).metadata == {"rows": 7, "gone": 1}  # integers stay integers
    merged = struct(rows=8)
    merged.fields["gone"].null_value = 0
    changed = alice.UpdateAsset(id=made.id, description="A view", metadata=merged, version=1)
    assert (changed.version, changed.description, dict(changed.metadata)) == (2, "A view", {"rows": 8})
    assert len(changed.tags) == 2  # what was not set is left
    cleared = alice.UpdateAsset(id=made.id, update_mask=FieldMask(paths=["tags", "description"]))
    assert (list(cleared.tags), cleared.description, len(cleared.schema)) == ([], "", 1)
    assert alice.DeleteAsset(id=made.id, version=cleared.version) == pb.Empty()
    assert refused(alice.GetAsset, id=made.id).code == grpc.StatusCode.NOT_FOUND


def test_the_schema_comes_with_its_children(alice, asset):
    (element,) = alice.GetAsset(id=str(asset.pk)).schema
    assert (element.name, element.type, element.nullable, element.HasField("position")) == ("id", "UUID", False, False)
    assert [child.name for child in element.children] == ["x"]


def test_what_an_element_holds_beside_the_message_does_not_stand_in_the_way(alice, asset, alice_actor):
    schema = [{"name": "id", "type": "INT", "attributes": {"display_name": "The id"}, "tags": ["PII"]}]
    update_asset(actor=alice_actor, asset=asset, changes={"schema": schema})
    (element,) = alice.GetAsset(id=str(asset.pk)).schema
    assert (element.name, list(element.tags)) == ("id", ["PII"])


def test_lineage_relationships_and_search(alice, asset):
    view = alice.CreateAsset(type="VIEW", name="active users", qualified_name="prod.public.active_users")
    edge = alice.CreateRelationship(
        source_asset_id=view.id, target_asset_id=str(asset.pk), type="DEPENDS_ON", metadata=struct(note="n")
    )
    assert (edge.source_asset_id, edge.type, edge.metadata["note"]) == (view.id, "DEPENDS_ON", "n")
    graph = alice.GetLineage(asset_id=view.id)
    assert [(step.asset.name, step.depth, step.relationship.id) for step in graph.upstream] == [("users", 1, edge.id)]
    assert not graph.downstream
    assert not graph.truncated
    assert not alice.GetLineage(asset_id=view.id, direction="downstream").upstream
    again = refused(alice.CreateRelationship, source_asset_id=view.id, target_asset_id=str(asset.pk), type="DEPENDS_ON")
    assert (again.code, again.reason) == (grpc.StatusCode.ALREADY_EXISTS, "RELATIONSHIP_CONFLICT")
    found = alice.Search(query="user", type="VIEW")
    assert [hit.asset.name for hit in found.results] == ["active users"]
    assert found.results[0].highlights["name"].fragments[0] == "active <em>user</em>s"
    assert (found.total, found.total_is_exact) == (1, True)
    assert alice.Search(query="user", tag_ids=[str(uuid4())]).total == 0


def test_tasks_are_made_and_read(alice, charlie, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path
    (tmp_path / "a.ndjson").write_text("{}")
    made = alice.CreateTask(type="BULK_INGESTION", priority=0, payload=struct(source="file:///a.ndjson"))
    assert (made.status, made.priority) == ("PENDING", 0)
    assert alice.GetTask(id=made.id) == made
    assert refused(charlie.GetTask, id=made.id).reason == "TASK_NOT_FOUND"
    assert "payload.source" in refused(alice.CreateTask, type="BULK_INGESTION").message


def test_every_call_is_closed_to_strangers(address):
    strangers = [
        Client(address, METADATA),
        Client(address, METADATA, x_api_key="ctly_no"),
        Client(address, METADATA, authorization="Bearer no"),
    ]
    for method in METADATA.methods_by_name:
        for stranger in strangers:
            told = refused(getattr(stranger, method))
            assert (told.code, told.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHORIZED"), method


def test_outsider_finds_nothing(charlie, asset):
    key = str(asset.pk)
    for call, fields in [
        (charlie.GetAsset, {"id": key}),
        (charlie.UpdateAsset, {"id": key, "name": "mine"}),
        (charlie.DeleteAsset, {"id": key}),
        (charlie.GetLineage, {"asset_id": key}),
        (charlie.CreateRelationship, {"source_asset_id": key, "target_asset_id": key, "type": "USES"}),
    ]:
        told = refused(call, **fields)
        assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "ASSET_NOT_FOUND")
        assert told.details["ErrorInfo"].metadata["asset_id"] == key
    assert charlie.ListAssets().total == 0
    assert charlie.Search(query="users").total == 0
    assert Asset.objects.get(pk=asset.pk).name == "users"


def test_viewer_may_read_and_no_more(vera, asset):
    assert vera.GetAsset(id=str(asset.pk)).name == "users"
    for call in (vera.UpdateAsset, vera.DeleteAsset):
        assert refused(call, id=str(asset.pk)).code == grpc.StatusCode.PERMISSION_DENIED
    assert refused(vera.CreateAsset, type="TABLE", name="n", qualified_name="q").reason == "FORBIDDEN"


def test_api_key_opens_by_either_name(address, alice_actor, acme, asset):
    key = create_api_key(actor=alice_actor, organization=acme, name="k", role=Role.VIEWER).key
    for metadata in ({"x_api_key": key}, {"authorization": f"Bearer {key}"}):
        assert Client(address, METADATA, **metadata).GetAsset(id=str(asset.pk)).name == "users"


@pytest.mark.parametrize(
    ("call", "fields", "field"),
    [
        ("CreateAsset", {"type": "TABEL", "name": "n", "qualified_name": "q"}, "type"),
        ("CreateAsset", {"type": "TABLE", "name": "n"}, "qualified_name"),
        ("CreateAsset", {"type": "TABLE", "name": "a\0b", "qualified_name": "q"}, "name"),
        ("ListAssets", {"limit": 101}, "limit"),
        ("ListAssets", {"limit": -1}, "limit"),
        ("ListAssets", {"offset": -1}, "offset"),
        ("ListAssets", {"type": "NONE"}, "type"),
        ("ListAssets", {"sort": "id; drop"}, "sort"),
        ("Search", {"query": "a", "limit": 1000}, "limit"),
        ("Search", {"query": "a", "type": "SHOE"}, "type"),
        ("Search", {"query": "a", "tag_ids": [str(number) for number in range(101)]}, "tag"),
        ("UpdateAsset", {"id": str(uuid4()), "update_mask": FieldMask(paths=["id"])}, "update_mask"),
    ],
)
def test_bad_field_is_named(alice, call, fields, field):
    told = refused(getattr(alice, call), **fields)
    assert told.code == grpc.StatusCode.INVALID_ARGUMENT
    assert field in {each.field for each in told.details["BadRequest"].field_violations}
    assert told.details["RequestInfo"].request_id


def test_lineage_refuses_what_it_cannot_walk(alice, asset):
    for fields in ({"depth": 11}, {"direction": "sideways"}, {"limit": -1}):
        assert refused(alice.GetLineage, asset_id=str(asset.pk), **fields).code == grpc.StatusCode.INVALID_ARGUMENT


def test_stale_version_and_taken_name(alice, asset):
    told = refused(alice.UpdateAsset, id=str(asset.pk), name="n", version=7)
    assert (told.code, told.reason) == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT")
    assert told.details["ErrorInfo"].metadata["current_version"] == "1"
    told = refused(alice.CreateAsset, type="TABLE", name="users", qualified_name="prod.public.users")
    assert (told.code, told.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ASSET_CONFLICT")


def test_no_number_is_refused_and_nothing_is_written(alice, asset):
    told = refused(alice.UpdateAsset, id=str(asset.pk), metadata=struct(rows=float("nan")))
    assert told.code == grpc.StatusCode.INVALID_ARGUMENT
    assert Asset.objects.get(pk=asset.pk).version == 1


@pytest.mark.parametrize("data", [b"\x0a\x02\xff\xfe", b"\xff\xff\xff", b"\x0a\x7fx"])
def test_bytes_that_are_no_message_are_told_and_the_server_goes_on(alice, asset, data):
    told = refused(lambda: alice.raw("GetAsset", data))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST")
    assert alice.GetAsset(id=str(asset.pk)).name == "users"


def test_message_over_the_limit_is_refused_and_the_server_goes_on(settings, alice_member, asset):
    settings.GRPC_MESSAGE_LIMIT = 10_000
    with serving() as address:
        client = Client(address, METADATA, alice_member)
        told = refused(client.UpdateAsset, id=str(asset.pk), description="x" * 20_000)
        assert told.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert client.GetAsset(id=str(asset.pk)).name == "users"


def test_unknown_method_is_told(alice):
    stub = alice.channel.unary_unary("/metastore.v1.MetadataService/DropEverything")
    assert refused(lambda: stub(b"")).code == grpc.StatusCode.UNIMPLEMENTED


def test_too_many_calls_are_told_when_to_try_again(settings, alice, asset):
    settings.RATE_METASTORE = "1/minute"
    alice.GetAsset(id=str(asset.pk))
    told = refused(alice.GetAsset, id=str(asset.pk))
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMIT_EXCEEDED")
    assert 0 < told.details["RetryInfo"].retry_delay.seconds <= 60


def test_bug_says_nothing_and_names_the_request(monkeypatch, address, alice_member, asset):
    def broken(actor, key):
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(catalog.rpc, "shown", broken)
    client = Client(address, METADATA, alice_member, x_request_id="my-request")
    told = refused(client.GetAsset, id=str(asset.pk))
    assert (told.code, told.message) == (grpc.StatusCode.INTERNAL, "An unexpected error occurred")
    assert told.details["RequestInfo"].request_id == "my-request"


def test_call_stops_at_its_deadline_and_writes_nothing(monkeypatch, alice, asset):
    began, ended, contexts = threading.Event(), threading.Event(), []
    update, wanted = update_asset, rpc_calls.wanted

    def noted(context):
        contexts.append(context)
        return wanted(context)

    def slow(**arguments):
        began.set()
        until(lambda: not rpc_calls.waits(contexts[-1]))
        try:
            return update(**arguments)
        finally:
            ended.set()

    monkeypatch.setattr(rpc_calls, "wanted", noted)
    monkeypatch.setattr(catalog.rpc, "update_asset", slow)
    for seconds in (0.3, 3, 30):  # whatever the call takes here to begin
        told = refused(alice.UpdateAsset, id=str(asset.pk), name="late", timeout=seconds)
        assert told.code == grpc.StatusCode.DEADLINE_EXCEEDED
        if began.is_set():
            break
    assert ended.wait(60)
    assert Asset.objects.get(pk=asset.pk).name == "users"


def test_health_and_reflection(address, alice, asset):
    channel = grpc.insecure_channel(address)
    stub: Any = health_pb2_grpc.HealthStub(channel)
    checked = stub.Check(health_pb2.HealthCheckRequest(service="metastore.v1.MetadataService"))
    assert checked.status == health_pb2.HealthCheckResponse.SERVING
    database = ProtoReflectionDescriptorDatabase(channel)
    names = {service.full_name for service, _, _ in SERVICES}
    assert names <= set(database.get_services())
    found = descriptor_pool.DescriptorPool(database).FindServiceByName("metastore.v1.MetadataService")
    assert set(found.methods_by_name) == set(METADATA.methods_by_name)
    client = Client(address, found)  # a client of reflection alone
    client.metadata = alice.metadata
    assert client.GetAsset(id=str(asset.pk)).name == "users"


def test_each_call_gives_its_connection_back(alice, asset):
    for _ in range(30):
        alice.GetAsset(id=str(asset.pk))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            assert cursor.fetchone()[0] < 20


def test_generated_code_is_that_of_the_protos(tmp_path):
    protos = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/protos/*.proto")]
    assert len(protos) == 2
    arguments = ["-I.", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", *protos]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments], check=True, cwd=ROOT)
    for made in tmp_path.rglob("*.py*"):
        assert (ROOT / made.relative_to(tmp_path)).read_text() == made.read_text(), "run `make protos`"
